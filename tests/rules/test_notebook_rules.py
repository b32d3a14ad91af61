"""Layer 1: every chapter keeps every rule, and every rule rejects what it is there to reject."""

import copy
import shutil
from pathlib import Path

import nbformat
import pytest

from scripts.new_chapter import skeleton
from scripts.notebooks import run
from tests.rules.notebook_rules import RULES, breaches

ROOT = Path(__file__).resolve().parents[2]
CHAPTERS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_there_are_chapters():
    assert CHAPTERS


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_chapter_keeps_the_rules(path):
    found = breaches(nbformat.read(path, 4), path)
    assert not found, "\n" + "\n".join(found)


# ---- the rules themselves ----

@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """A new chapter as scripts/new_chapter.py writes it and scripts/notebooks.py executes it, in a tiny repository."""
    root = tmp_path_factory.mktemp("repository")
    for folder in ("notebooks", "book"):
        (root / folder).mkdir()
    shutil.copy2(ROOT / "_config.yml", root)
    (root / "book" / "_toc.yml").write_text("root: book/index\nchapters: [{file: notebooks/02_good}]\n")
    path = root / "notebooks" / "02_good.ipynb"
    nbformat.write(skeleton("02_good"), path)
    run(path, path)
    return nbformat.read(path, 4), path


def tagged(notebook, tag):
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def stream(text, name="stdout"):
    return nbformat.v4.new_output("stream", text=text, name=name)


def html(text):
    return nbformat.v4.new_output("display_data", data={"text/html": text, "text/plain": "<IPython.core.display.HTML>"})


def put(cell, *keys, value):
    """Set cell[key][key]... = value."""
    *way, last = keys
    for key in way:
        cell = cell.setdefault(key, nbformat.NotebookNode())
    cell[last] = value


def drop(cells, cell):
    cells[:] = [other for other in cells if other is not cell]


def swap(notebook, a, b):
    notebook.cells[a], notebook.cells[b] = notebook.cells[b], notebook.cells[a]


def picture(n):
    return next(cell for cell in n.cells if "mystnb" in cell.metadata)


def edit(cell, old, new):
    assert old in cell.source
    cell.source = cell.source.replace(old, new)


CHECKED, SOLUTION, STUB, FUNCTION = "nbval-check-output", "solution", "exercise", 5

# Each rule, and what it must reject: a change that makes a good notebook bad.
BAD = {
    "title_first": [
        lambda n: swap(n, 0, 4),
        lambda n: edit(n.cells[0], "You will", "Maybe"),
        lambda n: edit(n.cells[0], "- measure it.", ""),
        lambda n: edit(n.cells[0], "Needs", "Has"),
        lambda n: edit(n.cells[0], "minutes", "while"),
        lambda n: edit(n.cells[0], "seconds", "moment"),
    ],
    "one_h1": [
        lambda n: edit(n.cells[4], "## A step", "# A step"),
        lambda n: edit(n.cells[4], "## A step", "### A step"),
    ],
    "setup_second": [
        lambda n: swap(n, 1, 2),
        lambda n: edit(n.cells[1], "--no-deps ", ""),
        lambda n: edit(n.cells[1], "git+https://", "git+https://elsewhere."),
        lambda n: edit(n.cells[1], "@v", "@v9"),
        lambda n: n.cells[1].metadata.pop("cellView"),
    ],
    "imports_third": [
        lambda n: put(n.cells[2], "source", value=n.cells[2].source + "\nx = 1"),
        lambda n: put(n.cells[2], "source", value="import os\n" * 13),
    ],
    "parameters_fourth": [
        lambda n: n.cells[3].metadata.pop("tags"),
        lambda n: edit(n.cells[3], "SEED = 0", "SEED = 1 + len('a')"),
        lambda n: edit(n.cells[3], "SEED = 0", "SEED = '0'"),
        lambda n: edit(n.cells[3], '"quick"', '"full"'),
        lambda n: edit(n.cells[3], "DEVICE", "MACHINE"),
        lambda n: swap(n, 3, 5),
    ],
    "versions_last": [
        lambda n: n.cells.pop(),
        lambda n: put(n.cells[-1], "outputs", value=[]),
        lambda n: n.cells[-1].metadata.pop("tags"),
    ],
    "cells_short": [lambda n: put(n.cells[FUNCTION], "source", value="x = 1\n" * 31)],
    "functions_short": [
        lambda n: put(n.cells[FUNCTION], "source", value='def f():\n    """It."""\n' + "    x = 1\n" * 21),
    ],
    "equations_match": [
        lambda n: edit(n.cells[FUNCTION], "eq. (2.1)", "eq. (2.7)"),
        lambda n: edit(n.cells[4], r"\tag{2.1}", r"\tag{3.1}"),
        lambda n: put(n.cells[7], "source", value=r"$$x \tag{2.1}$$"),
        lambda n: [n.cells[FUNCTION].metadata.tags.append("save:fusion.mean"),
                   edit(n.cells[FUNCTION], ", eq. (2.1)", "")],
    ],
    "executed_in_order": [
        lambda n: put(n.cells[FUNCTION], "execution_count", value=None),
        lambda n: put(n.cells[FUNCTION], "execution_count", value=41),
    ],
    "checked_cells": [
        lambda n: tagged(n, CHECKED)[0].metadata.pop("tags"),
        lambda n: put(tagged(n, CHECKED)[0], "outputs", value=[]),
        lambda n: [put(cell, "outputs", value=[stream("fine\n")]) for cell in tagged(n, CHECKED)],
        lambda n: [put(cell, "metadata", "tags", value=[CHECKED]) for cell in n.cells if cell.cell_type == "code"],
    ],
    "tolerance_declared": [
        lambda n: put(n.cells[2], "metadata", "tolerance", value={"rtol": 1e-3}),
        lambda n: put(n.cells[FUNCTION], "metadata", "tolerance", value={"rtol": 0.5}),
        lambda n: put(n.cells[FUNCTION], "metadata", "tolerance", value={"relative": 1e-3}),
        lambda n: put(n.cells[FUNCTION], "metadata", "tolerance", value=1e-3),
    ],
    "outputs_clean": [
        lambda n: n.cells[6].outputs.append(stream("careful\n", "stderr")),
        lambda n: n.cells[6].outputs.append(nbformat.v4.new_output("error", ename="E", evalue="", traceback=[])),
        lambda n: n.cells[6].outputs.append(stream("read /home/" + "someone/data.nii\n")),
        lambda n: n.cells[6].outputs.append(stream("<object at 0x7f3a5c0d1e50>\n")),
        lambda n: n.cells[6].outputs.append(stream("1\n" * 31)),
    ],
    "small": [lambda n: n.cells[6].outputs.append(stream("x" * 1_000_000))],
    "normalised": [
        lambda n: put(n, "metadata", "kernelspec", "name", value="my-env"),
        lambda n: put(n, "metadata", "widgets", value={}),
        lambda n: put(n.cells[2], "metadata", "execution", value={"iopub.execute_input": "2026-01-01"}),
        lambda n: n.cells[6].outputs.append(nbformat.v4.new_output(
            "display_data", data={"application/vnd.jupyter.widget-view+json": {"model_id": "a"}})),
        lambda n: put(n.cells[2], "id", value=n.cells[3].id),
    ],
    "pictures_described": [
        lambda n: picture(n).metadata.pop("mystnb"),
        lambda n: put(picture(n), "metadata", "mystnb", "image", "alt", value="Dots."),
        lambda n: put(picture(n), "metadata", "mystnb", "image", "alt", value="Dots. " * 50),
        lambda n: n.cells.append(copy.deepcopy(picture(n))),
        lambda n: n.cells[2].outputs.append(html('<img src="data:image/png;base64,AA==">')),
        lambda n: n.cells[2].outputs.append(html('<img alt="" src="data:image/png;base64,AA==">')),
        lambda n: put(n.cells[7], "source", value="![](https://example.org/a.png)"),
    ],
    "plain_markdown": [
        lambda n: put(n.cells[7], "source", value="```{note}\nLook.\n```"),
        lambda n: put(n.cells[7], "source", value=":::{note}\nLook.\n:::"),
        lambda n: put(n.cells[7], "source", value="See {cite}`warfield`."),
        lambda n: put(n.cells[7], "source", value="(a-label)=\n## A heading"),
    ],
    "links_resolve": [
        lambda n: put(n.cells[7], "source", value="[Next](03_staple.ipynb)"),
        lambda n: put(n.cells[7], "source", value="[Home](/book/index.md)"),
        lambda n: put(n.cells[7], "source", value='<a href="../nowhere.md">there</a>'),
    ],
    "in_contents": [],      # below: it looks at the table of contents, not at the notebook
    "named_well": [],       # below: it looks at the name
    "solutions_folded": [
        lambda n: tagged(n, SOLUTION)[0].metadata.tags.remove("hide-cell"),
        lambda n: tagged(n, SOLUTION)[0].metadata.pop("cellView"),
        lambda n: tagged(n, SOLUTION)[0].metadata.pop("jupyter"),
        lambda n: edit(tagged(n, SOLUTION)[0], "#@title Solution\n", ""),
    ],
    "exercises_checked": [
        lambda n: put(tagged(n, STUB)[0], "metadata", "tags", value=[]),
        lambda n: drop(n.cells, tagged(n, SOLUTION)[0]),
        lambda n: [edit(cell, "checks.offset_from_dice", "print") for cell in n.cells if "checks.off" in cell.source],
        lambda n: [edit(cell, "checks.offset", "checks.no_such") for cell in n.cells if "checks.off" in cell.source],
    ],
    "widgets_only_live": [
        lambda n: put(n.cells[2], "source", value="import ipywidgets"),
        lambda n: put(n.cells[FUNCTION], "source", value="interact(f)"),
    ],
    "no_global_random": [
        lambda n: edit(n.cells[FUNCTION], "np.random.default_rng(SEED).random(100)", "np.random.rand(100)"),
        lambda n: put(n.cells[2], "source", value="import random"),
    ],
}


def test_the_good_notebook_is_good(good):
    assert breaches(*good) == []


def test_every_rule_has_something_to_reject():
    assert set(BAD) == set(RULES)


@pytest.mark.parametrize("name, change", [
    pytest.param(name, change, id=f"{name}-{k}") for name, changes in BAD.items() for k, change in enumerate(changes)])
def test_rule_rejects(good, name, change):
    notebook, path = copy.deepcopy(good[0]), good[1]
    change(notebook)
    assert RULES[name](notebook, path), f"{name} accepted a notebook that it must reject"


def test_rules_on_names_reject(good):
    notebook, path = good
    assert RULES["in_contents"](notebook, path.with_name("03_forgotten.ipynb"))
    assert RULES["named_well"](notebook, path.with_name("Chapter two.ipynb"))


def test_contents_may_be_a_pattern(good, tmp_path):
    notebook, path = good
    (tmp_path / "book").mkdir()
    (tmp_path / "notebooks").mkdir()
    shutil.copy2(path, tmp_path / "notebooks")
    (tmp_path / "book" / "_toc.yml").write_text("root: book/index\nparts: [{chapters: [{glob: 'notebooks/0*'}]}]\n")
    assert RULES["in_contents"](notebook, tmp_path / "notebooks" / path.name) == []
