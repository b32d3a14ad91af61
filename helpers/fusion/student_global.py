"""What the Student-t model holds per rater: q(b), Sigma, nu and the precision of the biases, from sums over voxels.

Each update maximises the lower bound in its own factor with the others held fixed.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.optimize import brentq
from scipy.special import betaln, digamma, gammaln

from helpers.fusion.student_local import Raters, Sums

LEAST_DOF, MOST_DOF = 1.0, 1000.0  # a Cauchy; as good as a Gaussian
LEAST_PRECISION, MOST_PRECISION = 1e-3, 1e6  # of biases: deviations of 30 and of 0.001
ROUNDS = 50  # of b, Sigma and beta, which cost nothing: the sums stay the same


def update_raters(sums: Sums, raters: Raters, weight: float, deviation: float, bias: bool) -> Raters:
    """q(b), beta and Sigma in turn until they stand still: section 2.2 and supplement 1.1.

    S_b = (beta I + sum tau Sigma^-1)^-1 and E[b] = S_b Sigma^-1 sum tau (x - E[T]), with sum E[b] = 0, since T + d and
    b - d fit as well for every d: E[b] -= S_b (sum S_b)^-1 sum E[b];
    beta = R C / sum (tr S_b + E[b]' E[b]);
    Sigma = (sum tau (r r' + S_b + S_T) + weight deviation^2 I) / (n + weight), with the prior of `bound_of_raters`.
    """
    count, c = raters.bias.shape
    eye, old = np.eye(c), raters
    for _ in range(ROUNDS):
        before = raters
        if bias:
            precision = np.linalg.inv(raters.covariance)
            s_b = np.linalg.inv(raters.bias_precision * eye + sums.weight[:, None, None] * precision)
            pull = sums.residual + sums.weight[:, None] * old.bias  # sum tau (x - E[T])
            b = np.einsum("rij,rjk,rk->ri", s_b, precision, pull)
            b -= s_b @ np.linalg.solve(s_b.sum(axis=0), b.sum(axis=0))
            size = np.trace(s_b, axis1=1, axis2=2).sum() + np.square(b).sum()
            beta = float(np.clip(count * c / size, LEAST_PRECISION, MOST_PRECISION))
            raters = replace(raters, bias=b, bias_spread=s_b, bias_precision=beta)
        scatter = _scatter(sums, raters.bias - old.bias) + sums.weight[:, None, None] * raters.bias_spread
        covariance = (scatter + sums.spread + weight * deviation**2 * eye) / (sums.n + weight)
        raters = replace(raters, covariance=covariance)
        if np.abs(covariance - before.covariance).max() <= 1e-12 * np.abs(covariance).max():
            break
    return raters


def _scatter(sums: Sums, shift: np.ndarray) -> np.ndarray:
    """sum tau r r' after the biases have moved by `shift` (R, C)."""
    cross = np.einsum("ri,rj->rij", shift, sums.residual)
    square = sums.weight[:, None, None] * np.einsum("ri,rj->rij", shift, shift)
    return sums.scatter - cross - cross.transpose(0, 2, 1) + square


def tails(sums: Sums, raters: Raters) -> np.ndarray:
    """nu of each rater: the root of mean_t [-psi(nu/2) + log(nu/2) + 1 + E log tau - E tau] = 0 (supplement 1.1).

    Where there is no root between LEAST_DOF and MOST_DOF nu is the end toward which the bound rises.
    """
    c, found = raters.bias.shape[1], np.empty(len(raters.dof))
    for r, nu in enumerate(raters.dof):
        log_tau = digamma((nu + c) / 2) - np.log(nu / 2) - sums.tail[r] / sums.n
        change = 1 + log_tau - sums.weight[r] / sums.n
        found[r] = _root(lambda x: np.log(x / 2) - digamma(x / 2) + change)  # noqa: B023
    return found


def joint_tails(
    sums: Sums, raters: Raters, updated: Raters, weight: float, deviation: float, free: bool
) -> tuple[np.ndarray, np.ndarray]:
    """nu, q(tau) and the scale of Sigma of each rater together: nu (R,) and `updated`'s Sigma in its new scale.

    As printed nu follows E tau, which follows nu, and both follow Sigma: hundreds of small steps. With
    psi((nu + C) / 2) - log((nu + m / s) / 2) and (nu + C) / (nu + m / s) put in for E log tau and E tau, nu and the
    factor s of Sigma maximise the bound together. Sums over voxels are taken over the bins of m.
    """
    dof, scale, c = raters.dof.copy(), np.empty(len(raters.dof)), raters.bias.shape[1]
    inverse = np.linalg.inv(raters.covariance)
    pull = weight * deviation**2 * np.trace(inverse, axis1=1, axis2=2) / sums.n
    for r, nu in enumerate(dof):
        used = sums.counts[r] > 0
        share, m = sums.counts[r, used] / sums.n, sums.masses[r, used] / sums.counts[r, used]
        total = c * (1 + weight / sums.n)
        if free:
            def slope(nu):  # of the bound, with s at its best for this nu
                ratio = m / _scale(share, m, nu, c, pull[r], total)  # noqa: B023
                known = digamma((nu + c) / 2) - digamma(nu / 2)
                return known - share @ np.log1p(ratio / nu) + 1 - share @ ((nu + c) / (nu + ratio))  # noqa: B023
            nu = _root(slope)
        dof[r], scale[r] = nu, _scale(share, m, nu, c, pull[r], total)
    plain = np.einsum("rij,rji->r", inverse, updated.covariance) / c  # the factor in the printed step
    return dof, updated.covariance * (scale / plain)[:, None, None]


def _scale(share: np.ndarray, m: np.ndarray, nu: float, c: int, pull: float, total: float) -> float:
    """The root s of (nu + C) mean m / (s nu + m) + pull / s = total, by Newton's method in log s."""
    s = (share @ m + pull) / total
    for _ in range(30):
        part = m / (s * nu + m)
        value = (nu + c) * (share @ part) + pull / s
        step = (value - total) / ((nu + c) * (share @ (part * (1 - part))) + pull / s)
        s *= np.exp(np.clip(step, -2, 2))
        if abs(step) < 1e-9:
            break
    return s


def _root(slope: Callable) -> float:
    """Where `slope`, first above 0 and then below, crosses 0 between LEAST_DOF and MOST_DOF."""
    if slope(LEAST_DOF) <= 0:
        return LEAST_DOF
    if slope(MOST_DOF) >= 0:
        return MOST_DOF
    return float(np.exp(brentq(lambda x: slope(np.exp(x)), np.log(LEAST_DOF), np.log(MOST_DOF), xtol=1e-10)))


def bound_of_data(sums: Sums, raters: Raters) -> float:
    """E log p(x, tau | T, b) + H[q(tau)] + H[q(T)], with q(tau) optimal, as `local_step` leaves it.

    Summed out over its own q(tau), a rater's term at a voxel is the log density of a Student t at distance m.
    """
    count, c = raters.bias.shape
    log_det = np.linalg.slogdet(raters.covariance)[1].sum()
    bound = -sums.n / 2 * (log_det + count * c * np.log(2 * np.pi))
    if raters.gaussian:
        bound -= sums.tail.sum() / 2
    else:
        half = raters.dof / 2
        peak = gammaln(c / 2) - betaln(half, c / 2) - c / 2 * np.log(half)  # 0 for C = 2 and for large nu
        bound += (sums.n * peak - (half + c / 2) * sums.tail).sum()
    return bound + (sums.entropy + sums.n * c * (1 + np.log(2 * np.pi))) / 2


def bound_of_raters(raters: Raters, weight: float, deviation: float, bias: bool) -> float:
    """E log p(b | beta) + H[q(b)] + log p(Sigma).

    p(Sigma) is the inverse Wishart with mode deviation^2 I that weighs as much as `weight` voxels, up to a constant:
    -weight / 2 (log |Sigma| + deviation^2 tr Sigma^-1). Without it Sigma -> 0 where raters agree to the last digit.
    """
    count, c = raters.bias.shape
    size = deviation**2 * np.trace(np.linalg.inv(raters.covariance), axis1=1, axis2=2)
    bound = -weight / 2 * (np.linalg.slogdet(raters.covariance)[1] + size).sum()
    if not bias:
        return bound
    beta, s_b = raters.bias_precision, raters.bias_spread
    moment = np.square(raters.bias).sum() + np.trace(s_b, axis1=1, axis2=2).sum()
    return bound + (count * c * (1 + np.log(beta)) - beta * moment + np.linalg.slogdet(s_b)[1].sum()) / 2
