"""Compare two folders of results: the same tables, the same words, numbers within tolerance.

    python scripts/compare_results.py OLD NEW

A file may state its own {"tolerance": {"rtol": ..., "atol": ...}}; "provenance" is not compared.
"""

import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path

TOLERANCE = {"rtol": 0.02, "atol": 0.005}       # of a metric between 0 and 1, from one GPU to another


def differences(old: object, new: object, tolerance: dict[str, float], place: str = "") -> Iterator[str]:
    """One sentence per place where `new` is not `old` within `tolerance`."""
    number = (int, float)
    if isinstance(old, dict) and isinstance(new, dict) and set(old) == set(new):
        for key in old:
            if key not in ("provenance", "tolerance"):
                yield from differences(old[key], new[key], tolerance, f"{place}.{key}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for n, (a, b) in enumerate(zip(old, new, strict=True)):
            yield from differences(a, b, tolerance, f"{place}[{n}]")
    elif isinstance(old, number) and isinstance(new, number) and not isinstance(old, bool):
        if not math.isclose(old, new, rel_tol=tolerance["rtol"], abs_tol=tolerance["atol"]):
            yield f"{place.lstrip('.')} was {old:.6g} and is {new:.6g}"
    elif old != new:
        yield f"{place.lstrip('.') or 'the file'} was {str(old)[:60]} and is {str(new)[:60]}"


def compare(old: Path, new: Path) -> list[str]:
    """Every difference between the files *.json of two folders."""
    names = sorted({path.name for folder in (old, new) for path in folder.glob("*.json")})
    found = [] if names else [f"{old.name}: there are no results to compare"]
    for name in names:
        if not (old / name).exists() or not (new / name).exists():
            found.append(f"{name}: is in one folder only")
            continue
        before, after = (json.loads((folder / name).read_text()) for folder in (old, new))
        tolerance = TOLERANCE | before.get("tolerance", {})
        found += [f"{name}: {sentence}" for sentence in differences(before, after, tolerance)]
    return found


def main(arguments: list[str]) -> int:
    folders = [Path(argument) for argument in arguments]
    if len(folders) != 2 or not all(folder.is_dir() for folder in folders):
        print("error: expected two folders, as in: compare_results.py OLD NEW.", file=sys.stderr)
        return 2
    found = compare(*folders)
    print("\n".join(found) or "All results agree.")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
