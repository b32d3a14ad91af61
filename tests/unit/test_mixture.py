"""Several consensuses: crowds of known groups in any order, crowds without groups, the bound, bad input."""

import numpy as np
import pytest
from scipy import ndimage
from scipy.special import expit

from helpers.fusion import mixture_of_consensuses
from helpers.fusion.clusters import HEED, _fit, _moved, principal_points


def crowd(sizes, seed, shape=(16, 16, 16)):
    """Maps (R, *space) and the group of each rater: every guideline takes another of three lobes in, or none."""
    rng = np.random.default_rng(seed)
    grid, width = np.indices(shape).astype(float), shape[0]

    def ball(centre, radius):
        return radius - np.sqrt(sum((g - c) ** 2 for g, c in zip(grid, centre, strict=True)))

    middle = np.array(shape) / 2
    core = ball(middle, 0.22 * width)
    away = np.linalg.qr(rng.normal(size=(3, 3)))[0]
    surfaces = [core] + [np.maximum(core, ball(middle + 0.32 * width * d, 0.22 * width)) for d in away]
    group = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    maps = []
    for g in group:
        noise = ndimage.gaussian_filter(rng.normal(size=shape), 2)
        maps.append(expit(surfaces[g] + rng.normal(0, 0.2) + rng.uniform(0.5, 0.8) * noise / noise.std()))
    return np.array(maps), group


def found(result):
    return result.raters["responsibility"].argmax(axis=1)


def same_groups(a, b):
    return len(set(zip(a.tolist(), b.tolist(), strict=True))) == len(set(a.tolist())) == len(set(b.tolist()))


@pytest.mark.parametrize("sizes, at_least", [((7,), 4), ((5,), 4), ((4, 3), 4), ((3, 2, 2), 3), ((6, 1), 2)])
def test_groups_are_found_whatever_the_order(sizes, at_least):
    """In so many of four crowds; in the others too few groups. One rater alone is the hardest: he may be just bad."""
    right = 0
    for seed in range(20, 24):
        maps, group = crowd(sizes, seed)
        result = mixture_of_consensuses(maps)
        r = result.raters["responsibility"]
        assert r.shape[1] <= len(sizes) and np.allclose(r.sum(axis=1), 1)
        assert (np.diff(r.sum(axis=0)) <= 1e-9).all()
        assert result.converged and (np.diff(result.objective) >= -1e-9 * np.abs(result.objective[1:])).all()
        assert result.probability.shape == (r.shape[1], *maps.shape[1:])
        if r.shape[1] == len(sizes) and same_groups(r.argmax(axis=1), group):
            right += 1
            for m, one in enumerate(result.probability):
                own = maps[r.argmax(axis=1) == m].mean(axis=0)
                assert np.abs(one - own).mean() < 0.01 and np.abs(one - own).max() < 0.2
    assert right >= at_least


@pytest.mark.parametrize("sizes", [(4, 3), (3, 2, 2)])
def test_the_published_start_stops_at_one_on_these_crowds(sizes):
    for seed in range(3):
        assert len(mixture_of_consensuses(crowd(sizes, seed)[0], start="residual").probability) == 1


def test_order_of_raters():
    maps, _ = crowd((3, 2, 2), 0)
    order = np.random.default_rng(0).permutation(7)
    a, b = mixture_of_consensuses(maps), mixture_of_consensuses(maps[order])
    assert same_groups(found(a)[order], found(b))
    assert np.allclose(a.raters["deviation"][order], b.raters["deviation"], rtol=1e-3)
    at = [int(found(b)[order.tolist().index(found(a).tolist().index(m))]) for m in range(3)]
    assert np.abs(a.probability - b.probability[at]).max() < 1e-3


def test_classes_and_links():
    maps, group = crowd((4, 3), 0)
    two = np.stack([1 - maps, maps], axis=1)
    a, b = mixture_of_consensuses(maps), mixture_of_consensuses(two, n_classes=2)
    assert b.probability.shape == (2, 2, *maps.shape[1:])
    assert np.abs(a.probability - b.probability[:, 1]).max() < 1e-6
    assert same_groups(found(mixture_of_consensuses(maps, link="logit")), group)


def test_the_points_keep_all_distances():
    x = np.random.default_rng(0).normal(size=(6, 40))
    y = principal_points(x)
    expected = np.square(x[:, None] - x).mean(axis=2)
    assert y.shape == (6, 5) and np.allclose(np.square(y[:, None] - y).mean(axis=2), expected, rtol=1e-10)


def bound(y, r, mean, v, variance):
    """E log p - E log q, written out, with pi and the common variance at their best."""
    q, spread, total = y.shape[1], np.square(y).mean(), 0.0
    common = 1 / np.mean(1 / variance)
    for p, point in enumerate(y):
        for m in range(r.shape[1]):
            square = np.square(point - mean[m]).sum() + q * v[m]
            fit = -q / 2 * np.log(2 * np.pi * variance[p]) - square / (2 * variance[p])
            total += r[p, m] * (np.log(r[:, m].mean()) + fit - np.log(r[p, m]))
        total -= q * HEED / 2 * (np.log(variance[p] / common) + common / variance[p] - 1)
    for m in range(r.shape[1]):
        total -= (np.square(mean[m]).sum() + q * v[m]) / (2 * spread)
        total += q / 2 * (1 + np.log(v[m] / spread))
    return total


def test_every_factor_stands_at_the_top_of_the_bound():
    rng = np.random.default_rng(1)
    y = rng.normal(size=(7, 2)) + np.repeat([[-1.0], [1.0]], [4, 3], axis=0)
    result = _fit(y, _moved(np.ones((7, 1)), [0, 1]), 0.0, 3000)
    r, variance = result.responsibility, result.variance
    assert r.min() > 1e-6 and len(np.unique(r.argmax(axis=1))) == 2  # soft, so that there is something to move
    weight = r / variance[:, None]
    v = 1 / (weight.sum(axis=0) + 1 / np.square(y).mean())
    mean = v[:, None] * (weight.T @ y)
    best = bound(y, r, mean, v, variance)
    assert best == pytest.approx(result.objective[-1], rel=1e-8)
    assert (np.diff(result.objective) >= -1e-12).all()

    def peak(of, h=0.01):
        low, high = of(-h), of(h)
        bend = low - 2 * best + high
        assert bend < 0 and abs(h * (low - high) / (2 * bend)) < 2e-3

    for _ in range(4):
        a, b, c = rng.normal(size=7), rng.normal(size=2), rng.normal(size=(2, 2))
        log_odds = np.log(r[:, 0] / r[:, 1])
        moved = lambda h: 1 / (1 + np.exp(-log_odds - h * a))  # noqa: B023, E731
        peak(lambda h: bound(y, np.stack([moved(h), 1 - moved(h)], 1), mean, v, variance))  # noqa: B023
        peak(lambda h: bound(y, r, mean, v, variance * np.exp(h * a)))  # noqa: B023
        peak(lambda h: bound(y, r, mean, v * np.exp(h * b), variance))  # noqa: B023
        peak(lambda h: bound(y, r, mean + h * c, v, variance))  # noqa: B023


@pytest.mark.parametrize("raters", [1, 2, 4])
@pytest.mark.parametrize("region", ["disputed", "all"])
def test_identical_maps_return_that_map(raters, region):
    one = crowd((1,), 0)[0][0]
    result = mixture_of_consensuses(np.stack([one] * raters), region=region)
    assert result.probability.shape == (1, *one.shape) and np.abs(result.probability[0] - one).max() < 1e-6
    assert np.array_equal(result.raters["responsibility"], np.ones((raters, 1))) and result.converged


GOOD = crowd((4,), 0, (6, 6, 6))[0]


@pytest.mark.parametrize("maps, options, says", [
    (GOOD - 1, {}, "maps holds values from .* expected numbers in "),
    (GOOD * np.nan, {}, "maps holds NaN"),
    (GOOD, {"most": 0}, "most is 0, expected a whole number from 1"),
    (GOOD, {"start": "random"}, "start is 'random', expected 'farthest' or 'residual'"),
    (GOOD, {"link": "none"}, "link is 'none', expected 'sqrt' or 'logit'"),
    (GOOD, {"region": np.zeros((6, 6, 6), bool)}, "region holds no voxel"),
    (GOOD, {"n_classes": 3}, r"maps has shape \(4, 6, 6, 6\), expected \(R, 3, \*space\)"),
])  # fmt: skip
def test_bad_input_is_one_sentence(maps, options, says):
    with pytest.raises(ValueError, match=f"^{says}.*\\.$"):
        mixture_of_consensuses(maps, **options)
