"""What a drawing hand does: it wavers, is tempted to draw what is no lesion, leaves specks out, slips."""

import numpy as np
from scipy.ndimage import label, map_coordinates, shift


def smooth_noise(points: np.ndarray, pitch: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A smooth random field of mean 0 and variance about 1 at `points` (n, D), given in mm from a corner.

    Cubic B-splines with independent normal coefficients, `pitch` (D,) mm apart: values two pitches apart are
    nearly independent.
    """
    if not len(points):
        return np.zeros(0)
    knots = points / pitch + 1.5  # clear of the first knot
    lattice = rng.standard_normal(np.ceil(knots.max(0)).astype(int) + 3)
    # The squared cubic B-spline integrates to 151/315: that much of the variance is left per axis.
    scale = (151 / 315) ** (points.shape[1] / 2)
    return map_coordinates(lattice, knots.T, order=3, prefilter=False, mode="nearest") / scale


def tempting_places(allowed: np.ndarray, count: int, rng: np.random.Generator) -> list:
    """Places that could be taken for a lesion, tempting first: (centre (D,) in voxels, relative size)."""
    candidates = np.flatnonzero(allowed)
    chosen = rng.choice(candidates, min(count, len(candidates)), replace=False)
    sizes = rng.lognormal(0, 0.6, len(chosen))
    return list(zip(np.transpose(np.unravel_index(chosen, allowed.shape)), sizes, strict=True))


def choose(places: list, expected: float, rng: np.random.Generator) -> list:
    """The places one rater falls for: Poisson many, the k-th with weight 1 / k."""
    count = min(rng.poisson(expected), len(places))
    if not count:
        return []
    weight = 1 / np.arange(1, len(places) + 1)
    return [places[k] for k in rng.choice(len(places), count, replace=False, p=weight / weight.sum())]


def add_lump(
    mask: np.ndarray, centre: np.ndarray, volume: float, spacing: tuple[float, ...], rng: np.random.Generator
) -> None:
    """Draw a lump of roughly `volume` mm^3 around the voxel `centre` in place: three overlapping balls."""
    radius = 0.8 * (3 * volume / (4 * np.pi)) ** (1 / 3)  # mm
    offsets = np.vstack([np.zeros(3), rng.normal(0, 0.6 * radius, (2, 3))])  # mm
    radii = radius * np.array([1.0, *rng.uniform(0.6, 1.0, 2)])
    reach = np.ceil((np.abs(offsets).max(0) + radius) / spacing).astype(int)
    low, high = np.maximum(centre - reach, 0), np.minimum(centre + reach + 1, mask.shape)
    patch = tuple(map(slice, low, high))
    position = (np.moveaxis(np.mgrid[patch], 0, -1) - centre) * spacing  # (*patch, 3) mm from the centre
    for offset, r in zip(offsets, radii, strict=True):
        mask[patch] |= np.sum((position - offset) ** 2, -1) <= r * r


def drop_small(mask: np.ndarray, smallest: float) -> None:
    """Remove regions of fewer than `smallest` voxels in place; voxels that share a corner belong together."""
    regions, _ = label(mask, np.ones((3,) * mask.ndim))
    size = np.bincount(regions.ravel())
    mask[(size < smallest)[regions]] = 0


def ruin(mask: np.ndarray, where: tuple[slice, ...], spacing: tuple[float, ...], rng) -> None:
    """A gross error in place: the whole drawing slips by about 12 mm and three huge lumps come on top."""
    mask[:] = shift(mask, np.round(np.array([10.0, -7.0, 0.0]) / spacing), order=0)
    low = [s.indices(n)[0] for s, n in zip(where, mask.shape, strict=True)]
    high = [s.indices(n)[1] for s, n in zip(where, mask.shape, strict=True)]
    for _ in range(3):
        add_lump(mask, rng.integers(low, high), 8000.0, spacing, rng)
