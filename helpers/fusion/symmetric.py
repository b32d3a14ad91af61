"""Small symmetric matrices, one per voxel, stored as the J = C (C + 1) / 2 numbers on and above their diagonals."""

from itertools import combinations_with_replacement

import numpy as np


def packed(a: np.ndarray) -> np.ndarray:
    """(..., C, C) -> (J, ...)."""
    return np.stack([a[..., i, j] for i, j in _pairs(a.shape[-1])])


def unpacked(s: np.ndarray) -> np.ndarray:
    """(J, ...) -> (..., C, C)."""
    c = size(s)
    a = np.empty((*s.shape[1:], c, c))
    for row, (i, j) in zip(s, _pairs(c), strict=True):
        a[..., i, j] = a[..., j, i] = row
    return a


def size(s: np.ndarray) -> int:
    """C from J."""
    return int(np.sqrt(2 * len(s)))


def on_diagonal(c: int) -> np.ndarray:
    """Which of the J numbers stand on the diagonal, (J,) bool."""
    return np.array([i == j for i, j in _pairs(c)])


def inverse(s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inverses (J, n) of positive definite matrices (J, n), and the logarithms of their determinants (n,)."""
    c = size(s)
    if c == 1:
        return 1 / s, np.log(s[0])
    if c == 2:
        a, b, d = s
        det = a * d - b * b
        return np.stack([d, -b, a]) / det, np.log(det)
    rows = unpacked(s).transpose(1, 2, 0)  # (C, C, n)
    log_det = np.zeros(s.shape[1])
    for k in range(c):  # the sweep operator: after all C sweeps the inverse stands here, with a minus
        pivot = rows[k, k].copy()
        log_det += np.log(pivot)
        ratio = rows[k] / pivot  # (C, n)
        rows = rows - rows[:, k, None] * ratio
        rows[k] = rows[:, k] = ratio
        rows[k, k] = -1 / pivot
    return -packed(rows.transpose(2, 0, 1)), log_det


def times(s: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Matrices (J, n) times vectors (C, n): (C, n)."""
    result = np.zeros_like(x)
    for row, (i, j) in zip(s, _pairs(len(x)), strict=True):
        result[i] += row * x[j]
        if i != j:
            result[j] += row * x[i]
    return result


def _pairs(c: int):
    return combinations_with_replacement(range(c), 2)
