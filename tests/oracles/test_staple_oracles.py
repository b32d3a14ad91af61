"""STAPLE against SimpleITK's filters: the same posterior, the same rates, the same number of iterations."""

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from helpers.fusion import multilabel_staple, staple


def drawn(seed: int, raters: int, shape=(21, 18, 15)) -> np.ndarray:
    """(R, *shape) uint8: one smooth shape, drawn with another wobble by every rater."""
    rng = np.random.default_rng([11, seed])
    truth = ndimage.gaussian_filter(rng.normal(size=shape), 2)
    wobble = ndimage.gaussian_filter(rng.normal(size=(raters, *shape)), (0, 1, 1, 1))
    offset = rng.normal(0, 0.3, (raters, 1, 1, 1))
    return (truth / truth.std() + 0.5 * wobble / wobble.std() + offset > 1).astype(np.uint8)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("confidence", [1.0, 0.3])
def test_staple_is_simpleitks(seed, confidence):
    masks = drawn(seed, raters=2 + seed)
    oracle = sitk.STAPLEImageFilter()
    oracle.SetForegroundValue(1)
    oracle.SetConfidenceWeight(confidence)
    probability = sitk.GetArrayFromImage(oracle.Execute([sitk.GetImageFromArray(mask) for mask in masks]))
    result = staple(masks, confidence=confidence, dtype=np.float64)
    assert np.abs(result.probability - probability).max() <= 1e-9
    assert result.iterations == oracle.GetElapsedIterations()
    assert np.abs(result.raters["sensitivity"] - oracle.GetSensitivity()).max() <= 1e-9
    assert np.abs(result.raters["specificity"] - oracle.GetSpecificity()).max() <= 1e-9


def test_what_simpleitk_makes_of_an_empty_image():
    """The filter divides by zero; ours says so instead."""
    masks = np.zeros((3, 6, 6, 6), np.uint8)
    theirs = sitk.GetArrayFromImage(sitk.STAPLE([sitk.GetImageFromArray(mask) for mask in masks], 1.0, 1))
    assert np.isnan(theirs).all()
    result = staple(masks)
    assert (result.probability == 0).all()
    assert all("Nobody marked anything" in sentence for sentence in result.raters["warning"])


def voted_matrices(labels: np.ndarray, k: int) -> np.ndarray:
    """Where SimpleITK's multi-label filter starts: labels against the majority's, each row divided by its sum.

    Rows, not columns: the filter starts from P(majority | observed) and uses it as P(observed | true).
    """
    votes = (labels == np.arange(k).reshape(-1, 1, 1, 1, 1)).sum(axis=1)  # (K, *space)
    best = votes.argmax(axis=0)
    decided = (votes == votes.max(axis=0)).sum(axis=0) == 1
    shared = np.array([[[((label == i) & (best == j) & decided).sum() for j in range(k)] for i in range(k)]
                       for label in labels], float)  # fmt: skip
    return shared / np.maximum(shared.sum(axis=2, keepdims=True), 1)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("k", [2, 3, 5])
def test_multilabel_staple_is_simpleitks_from_its_start(seed, k):
    """The filter hands out confusion matrices and labels; its threshold is 1e-5 on the largest change."""
    rng = np.random.default_rng([13, seed])
    field = ndimage.gaussian_filter(rng.random((16, 17, 18)), 1.5)
    truth = np.searchsorted(np.quantile(field, np.arange(1, k) / k), field)
    labels = np.where(rng.random((5, *truth.shape)) < 0.75, truth, rng.integers(0, k, (5, *truth.shape)))
    oracle = sitk.MultiLabelSTAPLEImageFilter()
    theirs = sitk.GetArrayFromImage(oracle.Execute([sitk.GetImageFromArray(x.astype(np.uint8)) for x in labels]))
    start = voted_matrices(labels, k)
    result = multilabel_staple(labels, start=start, tol=oracle.GetTerminationUpdateThreshold(), dtype=np.float64)
    for r in range(len(labels)):
        matrix = np.reshape(oracle.GetConfusionMatrix(r), (k + 1, k))
        assert np.abs(result.raters["confusion"][r] - matrix[:k]).max() <= 1e-5
    clear = np.sort(result.probability, axis=0)[-1] - np.sort(result.probability, axis=0)[-2] > 1e-5
    assert np.array_equal(result.probability.argmax(axis=0)[clear], theirs[clear])
    assert clear.mean() > 0.9
