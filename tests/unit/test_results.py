"""Result files: written whole, read back equal, with provenance."""

import json

import pytest

from helpers import results


def test_round_trip_with_provenance(tmp_path, monkeypatch):
    path = results.save_results("00_try", {"dice": [0.5, 0.25]}, seeds=[0, 1], seconds=2.04, folder=tmp_path)
    monkeypatch.setattr(results, "results_folder", lambda: tmp_path)
    got = results.load_results("00_try")
    assert got["dice"] == [0.5, 0.25]
    assert got["provenance"]["seeds"] == [0, 1] and got["provenance"]["seconds"] == 2.0
    assert set(got["provenance"]) >= {"date", "commit", "device", "python", "versions"}
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_nothing_half_written(tmp_path):
    with pytest.raises(ValueError):
        results.save_results("00_try", {"dice": float("nan")}, seeds=[0], seconds=1, folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_unknown_name_lists_what_there_is(tmp_path, monkeypatch):
    (tmp_path / "01_raters.json").write_text("{}")
    monkeypatch.setattr(results, "results_folder", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match="no results named '02_rim'; there are 01_raters"):
        results.load_results("02_rim")


@pytest.mark.parametrize("path", sorted(results.results_folder().glob("*.json")), ids=lambda p: p.stem)
def test_every_committed_table_says_where_it_comes_from(path):
    provenance = json.loads(path.read_text())["provenance"]
    assert set(provenance) >= {"date", "commit", "versions"}
