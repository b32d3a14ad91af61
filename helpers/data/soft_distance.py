"""Signed distance to the 0.5 level of a soft map, finer than a voxel."""

import numpy as np
from scipy.ndimage import distance_transform_edt


def soft_distance(soft: np.ndarray, spacing: tuple[float, ...]) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Distance in mm to the surface soft = 0.5, positive inside, and the index of the nearest surface voxel.

    A surface voxel has a face neighbour on the other side of 0.5. Linear interpolation between the two says
    how far the surface is along each axis; the plane through those crossings says how far it is at all. One
    Euclidean distance transform carries that on to every other voxel. The sign is never in doubt: >= 0
    exactly where soft >= 0.5. Without a surface the distance is infinite.
    """
    inside = soft >= 0.5
    inverse_square = np.zeros(soft.shape)
    for axis, step in enumerate(spacing):
        here, there = (
            tuple(slice(*cut) if k == axis else slice(None) for k in range(soft.ndim))
            for cut in ((None, -1), (1, None))
        )
        cross = inside[here] != inside[there]
        a, b = soft[here][cross].astype(float), soft[there][cross].astype(float)
        fraction = (a - 0.5) / (a - b)  # of the way from `here` to `there`
        nearest_crossing = np.full(soft.shape, np.inf)
        nearest_crossing[here][cross] = step * fraction
        nearest_crossing[there][cross] = np.minimum(nearest_crossing[there][cross], step * (1 - fraction))
        inverse_square += np.maximum(nearest_crossing, 1e-6) ** -2.0
    surface = inverse_square > 0
    sign = np.where(inside, 1.0, -1.0)
    if not surface.any():
        return sign * np.inf, tuple(np.indices(soft.shape))
    own = np.zeros(soft.shape)
    own[surface] = inverse_square[surface] ** -0.5
    far, nearest = distance_transform_edt(~surface, sampling=spacing, return_indices=True)
    distance = sign * far + (sign * own)[tuple(nearest)]
    return np.where(inside, np.maximum(distance, 0), np.minimum(distance, -1e-6)), tuple(nearest)
