"""Run a notebook again and compare its tagged cells with what is committed: nbval with our tolerance plug-in."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CELL_TIMEOUT_S = 600          # for a hang; how long a chapter may take is asked in test_chapters
HERE = "tests/notebooks"


def compare(notebook: Path, *options: str, helpers_in: Path | None = None) -> subprocess.CompletedProcess:
    """pytest's verdict on `notebook`; `helpers_in` is a folder whose `helpers` is used instead of the installed one."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    if helpers_in:
        environment["PYTHONPATH"] = str(helpers_in)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "tests.notebooks.tolerance",
               "--nbval-lax", "--nbval-current-env", f"--nbval-cell-timeout={CELL_TIMEOUT_S}",
               "--nbval-sanitize-with", f"{HERE}/sanitize.cfg", *options, notebook]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
