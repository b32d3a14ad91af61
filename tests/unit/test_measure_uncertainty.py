"""Entropy: closed forms, units, and the map of a vote against the map of its share."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from helpers.fusion import mean_vote
from helpers.measure import entropy, entropy_map, voxel_entropy

SHARES = hnp.arrays(np.float64, hnp.array_shapes(max_side=5), elements=st.floats(0, 1))


def test_by_hand():
    assert entropy([0.5]) == pytest.approx(0.5 * math.log(2), rel=1e-15)
    assert entropy([0.5], terms="both") == pytest.approx(math.log(2), rel=1e-15)
    assert entropy([0.5, 0.5], terms="both", unit="bits") == pytest.approx(2.0, rel=1e-15)
    assert entropy([0.1]) == pytest.approx(0.23025850929940458, rel=1e-14)
    assert entropy([0.9]) == pytest.approx(0.09482446409204371, rel=1e-14)
    assert entropy([0, 1, 1, 0]) == entropy([0, 1], terms="both") == 0.0
    assert np.allclose(voxel_entropy(np.array([0, 0.5, 1, 0.25])), [0, 1, 0, 0.8112781244591328], atol=1e-15)


@given(SHARES)
def test_properties(p):
    whole = voxel_entropy(p)
    assert whole.shape == p.shape
    assert (whole >= 0).all()
    assert (whole <= 1 + 1e-15).all()
    assert np.allclose(whole, voxel_entropy(1 - p), atol=1e-12)
    assert entropy(p, terms="both") == pytest.approx(whole.sum() * math.log(2), abs=1e-12)
    assert entropy(p, unit="bits") == pytest.approx(entropy(p) / math.log(2), rel=1e-14)
    assert entropy(p) <= entropy(p, terms="both") + 1e-12


@given(hnp.array_shapes(min_dims=2, max_dims=4, min_side=2, max_side=4).flatmap(
    lambda shape: hnp.arrays(np.int8, shape, elements=st.integers(-1, 1))), st.sampled_from("CF"))  # fmt: skip
def test_map_of_a_vote_is_the_entropy_of_its_share(masks, order):
    share = mean_vote(masks).probability
    seen = ~np.isnan(share)
    result = entropy_map(np.array(masks, order=order))
    assert result.dtype == np.float32
    assert np.array_equal(~np.isnan(result), seen)
    if seen.any():  # float32 shares: their error times the slope of the entropy, at most log2(R) near R = 4
        assert np.allclose(result[seen], voxel_entropy(share[seen].astype(float)), atol=1e-6)


def test_map_does_not_care_who_voted_or_which_label_is_which():
    masks = np.random.default_rng(3).random((5, 6, 7)) < 0.5
    assert np.array_equal(entropy_map(masks), entropy_map(masks[::-1]))
    assert np.allclose(entropy_map(masks), entropy_map(~masks), atol=1e-7)
    assert np.allclose(entropy_map(masks, unit="nats"), entropy_map(masks) * math.log(2), atol=1e-7)
    assert entropy_map(masks[:4]).max() == 1.0  # two against two
