"""Which lesion is nearest to each voxel around lesions, and how far it is.

Surfaces are thin: every surface voxel hands its distance to the voxels around it, and the least stays. Nothing is
computed for the rest of the image.
"""

import itertools

import numpy as np

from helpers.measure.surface import surface


def nearest_lesion(
    labels: np.ndarray, spacing: tuple[float, ...], max_distance: float
) -> tuple[tuple[np.ndarray, ...], np.ndarray, np.ndarray]:
    """The background voxels at most `max_distance` from a voxel of labels (*space), 0 or 1..L; each of the L occurs.

    Their indices, one array per axis, in the order of memory; the rank of their distance, which is rounded to 1e-6;
    and their lesion, 0..L-1: the nearest, of several the one with the smallest label.
    """
    reach = [min(int(max_distance / s + 1e-6), n - 1) for s, n in zip(spacing, labels.shape, strict=True)]
    offsets, rank = _ball(reach, spacing, max_distance)
    count = int(labels.max())
    dtype = np.min_scalar_type(len(offsets) * count + 1)
    unreached = np.iinfo(dtype).max
    inside = np.pad(labels > 0, [(r, r) for r in reach])  # so that no offset leaves the array
    key = np.zeros(inside.shape, dtype)  # 1 + rank * count + lesion; 0 where nothing is to be found
    key[tuple(slice(r, r + n) for r, n in zip(reach, labels.shape, strict=True))] = np.where(labels, 0, unreached)
    strides = np.array(key.strides) // key.itemsize
    flat = key.ravel()
    lesion = np.pad(labels, [(r, r) for r in reach]).ravel()
    source = np.flatnonzero(surface(inside))
    own = lesion[source].astype(dtype)  # 1..L
    for step, r in zip((offsets @ strides).tolist(), rank.tolist(), strict=True):
        there = source + step  # distinct, so that none is written twice
        flat[there] = np.minimum(flat[there], own + dtype.type(r * count))
    at = np.flatnonzero((flat > 0) & (flat < unreached))
    where = tuple(x - r for x, r in zip(np.unravel_index(at, key.shape), reach, strict=True))
    distance, owner = np.divmod(flat[at] - dtype.type(1), dtype.type(count))
    return where, distance, owner.astype(np.intp)


def _ball(reach: list[int], spacing: tuple[float, ...], max_distance: float) -> tuple[np.ndarray, np.ndarray]:
    """All offsets (m, ndim) but 0 that are at most `max_distance` long, the shortest first, and ranks of length."""
    offsets = np.array(list(itertools.product(*(range(-r, r + 1) for r in reach))))
    length = np.round(np.sqrt(((offsets * spacing) ** 2).sum(axis=1)), 6)
    near = (length > 0) & (length <= round(max_distance, 6))
    offsets, length = offsets[near], length[near]
    order = np.argsort(length, kind="stable")
    return offsets[order], np.unique(length[order], return_inverse=True)[1]
