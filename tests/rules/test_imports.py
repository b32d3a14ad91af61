"""Imports run one way: data and measure, then fusion, then nets, then show; the lower floors stay light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FLOOR = {"data": 0, "measure": 0, "fusion": 1, "nets": 2, "show": 3}
BELOW = {"inputs", "results", "published", ""}      # modules and data that every floor may use
HEAVY = {"torch": {"nets"}, "matplotlib": {"show"}, "ipywidgets": {"show"}, "IPython": {"show"}}


def imported(source: str, package: str) -> set[str]:
    """The absolute names that a module in `package` imports, wherever in it."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[:-(node.level - 1) or None]) + "." if node.level else ""
            module = (base + (node.module or "")).rstrip(".")
            names |= {f"{module}.{alias.name}" for alias in node.names}
    return names


def uphill(source: str, path: Path) -> list[str]:
    """One sentence per import that goes up a floor or brings in what this floor must not."""
    package = ".".join(path.with_suffix("").parts[:-1])
    parts = path.with_suffix("").parts
    floor = parts[1] if len(parts) > 2 else ""
    sentences = []
    for name in sorted(imported(source, package)):
        top, *rest = name.split(".")
        if top in HEAVY and floor not in HEAVY[top] and parts[-1] != "__main__":
            sentences.append(f"{path} imports {top}, which only helpers.{'|'.join(HEAVY[top])} may")
        target = rest[0] if rest else ""
        if top == "helpers" and target in FLOOR and floor in FLOOR and FLOOR[target] > FLOOR[floor]:
            sentences.append(f"{path} imports helpers.{target}, which stands above helpers.{floor}")
        if top == "helpers" and target in FLOOR and floor in BELOW and parts[-1] not in ("__init__", "__main__"):
            sentences.append(f"{path} imports helpers.{target}, and every floor stands on it")
    return sentences


@pytest.mark.parametrize("path", sorted((ROOT / "helpers").rglob("*.py")), ids=lambda p: str(p.relative_to(ROOT)))
def test_no_import_goes_up(path):
    assert uphill(path.read_text(), path.relative_to(ROOT)) == []


@pytest.mark.parametrize("line, path, allowed", [
    ("from helpers.measure import dice", "helpers/fusion/staple.py", True),
    ("from helpers.fusion import staple", "helpers/measure/overlap.py", False),
    ("from ..fusion import staple", "helpers/measure/overlap.py", False),
    ("from helpers import show", "helpers/fusion/staple.py", False),
    ("def f():\n    import torch", "helpers/fusion/staple.py", False),
    ("import torch.nn as nn", "helpers/nets/unet.py", True),
    ("import matplotlib.pyplot as plt", "helpers/measure/overlap.py", False),
    ("import matplotlib.pyplot as plt", "helpers/show/style.py", True),
    ("from helpers.measure import dice", "helpers/inputs.py", False),
])
def test_uphill_is_seen(line, path, allowed):
    assert (uphill(line, Path(path)) == []) == allowed


@pytest.mark.parametrize("module", ["helpers", "helpers.data", "helpers.measure", "helpers.fusion"])
def test_light_imports(module):
    """In a fresh interpreter, so that nothing imported by other tests counts."""
    code = f"import sys, {module}; print(*({{'torch', 'matplotlib', 'ipywidgets', 'IPython'}} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.split() == []
