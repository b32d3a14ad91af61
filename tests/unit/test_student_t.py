"""Student-t fusion as a caller meets it: symmetries, limits, recovery of what was drawn, planted errors, bad input."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.special import expit

from helpers.data import lidc, network_maps, padded
from helpers.fusion import majority_vote, student_t
from helpers.fusion.link import LEAST, from_link, to_link


def networks(shape=(20, 21, 16), raters=5, seed=0, planted=True):
    """Maps of simulated networks (R, *space), the truth, and where the last of them is grossly wrong.

    Each is the sigmoid of the distance to the true surface, moved by a bias and by smooth noise. In a ball at the
    surface the last network says the opposite of what is there.
    """
    rng = np.random.default_rng(seed)
    grid = np.indices(shape).astype(float)
    depth = 0.3 * min(shape) - np.sqrt(sum((g - n / 2) ** 2 for g, n in zip(grid, shape, strict=True)))
    at = [n // 2 for n in shape]
    at[0] -= int(0.3 * min(shape))
    wrong = sum((g - x) ** 2 for g, x in zip(grid, at, strict=True)) < 16
    logits = []
    for _ in range(raters):
        noise = ndimage.gaussian_filter(rng.normal(size=shape), 2)
        logits.append((depth + rng.normal(0, 0.4) + 0.7 * noise / noise.std()) / rng.uniform(0.8, 1.4))
    if planted:
        logits[-1][wrong] = np.where(depth > 0, -4, 4)[wrong]
    return expit(np.array(logits)), depth > 0, wrong


def from_the_model(seed, n=20_000, raters=7):
    """Maps whose logits are drawn from the model: nu = 2.5 for the first rater, Gaussian noise for the others."""
    rng = np.random.default_rng(seed)
    dof = np.array([2.5] + [1e6] * (raters - 1))
    bias, deviation = np.linspace(0.25, -0.25, raters), np.linspace(0.4, 0.25, raters)
    tau = rng.gamma(dof / 2, 2 / dof, (n, raters)).T
    noise = deviation[:, None] * rng.normal(size=(raters, n)) / np.sqrt(tau)
    return from_link((rng.normal(size=n) + bias[:, None] + noise)[None], "logit")[1], bias, deviation


@pytest.mark.parametrize("link", ["sqrt", "logit"])
@pytest.mark.parametrize("k", [2, 3, 5])
def test_links_and_back(link, k):
    p = np.random.default_rng(0).dirichlet(np.ones(k), 50).T
    p = np.maximum(p, 2 * LEAST)
    p /= p.sum(axis=0)
    assert np.allclose(from_link(to_link(p, link), link), p, rtol=0, atol=1e-12)
    order = np.random.default_rng(1).permutation(k)
    a, b = to_link(p, link), to_link(p[order], link)
    assert np.allclose(a.T @ a, b.T @ b, rtol=0, atol=1e-10)  # no class is special: distances stay


def test_negative_roots_count_as_nothing():
    assert np.allclose(from_link(np.array([[0.6, -0.1, -1], [0.8, 0.5, -1]]), "sqrt"), [[0.36, 0, 0.5], [0.64, 1, 0.5]])


@pytest.mark.parametrize("options", [{}, {"noise": "gaussian"}, {"link": "logit"}, {"basis_spacing": 5.0}])
def test_order_of_raters_and_swap_of_labels(options):
    maps, _, _ = networks(shape=(12, 13, 9))
    options = options | {"tol": 1e-9, "max_iterations": 30 if "basis_spacing" in options else 60, "dtype": np.float64}
    a = student_t(maps, **options)
    b = student_t(maps[[3, 1, 4, 0, 2]], **options)
    c = student_t(1 - maps, **options)
    assert np.abs(a.probability - b.probability).max() < 1e-4
    assert np.abs(a.probability + c.probability - 1).max() < 1e-4
    assert np.allclose(a.raters["covariance"][[3, 1, 4, 0, 2]], b.raters["covariance"], rtol=0.01, atol=1e-6)
    assert np.allclose(a.raters["covariance"], c.raters["covariance"][:, ::-1, ::-1], rtol=0.01, atol=1e-6)
    if "tau" in a.maps:
        assert np.nanmax(np.abs(a.maps["tau"][[3, 1, 4, 0, 2]] - b.maps["tau"])) < 1e-3


def test_layout_does_not_matter_and_input_is_left_alone():
    maps, _, _ = networks(shape=(12, 13, 9))
    options = {"basis_spacing": 6.0, "spacing": (1, 1, 1.5), "max_iterations": 15}
    expected = student_t(maps, **options)
    for same in (np.asfortranarray(maps), list(maps), maps[:, ::-1].copy()[:, ::-1]):
        before = np.array(same)
        found = student_t(same, **options)
        assert np.abs(found.probability - expected.probability).max() < 1e-5
        assert np.nanmax(np.abs(found.maps["tau"] - expected.maps["tau"])) < 1e-3
        assert np.array_equal(same, before)


@pytest.mark.parametrize("link", ["sqrt", "logit"])
def test_many_degrees_of_freedom_are_gaussian(link):
    maps, _, _ = networks()
    a = student_t(maps, link=link, dof=1e9, tol=1e-10, dtype=np.float64)
    b = student_t(maps, link=link, noise="gaussian", tol=1e-10, dtype=np.float64)
    assert np.abs(a.probability - b.probability).max() < 1e-6
    assert np.allclose(a.raters["covariance"], b.raters["covariance"], rtol=1e-4)
    assert np.nanmax(np.abs(a.maps["tau"] - 1)) < 1e-5 and b.maps == {} and "dof" not in b.raters


@pytest.mark.parametrize("region", ["disputed", "all"])
@pytest.mark.parametrize("noise", ["student", "gaussian"])
@pytest.mark.parametrize("raters", [1, 4])
def test_identical_maps_return_that_map(region, noise, raters):
    one = networks(raters=1, planted=False)[0][0]
    one[:4] = 0
    result = student_t(np.stack([one] * raters), region=region, noise=noise, dtype=np.float64)
    assert np.abs(result.probability - one).max() < 1e-9
    assert result.converged and all(np.isfinite(result.raters[name]).all() for name in ("bias", "covariance"))
    assert np.isfinite(result.objective).all()
    if region == "disputed":
        assert all(result.raters["warning"]) and result.iterations == 0


def test_two_classes_are_the_map_of_the_lesion():
    maps, _, _ = networks()
    a, b = student_t(maps), student_t(np.stack([1 - maps, maps], axis=1), n_classes=2)
    assert np.abs(a.probability - b.probability[1]).max() < 1e-6
    assert np.abs(b.probability.sum(axis=0) - 1).max() < 1e-6
    assert a.iterations == b.iterations


@pytest.mark.parametrize("link", ["sqrt", "logit"])
def test_three_classes(link):
    maps, _, wrong = networks()
    share = np.linspace(0.2, 0.8, maps.shape[1])[:, None, None]
    three = np.stack([1 - maps, maps * share, maps * (1 - share)], axis=1)
    result = student_t(three, n_classes=3, link=link)
    assert result.probability.shape == three.shape[1:] and result.converged
    assert np.abs(result.probability.sum(axis=0) - 1).max() < 1e-6
    assert result.raters["covariance"].shape == ((5, 3, 3) if link == "sqrt" else (5, 2, 2))
    order = [2, 0, 1]
    again = student_t(three[:, order], n_classes=3, link=link)
    assert np.abs(result.probability[order] - again.probability).max() < 1e-3
    here = np.isfinite(result.maps["tau"][0])
    tau = result.maps["tau"][-1]
    assert tau[here & wrong].mean() < 0.5 * tau[here & ~wrong].mean()


@pytest.mark.parametrize("seed", range(3))
def test_tau_is_low_where_a_rater_is_wrong(seed):
    maps, _, wrong = networks(seed=seed)
    result = student_t(maps)
    here = np.isfinite(result.maps["tau"][0])
    assert np.array_equal(here, np.ptp(maps, axis=0) > 0.1)
    for r, tau in enumerate(result.maps["tau"]):
        ratio = tau[here & wrong].mean() / tau[here & ~wrong].mean()
        assert ratio < 0.5 if r == 4 else ratio > 0.8
    dof = result.raters["dof"]
    assert dof[4] == dof.min()


@pytest.mark.parametrize("seed", range(2))
def test_what_was_drawn_is_recovered(seed):
    """q(T) and q(tau) are taken as independent, which leaves nu = 2.5 at about 3 and its deviation 9 % too large."""
    maps, bias, deviation = from_the_model(seed)
    result = student_t(maps, link="logit", region="all", covariance_prior=(0.3, 0.001))
    found = np.sqrt(result.raters["covariance"][:, 0, 0])
    dof = result.raters["dof"]
    assert 2.5 < dof[0] < 3.5 and (dof[1:] > 100).all()
    assert np.abs(result.raters["bias"][:, 0] - bias).max() < 0.01
    assert 1 < found[0] / deviation[0] < 1.15
    assert np.abs(found[1:] / deviation[1:] - 1).max() < 0.03


def test_a_million_saturated_voxels_change_nothing():
    maps, _, _ = networks(shape=(20, 20, 20))
    maps = np.where(maps < 1e-4, 0, maps)
    rng = np.random.default_rng(0)
    large = 1e-9 * rng.random((5, 101, 100, 100))  # agreement to the last digits that are left
    large[:, :20, :20, :20] = maps
    for options in ({}, {"basis_spacing": 6.0, "max_iterations": 10}):
        small, padded = student_t(maps, **options), student_t(large, **options)
        assert np.abs(padded.probability[:20, :20, :20] - small.probability).max() < 1e-3
        assert np.isnan(padded.maps["tau"][:, 20:]).all()


def test_a_smooth_prior_smooths():
    maps, _, _ = networks(shape=(24, 24, 10))
    rough = np.clip(maps + 0.3 * np.random.default_rng(0).normal(size=maps.shape), 0, 1)
    plain, smooth = student_t(rough, region="all"), student_t(rough, region="all", basis_spacing=5.0, max_iterations=40)
    steps = [np.abs(np.diff(result.probability, axis=0)).mean() for result in (plain, smooth)]
    assert steps[1] < 0.7 * steps[0]
    error = [np.square(result.probability - maps[:4].mean(axis=0)).mean() for result in (plain, smooth)]
    assert error[1] < error[0]


def test_a_region_of_ones_own():
    maps, _, _ = networks()
    region = np.zeros(maps.shape[1:], bool)
    region[5:15, 5:15] = True
    result = student_t(maps, region=region, dtype=np.float64)
    assert np.array_equal(np.isfinite(result.maps["tau"][0]), region)
    assert np.allclose(result.probability[~region], maps.mean(axis=0)[~region], rtol=0, atol=1e-12)


GOOD = networks(shape=(6, 7, 8))[0]


@pytest.mark.parametrize("maps, options, says", [
    (GOOD + 1, {}, "maps holds values from .* expected numbers in "),
    (np.where(GOOD > 0.9, np.nan, GOOD), {}, "maps holds NaN"),
    (GOOD[0, 0, 0], {}, r"maps has shape \(8,\), expected \(R, \*space\): one map per rater"),
    ([GOOD[0], GOOD[0, :2]], {}, "maps holds arrays of unequal shape"),
    (GOOD, {"n_classes": 3}, r"maps has shape \(5, 6, 7, 8\), expected \(R, 3, \*space\) for 3 classes"),
    (np.stack([GOOD, GOOD], 1), {"n_classes": 2}, r"maps\[0\] sums to .* expected 1 over the classes"),
    (GOOD, {"n_classes": 1}, "n_classes is 1, expected a whole number from 2"),
    (GOOD, {"noise": "cauchy"}, "noise is 'cauchy', expected 'student' or 'gaussian'"),
    (GOOD, {"link": "probit"}, "link is 'probit', expected 'sqrt' or 'logit'"),
    (GOOD, {"grid": "random"}, "grid is 'random', expected 'regular' or 'staggered'"),
    (GOOD, {"bias": 1}, "bias is 1, expected True or False"),
    (GOOD, {"dof": 0}, "dof is 0, expected a number above 0, or 5 of them"),
    (GOOD, {"dof": [3, 4]}, r"dof is \[3, 4\], expected a number above 0, or 5 of them"),
    (GOOD, {"region": np.zeros((6, 7, 8), bool)}, "region holds no voxel"),
    (GOOD, {"region": np.ones((6, 7), bool)}, r"region is an array of bool of shape \(6, 7\), expected"),
    (GOOD, {"disputed": -1}, "disputed is -1, expected a number of at least 0"),
    (GOOD, {"basis_spacing": 0}, "basis_spacing is 0, expected a number above 0 mm, or None"),
    (GOOD, {"spacing": (1, 1)}, r"spacing is \(1, 1\), expected 3 numbers in mm"),
    (GOOD, {"covariance_prior": 0.1}, r"covariance_prior is 0.1, expected \(deviation, share\)"),
    (GOOD, {"covariance_prior": (0, 1)}, r"covariance_prior\[0\] is 0, expected a number above 0"),
    (GOOD, {"tol": -1}, "tol is -1, expected 0 or more"),
    (GOOD, {"dtype": int}, "dtype is int64, expected a type of float"),
])  # fmt: skip
def test_bad_input_is_one_sentence(maps, options, says):
    with pytest.raises(ValueError, match=f"^{says}.*\\.$"):
        student_t(maps, **options)


@pytest.mark.parametrize("nodule, options", [
    (3, {}), (24, {}), (24, {"noise": "gaussian"}), (24, {"link": "logit"}), (24, {"basis_spacing": 4.0}),
])  # fmt: skip
def test_a_hundred_iterations_are_enough(nodule, options):
    case = lidc()[nodule]
    mask = majority_vote(padded(case.raters, case.spacing)).probability > 0.5
    maps = network_maps(mask, case.spacing, seed=nodule).maps
    result = student_t(maps, spacing=case.spacing, **options)
    assert result.converged and result.iterations <= 100
    assert (np.diff(result.objective) >= -1e-9 * np.abs(result.objective[1:])).all()
    if "basis_spacing" in options:
        return  # the rest takes seconds
    longer = student_t(maps, spacing=case.spacing, tol=1e-9, max_iterations=400, **options)
    assert np.abs(longer.probability - result.probability).mean() < 1e-4
