"""ruff over everything: package, tests, scripts and notebooks."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def ruff(*arguments: str, text: str | None = None) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "ruff", "check", "--no-cache", *arguments], cwd=ROOT, input=text,
                          capture_output=True, text=True)


def test_ruff_finds_nothing():
    found = ruff("--output-format", "concise")
    assert found.returncode == 0, found.stdout


def test_ruff_would_find_something():
    """The settings in pyproject.toml are in force: an unused import and the global random state are refused."""
    found = ruff("--stdin-filename", "helpers/measure/example.py", "-",
                 text="import os\n\nimport numpy as np\n\nx = np.random.rand(3)\n")
    assert "F401" in found.stdout and "NPY002" in found.stdout
