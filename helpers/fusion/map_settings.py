"""The settings of the methods that make and fuse probability maps, each checked before any work is done."""

import numpy as np

from helpers.inputs import as_probability

OFF = 1e-3  # how far the maps of a rater's classes may be from summing to 1


def as_number(value, name: str, *, above: float | None = None, least: float | None = None, unit: str = "") -> float:
    """A finite number above `above`, or of at least `least`."""
    bound = f"above {above:g}" if above is not None else f"of at least {least:g}"
    number = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
    if not (number and np.isfinite(value) and (value > above if above is not None else value >= least)):
        raise ValueError(f"{name} is {value!r}, expected a number {bound}{unit}.")
    return float(value)


def as_image(image, shape: tuple[int, ...], name: str = "image") -> np.ndarray:
    """An image (*space) of finite numbers on the grid of the mask."""
    image = np.asarray(image)
    if image.shape != shape:
        raise ValueError(f"{name} has shape {image.shape}, expected {shape}, the shape of the mask.")
    if image.dtype.kind not in "fbiu":
        raise ValueError(f"{name} holds {image.dtype} values, expected numbers.")
    if not np.isfinite(image).all():
        raise ValueError(f"{name} holds values that are not finite, expected numbers.")
    return image


def as_maps(maps, n_classes: int | None, name: str = "maps") -> np.ndarray:
    """Probability maps in [0, 1]: (R, *space) of the lesion, or (R, K, *space) that sum to 1 over K classes."""
    try:
        maps = np.asarray(maps)
    except ValueError:  # numpy refuses ragged lists
        raise ValueError(f"{name} holds arrays of unequal shape, expected one shape for all raters.") from None
    maps = as_probability(maps, name=name)
    if n_classes is None:
        if maps.ndim < 2:
            raise ValueError(f"{name} has shape {maps.shape}, expected (R, *space): one map per rater.")
        return maps
    if isinstance(n_classes, bool) or not isinstance(n_classes, (int, np.integer)) or n_classes < 2:
        raise ValueError(f"n_classes is {n_classes!r}, expected a whole number from 2.")
    if maps.ndim < 3 or maps.shape[1] != n_classes:
        raise ValueError(f"{name} has shape {maps.shape}, expected (R, {n_classes}, *space) for {n_classes} classes.")
    for r, of_rater in enumerate(maps):
        off = float(np.abs(of_rater.sum(axis=0) - 1).max())
        if off > OFF:
            raise ValueError(f"{name}[{r}] sums to 1 with an error of {off:.3g}, expected 1 over the classes.")
    return maps


def as_dof(dof, raters: int) -> np.ndarray | None:
    """nu held fixed, one number or one per rater, (R,); None if it is to be estimated."""
    if dof is None:
        return None
    try:
        found = np.asarray(dof, dtype=float)
    except (TypeError, ValueError):
        found = np.empty(0)
    if found.shape not in ((), (raters,)) or not ((found > 0) & (found < np.inf)).all():
        raise ValueError(f"dof is {dof!r}, expected a number above 0, or {raters} of them, one per rater, or None.")
    return np.broadcast_to(found, (raters,))


def as_flag(value, name: str) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} is {value!r}, expected True or False.")
    return bool(value)
