"""Run the chapters as the tests, the book and the GPU workflow run them: papermill, then `normalise`.

    python scripts/notebooks.py run [NAME ...] [-p PARAMETER VALUE] [--out FOLDER]    # into _build/notebooks
    python scripts/notebooks.py refresh [NAME ...]          # in place, with the default parameters
    python scripts/notebooks.py normalise [NAME ...]        # in place, without running

NAME is a notebook's name without folder or ending; none means all.
"""

import argparse
import ast
import logging
import os
import sys
import time
from pathlib import Path

import nbformat
import papermill
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from scripts.normalise import normalise, write  # noqa: E402

NOTEBOOKS = ROOT / "notebooks"
EXECUTED = ROOT / "_build" / "notebooks"
UNFINISHED = ROOT / "_build" / "unfinished"         # where a notebook that failed is kept, to be looked at


def find(names: list[str], folder: Path = NOTEBOOKS) -> list[Path]:
    """The notebooks called `names`, or all of them."""
    there = {path.stem: path for path in sorted(folder.glob("*.ipynb"))}
    if not there:
        raise ValueError(f"expected notebooks in {folder.name}/, found none")
    for name in names:
        if name not in there:
            raise ValueError(f"NAME is {name!r}, expected one of {', '.join(there)}")
    return [there[name] for name in names] or list(there.values())


def defaults(notebook: NotebookNode, name: str) -> dict[str, object]:
    """What the cell tagged `parameters` assigns: plain literals, one name each."""
    cells = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", [])]
    if len(cells) != 1:
        raise ValueError(f"{name} has {len(cells)} cells tagged `parameters`, expected exactly one")
    values = {}
    for node in ast.parse(cells[0].source).body:
        try:
            [target] = node.targets
            values[target.id] = ast.literal_eval(node.value)
        except (AttributeError, ValueError):
            raise ValueError(f"the `parameters` cell of {name} holds {ast.unparse(node)!r}, "
                             "expected NAME = a plain literal") from None
    return values


def checked(parameters: dict[str, str], known: dict[str, object], name: str) -> dict[str, object]:
    """The values, less those that are defaults already. papermill would only warn of unknown ones."""
    values = {}
    for key, text in parameters.items():
        if key not in known:
            raise ValueError(f"the parameter is {key!r}, but {name} knows only {', '.join(known)}")
        value = text if isinstance(known[key], str) else _literal(text)
        if type(value) is not type(known[key]):
            kind = type(known[key]).__name__
            raise ValueError(f"the parameter {key} of {name} is {text!r}, expected a {kind}")
        if value != known[key]:
            values[key] = value
    return values


def _literal(text: str) -> object:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def run(path: Path, out: Path, parameters: dict[str, str] | None = None) -> float:
    """Execute the notebook at `path` in its own folder, write it normalised to `out`, return the seconds."""
    values = checked(parameters or {}, defaults(nbformat.read(path, 4), path.stem), path.stem)
    raw = UNFINISHED / path.name
    for folder in (out.parent, raw.parent):
        folder.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    papermill.execute_notebook(path, raw, values, cwd=path.parent, kernel_name="python3", progress_bar=False,
                               extra_arguments=["--IPKernelApp.log_level=ERROR"])
    seconds = time.perf_counter() - start
    write(normalise(nbformat.read(raw, 4), ROOT), out)
    raw.unlink()
    return seconds


def run_all(paths: list[Path], folder: Path, parameters: dict[str, str] | None = None) -> None:
    """Run each notebook into `folder`, saying which and how long."""
    for n, path in enumerate(paths, 1):
        print(f"[{n}/{len(paths)}] {path.stem} ...", end=" ", flush=True)
        print(f"{run(path, folder / path.name, parameters):.1f} s", flush=True)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("command", choices=["run", "refresh", "normalise"])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("-p", dest="parameters", nargs=2, action="append", default=[])
    parser.add_argument("--out", type=Path, default=EXECUTED)
    options = parser.parse_args(arguments)
    logging.getLogger("papermill").setLevel(logging.ERROR)
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")        # else every kernel warns on stderr
    try:
        if options.parameters and options.command != "run":
            raise ValueError(f"-p was given with {options.command}, expected only with run")
        paths = find(options.names)
        if options.command == "normalise":
            for path in paths:
                write(normalise(nbformat.read(path, 4), ROOT), path)
        else:
            folder = NOTEBOOKS if options.command == "refresh" else options.out.resolve()
            run_all(paths, folder, dict(options.parameters))
    except ValueError as problem:
        print(f"error: {problem}.", file=sys.stderr)
        return 2
    except papermill.PapermillExecutionError as problem:
        print(f"failed\n{problem}\nSee {UNFINISHED.relative_to(ROOT)}.", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
