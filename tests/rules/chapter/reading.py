"""Reading a chapter: its tags, code and prose, what it printed; and the table that the rules enter themselves in."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from nbformat import NotebookNode

Rule = Callable[[NotebookNode, Path], list[str]]
RULES: dict[str, Rule] = {}


def rule(function: Rule) -> Rule:
    """Enter a rule: from a notebook and its path to one sentence per breach."""
    RULES[function.__name__] = function
    return function


def tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])


def code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]


def prose(notebook: NotebookNode) -> list[str]:
    """The markdown cells without their fenced and inline code."""
    return [re.sub(r"```.*?```|`[^`\n]*`", "", cell.source, flags=re.S)
            for cell in notebook.cells if cell.cell_type == "markdown"]


def tree(cell: NotebookNode) -> ast.Module:
    """The Python of a cell: lines that begin with % or ! are IPython's and become `pass`."""
    return ast.parse(re.sub(r"^(\s*)[%!].*$", r"\1pass", cell.source, flags=re.M))


def functions(notebook: NotebookNode) -> Iterator[ast.FunctionDef]:
    for cell in code(notebook):
        yield from (node for node in ast.walk(tree(cell)) if isinstance(node, ast.FunctionDef))


def body_lines(function: ast.FunctionDef) -> int:
    """Lines from the first statement after the docstring to the last."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


def where(cell: NotebookNode) -> str:
    first = (cell.source.strip().splitlines() or [""])[0]
    return f"cell {cell.get('id', '?')} ({first[:40]!r})"


def folded(cell: NotebookNode, tag: str) -> list[str]:
    """Folded on the site (tag), in Lab (source_hidden) and in Colab (form with a title)."""
    signs = {
        f"the tag {tag}": tag in tags(cell),
        "cellView: form": cell.metadata.get("cellView") == "form",
        "jupyter.source_hidden": cell.metadata.get("jupyter", {}).get("source_hidden") is True,
        "#@title as its first line": cell.source.startswith("#@title"),
    }
    return [f"{where(cell)} is not folded everywhere: it lacks {sign}" for sign, there in signs.items() if not there]
