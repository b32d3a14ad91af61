"""Right and wrong answers to the exercises of chapter 5, and the hint that each wrong one must get."""

import numpy as np
from scipy.optimize import minimize_scalar


def explain(p_by, a_by):
    """The reader's function, with what p and A are multiplied by."""
    def function(p, A, T):
        return p_by(T) @ p, a_by(A, T)
    return function


def itself(T):
    return T


def right(p, A, T):
    """By solving, pixel by pixel and rater by rater, not by an inverse."""
    mixed = np.einsum("jk,kn->jn", T, p)
    return mixed, np.stack([np.linalg.solve(T.T, a.T).T for a in A])


def searched(c):
    def cost(a):
        u = np.exp([a, 1 - a])
        return -(np.array([c, 1 - c]) @ np.log(u / u.sum()))
    return minimize_scalar(cost, bounds=(0, 1), method="bounded", options={"xatol": 1e-6}).x


RIGHT = {
    "cost_of_a_pixel": [1.2, 1.204, -np.log(0.3)],
    "other_explanation": [right, lambda *a: list(right(*a))],
    "how_many_good": [3, 3.0],
    "best_entry": [searched, lambda c: np.clip((1 + np.log(c / (1 - c))) / 2, 0, 1),
                   lambda c: np.round(searched(c), 2)],
}
WRONG = {
    "cost_of_a_pixel": [(0.3, "minus its logarithm"), (-1.204, "the sign"), (0.523, "natural"), (2.303, "row is said"),
                        (0.357, "had said object"), (0.105, "here it is object"), (0, "through A first"),
                        (0.616, "from the first line"), (0.78, "from the first line"),
                        (7, "one column"), ("x", "ValueError")],
    "other_explanation": [(lambda p, A, T: (p, A), "started from"), (lambda p, A, T: p, "two arrays"),
                          (lambda p, A, T: (p[0], A), "the shape"),
                          (explain(np.transpose, lambda A, T: A), "transposed"),
                          (explain(np.linalg.inv, lambda A, T: A @ T), "exchanged"),
                          (explain(lambda T: T @ T, lambda A, T: A), "T p"),
                          (explain(itself, lambda A, T: np.linalg.inv(T) @ A), "wrong side"),
                          (explain(itself, lambda A, T: A @ T), "take the mixing back"),
                          (explain(itself, lambda A, T: A), "must equal A p"),
                          (lambda p, A, T: ..., "Replace the dots"), (3, "expected a function")],
    "how_many_good": [(0, "N_MORE to 1"), (1, "N_MORE to 1"), (1000, "go up"), (5, "N_MORE = 4"),
                      (2.5, "whole number"), (-1, "whole number"),
                      ("many", "ValueError")],
    "best_entry": [(lambda c: c, "one softmax"), (lambda c: (1 + np.log(c / (1 - c))) / 2, "between 0 and 1"),
                   (lambda c: np.clip(np.log(c / (1 - c)), 0, 1), "for c = 0.4"),
                   (lambda c: np.clip(np.log(c / (1 - c)), -1, 1) / 2 if c > 0.45 else searched(c), "2 a - 1"),
                   (lambda c: 0.5, "which costs"), (lambda c: None, "Replace the dots")],
}
