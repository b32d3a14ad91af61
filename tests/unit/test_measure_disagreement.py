"""The split of disagreement: against flood filling by hand, and its properties."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from helpers.measure import lesion_detection, shared_lesions, split_disagreement

pairs = array_shapes(min_dims=1, max_dims=3, max_side=6).flatmap(
    lambda shape: st.tuples(arrays(bool, shape), arrays(bool, shape)))


def by_hand(a, b):
    """Grow every disputed voxel's piece one step at a time and see whether it ever meets a shared voxel."""
    union, edge, whole = a | b, np.zeros_like(a), np.zeros_like(a)
    for start in map(tuple, np.argwhere(a != b)):
        piece, fresh = {start}, [start]
        while fresh:
            at = fresh.pop()
            for step in itertools.product((-1, 0, 1), repeat=a.ndim):
                to = tuple(np.add(at, step).tolist())
                if to not in piece and all(0 <= k < n for k, n in zip(to, a.shape, strict=True)) and union[to]:
                    piece.add(to)
                    fresh.append(to)
        meets = any(a[voxel] and b[voxel] for voxel in piece)
        (edge if meets else whole)[start] = True
    return edge, whole


@settings(max_examples=100, deadline=None)
@given(pairs)
def test_against_flood_filling(pair):
    for got, expected in zip(split_disagreement(*pair), by_hand(*pair), strict=True):
        assert got.dtype == bool and np.array_equal(got, expected)


@settings(max_examples=100, deadline=None)
@given(pairs)
def test_splits_the_difference_without_remainder_and_without_order(pair):
    a, b = pair
    edge, whole = split_disagreement(a, b)
    assert np.array_equal(edge ^ whole, a ^ b) and not (edge & whole).any()
    assert all(np.array_equal(x, y) for x, y in zip((edge, whole), split_disagreement(b, a), strict=True))


def test_bad_input_is_one_sentence():
    with pytest.raises(ValueError, match=r"b has shape \(2,\), expected \(3,\)"):
        split_disagreement(np.zeros(3, bool), np.zeros(2, bool))
    with pytest.raises(ValueError, match="a holds values from 0 to 2"):
        split_disagreement(np.array([0, 2]), np.array([0, 1]))


@pytest.mark.parametrize("ndim", [2, 3])
def test_voxels_that_touch_at_a_corner_are_one_lesion(ndim):
    a, b = np.zeros((2, *(3,) * ndim), bool)
    a[(0,) * ndim] = a[(1,) * ndim] = b[(1,) * ndim] = True              # b holds one of two that touch at a corner
    edge, whole = split_disagreement(a, b)
    assert edge.sum() == 1 and not whole.any()
    if ndim == 3:
        a[1, 1, 1] = b[1, 1, 1] = False
        a[0, 1, 1] = b[0, 1, 1] = True                                    # and at an edge
        assert split_disagreement(a, b)[0].sum() == 1


@settings(max_examples=100, deadline=None)
@given(pairs)
def test_shared_lesions_differ_at_edges_only(pair):
    a, b = pair
    one, other = shared_lesions(a, b)
    edge, whole = split_disagreement(a, b)
    assert np.array_equal(one != other, edge)
    assert np.array_equal((a | b) & ~((one | other) > 0), whole)


def test_lesions_are_found_by_one_voxel_unless_told_otherwise():
    truth = np.zeros(20, bool)
    truth[:] = True
    mask = np.zeros(20, bool)
    mask[3] = True
    assert lesion_detection(mask, truth).found == 1
    assert lesion_detection(mask, truth, overlap=0.1).found == 0
