"""Sums over a window around every voxel; voxels beyond the border of the image are not there."""

from collections.abc import Callable

import numpy as np
from scipy import ndimage

REACH = 4.0  # standard deviations after which the Gaussian is cut


def window_sum(window, kernel: str, shape: tuple[int, ...], spacing: tuple[float, ...]) -> Callable:
    """The function that turns an image (*space) into its window sums, (*space) float64.

    "box": all voxels at most half of `window` (mm, a number or one per axis) away along each axis weigh 1.
    "gaussian": weights that fall from 1 with the standard deviation that the box has, window / sqrt(12).
    """
    widths = np.broadcast_to(np.asarray(window, dtype=float), len(shape)) / spacing  # in voxels
    if kernel == "box":
        halves = [int(min(width / 2 + 1e-9, n)) for width, n in zip(widths, shape, strict=True)]
        return lambda image: _box(image, halves)
    sigmas = widths / np.sqrt(12)
    peaks = [1 / ndimage.gaussian_filter1d(_impulse(sigma), sigma, truncate=REACH).max() for sigma in sigmas]
    scale = np.prod(peaks)
    return lambda image: scale * ndimage.gaussian_filter(image, sigmas, mode="constant", truncate=REACH)


def _box(image: np.ndarray, halves: list[int]) -> np.ndarray:
    """Axis by axis, the difference of two running sums: the width of the box costs nothing."""
    for axis, half in enumerate(halves):
        n = image.shape[axis]
        running = np.zeros((*image.shape[:axis], n + 1, *image.shape[axis + 1 :]))
        np.cumsum(image, axis=axis, out=running[(slice(None),) * axis + (slice(1, None),)])
        ends = np.arange(n)
        image = running.take(np.minimum(ends + half + 1, n), axis) - running.take(np.maximum(ends - half, 0), axis)
    return image


def _impulse(sigma: float) -> np.ndarray:
    line = np.zeros(2 * int(REACH * sigma + 0.5) + 1)
    line[len(line) // 2] = 1
    return line
