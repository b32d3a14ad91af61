"""Build the site with Jupyter Book, executing nothing.

    python scripts/build_site.py                # from the committed notebooks
    python scripts/build_site.py --executed     # from what `notebooks.py run` left in _build/notebooks

The book is built from a copy in _build/source, so that the notebooks shown can be the executed ones while the
working tree stays as it is. Any warning fails the build.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
EXECUTED = BUILD / "notebooks"
SITE = BUILD / "html"
PARTS = ["_config.yml", "book", "results", "LICENSE", "LICENSE-TEXT", "CITATION.cff"]


def stage(source: Path, notebooks: list[Path]) -> None:
    """Copy what the book is made of into `source`, with these notebooks."""
    shutil.rmtree(source, ignore_errors=True)
    (source / "notebooks").mkdir(parents=True)
    for path in notebooks:
        shutil.copy2(path, source / "notebooks")
    for part in filter(Path.exists, (ROOT / name for name in PARTS)):
        copy = shutil.copytree if part.is_dir() else shutil.copy2
        copy(part, source / part.name)


def stale(folder: Path) -> list[str]:
    """The chapters that `folder` does not hold, or holds with other cells than the committed ones."""
    def cells(path: Path) -> list:
        return [cell["source"] for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]]

    return [path.stem for path in chapters()
            if not (folder / path.name).exists() or cells(folder / path.name) != cells(path)]


def chapters() -> list[Path]:
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


def build(notebooks: Path, out: Path = SITE) -> int:
    """Build the site that shows the chapters in `notebooks` into `out`; the exit code of Jupyter Book."""
    if missing := stale(notebooks):
        print(f"error: not executed since they changed: {', '.join(missing)}; run `make book`.", file=sys.stderr)
        return 2
    source, work = BUILD / "source", BUILD / "work"
    stage(source, [notebooks / path.name for path in chapters()])
    shutil.rmtree(work, ignore_errors=True)
    code = subprocess.run([
        Path(sys.executable).with_name("jupyter-book"), "build", source, "--toc", source / "book/_toc.yml",
        "--path-output", work, "-W", "-n", "--keep-going", "--quiet"]).returncode
    if code == 0:
        shutil.rmtree(out, ignore_errors=True)
        shutil.move(work / "_build" / "html", out)
    return code


def main(arguments: list[str]) -> int:
    if unknown := set(arguments) - {"--executed"}:
        print(f"error: {unknown.pop()!r} is not an option, expected --executed or nothing.", file=sys.stderr)
        return 2
    print("Building the site ...", flush=True)
    code = build(EXECUTED if arguments else ROOT / "notebooks")
    print(f"The site: {SITE / 'index.html'}" if code == 0 else "The site was not built.")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
