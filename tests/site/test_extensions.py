"""The tables and numbers that the book takes from results/, and the list of chapters."""

import json
import re
import subprocess
import sys
from pathlib import Path

from bs4 import BeautifulSoup

ROOT = Path(__file__).resolve().parents[2]
CONF = """
import sys
sys.path.insert(0, {ext!r})
extensions = ["myst_parser", "results", "chapters"]
"""
NUMBERS = {
    "provenance": {"date": "2026-01-02", "commit": "abc", "device": "cpu", "seeds": [0, 1], "seconds": 3.5},
    "raters": {"A": {"dice": {"mean": 0.75, "sd": 0.125}, "n": 3, "bias": -0.5},
               "B": {"dice": {"mean": 0.5, "sd": 0.25}, "n": 4, "bias": None}},
    "seeds": {"pair": [0.25, 0.5, 0.75, 0.5], "nested": [[0.25, 0.5], [0.75, 0.5]]},
    "ranges": {"real": {"width": [1.0, 2.5, 4.0]}, "simulated": {"width": [1.5, 2.0, 3.0]}},
    "deep": {"er": [0.66, 0.76]},
}


def build(folder: Path, page: str) -> tuple[int, str, str]:
    """Exit code, what was said, and the words of the page, of a book with one page."""
    (folder / "conf.py").write_text(CONF.format(ext=str(ROOT / "book" / "_ext")))
    (folder / "index.md").write_text("# Page\n\n" + page)
    (folder / "results").mkdir(exist_ok=True)
    (folder / "results" / "00_try.json").write_text(json.dumps(NUMBERS))
    done = subprocess.run([sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-E", folder, folder / "out"],
                          capture_output=True, text=True, timeout=60)
    out = folder / "out" / "index.html"
    words = BeautifulSoup(out.read_text(encoding="utf-8"), "html.parser").get_text("|") if out.exists() else ""
    return done.returncode, done.stderr, re.sub(r"[\s|]*\|[\s|]*", "|", words)


def table(arguments: str, lines: str) -> str:
    return f"```{{results}} {arguments}\n:caption: Told\n{lines}\n```\n"


GOOD = [
    (table("00_try raters", "Rater | *\nDice | dice | .2f\nCount | n\nBias | bias | .1f"),
     ["Told|Rater|Dice|Count|Bias|A|0.75 (0.12)|3|−0.5|B|0.50 (0.25)|4|–|", "2026-01-02, commit abc, cpu, seeds 0, 1"]),
    (table("00_try raters", ":rows: B: the second\nRater | *\nCount | n"), ["Rater|Count|the second|4|"]),
    (table("00_try seeds", "Measure | *\nValue | = | mean .2f"), ["|pair|0.50 (0.20)|nested|0.50 (0.20)|"]),
    (table("00_try ranges", ":transpose:\nMeasure | *\nReal | real | .1f\nSimulated | simulated | .1f"),
     ["|width|2.5 (1.0 to 4.0)|2.0 (1.5 to 3.0)|"]),
    ("From {result}`00_try deep.er .2f`.", ["From 0.66 to 0.76."]),
    (table("01_later raters", "Rater | *"), ["have not been measured yet"]),
    ("It is {result}`01_later a .2f`.", ["It is (not measured yet)."]),
]
BAD = [
    (table("00_try raters", "Rater | *\nDice | dise"), "does not hold what this table asks for: KeyError('dise')"),
    (table("00_try raiders", "Rater | *"), "KeyError('raiders')"),
    (table("00_try raters", ":rows: C: the third\nRater | *"), "KeyError('C')"),
    ("It is {result}`00_try nothing .2f`.", "has no nothing"),
    ("```{chapters}\n01_raters | Raters\n```\n", "NOTEBOOK | TITLE | WHAT IT HOLDS"),
]


def test_numbers_come_from_the_files(tmp_path):
    code, said, words = build(tmp_path, "\n\n".join(page for page, _ in GOOD))
    assert code == 0, said
    assert [part for _, parts in GOOD for part in parts if part not in words] == []


def test_what_does_not_fit_stops_the_build(tmp_path):
    code, said, _ = build(tmp_path, "\n\n".join(page for page, _ in BAD))
    assert code != 0
    assert [part for _, part in BAD if part not in said] == []


def test_a_chapter_that_is_not_listed_stops_the_build(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "02_new.md").write_text("---\norphan: true\n---\n# New\n")
    page = "```{chapters}\n01_raters | Raters | What they do.\n```\n"
    code, stderr, _ = build(tmp_path, page)
    assert code != 0 and "notebooks/02_new" in stderr
    code, stderr, words = build(tmp_path, page.replace("\n```", "\n02_new | New | More.\n```"))
    assert code == 0, stderr
    assert "Of two chapters, one is written so far" in words
