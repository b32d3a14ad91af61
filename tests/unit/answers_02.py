"""Right and wrong answers to the exercises of chapter 2, and the hint that each wrong one must get."""

import numpy as np
from scipy import ndimage

from helpers import fusion
from helpers.show.checks import chapter_02


def nearest(mask, ratio, spacing, *, count=None, farthest=False):
    away = ndimage.distance_transform_edt(mask == 0, sampling=spacing).round(6)
    outside = np.flatnonzero(mask == 0)
    order = outside[np.argsort(-away.flat[outside] if farthest else away.flat[outside], kind="stable")]
    found = np.zeros(mask.shape, bool)
    found.flat[order[:round((ratio - 1) * mask.sum()) if count is None else count]] = True
    return found


def by_turns(soft):
    d, before = 0.0, None
    while d != before:
        P = np.where(soft > d / 2, 1.0, 0.0)
        before, d = d, 2 * (P * soft).sum() / (P.sum() + soft.sum())
    return P


def one_too_many(soft):
    P = by_turns(soft)
    P.flat[np.argmin(soft)] = 1
    return P


def root(a):
    return (np.sqrt(1 + a) - 1) / a


RIGHT = {
    "nearest_rim": [nearest, lambda m, r, s: fusion.rim(m, ratio=r, spacing=s, max_distance=99),
                    lambda m, r, s: nearest(m, r, s).astype(np.uint8)],
    "gamma_effect": [("up", "down", "down"), ["Up", "DOWN ", "down"]],
    "best_prediction": [by_turns],
    "rim_of_what": [("mask", 1.2), ["Mask", 1.2]],
    "switch_gamma": [lambda c: root(c - 1)],
}
WRONG = {
    "nearest_rim": [(lambda m, r, s: nearest(m, r, (1.0,) * m.ndim), "use the spacing"),
                    (lambda m, r, s: nearest(m, r, s) | (m == 1), "lies outside"),
                    (lambda m, r, s: nearest(m, r, s, count=round(r * m.sum())), "(c - 1) n"),
                    (lambda m, r, s: nearest(m, r, s, count=int((r - 1) * m.sum())), "do not cut off"),
                    (lambda m, r, s: nearest(m, r, s, count=3), "yours has 3"),
                    (lambda m, r, s: nearest(m, r, s, farthest=True), "nearer than one you took"),
                    (lambda m, r, s: m.sum(), "has shape ()"), (lambda m, r, s: 0.3 * m, "True or False"),
                    (lambda m, r, s: None, "Replace the dots"), (lambda m, r, s: 1 / 0, "ZeroDivisionError"),
                    (3, "expected a function")],
    "gamma_effect": [(("down", "down", "down"), "asks to be marked"), (("up", "same", "down"), "smaller chance"),
                     (("up", "down", "up"), "as large as it can be"), (("up", "down"), "three of the words"),
                     ("up", "three of the words")],
    "best_prediction": [(lambda Q: Q, "not the best"), (lambda Q: Q > 0.5, "not at one half"),
                        (lambda Q: Q > 0, "costs more"), (lambda Q: chapter_02._best(Q) < Q, "not at the Dice"),
                        (one_too_many, "the best is"), (lambda Q: 2 * Q + 1, "expected [0, 1]"),
                        (lambda Q: by_turns(Q).sum(), "has shape ()"), (lambda Q: ..., "Replace the dots")],
    "rim_of_what": [(("lesion", 1.2), "run the cell with both"), (("mask", 1.4), "further from 0.3"),
                    (("both", 1.2), 'answer with "mask"'), (1.2, 'answer with "mask"'), (("mask", "x"), "ValueError")],
    "switch_gamma": [(lambda c: 0.5, "half of a Dice of 1"), (lambda c: root(c), "not ratio times"),
                     (lambda c: 1 / (1 + c), "d/2 for a gamma of 1"),
                     (lambda c: (-np.sqrt(c) - 1) / (c - 1), "two roots"), (lambda c: 0.3, "are not equal"),
                     (lambda c: None, "Replace the dots")],
}
