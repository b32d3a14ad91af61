"""The two kinds of disagreement between two raters: where the edge runs, and whether there is a lesion at all."""

import numpy as np
from scipy import ndimage

from helpers.inputs import as_pair
from helpers.measure.box import bounding_box


def split_disagreement(a, b) -> tuple[np.ndarray, np.ndarray]:
    """The voxels on which two masks differ: (edges of lesions both saw, whole lesions one saw). Chapter 1, eq. (1.2).

    Lesions are the pieces of the union, connected across faces, edges and corners; both saw a piece that holds a
    voxel of both masks.
    """
    a, b = as_pair(a, b)
    differ, both = (a != b), _shared(a, b)
    return differ & both, differ & ~both


def shared_lesions(a, b) -> tuple[np.ndarray, np.ndarray]:
    """Both masks, uint8, without the lesions that only one of them holds."""
    a, b = as_pair(a, b)
    both = _shared(a, b)
    return a * both, b * both


def _shared(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """True in the pieces of a | b that hold a voxel of both; the pieces are sought where something is."""
    box = bounding_box((a | b).view(bool))
    pieces, n = ndimage.label(a[box] | b[box], structure=np.ones((3,) * a.ndim))
    holds_both = np.zeros(n + 1, bool)
    holds_both[pieces[(a[box] & b[box]) > 0]] = True
    shared = np.zeros(a.shape, bool)
    shared[box] = holds_both[pieces]
    return shared
