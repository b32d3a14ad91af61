"""What callers hand in: masks, stacks of masks, spacings, probabilities, each checked once and never changed.

Every refusal is one sentence: the argument, what was found, what was expected.
"""

from collections.abc import Sequence

import numpy as np

NOT_LOOKED = -1  # the value of a voxel that a rater did not look at


def as_mask(mask, *, name: str = "mask") -> np.ndarray:
    """One mask, `(*space)` uint8 in {0, 1}; bool and 8-bit input is viewed, not copied."""
    return _zeros_and_ones(_numbers(mask, name), name, missing=False)


def as_masks(masks, *, name: str = "masks", at_least: int = 1, missing: bool = False) -> np.ndarray:
    """A stack of masks, `(R, *space)` uint8 in {0, 1}, any memory order.

    With `missing=True` a rater may be `None`, or -1 where he did not look; then the result is int8.
    """
    if isinstance(masks, Sequence):
        masks = _stacked(masks, name, missing)
    masks = _numbers(masks, name)
    if masks.ndim < 2:
        raise ValueError(f"{name} has shape {masks.shape}, expected (R, *space): one mask per rater.")
    if len(masks) < at_least:
        raise ValueError(f"{name} holds {len(masks)} rater(s), expected at least {at_least}.")
    return _zeros_and_ones(masks, name, missing)


def as_pair(a, b, *, names: tuple[str, str] = ("a", "b")) -> tuple[np.ndarray, np.ndarray]:
    """Two masks of one shape."""
    a, b = _numbers(a, names[0]), _numbers(b, names[1])
    if a.shape != b.shape:
        raise ValueError(f"{names[1]} has shape {b.shape}, expected {a.shape}, the shape of {names[0]}.")
    return _zeros_and_ones(a, names[0], False), _zeros_and_ones(b, names[1], False)


def as_labels(
    labels, n_classes: int, *, name: str = "labels", at_least: int = 1, missing: bool = False
) -> np.ndarray:
    """A stack of label images, `(R, *space)` integers in 0..K-1, and -1 too with `missing=True`."""
    labels = _numbers(labels, name)
    if labels.ndim < 2 or len(labels) < at_least:
        raise ValueError(f"{name} has shape {labels.shape}, expected (R, *space) with R at least {at_least}.")
    low, high = int(labels.min()), int(labels.max())
    if low < (NOT_LOOKED if missing else 0) or high >= n_classes:
        also = ", or -1 where a rater did not look" if missing else ""
        raise ValueError(f"{name} holds values from {low} to {high}, expected 0 to {n_classes - 1}{also}.")
    return labels


def as_spacing(spacing, ndim: int, *, name: str = "spacing") -> tuple[float, ...]:
    """Voxel size in mm, one number per axis; `None` means 1 mm everywhere."""
    if spacing is None:
        return (1.0,) * ndim
    try:
        found = np.asarray(spacing, dtype=float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is {spacing!r}, expected {ndim} numbers in mm, one per axis.") from None
    if found.shape != (ndim,):
        raise ValueError(f"{name} is {spacing!r}, expected {ndim} numbers in mm, one per axis.")
    if not (np.isfinite(found).all() and (found > 0).all()):
        raise ValueError(f"{name} is {spacing!r}, expected finite numbers above 0.")
    return tuple(found.tolist())


def as_probability(probability, *, name: str = "probability") -> np.ndarray:
    """Probabilities in [0, 1] of any shape; floats keep their type, bool and integers become float64."""
    probability = np.asarray(probability)
    if probability.dtype.kind not in "fbiu":
        raise ValueError(f"{name} holds {probability.dtype} values, expected numbers in [0, 1].")
    if probability.size == 0:
        raise ValueError(f"{name} has shape {probability.shape}, expected at least one voxel.")
    low, high = probability.min(), probability.max()  # both are NaN if any value is
    if np.isnan(low):
        raise ValueError(f"{name} holds NaN, expected numbers in [0, 1].")
    if low < 0 or high > 1:
        raise ValueError(f"{name} holds values from {low:g} to {high:g}, expected numbers in [0, 1].")
    return probability if probability.dtype.kind == "f" else probability.astype(np.float64)


def as_rows(masks: np.ndarray) -> np.ndarray:
    """(R, *space) -> (R, N), voxels in the order they lie in memory: a view unless `masks` has gaps."""
    space = sorted(range(1, masks.ndim), key=lambda axis: -abs(masks.strides[axis]))
    return masks.transpose(0, *space).reshape(len(masks), -1)


def _stacked(masks: Sequence, name: str, missing: bool) -> np.ndarray:
    """A list of masks, some of them `None`, as one array."""
    seen = [_numbers(mask, f"{name}[{r}]") for r, mask in enumerate(masks) if mask is not None]
    if not seen:
        raise ValueError(f"{name} holds no mask, expected at least one.")
    if len(seen) < len(masks) and not missing:
        raise ValueError(f"{name} holds {len(masks) - len(seen)} None, expected a mask from every rater.")
    shapes = list(dict.fromkeys(mask.shape for mask in seen))
    if len(shapes) > 1:
        raise ValueError(f"{name} holds shapes {shapes[0]} and {shapes[1]}, expected one for all raters.")
    if len(seen) == len(masks):
        return np.stack(seen)
    nobody = np.full(shapes[0], NOT_LOOKED, np.int8)
    seen = iter(seen)
    return np.stack([nobody if mask is None else next(seen) for mask in masks])


def _numbers(masks, name: str) -> np.ndarray:
    """An array of bool or integers with at least one element; floats are refused, not rounded."""
    try:
        masks = np.asarray(masks)
    except ValueError:  # numpy refuses ragged lists
        raise ValueError(f"{name} holds arrays of unequal shape, expected one shape for all.") from None
    if masks.dtype.kind == "f":
        if np.isnan(masks).any():
            raise ValueError(f"{name} holds {masks.dtype} with NaN among them, expected bool or integers.")
        raise ValueError(f"{name} holds {masks.dtype}, expected bool or integers, as x > 0.5 is.")
    if masks.dtype.kind not in "biu":
        raise ValueError(f"{name} holds {masks.dtype} values, expected bool or integers.")
    if masks.size == 0:
        raise ValueError(f"{name} has shape {masks.shape}, expected at least one voxel.")
    return masks


def _zeros_and_ones(masks: np.ndarray, name: str, missing: bool) -> np.ndarray:
    """uint8 in {0, 1}, or int8 in {-1, 0, 1} if -1 is admitted and occurs: one read of the data."""
    if masks.dtype.kind == "b":
        return masks.view(np.uint8)
    unsigned = masks.view(masks.dtype.str.replace("i", "u"))  # -1 becomes the largest number
    if unsigned.max() <= 1:
        return unsigned.astype(np.uint8, copy=False)
    low, high = int(masks.min()), int(masks.max())
    if missing and low == NOT_LOOKED and high <= 1:
        return masks.astype(np.int8, copy=False)
    also = ", or -1 where a rater did not look" if missing else ""
    raise ValueError(f"{name} holds values from {low} to {high}, expected only 0 and 1{also}.")
