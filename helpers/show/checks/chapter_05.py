"""Checks of chapter 5: raters as matrices, and what their loss can and cannot tell."""

import math

import numpy as np

from helpers.show.checks.verdict import call, check

A = np.array([[0.9, 0.3], [0.1, 0.7]])  # the rater of exercise 5.1


@check
def cost_of_a_pixel(answer):
    """Exercise 5.1: cross entropy of "background" where the network is sure of object."""
    got = float(answer)
    if abs(got + math.log(A[0, 1])) <= 0.006:
        return None
    for wrong, hint in (
        (A[0, 1], "that is the chance of what the rater said; the cost is minus its logarithm"),
        (math.log(A[0, 1]), "the sign: the cost is minus the logarithm, and never below 0"),
        (-math.log10(A[0, 1]), "take the natural logarithm"),
        (-math.log(A[1, 0]), "that is the entry for saying object where the truth is background: row is said, "
                             "column is true"),
        (-math.log(A[1, 1]), "that is the cost if the rater had said object"),
        (-math.log(A[0, 0]), "that is the cost where the truth is background; here it is object"),
        (-math.log(0.4 * A[0, 0] + 0.6 * A[0, 1]), "that is with p = (0.4, 0.6) from the first line; here p = (0, 1)"),
        (-math.log(0.4 * A[1, 0] + 0.6 * A[1, 1]), "that is with p = (0.4, 0.6) from the first line; here p = (0, 1)"),
        (0.0, "the network is sure, but the rater is not perfect: p goes through A first"),
    ):
        if abs(got - wrong) <= 0.006:
            return hint
    return f"with p = (0, 1) the chance of each answer is one column of A; minus a logarithm of it is not {got:g}"


def _explanations():
    """(p, A, T) of two and of three classes."""
    rng = np.random.default_rng(5)
    for classes, raters, pixels in ((2, 1, 3), (3, 4, 5)):
        p, a, t = (rng.dirichlet(np.ones(classes), size).swapaxes(-1, -2)
                   for size in ((pixels,), (raters, classes), (classes,)))
        yield p, a, 0.3 * t + 0.7 * np.eye(classes)


@check
def other_explanation(function):
    """Exercise 5.2: a function (p, A, T) -> (p', A'), chapter 5 eq. (5.4)."""
    for p, a, t in _explanations():
        found = call(function, p.copy(), a.copy(), t.copy())
        if not isinstance(found, tuple | list) or len(found) != 2:
            return "return two arrays, p' and A'"
        got_p, got_a = (np.asarray(v, dtype=float) for v in found)
        back = np.linalg.inv(t)
        for name, got, like in (("p'", got_p, p), ("A'", got_a, a)):
            if got.shape != like.shape:
                return f"{name} has the shape {got.shape}, not {like.shape}"
        if np.allclose(got_p, p) and np.allclose(got_a, a):
            return "that is the explanation you started from; mix it with T"
        if not np.allclose(got_p, t @ p):
            if np.allclose(got_p, t.T @ p):
                return "T is transposed: its columns sum to 1, so it stands in front of p as it is"
            if np.allclose(got_p, back @ p):
                return "the two are exchanged: T mixes the truth, and its inverse goes to the raters"
            return "p' is T p: a matrix product in every pixel"
        if np.allclose(got_a, a @ back):
            continue
        if np.allclose(got_a, back @ a):
            return "the inverse stands on the wrong side: what the rater sees is mixed, not what the rater says"
        if np.allclose(got_a, a @ t):
            return "take the mixing back: A' needs the inverse of T"
        return "A' p' must equal A p in every pixel, and it does not"
    return None


@check
def how_many_good(answer):
    """Exercise 5.3: how many more raters like "good" it takes to beat "over"."""
    got = int(answer)
    if got != float(answer) or got < 0:
        return f"answer with a whole number of raters, not {answer!r}"
    if got == 3:
        return None
    if got == 0:
        return "with none more, the mask of over leaves less entropy, as the cell above prints; set N_MORE to 1"
    if got > 10:
        return f"{got} are far more than it takes; start from N_MORE = 1 and go up"
    if got < 3:
        return f"with {got} more, the mask of over still leaves less entropy; set N_MORE to {got} and run the cell"
    return f"{got} are enough, but fewer are, too; try N_MORE = {got - 1}"


def _twice(a: float, c: float) -> float:
    """Cross entropy of an entry a, the truth c, with a softmax of (a, 1 - a)."""
    return c * math.log1p(math.exp(1 - 2 * a)) + (1 - c) * math.log1p(math.exp(2 * a - 1))


@check
def best_entry(function):
    """Exercise 5.4: a function c -> best a when the softmax is taken twice."""
    shares = (0.4, 0.5, 0.6, 0.9, 0.05)
    got = [float(np.squeeze(call(function, c))) for c in shares]
    if np.allclose(got, shares, rtol=0, atol=2e-3):
        return "that is a = c, the best entry for one softmax; here there is one more"
    for c, a in zip(shares, got, strict=True):
        want = float(np.clip((1 + math.log(c / (1 - c))) / 2, 0, 1))
        if abs(a - want) <= 6e-3:
            continue
        if not -1e-9 <= a <= 1 + 1e-9:
            return f"for c = {c} you give {a:.3f}, and a is a chance: keep it between 0 and 1"
        if abs(a - math.log(c / (1 - c)) / 2) <= 2e-3 or abs(a - math.log(c / (1 - c))) <= 2e-3:
            return "the difference of a and 1 - a is 2 a - 1; solve that for a"
        return f"for c = {c} you give {a:.3f}, which costs {_twice(a, c):.4f}; {want:.3f} costs {_twice(want, c):.4f}"
    return None
