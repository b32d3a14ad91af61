"""Algorithm 1: closed-form fixed points, loops over voxels, several fixed points, and what it must not touch."""

import numpy as np
import pytest

from helpers.fusion import learned_soft_staple, soft_posterior, staple

P, S, G = np.array([0.9, 0.8, 0.7]), np.array([0.95, 0.9, 0.85]), 0.1


def stacks(*voxels: str) -> tuple[np.ndarray, np.ndarray]:
    """Masks and rims from one word per voxel: i inside, r rim, o outside."""
    said = np.array([list(voxel) for voxel in voxels]).T
    return (said == "i").astype(np.uint8), (said == "r").astype(np.uint8)


def drawn(seed=0, raters=4, shape=(15, 16, 4)):
    rng = np.random.default_rng(seed)
    truth = rng.random(shape) < 0.2
    masks = rng.random((raters, *shape)) < np.where(truth, 0.85, 0.08)
    return masks, ~masks & (rng.random(masks.shape) < 0.2)


def by_voxel(masks, rims, p, s, g, start=0.3, tol=1e-13):
    """Algorithm 1 with a loop over voxels."""
    w, learned = np.empty(masks.shape[1:]), np.empty(masks.shape)
    for at in np.ndindex(w.shape):
        rim = rims[(slice(None), *at)] == 1
        q = np.where(rim, start, masks[(slice(None), *at)].astype(float))
        before = np.inf
        for _ in range(100_000):
            now = soft_posterior(q[:, None], p, s, g, dtype=np.float64)[0]
            if abs(now - before) <= tol or not rim.any():
                break
            q, before = np.where(rim, now * p + (1 - now) * (1 - s), q), now
        w[at], learned[(slice(None), *at)] = now, q
    return w, learned


def test_closed_form_fixed_points():
    masks, rims = stacks("iro", "iir", "iii", "ooo")
    result = learned_soft_staple(masks, rims, prior=G, sensitivity=P, specificity=S, tol=1e-14, dtype=np.float64)
    assert np.allclose(result.probability, [12 / 29, 16 / 17, 0.986784141, 0.000916485], rtol=0, atol=5e-10)
    assert result.probability[0] == pytest.approx(12 / 29, abs=1e-12)
    assert result.probability[1] == pytest.approx(16 / 17, abs=1e-12)
    expected = 12 / 29 * P[1] + 17 / 29 * (1 - S[1])
    assert result.maps["learned_soft"][1, 0] == pytest.approx(expected, abs=1e-12)
    assert result.converged


@pytest.mark.parametrize("start", [0.3, 0.9])
def test_against_loops(start):
    masks, rims = drawn(shape=(6, 7))
    rates = staple(masks, dtype=np.float64).raters
    p, s = rates["sensitivity"], rates["specificity"]
    result = learned_soft_staple(masks, rims, start=start, tol=1e-13, dtype=np.float64)
    w, learned = by_voxel(masks, rims, p, s, masks.mean(), start)
    assert np.allclose(result.probability, w, rtol=0, atol=1e-9)
    assert np.allclose(result.maps["learned_soft"], learned, rtol=0, atol=1e-9)
    assert np.allclose(result.raters["sensitivity"], p, rtol=0, atol=1e-12)


def test_the_end_is_a_fixed_point_and_only_rims_are_learned():
    masks, rims = drawn()
    result = learned_soft_staple(masks, rims, tol=1e-13, dtype=np.float64)
    p, s = result.raters["sensitivity"], result.raters["specificity"]
    learned, w = result.maps["learned_soft"], result.probability
    assert np.array_equal(learned[~rims], masks[~rims])
    again = soft_posterior(learned, p, s, masks.mean(), dtype=np.float64)
    assert np.abs(again - w).max() <= 1e-12
    opinion = w * p.reshape(-1, 1, 1, 1) + (1 - w) * (1 - s.reshape(-1, 1, 1, 1))
    assert np.abs(learned - opinion)[rims].max() <= 1e-11


def test_without_rims_it_is_staple():
    masks, rims = drawn()
    result, expected = learned_soft_staple(masks, rims & False), staple(masks)
    assert np.allclose(result.probability, expected.probability, rtol=0, atol=1e-7)
    assert (result.iterations, result.converged, len(result.objective)) == (0, True, 0)


def test_the_start_decides_between_fixed_points():
    """Five reliable raters, all on the rim: nobody decided, so they talk each other into yes or no."""
    masks, rims = stacks("rrrrr")
    rates = {"sensitivity": [0.95] * 5, "specificity": [0.95] * 5, "prior": 0.5, "dtype": np.float64}
    low, high = (learned_soft_staple(masks, rims, start=start, **rates).probability[0] for start in (0.01, 0.99))
    assert low == pytest.approx(1 - high, abs=1e-6)
    assert high - low > 0.9
    middle = learned_soft_staple(masks, rims, start=0.5, **rates).probability[0]
    assert middle == pytest.approx(0.5, abs=1e-9)


def test_one_iteration_is_said():
    masks, rims = drawn()
    result = learned_soft_staple(masks, rims, max_iterations=1)
    assert (result.iterations, result.converged, len(result.objective)) == (1, False, 1)


def test_which_prior():
    masks, rims = drawn()
    known = {"sensitivity": [0.9] * 4, "specificity": [0.9] * 4, "dtype": np.float64}
    soft = np.where(rims, 0.3, masks)
    for prior, number in ((None, masks.mean()), ("soft", soft.mean())):
        a = learned_soft_staple(masks, rims, prior=prior, **known)
        b = learned_soft_staple(masks, rims, prior=number, **known)
        assert np.allclose(a.probability, b.probability, rtol=0, atol=1e-12)


def test_order_of_raters_layout_and_input():
    masks, rims = drawn()
    before = masks.copy(), rims.copy()
    a = learned_soft_staple(masks, rims, dtype=np.float64)
    order = [2, 0, 3, 1]
    b = learned_soft_staple(np.asfortranarray(masks[order]), rims[order].astype(np.int32), dtype=np.float64)
    assert np.allclose(a.probability, b.probability, rtol=0, atol=1e-6)
    assert np.allclose(a.maps["learned_soft"][order], b.maps["learned_soft"], rtol=0, atol=1e-6)
    assert np.array_equal(masks, before[0]) and np.array_equal(rims, before[1])


@pytest.mark.parametrize("value", [0, 1])
def test_degenerate_input_is_finite(value):
    masks = np.full((3, 4, 5), value, np.uint8)
    rims = np.zeros_like(masks)
    rims[1, 2] = 1 - value
    result = learned_soft_staple(masks, rims)
    assert np.isfinite(result.probability).all()
    assert np.isfinite(result.maps["learned_soft"]).all()
    assert all(result.raters["warning"])


GOOD = stacks("iro", "iir", "ooo")


@pytest.mark.parametrize("masks, rims, options, says", [
    (GOOD[0], GOOD[1][:2], {}, r"rims has shape \(2, 3\), expected \(3, 3\), the shape of masks"),
    (GOOD[0], GOOD[0], {}, "rims overlap masks at 2 voxels, expected rims outside the masks"),
    (GOOD[0], GOOD[1] * 0.3, {}, "rims holds float64"),
    (GOOD[0], GOOD[1] * 2, {}, "rims holds values from 0 to 2, expected only 0 and 1"),
    (*GOOD, {"start": 1.1}, r"start is 1.1, expected a number in \[0, 1\]"),
    (*GOOD, {"start": float("nan")}, "start is nan"),
    (*GOOD, {"prior": 0}, "prior is 0, expected"),
    (*GOOD, {"sensitivity": P}, "sensitivity and specificity are one given and one None, expected both or neither"),
    (*GOOD, {"sensitivity": P, "specificity": S[:2]}, "specificity is array"),
    (np.zeros((21, 4), np.uint8), np.zeros((21, 4), np.uint8), {}, r"masks has shape \(21, 4\): 21 raters, expected"),
])  # fmt: skip
def test_bad_input_is_one_sentence(masks, rims, options, says):
    with pytest.raises(ValueError, match="^" + says):
        learned_soft_staple(masks, rims, **options)
