"""Which lesion is nearest to each voxel around lesions, and how far it is.

Surfaces are thin: every surface voxel hands its distance to the voxels around it, and the least stays. Nothing is
computed for the rest of the image.
"""

import itertools

import numpy as np

from helpers.measure.surface import surface


def nearest_lesion(labels: np.ndarray, offsets: np.ndarray, rank: np.ndarray) -> tuple[np.ndarray, ...]:
    """The background of labels (*space), 0 or 1..L in C order, that an offset of a `ball` leads to from a lesion.

    Indices into `labels.ravel()`, rising; the least `rank` (m,) of an offset (m, ndim) that leads there; and the label,
    less 1, from where it does, of several the smallest. A longer offset has a higher rank.
    """
    count, reach = int(labels.max()), np.abs(offsets).max(axis=0, initial=0)
    dtype = np.min_scalar_type((rank.max(initial=0) + 1) * count + 1)
    far = np.iinfo(dtype).max
    key = np.zeros([n + 2 * r for n, r in zip(labels.shape, reach, strict=True)], dtype)  # so that no offset leaves it
    middle = key[tuple(slice(r, r + n) for n, r in zip(labels.shape, reach, strict=True))]
    middle[labels == 0] = far  # then label + rank * count where something is near; 0 in lesions and beyond the image
    flat, strides = key.ravel(), np.array(key.strides) // key.itemsize
    at = np.nonzero(surface(labels > 0))
    source, own = (np.stack(at, axis=1) + reach) @ strides, labels[at].astype(dtype)

    signs = np.sign(offsets)
    for direction in itertools.product((-1, 0, 1), repeat=labels.ndim):
        same = (signs == direction).all(axis=1)
        if same.any():
            seen = _in_the_open(source, direction, flat, strides)
            there, label = source[seen], own[seen]
            for step, r in zip((offsets[same] @ strides).tolist(), rank[same].tolist(), strict=True):
                to = there + step  # distinct, so that none is written twice
                flat[to] = np.minimum(flat[to], label + dtype.type(r * count))

    found = middle.ravel()
    at = np.flatnonzero((found > 0) & (found < far))
    distance, owner = np.divmod(found[at] - dtype.type(1), dtype.type(count))
    return at, distance, owner


def _in_the_open(source: np.ndarray, direction: tuple[int, ...], flat: np.ndarray, strides: np.ndarray) -> np.ndarray:
    """Sources with background beside them on the way: a lesion voxel there would be nearer to all that follows."""
    seen = np.arange(len(source))
    for step in itertools.product(*({0, d} for d in direction)):
        if any(step):
            seen = seen[flat[source[seen] + np.dot(step, strides)] > 0]
    return seen
