"""STAPLE against SimpleITK's filters: the same posterior, the same rates, the same number of iterations."""

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage

from helpers.fusion import staple


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
