"""Raters as a handful of points, and a Gaussian mixture of few of them: variational Bayes with R points.

Section 3 of the paper, in the space of principal components: point y_r (q,) belongs to consensus m with probability
pi_m, and is then N(T_m, s_r I). T_m is N(0, spread I). The variances s_r share a prior, an inverse gamma that weighs
as much as `HEED` observations of q numbers, because one or two raters say little about their own.
"""

from dataclasses import dataclass

import numpy as np

HEED = 2.0  # prior observations per rater of how far raters are from their consensus
MOST_NUMBERS = 6  # a point counts as no more independent numbers than this: noise is smooth, and biases run all through
GAIN = 1.0  # of the bound, in nats, below which one consensus more is not worth it
STARTS = ("farthest", "residual")
ALONE = 1e-12  # the least pi


@dataclass(frozen=True)
class Clusters:
    responsibility: np.ndarray  # (R, M)
    variance: np.ndarray  # (R,) s
    objective: np.ndarray
    converged: bool


def principal_points(x: np.ndarray) -> np.ndarray:
    """Points x (R, d) as R points of q = R - 1 numbers, whose distances are those of x; one number has their size."""
    q = len(x) - 1
    off = x - x.mean(axis=0)
    values, vectors = np.linalg.eigh(off @ off.T * (q / x.shape[1]))
    return vectors[:, :0:-1] * np.sqrt(np.maximum(values[:0:-1], 0))


def mixture(y: np.ndarray, most: int, start: str, tol: float, max_iterations: int) -> Clusters:
    """Components one at a time, all updated together, while the bound gains `GAIN` and every one owns a rater.

    "farthest": a new component starts from one rater, or from him and his neighbour; all raters are tried and the best
    bound is kept. One more component is tried even if the last one did not pay, because of three groups any two may
    look like one. "residual" starts from the paper's shares, sum |residuals| of a rater divided by those of all, and
    here from equal variances: the paper does not say which. Two clear groups may be found, three never were.
    """
    count = len(y)
    best = last = _fit(y, np.ones((count, 1)), tol, max_iterations)
    apart = np.square(y[:, None] - y).sum(axis=2)
    np.fill_diagonal(apart, np.inf)
    while last.responsibility.shape[1] < min(most, count - 1):
        if start == "residual":
            share = _residual_share(y, last)[:, None]
            starts = [np.hstack([last.responsibility * (1 - share), share])]
        else:
            groups = [[r] for r in range(count)] + [[r, apart[r].argmin()] for r in range(count)]
            starts = [_moved(last.responsibility, group) for group in groups]
        last = max((_fit(y, r, tol, max_iterations) for r in starts), key=lambda found: found.objective[-1])
        owned = np.unique(last.responsibility.argmax(axis=1))
        more = last.responsibility.shape[1] - best.responsibility.shape[1]
        if len(owned) == last.responsibility.shape[1] and last.objective[-1] > best.objective[-1] + GAIN * more:
            best = last
        elif more > 1:
            break
    return best


def _fit(y: np.ndarray, r: np.ndarray, tol: float, max_iterations: int) -> Clusters:
    """All updates in turn, each the maximum of the bound in its own factor, until a round gains at most `tol`.

    T_m: variance v_m = (sum_r rho_rm / s_r + 1 / spread)^-1, mean v_m sum_r rho_rm y_r / s_r; with e_rm, the mean over
    the q numbers of (y_r - E[T_m])^2 + v_m, s_r = (sum_m rho_rm e_rm + HEED s) / (1 + HEED), s their harmonic mean;
    pi_m = mean_r rho_rm; rho_rm ~ pi_m s_r^(-q/2) exp(-q e_rm / (2 s_r))  (supplement 1.2).
    """
    count, q = len(y), min(y.shape[1], MOST_NUMBERS)
    spread = np.square(y).mean()
    variance = np.full(count, spread / 2)
    objective, converged = [], False
    while not converged and len(objective) < max_iterations:
        weight = r / variance[:, None]
        v = 1 / (weight.sum(axis=0) + 1 / spread)  # (M,)
        mean = v[:, None] * (weight.T @ y)  # (M, q)
        e = np.square(y[:, None] - mean).mean(axis=2) + v  # (R, M)
        for _ in range(5):
            common = 1 / np.mean(1 / variance)
            variance = ((r * e).sum(axis=1) + HEED * common) / (1 + HEED)
        pi = np.maximum(r.mean(axis=0), ALONE)
        log_rho = np.log(pi) - q / 2 * (np.log(2 * np.pi * variance)[:, None] + e / variance[:, None])
        total = np.logaddexp.reduce(log_rho, axis=1)
        r = np.exp(log_rho - total[:, None])
        bound = total.sum() + q / 2 * (1 + np.log(v / spread) - (v + np.square(mean).mean(axis=1)) / spread).sum()
        bound -= q * HEED / 2 * (np.log(variance / common) + common / variance - 1).sum()
        converged = bool(objective) and bound - objective[-1] <= tol
        objective.append(bound)
    return Clusters(r, variance, np.array(objective), converged)


def _moved(r: np.ndarray, group: list) -> np.ndarray:
    """(R, M) with one component more, which owns the raters of `group`."""
    r = np.hstack([r, np.zeros((len(r), 1))])
    r[group] = 0
    r[group, -1] = 1
    return r


def _residual_share(y: np.ndarray, found: Clusters) -> np.ndarray:
    weight = found.responsibility / found.variance[:, None]
    mean = (weight / weight.sum(axis=0)).T @ y
    residual = np.abs(y[:, None] - mean).sum(axis=(1, 2))
    return residual / max(residual.sum(), ALONE)
