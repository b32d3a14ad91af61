"""Anderson's acceleration of a fixed-point iteration x <- g(x) that crawls."""

import numpy as np

MEMORY = 6  # steps that are remembered
RIDGE = 1e-8  # relative: steps that are nearly multiples of each other do not blow up


def extrapolated(points: list[np.ndarray], images: list[np.ndarray]) -> np.ndarray:
    """The next point from the last points x_k and images g(x_k), oldest first.

    Steps g(x_k) - x_k are taken as linear in x_k; the mixture of the points whose step is shortest is sought, and its
    image returned. With one point it is g(x).
    """
    steps = np.stack(images) - points  # (k, d)
    further, other = np.diff(steps, axis=0), np.diff(images, axis=0)
    gram = further @ further.T
    gram[np.diag_indices_from(gram)] += RIDGE * np.trace(gram) + np.finfo(float).tiny
    return images[-1] - other.T @ np.linalg.solve(gram, further @ steps[-1])
