"""The settings that fusion methods share, each checked before any work is done."""

import numpy as np


def as_stopping(dtype, tol: float = 0.0, max_iterations: int = 1) -> tuple[np.dtype, float, int]:
    """Type of the result, and when to stop."""
    if np.dtype(dtype).kind != "f":
        raise ValueError(f"dtype is {np.dtype(dtype)}, expected a type of float.")
    if not (_is_number(tol) and tol >= 0):
        raise ValueError(f"tol is {tol!r}, expected 0 or more.")
    if not (isinstance(max_iterations, (int, np.integer)) and max_iterations >= 1):
        raise ValueError(f"max_iterations is {max_iterations!r}, expected a whole number from 1.")
    return np.dtype(dtype), float(tol), int(max_iterations)


def as_prior(prior: float | None, confidence: float = 1.0, mean: float = 0.0) -> float:
    """P(x = 1): what the caller says, or the mean of the masks, times `confidence`."""
    if prior is not None and not (_is_number(prior) and 0 < prior < 1):
        raise ValueError(f"prior is {prior!r}, expected a number above 0 and below 1, or None.")
    if not (_is_number(confidence) and 0 < confidence < np.inf):
        raise ValueError(f"confidence is {confidence!r}, expected a number above 0.")
    g = float((mean if prior is None else prior) * confidence)
    if g > 1 or (g == 1 and confidence != 1):
        raise ValueError(f"confidence is {confidence!r}, which makes the prior {g:g}, expected a prior below 1.")
    return g


def as_choice(value: str, choices: tuple[str, ...], name: str) -> None:
    """One of a few words."""
    if not (isinstance(value, str) and value in choices):
        raise ValueError(f"{name} is {value!r}, expected {' or '.join(repr(choice) for choice in choices)}.")


def as_rates(sensitivity, specificity, raters: int) -> tuple[np.ndarray, np.ndarray]:
    """Known rates in [0, 1], (R,) each."""
    for name, values in (("sensitivity", sensitivity), ("specificity", specificity)):
        found = _floats(values)
        if found.shape != (raters,) or not ((found >= 0) & (found <= 1)).all():
            raise ValueError(f"{name} is {values!r}, expected {raters} numbers in [0, 1], one per rater.")
    return _floats(sensitivity), _floats(specificity)


def _is_number(x) -> bool:
    return isinstance(x, (int, float, np.integer, np.floating))


def as_start(start: float) -> float:
    """The opinion on a rim to start from."""
    if not (_is_number(start) and 0 <= start <= 1):
        raise ValueError(f"start is {start!r}, expected a number in [0, 1].")
    return float(start)


def as_shrinkage(shrinkage: float) -> float:
    """How many windows of voxels with the global rates are added to each window."""
    if not (_is_number(shrinkage) and 0 <= shrinkage < np.inf):
        raise ValueError(f"shrinkage is {shrinkage!r}, expected a number from 0.")
    return float(shrinkage)


def as_window(window, ndim: int, kernel: str) -> np.ndarray:
    """Width of a window, one number or one per axis; a Gaussian needs an end."""
    found = _floats(window)
    if found.shape not in ((), (ndim,)) or not (found > 0).all():
        raise ValueError(f"window is {window!r}, expected a number above 0, or {ndim} of them, one per axis.")
    if kernel == "gaussian" and np.isinf(found).any():
        raise ValueError(f"window is {window!r}, expected finite numbers for a Gaussian.")
    return found


def as_beta(beta, raters: int, name: str) -> np.ndarray:
    """(alpha, beta) of a Beta prior per rater, (R, 2), from one pair or a row per rater."""
    found = _floats(beta)
    if found.shape not in ((2,), (raters, 2)):
        raise ValueError(f"{name} is {beta!r}, expected (alpha, beta), or {raters} rows of them, one per rater.")
    if not (np.isfinite(found).all() and (found >= 1).all()):
        raise ValueError(f"{name} is {beta!r}, expected numbers from 1: below 1 the mode may not exist.")
    return np.broadcast_to(found, (raters, 2))


def as_region(region, space: tuple[int, ...]):
    """ "all", "disputed", or a bool array (*space) that holds at least one voxel."""
    if isinstance(region, str):
        if region not in ("all", "disputed"):
            raise ValueError(f'region is {region!r}, expected "all", "disputed" or a bool array of shape {space}.')
        return region
    region = np.asarray(region)
    if region.dtype != bool or region.shape != space:
        raise ValueError(
            f"region is an array of {region.dtype} of shape {region.shape}, "
            f'expected "all", "disputed" or a bool array of shape {space}.'
        )
    if not region.any():
        raise ValueError("region holds no voxel, expected at least one.")
    return region


def as_table(said, counts) -> tuple[np.ndarray, np.ndarray]:
    """What the raters say in each pattern, (P, R), and how often each pattern occurs, (P,) numbers from 0."""
    said, counts = np.asarray(said), np.asarray(counts)
    if said.ndim != 2 or 0 in said.shape:
        raise ValueError(f"said has shape {said.shape}, expected (P, R): a row per pattern, a column per rater.")
    if counts.shape != (len(said),):
        raise ValueError(f"counts has shape {counts.shape}, expected {(len(said),)}: one number per row of said.")
    if counts.dtype.kind not in "biuf" or not (np.isfinite(counts).all() and (counts >= 0).all()):
        raise ValueError("counts holds something else, expected finite numbers from 0.")
    return said, counts


def as_label_prior(prior, k: int) -> np.ndarray | None:
    """How common each of K labels is, (K,), or None."""
    if prior is None:
        return None
    found = _floats(prior)
    if found.shape != (k,) or not ((found >= 0).all() and abs(found.sum() - 1) < 1e-6):
        raise ValueError(f"prior is {prior!r}, expected {k} numbers from 0 that sum to 1, or None.")
    return found


def as_pseudo_counts(alpha, k: int) -> np.ndarray:
    """alpha - 1 of a Dirichlet prior on the columns of a confusion matrix, (K, K)."""
    found = _floats(alpha)
    if found.shape not in ((), (k, k)) or not (np.isfinite(found).all() and (found >= 1).all()):
        raise ValueError(f"confusion_prior is {alpha!r}, expected a number from 1, or {k} x {k} of them.")
    return np.broadcast_to(found, (k, k)) - 1


def as_columns(confusion, raters: int, k: int) -> np.ndarray | None:
    """Confusion matrices to start from, (R, K, K), or None."""
    if confusion is None:
        return None
    found = _floats(confusion)
    if found.shape != (raters, k, k) or not (np.isfinite(found).all() and (found >= 0).all()):
        raise ValueError(
            f"start is an array of shape {found.shape}, expected numbers from 0 of shape ({raters}, {k}, {k}), or None."
        )
    return found


def _floats(values) -> np.ndarray:
    """An array of float64; of an impossible shape if these are not numbers."""
    try:
        return np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        return np.empty(0)
