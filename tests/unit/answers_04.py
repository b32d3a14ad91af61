"""Right and wrong answers to the exercises of chapter 4, and the hint that each wrong one must get."""


import numpy as np

from helpers.fusion import learned_soft_staple, soft_posterior
from helpers.show.checks import chapter_04

P, S, G = np.array([0.9, 0.8, 0.7]), np.array([0.95, 0.9, 0.85]), 0.1


def form(name, change=lambda q, p, s, g: (q, p, s, g)):
    """`soft_posterior` as the reader's function, with arguments changed."""
    def function(q, p, s, g):
        q, p, s, g = change(q, p, s, g)
        return soft_posterior(q, p, s, g, form=name, dtype=np.float64)
    return function


def no_division(q, p, s, g):
    return g * (q * p[:, None] + (1 - q) * (1 - p[:, None])).prod(0)


def only_yes(q, p, s, g):
    a, b = g * (q * p[:, None]).prod(0), (1 - g) * (q * (1 - s[:, None])).prod(0)
    return a / (a + b)


def line(inside, rim, p, s, g):
    """(end, slope) from rounds of `learned_soft_staple` and from the full form at two values of W."""
    at = rim == 1
    end = learned_soft_staple(inside[:, None], at[:, None], sensitivity=p, specificity=s, prior=g, tol=1e-14,
                              dtype=np.float64).probability[0]
    W = np.array([0.0, 1.0])
    q = np.where(at[:, None], W * p[:, None] + (1 - W) * (1 - s[:, None]), inside[:, None])
    ends = soft_posterior(q, p, s, g, dtype=np.float64)
    return end, ends[1] - ends[0]


def verdict(inside, rim, p, s, g, b):
    said = np.where(rim, b, inside)[:, None].astype(float)
    return soft_posterior(said, p, s, g, dtype=np.float64)[0]


def end_of(b, opinion=None):
    def function(inside, rim, p, s, g):
        yes, no = (verdict(inside, rim, p, s, g, v) for v in (1, 0))
        return ((1 - b) * no + b * yes), line(inside, rim, p, s, g)[1]
    return function


def slope_of(change):
    def function(inside, rim, p, s, g):
        end, slope = line(inside, rim, p, s, g)
        return end, change(slope, p[rim][0] + s[rim][0] - 1, p[rim][0])
    return function


RIGHT = {
    "half_opinion": [0.49, 0.4926, sum(chapter_04._verdict(b, P, S, G) for b in ((1, 0, 0), (1, 1, 0))) / 2],
    "simplified": [form("simplified")],
    "from_how_many": [4, 4.0],
    "end_and_slope": [line, lambda *a: list(map(float, line(*a)))],
}
WRONG = {
    "half_opinion": [(0.1356, "says no"), (0.8496, "says yes"), (0.35, "0.3"), (0.29, "before Bayes"),
                     (50, "between 0 and 1"), (0.1, "between them"), ("x", "ValueError")],
    "simplified": [(form("full"), "full form"), (no_division, "divide it"), (only_yes, "may also say no"),
                   (form("simplified", lambda q, p, s, g: (q, p, s, 0.5)), "prior is missing"),
                   (form("simplified", lambda q, p, s, g: (q, p, s, 1 - g)), "wrong side"),
                   (form("simplified", lambda q, p, s, g: (q, p, 1 - s, g)), "exchanged"),
                   (form("simplified", lambda q, p, s, g: ((q > 0.5) * 1.0, p, s, g)), "round the opinions"),
                   (form("simplified", lambda q, p, s, g: (q, p**2, s, g)), "you give"),
                   (lambda q, p, s, g: 0.5, "one W per voxel"), (lambda q, p, s, g: None, "Replace the dots"),
                   (lambda q, p, s, g: 1 / 0, "ZeroDivisionError"), (3, "expected a function")],
    "from_how_many": [(1, "straight line"), (3, "N_RIM to 3"), (5, "smaller number"), (7, "from 1 to 6"),
                      (2.5, "whole number"), ("many", "ValueError")],
    "end_and_slope": [(end_of(0), "for a no"), (end_of(1), "for a yes"), (end_of(0.3), "opinion of 0.3"),
                      (lambda *a: (0.99, 0.1), "you give 0.9900"), (lambda *a: 0.5, "two numbers"),
                      (slope_of(lambda k, e, p: k / e), "see (4.10)"), (slope_of(lambda k, e, p: e), "two verdicts"),
                      (slope_of(lambda k, e, p: p * k / e), "both terms"), (slope_of(lambda k, e, p: -k), "sign"),
                      (slope_of(lambda k, e, p: 2.0), "the end is right"), (lambda *a: ..., "Replace the dots")],
}
