"""One person's brain from the template: sharpened tissue maps, bent by a random affine and elastic change.

The template averages 152 people, so its tissue maps are blurred. They are sharpened, p_k^2 / sum_j p_j^2, and
then weighted per person, w_k p_k / sum_j w_j p_j, with weights that vary smoothly around 1: a fold opens
here and closes there, which an average cannot show.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import ndimage

from helpers.data.embedded.mni import grid_affine, template
from helpers.data.resampling import box_average, smooth_field

SHARPNESS = 2
ATROPHY_REACH = 12.0  # mm over which wide ventricles push on what surrounds them
BENDS = ((45.0, 2.0), (16.0, 0.8))  # mm: how far a random bend reaches, its standard deviation


@dataclass(frozen=True)
class Brain:
    """Fractions of each voxel, (*space) float32; they sum to the part of it that is inside the brain."""

    grey: np.ndarray
    white: np.ndarray
    csf: np.ndarray
    ventricle_distance: np.ndarray  # mm from the lateral ventricles, negative inside
    affine: np.ndarray  # (4, 4)


@lru_cache(maxsize=2)
def _averages(spacing: float) -> tuple[np.ndarray, ...]:
    """Sharpened grey, white and CSF at 1 mm, blurred as voxels of `spacing` mm blur them; the distance to the
    ventricles and its gradient (4, *space) at 2 mm."""
    maps, origin = template()
    grey, white, csf = (maps[name].astype(np.float32) / 255 for name in ("grey", "white", "csf"))
    ventricles = lateral_ventricles(csf, origin)
    _clear_rim(grey, white, ventricles)
    total = sum(p**SHARPNESS for p in (grey, white, csf)) + 1e-6
    tissues = [
        ndimage.gaussian_filter(p**SHARPNESS / total, 0.35 * spacing, truncate=3) for p in (grey, white, csf)
    ]
    coarse = box_average(ventricles.astype(np.float32), 2) >= 0.5
    distance = ndimage.distance_transform_edt(~coarse, 2.0) - ndimage.distance_transform_edt(coarse, 2.0)
    distance = ndimage.gaussian_filter(distance.astype(np.float32), 0.7)
    return *tissues, np.stack([distance, *np.gradient(distance, 2.0)])


def lateral_ventricles(csf: np.ndarray, origin: np.ndarray) -> np.ndarray:
    """The two large pools of CSF left when the cisterns and the cleft between the hemispheres are cut off."""
    low, high = np.array([[-37, -59, -4], [37, 39, 35]])  # mm: both pools lie in this box
    box = tuple(slice(int(a), int(b) + 1) for a, b in zip(low - origin, high - origin, strict=True))
    x, y, z = np.ogrid[tuple(slice(a, b + 1) for a, b in zip(low, high, strict=True))]
    x = np.abs(x)
    cut = (x <= 1) | (x < 14) & (y < -20) & (z < 15) | (x < 6) & (y < -38)
    pools, _ = ndimage.label((csf[box] > 0.5) & ~cut)
    ventricles = np.zeros(csf.shape, bool)
    ventricles[box] = np.isin(pools, np.argsort(np.bincount(pools.ravel())[1:])[-2:] + 1)
    return ventricles


def _clear_rim(grey: np.ndarray, white: np.ndarray, ventricles: np.ndarray) -> None:
    """In place: averaged CSF and white matter look grey where they meet. Within 4 mm of the ventricles, grey
    too thin to hold a 5 mm cube is called white; the caudate and the thalamus are thicker and stay."""
    box = tuple(slice(s.start - 8, s.stop + 8) for s in ndimage.find_objects(ventricles.astype(np.uint8))[0])
    near = np.clip(4 - ndimage.distance_transform_edt(~ventricles[box]), 0, 1).astype(np.float32)
    thin = near * (grey[box] - ndimage.grey_opening(grey[box], size=(5, 5, 5)))
    grey[box] -= thin
    white[box] += thin


def person(spacing: float, rng: np.random.Generator, *, atrophy: float = 0.0) -> Brain:
    """A brain of its own: moved, bent, folded a little differently, ventricles `atrophy` mm wider a side."""
    *tissues, distance = _averages(spacing)
    affine = grid_affine(spacing)
    shape = tuple(int(n / spacing + 1e-9) for n in tissues[0].shape)
    where = _bend(shape, spacing, rng)  # (3, *space): template voxels of 1 mm
    pull = _sample(distance, where, 2.0)
    strength = np.float32(atrophy) * np.exp(-np.abs(pull[0]) / np.float32(ATROPHY_REACH))
    where -= strength * pull[1:]
    sampled = [_sample(p[None], where, 1.0)[0] for p in tissues]
    inside = np.clip(sum(sampled), 0, 1)
    weights = [
        np.exp(a * smooth_field(shape, 12 / spacing, rng) + b)
        for a, b in ((0.2, 0.0), (0.2, 0.0), (0.7, 0.85 + 0.2 * atrophy))
    ]
    weighted = [w * p for w, p in zip(weights, sampled, strict=True)]
    scale = inside / (sum(weighted) + np.float32(1e-6))
    grey, white, csf = (p * scale for p in weighted)
    return Brain(grey, white, csf, _sample(distance[:1], where, 2.0)[0], affine)


def _bend(shape: tuple[int, ...], spacing: float, rng: np.random.Generator) -> np.ndarray:
    """Where each voxel of the new brain lies in the template (3, *space): x' = c + A (x - c) + t + u(x)."""
    grid = np.indices(shape, dtype=np.float32) * np.float32(spacing) + np.float32((spacing - 1) / 2)
    centre = grid.reshape(3, -1).mean(axis=1).reshape(3, 1, 1, 1)
    matrix = np.diag(rng.normal(1.01, 0.02, 3)) + rng.normal(0, 0.015, (3, 3)) * (1 - np.eye(3))
    shift = rng.normal(0, 1.0, 3)
    offset = grid - centre
    moved = [sum(matrix[i, j] * offset[j] for j in range(3)) for i in range(3)]
    where = np.stack(moved) + centre + shift.reshape(3, 1, 1, 1)
    for reach, size in BENDS:
        where += size * np.stack([smooth_field(shape, reach / spacing, rng) for _ in range(3)])
    return where.astype(np.float32)


def _sample(maps: np.ndarray, where: np.ndarray, voxel: float) -> np.ndarray:
    """Linear interpolation of maps (C, *grid), voxels of `voxel` mm, at `where` (3, *space) in mm."""
    position = (where - (voxel - 1) / 2) / voxel
    return np.stack([ndimage.map_coordinates(m, position, order=1, mode="nearest") for m in maps])
