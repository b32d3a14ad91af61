"""How much two masks overlap, by counting voxels.

Two empty masks agree on every voxel, so they score as two equal masks do: Dice, precision and recall are 1,
volume differences 0. Where only the denominator is empty the ratio does not exist: nan, or inf for volumes.
"""

import math

import numpy as np

from helpers.inputs import as_pair, as_rows

CHUNK = 1 << 18  # bytes per mask and step, so that what is read once is counted inside the cache


def dice(a, b) -> float:
    """2 |a & b| / (|a| + |b|); 1.0 for two empty masks."""
    both, in_a, in_b = overlap_counts(*as_pair(a, b))
    return _ratio(2 * both, in_a + in_b)


def precision(mask, truth) -> float:
    """|mask & truth| / |mask|; 1.0 for two empty masks, nan if only `mask` is empty."""
    both, in_mask, in_truth = overlap_counts(*as_pair(mask, truth, names=("mask", "truth")))
    return _ratio(both, in_mask, empty=math.nan if in_truth else 1.0)


def recall(mask, truth) -> float:
    """|mask & truth| / |truth|, also called sensitivity; 1.0 for two empty masks, nan if only `truth` is."""
    both, in_mask, in_truth = overlap_counts(*as_pair(mask, truth, names=("mask", "truth")))
    return _ratio(both, in_truth, empty=math.nan if in_mask else 1.0)


def rvd(mask, truth) -> float:
    """Relative volume difference (|truth| - |mask|) / |truth|: positive where the mask is too small.

    0.0 for two empty masks, -inf if only `truth` is empty.
    """
    _, in_mask, in_truth = overlap_counts(*as_pair(mask, truth, names=("mask", "truth")))
    return _ratio(in_truth - in_mask, in_truth, empty=-math.inf if in_mask else 0.0)


def avd(mask, truth) -> float:
    """Absolute volume difference |rvd|: a share of the true volume, whichever way it errs."""
    return abs(rvd(mask, truth))


def overlap_counts(a: np.ndarray, b: np.ndarray) -> tuple[int, int, int]:
    """|a & b|, |a|, |b| of two checked masks of one shape, in one read of each."""
    if a.strides == b.strides:
        a, b = as_rows(a[None])[0], as_rows(b[None])[0]  # (N,) views in memory order
    else:
        a, b = a.reshape(-1), b.reshape(-1)
    a, b = a.view(bool), b.view(bool)  # count_nonzero is several times faster on bool
    both = in_a = in_b = 0
    for start in range(0, len(a), CHUNK):
        x, y = a[start : start + CHUNK], b[start : start + CHUNK]
        both += np.count_nonzero(x & y)
        in_a += np.count_nonzero(x)
        in_b += np.count_nonzero(y)
    return both, in_a, in_b


def _ratio(part: int, whole: int, empty: float = 1.0) -> float:
    return float(part / whole) if whole else empty  # plain floats print plainly
