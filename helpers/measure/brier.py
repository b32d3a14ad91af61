"""How far a probability map lies from the truth, voxel by voxel."""

from collections.abc import Callable

import numpy as np

from helpers.inputs import as_labels, as_probability
from helpers.measure.classes import as_classes, as_maps, has_classes, steps


def brier(probability, truth) -> float:
    """Mean squared difference, sum (p - y)^2 / N: 0 for a perfect map, 1/4 for one that says 0.5 everywhere.

    `truth` has the shape of `probability` and holds 0 and 1 or anything between, such as the raters' mean label.
    Beside a map (K, *space) it may hold labels (*space) instead: the mean is over voxels and classes either way.
    """
    p, y = as_maps(probability, truth)
    squares, _ = _squares(p[None], y[None], as_probability) if y.shape == p.shape else _squares(p, y[None], as_classes)
    return float(squares.sum() / p.size)


def brier_per_class(probability, truth) -> np.ndarray:
    """(K,): the mean squared difference of each class of a map (K, *space), whose mean is `brier`.

    `truth` is the raters' mean label of each class, (K, *space), or labels (*space). Every class must occur in it: one
    that nobody drew would score well for its absence.
    """
    p, y = as_maps(probability, truth)
    if not has_classes(p):
        raise ValueError(f"probability has shape {p.shape}, expected (K, *space) with K at least 2.")
    squares, drawn = _squares(p, y if y.shape == p.shape else y[None], as_classes)
    if not drawn.all():
        raise ValueError(f"truth has no voxel of class {drawn.argmin()}, expected some of each of {len(p)} classes.")
    return squares / p[0].size


def _squares(probability: np.ndarray, truth: np.ndarray, check: Callable) -> tuple[np.ndarray, np.ndarray]:
    """Sum of (p - y)^2 in each row of maps (K, *space), and which rows of the truth are not all 0.

    A truth (1, *space) beside K > 1 rows holds labels.
    """
    k = len(probability)
    squares, drawn = np.zeros(k), np.zeros(k, bool)
    for p, y in steps(probability, truth):
        p = check(p)
        y = check(y, name="truth") if len(y) == k else as_labels(y, k, name="truth") == np.arange(k)[:, None]
        difference = np.subtract(p, y, dtype=np.float64)
        squares += np.einsum("kn,kn->k", difference, difference)
        drawn |= y.any(axis=1)
    return squares, drawn
