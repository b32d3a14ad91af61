"""Dice, precision, recall and volume differences: closed forms, conventions, symmetries."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from helpers.measure import avd, dice, precision, recall, rvd

SHAPES = hnp.array_shapes(min_dims=1, max_dims=4, max_side=6)
PAIRS = SHAPES.flatmap(lambda shape: st.tuples(hnp.arrays(bool, shape), hnp.arrays(bool, shape)))
EMPTY = np.zeros((3, 4), bool)
FULL = ~EMPTY


def test_by_hand():
    truth = np.array([1, 1, 1, 1, 0, 0, 0, 0])
    mask = np.array([0, 0, 1, 1, 1, 0, 0, 0])
    assert dice(mask, truth) == 4 / 7
    assert precision(mask, truth) == 2 / 3
    assert recall(mask, truth) == 1 / 2
    assert rvd(mask, truth) == 1 / 4  # one voxel of four too few: positive
    assert rvd(truth, mask) == -1 / 3
    assert avd(truth, mask) == 1 / 3


def test_two_empty_masks_agree():
    assert dice(EMPTY, EMPTY) == precision(EMPTY, EMPTY) == recall(EMPTY, EMPTY) == 1.0
    assert rvd(EMPTY, EMPTY) == avd(EMPTY, EMPTY) == 0.0


def test_one_empty_mask():
    assert dice(EMPTY, FULL) == dice(FULL, EMPTY) == 0.0
    assert math.isnan(precision(EMPTY, FULL))
    assert recall(EMPTY, FULL) == 0.0
    assert precision(FULL, EMPTY) == 0.0
    assert math.isnan(recall(FULL, EMPTY))
    assert rvd(EMPTY, FULL) == avd(EMPTY, FULL) == 1.0
    assert rvd(FULL, EMPTY) == -math.inf
    assert avd(FULL, EMPTY) == math.inf


@given(PAIRS)
def test_properties(pair):
    a, b = pair
    assert dice(a, b) == dice(b, a)
    assert 0 <= dice(a, b) <= 1
    assert dice(a, a) == 1
    assert (dice(a, b) == 1) == np.array_equal(a, b)
    if a.any() and b.any():
        assert precision(a, b) == recall(b, a)
        p, r = precision(a, b), recall(a, b)
        assert (dice(a, b) == 0) == (p == 0)
        if p:
            assert math.isclose(dice(a, b), 2 * p * r / (p + r), rel_tol=1e-14)
        assert rvd(a, b) == 1 - a.sum() / b.sum() or math.isclose(rvd(a, b), 1 - a.sum() / b.sum(), abs_tol=1e-14)


@given(PAIRS, st.sampled_from("CF"), st.sampled_from("CF"))
def test_memory_order_changes_nothing(pair, order_a, order_b):
    a, b = pair
    x, y = np.array(a, np.int32, order=order_a), np.array(b, np.uint8, order=order_b)
    assert dice(x, y) == dice(a, b)
    assert dice(x[..., ::-1], y[..., ::-1]) == dice(a, b)


@pytest.mark.parametrize("n", [(1 << 18) - 1, 1 << 18, (1 << 18) + 1, 3 * (1 << 18) + 5])
def test_chunk_borders(n):
    rng = np.random.default_rng(n)
    a, b = rng.random((2, n)) < 0.3
    assert dice(a, b) == 2 * (a & b).sum() / (a.sum() + b.sum())
