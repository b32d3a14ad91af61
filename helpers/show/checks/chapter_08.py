"""Checks of chapter 8: a mixture of consensuses."""

import numpy as np

from helpers.show.checks.verdict import call, check

OWN = (1.99, 2.2)  # mm: from here on rater 7 has a consensus of his own in nine crowds of ten, seed 0


@check
def halfway(answer):
    """Exercise 8.1: rho_1 of a rater halfway between two consensuses, for two variances."""
    if not isinstance(answer, tuple | list | np.ndarray) or len(answer) != 2:
        return f"answer with two numbers, as in (0.3, 0.4); you gave {answer!r}"
    for name, got in zip(("s = 0.04", "s = 0.08"), map(float, answer), strict=True):
        if abs(got - 2 / 3) <= 0.01:
            continue
        for wrong, hint in (
            (1 / 2, "he is equally far from both, but most raters follow the first: pi does not cancel"),
            (1 / 3, "that is his rho_2"),
        ):
            if abs(got - wrong) <= 0.01:
                return f"{name}: {hint}"
        return f"{name}: both distances are the same, so f_1 = f_2 in (8.2); what is left of the fraction?"
    return None


@check
def map_distances(function):
    """Exercise 8.2: a function maps (R, *space) -> distances (R, R) under the square-root link."""
    maps = np.random.default_rng(8).uniform(size=(4, 3, 5))
    got = np.asarray(call(function, maps.copy()), float)
    if got.shape != (4, 4):
        return f"for maps of shape (4, 3, 5) you return the shape {got.shape}, expected (4, 4)"
    rows = maps.reshape(4, -1)
    yes, no = np.sqrt(rows), np.sqrt(1 - rows)
    square = (yes[:, None] - yes) ** 2, (no[:, None] - no) ** 2
    right = np.sqrt((square[0] + square[1]).mean(axis=2) / 2)
    if np.allclose(got, right, rtol=1e-6, atol=1e-9):
        return None
    for wrong, hint in (
        (right**2, "take the root of the mean at the end"),
        (np.sqrt(square[0].mean(axis=2)), "a map gives two roots per pixel, that of P and that of 1 - P"),
        (right * np.sqrt(2), "the mean runs over both roots: there are twice as many numbers as pixels"),
        (np.sqrt((square[0] + square[1]).sum(axis=2)), "take the mean, not the sum"),
        (np.sqrt(((rows[:, None] - rows) ** 2).mean(axis=2)), "take the square roots of the maps first"),
    ):
        if np.allclose(got, wrong, rtol=1e-6, atol=1e-9):
            return hint
    if not np.allclose(np.diag(got), 0):
        return "the distance of a rater from himself is 0"
    return f"between the first two maps you give {got[0, 1]:.4f}, not {right[0, 1]:.4f}"


@check
def own_consensus(answer):
    """Exercise 8.3: the shift in mm from which a wide rater gets a consensus of his own."""
    shift = float(answer)
    low, high = OWN
    if shift < low:
        return f"at {shift:g} mm he is still counted to the others in more than one of the ten crowds: go further"
    if shift > high:
        return "that is enough, but less will do: go back until it is no longer nine of ten"
    return None


@check
def together(function):
    """Exercise 8.4: a function [rho (R, M), ...] -> (R, R), how often two raters follow the same consensus."""
    rng = np.random.default_rng(8)
    alike = [rng.dirichlet(np.ones(3), size=5) for _ in range(3)]  # as many consensuses in every patient
    got = np.asarray(call(function, [rho.copy() for rho in alike]), float)
    if got.shape == (3, 3):
        return "that is consensuses by consensuses (M, M); you want raters by raters"
    mean = np.mean(alike, axis=0)
    if got.shape == (5, 5) and np.allclose(got, mean @ mean.T):
        return "group 1 of one patient is not group 1 of the next: multiply first, then average"
    found = [rng.dirichlet(np.ones(m), size=5) for m in (1, 2, 3)]
    got = np.asarray(call(function, [rho.copy() for rho in found]), float)
    if got.shape != (5, 5):
        return f"for five raters you return the shape {got.shape}, expected (5, 5)"
    right = np.mean([rho @ rho.T for rho in found], axis=0)
    if np.allclose(got, right):
        return None
    hard = np.mean([rho.argmax(1)[:, None] == rho.argmax(1) for rho in found], axis=0)
    for wrong, hint in (
        (hard, "you take the likeliest consensus of each rater; count doubt too: the probabilities multiply"),
        (right * len(found), "that is the sum over patients, not the mean"),
        (found[-1] @ found[-1].T, "that is the last patient only"),
        (found[0] @ found[0].T, "that is the first patient only"),
    ):
        if np.allclose(got, wrong):
            return hint
    if np.allclose(got - np.diag(np.diag(got)), right - np.diag(np.diag(right))):
        return "all pairs are right; treat a rater with himself like any other pair, so doubt makes less than 1 of it"
    return f"for raters 1 and 2 you give {got[0, 1]:.4f}, not {right[0, 1]:.4f}"
