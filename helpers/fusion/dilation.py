"""Soft dilation masks: a mask T, a rim D of voxels just outside it, and the soft mask T + gamma D.

Candidates for the rim are the voxels outside the mask at most `max_distance` mm from it, between voxel centres.
The rim is filled in one order, which leaves nothing to chance: the brightest first if there is an image; among equals
the nearest to the mask; among those the first by index, the last axis fastest. Distances are rounded to 1e-6 mm.
"""

from bisect import bisect_left

import numpy as np
from scipy import ndimage

from helpers.fusion.ball import ball, grown
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
    if not mask.any():
        return result
    reach = [int(max_distance / s + 1e-6) for s in spacing]  # voxels
    box = tuple(
        slice(max(side.start - r, 0), min(side.stop + r, n))
        for side, r, n in zip(bounding_box(mask), reach, mask.shape, strict=True)
    )
    inside = np.ascontiguousarray(mask[box])
    offsets, length = ball(inside.shape, spacing, max_distance)
    around = _around_mask if per == "mask" else _around_lesions
    chosen, found, wanted = around(inside, None if image is None else image[box], ratio, offsets, length)
    if unreachable == "raise" and (found < wanted).any():
        raise ValueError(_too_few(ratio, found, wanted, max_distance))
    rest = np.zeros(inside.shape, bool)
    rest.ravel()[chosen] = True
    result[box] = rest
    return result


def _around_mask(inside, image, ratio, offsets, length) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Flat indices of the rim of one mask; how many candidates there are; how many are wanted."""
    wanted = _wanted(ratio, np.count_nonzero(inside))
    candidates = grown(inside, offsets) & ~inside
    found = np.count_nonzero(candidates)
    brighter = np.empty(0, np.intp)
    if image is not None and 0 < wanted < found:
        at = np.flatnonzero(candidates)
        values = _falling(image[candidates])
        cut = np.partition(values, wanted)[wanted]
        brighter, candidates = at[values < cut], np.zeros_like(candidates)
        candidates.ravel()[at[values == cut]] = True
    chosen = np.concatenate([brighter, _nearest(wanted - len(brighter), candidates, inside, offsets, length)])
    return chosen, np.array([found]), np.array([wanted])


def _nearest(n: int, candidates, inside, offsets, length) -> np.ndarray:
    """Flat indices of the n candidates nearest to the mask: a ball so large that it holds them, less its last shell."""
    if n >= np.count_nonzero(candidates):
        return np.flatnonzero(candidates)
    radii = np.unique(length)

    def held(k: int) -> np.ndarray:
        return grown(inside, offsets[length <= radii[k]]) & candidates

    k = bisect_left(range(len(radii)), n, key=lambda k: np.count_nonzero(held(k)))
    nearer = held(k - 1) if k else np.zeros_like(candidates)
    shell = np.flatnonzero(held(k) & ~nearer)
    nearer = np.flatnonzero(nearer)
    return np.concatenate([nearer, shell[: n - len(nearer)]])


def _around_lesions(inside, image, ratio, offsets, length) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same for every lesion: flat indices of all rims, candidates (lesions,), wanted (lesions,)."""
    labels, count = ndimage.label(inside, np.ones((3,) * inside.ndim))
    wanted = _wanted(ratio, np.bincount(labels[inside], minlength=count + 1)[1:])
    at, distance, owner = nearest_lesion(labels, offsets, np.unique(length, return_inverse=True)[1])
    found = np.bincount(owner, minlength=count)
    keys = [distance] if image is None else [_falling(image[np.unravel_index(at, inside.shape)]), distance]
    groups = np.split(np.argsort(owner, kind="stable"), np.cumsum(found)[:-1])  # the candidates of each
    chosen = [own[_first(n, [key[own] for key in keys])] for n, own in zip(wanted, groups, strict=True)]
    return at[np.concatenate(chosen)], found, wanted


def _wanted(ratio: float, n):
    return np.rint((ratio - 1) * n).astype(np.int64)


def _first(n: int, keys: list[np.ndarray]) -> np.ndarray:
    """The places of the n smallest of the first key; among equals of the next key, at last the first by index."""
    if not keys or n >= len(keys[0]):
        return np.arange(n)[: len(keys[0]) if keys else None]
    cut = np.partition(keys[0], n)[n]
    sure, tied = np.flatnonzero(keys[0] < cut), np.flatnonzero(keys[0] == cut)
    return np.concatenate([sure, tied[_first(n - len(sure), [key[tied] for key in keys[1:]])]])


def _falling(values: np.ndarray) -> np.ndarray:
    """Keys that sort the largest value first; ~x does so for integers of any size, where -x would overflow."""
    return -values if values.dtype.kind == "f" else ~values


def _too_few(ratio: float, found: np.ndarray, wanted: np.ndarray, max_distance: float) -> str:
    short = found < wanted
    who = f"{short.sum()} of {len(short)} lesions" if len(short) > 1 else "the mask"
    return (
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
