"""A mask grown by a ball: eight voxels per byte, and a whole row of the ball at a time."""

import numpy as np

DIGITS = 6  # lengths are rounded to 1e-6 mm, so that equal ones are equal


def ball(shape: tuple[int, ...], spacing: tuple[float, ...], radius: float) -> tuple[np.ndarray, np.ndarray]:
    """Offsets (m, ndim) but 0 inside an image of `shape` that are at most `radius` mm long, and lengths (m,)."""
    reach = [min(int(radius / s + 1e-6), n - 1) for s, n in zip(spacing, shape, strict=True)]  # voxels
    offsets = np.indices([2 * r + 1 for r in reach]).reshape(len(reach), -1).T - reach
    length = np.round(np.sqrt(((offsets * spacing) ** 2).sum(axis=1)), DIGITS)
    near = offsets.any(axis=1) & (length <= round(radius, DIGITS))
    return offsets[near], length[near]


def grown(mask: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """The voxels of a bool image that one of the `offsets` of a `ball` leads to from the mask."""
    half = {}  # of the ball's row along the last axis, by the offset along the others
    for *others, last in offsets.tolist():
        half[tuple(others)] = max(last, half.get(tuple(others), 0))
    wide, widened = mask.copy(), [np.packbits(mask, axis=-1)]  # by 0, 1, 2, ... voxels along the last axis
    for h in range(1, max(half.values(), default=0) + 1):
        wide[..., h:] |= mask[..., :-h]
        wide[..., :-h] |= mask[..., h:]
        widened.append(np.packbits(wide, axis=-1))
    result = np.zeros_like(widened[0])
    for others, h in half.items():
        to = tuple(slice(max(o, 0), n + min(o, 0)) for o, n in zip(others, mask.shape, strict=False))
        back = tuple(slice(max(-o, 0), n - max(o, 0)) for o, n in zip(others, mask.shape, strict=False))
        result[to] |= widened[h][back]
    return np.unpackbits(result, axis=-1, count=mask.shape[-1]).view(bool)
