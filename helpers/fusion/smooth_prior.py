"""The spatial prior T_t ~ N(W Phi_t, Sigma_T I), W_kl ~ N(0, 1 / alpha): a smooth consensus, as smooth as it has to be.

q(W) is Gaussian and independent per function of `Bases`; where these are orthogonal over the region that is no
restriction.
"""

from dataclasses import dataclass, replace

import numpy as np

from helpers.fusion.bases import Bases
from helpers.fusion.student_local import Prior, Sums
from helpers.fusion.symmetric import on_diagonal, times

STEPS = 20  # of conjugate gradients per iteration, at most
PRECISION = 1e-5  # of the squared residual at the start, where they stop
ROUNDS = 20  # of S_W, alpha and Sigma_T
LEAST, MOST = 1e-8, 1e8  # of alpha, and of Sigma_T
TINY = 1e-300


@dataclass(frozen=True)
class Smooth:
    bases: Bases
    energies: np.ndarray  # (L,) sum_t Phi_l(t)^2
    weights: np.ndarray  # (C, L) E[W]
    mean: np.ndarray  # (C, n) E[W] Phi
    alpha: float
    variance: float  # Sigma_T

    @property
    def spread(self) -> np.ndarray:
        """S_W of each function, (L,): (alpha + sum_t Phi_l(t)^2 / Sigma_T)^-1, the optimal one (supplement 1.1)."""
        return 1 / (self.alpha + self.energies / self.variance)

    @property
    def prior(self) -> Prior:
        return Prior(self.mean, self.variance)


def start_smooth(bases: Bases, consensus: np.ndarray, variance: float) -> Smooth:
    """From E[T] (C, n) and a guess of Sigma_T."""
    energies = bases.energies()
    weights = np.zeros((len(consensus), len(energies)))
    start = Smooth(bases, energies, weights, np.zeros_like(consensus), alpha=1.0, variance=variance)
    c = len(consensus)
    return solved(start, consensus, np.zeros((c * (c + 1) // 2, consensus.shape[1])))


def learned(smooth: Smooth, sums: Sums, joint: bool) -> Smooth:
    """alpha and Sigma_T, with S_W, until they stand still (supplement 1.1).

    alpha = L C / sum (S_W + E[W]^2); Sigma_T is the mean of (E[T] - E[W] Phi)^2 + S_T + Phi' S_W Phi over voxels
    and dimensions. As printed S_W and S_T are those of the old alpha and Sigma_T, which makes small ones crawl. `joint`
    lets them follow: alpha = (L C - alpha sum S_W) / sum E[W]^2, and S_T leaves the sum above for its count.
    """
    c, old = len(smooth.weights), smooth.variance
    size, off, free = np.square(smooth.weights).sum() / c, (sums.off_prior + sums.variance) / c, sums.n
    if joint:
        off, free = sums.off_prior / c, sums.n - sums.variance / (c * old)
    for _ in range(ROUNDS):
        before, spread = smooth, smooth.spread
        known = len(spread) - smooth.alpha * spread.sum()
        alpha = known / max(size, TINY) if joint else len(spread) / (spread.sum() + size)
        variance = (off + spread @ smooth.energies) / max(free, TINY)
        alpha, variance = np.clip([alpha, variance], LEAST, MOST).tolist()
        smooth = replace(smooth, alpha=alpha, variance=variance)
        if abs(alpha / before.alpha - 1) + abs(variance / before.variance - 1) < 1e-9:
            break
    return smooth


def solved(smooth: Smooth, consensus: np.ndarray, spread: np.ndarray) -> Smooth:
    """E[W] together with E[T] (C, n), which the prior has drawn to the old E[W] Phi with S_T = `spread` (J, n).

    E[W] given E[T] solves (alpha I + sum_t Phi Phi' / Sigma_T) W = sum_t Phi E[T] / Sigma_T (supplement 1.1). But when
    W moves so does E[T], by S_T Phi dW / Sigma_T, and with Sigma_T small the two would crawl after each other. Put in,
    1 / Sigma_T becomes (I - S_T / Sigma_T) / Sigma_T on the left. Conjugate gradients never lower the bound, wherever
    they stop.
    """
    bases, alpha, variance = smooth.bases, smooth.alpha, smooth.variance
    residual = bases.project(consensus - smooth.mean) / variance - alpha * smooth.weights
    kept = 1 - spread[on_diagonal(len(consensus))].mean() / variance
    scale = 1 / (alpha + smooth.energies * max(kept, 1e-6) / variance)
    weights, mean = smooth.weights, smooth.mean
    z = scale * residual
    direction, power = z, (residual * z).sum()
    enough = PRECISION * power
    for _ in range(STEPS):
        if power <= enough:
            break
        field = bases.evaluate(direction)
        curved = bases.project(field - times(spread, field) / variance) / variance + alpha * direction
        step = power / (direction * curved).sum()
        weights, mean, residual = weights + step * direction, mean + step * field, residual - step * curved
        z = scale * residual
        last, power = power, (residual * z).sum()
        direction = z + power / last * direction
    return replace(smooth, weights=weights, mean=mean)


def bound_of_smooth(smooth: Smooth, sums: Sums) -> float:
    """E log p(T | W) + E log p(W | alpha) + H[q(W)]; `sums` are those that belong to its mean."""
    c, spread = len(smooth.weights), smooth.spread
    fit = sums.off_prior + sums.variance + c * (spread @ smooth.energies)
    bound = -sums.n * c / 2 * np.log(2 * np.pi * smooth.variance) - fit / (2 * smooth.variance)
    size = np.square(smooth.weights).sum() + c * spread.sum()
    return bound + (c * (len(spread) * (1 + np.log(smooth.alpha)) + np.log(spread).sum()) - smooth.alpha * size) / 2
