"""Write the skeleton of a chapter: every cell that the rules ask for, and nothing to say yet.

    python scripts/new_chapter.py 02_soft_dilation
    make refresh NAME=02_soft_dilation
"""

import re
import sys
from importlib.metadata import version
from pathlib import Path

import nbformat
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from scripts.normalise import KERNEL  # noqa: E402

CHECKED = {"tags": ["nbval-check-output"]}
FOLDED = {"tags": ["remove-cell"], "cellView": "form", "jupyter": {"source_hidden": True}}
SOLUTION = {**FOLDED, "tags": ["solution", "hide-cell"], "mystnb": {"code_prompt_show": "Solution"}}

TITLE = """# {number}. {title}

One sentence: what the reader can do after this chapter.

**You will**

- see it in a picture;
- write it in ten lines;
- measure it.

**Needs** chapter 1. **Takes** 30 minutes to read and 5 seconds to run.
**Data** simulated, nothing to download."""

SETUP = """#@title Set-up for Colab (does nothing elsewhere)
import sys
if "google.colab" in sys.modules:
    %pip install -q --no-deps "git+{address}@v{version}\""""

IMPORTS = """import matplotlib.pyplot as plt
import numpy as np

from helpers.show import checks, versions"""

PARAMETERS = """PROFILE = "quick"       # "full" repeats the paper's experiment
DEVICE = "auto"         # "cpu", "cuda", or "auto": a GPU if there is one
SEED = 0"""

STEP = """## A step

A picture first, then one equation.

$$\\bar{{x}} = \\frac{{1}}{{n}} \\sum_i x_i \\tag{{{number}.1}}$$"""

FUNCTION = '''def mean(values):
    """The mean, eq. ({number}.1)."""
    return sum(values) / len(values)


values = np.random.default_rng(SEED).random(100)
print(f"mean {{mean(values):.6f}}")'''

FIGURE = """plt.plot(values, ".")
plt.axhline(mean(values))
plt.xlabel("draw")
plt.ylabel("value");"""

ALT = "A hundred dots scattered evenly between zero and one, and a line at their mean, a half."

EXERCISE = """## Exercises

**{number}.1 (code)** Write `offset_from_dice(dice, radius)`, equation (1.11) solved for the offset."""

ANSWER = """#@title Solution
def solution(dice, radius):
    return radius * ((2 / dice - 1) ** (1 / 3) - 1)


checks.offset_from_dice(solution)"""


def address(root: Path = ROOT) -> str:
    """Where the repository lies, from the one place that says so."""
    return yaml.safe_load((root / "_config.yml").read_text())["repository"]["url"]


def skeleton(name: str) -> nbformat.NotebookNode:
    """The notebook `name`, not yet executed."""
    if not re.fullmatch(r"\d\d_[a-z0-9_]+", name):
        raise ValueError(f"NAME is {name!r}, expected two digits and words, as in 02_soft_dilation")
    number, title = int(name[:2]), name[3:].replace("_", " ").capitalize()
    notebook = new_notebook(metadata={"kernelspec": KERNEL}, cells=[
        new_markdown_cell(TITLE.format(number=number, title=title)),
        new_code_cell(SETUP.format(address=address(), version=version("when-experts-disagree")), metadata=FOLDED),
        new_code_cell(IMPORTS),
        new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]}),
        new_markdown_cell(STEP.format(number=number)),
        new_code_cell(FUNCTION.format(number=number), metadata=CHECKED),
        new_code_cell(FIGURE, metadata={"mystnb": {"image": {"alt": ALT}}}),
        new_markdown_cell("It fails when one value is far from all others."),
        new_code_cell('print(f"with an outlier {mean([*values, 1000]):.6f}")', metadata=CHECKED),
        new_code_cell('print(f"without one {mean(values):.6f}")', metadata=CHECKED),
        new_markdown_cell(EXERCISE.format(number=number)),
        new_code_cell("def offset_from_dice(dice, radius):\n    ...", metadata={"tags": ["exercise"]}),
        new_code_cell("checks.offset_from_dice(offset_from_dice)"),
        new_code_cell(ANSWER, metadata={**SOLUTION, "tags": [*SOLUTION["tags"], *CHECKED["tags"]]}),
        new_markdown_cell("## Summary\n\nWhat to remember."),
        new_code_cell("print(versions())", metadata={"tags": ["nbval-ignore-output"]}),
    ])
    for n, cell in enumerate(notebook.cells):
        cell.id = f"cell-{n:02d}"
    return notebook


def main(arguments: list[str]) -> int:
    try:
        if len(arguments) != 1:
            raise ValueError(f"{len(arguments)} arguments were given, expected one, as in 02_soft_dilation")
        path = ROOT / "notebooks" / f"{arguments[0]}.ipynb"
        notebook = skeleton(arguments[0])
        if path.exists():
            raise ValueError(f"notebooks/{path.name} is there already, expected a new NAME")
    except ValueError as problem:
        print(f"error: {problem}.", file=sys.stderr)
        return 2
    nbformat.write(notebook, path)
    print(f"notebooks/{path.name} is written; next: make refresh NAME={path.stem}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
