"""STAPLE for K labels: two labels are the binary one, loops over voxels, names of labels and order of raters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from helpers.fusion import multilabel_staple, staple

LABELS = hnp.array_shapes(min_dims=2, max_dims=3, min_side=2, max_side=5).flatmap(
    lambda shape: hnp.arrays(np.int16, shape, elements=st.integers(0, 3))
)


def drawn(seed=0, k=4, raters=5, shape=(14, 15)):
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, k, shape)
    right = np.linspace(0.6, 0.9, raters).reshape(-1, 1, 1)
    return np.where(rng.random((raters, *shape)) < right, truth, rng.integers(0, k, (raters, *shape))), truth


def by_voxel(labels, k, tol=1e-7, alpha=1.0):
    """K-label STAPLE with loops, -1 for a rater who did not look."""
    columns = labels.reshape(len(labels), -1).T
    w = np.array([[np.mean(column[column >= 0] == j) for j in range(k)] for column in columns])
    prior = w.mean(axis=0)
    before, rounds = np.inf, 0
    while True:
        confusion = np.full((len(labels), k, k), alpha - 1)
        for t, column in enumerate(columns):
            for r, i in enumerate(column):
                if i >= 0:
                    confusion[r, i] += w[t]
        confusion /= confusion.sum(axis=1, keepdims=True)
        for t, column in enumerate(columns):
            w[t] = prior
            for r, i in enumerate(column):
                if i >= 0:
                    w[t] *= confusion[r, i]
            w[t] /= w[t].sum()
        rounds += 1
        if np.abs(confusion - before).max() <= tol:
            return w.T.reshape(k, *labels.shape[1:]), confusion, rounds - 1
        before = confusion


@pytest.mark.parametrize("alpha", [1.0, 3.5])
@pytest.mark.parametrize("missing", [0, 0.2])
def test_against_loops(alpha, missing):
    labels, _ = drawn(1, k=3, shape=(6, 7))
    labels[np.random.default_rng(0).random(labels.shape) < missing] = -1
    labels[0] = np.maximum(labels[0], 0)
    w, confusion, iterations = by_voxel(labels, 3, alpha=alpha)
    result = multilabel_staple(labels, confusion_prior=alpha, dtype=np.float64)
    assert np.allclose(result.probability, w, rtol=0, atol=1e-9)
    assert np.allclose(result.raters["confusion"], confusion, rtol=0, atol=1e-9)
    assert result.iterations == iterations


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("missing", [0, 0.2])
def test_two_labels_are_the_binary_staple(seed, missing):
    masks, _ = drawn(seed, k=2)
    masks[np.random.default_rng(0).random(masks.shape) < missing] = -1
    two, binary = multilabel_staple(masks, dtype=np.float64), staple(masks, dtype=np.float64)
    assert np.allclose(two.probability[1], binary.probability, rtol=0, atol=1e-12, equal_nan=True)
    assert np.allclose(two.raters["confusion"][:, 1, 1], binary.raters["sensitivity"], rtol=0, atol=1e-12)
    assert np.allclose(two.raters["confusion"][:, 0, 0], binary.raters["specificity"], rtol=0, atol=1e-12)
    assert np.allclose(two.objective, binary.objective, rtol=1e-12)
    assert (two.iterations, two.converged) == (binary.iterations, binary.converged)


@given(LABELS, st.floats(1, 20))
def test_always_distributions_and_the_likelihood_never_falls(labels, alpha):
    result = multilabel_staple(labels, n_classes=4, confusion_prior=alpha, max_iterations=40, dtype=np.float64)
    assert np.allclose(result.probability.sum(axis=0), 1, atol=1e-12)
    assert np.allclose(result.raters["confusion"].sum(axis=1), 1, atol=1e-12)
    assert (result.raters["confusion"] >= 0).all()
    steps = np.diff(result.objective)
    assert (steps >= -1e-12 * np.abs(result.objective[1:]) - 1e-12).all()


def test_names_of_labels_order_of_raters_and_layout():
    labels, _ = drawn()
    rng = np.random.default_rng(0)
    names, order = rng.permutation(4), rng.permutation(5)
    a = multilabel_staple(labels, dtype=np.float64)
    b = multilabel_staple(np.asfortranarray(names[labels][order]).astype(np.uint8), dtype=np.float64)
    assert np.allclose(a.probability, b.probability[names], rtol=0, atol=1e-6)
    renamed = b.raters["confusion"][:, names][:, :, names]
    assert np.allclose(a.raters["confusion"][order], renamed, rtol=0, atol=1e-6)


def test_known_raters_are_found():
    labels, truth = drawn(k=3, shape=(200, 200))
    result = multilabel_staple(labels)
    share = np.linspace(0.6, 0.9, 5) + (1 - np.linspace(0.6, 0.9, 5)) / 3
    assert np.allclose(np.diagonal(result.raters["confusion"], axis1=1, axis2=2), share[:, None], atol=0.02)
    assert (result.probability.argmax(axis=0) == truth).mean() > 0.95


def test_a_start_that_is_a_fixed_point_stays():
    labels, _ = drawn()
    there = multilabel_staple(labels, tol=1e-13, dtype=np.float64)
    again = multilabel_staple(labels, start=there.raters["confusion"], tol=1e-10, dtype=np.float64)
    assert again.iterations == 0
    assert np.allclose(again.probability, there.probability, rtol=0, atol=1e-9)


def test_many_classes_and_a_class_that_nobody_uses():
    labels = np.random.default_rng(0).integers(0, 200, (3, 40, 40))
    assert multilabel_staple(labels).probability.shape == (labels.max() + 1, 40, 40)
    result = multilabel_staple(labels[:, :9] % 3, n_classes=5)
    assert np.allclose(result.raters["confusion"][:, :, 3:], 1 / 5)
    assert (result.probability[3:] == 0).all()
    assert "Nobody gives label 3, 4" in result.raters["warning"][0]


@pytest.mark.parametrize("value", [0, 2])
def test_one_value_everywhere_is_finite(value):
    result = multilabel_staple(np.full((3, 4, 5), value), n_classes=3)
    assert (result.probability[value] == 1).all()
    assert np.isfinite(result.raters["confusion"]).all()
    assert "never disagree" in result.raters["warning"][0]
    assert "One rater" in multilabel_staple(np.full((1, 4, 5), value)).raters["warning"][0]


def test_two_raters_are_told_that_they_are_too_few():
    labels, _ = drawn()
    holes = labels.copy()
    holes[2:] = -1
    for two in (labels[:2], holes):
        assert all("Two raters" in sentence for sentence in multilabel_staple(two).raters["warning"])
        assert len(multilabel_staple(two).raters["warning"]) == len(two)
    assert "warning" not in multilabel_staple(labels[:3]).raters


GOOD = np.zeros((3, 4, 5), int)


@pytest.mark.parametrize("labels, options, says", [
    (GOOD + 3, {"n_classes": 3}, "labels holds values from 3 to 3, expected 0 to 2, or -1"),
    (GOOD - 2, {}, "labels holds values from -2 to -2"),
    (GOOD + 255, {}, "labels hold values up to 255, expected at most 254"),
    (GOOD + 0.5, {}, "labels holds float64"),
    (GOOD, {"n_classes": 1}, "n_classes is 1, expected a whole number from 2 to 255"),
    (GOOD, {"prior": (0.5, 0.6)}, r"prior is \(0.5, 0.6\), expected 2 numbers from 0 that sum to 1"),
    (GOOD, {"confusion_prior": 0.5}, "confusion_prior is 0.5, expected a number from 1"),
    (GOOD, {"start": np.ones((3, 2))}, r"start is an array of shape \(3, 2\), expected"),
    (np.zeros((17, 4), int), {"n_classes": 16}, r"masks has shape \(17, 4\): 17 raters, .* 16 of them at 4 bit"),
])  # fmt: skip
def test_bad_input_is_one_sentence(labels, options, says):
    with pytest.raises(ValueError, match="^" + says):
        multilabel_staple(labels, **options)
