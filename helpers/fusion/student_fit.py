"""Variational inference in the Student-t model: all updates in turn, accelerated, with a bound that never falls."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from helpers.fusion.accelerate import MEMORY, extrapolated
from helpers.fusion.bases import Bases
from helpers.fusion.smooth_prior import LEAST, MOST, Smooth, bound_of_smooth, learned, solved, start_smooth
from helpers.fusion.student_global import (
    LEAST_DOF,
    MOST_DOF,
    bound_of_data,
    bound_of_raters,
    joint_tails,
    tails,
    update_raters,
)
from helpers.fusion.student_local import Prior, Raters, local_step

START_DOF = 10.0
ROUNDING = 1e-10  # a bound that is lower by less than this share is not lower


@dataclass(frozen=True)
class Fit:
    """All factors of the posterior, in units of the link."""

    consensus: np.ndarray  # (C, n) E[T]
    raters: Raters
    smooth: Smooth | None
    tau: np.ndarray  # (R, n) E[tau]
    objective: np.ndarray
    converged: bool


def fit(
    x: np.ndarray,
    *,
    dof: np.ndarray | None = None,
    bias: bool = True,
    bases: Bases | None = None,
    weight: float,
    deviation: float,
    tol: float,
    max_iterations: int,
    local_step: Callable = local_step,
) -> Fit:
    """Posterior of points x (R, C, n).

    `dof` (R,) is nu held fixed, inf for Gaussian noise; nu is estimated unless given. The prior on Sigma weighs as
    much as `weight` voxels of standard deviation `deviation`. An iteration is one pass over the voxels. Sigma, b, nu,
    alpha and Sigma_T are extrapolated between passes; where the bound is lower than before, the pass is undone
    and the plain updates, which cannot lower it, are taken instead. Stops when a pass gains at most `tol` per voxel.
    """
    free = dof is None
    raters, smooth = _start(x, dof, bases)
    tau = np.ones((len(x), x.shape[2]))
    points, images, stretch, objective = [], [], 1.0, []
    plain, converged = None, False  # what to go back to, if the point was extrapolated
    while not converged and len(objective) < max_iterations:
        before = tau.copy()
        if smooth is not None:
            smooth = solved(smooth, *local_step(x, tau.copy(), raters, smooth.prior, rounds=1)[:2])
        consensus, _, sums = local_step(x, tau, raters, Prior() if smooth is None else smooth.prior)
        bound = bound_of_data(sums, raters) + bound_of_raters(raters, weight, deviation, bias)
        bound += 0.0 if smooth is None else bound_of_smooth(smooth, sums)
        if plain is not None and bound < objective[-1] - ROUNDING * abs(objective[-1]):
            (raters, smooth), tau, plain = plain, before, None
            points, images, stretch = [], [], 2.0 if stretch == 1 else 1.0
            objective.append(objective[-1])
            continue
        converged = bool(objective) and bound - objective[-1] <= tol * sums.n and plain is not None
        objective.append(bound)
        kept = raters, consensus, smooth
        updated = update_raters(sums, raters, weight, deviation, bias)
        plain = better = updated
        if not raters.gaussian:
            dof, covariance = joint_tails(sums, raters, updated, weight, deviation, free)
            better = replace(updated, dof=dof, covariance=covariance)
            plain = replace(updated, dof=tails(sums, raters)) if free else updated
        plain = plain, None if smooth is None else learned(smooth, sums, joint=False)
        better = better, None if smooth is None else learned(smooth, sums, joint=True)
        points = [*points, _flat(raters, smooth, free, deviation)][-MEMORY:]
        images = [*images, _flat(*better, free, deviation)][-MEMORY:]
        if stretch > 1:  # away from a saddle, where the mixture of past points would lead back to it
            point, stretch = points[-1] + stretch * (images[-1] - points[-1]), 2 * stretch
        else:
            point = extrapolated(points, images)
        raters, smooth = _shaped(point, *better, free, deviation)
    raters, consensus, smooth = kept
    return Fit(consensus, raters, smooth, tau, np.array(objective), converged)


def _start(x: np.ndarray, dof: np.ndarray | None, bases: Bases | None) -> tuple[Raters, Smooth | None]:
    """All raters alike, around their mean."""
    count, c, n = x.shape
    mean = x.mean(axis=0)
    off = x - mean
    pooled = np.einsum("rcn,rdn->cd", off, off) / (max(count - 1, 1) * n)
    pooled += (1e-3 * np.trace(pooled) / c + 1e-12) * np.eye(c)  # maps may agree, or differ along one line only
    scale = np.trace(pooled)
    raters = Raters(
        bias=np.zeros((count, c)),
        bias_spread=np.repeat(pooled[None] / n, count, axis=0),
        covariance=np.repeat(pooled[None], count, axis=0),
        dof=np.full(count, START_DOF) if dof is None else dof,
        bias_precision=float(1 / scale),
    )
    return raters, None if bases is None else start_smooth(bases, mean, scale)


def _flat(raters: Raters, smooth: Smooth | None, free: bool, deviation: float) -> np.ndarray:
    """What is extrapolated, in numbers without bounds and of like size: log Sigma is any symmetric matrix."""
    parts = [_of_eigenvalues(np.log, raters.covariance), raters.bias / deviation]
    if free:
        parts.append(1 / raters.dof)
    if smooth is not None:
        parts.append(np.log([smooth.alpha, smooth.variance]))
    return np.concatenate([part.ravel() for part in parts])


def _shaped(
    flat: np.ndarray, raters: Raters, smooth: Smooth | None, free: bool, deviation: float
) -> tuple[Raters, Smooth | None]:
    """The way back; what was not extrapolated is taken from `raters` and `smooth`."""
    count, c = raters.bias.shape
    ends = np.cumsum([count * c * c, count * c, count if free else 0])
    logs, bias, dof, rest = np.split(flat, ends)
    raters = replace(
        raters,
        covariance=_of_eigenvalues(np.exp, np.clip(logs, -50, 50).reshape(count, c, c)),
        bias=bias.reshape(count, c) * deviation,
        dof=1 / np.clip(dof, 1 / MOST_DOF, 1 / LEAST_DOF) if free else raters.dof,
    )
    if smooth is not None:
        alpha, variance = np.exp(np.clip(rest, np.log(LEAST), np.log(MOST))).tolist()
        smooth = replace(smooth, alpha=alpha, variance=variance)
    return raters, smooth


def _of_eigenvalues(function, matrices: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrices)
    return np.einsum("rij,rj,rkj->rik", vectors, function(values), vectors)
