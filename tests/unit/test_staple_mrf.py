"""STAPLE with a Markov random field: all configurations of a tiny image, symmetries, what it does, bad input."""

import itertools

import numpy as np
import pytest
from scipy.special import expit, logsumexp

from helpers.fusion import staple, staple_mrf

SHAPE = (2, 3, 2)


def crowd(shape=SHAPE, raters=3, seed=0, rate=0.8):
    rng = np.random.default_rng(seed)
    truth = np.indices(shape)[1] < shape[1] // 2 + 1
    return np.where(rng.random((raters, *shape)) < rate, truth, ~truth).astype(np.uint8), truth


def pairs(shape):
    """All pairs of face neighbours, as flat indices."""
    voxels = list(itertools.product(*map(range, shape)))
    return [(i, j) for i, a in enumerate(voxels) for j, b in enumerate(voxels[:i])
            if sum(abs(x - y) for x, y in zip(a, b, strict=True)) == 1]  # fmt: skip


def by_counting(masks, result, g, strength):
    """log p(D, x), but for the constant of the prior, of every x: (2^n,), and every x (2^n, n)."""
    said = masks.reshape(len(masks), -1)
    p, s = result.raters["sensitivity"], result.raters["specificity"]
    every = np.array(list(itertools.product((0, 1), repeat=said.shape[1])))
    lesion, background = (
        np.where(said == 1, *np.log(np.maximum(odds, 1e-300))[:, :, None]).sum(axis=0)
        for odds in ([p, 1 - p], [1 - s, s])
    )
    logs = every @ (lesion + np.log(g)) + (1 - every) @ (background + np.log(1 - g))
    logs += strength * sum(every[:, i] == every[:, j] for i, j in pairs(masks.shape[1:]))
    return logs, every


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("strength", [0.0, 0.3, 0.6])
def test_bound_against_every_configuration(seed, strength):
    masks, _ = crowd(seed=seed)
    result = staple_mrf(masks, strength=strength, tol=1e-12, max_iterations=5000, dtype=np.float64)
    w, g = result.probability.ravel(), masks.mean()
    logs, every = by_counting(masks, result, g, strength)
    q = np.where(every == 1, w, 1 - w).prod(axis=1)
    q_log = np.log(np.maximum(q, 1e-300))
    assert result.objective[-1] == pytest.approx(q @ (logs - q_log), rel=1e-9)
    assert result.objective[-1] <= logsumexp(logs) + 1e-9
    if not strength:
        assert result.objective[-1] == pytest.approx(logsumexp(logs), rel=1e-9)
    assert (np.diff(result.objective) >= -1e-9 * np.abs(result.objective[1:])).all()


@pytest.mark.parametrize("strength", [0.3, 0.6])
def test_each_voxel_is_the_best_for_the_others(strength):
    masks, _ = crowd(seed=1)
    result = staple_mrf(masks, strength=strength, tol=1e-13, max_iterations=5000, dtype=np.float64)
    w, said = result.probability.ravel(), masks.reshape(3, -1)
    p, s, g = result.raters["sensitivity"][:, None], result.raters["specificity"][:, None], masks.mean()
    p, not_p, s, not_s = np.log(np.maximum([p, 1 - p, s, 1 - s], 1e-300))
    odds = np.log(g / (1 - g)) + np.where(said == 1, p - not_s, not_p - s).sum(axis=0)
    for i, j in pairs(SHAPE):
        odds[i] += strength * (2 * w[j] - 1)
        odds[j] += strength * (2 * w[i] - 1)
    assert np.abs(expit(odds) - w).max() < 1e-9
    assert np.allclose(result.raters["sensitivity"], (said @ w) / w.sum(), rtol=1e-9)
    assert np.allclose(result.raters["specificity"], ((1 - said) @ (1 - w)) / (1 - w).sum(), rtol=1e-9)


def test_without_strength_it_is_staple():
    masks, _ = crowd((12, 11, 5), 5)
    a = staple_mrf(masks, strength=0, tol=1e-12, max_iterations=5000, dtype=np.float64)
    b = staple(masks, tol=1e-12, max_iterations=5000, dtype=np.float64)
    assert np.abs(a.probability - b.probability).max() < 1e-9
    for name in ("sensitivity", "specificity"):
        assert np.allclose(a.raters[name], b.raters[name], atol=1e-9)


def test_symmetries_and_that_specks_go():
    masks, truth = crowd((14, 15, 6), 3, rate=0.75)
    options = {"tol": 1e-9, "dtype": np.float64}
    a = staple_mrf(masks, **options)
    assert a.converged and np.allclose(staple_mrf(masks[::-1], **options).probability, a.probability, atol=1e-6)
    assert np.allclose(staple_mrf(1 - masks, **options).probability, 1 - a.probability, atol=1e-6)
    turned = staple_mrf(np.ascontiguousarray(masks[:, ::-1].swapaxes(1, 3)), **options).probability
    assert np.allclose(turned.swapaxes(0, 2)[::-1], a.probability, atol=1e-6)
    wrong = [np.mean((r.probability > 0.5) != truth) for r in (a, staple_mrf(masks, strength=0, **options))]
    assert wrong[0] < 0.5 * wrong[1]


@pytest.mark.parametrize("value", [0, 1])
def test_raters_who_agree(value):
    result = staple_mrf(np.full((3, 4, 4), value, np.uint8))
    assert (result.probability == value).all() and np.isfinite(result.objective).all()


@pytest.mark.parametrize("options, says", [
    ({"strength": -1}, "strength is -1, expected a number of at least 0"),
    ({"prior": 2}, "prior is 2, expected a number above 0 and below 1"),
    ({"max_iterations": 0}, "max_iterations is 0, expected"),
])  # fmt: skip
def test_bad_input_is_one_sentence(options, says):
    with pytest.raises(ValueError, match=f"^{says}.*\\.$"):
        staple_mrf(crowd()[0], **options)
