"""Soft dilation masks: a mask T, a rim D of voxels just outside it, and the soft mask T + gamma D.

Candidates for the rim are the voxels outside the mask at most `max_distance` mm from it, between voxel centres.
The rim is filled in one order, which leaves nothing to chance: the brightest first if there is an image; among equals
the nearest to the mask; among those the first by index, the last axis fastest. Distances are rounded to 1e-6 mm.
"""

import numpy as np
from scipy import ndimage

from helpers.fusion.nearest import nearest_lesion
from helpers.fusion.settings import as_choice
from helpers.inputs import as_mask, as_spacing
from helpers.measure.box import bounding_box


def soft_dilation(mask, image=None, *, ratio: float = 1.2, gamma: float = 0.3, spacing=None, **options) -> np.ndarray:
    """T + gamma D, the soft mask of eq. (3), float32: `gamma` on the `rim`, which takes the other options as well."""
    if not 0 < _number(gamma) < 1:
        raise ValueError(f"gamma is {gamma!r}, expected a number above 0 and below 1.")
    around = rim(mask, image, ratio=ratio, spacing=spacing, **options)
    return as_mask(mask) + np.float32(gamma) * around


def rim(
    mask,
    image=None,
    *,
    ratio: float = 1.2,
    spacing=None,
    max_distance: float = 6.0,
    per: str = "mask",
    unreachable: str = "keep",
) -> np.ndarray:
    """D of eq. (3), bool: the first round((ratio - 1) n) candidates around a mask of n voxels.

    `max_distance` in mm is by default as far as the authors reach, with six dilations by a cross of voxels of 1 mm.
    With `per="lesion"` every connected component (neighbours across faces, edges and corners) has an n of its own, and
    a candidate belongs to the nearest lesion; if there are several, to the one whose first voxel comes first.

    Where there are fewer candidates than that, the rim holds them all; `unreachable="raise"` refuses instead.
    """
    mask = as_mask(mask).view(bool)
    spacing = as_spacing(spacing, mask.ndim)
    image = None if image is None else _as_image(image, mask.shape)
    if not 1 <= _number(ratio) < np.inf:
        raise ValueError(f"ratio is {ratio!r}, expected a number of at least 1.")
    if not 0 < _number(max_distance) < np.inf:
        raise ValueError(f"max_distance is {max_distance!r}, expected a number of mm above 0.")
    as_choice(per, ("mask", "lesion"), "per")
    as_choice(unreachable, ("keep", "raise"), "unreachable")

    result = np.zeros(mask.shape, bool)
    reach = [int(max_distance / s + 1e-6) for s in spacing]  # voxels
    box = tuple(
        slice(max(side.start - r, 0), min(side.stop + r, n))
        for side, r, n in zip(bounding_box(mask), reach, mask.shape, strict=True)
    )
    inside = np.ascontiguousarray(mask[box])
    lesions = ndimage.label(inside, np.ones((3,) * mask.ndim))[0] if per == "lesion" else inside
    size = np.bincount(lesions.ravel())[1:]  # (lesions,) voxels
    wanted = np.rint((ratio - 1) * size).astype(np.int64)
    if wanted.any():
        at, distance, owner = nearest_lesion(lesions, spacing, max_distance)
        found = np.bincount(owner, minlength=len(size))
        if unreachable == "raise":
            _refuse(ratio, found, wanted, max_distance)
        keys = (distance, owner) if image is None else (distance, _falling(image[box][at]), owner)
        order = np.lexsort(keys)  # by owner first; stable, so that equals stay in the order of their index
        place = np.arange(len(order)) - np.repeat(np.cumsum(found) - found, found)
        chosen = order[place < np.repeat(wanted, found)]
        result[box][tuple(axis[chosen] for axis in at)] = True
    return result


def _falling(values: np.ndarray) -> np.ndarray:
    """Keys that sort the largest value first; ~x does so for integers of any size, where -x would overflow."""
    return -values if values.dtype.kind == "f" else ~values


def _refuse(ratio: float, found: np.ndarray, wanted: np.ndarray, max_distance: float) -> None:
    short = found < wanted
    if short.any():
        who = f"{short.sum()} of {len(short)} lesions" if len(short) > 1 else "the mask"
        raise ValueError(
            f"ratio is {ratio!r}, which asks for {wanted[short].sum()} voxels around {who}, "
            f"expected at most the {found[short].sum()} that lie within {max_distance:g} mm."
        )


def _number(value) -> float:
    """A number as it is; nan, which no range holds, for anything else."""
    return value if isinstance(value, (int, float, np.integer, np.floating)) else np.nan


def _as_image(image, shape: tuple[int, ...]) -> np.ndarray:
    """Finite or infinite numbers on the grid of the mask."""
    image = np.asarray(image)
    if image.dtype.kind not in "fbiu":
        raise ValueError(f"image holds {image.dtype} values, expected numbers.")
    if image.shape != shape:
        raise ValueError(f"image has shape {image.shape}, expected {shape}, the shape of mask.")
    if np.isnan(image.min()):
        raise ValueError("image holds NaN, expected a number in every voxel.")
    return image
