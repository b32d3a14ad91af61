"""The order and the size of a chapter's cells."""

import ast
import re
from importlib.metadata import version

from scripts.new_chapter import address
from scripts.normalise import text_of
from tests.rules.chapter.reading import body_lines, code, folded, functions, prose, rule, tags, tree, where

MAX_CELL_LINES = 30
MAX_FUNCTION_LINES = 20
MAX_IMPORT_LINES = 12


@rule
def title_first(notebook, path):
    """The first cell promises something, lists three things to do, names what it needs and how long it takes."""
    cell = notebook.cells[0]
    if cell.cell_type != "markdown" or not cell.source.startswith("# "):
        return ["the first cell is not markdown that begins with `# `"]
    text = cell.source.lower()
    breaches = [f"the title cell does not say {word!r}" for word in ("you will", "needs", "minutes", "seconds")
                if word not in text]
    if len(re.findall(r"^\s*(?:[-*]|\d\.)\s", cell.source, re.M)) < 3:
        breaches.append("the title cell lists fewer than three things to do")
    return breaches


@rule
def one_h1(notebook, path):
    """One heading of the first level, and no level is skipped."""
    levels = [len(mark) for text in prose(notebook) for mark in re.findall(r"^(#+)\s", text, re.M)]
    breaches = [] if levels.count(1) == 1 else [f"there are {levels.count(1)} headings of level 1, expected one"]
    breaches += [f"a heading of level {b} follows one of level {a}"
                 for a, b in zip(levels, levels[1:], strict=False) if b > a + 1]
    return breaches


@rule
def setup_second(notebook, path):
    """The second cell installs the package on Colab, from the one address, and is folded."""
    cell = notebook.cells[1]
    if cell.cell_type != "code" or 'if "google.colab" in sys.modules:' not in cell.source:
        return ["the second cell is not the set-up for Colab"]
    breaches = folded(cell, "remove-cell")     # the site does not need it, Colab does
    wanted = f"{address(path.parent.parent)}@v{version('when-experts-disagree')}"
    found = re.findall(r"pip install[^\n]*--no-deps[^\n]*git\+([^\s\"']+)", cell.source)
    if found != [wanted]:
        breaches.append(f"the set-up cell installs with --no-deps from {found}, expected {wanted}")
    return breaches


@rule
def imports_third(notebook, path):
    """The third cell imports, in at most 12 lines, and nothing is imported from the public addresses of others."""
    cell = code(notebook)[1]
    breaches = []
    if not all(isinstance(node, ast.Import | ast.ImportFrom) for node in tree(cell).body):
        breaches.append("the second code cell does more than import")
    if len(cell.source.splitlines()) > MAX_IMPORT_LINES:
        breaches.append(f"the imports take {len(cell.source.splitlines())} lines, expected at most {MAX_IMPORT_LINES}")
    return breaches


@rule
def parameters_fourth(notebook, path):
    """The third code cell is tagged `parameters` and holds plain literals, among them the three that all share."""
    tagged = [cell for cell in notebook.cells if "parameters" in tags(cell)]
    if len(tagged) != 1 or tagged[0] is not code(notebook)[2]:
        return ["the third code cell is not the only one tagged `parameters`"]
    values = {}
    for node in tree(tagged[0]).body:
        try:
            [target] = node.targets
            values[target.id] = ast.literal_eval(node.value)
        except (AttributeError, ValueError):
            return [f"the `parameters` cell holds {ast.unparse(node)!r}, expected NAME = a plain literal"]
    wanted = {"PROFILE": "quick", "DEVICE": "auto"}
    breaches = [f"the parameter {name} is {values.get(name)!r}, expected {value!r}"
                for name, value in wanted.items() if values.get(name) != value]
    if type(values.get("SEED")) is not int:
        breaches.append(f"the parameter SEED is {values.get('SEED')!r}, expected a whole number")
    return breaches


@rule
def versions_last(notebook, path):
    """The last cell prints one line of versions and is not compared."""
    cell = notebook.cells[-1]
    if cell.cell_type != "code" or "versions(" not in cell.source or not text_of(cell).strip():
        return ["the last cell does not print versions(...)"]
    return [] if "nbval-ignore-output" in tags(cell) else ["the last cell is not tagged nbval-ignore-output"]


@rule
def cells_short(notebook, path):
    return [f"{where(cell)} has {len(cell.source.splitlines())} lines, expected at most {MAX_CELL_LINES}"
            for cell in code(notebook) if len(cell.source.splitlines()) > MAX_CELL_LINES]


@rule
def functions_short(notebook, path):
    return [f"the function {f.name} has {body_lines(f)} lines, expected at most {MAX_FUNCTION_LINES}"
            for f in functions(notebook) if body_lines(f) > MAX_FUNCTION_LINES]
