"""scripts/notebooks.py and scripts/normalise.py on a tiny chapter."""

import copy
import subprocess
import sys

import nbformat
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_output

from scripts.new_chapter import skeleton
from scripts.normalise import WIDGET, normalise, text_of
from scripts.notebooks import ROOT, UNFINISHED, checked, defaults, find, run

KNOWN = {"PROFILE": "quick", "SEED": 0, "RATIO": 1.2}


@pytest.fixture
def chapter(tmp_path):
    """A new chapter in a folder of its own."""
    path = tmp_path / "02_tiny.ipynb"
    nbformat.write(skeleton("02_tiny"), path)
    return path


def with_parameters(source, copies=1):
    notebook = skeleton("02_tiny")
    notebook.cells = [new_code_cell(source, metadata={"tags": ["parameters"]}) for _ in range(copies)]
    return notebook


# ---- parameters ----

@pytest.mark.parametrize("given, taken", [
    ({}, {}), ({"PROFILE": "quick"}, {}), ({"PROFILE": "full"}, {"PROFILE": "full"}), ({"SEED": "3"}, {"SEED": 3}),
    ({"PROFILE": "1"}, {"PROFILE": "1"}), ({"RATIO": "1.5"}, {"RATIO": 1.5}),
])
def test_parameters_are_taken(given, taken):
    assert checked(given, KNOWN, "02_tiny") == taken


@pytest.mark.parametrize("given, says", [
    ({"PROFIL": "full"}, "'PROFIL'.*knows only PROFILE, SEED, RATIO"), ({"SEED": "three"}, "expected a int"),
    ({"SEED": "1.5"}, "expected a int"), ({"RATIO": "2"}, "expected a float"),
])
def test_wrong_parameters_are_refused(given, says):
    with pytest.raises(ValueError, match=says):
        checked(given, KNOWN, "02_tiny")


@pytest.mark.parametrize("source, copies, says", [
    ("SEED = 0", 0, "has 0 cells tagged"), ("SEED = 0", 2, "has 2 cells tagged"), ("SEED = f()", 1, "a plain literal"),
    ("A = B = 0", 1, "a plain literal"), ("import os", 1, "a plain literal"), ("A[0] = 1", 1, "a plain literal"),
])
def test_wrong_parameters_cells_are_refused(source, copies, says):
    with pytest.raises(ValueError, match=says):
        defaults(with_parameters(source, copies), "02_tiny")


def test_unknown_notebooks_are_refused(tmp_path):
    with pytest.raises(ValueError, match="found none"):
        find([], tmp_path)
    (tmp_path / "01_a.ipynb").touch()
    assert find([], tmp_path) == find(["01_a"], tmp_path) == [tmp_path / "01_a.ipynb"]
    with pytest.raises(ValueError, match="expected one of 01_a"):
        find(["02_b"], tmp_path)


# ---- running ----

def test_running_again_changes_nothing(chapter):
    run(chapter, chapter)
    once = chapter.read_bytes()
    run(chapter, chapter)
    assert chapter.read_bytes() == once


def test_defaults_are_not_injected_and_others_are(chapter, tmp_path):
    run(chapter, tmp_path / "out" / "same.ipynb", {"PROFILE": "quick", "SEED": "0"})
    run(chapter, tmp_path / "out" / "other.ipynb", {"SEED": "1"})
    same, other = (nbformat.read(tmp_path / "out" / f"{name}.ipynb", 4) for name in ("same", "other"))
    assert [cell.source for cell in same.cells] == [cell.source for cell in nbformat.read(chapter, 4).cells]
    assert any("injected-parameters" in cell.metadata.get("tags", []) for cell in other.cells)
    assert text_of(same.cells[5]) != text_of(other.cells[6])


def test_it_runs_in_the_folder_of_the_notebook(chapter):
    notebook = nbformat.read(chapter, 4)
    notebook.cells[-1].source = "from pathlib import Path\nprint(Path('02_tiny.ipynb').exists())"
    nbformat.write(notebook, chapter)
    run(chapter, chapter)
    assert text_of(nbformat.read(chapter, 4).cells[-1]) == "True\n"


def test_a_failing_notebook_leaves_nothing(chapter, tmp_path):
    notebook = nbformat.read(chapter, 4)
    notebook.cells[-1].source = "1 / 0"
    nbformat.write(notebook, chapter)
    with pytest.raises(papermill.PapermillExecutionError, match="ZeroDivisionError"):
        run(chapter, tmp_path / "out.ipynb")
    assert not (tmp_path / "out.ipynb").exists()
    (UNFINISHED / chapter.name).unlink()


def test_an_unknown_parameter_is_one_sentence():
    name = find([])[0].stem
    words = [sys.executable, ROOT / "scripts/notebooks.py", "run", name, "-p", "PROFIL", "full"]
    found = subprocess.run(words, capture_output=True, text=True)
    assert found.returncode == 2
    assert found.stderr.startswith(f"error: the parameter is 'PROFIL', but {name} knows only PROFILE")


# ---- normalising ----

def test_normalise_takes_out_what_is_fleeting():
    notebook = skeleton("02_tiny")
    plain = normalise(copy.deepcopy(notebook), ROOT)
    noisy = copy.deepcopy(notebook)
    noisy.metadata.update(papermill={"duration": 3.1}, widgets={}, kernelspec={"name": "env", "display_name": "Env"})
    for cell in noisy.cells:
        cell.metadata.update(papermill={"duration": 0.1}, execution={"iopub.status.busy": "now"})
        cell.metadata.setdefault("tags", [])
    noisy.cells[-1].update(execution_count=77, outputs=[
        new_output("stream", text=f"read {ROOT}/results/"), new_output("stream", text="a.json\n"),
        new_output("display_data", data={WIDGET: {"model_id": "3f"}, "text/plain": "IntSlider(value=3)"}),
    ])
    normalise(noisy, ROOT)
    assert text_of(noisy.cells[-1]) == "read results/a.json\n"
    assert noisy.cells[-1].execution_count == plain.cells[-1].execution_count
    noisy.cells[-1].outputs = []
    assert noisy == plain


def test_normalise_twice_is_normalise_once():
    once = normalise(skeleton("02_tiny"), ROOT)
    assert normalise(copy.deepcopy(once), ROOT) == once
