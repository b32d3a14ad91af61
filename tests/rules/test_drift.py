"""A function derived in a notebook cell tagged `save:fusion.staple` is the text of helpers/fusion/staple.py."""

import ast
from pathlib import Path

import nbformat
import pytest

from tests.rules.chapter.reading import tags, tree

ROOT = Path(__file__).resolve().parents[2]


def bodies(module: ast.Module) -> dict[str, str]:
    """The functions and classes of a module by name, without docstrings."""
    found = {}
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            for part in ast.walk(node):
                if isinstance(part, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(part) is not None:
                    part.body = part.body[1:] or [ast.Pass()]
            found[node.name] = ast.dump(node)
    return found


def drifted(notebook: nbformat.NotebookNode, helpers: Path) -> list[str]:
    """One sentence per function that the notebook tells otherwise than `helpers` does."""
    sentences = []
    for cell in notebook.cells:
        for home in (tag.removeprefix("save:") for tag in tags(cell) if tag.startswith("save:")):
            path = helpers.joinpath(*home.split(".")).with_suffix(".py")
            saved = bodies(ast.parse(path.read_text())) if path.exists() else {}
            told = bodies(tree(cell))
            sentences += [] if told else [f"the cell tagged save:{home} defines nothing"]
            sentences += [f"{name} is not what helpers.{home} says" for name, body in told.items()
                          if saved.get(name) != body]
    return sentences


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_chapter_and_helpers_say_the_same(path):
    assert drifted(nbformat.read(path, 4), ROOT / "helpers") == []


TOLD = 'def vote(masks):\n    """The vote, eq. (1.1)."""\n    return masks.mean(0) > 0.5\n'


@pytest.mark.parametrize("saved, tag, agrees", [
    (TOLD, "save:fusion.vote", True),
    (TOLD.replace("The vote, eq. (1.1).", "Another docstring."), "save:fusion.vote", True),
    ("import os\n\n\n" + TOLD, "save:fusion.vote", True),
    (TOLD.replace(">", ">="), "save:fusion.vote", False),
    (TOLD.replace("(masks)", "(masks, prior=None)"), "save:fusion.vote", False),
    (TOLD.replace("def vote", "def majority"), "save:fusion.vote", False),
    (TOLD, "save:fusion.elsewhere", False),
], ids=["same", "docstring", "more around it", "sign", "signature", "name", "module"])
def test_drift_is_seen(tmp_path, saved, tag, agrees):
    (tmp_path / "fusion").mkdir()
    (tmp_path / "fusion" / "vote.py").write_text(saved)
    cell = nbformat.v4.new_code_cell(TOLD, metadata={"tags": [tag]})
    assert (drifted(nbformat.v4.new_notebook(cells=[cell]), tmp_path) == []) == agrees


def test_a_tag_on_a_cell_without_functions_is_refused(tmp_path):
    cell = nbformat.v4.new_code_cell("x = 1", metadata={"tags": ["save:fusion.vote"]})
    assert drifted(nbformat.v4.new_notebook(cells=[cell]), tmp_path)
