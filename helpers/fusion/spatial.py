"""Spatial STAPLE: sensitivity and specificity of a rater differ from place to place (Asman and Landman 2012)."""

from collections.abc import Callable, Iterator

import numpy as np

from helpers.fusion.consensus import Consensus
from helpers.fusion.rates import NO_EVIDENCE, TINY, UNKNOWN, Rates
from helpers.fusion.settings import as_choice, as_prior, as_shrinkage, as_stopping, as_window
from helpers.fusion.warning import warning_of
from helpers.fusion.window import window_sum
from helpers.inputs import as_masks, as_spacing

ROUNDING = 1e-9  # voxels: less in a window than this is rounding


def spatial_staple(
    masks,
    *,
    window,
    kernel: str = "box",
    shrinkage: float = 0.5,
    spacing=None,
    prior: float | None = None,
    tol: float = 1e-5,
    max_iterations: int = 1000,
    dtype=np.float32,
) -> Consensus:
    """Consensus of binary masks (R, *space), -1 or `None` where a rater did not look, with rates that vary in space.

    The rates of a voxel are those of the window around it, drawn toward the global ones p as if m more voxels had
    these: p(v) = (sum_window W D + m p) / (sum_window W + m), where m is `shrinkage` times a whole window. `window` is
    its width in mm (voxels without `spacing`), a number or one per axis; np.inf, a box as wide as the image, gives
    `staple`. `kernel` is "box" or "gaussian". `prior` is P(x = 1), held fixed: the mean of the masks unless given.

    Stops when neither W nor a global rate moves by more than `tol`. `raters` holds the global rates, `maps` the local
    ones, "sensitivity" and "specificity" (R, *space). `objective` is the log likelihood, for which windows that overlap
    promise nothing. Where nobody looked is nan.
    """
    masks = as_masks(masks, missing=True)
    space = masks.shape[1:]
    as_choice(kernel, ("box", "gaussian"), "kernel")
    spacing = as_spacing(spacing, len(space))
    total = window_sum(as_window(window, len(space), kernel), kernel, space, spacing)
    shrinkage = as_shrinkage(shrinkage)
    dtype, tol, max_iterations = as_stopping(dtype, tol, max_iterations)
    as_prior(prior)
    extra = shrinkage * total(np.ones(space)).max()  # voxels

    yes, no = sum(mask == 1 for mask in masks), sum(mask == 0 for mask in masks)  # (*space)
    looked = yes + no > 0
    w = np.divide(yes, yes + no, out=np.zeros(space), where=looked)
    g = as_prior(prior, mean=w.sum() / max(np.count_nonzero(looked), 1))
    rates, objective, converged = np.full((2, len(masks)), np.inf), [], False
    while not converged and len(objective) < max_iterations:
        before, old = rates, w
        rates = _global_rates(masks, w)
        lesion, background = np.full(space, _log(g)), np.full(space, _log(1 - g))
        for mask, (p, s) in zip(masks, _local_rates(masks, w, rates, extra, total), strict=True):
            lesion += np.where(mask < 0, 0, _log(np.where(mask == 1, p, 1 - p)))
            background += np.where(mask < 0, 0, _log(np.where(mask == 0, s, 1 - s)))
        both = np.logaddexp(lesion, background)
        w = np.where(looked, np.exp(lesion - both), 0)
        objective.append(both[looked].sum())
        converged = bool(np.abs(rates - before).max() <= tol and np.abs(w - old).max() <= tol)

    maps = {name: np.empty(masks.shape, dtype) for name in ("sensitivity", "specificity")}
    for r, (p, s) in enumerate(_local_rates(masks, old, rates, extra, total)):  # those that gave w
        maps["sensitivity"][r], maps["specificity"][r] = p, s
    w[~looked] = np.nan
    found = Rates(*rates, np.array(objective), len(objective) - converged, converged)
    raters = {"sensitivity": rates[0], "specificity": rates[1]} | _warning(masks, yes, no, found)
    return Consensus(w.astype(dtype, copy=False), raters, found.objective, found.iterations, converged, maps)


def _global_rates(masks: np.ndarray, w: np.ndarray) -> np.ndarray:
    """p = sum W D / sum W and s = sum (1-W)(1-D) / sum (1-W), where the rater looked: (2, R)."""
    rates = np.full((2, len(masks)), UNKNOWN)
    for r, mask in enumerate(masks):
        for rate, weight, right in ((rates[0], w, 1), (rates[1], 1 - w, 0)):
            all_of_it = weight.sum(where=mask >= 0)
            if all_of_it > NO_EVIDENCE:
                rate[r] = weight.sum(where=mask == right) / all_of_it
    return rates


def _local_rates(
    masks: np.ndarray, w: np.ndarray, rates: np.ndarray, extra: float, total: Callable
) -> Iterator[list[np.ndarray]]:
    """Sensitivity and specificity of one rater after the other, (*space) each: no more than a few maps at a time."""
    complete = masks.dtype == np.uint8
    weights = (w, 1 - w)
    sums = [total(weight) if complete else None for weight in weights]
    for mask, *of_rater in zip(masks, *rates, strict=True):
        local = []
        for weight, all_of_it, right, rate in zip(weights, sums, (1, 0), of_rater, strict=True):
            all_of_it = all_of_it if complete else total(weight * (mask >= 0))
            good = total(weight * (mask == right)) + extra * rate
            known = all_of_it + extra > ROUNDING
            share = np.divide(good, all_of_it + extra, out=np.full(w.shape, rate), where=known)
            local.append(np.clip(share, 0, 1, out=share))  # the sums are right to rounding only
        yield local


def _warning(masks: np.ndarray, yes: np.ndarray, no: np.ndarray, found: Rates) -> dict[str, np.ndarray]:
    """`warning_of` from what it needs to know: how often each rater says what, and whether any voxel is disputed."""
    said = [np.array([np.count_nonzero(mask == value) for mask in masks]) for value in (1, 0)]
    return warning_of(*said, bool(((yes > 0) & (no > 0)).any()), found)


def _log(x) -> np.ndarray:
    return np.log(np.maximum(x, TINY))
