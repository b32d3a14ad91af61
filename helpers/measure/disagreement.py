"""The two kinds of disagreement between two raters: where the edge runs, and whether there is a lesion at all."""

import numpy as np
from scipy import ndimage

from helpers.inputs import as_pair


def split_disagreement(a, b):
    """Eq. (1.2): the voxels on which two masks differ, as (edge of a lesion both saw, whole lesion only one saw)."""
    a, b = as_pair(a, b)
    pieces, n = ndimage.label(a | b, structure=np.ones((3,) * a.ndim))
    shared = np.zeros(n + 1, bool)
    shared[pieces[(a & b) > 0]] = True
    differ = a != b
    return differ & shared[pieces], differ & ~shared[pieces]
