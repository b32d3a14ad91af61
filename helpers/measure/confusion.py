"""How well the raters' confusion matrices were found."""

import numpy as np

SUMS = 1e-4  # how far from 1 a column may sum: a mean of single-precision matrices over many voxels


def confusion_rmse(estimated, true) -> float:
    """Root mean square difference of two sets of confusion matrices, over raters, true classes and observed classes.

    Both are (R, K, K), [r, i, j] = P(rater r says i given that j is true), so every column sums to 1. A true class that
    never occurs has no column to find: where a column of `true` is all nan, it is left out.
    """
    estimated, true = np.asarray(estimated, dtype=float), np.asarray(true, dtype=float)
    for name, matrices in (("estimated", estimated), ("true", true)):
        if matrices.ndim != 3 or matrices.shape[1] != matrices.shape[2] or matrices.size == 0:
            raise ValueError(f"{name} has shape {matrices.shape}, expected (R, K, K).")
    if estimated.shape != true.shape:
        raise ValueError(f"estimated has shape {estimated.shape}, expected {true.shape}, the shape of true.")
    occurs = ~np.isnan(true).all(axis=1)  # (R, K), by true class
    if not occurs.any():
        raise ValueError("true holds only NaN, expected a column for each class that occurs.")
    columns = {name: m.transpose(0, 2, 1)[occurs] for name, m in (("estimated", estimated), ("true", true))}
    for name, column in columns.items():  # (columns, observed)
        if not (column >= 0).all():
            raise ValueError(f"{name} holds NaN or numbers below 0, expected probabilities.")
        total = column.sum(axis=1)
        worst = total[np.abs(total - 1).argmax()]
        if abs(worst - 1) > SUMS:
            raise ValueError(f"{name} has a column that sums to {worst:.4g}, expected 1, as P(observed | true) does.")
    return float(np.sqrt(np.mean((columns["estimated"] - columns["true"]) ** 2)))
