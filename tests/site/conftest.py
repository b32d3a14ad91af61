"""One built site, one server and one browser for all tests of the pages."""

import functools
import http.server
import shutil
import threading
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from scripts.build_site import EXECUTED, build, stale

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The site of the notebooks that layer 4 executed, else of the committed ones; every warning is an error."""
    out = tmp_path_factory.mktemp("site") / "html"
    notebooks = ROOT / "notebooks" if stale(EXECUTED) else EXECUTED
    assert build(notebooks, out) == 0, "Jupyter Book refused to build the site; what it said is above"
    return out


@pytest.fixture(scope="session")
def browser():
    """Debian's Chromium, or what stands in for it."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert path, "no chromium on this machine; `make test` installs it"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"])
        yield running
        running.close()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_) -> None:
        pass


@pytest.fixture(scope="session")
def serve():
    """Serve a folder on this machine; returns its address."""
    running = []

    def start(folder: Path) -> str:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in running:
        server.shutdown()
