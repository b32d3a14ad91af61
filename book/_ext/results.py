"""The `results` directive: tables straight from results/*.json, so that no number in the book is typed by hand.

    ```{results} 00_*.json
    ```

Such a file is written by helpers.results.save_results; what it holds under "tables" is shown. Each table has "title",
"columns" and "rows" (lists in the order of the columns, or objects by column name); it may have "note" (a sentence
under the table) and "digits" (decimals shown: one number for all columns, or an object by column name). Where no file
matches, the page says that nothing has been measured yet.
"""

import json
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

MISSING = "These numbers have not been measured yet. They will appear here when they have."


def text(value: object, digits: int | None) -> str:
    """One cell. Whole numbers, words and yes or no stand as they are; other numbers get `digits` decimals."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}" if digits is None else f"{value:.{digits}f}"
    if isinstance(value, list):                                     # an interval or a pair
        return " to ".join(text(part, digits) for part in value)
    return str(value)


def cells(table: dict) -> list[list[str]]:
    columns, digits = table["columns"], table.get("digits")
    per_column = [digits.get(name) if isinstance(digits, dict) else digits for name in columns]
    rows = [[row.get(name) for name in columns] if isinstance(row, dict) else row for row in table["rows"]]
    if any(len(row) != len(columns) for row in rows):
        raise ValueError(f"a row has not the {len(columns)} cells that \"columns\" names")
    return [[text(value, digit) for value, digit in zip(row, per_column, strict=True)] for row in rows]


def table_node(table: dict) -> nodes.table:
    def row(values: list[str]) -> nodes.row:
        return nodes.row("", *(nodes.entry("", nodes.paragraph("", value)) for value in values))

    group = nodes.tgroup("", cols=len(table["columns"]))
    group += [nodes.colspec(colwidth=1) for _ in table["columns"]]
    group += nodes.thead("", row([str(name) for name in table["columns"]]))
    group += nodes.tbody("", *(row(values) for values in cells(table)))
    return nodes.table("", nodes.title("", table["title"]), group, classes=["results"])


def provenance(facts: dict, name: str) -> nodes.paragraph:
    """One line under the tables: which file, and how it came about."""
    def words(value: object) -> str:
        if isinstance(value, dict):
            return ", ".join(f"{key} {words(part)}" for key, part in value.items())
        return ", ".join(map(words, value)) if isinstance(value, list) else text(value, None)

    told = "; ".join(f"{key} {words(value)}" for key, value in facts.items())
    return nodes.paragraph("", "", nodes.literal("", f"results/{name}"), nodes.Text(f" · {told}"),
                           classes=["provenance"])


class Results(SphinxDirective):
    required_arguments = 1
    final_argument_whitespace = False

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()                                      # the files may be newer than the page
        files = sorted((Path(self.env.srcdir) / "results").glob(self.arguments[0]))
        if not files:
            return [nodes.note("", nodes.paragraph("", MISSING))]
        return [node for file in files for node in self.show(file)]

    def show(self, file: Path) -> list[nodes.Node]:
        self.env.note_dependency(str(file))
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            out: list[nodes.Node] = []
            for table in content["tables"]:
                out.append(table_node(table))
                if note := table.get("note"):
                    out.append(nodes.paragraph("", note))
        except (KeyError, TypeError, ValueError) as problem:
            raise self.error(f"results/{file.name} cannot be shown as a table: {problem!r}") from problem
        return [*out, provenance(content.get("provenance", {}), file.name)]


def setup(app: Sphinx) -> dict:
    app.add_directive("results", Results)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
