"""Spatial STAPLE: loops over windows, the whole image as window, a rater who is bad in one half."""

import tracemalloc

import numpy as np
import pytest
from scipy import ndimage

from helpers.fusion import majority_vote, spatial_staple, staple
from helpers.fusion.window import window_sum
from helpers.measure import dice


def drawn(seed=0, shape=(16, 17, 6), raters=4):
    rng = np.random.default_rng(seed)
    truth = rng.random(shape) < 0.25
    wrong = rng.random((raters, *shape)) < np.linspace(0.05, 0.2, raters).reshape(-1, *(1,) * len(shape))
    return (truth ^ wrong).astype(np.uint8), truth


@pytest.mark.parametrize("window, spacing", [(5, None), ((3, 8, 1), (1, 2, 0.4)), (1, None), (100, None)])
def test_box_sums_against_loops(window, spacing):
    """A voxel belongs to the box if it is at most half the window away along each axis."""
    image = np.random.default_rng(0).random((7, 6, 5))
    spacing = spacing or (1.0, 1.0, 1.0)
    found = window_sum(window, "box", image.shape, spacing)(image)
    half = np.broadcast_to(window, 3) / 2
    everywhere = np.stack(np.meshgrid(*(np.arange(n) for n in image.shape), indexing="ij"))
    for at in np.ndindex(image.shape):
        away = np.abs(everywhere - np.reshape(at, (3, 1, 1, 1))) * np.reshape(spacing, (3, 1, 1, 1))
        near = (away <= half.reshape(3, 1, 1, 1) + 1e-9).all(axis=0)
        assert found[at] == pytest.approx(image[near].sum(), abs=1e-12)


def test_gaussian_sums_weigh_the_middle_by_one():
    image = np.zeros((31, 33))
    image[15, 16] = 1
    found = window_sum(9.0, "gaussian", image.shape, (1.0, 1.0))(image)
    assert found[15, 16] == pytest.approx(1, abs=1e-12)
    assert found[15, 17] == pytest.approx(np.exp(-0.5 / (81 / 12)), rel=1e-12)
    assert found[12, 20] == pytest.approx(np.exp(-0.5 * 25 / (81 / 12)), rel=1e-12)


@pytest.mark.parametrize("window", [np.inf, 1000, (31, 33, 11)])
@pytest.mark.parametrize("missing", [0, 0.2])
def test_a_window_as_wide_as_the_image_is_staple(window, missing):
    masks = drawn()[0].astype(np.int8)
    masks[np.random.default_rng(0).random(masks.shape) < missing] = -1
    expected = staple(masks, tol=1e-12, dtype=np.float64)
    result = spatial_staple(masks, window=window, tol=1e-12, dtype=np.float64)
    assert np.allclose(result.probability, expected.probability, rtol=0, atol=1e-9, equal_nan=True)
    for name in ("sensitivity", "specificity"):
        assert np.allclose(result.raters[name], expected.raters[name], rtol=0, atol=1e-9)
        assert result.maps[name].shape == masks.shape
        assert np.allclose(result.maps[name], expected.raters[name].reshape(-1, 1, 1, 1), rtol=0, atol=1e-9)


def test_much_shrinkage_is_staple():
    masks, _ = drawn()
    result = spatial_staple(masks, window=5, shrinkage=1e9, tol=1e-12, dtype=np.float64)
    assert np.allclose(result.probability, staple(masks, tol=1e-12, dtype=np.float64).probability, rtol=0, atol=1e-6)


@pytest.mark.parametrize("missing", [0, 0.2])
def test_against_loops(missing):
    """Two rounds, window by window: the first from the mean vote."""
    masks = drawn(3, (6, 5), 3)[0].astype(np.int8)
    masks[np.random.default_rng(0).random(masks.shape) < missing] = -1
    masks[0] = np.maximum(masks[0], 0)
    w = np.ma.masked_less(masks, 0).mean(axis=0).data
    g = w.mean()
    for _ in range(2):
        fused = np.empty_like(w)
        for i, j in np.ndindex(w.shape):
            a, b = g, 1 - g
            box = slice(max(i - 1, 0), i + 2), slice(max(j - 1, 0), j + 2)
            for mask in masks:
                seen, near, said, weight = mask >= 0, mask[box] >= 0, mask[box], w[box]
                p = (w * (mask == 1)).sum() / (w * seen).sum()
                s = ((1 - w) * (mask == 0)).sum() / ((1 - w) * seen).sum()
                p = ((weight * (said == 1)).sum() + 0.5 * 9 * p) / ((weight * near).sum() + 0.5 * 9)
                s = (((1 - weight) * (said == 0)).sum() + 0.5 * 9 * s) / (((1 - weight) * near).sum() + 0.5 * 9)
                a *= {1: p, 0: 1 - p, -1: 1}[int(mask[i, j])]
                b *= {1: 1 - s, 0: s, -1: 1}[int(mask[i, j])]
            fused[i, j] = a / (a + b)
        w = fused
    result = spatial_staple(masks, window=3, shrinkage=0.5, max_iterations=2, dtype=np.float64)
    assert np.allclose(result.probability, w, rtol=0, atol=1e-12)
    assert (result.iterations, result.converged, len(result.objective)) == (2, False, 2)


@pytest.mark.parametrize("kernel", ["box", "gaussian"])
@pytest.mark.parametrize("seed", range(3))
def test_raters_who_are_good_in_their_own_place(kernel, seed):
    """Two of five are good in each strip: global rates are all alike, local ones show who to believe where."""
    rng = np.random.default_rng(seed)
    truth = ndimage.gaussian_filter(rng.normal(size=(60, 100)), 1.5) > 0.03
    strip = np.arange(100) // 20
    good = np.array([(strip == r) | (strip == (r + 1) % 5) for r in range(5)])  # (R, 100)
    wrong = rng.random((5, 60, 100)) < np.where(good, 0.03, 0.35)[:, None]
    masks = (truth ^ wrong).astype(np.uint8)
    result = spatial_staple(masks, window=15, shrinkage=0.3, kernel=kernel)
    for r in range(5):
        for rates in result.maps.values():
            assert rates[r][:, good[r]].mean() > rates[r][:, ~good[r]].mean() + 0.05
    found = dice(result.probability > 0.5, truth)
    assert found > dice(staple(masks).probability > 0.5, truth) + 0.02
    assert found > dice(majority_vote(masks).probability > 0.5, truth) + 0.02


def test_order_of_raters_swap_of_labels_and_layout():
    masks, _ = drawn()
    a = spatial_staple(masks, window=7, tol=1e-9, dtype=np.float64)
    b = spatial_staple(np.asfortranarray(masks[[2, 0, 3, 1]]), window=7, tol=1e-9, dtype=np.float64)
    c = spatial_staple(1 - masks, window=7, tol=1e-9, dtype=np.float64)
    assert np.allclose(a.probability, b.probability, rtol=0, atol=1e-7)
    assert np.allclose(a.maps["sensitivity"][[2, 0, 3, 1]], b.maps["sensitivity"], rtol=0, atol=1e-7)
    assert np.allclose(a.probability, 1 - c.probability, rtol=0, atol=1e-7)
    assert np.allclose(a.maps["sensitivity"], c.maps["specificity"], rtol=0, atol=1e-7)


@pytest.mark.parametrize("shrinkage", [0, 1])
@pytest.mark.parametrize("value", [0, 1])
def test_one_value_everywhere_and_empty_corners_are_finite(shrinkage, value):
    masks = np.full((3, 20, 20), value, np.uint8)
    result = spatial_staple(masks, window=5, shrinkage=shrinkage)
    assert np.allclose(result.probability, value)
    assert all(result.raters["warning"])
    masks[:, 3:6, 3:6] = 1 - value
    masks[0, 3, 3] = value
    result = spatial_staple(masks, window=5, shrinkage=shrinkage)
    for values in (result.probability, *result.maps.values(), *result.raters.values()):
        assert ((values >= 0) & (values <= 1)).all()


def test_nobody_looked_is_nan():
    masks = drawn()[0].astype(np.int8)
    masks[:, 3:5] = -1
    result = spatial_staple(masks, window=5)
    assert np.isnan(result.probability[3:5]).all()
    assert np.isfinite(np.delete(result.probability, (3, 4), axis=0)).all()


def test_memory_is_that_of_the_maps_not_of_the_windows():
    masks, _ = drawn(0, (40, 40, 40), 6)
    tracemalloc.start()
    spatial_staple(masks, window=15, max_iterations=3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * masks[0].size * (6 + 20)  # two maps of float32 per rater, and twenty of float64 to work with


GOOD = np.zeros((3, 4, 5), np.uint8)


@pytest.mark.parametrize("masks, options, says", [
    (GOOD + 2, {}, "masks holds values from 2 to 2"),
    (GOOD, {"window": 0}, "window is 0, expected a number above 0, or 2 of them"),
    (GOOD, {"window": (1, 2, 3)}, r"window is \(1, 2, 3\), expected"),
    (GOOD, {"window": float("nan")}, "window is nan"),
    (GOOD, {"window": np.inf, "kernel": "gaussian"}, "window is inf, expected finite numbers for a Gaussian"),
    (GOOD, {"kernel": "disc"}, "kernel is 'disc', expected 'box' or 'gaussian'"),
    (GOOD, {"shrinkage": -1}, "shrinkage is -1, expected"),
    (GOOD, {"spacing": (1, 1, 1)}, r"spacing is \(1, 1, 1\), expected 2 numbers"),
    (GOOD, {"prior": 1}, "prior is 1, expected"),
])  # fmt: skip
def test_bad_input_is_one_sentence(masks, options, says):
    with pytest.raises(ValueError, match="^" + says):
        spatial_staple(masks, **{"window": 3, **options})
