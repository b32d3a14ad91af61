"""Which lesions were found: connected components instead of voxels."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from helpers.inputs import as_pair
from helpers.measure.box import bounding_box


@dataclass(frozen=True)
class LesionDetection:
    """Counts of lesions; a ratio without a denominator is nan, and 1 if neither mask holds a lesion."""

    found: int  # true lesions that the mask covers
    missed: int  # true lesions that it does not
    false: int  # lesions of the mask that cover no true one
    right: int  # lesions of the mask that cover a true one

    @property
    def sensitivity(self) -> float:
        """found / (found + missed)."""
        return self._share(self.found, self.missed)

    @property
    def precision(self) -> float:
        """right / (right + false)."""
        return self._share(self.right, self.false)

    @property
    def f1(self) -> float:
        """Harmonic mean of sensitivity and precision: 0 if only one of the two masks holds a lesion."""
        if not self.found or not self.right:
            return 0.0 if self.missed or self.false else 1.0
        return 2 / (1 / self.sensitivity + 1 / self.precision)

    def _share(self, yes: int, no: int) -> float:
        if yes + no:
            return yes / (yes + no)
        return math.nan if self.missed or self.false or self.found or self.right else 1.0


def lesion_detection(mask, truth, *, overlap: float = 0.0) -> LesionDetection:
    """Match the connected components (neighbours across faces, edges and corners) of two masks.

    A true lesion is found if at least one of its voxels, and at least the share `overlap` of them, lie in
    `mask`; a lesion of `mask` is right if the same holds with the roles exchanged, else it is false. So the
    default, 0.0, asks for one shared voxel, and one large blob may find several lesions.
    """
    mask, truth = as_pair(mask, truth, names=("mask", "truth"))
    if not 0 <= overlap <= 1:
        raise ValueError(f"overlap is {overlap!r}, expected a share from 0 to 1.")
    box = bounding_box((mask | truth).view(bool))
    mask, truth = mask[box], truth[box]
    found = covered_lesions(truth, mask, overlap)
    right = covered_lesions(mask, truth, overlap)
    return LesionDetection(
        int(found.sum()), int((~found).sum()), false=int((~right).sum()), right=int(right.sum())
    )


def covered_lesions(lesions: np.ndarray, cover: np.ndarray, overlap: float) -> np.ndarray:
    """One bool per connected component of `lesions`: does `cover` hold enough of it?"""
    labels, count = ndimage.label(lesions, structure=np.ones((3,) * lesions.ndim))
    size = np.bincount(labels.ravel(), minlength=count + 1)[1:]  # (lesions,)
    shared = np.bincount(labels[cover.view(bool)], minlength=count + 1)[1:]
    return (shared > 0) & (shared >= overlap * size)
