"""What a chapter's cells printed and showed."""

import re

import nbformat

from scripts.normalise import normalise, text_of
from tests.rules.chapter.reading import code, prose, rule, tags, where

MAX_BYTES = 1_000_000
MAX_OUTPUT_LINES = 30
CHECKED_CELLS = range(4, 9)
ALT_CHARACTERS = range(40, 251)


@rule
def executed_in_order(notebook, path):
    counts = [cell.execution_count for cell in code(notebook)]
    return [] if counts == list(range(1, len(counts) + 1)) else [f"the execution counts are {counts}, expected 1..n"]


@rule
def checked_cells(notebook, path):
    """Enough cells are compared, and each prints something: nbval passes whatever has no output."""
    cells = [cell for cell in code(notebook) if "nbval-check-output" in tags(cell)]
    breaches = [f"{where(cell)} is tagged nbval-check-output and prints nothing"
                for cell in cells if not text_of(cell).strip()]
    if len(cells) not in CHECKED_CELLS:
        breaches.append(f"{len(cells)} cells are tagged nbval-check-output, expected {CHECKED_CELLS[0]} to "
                        f"{CHECKED_CELLS[-1]}")
    if not any(re.search(r"\d", text_of(cell)) for cell in cells):
        breaches.append("no cell tagged nbval-check-output prints a number")
    return breaches


@rule
def tolerance_declared(notebook, path):
    """`tolerance` stands only on compared cells and names rtol or atol, each a small number."""
    breaches = []
    for cell in notebook.cells:
        if (tolerance := cell.metadata.get("tolerance")) is None:
            continue
        if "nbval-check-output" not in tags(cell):
            breaches.append(f"{where(cell)} has a tolerance and is not compared")
        elif not isinstance(tolerance, dict) or not tolerance or not all(
                key in ("rtol", "atol") and isinstance(value, float) and 0 < value <= 0.05
                for key, value in tolerance.items()):
            breaches.append(f"{where(cell)} has the tolerance {tolerance}, expected rtol or atol between 0 and 0.05")
    return breaches


@rule
def outputs_clean(notebook, path):
    """No error, nothing on stderr, no path of a machine, no memory address, no page of numbers."""
    breaches = []
    for cell in code(notebook):
        for output in cell.outputs:
            if output.output_type == "error":
                breaches.append(f"{where(cell)} ends in an error")
            if output.get("name") == "stderr":
                breaches.append(f"{where(cell)} writes to stderr")
        text = text_of(cell)
        if found := re.search(r"(?<![\w.:/])(?:/(?:home|root|tmp|usr|opt|mnt|Users|work|content)/|[A-Z]:\\)\w*", text):
            breaches.append(f"{where(cell)} prints the path {found[0]!r}")
        if re.search(r"0x[0-9a-f]{6,}", text):
            breaches.append(f"{where(cell)} prints a memory address")
        if text.count("\n") > MAX_OUTPUT_LINES:
            breaches.append(f"{where(cell)} prints {text.count(chr(10))} lines, expected at most {MAX_OUTPUT_LINES}")
    return breaches


@rule
def small(notebook, path):
    size = len(nbformat.writes(notebook).encode())
    return [f"the file has {size} bytes, expected at most {MAX_BYTES}"] if size > MAX_BYTES else []


@rule
def normalised(notebook, path):
    """Exactly what `make refresh` writes: no timing, no widget, the kernel `python3`, an id on every cell."""
    again = normalise(nbformat.from_dict(notebook), path.parent.parent)
    breaches = [] if again == notebook else ["the notebook is not as `make refresh` leaves it"]
    ids = [cell.get("id") for cell in notebook.cells]
    if None in ids or len(set(ids)) < len(ids):
        breaches.append("a cell has no id, or two share one")
    return breaches


@rule
def pictures_described(notebook, path):
    """Every picture has a description of 40 to 250 characters, a different one each."""
    breaches, seen = [], set()
    for cell in code(notebook):
        if any(kind.startswith("image/") for output in cell.outputs for kind in output.get("data", {})):
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            if len(alt) not in ALT_CHARACTERS:
                breaches.append(f"{where(cell)} shows a picture described in {len(alt)} characters, expected "
                                f"{ALT_CHARACTERS[0]} to {ALT_CHARACTERS[-1]}")
            elif alt in seen:
                breaches.append(f"{where(cell)} repeats the description of another picture")
            seen.add(alt)
        for image in re.findall(r"<img\b[^>]*>", text_of(cell, html_only=True)):
            alt = re.search(r"""\balt=(?:"([^"]*)"|'([^']*)')""", image)
            if not alt or not (alt[1] or alt[2] or "").strip():
                breaches.append(f"{where(cell)} shows an <img> without alt")
    in_text = [image for text in prose(notebook)
               for image in re.findall(r"!\[\s*\]\([^)]*\)|<img(?![^>]*\balt=)[^>]*>", text)]
    breaches += [f"a picture in the text has no description: {image}" for image in in_text]
    return breaches
