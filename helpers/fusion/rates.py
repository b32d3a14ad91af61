"""Expectation-maximisation for two rates per rater, on a table of patterns.

x = 1 with probability g; rater r says 1 with probability p_r (his sensitivity) if x = 1, and 0 with probability s_r
(his specificity) if x = 0 (Warfield, Zou and Wells 2004). Voxels with the same pattern have the same posterior W, so
both steps are sums over patterns, each weighted with its count.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

TINY = 1e-300  # below the logarithm of 0: a pattern that cannot occur keeps a finite posterior
NO_EVIDENCE = 1e-200  # voxels; a rate that rests on less is not estimated
UNKNOWN = 0.5  # the rate of a rater about whom nothing is known: his word moves no posterior


@dataclass(frozen=True)
class Rates:
    """What EM found."""

    sensitivity: np.ndarray  # (R,)
    specificity: np.ndarray  # (R,)
    objective: np.ndarray  # log likelihood, plus the logarithm of the Beta priors, after each iteration
    iterations: int  # as SimpleITK counts: the round that finds nothing more to move is not one
    converged: bool


def posterior(
    yes: np.ndarray, no: np.ndarray, sensitivity: np.ndarray, specificity: np.ndarray, prior: float
) -> tuple[np.ndarray, np.ndarray]:
    """W = g a / (g a + (1 - g) b) of each pattern (P,), and the logarithm of the denominator.

    a = prod p^D (1-p)^(1-D) and b = prod (1-s)^D s^(1-D); `yes` and `no` (P, R) are D and 1-D, both 0 where a rater
    did not look.
    """
    lesion = _log(prior) + yes @ _log(sensitivity) + no @ _log(1 - sensitivity)
    background = _log(1 - prior) + yes @ _log(1 - specificity) + no @ _log(specificity)
    total = np.logaddexp(lesion, background)
    return np.exp(lesion - total), total


def estimate(
    yes: np.ndarray,
    no: np.ndarray,
    counts: np.ndarray,
    start: np.ndarray,
    prior: float,
    *,
    sensitivity_prior: np.ndarray,
    specificity_prior: np.ndarray,
    tol: float,
    max_iterations: int,
) -> Rates:
    """EM from the posterior `start` (P,).

    p = (sum W D + alpha - 1) / (sum W + alpha + beta - 2), and the same for s with 1-W and 1-D: the mode under a
    Beta(alpha, beta) prior, with (alpha, beta) one row per rater; (1, 1) is no prior.
    """
    seen = counts > 0

    def step(_, w: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        p = mode(counts * w, yes, no, sensitivity_prior)
        s = mode(counts * (1 - w), no, yes, specificity_prior)
        w, log_likelihood = posterior(yes, no, p, s, prior)
        log_prior = _log_beta(p, sensitivity_prior) + _log_beta(s, specificity_prior)
        return np.array([p, s]), w, counts[seen] @ log_likelihood[seen] + log_prior

    return iterate(step, start, tol, max_iterations)


def iterate(step: Callable, w: np.ndarray, tol: float, max_iterations: int) -> Rates:
    """`rates, w, objective = step(rates, w)`, rates (2, R), until no rate moves by more than `tol`."""
    rates, objective, converged = None, [], False
    while not converged and len(objective) < max_iterations:
        before = rates
        rates, w, reached = step(before, w)
        objective.append(reached)
        converged = before is not None and bool(np.abs(rates - before).max() <= tol)
    return Rates(*rates, np.array(objective), len(objective) - converged, converged)


def mode(weights: np.ndarray, right: np.ndarray, wrong: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """The rate of right answers of each rater, (R,)."""
    good = weights @ right + beta[:, 0] - 1
    total = good + weights @ wrong + beta[:, 1] - 1
    return np.divide(good, total, out=np.full(len(beta), UNKNOWN), where=total > NO_EVIDENCE)


def _log_beta(rate: np.ndarray, beta: np.ndarray) -> float:
    return float((beta[:, 0] - 1) @ _log(rate) + (beta[:, 1] - 1) @ _log(1 - rate))


def _log(x) -> np.ndarray:
    return np.log(np.maximum(x, TINY))
