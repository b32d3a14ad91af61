"""Checks of chapter 6: calibration, SoftSeg's activation and loss, temperature."""

import numpy as np
from scipy import optimize

from helpers.show.checks.verdict import call, check

OMEGA, THETA, ALPHA = 8.0, 0.5, 2.1


@check
def exact_ones(answer):
    """Exercise 6.1: ECE with ones kept and dropped, of 900 sure right voxels and 100 at 0.8 that are half right."""
    found = tuple(np.ravel(answer).astype(float))
    if len(found) != 2:
        return f"give two numbers, kept and dropped; you gave {len(found)}"
    kept, dropped = found
    if abs(kept - 0.03) <= 0.0005 and abs(dropped - 0.3) <= 0.005:
        return None
    if abs(kept - 0.3) <= 0.005 and abs(dropped - 0.03) <= 0.0005:
        return "the two are exchanged: sure and right voxels have no gap, so keeping them makes the error small"
    if abs(kept - 0.3) <= 0.005:
        return "with the ones kept all 1000 voxels count: the gap of 0.3 has a weight of 100 in 1000"
    if abs(dropped - 0.03) <= 0.0005:
        return "with the ones dropped N is 100, so the gap of the only bin left has weight 1"
    if abs(kept - 0.03) <= 0.0005:
        return "kept is right; with the ones dropped only 100 voxels are left, all in one bin"
    if abs(dropped - 0.3) <= 0.005:
        return "dropped is right; kept, the 900 voxels have a gap of 0 and share in N"
    return "in the bin from 0.8 accuracy is 0.5 and confidence 0.8; weigh that gap by the voxels that count"


def _shares(a: np.ndarray) -> np.ndarray:
    """Normalised ReLU of several classes (K, N), the background first."""
    positive = np.maximum(a, 0)
    total = positive.sum(0)
    result = np.where(total > 0, positive / np.where(total > 0, total, 1), 0.0)
    result[0, total == 0] = 1
    return result


@check
def class_shares(function):
    """Exercise 6.2: a function from logits (K, N) to probabilities (K, N) that sum to 1."""
    rng = np.random.default_rng(6)
    for a in (np.array([[1.0, 0.5], [2.0, -1.0], [1.0, 1.5]]), np.array([[-1.0, 0.0], [-2.0, -3.0]]),
              rng.normal(size=(4, 6))):
        with np.errstate(all="ignore"):
            got = np.asarray(call(function, a.copy()), dtype=float)
        want = _shares(a)
        if got.shape != want.shape:
            return f"for logits of shape {a.shape} you return the shape {got.shape}, not {want.shape}"
        if np.allclose(got, want, rtol=0, atol=1e-6):
            continue
        none = (a <= 0).all(0)
        if not np.isfinite(got).all():
            return "where no class has a positive logit you divide 0 by 0; such a voxel is background"
        if none.any() and np.allclose(got[:, none], 0):
            return "where no class has a positive logit all your shares are 0; such a voxel is background, class 0"
        softmax = np.exp(a) / np.exp(a).sum(0)
        positive = np.maximum(a, 0)
        if np.allclose(got, softmax, rtol=0, atol=1e-9):
            return "that is the softmax; take the positive parts instead of exponentials"
        if positive.any() and np.allclose(got, positive / positive.max(), rtol=0, atol=1e-9):
            return "you divide by the largest logit; with several classes divide by the sum over the classes"
        total = np.abs(a).sum(0)
        if np.allclose(got, a / np.where(a.sum(0) == 0, 1, a.sum(0)), rtol=0, atol=1e-9) or \
                np.allclose(got, a / np.where(total == 0, 1, total), rtol=0, atol=1e-9):
            return "negative logits must count as 0 before you divide"
        k = int(np.argmax(np.abs(got - want).max(0)))
        if abs(got[:, k].sum() - 1) > 1e-6:
            return f"for logits {np.round(a[:, k], 2).tolist()} you give shares that add up to {got[:, k].sum():.4g}"
        return f"for logits {np.round(a[:, k], 2).tolist()} you give {np.round(got[:, k], 3).tolist()}"
    return None


def _wing(p, y):
    """Adaptive Wing, chapter 6 eq. (6.8)."""
    e, delta = ALPHA - y, np.abs(p - y)
    bend = THETA**e
    slope = OMEGA * e * bend / (THETA * (1 + bend))
    return np.where(delta < THETA, OMEGA * np.log1p(delta**e), slope * (delta - THETA) + OMEGA * np.log1p(bend))


def _jump() -> float:
    """The smallest share, in steps of 0.01, of hard labels 1 at which the minimiser is over 0.9."""
    p = np.linspace(0, 1, 2001)
    shares = np.arange(1, 100) / 100
    return next(u for u in shares if p[np.argmin(u * _wing(p, 1) + (1 - u) * _wing(p, 0))] > 0.9)


@check
def jump(answer):
    """Exercise 6.3: at which share of label 1 the best prediction of Adaptive Wing is over 0.9."""
    got, want = float(answer), _jump()
    if abs(got - want) <= 0.0051:
        return None
    if not 0 < got < 1:
        return f"a share lies between 0 and 1, and you gave {got:g}"
    if abs(got - 0.9) <= 0.005:
        return "that is where log loss would be over 0.9; read the line of Adaptive Wing with hard labels"
    return f"at {got:g} the minimiser is already over 0.9; go down" if got > want else \
        f"at {got:g} the minimiser is still below 0.9; go up"


@check
def temperature(function):
    """Exercise 6.4: a function (logits, labels) -> T with the smallest log loss of sigmoid(logits / T)."""
    rng = np.random.default_rng(7)
    for factor in (3.0, 0.5):
        true = rng.normal(-1, 2, 20_000)
        x = (rng.random(true.size) < 1 / (1 + np.exp(-true - 0.7))).astype(float)      # no T makes these right
        logits = factor * true
        best = 1 / optimize.brentq(lambda sharp, z, x: residuals(sharp, z, x) @ z, 0.01, 20, args=(logits, x))
        got = float(np.squeeze(call(function, logits.copy(), x.copy())))
        if not (np.isfinite(got) and got > 0):
            return f"T must be a number above 0, and you give {got:g}"
        if abs(got / best - 1) <= 0.01:
            continue
        if abs(got * best - 1) <= 0.01:
            return "you give 1/T: the logits are to be divided by T"
        if abs(got - 1) <= 0.02:
            return "that leaves the logits as they are; look for the T with the smallest log loss"
        if abs(residuals(1 / got, logits, x).mean()) <= 1e-3:
            return "your P sums to the labels' sum; in the derivative each P - x is multiplied by its logit z"
        return f"for logits made {factor:g} times too large the best T is {best:.2f}, and you give {got:.2f}"
    return None


def residuals(sharp: float, logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """P - x for P = sigmoid(sharp z)."""
    return 1 / (1 + np.exp(-sharp * logits)) - labels
