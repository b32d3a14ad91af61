"""Take out of an executed notebook what changes from run to run and says nothing to a reader.

What stays is what the page shows, so that running a notebook again leaves a small diff or none.
"""

from pathlib import Path

import nbformat
from nbformat import NotebookNode

KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"name": "python", "pygments_lexer": "ipython3"}
FLEETING = {"papermill", "execution", "ExecuteTime", "colab", "outputId", "scrolled", "collapsed", "vscode"}
WIDGET = "application/vnd.jupyter.widget-view+json"


def normalise(notebook: NotebookNode, root: Path) -> NotebookNode:
    """Change `notebook` in place: no timings, no widgets, no path of `root`; execution counts 1..n."""
    notebook.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": LANGUAGE})
    count = 0
    for cell in notebook.cells:
        for key in FLEETING & set(cell.metadata):
            del cell.metadata[key]
        if not cell.metadata.get("tags", True):     # papermill adds an empty list
            del cell.metadata["tags"]
        if cell.cell_type != "code":
            continue
        count += bool(cell.source.strip())
        cell.execution_count = count if cell.source.strip() else None
        cell.outputs = _outputs(cell, root)
    return notebook


def _outputs(cell: NotebookNode, root: Path) -> list[NotebookNode]:
    """The outputs of `cell` without widgets, neighbouring streams joined, paths made relative."""
    kept: list[NotebookNode] = []
    for output in cell.outputs:
        if WIDGET in output.get("data", {}):        # without a kernel it would show nothing
            continue
        if "metadata" in output:
            output.metadata = NotebookNode()
        if output.output_type == "execute_result":
            output.execution_count = cell.execution_count
        _relative(output, root)
        if kept and output.output_type == "stream" and kept[-1].get("name") == output.name:
            kept[-1].text += output.text
        else:
            kept.append(output)
    return kept


def _relative(output: NotebookNode, root: Path) -> None:
    if "text" in output:
        output.text = output.text.replace(f"{root}/", "")
    for kind, value in output.get("data", {}).items():
        if kind.startswith("text/") and isinstance(value, str):
            output.data[kind] = value.replace(f"{root}/", "")


def text_of(cell: NotebookNode, html_only: bool = False) -> str:
    """All text a code cell printed or displayed; with `html_only`, only what was displayed as HTML."""
    parts = []
    for output in cell.outputs:
        data = {"text/plain": output.get("text", ""), **output.get("data", {})}
        parts += [value for kind, value in data.items()
                  if kind == "text/html" or (kind.startswith("text/") and not html_only)]
    return "\n".join(parts)


def write(notebook: NotebookNode, path: Path) -> None:
    """Write whole or not at all; nbformat sorts the keys."""
    nbformat.validate(notebook)
    part = path.with_name(path.name + ".part")
    nbformat.write(notebook, part)
    part.replace(path)
