"""One round of soft STAPLE for the forms that are not EM on decisions: `rates, w, log likelihood = step(rates, w)`."""

from collections.abc import Callable

import numpy as np

from helpers.fusion.answers import every_answer, mean_over_answers
from helpers.fusion.rates import TINY, mode, posterior


def mixed(q: np.ndarray, sensitivity: np.ndarray, specificity: np.ndarray, prior: float) -> tuple:
    """w = g a / (g a + (1-g) b) of each pattern (P,), and the logarithm of the denominator.

    a = prod (q p + (1-q)(1-p)) and b = prod (q (1-s) + (1-q) s): each rater's answer is summed out on its own.
    """
    lesion = _log(prior) + _log(q * sensitivity + (1 - q) * (1 - sensitivity)).sum(axis=1)
    background = _log(1 - prior) + _log(q * (1 - specificity) + (1 - q) * specificity).sum(axis=1)
    total = np.logaddexp(lesion, background)
    return np.exp(lesion - total), total


def printed_step(q: np.ndarray, counts: np.ndarray, expected: np.ndarray, prior: float) -> Callable:
    """The M-step as printed, p = sum q w / sum w, followed by eq. (1)."""
    b = every_answer(q.shape[1])
    flat = np.ones((q.shape[1], 2))

    def step(_, w: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        p, s = mode(counts * w, q, 1 - q, flat), mode(counts * (1 - w), 1 - q, q, flat)
        of_answer, total = posterior(b, 1 - b, p, s, prior)
        return np.array([p, s]), mean_over_answers(of_answer, q), expected @ total

    return step


def simplified_step(q: np.ndarray, counts: np.ndarray, prior: float, exact: bool) -> Callable:
    """The simplified form; exact: a rater's answer is weighed by what is known of him, not by his opinion alone."""
    flat = np.ones((q.shape[1], 2))

    def step(rates: np.ndarray | None, w: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
        yes_if_lesion, no_if_background = q, 1 - q  # (P, R) chance of the right answer
        if exact and rates is not None:
            p, s = rates
            yes_if_lesion = _share(q * p, (1 - q) * (1 - p), q)
            no_if_background = _share((1 - q) * s, q * (1 - s), 1 - q)
        p = mode(counts * w, yes_if_lesion, 1 - yes_if_lesion, flat)
        s = mode(counts * (1 - w), no_if_background, 1 - no_if_background, flat)
        w, total = mixed(q, p, s, prior)
        return np.array([p, s]), w, counts @ total

    return step


def _share(one: np.ndarray, other: np.ndarray, otherwise: np.ndarray) -> np.ndarray:
    """one / (one + other), or `otherwise` where both are 0."""
    total = one + other
    return np.divide(one, total, out=otherwise.copy(), where=total > 0)


def _log(x) -> np.ndarray:
    return np.log(np.maximum(x, TINY))
