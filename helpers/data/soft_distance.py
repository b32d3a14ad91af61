"""Signed distance to the 0.5 level of a soft map, finer than a voxel."""

import numpy as np
from scipy.spatial import cKDTree


def soft_distance(
    soft: np.ndarray, spacing: tuple[float, ...], reach: float = np.inf
) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Distance in mm to the surface soft = 0.5, positive inside, and the index of the nearest surface voxel.

    A surface voxel has a face neighbour on the other side of 0.5. Linear interpolation between the two says
    where the surface crosses each axis; the plane through these crossings comes nearest to the voxel's centre
    in one point, its foot. A distance is that to the nearest foot. The sign is never in doubt: >= 0 exactly
    where soft >= 0.5. Beyond `reach` the distance is infinite and the nearest voxel is the voxel itself.
    """
    inside = soft >= 0.5
    steepness = np.zeros((soft.ndim, *soft.shape))  # 1 / signed mm to the crossing of each axis, 0 without one
    for axis, step in enumerate(spacing):
        here, there = (_along(axis, soft.ndim, cut) for cut in ((None, -1), (1, None)))
        cross = inside[here] != inside[there]
        a, b = soft[here][cross].astype(float), soft[there][cross].astype(float)
        fraction = (a - 0.5) / (a - b)  # of the way from `here` to `there`
        steepness[axis][here][cross] = 1 / np.maximum(step * fraction, 1e-6)
        behind, ahead = 1 / np.maximum(step * (1 - fraction), 1e-6), steepness[axis][there][cross]
        steepness[axis][there][cross] = np.where(ahead > behind, ahead, -behind)  # the nearer of two
    surface = np.argwhere(steepness.any(0))  # (m, D)
    index = np.indices(soft.shape).reshape(soft.ndim, -1)  # (D, n)
    distance, nearest = np.full(index.shape[1], np.inf), index
    if len(surface):
        slope = steepness[(slice(None), *surface.T)].T  # (m, D)
        feet = surface * np.asarray(spacing) + slope / np.sum(slope**2, 1, keepdims=True)
        distance, foot = cKDTree(feet).query(index.T * np.asarray(spacing), distance_upper_bound=reach)
        nearest = np.where(np.isfinite(distance), np.append(surface, surface[:1], 0)[foot].T, index)
    distance = distance.reshape(soft.shape)
    signed = np.where(inside, distance, -np.maximum(distance, 1e-6))
    return signed, tuple(nearest.reshape(soft.ndim, *soft.shape))


def _along(axis: int, ndim: int, cut: tuple) -> tuple[slice, ...]:
    """All of an array, but `cut` along one axis."""
    return tuple(slice(*cut) if k == axis else slice(None) for k in range(ndim))
