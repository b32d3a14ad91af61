"""From a case to what a 2-D network eats: standardised slices, one after the other."""

import numpy as np

from helpers.data import Case


def image_slices(case: Case, modalities: tuple[str, ...] | None = None) -> np.ndarray:
    """Axial slices (Z, C, X, Y) float32 of a case (X, Y, Z): mean 0 and variance 1 inside the head, 0 outside it.

    The head is where any image differs from 0. `modalities` are all of the case's, in its order, unless given.
    """
    modalities = tuple(case.images) if modalities is None else tuple(modalities)
    if missing := [name for name in modalities if name not in case.images]:
        raise ValueError(f"modalities holds {missing[0]!r}, expected some of {', '.join(case.images)}.")
    images = np.stack([case.images[name] for name in modalities], axis=0)          # (C, X, Y, Z)
    head = images.any(axis=0)
    if not head.any():
        raise ValueError("every image is 0 everywhere, expected a head to look at.")
    for image in images:
        values = image[head].astype(np.float64)
        image[head] = (values - values.mean()) / max(values.std(), 1e-6)
    return np.ascontiguousarray(images.transpose(3, 0, 1, 2))


def mask_slices(mask: np.ndarray) -> np.ndarray:
    """Axial slices (Z, X, Y) float32 of a mask or soft mask (X, Y, Z), in the order of `image_slices`."""
    return np.ascontiguousarray(np.moveaxis(np.asarray(mask, np.float32), -1, 0))


def volume(slices: np.ndarray) -> np.ndarray:
    """Slices (Z, X, Y) back to a volume (X, Y, Z)."""
    return np.ascontiguousarray(np.moveaxis(slices, 0, -1))
