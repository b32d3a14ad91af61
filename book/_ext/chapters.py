"""The `chapters` directive: the list of chapters, with a link to each one that exists and to no other.

    ```{chapters}
    01_raters_and_masks | Raters and masks | What it holds, in a sentence or two.
    ```
"""

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

WORDS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


class Chapters(SphinxDirective):
    has_content = True

    def run(self) -> list[nodes.Node]:
        self.env.note_reread()      # a new notebook changes this list
        rows = [[part.strip() for part in line.split("|", 2)] for line in self.content if line.strip()]
        if any(len(row) != 3 for row in rows):
            raise self.error("each line of `chapters` must read: NOTEBOOK | TITLE | WHAT IT HOLDS")
        listed = {f"notebooks/{stem}" for stem, _, _ in rows}
        there = {name for name in self.env.found_docs if name.startswith("notebooks/")}
        if forgotten := sorted(there - listed):
            raise self.error(f"these notebooks are in the book but not in `chapters`: {', '.join(forgotten)}")
        items = [self.item(*row, f"notebooks/{row[0]}" in there) for row in rows]
        return [self.count(len(listed & there), len(rows)), nodes.enumerated_list("", *items, classes=["chapters"],
                                                                                  enumtype="arabic")]

    def item(self, stem: str, title: str, text: str, exists: bool) -> nodes.list_item:
        if exists:
            head = addnodes.pending_xref("", nodes.inline("", title), refdomain="std", reftype="doc",
                                         refexplicit=True, refwarn=True, reftarget=f"/notebooks/{stem}",
                                         refdoc=self.env.docname)
            return nodes.list_item("", nodes.paragraph("", "", head, nodes.Text(f". {text}")))
        head = nodes.strong("", title)
        return nodes.list_item("", nodes.paragraph("", "", head, nodes.Text(f". {text}")), classes=["planned"])

    def count(self, n: int, total: int) -> nodes.paragraph:
        if n == total:
            return nodes.paragraph("", f"All {WORDS[total]} chapters can be read.")
        verb = "is" if n == 1 else "are"
        return nodes.paragraph(
            "", f"Of {WORDS[total]} chapters, {WORDS[n]} {verb} written so far; a written chapter has a link. "
            "The others are planned, and each line says what the chapter will hold.")


def setup(app: Sphinx) -> dict:
    app.add_directive("chapters", Chapters)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
