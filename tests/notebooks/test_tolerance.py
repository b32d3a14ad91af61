"""The comparison itself: a tiny notebook of cells that must pass and cells that must not."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.notebooks.comparing import compare
from tests.notebooks.tolerance import close

PRINT = "print('dice 0.8000 of 12 pairs')"
TOLERANT = {"tags": ["nbval-check-output"], "tolerance": {"rtol": 0.001}}
EXACT = {"tags": ["nbval-check-output"]}


def printed(text):
    return [new_output("stream", name="stdout", text=text)]


def shown(text):
    return [new_output("execute_result", data={"text/plain": text})]


# What the cell declares, its source, what it printed when it was committed, and whether the comparison lets it pass.
CELLS = {
    "exactly equal": (EXACT, PRINT, printed("dice 0.8000 of 12 pairs\n"), True),
    "exact cell, last digit": (EXACT, PRINT, printed("dice 0.8001 of 12 pairs\n"), False),
    "within the tolerance": (TOLERANT, PRINT, printed("dice 0.8003 of 12 pairs\n"), True),
    "beyond the tolerance": (TOLERANT, PRINT, printed("dice 0.8100 of 12 pairs\n"), False),
    "another word": (TOLERANT, PRINT, printed("kappa 0.8000 of 12 pairs\n"), False),
    "a number is missing": (TOLERANT, PRINT, printed("dice 0.8000 of pairs\n"), False),
    "a line is missing": (TOLERANT, PRINT, printed("dice 0.8000 of 12 pairs\nmore\n"), False),
    "nothing was printed before": (TOLERANT, PRINT, [], False),
    "shown, not printed": (TOLERANT, PRINT, shown("dice 0.8000 of 12 pairs"), False),
    "shown, within the tolerance": (TOLERANT, "0.8", shown("0.8003"), True),
    "an error": (TOLERANT, "1 / 0", printed("dice 0.8000 of 12 pairs\n"), False),
    "not compared": ({}, PRINT, printed("something else\n"), True),
    "not compared, an error": ({}, "1 / 0", [], False),
}


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """What nbval with the plug-in says of each cell."""
    path = tmp_path_factory.mktemp("tiny") / "tiny.ipynb"
    cells = [new_code_cell(source, execution_count=n, metadata=metadata, outputs=outputs)
             for n, (metadata, source, outputs, _) in enumerate(CELLS.values(), 1)]
    nbformat.write(new_notebook(cells=cells), path)
    found = re.findall(r"^(PASSED|FAILED) .*::Cell (\d+)", compare(path, "-rA").stdout, re.M)
    return {int(number): verdict == "PASSED" for verdict, number in found}


@pytest.mark.parametrize("name", CELLS)
def test_comparison(verdicts, name):
    assert verdicts[list(CELLS).index(name)] == CELLS[name][-1]


@pytest.mark.parametrize("new, old, same", [
    ("a 1.0", "a 1.0005", True), ("a 1.0", "a 1.01", False), ("1e-3", "0.0010001", True), ("-1", "1", False),
    ("T1 0.5", "T2 0.5", False),            # the digit of a name is no number
    ("v2.0.1", "v2.0.2", False), ("nan", "nan", True), ("nan", "1", False), ("a  1", "a 1", True),
])
def test_close(new, old, same):
    assert close(new, old, rtol=0.001) == same
