"""STAPLE with neighbours that like to agree: a Markov random field on the truth, by mean field."""

import numpy as np
from scipy.special import entr, expit

from helpers.fusion.consensus import Consensus
from helpers.fusion.map_settings import as_number
from helpers.fusion.patterns import count, look_up, pack
from helpers.fusion.rates import TINY
from helpers.fusion.settings import as_prior, as_stopping
from helpers.inputs import as_masks


def staple_mrf(
    masks,
    *,
    strength: float = 0.5,
    prior: float | None = None,
    tol: float = 1e-5,
    max_iterations: int = 500,
    dtype=np.float32,
) -> Consensus:
    """Consensus of binary masks (R, *space) under a Potts prior: Warfield et al. 2004, section on spatial homogeneity.

    p(x) is proportional to prod_t g^x_t (1 - g)^(1 - x_t) times exp(strength) for every pair of face neighbours that
    are equal. The posterior is taken as independent between voxels, W_t = q(x_t = 1), and updated on the two colours of
    a chessboard in turn, then the rates. With `strength` 0.5 six neighbours that are lesion weigh as much as one rater
    of sensitivity and specificity 0.95; 0 is `staple`. `prior` is g: the mean of the masks unless given.

    `objective` is the lower bound on the log likelihood, but for the constant of the prior; it never falls. Stops when
    neither W nor a rate moves by more than `tol`.
    """
    masks = as_masks(masks)
    strength = as_number(strength, "strength", least=0)
    dtype, tol, max_iterations = as_stopping(dtype, tol, max_iterations)
    as_prior(prior)
    packed = pack(masks)
    patterns = count(packed)
    said = patterns.values.astype(float)  # (P, R)
    pattern = look_up(packed, patterns, np.arange(len(said)), dtype=np.float64).astype(np.intp)  # (*space)
    odd = np.indices(pattern.shape, sparse=True)
    odd = sum(odd) % 2 == 1
    w = said.mean(axis=1)[pattern]
    g = as_prior(prior, mean=w.mean())
    rates, objective, converged = _rates(said, pattern, w), [], False
    while not converged and len(objective) < max_iterations:
        before, old = rates, w.copy()
        lesion, background = _logs(said, rates, g)
        odds = (lesion - background)[pattern]
        for colour in (odd, ~odd):
            w[colour] = expit(odds + strength * _neighbours(2 * w - 1))[colour]
        rates = _rates(said, pattern, w)
        objective.append(_bound(said, pattern, w, rates, g, strength))
        converged = bool(max(np.abs(rates - before).max(), np.abs(w - old).max()) <= tol)
    raters = {"sensitivity": rates[0], "specificity": rates[1]}
    return Consensus(w.astype(dtype), raters, np.array(objective), len(objective), converged, maps={})


def _rates(said: np.ndarray, pattern: np.ndarray, w: np.ndarray) -> np.ndarray:
    """p = sum W D / sum W and s = sum (1 - W)(1 - D) / sum (1 - W), (2, R)."""
    lesion, background = _sums(pattern, w, len(said))
    return np.stack([lesion @ said / max(lesion.sum(), TINY), background @ (1 - said) / max(background.sum(), TINY)])


def _sums(pattern: np.ndarray, w: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """sum W and sum 1 - W of every pattern, (P,)."""
    return tuple(np.bincount(pattern.ravel(), x.ravel(), size) for x in (w, 1 - w))


def _neighbours(x: np.ndarray) -> np.ndarray:
    """The sum over the face neighbours of every voxel."""
    total = np.zeros_like(x)
    for axis in range(x.ndim):
        here, there = np.moveaxis(total, axis, 0), np.moveaxis(x, axis, 0)
        here[1:] += there[:-1]
        here[:-1] += there[1:]
    return total


def _logs(said: np.ndarray, rates: np.ndarray, g: float) -> tuple[np.ndarray, np.ndarray]:
    """log p(D, x) of every pattern at a single voxel, for x = 1 and for x = 0, (P,)."""
    (p, s), (not_p, not_s) = np.log(np.maximum([rates, 1 - rates], TINY))
    g, not_g = np.log(np.maximum([g, 1 - g], TINY))
    return g + said @ p + (1 - said) @ not_p, not_g + said @ not_s + (1 - said) @ s


def _bound(said, pattern, w, rates, g: float, strength: float) -> float:
    """E log p(D, x) + H[q], with the number of equal neighbours expected under q."""
    data = sum(total @ log for total, log in zip(_sums(pattern, w, len(said)), _logs(said, rates, g), strict=True))
    pairs = (_neighbours(np.ones_like(w)).sum() + ((2 * w - 1) * _neighbours(2 * w - 1)).sum()) / 4
    return float(data + entr(w).sum() + entr(1 - w).sum() + strength * pairs)
