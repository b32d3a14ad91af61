"""Surface distances: closed forms, scaling, translation, and where the two Hausdorff definitions part."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from helpers.measure import hausdorff, signed_boundary_offset, surface_distances
from helpers.measure.surface import surface

SHAPES = hnp.array_shapes(min_dims=2, max_dims=3, max_side=6)
PAIRS = SHAPES.flatmap(lambda shape: st.tuples(hnp.arrays(bool, shape), hnp.arrays(bool, shape)))
PERCENTILES = st.sampled_from([0, 50, 95, 100])


def ball(radius: float, shape=(25, 25, 25), centre=(12, 12, 12)) -> np.ndarray:
    grid = np.ogrid[tuple(slice(n) for n in shape)]
    return sum((x - c) ** 2 for x, c in zip(grid, centre, strict=True)) <= radius**2


def box(*sides: tuple[int, int], shape=(20, 20, 20)) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask[tuple(slice(*side) for side in sides)] = True
    return mask


def test_surface_of_a_cube():
    cube = box((2, 7), (2, 7), (2, 7))
    assert np.array_equal(cube & ~surface(cube), box((3, 6), (3, 6), (3, 6)))
    everything = np.ones((4, 4, 4), bool)  # beyond the image all is outside
    assert surface(everything).sum() == 4**3 - 2**3
    assert surface(np.ones((1, 5), bool)).all()


def test_a_shifted_box_is_its_shift_away():
    a = box((2, 8), (3, 9), (4, 10))
    b = box((5, 11), (3, 9), (4, 10))
    for percentile, expected in {100: 3 * 1.5, 95: 3 * 1.5}.items():
        assert hausdorff(a, b, (1.5, 0.7, 3.0), percentile) == pytest.approx(expected, abs=1e-12)
    shifted = box((5, 11), (5, 11), (5, 11))
    assert hausdorff(a, shifted, (1.0, 2.0, 3.0)) == pytest.approx(math.hypot(3, 4, 3), abs=1e-12)


def test_two_voxels():
    a, b = box((3, 4), (3, 4), (3, 4)), box((6, 7), (7, 8), (3, 4))
    for percentile in (0, 50, 95, 100):
        assert hausdorff(a, b, percentile=percentile) == 5.0
    assert surface_distances(a, b) == surface_distances(a, b, signed=True) == [5.0]
    assert signed_boundary_offset(a, b) == 0.0  # neither is wider


def test_percentile_is_the_worse_of_two_directions():
    a = np.zeros((60, 3), bool)
    b = a.copy()
    b[:10, 1] = True
    a[:10, 1] = a[50, 1] = True  # one voxel of eleven is 41 away from b; every voxel of b is in a
    assert hausdorff(a, b) == 41.0
    assert hausdorff(a, b, percentile=90) == hausdorff(b, a, percentile=90) == 0.0
    assert hausdorff(a, b, percentile=95) == pytest.approx(41 / 2)  # halfway between order statistics 10 and 11


def test_empty_masks():
    empty, full = np.zeros((3, 3), bool), np.ones((3, 3), bool)
    for percentile in (50, 100):
        assert hausdorff(empty, empty, percentile=percentile) == 0.0
        assert hausdorff(empty, full, percentile=percentile) == math.inf
        assert hausdorff(full, empty, percentile=percentile) == math.inf
    assert surface_distances(empty, full).shape == (0,)
    assert np.array_equal(surface_distances(full, empty), np.full(8, np.inf))
    for a, b in [(empty, empty), (empty, full), (full, empty)]:
        assert math.isnan(signed_boundary_offset(a, b))


def test_offset_of_a_larger_and_a_smaller_drawing():
    """Cubes make it exact: each surface voxel of the larger is 1 outside, but for edges and corners."""
    small, large = box((5, 10), (5, 10), (5, 10)), box((4, 11), (4, 11), (4, 11))
    faces, edges, corners = 6 * 5**2, 12 * 5, 8
    outward = (faces + edges * math.sqrt(2) + corners * math.sqrt(3)) / (faces + edges + corners)
    inward = -1.0  # every surface voxel of the smaller is 1 inside
    assert signed_boundary_offset(large, small) == pytest.approx((outward - inward) / 2, abs=1e-12)
    assert signed_boundary_offset(small, large) == -signed_boundary_offset(large, small)
    assert signed_boundary_offset(small, small) == 0.0


@pytest.mark.parametrize("change", [-3, -2, 2, 3])
def test_offset_of_balls_is_the_difference_of_their_radii(change):
    """Voxel surfaces lie within half a voxel of the sphere, so the means do too."""
    assert abs(signed_boundary_offset(ball(7 + change), ball(7)) - change) < 0.5


def test_where_sets_and_surfaces_part():
    """A pocket in a ball: its centre is a corner neighbour from the wall, the wall far from the outer surface."""
    solid = ball(9)
    pocket = solid & ~ball(1.5)
    assert hausdorff(solid, pocket) == pytest.approx(math.sqrt(3), abs=1e-12)
    assert surface_distances(pocket, solid).max() > 6


@given(PAIRS, PERCENTILES)
def test_symmetry_identity_translation(pair, percentile):
    a, b = pair
    distance = hausdorff(a, b, percentile=percentile)
    assert distance == hausdorff(b, a, percentile=percentile)
    assert hausdorff(a, a, percentile=percentile) == 0.0
    moved = [np.pad(mask, [(2, 1)] * mask.ndim) for mask in pair]
    assume(np.isfinite(distance))
    assert hausdorff(*moved) == pytest.approx(hausdorff(a, b), abs=1e-12)
    if percentile == 100:
        assert (distance == 0) == np.array_equal(a, b)


@given(PAIRS, PERCENTILES, st.floats(0.1, 10))
def test_distances_scale_with_the_voxels(pair, percentile, factor):
    a, b = pair
    spacing = np.array([1.0, 1.7, 0.6][: a.ndim])
    one = hausdorff(a, b, spacing, percentile)
    assert hausdorff(a, b, factor * spacing, percentile) == pytest.approx(factor * one, rel=1e-9)
    assert np.allclose(
        np.sort(surface_distances(a, b, factor * spacing)), factor * np.sort(surface_distances(a, b, spacing))
    )


@given(PAIRS)
def test_axes_may_be_exchanged_together_with_the_spacing(pair):
    a, b = pair
    spacing = (1.0, 1.7, 0.6)[: a.ndim]
    for percentile in (95, 100):
        expected = hausdorff(a, b, spacing, percentile)
        assert hausdorff(a.T, b.T, spacing[::-1], percentile) == pytest.approx(expected, abs=1e-12)
        in_f = np.asfortranarray(a), np.asfortranarray(b)
        assert hausdorff(*in_f, spacing, percentile) == pytest.approx(expected, abs=1e-12)


@given(PAIRS)
def test_signs_follow_membership(pair):
    a, b = pair
    assume(a.any() and b.any())
    signed = surface_distances(a, b, signed=True)
    assert np.array_equal(np.sort(np.abs(signed)), np.sort(surface_distances(a, b)))
    assert np.count_nonzero(signed > 0) == np.count_nonzero(surface(a) & ~b)
    assert np.count_nonzero(signed < 0) == np.count_nonzero(surface(a) & b & ~surface(b))


def test_a_share_is_not_taken_for_a_percentile():
    a = box((1, 3), (1, 3), (1, 3))
    with pytest.raises(ValueError, match="percentile is 0.95, expected percent, as 95 is"):
        hausdorff(a, a, percentile=0.95)
