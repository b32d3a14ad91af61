"""Paired tests: small exact cases counted by hand, signs, seeds, and how often the interval holds the truth."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from helpers.measure import paired_test


def by_enumeration(difference: np.ndarray) -> float:
    """Two-sided signed-rank p over all 2**n signs, mean ranks for ties, zeros dropped."""
    difference = difference[difference != 0]
    size = np.abs(difference)
    ranks = np.array([(size < x).sum() + ((size == x).sum() + 1) / 2 for x in size])
    middle = ranks.sum() / 2
    seen = abs(ranks[difference > 0].sum() - middle)
    every = [abs(ranks[np.array(s)].sum() - middle) for s in itertools.product([False, True], repeat=len(size))]
    return float(np.mean(np.array(every) >= seen - 1e-9))


def test_all_five_better():
    result = paired_test([2.0, 3.0, 4.0, 5.0, 6.0], [1.0, 1.0, 1.0, 1.0, 1.0])
    assert (result.difference, result.n, result.p) == (3.0, 5, 2 / 2**5)
    assert 1 <= result.low < 3 < result.high <= 5
    assert str(result).startswith("+3.0000 [")


@given(hnp.arrays(np.int8, st.integers(2, 9), elements=st.integers(-4, 4)))
def test_p_is_exact_with_ties_and_zeros(difference):
    p = paired_test(difference, np.zeros(len(difference))).p
    assert p == pytest.approx(by_enumeration(difference) if difference.any() else 1.0, abs=1e-12)


def test_equal_scores():
    result = paired_test(np.ones(4), np.ones(4))
    assert (result.difference, result.low, result.high, result.p) == (0, 0, 0, 1)


def test_exchange_and_seed():
    a, b = np.random.default_rng(1).random((2, 20))
    one, other = paired_test(a, b), paired_test(b, a)
    assert one == paired_test(a, b, seed=0)
    assert (one.low, one.high) != (paired_test(a, b, seed=1).low, paired_test(a, b, seed=1).high)
    assert other.difference == -one.difference
    assert other.p == pytest.approx(one.p, rel=1e-12)
    assert other.low == pytest.approx(-one.high, abs=1e-12)  # the same cases are drawn


def test_interval_is_that_of_a_normal_mean():
    """Quantiles are 1.96 standard errors off; estimated from 10,000 draws they stray by a few percent."""
    values = np.random.default_rng(2).normal(size=400)
    result = paired_test(values, np.zeros(400))
    half = 1.96 * values.std() / 20
    assert result.difference - result.low == pytest.approx(half, rel=0.1)
    assert result.high - result.difference == pytest.approx(half, rel=0.1)


def test_many_cases_in_blocks():
    values = np.random.default_rng(4).normal(size=3000) + 0.1
    result = paired_test(values, np.zeros(3000))
    assert result.low < result.difference < result.high
    assert result.p < 0.01


def test_cases_that_did_not_move_are_dropped():
    """Still exact with more than 13 cases: p is that of the cases that moved."""
    difference = np.random.default_rng(5).normal(0.3, 1, size=18)
    padded = np.concatenate([difference, np.zeros(4)])
    one, other = paired_test(difference, np.zeros(18)), paired_test(padded, np.zeros(22))
    assert other.p == one.p
    assert (one.n, other.n) == (18, 22)
