"""Entropy error, composite score and RMSE of confusion matrices: by hand, invariances, refusals."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from helpers.measure import composite_score, confusion_rmse, entropy, entropy_errors, entropy_mae

MAPS = hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=3, max_side=4), elements=st.floats(0, 1))


def test_entropy_error_by_hand():
    """One voxel at 0.5 is 0.5 ln 2 of foreground entropy, and ln 2 of both terms."""
    predicted, raters = [[0.5, 0.0], [0.5, 0.5]], [[0.5, 0.5], [1.0, 0.0]]
    assert np.allclose(entropy_errors(predicted, raters), [0.5 * math.log(2), math.log(2)], atol=1e-15)
    assert entropy_mae(predicted, raters) == pytest.approx(0.75 * math.log(2), abs=1e-15)
    assert entropy_mae(predicted, raters, terms="both", unit="bits") == pytest.approx(1.5, abs=1e-15)


@given(MAPS)
def test_entropy_error_of_patients(maps):
    raters = np.full_like(maps, 0.5)
    errors = entropy_errors(maps, raters)
    assert np.allclose(errors, [abs(entropy(p) - entropy(y)) for p, y in zip(maps, raters, strict=True)], atol=1e-12)
    assert np.allclose(entropy_errors(maps[::-1], raters), errors[::-1], atol=1e-12)
    assert entropy_mae(raters, raters) == 0


def test_maps_of_unequal_size_are_one_number_each():
    assert len(entropy_errors([np.full((2, 3), 0.5), np.full(4, 0.1)], [np.zeros((2, 3)), np.full(4, 0.2)])) == 2


def test_composite_by_hand():
    """Three candidates at 1, 2, 3: mean 2, deviation sqrt(2/3), z = -sqrt(1.5), 0, sqrt(1.5)."""
    scores = {"dice": [1, 2, 3], "precision": [3, 2, 1], "recall": [10, 20, 30], "avd": [0.3, 0.2, 0.1]}
    assert np.allclose(composite_score(scores), math.sqrt(1.5) * np.array([-2, 0, 2]), atol=1e-12)
    assert np.allclose(composite_score(scores, {"avd": -1}), math.sqrt(1.5) * np.array([-1, 0, 1]), atol=1e-12)
    scores["dice"] = [7, 7, 7]
    assert np.allclose(composite_score(scores), math.sqrt(1.5) * np.array([-1, 0, 1]), atol=1e-12)


def test_composite_is_over_candidates_and_cases_together():
    """A case hard for everybody stays low; scale and offset of a measure do not matter; the sum is zero."""
    rng = np.random.default_rng(0)
    scores = {name: rng.random((6, 20)) for name in ("dice", "precision", "recall", "avd")}
    for name, sign in (("dice", -1), ("precision", -1), ("recall", -1), ("avd", 1)):
        scores[name][:, 3] += 5 * sign
    total = composite_score(scores)
    assert total.shape == (6, 20)
    assert (total[:, 3] < np.delete(total, 3, axis=1).min()).all()
    assert total.sum() == pytest.approx(0, abs=1e-10)
    assert total[2, 5] == pytest.approx(sum(
        sign * (x[2, 5] - x.mean()) / x.std() for x, sign in zip(scores.values(), (1, 1, 1, -1), strict=True)))
    scores["avd"] = 100 * scores["avd"] + 3
    assert np.allclose(composite_score(scores), total, atol=1e-10)


def stochastic(seed: int, raters: int = 4, k: int = 3) -> np.ndarray:
    """(R, K, K), columns summing to one."""
    matrices = np.random.default_rng(seed).random((raters, k, k))
    return matrices / matrices.sum(axis=1, keepdims=True)


def test_confusion_rmse_by_hand():
    """A perfect rater against one that errs by 0.2 and 0.1: differences +-0.2 twice, +-0.1 twice."""
    true, found = np.eye(2)[None], np.array([[[0.8, 0.1], [0.2, 0.9]]])
    assert confusion_rmse(found, true) == pytest.approx(math.sqrt((2 * 0.04 + 2 * 0.01) / 4), abs=1e-15)
    assert confusion_rmse(true, true) == 0
    unseen = np.array([[[1.0, np.nan], [0.0, np.nan]]])  # class 1 never occurs
    assert confusion_rmse(found, unseen) == pytest.approx(0.2, abs=1e-15)


def test_confusion_rmse_is_over_raters_and_true_classes_alike():
    found, true = stochastic(0), stochastic(1)
    assert confusion_rmse(found, true) == pytest.approx(math.sqrt(((found - true) ** 2).mean()), abs=1e-15)
    assert confusion_rmse(found, true) == confusion_rmse(true, found)
    assert confusion_rmse(found[::-1], true[::-1]) == pytest.approx(confusion_rmse(found, true), abs=1e-15)
    assert confusion_rmse(found.astype(np.float32), found) < 1e-7
    assert confusion_rmse(found[:, ::-1, ::-1], true) != pytest.approx(confusion_rmse(found, true), abs=1e-3)


SOFT, COLUMNS = [[0.5, 0.5]], stochastic(0)


@pytest.mark.parametrize("call, says", [
    (lambda: entropy_mae(SOFT, [[0, 1]]), "raters_mean holds only 0 and 1, expected the mean"),
    (lambda: entropy_mae(SOFT, SOFT * 2), "predicted and raters_mean hold 1 and 2 maps"),
    (lambda: entropy_mae([], []), "predicted and raters_mean hold 0 and 0 maps"),
    (lambda: entropy_mae(SOFT, [[0.5]]), "raters_mean[0] has shape (1,), expected (2,)"),
    (lambda: entropy_mae([[0.5, 1.5]], SOFT), "predicted[0] holds values from 0.5 to 1.5"),
    (lambda: entropy_mae(SOFT, [[0.5, np.nan]]), "raters_mean[0] holds NaN"),
    (lambda: composite_score({"dice": [1, 2]}), "scores has no 'precision', expected"),
    (lambda: composite_score({"dice": [1, 2]}, {}), "weights is empty, expected"),
    (lambda: composite_score({"dice": [1]}, {"dice": 1}), "scores['dice'] has shape (1,), expected"),
    (lambda: composite_score({"a": [1, 2], "b": [1, 2, 3]}, {"a": 1, "b": 1}), "scores['b'] has shape (3,), expected"),
    (lambda: composite_score({"a": [1, np.inf]}, {"a": 1}), "scores['a'] holds NaN or infinity, expected"),
    (lambda: confusion_rmse(COLUMNS[0], COLUMNS), "estimated has shape (3, 3), expected (R, K, K)."),
    (lambda: confusion_rmse(COLUMNS[1:], COLUMNS), "estimated has shape (3, 3, 3), expected (4, 3, 3)"),
    (lambda: confusion_rmse(COLUMNS.transpose(0, 2, 1), COLUMNS), "estimated has a column that sums to"),
    (lambda: confusion_rmse(COLUMNS, COLUMNS / 3), "true has a column that sums to 0.3333, expected 1"),
    (lambda: confusion_rmse(COLUMNS, COLUMNS * np.nan), "true holds only NaN, expected"),
    (lambda: confusion_rmse(COLUMNS * np.nan, COLUMNS), "estimated holds NaN or numbers below 0, expected"),
    (lambda: confusion_rmse(COLUMNS - 1, COLUMNS), "estimated holds NaN or numbers below 0, expected"),
])  # fmt: skip
def test_refusals(call, says):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value).startswith(says)
    assert str(caught.value).endswith(".")
    assert ", expected " in str(caught.value)
