"""The small programs in scripts/ that no other test runs."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.compare_results import compare
from scripts.link_check import addresses
from scripts.new_chapter import skeleton

ROOT = Path(__file__).resolve().parents[2]


def folders(tmp_path, old, new):
    paths = tmp_path / "old", tmp_path / "new"
    for path, content in zip(paths, (old, new), strict=True):
        path.mkdir()
        if content is not None:
            (path / "03.json").write_text(json.dumps(content))
    return paths


@pytest.mark.parametrize("old, new, same", [
    ({"dice": [0.8, 0.7]}, {"dice": [0.8, 0.7]}, True),
    ({"dice": 0.800}, {"dice": 0.804}, True),                                   # 0.005 is the tolerance
    ({"dice": 0.800}, {"dice": 0.830}, False),
    ({"dice": 0.8, "provenance": "a"}, {"dice": 0.8, "provenance": "b"}, True),
    ({"dice": 0.8}, {"dice": 0.8, "ece": 0.1}, False),
    ({"dice": [0.8]}, {"dice": [0.8, 0.8]}, False),
    ({"method": "staple"}, {"method": "vote"}, False),
    ({"dice": 0.8}, {"dice": "0.8"}, False),
    ({"converged": True}, {"converged": False}, False),
    ({"dice": 0.8}, {"dice": float("nan")}, False),
    ({"dice": 0.8, "tolerance": {"rtol": 0, "atol": 0.05}}, {"dice": 0.84, "tolerance": {}}, True),
    ({"dice": 0.8, "tolerance": {"rtol": 0, "atol": 0.001}}, {"dice": 0.804, "tolerance": {}}, False),
    ({"dice": 0.8}, None, False),
    (None, None, False),
])
def test_compare_results(tmp_path, old, new, same):
    assert (compare(*folders(tmp_path, old, new)) == []) == same


def test_addresses():
    text = 'See [a](https://example.org/a_b) <https://example.org/c>. "https://github.com/OWNER/x"'
    text += "\ndoi = {10.1000/xyz},"
    assert addresses(text) == {"https://example.org/a_b", "https://example.org/c", "https://doi.org/10.1000/xyz"}


@pytest.mark.parametrize("name", ["soft_dilation", "2_soft", "02_Soft", "../02_soft"])
def test_a_badly_named_chapter_is_refused(name):
    with pytest.raises(ValueError, match="expected two digits and words"):
        skeleton(name)


@pytest.mark.parametrize("command, says", [
    (["notebooks.py", "run", "99_nowhere"], "NAME is '99_nowhere'"),
    (["notebooks.py", "refresh", "-p", "SEED", "1"], "expected only with run"),
    (["new_chapter.py"], "expected one"),
    (["build_site.py", "--fast"], "'--fast' is not an option"),
    (["compare_results.py", "results"], "expected two folders"),
    (["layers.py", "everything"], "LAYER is 'everything'"),
])
def test_wrong_use_is_one_sentence(command, says):
    words = [sys.executable, ROOT / "scripts" / command[0], *command[1:]]
    found = subprocess.run(words, capture_output=True, text=True)
    assert found.returncode == 2
    assert found.stderr.startswith("error: ")
    assert says in found.stderr
    assert found.stderr.count("\n") == 1
