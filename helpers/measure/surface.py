"""How far apart the surfaces of two masks lie, in mm between voxel centres.

A surface voxel is a voxel of the mask with a face neighbour (4 in 2-D, 6 in 3-D) outside it; beyond the image
everything is outside. Surfaces are thin, so nearest neighbours come from a tree of their points: nothing is
computed for the rest of the image.
"""

import math

import numpy as np
from scipy.spatial import cKDTree

from helpers.inputs import as_pair, as_spacing
from helpers.measure.box import bounding_box


def hausdorff(a, b, spacing=None, percentile: float = 100) -> float:
    """Symmetric Hausdorff distance in mm: the worse of the two directions.

    At 100 it is the distance between the two sets of voxels: max over x in a of min over y in b of |x - y|,
    and the same from b to a. Voxels in both masks are at distance 0 and would drown a lower percentile, so
    below 100 it is taken (linear between order statistics) over `surface_distances`, each way. The two
    definitions meet unless one mask fills a hole, a notch or a gap of the other; then a percentile may exceed it.
    0.0 for two empty masks, inf if only one is empty.
    """
    if not 0 <= percentile <= 100:
        raise ValueError(f"percentile is {percentile!r}, expected a number from 0 to 100.")
    if 0 < percentile < 1:
        raise ValueError(f"percentile is {percentile!r}, expected percent, as 95 is.")
    a, b, spacing = _laid_out(a, b, spacing)
    if not (a.any() and b.any()):
        return math.inf if a.any() or b.any() else 0.0
    to_b, to_a = cKDTree(_points(surface(b), spacing)), cKDTree(_points(surface(a), spacing))
    if percentile == 100:  # the voxel of b nearest to one outside b lies on the surface of b
        far = [to_b.query(_points(a & ~b, spacing))[0], to_a.query(_points(b & ~a, spacing))[0]]
        return float(np.concatenate(far).max(initial=0.0))
    far = [to_b.query(to_a.data)[0], to_a.query(to_b.data)[0]]
    return max(float(np.percentile(distances, percentile)) for distances in far)


def surface_distances(a, b, spacing=None, *, signed: bool = False) -> np.ndarray:
    """Distance in mm of every surface voxel of `a` to the surface of `b`, in no stated order.

    With `signed=True` a voxel inside `b` counts negative. Empty if `a` is empty, inf if only `b` is.
    """
    a, b, spacing = _laid_out(a, b, spacing)
    rim = surface(a)
    if not b.any():
        return np.full(np.count_nonzero(rim), np.inf)
    distances = cKDTree(_points(surface(b), spacing)).query(_points(rim, spacing))[0]
    return np.where(b[rim], -distances, distances) if signed else distances


def signed_boundary_offset(a, b, spacing=None) -> float:
    """How much wider `a` is drawn than `b`, in mm; offset(b, a) = -offset(a, b). Chapter 1, eq. (1.3).

    Half the difference of the mean signed distances from the surface of `a` to `b` and from `b` to `a`: one of
    them alone would not see what the other mask leaves out. It reads low where slices are much thicker than pixels,
    because the flat ends of a mask hold many surface voxels. nan if either mask is empty.
    """
    outward, inward = (surface_distances(x, y, spacing, signed=True) for x, y in ((a, b), (b, a)))
    seen = np.isfinite(outward).any() and np.isfinite(inward).any()
    return float(outward.mean() - inward.mean()) / 2 if seen else math.nan


def surface(mask: np.ndarray) -> np.ndarray:
    """The voxels of a bool mask that have a face neighbour outside it."""
    inside = mask.copy()
    for axis in range(mask.ndim):
        here, back = np.moveaxis(inside, axis, 0), np.moveaxis(mask, axis, 0)
        here[1:] &= back[:-1]
        here[:-1] &= back[1:]
        here[[0, -1]] = False
    return mask & ~inside


def _laid_out(a, b, spacing) -> tuple[np.ndarray, np.ndarray, tuple[float, ...]]:
    """Checked bool masks cut to the box that holds both: what is outside changes nothing."""
    a, b = as_pair(a, b)
    spacing = as_spacing(spacing, a.ndim)
    if a.flags.f_contiguous and b.flags.f_contiguous:
        a, b, spacing = a.T, b.T, spacing[::-1]
    box = bounding_box((a | b).view(bool))
    return np.ascontiguousarray(a[box]).view(bool), np.ascontiguousarray(b[box]).view(bool), spacing


def _points(mask: np.ndarray, spacing: tuple[float, ...]) -> np.ndarray:
    """(n, ndim) positions in mm of the voxels of a mask."""
    return np.stack(np.unravel_index(np.flatnonzero(mask), mask.shape), axis=1) * np.asarray(spacing)
