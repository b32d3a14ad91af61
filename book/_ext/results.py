"""Numbers straight from results/*.json, so that none in the book is typed by hand.

A table. The argument is a file and the ways to its rows; each line is a heading, a key and a Python number format.
Rows are a list of objects, or an object of them by name. The key `*` is a row's name, and `=` the row itself where it
is no object. `:rows:` picks named rows and gives them words; `:transpose:` swaps rows and columns.

    ```{results} 00_ms_raters raters
    :caption: What the table shows
    :rows: A1: rater A1; A2: rater A2
    Rater | *
    Dice with the consensus | dice_consensus | .2f
    ```

A number in a sentence: {result}`00_ms_raters mean_dice_with_consensus .2f`.
"""

import json
from pathlib import Path
from statistics import mean, stdev

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective, SphinxRole

MISSING = "These numbers have not been measured yet. They appear here once they have."


def text(value: object, form: str) -> str:
    """One cell: a word, a number, a mean (with its spread), an interval, or a middle (low to high).

    A list of numbers, or of lists of them, becomes its mean (standard deviation) where the format begins with `mean`.
    """
    if form.startswith("mean"):
        value = [number for part in value for number in (part if isinstance(part, list) else [part])]
        value, form = {"mean": mean(value), "sd": stdev(value)}, form.removeprefix("mean").strip()
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return f"{text(value['mean'], form)} ({text(value['sd'], form)})"
    if isinstance(value, list) and len(value) == 3:
        low, middle, high = (text(part, form) for part in value)
        return f"{middle} ({low} to {high})"
    if isinstance(value, list):
        return " to ".join(text(part, form) for part in value)
    return format(value, form).replace("-", "−") if isinstance(value, float | int) else str(value)


def follow(content: dict, way: str) -> object:
    """The part of `content` to which the dotted `way` leads; `_` in it may stand for a blank."""
    for key in filter(None, way.split(".")):
        content = content[key if key in content else key.replace("_", " ")]
    return content


def named_rows(part: dict | list, wanted: dict[str, str], transpose: bool) -> list[dict]:
    """Rows as objects; the key "*" holds the name of the row, "=" the row itself."""
    if isinstance(part, list):
        return part
    if transpose:
        part = {key: {name: row[key] for name, row in part.items()} for key in next(iter(part.values()))}
    wanted = wanted or {name: name for name in part}
    return [{"*": word, "=": part[name], **(part[name] if isinstance(part[name], dict) else {})}
            for name, word in wanted.items()]


def table_node(headings: list[str], rows: list[list[str]]) -> nodes.table:
    def row(cells: list[str]) -> nodes.row:
        return nodes.row("", *(nodes.entry("", nodes.paragraph("", cell)) for cell in cells))

    group = nodes.tgroup("", *(nodes.colspec(colwidth=1) for _ in headings), cols=len(headings))
    group += [nodes.thead("", row(headings)), nodes.tbody("", *map(row, rows))]
    return nodes.table("", group, classes=["results"])


def provenance(facts: dict, stem: str) -> nodes.paragraph:
    """One line under a table: which file, and how it came about."""
    seeds = ", ".join(map(str, facts["seeds"]))
    told = f" · {facts['date']}, commit {facts['commit']}, {facts['device']}, seeds {seeds}, {facts['seconds']} s"
    return nodes.paragraph("", "", nodes.literal("", f"results/{stem}.json"), nodes.Text(told), classes=["provenance"])


class Results(SphinxDirective):
    required_arguments, optional_arguments = 1, 9
    has_content = True
    option_spec = {"caption": directives.unchanged_required, "rows": directives.unchanged,
                   "transpose": directives.flag}

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()                          # the file may be newer than the page
        stem, *ways = self.arguments
        file = Path(self.env.srcdir) / "results" / f"{stem}.json"
        if not file.exists():
            return [nodes.note("", nodes.paragraph("", MISSING))]
        columns = [[*map(str.strip, line.split("|")), ""][:3] for line in self.content if line.strip()]
        try:
            wanted = dict(map(str.strip, row.split(":", 1)) for row in self.options.get("rows", "").split(";") if row)
            content = json.loads(file.read_text(encoding="utf-8"))
            rows = [[text(row[key], form) for _, key, form in columns] for way in ways or [""]
                    for row in named_rows(follow(content, way), wanted, "transpose" in self.options)]
            told = provenance(content["provenance"], stem)
        except (KeyError, TypeError, ValueError) as problem:
            raise self.error(f"results/{file.name} does not hold what this table asks for: {problem!r}") from problem
        # A paragraph and not the table's own caption: it stays in sight where the table scrolls sideways.
        caption = nodes.paragraph("", self.options["caption"], classes=["table-caption"])
        return [caption, table_node([heading for heading, *_ in columns], rows), told]


class Result(SphinxRole):
    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        self.env.note_reread()
        stem, way, form = [*self.text.split(), ""][:3]
        file = Path(self.env.srcdir) / "results" / f"{stem}.json"
        if not file.exists():
            return [nodes.Text("(not measured yet)")], []
        try:
            return [nodes.Text(text(follow(json.loads(file.read_text(encoding="utf-8")), way), form))], []
        except (KeyError, TypeError, ValueError) as problem:
            message = self.inliner.reporter.error(f"results/{file.name} has no {way}: {problem!r}", line=self.lineno)
            return [self.inliner.problematic(self.rawtext, self.rawtext, message)], [message]


def setup(app: Sphinx) -> dict:
    app.add_directive("results", Results)
    app.add_role("result", Result())
    return {"parallel_read_safe": True, "parallel_write_safe": True}
