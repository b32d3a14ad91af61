"""What a chapter says: its equations, its links, its exercises."""

import ast
import re

import yaml

from helpers.show import checks
from tests.rules.chapter.reading import code, folded, functions, prose, rule, tags, tree, where


@rule
def equations_match(notebook, path):
    r"""Every `eq. (3.4)` named in a docstring is a \tag{3.4} of this chapter or an earlier one; no tag stands twice."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    found = re.findall(r"\\tag\{(\d+\.\d+)\}", text)
    chapter = int(path.stem[:2])
    breaches = [f"the equation ({tag}) is numbered twice" for tag in sorted({t for t in found if found.count(t) > 1})]
    breaches += [f"the equation ({tag}) does not bear the number of chapter {chapter}"
                 for tag in found if int(tag.split(".")[0]) != chapter]
    for f in functions(notebook):
        for tag in re.findall(r"eqs?\. \((\d+\.\d+)\)", ast.get_docstring(f) or ""):
            if int(tag.split(".")[0]) == chapter and tag not in found:
                breaches.append(f"the docstring of {f.name} names eq. ({tag}), which is not in the text")
    for cell in code(notebook):
        for f in tree(cell).body:
            if any(tag.startswith("save:") for tag in tags(cell)) and isinstance(f, ast.FunctionDef) \
                    and "eq" not in (ast.get_docstring(f) or ""):
                breaches.append(f"the docstring of {f.name} names no equation")
    return breaches


@rule
def plain_markdown(notebook, path):
    """No MyST: directives and roles would show as raw text in Colab and on a code host."""
    pattern = r"^\s*(?:```|~~~|:::+)\s*\{[^}]*\}|\{[a-z:-]+\}`[^`]*`|^\([\w-]+\)=\s*$"
    return [f"{where(cell)} holds MyST: {found[0].strip()!r}" for cell in notebook.cells
            if cell.cell_type == "markdown" and (found := re.search(pattern, cell.source, re.M))]


@rule
def links_resolve(notebook, path):
    """Links are relative and lead to a file of the repository, or are http addresses."""
    breaches = []
    for text in prose(notebook):
        for target in re.findall(r"\]\(<?([^)\s>]+)>?[^)]*\)", text) + re.findall(r"(?:href|src)=\"([^\"]+)\"", text):
            if re.match(r"https?://|mailto:|#|attachment:", target):
                continue
            if target.startswith("/") or not (path.parent / target.split("#")[0]).exists():
                breaches.append(f"the link {target!r} leads nowhere")
    return breaches


@rule
def in_contents(notebook, path):
    """The chapter stands in the table of contents, by name or by pattern."""
    root = path.parent.parent
    entries: list[str] = []

    def collect(node):
        for key, value in node.items() if isinstance(node, dict) else ():
            if key in ("file", "root"):
                entries.append(value)
            elif key == "glob":
                entries.extend(str(p.relative_to(root).with_suffix("")) for p in root.glob(value + ".ipynb"))
            else:
                collect(value)
        for value in node if isinstance(node, list) else ():
            collect(value)

    collect(yaml.safe_load((root / "book" / "_toc.yml").read_text()))
    return [] if f"notebooks/{path.stem}" in entries else [f"book/_toc.yml does not name notebooks/{path.stem}"]


@rule
def named_well(notebook, path):
    return [] if re.fullmatch(r"\d\d_[a-z0-9_]+\.ipynb", path.name) else [
        f"the file is called {path.name!r}, expected two digits and words, as in 02_soft_dilation.ipynb"]


@rule
def solutions_folded(notebook, path):
    # The whole cell: what it prints gives the answer away.
    return [sentence for cell in notebook.cells if "solution" in tags(cell) for sentence in folded(cell, "hide-cell")]


@rule
def exercises_checked(notebook, path):
    """After each cell tagged `exercise` comes a call of a check that exists, and then its solution."""
    cells = code(notebook)
    stubs = [n for n, cell in enumerate(cells) if "exercise" in tags(cell)]
    breaches = [] if stubs else ["no cell is tagged `exercise`"]
    for n in stubs:
        following = cells[n + 1:n + 3]
        called = re.findall(r"\bchecks\.(\w+)\(", following[0].source) if following else []
        if not called:
            breaches.append(f"{where(cells[n])} is an exercise and the next code cell calls no check")
        breaches += [f"helpers.show.checks has no {name}" for name in called if name not in checks.__all__]
        if len(following) < 2 or "solution" not in tags(following[1]):
            breaches.append(f"{where(cells[n])} is an exercise without a cell tagged `solution` after its check")
    return breaches


@rule
def widgets_only_live(notebook, path):
    """ipywidgets need a kernel, so they may only stand in cells tagged `live`, and nothing else may need them."""
    return [f"{where(cell)} uses ipywidgets and is not tagged `live`" for cell in code(notebook)
            if "live" not in tags(cell) and re.search(r"\bipywidgets\b|\binteract(?:ive)?\(|\bwidgets\.", cell.source)]


@rule
def no_global_random(notebook, path):
    """Randomness is a generator handed along: np.random.default_rng(SEED) and nothing else of np.random."""
    return [f"{where(cell)} uses {found[0]}, expected a generator from np.random.default_rng(SEED)"
            for cell in code(notebook)
            if (found := re.search(r"\bnp\.random\.(?!default_rng|Generator)\w+|^import random", cell.source, re.M))]
