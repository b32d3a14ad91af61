"""The tables of the full runs: small JSON files with their provenance, in `results/` of the repository."""

import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import subprocess

_REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
_INSTALLED = pathlib.Path(__file__).resolve().parent / "published"      # the same files inside an installed wheel


def results_folder() -> pathlib.Path:
    """`results/` of the repository, or the copy that was installed with the package."""
    return _REPOSITORY / "results" if (_REPOSITORY / "pyproject.toml").exists() else _INSTALLED


def load_results(name: str) -> dict:
    """The content of `results/NAME.json`: its "provenance" and its tables."""
    path = results_folder() / f"{name}.json"
    if not path.exists():
        known = sorted(p.stem for p in results_folder().glob("*.json"))
        raise FileNotFoundError(f"no results named {name!r}; there are {', '.join(known) or 'none'}")
    return json.loads(path.read_text())


def save_results(name: str, tables: dict, *, seeds: list[int], seconds: float, device: str = "cpu",
                 packages: tuple[str, ...] = ("numpy", "scipy"), folder: pathlib.Path | None = None) -> pathlib.Path:
    """Write `results/NAME.json` whole or not at all, with what a reader needs to judge and repeat the run."""
    provenance = {
        "date": datetime.date.today().isoformat(), "commit": _commit(), "device": device, "seeds": seeds,
        "seconds": round(seconds, 1), "python": platform.python_version(),
        "versions": {p: importlib.metadata.version(p) for p in ("when-experts-disagree", *packages)},
    }
    path = (folder or results_folder()) / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"provenance": provenance, **tables}, indent=1, sort_keys=True, allow_nan=False) + "\n")
    os.replace(part, path)
    return path


def _commit() -> str:
    """The commit the run was made from; "+changes" where the helpers or notebooks differ from it."""
    def git(*words: str) -> str:
        return subprocess.run(("git", "-C", str(_REPOSITORY), *words), capture_output=True, text=True).stdout.strip()
    try:
        changed = git("status", "--porcelain", "--", "helpers", "notebooks", "scripts")
        return (git("rev-parse", "--short=12", "HEAD") or "unknown") + ("+changes" if changed else "")
    except OSError:
        return "unknown"
