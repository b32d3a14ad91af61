"""Links: probabilities of K classes as points in space, where raters scatter around the consensus, and back."""

import numpy as np
from scipy.linalg import helmert

LINKS = ("sqrt", "logit")
LEAST = 1e-3  # the logit takes a probability below this for this: otherwise 1e-9 and 1e-12 would be far apart


def to_link(p: np.ndarray, link: str) -> np.ndarray:
    """Probabilities (K, ...) that sum to 1 over K as points (C, ...).

    "sqrt": the K square roots; distances are then Hellinger's. "logit": K - 1 orthonormal contrasts of the logarithms,
    which treat all classes alike; for K = 2 it is log(p_1 / p_0) / sqrt(2).
    """
    if link == "sqrt":
        return np.sqrt(p)
    return -np.tensordot(helmert(len(p)), np.log(np.maximum(p, LEAST)), 1)


def from_link(x: np.ndarray, link: str) -> np.ndarray:
    """Points (C, ...) as probabilities (K, ...). Under the square a negative root counts as 0."""
    if link == "sqrt":
        p = np.square(np.maximum(x, 0))
        total = p.sum(axis=0)
        return np.divide(p, total, out=np.full(p.shape, 1 / len(p)), where=total > 0)
    logs = -np.tensordot(helmert(len(x) + 1).T, x, 1)
    p = np.exp(logs - logs.max(axis=0))
    return p / p.sum(axis=0)
