"""Lesion-wise detection: counts by hand, the overlap rule, and what an exchange of the masks does."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from helpers.measure import LesionDetection, lesion_detection

PAIRS = hnp.array_shapes(min_dims=2, max_dims=3, max_side=7).flatmap(
    lambda shape: st.tuples(hnp.arrays(bool, shape), hnp.arrays(bool, shape))
)


def picture(*rows: str) -> np.ndarray:
    return np.array([[c == "#" for c in row] for row in rows])


TRUTH = picture(
    "##....##..",
    "##....##..",
    "..........",
    "#....#....",
    ".#...#....",
)
MASK = picture(
    "#.......#.",
    "..........",
    "..........",
    "#....#...#",
    ".....#....",
)


def test_by_hand():
    """Four true lesions (one joined by a corner): the second is only touched from beside, so it is missed."""
    result = lesion_detection(MASK, TRUTH)
    assert result == LesionDetection(found=3, missed=1, false=2, right=3)
    assert (result.sensitivity, result.precision) == (3 / 4, 3 / 5)
    assert result.f1 == pytest.approx(2 * 0.75 * 0.6 / 1.35, rel=1e-14)


def test_overlap_asks_for_a_share_of_the_lesion():
    """Shares of the three found: 1/4, 1/2, 1. All three lesions of the mask lie in the truth whole."""
    for overlap, found in {0.0: 3, 0.25: 3, 0.26: 2, 0.5: 2, 0.51: 1, 1.0: 1}.items():
        result = lesion_detection(MASK, TRUTH, overlap=overlap)
        assert (result.found, result.missed) == (found, 4 - found)
        assert result.right == 3


def test_one_blob_may_find_several():
    result = lesion_detection(np.ones_like(TRUTH), TRUTH)
    assert result == LesionDetection(found=4, missed=0, false=0, right=1)
    assert result.sensitivity == result.precision == result.f1 == 1.0


def test_empty_masks():
    empty = np.zeros_like(TRUTH)
    both = lesion_detection(empty, empty)
    assert (both.sensitivity, both.precision, both.f1) == (1.0, 1.0, 1.0)
    nothing = lesion_detection(empty, TRUTH)
    assert (nothing.sensitivity, nothing.f1) == (0.0, 0.0)
    assert math.isnan(nothing.precision)
    invented = lesion_detection(TRUTH, empty)
    assert (invented.precision, invented.f1) == (0.0, 0.0)
    assert math.isnan(invented.sensitivity)


@given(PAIRS, st.sampled_from([0.0, 0.3, 1.0]))
def test_exchange_of_the_masks_exchanges_the_roles(pair, overlap):
    a, b = pair
    one, other = lesion_detection(a, b, overlap=overlap), lesion_detection(b, a, overlap=overlap)
    assert (one.found, one.missed) == (other.right, other.false)
    assert one.f1 == other.f1
    whole = lesion_detection(a, a, overlap=1.0)
    assert whole.missed == whole.false == 0
    assert whole.f1 == 1.0
