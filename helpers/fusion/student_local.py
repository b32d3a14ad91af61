"""What the Student-t model holds per voxel, q(T_t) and q(tau_rt), and the sums over voxels that the rest needs.

x_rt = T_t + b_r + noise in C dimensions. The noise is N(0, Sigma_r / tau_rt) with tau_rt ~ Ga(nu_r / 2, nu_r / 2), a
Student t of nu_r degrees of freedom (eq. 1). Voxels are gone through in chunks that stay in the cache.
"""

from dataclasses import dataclass, replace

import numpy as np

from helpers.fusion.symmetric import inverse, on_diagonal, packed, times, unpacked

CHUNK = 4096  # voxels
ROUNDS = 3  # of q(T) and q(tau) per voxel and iteration
LOW, HIGH, SHARE = -60.0, 60.0, 47  # bins of m: from 2^LOW to 2^HIGH, 32 per octave (52 bits of mantissa less 47)


@dataclass(frozen=True)
class Raters:
    """What is believed of the raters."""

    bias: np.ndarray  # (R, C) mean of q(b)
    bias_spread: np.ndarray  # (R, C, C) covariance of q(b)
    covariance: np.ndarray  # (R, C, C) Sigma
    dof: np.ndarray  # (R,) nu; inf throughout is Gaussian noise
    bias_precision: float  # beta of the prior N(0, I / beta) on b

    @property
    def gaussian(self) -> bool:
        return bool(np.isinf(self.dof).all())


@dataclass(frozen=True)
class Prior:
    """T_t ~ N(mean_t, I variance); flat if the variance is inf."""

    mean: np.ndarray | None = None  # (C, n)
    variance: float = np.inf


@dataclass(frozen=True)
class Sums:
    """Sums over n voxels, with residuals r = x - E[T] - E[b]."""

    n: int
    weight: np.ndarray  # (R,) sum tau
    residual: np.ndarray  # (R, C) sum tau r
    scatter: np.ndarray  # (R, C, C) sum tau r r'
    spread: np.ndarray  # (R, C, C) sum tau S_T
    tail: np.ndarray  # (R,) sum log(1 + m / nu), or sum m of Gaussian noise
    entropy: float  # sum log |S_T|
    off_prior: float  # sum |E[T] - mean|^2
    variance: float  # sum tr S_T
    counts: np.ndarray  # (R, B) how many m fall into each bin
    masses: np.ndarray  # (R, B) and their sums


def local_step(
    x: np.ndarray, tau: np.ndarray, raters: Raters, prior: Prior, rounds: int = ROUNDS
) -> tuple[np.ndarray, np.ndarray, Sums]:
    """`rounds` updates of q(T), then q(tau), at each voxel of x (R, C, n): E[T] (C, n), S_T (J, n); tau in place.

    S_T = (sum_r tau_r Sigma_r^-1 + I / Sigma_T)^-1;
    E[T] = S_T (sum_r tau_r Sigma_r^-1 (x_r - E[b_r]) + mean / Sigma_T);
    E[tau_r] = a / b with a = (nu_r + C) / 2, b = (nu_r + m_r) / 2 and the expected squared Mahalanobis distance
    m_r = r' Sigma_r^-1 r + tr(Sigma_r^-1 S_b) + tr(Sigma_r^-1 S_T)  (section 2.2 and supplement 1.1).
    """
    count, c, n = x.shape
    precision = np.linalg.inv(raters.covariance)  # (R, C, C)
    of_bias = np.einsum("rij,rji->r", precision, raters.bias_spread)
    consensus, spread = np.empty((c, n)), np.empty((c * (c + 1) // 2, n))
    gaussian, dof = raters.gaussian, raters.dof[:, None]
    flat = packed(precision)  # (J, R)
    twice = (flat * np.where(on_diagonal(c), 1, 2)[:, None]).T  # (R, J): tr(A S) counts what is off the diagonal twice
    side_by_side = precision.transpose(1, 0, 2).reshape(c, count * c)
    diagonal = np.where(on_diagonal(c), 1 / prior.variance, 0.0)[:, None]
    total = None
    for start in range(0, n, CHUNK):
        part = slice(start, start + CHUNK)
        above = x[:, :, part] - raters.bias[:, :, None]
        mean = 0.0 if prior.mean is None else prior.mean[:, part]
        t = tau[:, part]
        for _ in range(1 if gaussian else rounds):
            pull = side_by_side @ (above * t[:, None]).reshape(count * c, -1) + mean / prior.variance
            s, log_det = inverse(flat @ t + diagonal)
            fused = times(s, pull)
            r = above - fused
            m = np.einsum("rcn,rcn->rn", precision @ r, r) + twice @ s + of_bias[:, None]
            if not gaussian:
                ratio = 1 + m / dof
                t = (1 + c / dof) / ratio
        tau[:, part], consensus[:, part], spread[:, part] = t, fused, s
        weighted = t[:, None] * r
        counts, masses = (np.zeros((count, 0)),) * 2 if gaussian else _binned(m)
        sums = Sums(
            n=t.shape[1],
            weight=t.sum(axis=1),
            residual=weighted.sum(axis=2),
            scatter=weighted @ r.transpose(0, 2, 1),
            spread=t @ s.T,  # (R, J) until all is summed
            tail=m.sum(axis=1) if gaussian else np.log(ratio).sum(axis=1),
            entropy=-log_det.sum(),
            off_prior=np.square(fused - mean).sum() if prior.mean is not None else 0.0,
            variance=s[on_diagonal(c)].sum(),
            counts=counts,
            masses=masses,
        )
        total = sums if total is None else _together(total, sums)
    return consensus, spread, replace(total, spread=unpacked(total.spread.T))


def _together(a: Sums, b: Sums) -> Sums:
    return Sums(*(one + other for one, other in zip(vars(a).values(), vars(b).values(), strict=True)))


def _binned(m: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many of m (R, n) fall into each bin, and their sums, (R, B) each.

    The first bits of a float are its exponent and its leading digits: as an integer they number bins of equal ratio.
    """
    first, last = (int(np.exp2(x).view(np.int64) >> SHARE) for x in (np.float64(LOW), np.float64(HIGH)))
    bins = last - first
    index = np.clip(m, 2.0**LOW, np.nextafter(2.0**HIGH, 0)).view(np.int64) >> SHARE
    index += (np.arange(len(m)) * bins - first)[:, None]
    shape = len(m), bins
    return tuple(
        np.bincount(index.ravel(), weights, shape[0] * shape[1]).reshape(shape) for weights in (None, m.ravel())
    )
