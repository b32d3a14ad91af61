"""Right and wrong answers to the exercises of chapter 3, and the hint that each wrong one must get."""

import numpy as np

from helpers.show.checks import chapter_03


def posterior(masks, p, s, g, *, missing=(1, 1)):
    """Chapter 3 eq. (3.2); `missing` are the factors of an answer of -1."""
    a, b = g, 1 - g
    for D, p_r, s_r in zip(masks, p, s, strict=True):
        a = a * np.select([D == 1, D == 0], [p_r, 1 - p_r], missing[0])
        b = b * np.select([D == 1, D == 0], [1 - s_r, s_r], missing[1])
    return a / (a + b)


def zero_as(value):
    return lambda m, p, s, g: posterior(np.where(m < 0, value, m), p, s, g)


def nan_where_missing(m, p, s, g):
    return np.where((m < 0).any(0), np.nan, posterior(m, p, s, g))


def forgets_prior(m, p, s, g):
    return np.where((m < 0).any(0), posterior(m, p, s, 0.5), posterior(m, p, s, g))


def lone(p, F, V, *, power=1):
    silent = np.array([np.prod(np.delete(1 - p, r)) for r in range(len(p))])
    odds = V**power * p * silent / F
    return odds / (1 + odds)


def odds_of(w):
    return w / (1 - w)


RIGHT = {
    "weight_of_yes": [(60, 9), (0.6 / 0.01, 0.9 / 0.1), [58, 9.3], np.array([60.0, 9.0])],
    "missing_answers": [posterior, lambda m, p, s, g: posterior(m, p, s, g)[None]],
    "background_share": [sum(chapter_03.FITTING) / 2, np.float64(chapter_03.FITTING[0])],
    "lone_vote": [lone],
}
WRONG = {
    "weight_of_yes": [((np.log(60), 9), "log odds"), ((60, np.log(9)), "eager rater: that is what a yes adds"),
                      ((0.6 / 0.99, 9), "1 - s"), ((1 / 60, 9), "turn it round"),
                      ((0.4 / 0.99, 9), "what a no does"), ((60, 0.1 / 0.9), "what a no does"),
                      ((60, 0.9), "chance of a yes in a lesion"),
                      ((0.6, 0.9), "careful rater: that is the chance of a yes"), ((30, 9), "ratio of the two"),
                      (3, "two numbers"), ((60, "x"), "ValueError")],
    "missing_answers": [(zero_as(0), "for a no"), (zero_as(1), "for a yes"), (nan_where_missing, "are nan"),
                        (forgets_prior, "prior g still counts"),
                        (lambda m, p, s, g: posterior(m, s, p, g), "where all raters looked"),
                        (lambda m, p, s, g: posterior(m, p, s, g, missing=(0.5, 0.7)), "for the answers"),
                        (lambda m, p, s, g: 0.5, "the shape"), (lambda m, p, s, g: None, "Replace the dots"),
                        (lambda m, p, s, g: 1 / 0, "ZeroDivisionError"), (3, "expected a function")],
    "background_share": [(1.0, "more background away"), (chapter_03.FITTING[0] / 2, "give some back"),
                         (0, "above 0"), ("x", "ValueError")],
    "lone_vote": [(lambda p, F, V: odds_of(lone(p, F, V)), "these are the odds"),
                  (lambda p, F, V: V * p / F / (1 + V * p / F), "others said no"),
                  (lambda p, F, V: V * p * np.prod(1 - p) / F, "other raters only"),
                  (lambda p, F, V: V * np.prod(p) / (F + V * np.prod(p)), "1 - p, not p"),
                  (lambda p, F, V: V * np.prod(1 - p) / (F + V * np.prod(1 - p)), "p, not 1 - p"),
                  (lambda p, F, V: lone(p, F, V, power=0), "factor V"),
                  (lambda p, F, V: 0 * p, "the first is 0.0000"), (lambda p, F, V: 0.5, "the shape"),
                  (lambda p, F, V: ..., "Replace the dots")],
}
