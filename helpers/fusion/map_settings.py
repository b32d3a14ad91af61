"""The settings of the methods that make and fuse probability maps, each checked before any work is done."""

import numpy as np


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
