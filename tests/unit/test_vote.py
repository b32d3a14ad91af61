"""Majority and mean: ties, missing raters, types, memory order, and what must not matter."""

import dataclasses
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from helpers.fusion import Consensus, majority_vote, mean_vote

STACKS = hnp.array_shapes(min_dims=2, max_dims=4, min_side=2, max_side=4).flatmap(
    lambda shape: hnp.arrays(np.int8, shape, elements=st.integers(-1, 1))
)


def by_voxel(masks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Majority and mean with a loop over voxels."""
    won, share = np.full(masks.shape[1:], np.nan), np.full(masks.shape[1:], np.nan)
    for at in np.ndindex(masks.shape[1:]):
        said = [int(mask[at]) for mask in masks if mask[at] != -1]
        if said:
            won[at], share[at] = sum(said) > len(said) / 2, sum(said) / len(said)
    return won, share


@given(STACKS, st.sampled_from("CF"))
def test_against_a_loop_over_voxels(masks, order):
    won, share = by_voxel(masks)
    masks = np.array(masks, order=order)
    before = masks.copy()
    assert np.array_equal(majority_vote(masks).probability, won, equal_nan=True)
    assert np.array_equal(mean_vote(masks).probability, share.astype(np.float32), equal_nan=True)
    assert np.array_equal(masks, before)


@given(STACKS, st.randoms())
def test_order_of_raters_and_names_of_labels(masks, random):
    order = random.sample(range(len(masks)), len(masks))
    assert np.array_equal(mean_vote(masks[order]).probability, mean_vote(masks).probability, equal_nan=True)
    swapped = np.where(masks == -1, -1, 1 - masks).astype(np.int8)
    assert np.allclose(mean_vote(swapped).probability, 1 - mean_vote(masks).probability, atol=1e-6, equal_nan=True)


def test_a_tie_is_background():
    masks = np.array([[1, 1, 0, 0], [1, 0, 1, 0]])
    assert np.array_equal(majority_vote(masks).probability, [1, 0, 0, 0])


def test_a_missing_rater_is_a_rater_less():
    masks = np.random.default_rng(0).random((4, 5, 6)) < 0.5
    for vote in (majority_vote, mean_vote):
        without = vote(masks[[0, 1, 3]]).probability
        assert np.array_equal(vote([masks[0], masks[1], None, masks[3]]).probability, without)


@pytest.mark.parametrize("vote", [majority_vote, mean_vote])
def test_what_is_returned(vote):
    result = vote(np.random.default_rng(0).random((3, 4, 5)) < 0.5)
    assert isinstance(result, Consensus)
    assert [field.name for field in dataclasses.fields(result)] == [
        "probability", "raters", "objective", "iterations", "converged", "maps"
    ]  # fmt: skip
    assert result.probability.dtype == np.float32
    assert result.probability.shape == (4, 5)
    assert result.objective.shape == (0,)
    assert (result.raters, result.maps, result.iterations, result.converged) == ({}, {}, 0, True)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.iterations = 1


def test_more_raters_than_a_byte_counts():
    assert (mean_vote(np.ones((300, 7), bool)).probability == 1).all()
    assert (majority_vote(np.ones((256, 7), np.uint8)).probability == 1).all()


@pytest.mark.parametrize("vote", [majority_vote, mean_vote])
@pytest.mark.parametrize("missing", [False, True])
def test_no_second_copy_of_the_stack(vote, missing):
    """Counts and result take a few bytes a voxel, however many raters there are."""
    masks = np.zeros((40, 1 << 18), np.int8)
    masks[3, :5] = -1 if missing else 0
    tracemalloc.start()
    vote(masks)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12 * (1 << 18)
