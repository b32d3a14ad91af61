"""Checks of chapter 7: weights by hand, trust per voxel, a shared blunder, the density of the Student t."""

import numpy as np
from scipy import stats

from helpers.show.checks.verdict import call, check

SAID, DEVIATIONS = np.array([0.2, 0.3, 0.9]), np.array([0.1, 0.1, 0.05])


@check
def consensus_by_hand(answer):
    """Exercise 7.1: the mean of three values, weighed by one over their variance."""
    got = float(answer)
    weights = 1 / DEVIATIONS**2
    if abs(got - weights @ SAID / weights.sum()) <= 0.006:
        return None
    for wrong, hint in (
        (SAID.mean(), "that is the plain mean; the third rater is more precise than the others"),
        ((SAID / DEVIATIONS).sum() / (1 / DEVIATIONS).sum(),
         "you weigh by one over the deviation; (7.4) weighs by one over its square"),
        (DEVIATIONS**2 @ SAID / (DEVIATIONS**2).sum(),
         "you weigh by the variance itself: a precise rater would count for less"),
        (0.3, "that is the median; (7.4) is a weighted mean"),
    ):
        if abs(got - wrong) <= 0.006:
            return hint
    if not SAID.min() <= got <= SAID.max():
        return f"a weighted mean lies between the smallest and the largest value, and you gave {got:g}"
    return "weigh each value by one over the square of its deviation, and divide by the sum of the weights"


def _residuals():
    """(e, Sigma, nu) with C = 2, 1 and 3."""
    rng = np.random.default_rng(7)
    for c, nu in ((2, 4.0), (1, 2.5), (3, 30.0)):
        a = rng.normal(size=(c, c))
        yield rng.normal(size=(6, c)), a @ a.T + 0.5 * np.eye(c), nu


@check
def trust(function):
    """Exercise 7.2: a function (e, Sigma, nu) -> E[tau], chapter 7 eq. (7.8) without the trace."""
    for e, sigma, nu in _residuals():
        n, c = e.shape
        got = np.asarray(call(function, e.copy(), sigma.copy(), nu), dtype=float)
        if got.shape != (n,):
            return f"for e of shape {e.shape} you return the shape {got.shape}, not {(n,)}: one weight per voxel"
        m = np.einsum("ni,ij,nj->n", e, np.linalg.inv(sigma), e)
        want = (nu + c) / (nu + m)
        if np.allclose(got, want, rtol=1e-9, atol=0):
            continue
        for wrong, hint in (
            ((nu + c) / (nu + np.einsum("ni,ij,nj->n", e, sigma, e)), "use the inverse of Sigma, not Sigma"),
            ((nu + c) / (nu + (e**2).sum(1)), "measure e in units of the rater: with the inverse of Sigma"),
            ((nu + 1) / (nu + m), "you count one coordinate; there are C, the columns of e"),
            ((nu + 2) / (nu + m), "you write 2 for C; C is the number of columns of e"),
            (nu / (nu + m), "C is missing above the line"),
            (1 / want, "that is upside down: a large residual must give a small weight"),
            ((nu + c) / (nu + np.sqrt(m)), "m is the squared distance; do not take its root"),
        ):
            if np.allclose(got, wrong, rtol=1e-9, atol=0):
                return hint
        k = int(np.argmax(np.abs(got - want)))
        return f"for e = {np.round(e[k], 2).tolist()} and nu = {nu:g} you give {got[k]:.4f}, not {want[k]:.4f}"
    return None


@check
def shared_blunder(answer):
    """Exercise 7.3: how many of seven raters must share a blunder before the consensus follows them."""
    got = int(answer)
    if got != float(answer) or not 1 <= got <= 5:
        return f"answer with a whole number from 1 to 5, the values of TOGETHER, not {answer!r}"
    if got == SHARED:
        return None
    if got < SHARED:
        return f"with {got} together the region stays below one half; set TOGETHER to {got} and run the cell"
    return f"the consensus contains the region with fewer than {got}; set TOGETHER to {got - 1} and run the cell"


SHARED = 4


@check
def log_student(function):
    """Exercise 7.4: a function (m, nu, C) -> log density of the Student t, Sigma = I."""
    for c, nu in ((2, 4.0), (1, 2.5), (3, 900.0)):
        m = np.array([0.0, 0.3, 2.0, 9.0, 400.0])
        got = np.asarray(call(function, m.copy(), nu, c), dtype=float)
        if got.shape != m.shape:
            return f"for m of shape {m.shape} you return the shape {got.shape}: one value per voxel"
        at = np.zeros((len(m), c))
        at[:, 0] = np.sqrt(m)
        want = stats.multivariate_t.logpdf(at, shape=np.eye(c), df=nu)
        if np.allclose(got, want, rtol=0, atol=1e-8):
            continue
        if np.allclose(np.diff(got - want), 0, rtol=0, atol=1e-8):
            return f"the shape is right; the constant is off by {got[0] - want[0]:+.4f} for nu = {nu:g} and C = {c}"
        if np.allclose(got, np.exp(want), rtol=1e-8, atol=0):
            return "that is the density; give its logarithm"
        k = int(np.argmax(np.abs(got - want)))
        return f"for m = {m[k]:g}, nu = {nu:g} and C = {c} you give {got[k]:.4f}, not {want[k]:.4f}"
    return None
