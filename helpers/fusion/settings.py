"""The settings that fusion methods share, each checked before any work is done."""

import numpy as np


def as_stopping(dtype, tol: float, max_iterations: int) -> tuple[np.dtype, float, int]:
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


def _is_number(x) -> bool:
    return isinstance(x, (int, float, np.integer, np.floating))


def as_beta(beta, raters: int, name: str) -> np.ndarray:
    """(alpha, beta) of a Beta prior per rater, (R, 2), from one pair or a row per rater."""
    try:
        found = np.asarray(beta, dtype=float)
    except (TypeError, ValueError):
        found = np.empty(0)
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
