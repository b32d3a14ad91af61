"""The part of an image where something is."""

import numpy as np


def bounding_box(mask: np.ndarray) -> tuple[slice, ...]:
    """The smallest box that holds every voxel of a mask; one voxel if there is none."""
    box = [slice(None)] * mask.ndim
    for axis in sorted(range(mask.ndim), key=lambda axis: -abs(mask.strides[axis])):  # cut whole slabs first
        others = tuple(k for k in range(mask.ndim) if k != axis)
        here = np.flatnonzero(mask[tuple(box)].any(axis=others))
        box[axis] = slice(int(here[0]), int(here[-1]) + 1) if here.size else slice(0, 1)
    return tuple(box)
