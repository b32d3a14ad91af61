"""Three things done to a grid: averages over boxes, smooth random fields, refined patches."""

import numpy as np
from scipy import ndimage


def box_average(image: np.ndarray, factor: float) -> np.ndarray:
    """Mean over boxes of `factor` voxels a side: exactly what a larger voxel sees (partial volume).

    Axis by axis, the running sum is read at the box edges; a box may cut through a voxel. What does not fill
    a whole box at the far end is left out.
    """
    for axis in range(image.ndim):
        image = np.moveaxis(_box_average_first(np.moveaxis(image, axis, 0), factor), 0, axis)
    return image


def _box_average_first(image: np.ndarray, factor: float) -> np.ndarray:
    n = len(image)
    if factor == int(factor):
        whole = int(factor)
        return sum(image[k : n // whole * whole : whole].astype(np.float32) for k in range(whole)) / whole
    edges = factor * np.arange(int(n / factor + 1e-9) + 1)
    running = np.zeros((n + 1, *image.shape[1:]), np.float32)
    np.cumsum(image, axis=0, dtype=np.float32, out=running[1:])
    below = np.minimum(edges.astype(int), n - 1)
    part = (edges - below).astype(np.float32).reshape(-1, *[1] * (image.ndim - 1))
    at_edges = running[below] * (1 - part) + running[below + 1] * part
    return np.diff(at_edges, axis=0) / np.float32(factor)


def smooth_field(shape: tuple[int, ...], scale: float, rng: np.random.Generator) -> np.ndarray:
    """A random field of mean 0 and standard deviation near 1 that varies over about `scale` voxels."""
    step = max(scale / 3.0, 1.0)  # the noise is smoothed on a coarse grid, then interpolated
    coarse_shape = tuple(int(np.ceil(n / step)) + 2 for n in shape)
    sigma = scale / step / 1.5
    coarse = ndimage.gaussian_filter(rng.standard_normal(coarse_shape, dtype=np.float32), sigma, mode="wrap")
    coarse /= np.float32(coarse.std() + 1e-12)
    if step == 1.0:
        return coarse[tuple(slice(n) for n in shape)]
    field = coarse
    for axis, n in enumerate(shape):
        field = _interpolate(field, np.arange(n) / step, axis)
    return field


def _interpolate(image: np.ndarray, positions: np.ndarray, axis: int) -> np.ndarray:
    """Linear interpolation along one axis at fractional voxel positions."""
    below = np.minimum(positions.astype(int), image.shape[axis] - 2)
    part = (positions - below).astype(np.float32)
    part = part.reshape([-1 if a == axis else 1 for a in range(image.ndim)])
    low, high = np.take(image, below, axis=axis), np.take(image, below + 1, axis=axis)
    return low + part * (high - low)


def refine(patch: np.ndarray, factor: int) -> np.ndarray:
    """The patch on a grid `factor` times finer: linear in between, constant at the border."""
    for axis, n in enumerate(patch.shape):
        centres = np.clip((np.arange(n * factor) + 0.5) / factor - 0.5, 0, n - 1)
        patch = _interpolate(patch, centres, axis) if n > 1 else np.repeat(patch, factor, axis)
    return patch
