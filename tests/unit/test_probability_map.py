"""Probability maps of masks: distances by brute force, shortest paths by Dijkstra, both sides alike, bad input."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage, sparse
from scipy.sparse.csgraph import dijkstra
from scipy.special import logit

from helpers.fusion import probability_map
from helpers.fusion.geodesic import geodesic_distance
from helpers.fusion.probability_map import surface_distance

SPACINGS = st.sampled_from([0.4, 1.0, 1.7, 3.0])
MASKS = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=6).flatmap(
    lambda shape: st.tuples(hnp.arrays(bool, shape), st.tuples(*[SPACINGS] * len(shape)))
)


def ball(shape=(24, 25, 26), radius=7):
    grid = np.ogrid[tuple(slice(n) for n in shape)]
    return sum((x - n // 2) ** 2 for x, n in zip(grid, shape, strict=True)) <= radius**2


def crossings(inside):
    """Voxel, face neighbour on the other side: every pair once."""
    for at in itertools.product(*map(range, inside.shape)):
        for axis in range(inside.ndim):
            to = tuple(x + (k == axis) for k, x in enumerate(at))
            if to[axis] < inside.shape[axis] and inside[at] != inside[to]:
                yield at, to


def by_dijkstra(inside, image, spacing):
    """A graph with one node per voxel and one for the surface, solved by scipy."""
    number = np.arange(inside.size).reshape(inside.shape)
    edges = {}

    def length(a, b):
        return np.linalg.norm([*np.subtract(a, b) * spacing, image[a] - image[b]])

    for a in np.ndindex(inside.shape):
        for step in itertools.product((-1, 0, 1), repeat=inside.ndim):
            b = tuple(np.add(a, step))
            if any(step) and all(0 <= x < n for x, n in zip(b, inside.shape, strict=True)):
                edges[number[a], number[b]] = length(a, b)
    for a, b in crossings(inside):
        for end in (a, b):
            key = inside.size, number[end]
            edges[key] = min(edges.get(key, np.inf), length(a, b) / 2)
    (rows, columns), values = zip(*edges, strict=True), list(edges.values())
    graph = sparse.csr_array((values, (rows, columns)), shape=(inside.size + 1,) * 2)
    return dijkstra(graph, indices=inside.size)[:-1].reshape(inside.shape)


@given(MASKS)
def test_distance_against_every_point_of_the_surface(drawn):
    inside, spacing = drawn
    points = [(np.array(a) + b) / 2 * spacing for a, b in crossings(inside)]
    found = surface_distance(inside, spacing)
    for at in np.ndindex(inside.shape):
        expected = min((np.linalg.norm(at * np.array(spacing) - point) for point in points), default=np.inf)
        assert found[at] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("shape, spacing", [((9, 8), (1, 1)), ((6, 5, 7), (1, 2.5, 0.6)), ((40,), (0.5,))])
@pytest.mark.parametrize("strength", [0, 0.3, 2, 40])
@pytest.mark.parametrize("seed", range(3))
def test_geodesic_against_dijkstra(shape, spacing, strength, seed):
    rng = np.random.default_rng(seed)
    inside = ndimage.gaussian_filter(rng.normal(size=shape), 1) > 0.1
    image = strength * rng.normal(size=shape)
    found = geodesic_distance(inside, image, spacing)
    assert np.abs(found - by_dijkstra(inside, image, spacing)).max() <= 1e-12 * found.max()


def test_a_path_that_winds_is_followed_to_its_end():
    """A spiral corridor: the shortest path turns many times, and a few passes over the image would not find it."""
    walls = np.ones((15, 15))
    at, turn, length = np.array([0, 0]), 0, 14
    walls[0, 0] = 0
    while length > 0:
        for _ in range(2 if length < 14 else 3):
            for _ in range(length):
                at += [(0, 1), (1, 0), (0, -1), (-1, 0)][turn % 4]
                walls[tuple(at)] = 0
            turn += 1
        length -= 2
    inside = np.zeros(walls.shape, bool)
    inside[0, 0] = True
    found = geodesic_distance(inside, 1e3 * walls, (1, 1))
    assert np.abs(found - by_dijkstra(inside, 1e3 * walls, (1, 1))).max() <= 1e-9
    assert 110 < found[tuple(at)] < 126  # the corridor is 126 long, less its cut corners; straight it would be 10


def test_beyond_its_reach_the_geodesic_distance_is_infinite_and_within_it_is_exact():
    rng = np.random.default_rng(0)
    inside, image = ball((15, 16, 9), 3), rng.normal(size=(15, 16, 9))
    everywhere, near = geodesic_distance(inside, image, (1, 1, 2)), geodesic_distance(inside, image, (1, 1, 2), 4.0)
    assert np.array_equal(near, np.where(everywhere <= 4, everywhere, np.inf))
    assert 0.1 < np.isinf(near).mean() < 0.9


@pytest.mark.parametrize("scale", [0.5, 2.0])
@pytest.mark.parametrize("options", [{}, {"geodesic": 3.0}])
def test_the_map_is_the_sigmoid_of_the_signed_distance(scale, options):
    mask, spacing = ball(), (1.0, 0.8, 2.0)
    image = ndimage.gaussian_filter(np.random.default_rng(1).normal(size=mask.shape), 1)
    found = probability_map(mask, image, scale=scale, spacing=spacing, dtype=np.float64, **options)
    if options:
        distance = geodesic_distance(mask, 3.0 * image, spacing)
    else:
        distance = surface_distance(mask, spacing)
    signed = np.where(mask, distance, -distance)
    near = distance < 30 * scale
    assert np.allclose(logit(found[near & ~mask]), signed[near & ~mask] / scale, rtol=1e-9)
    assert np.allclose(found, 1 / (1 + np.exp(-signed / scale)), rtol=0, atol=1e-15)
    assert np.array_equal(found > 0.5, mask)
    single = probability_map(mask, image, scale=scale, spacing=spacing, **options)
    assert single.dtype == np.float32 and np.abs(single - found).max() < 1e-7


def test_what_is_far_away_costs_nothing_and_changes_nothing():
    mask = ball()
    large = np.pad(mask, 100)
    small = np.pad(mask, 10)
    a, b = (probability_map(m, scale=0.2, dtype=np.float64) for m in (large, small))
    assert np.array_equal(a[(slice(90, -90),) * 3], b)
    assert a.sum() == pytest.approx(b.sum(), rel=1e-12)


def test_inside_and_outside_are_treated_alike():
    mask = ball()
    image = np.random.default_rng(0).normal(size=mask.shape)
    for options in ({}, {"image": image, "geodesic": 2.0}):
        a, b = (probability_map(m, scale=1.5, dtype=np.float64, **options) for m in (mask, ~mask))
        assert np.allclose(a + b, 1, rtol=0, atol=1e-15)


def test_the_surface_lies_halfway():
    line = np.array([0, 0, 1, 1, 1], bool)
    found = logit(probability_map(line, scale=2.0, spacing=(3,), dtype=np.float64)) * 2
    assert found == pytest.approx([-4.5, -1.5, 1.5, 4.5, 7.5])


def test_an_edge_in_the_image_keeps_the_map_steep():
    mask = np.arange(20) >= 10
    step = np.where(np.arange(20) >= 13, 5.0, 0.0)  # the edge is 3 voxels inside the mask's own
    plain, pushed = (probability_map(mask, step, scale=2.0, geodesic=g, dtype=np.float64) for g in (0, 2.0))
    assert np.array_equal(plain, probability_map(mask, scale=2.0, dtype=np.float64))
    assert np.allclose(plain[:13], pushed[:13], rtol=0, atol=1e-15)
    extra = 2 * (logit(pushed[13:]) - logit(plain[13:]))
    assert np.allclose(extra, np.hypot(1, 10) - 1)


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize("geodesic", [0, 1])
def test_no_surface(value, geodesic):
    mask = np.full((4, 5), value, np.uint8)
    found = probability_map(mask, np.ones((4, 5)), scale=1, geodesic=geodesic)
    assert found.dtype == np.float32 and (found == value).all()


def test_layout_does_not_matter_and_input_is_left_alone():
    mask, image = ball((8, 9, 7), 3), np.random.default_rng(0).normal(size=(8, 9, 7))
    expected = probability_map(mask, image, scale=1, geodesic=1, spacing=(1, 2, 3))
    for same in (np.asfortranarray(mask), mask[::-1].copy()[::-1], mask.astype(np.int64), mask.tolist()):
        before = np.array(same)
        assert np.array_equal(probability_map(same, image, scale=1, geodesic=1, spacing=(1, 2, 3)), expected)
        assert np.array_equal(same, before)


GOOD = ball((6, 7, 8), 2)


@pytest.mark.parametrize("mask, options, says", [
    (GOOD * 0.5, {}, "mask holds float64, expected bool or integers"),
    (GOOD * 2, {}, "mask holds values from 0 to 2, expected only 0 and 1"),
    (GOOD, {"scale": 0}, "scale is 0, expected a number above 0 mm"),
    (GOOD, {"scale": np.nan}, "scale is nan, expected a number above 0 mm"),
    (GOOD, {"scale": "wide"}, "scale is 'wide', expected a number above 0 mm"),
    (GOOD, {"spacing": (1, 2)}, r"spacing is \(1, 2\), expected 3 numbers in mm"),
    (GOOD, {"geodesic": -1}, "geodesic is -1, expected a number of at least 0"),
    (GOOD, {"geodesic": 1}, "image is None, expected an image for geodesic=1"),
    (GOOD, {"image": np.ones((7, 6, 8))}, r"image has shape \(7, 6, 8\), expected \(6, 7, 8\), the shape of the mask"),
    (GOOD, {"image": np.full(GOOD.shape, np.inf)}, "image holds values that are not finite, expected numbers"),
    (GOOD, {"dtype": int}, "dtype is int64, expected a type of float"),
])  # fmt: skip
def test_bad_input_is_one_sentence(mask, options, says):
    with pytest.raises(ValueError, match=f"^{says}.*\\.$"):
        probability_map(mask, **{"scale": 1.0, **options})
