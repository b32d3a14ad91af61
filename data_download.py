"""Fetch and check the data sets of the course.

    python data_download.py list
    python data_download.py get open_ms gm_challenge
    python data_download.py verify

Nothing here is needed to read the course: every chapter runs on what the package carries.
COURSE_DATA says where data lies (a folder `data` beside this file by default).
COURSE_MIRROR names a folder, or the address of one, to fetch from instead of the public addresses.
"""

import argparse
import sys
from pathlib import Path

from helpers.data.downloads import begun, data_root, fetch, is_there, problem
from helpers.data.manifest import SETS, DataSet

BAR = 24  # characters


def show_list(root: Path) -> int:
    """Every set: how much, whether it is here, under which licence, whom to cite."""
    for dataset in SETS.values():
        here = sum(is_there(file, root) for file in dataset.files)
        state = "present" if here == len(dataset.files) else f"{here} of {len(dataset.files)} files"
        print(f"{dataset.name:<13} {dataset.size:>12}   {'absent' if not here else state}")
        _describe(dataset)
    print(f"Data lies in {root}.")
    return 0


def get(names: list[str], root: Path) -> int:
    """Fetch what is missing of each set; 1 when any set stays incomplete."""
    failed = 0
    for name in names:
        dataset = SETS[name]
        print(f"{name}: {len(dataset.files)} files, {dataset.size}", flush=True)
        _describe(dataset)
        try:
            for done, file in enumerate(dataset.files):
                fetch(file, root, _progress(dataset, done))
            print(f"    complete and verified in {root}")
        except ValueError as error:
            failed = 1
            print(f"{name}: {error}", file=sys.stderr)
        finally:
            _clear()
    return failed


def verify(names: list[str], root: Path) -> int:
    """Check every file of the named sets, or of all that were fetched; 1 when any is missing or differs."""
    failed = 0
    chosen = [SETS[name] for name in names] or [entry for entry in SETS.values() if begun(entry, root)]
    if not chosen:
        print(f"Nothing has been fetched into {root} yet.")
    for dataset in chosen:
        problems = [(file.path, found) for file in dataset.files if (found := problem(file, root))]
        for path, found in problems:
            print(f"{dataset.name}: {path} {found}.", file=sys.stderr)
        failed |= bool(problems)
        verdict = (
            f"{len(problems)} of {len(dataset.files)} files are not right"
            if problems
            else "complete and right"
        )
        print(f"{dataset.name:<13} {verdict}")
    return failed


def _describe(dataset: DataSet) -> None:
    print(f"    {dataset.what}\n    licence: {dataset.licence}\n    cite: {dataset.citation}", flush=True)


def _progress(dataset: DataSet, done: int):
    """A line that is drawn over itself, only where somebody watches."""
    file, count = dataset.files[done], len(dataset.files)

    def report(received: int) -> None:
        part = min(received / file.size, 1) if file.size else 0
        filled = int(BAR * (done + part) / count)
        line = (
            f"\r{dataset.name} [{'#' * filled:<{BAR}}] file {done + 1} of {count}, {received / 1e6:.1f} MB "
        )
        print(line, end="", file=sys.stderr, flush=True)

    return report if sys.stderr.isatty() else lambda received: None


def _clear() -> None:
    if sys.stderr.isatty():
        print(f"\r{'':<79}\r", end="", file=sys.stderr, flush=True)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter, prog="data_download.py"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="list | get | verify")
    commands.add_parser("list", help="what there is, its size, licence and citation, and whether it is here")
    for command, count, text in (
        ("get", "+", "fetch sets"),
        ("verify", "*", "check sets, or all that are here"),
    ):
        sub = commands.add_parser(command, help=text)
        sub.add_argument("names", nargs=count, metavar="NAME", help=", ".join(SETS))
    chosen = parser.parse_args(arguments)
    names = list(dict.fromkeys(getattr(chosen, "names", [])))
    if unknown := [name for name in names if name not in SETS]:
        parser.error(f"there is no set {unknown[0]!r}, expected one of {', '.join(SETS)}")
    try:
        if chosen.command == "list":
            return show_list(data_root())
        return (get if chosen.command == "get" else verify)(names, data_root())
    except KeyboardInterrupt:
        print("\nStopped; get it again to go on.", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"{error.filename or 'output'}: {error.strerror}.", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
