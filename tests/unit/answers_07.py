"""Right and wrong answers to the exercises of chapter 7, and the hint that each wrong one must get."""

import numpy as np
from scipy.special import gammaln


def trusted(power=1, c=None, invert=True, m=lambda m: m):
    """Eq. (7.8) without the trace, made wrong by its arguments."""
    def function(e, sigma, nu):
        p = np.linalg.inv(sigma) if invert else sigma
        squares = m(np.sum(e @ p * e, axis=1))
        return ((nu + (e.shape[1] if c is None else c)) / (nu + squares)) ** power
    return function


def density(shift=0.0, power=1.0):
    """The log density with Sigma = I, off by a constant, or with the wrong exponent."""
    def function(m, nu, c):
        peak = gammaln((nu + c) / 2) - gammaln(nu / 2) - c / 2 * np.log(nu * np.pi)
        return peak + shift - power * (nu + c) / 2 * np.log1p(m / nu)
    return function


RIGHT = {
    "consensus_by_hand": [0.6833, 0.68],
    "trust": [trusted()],
    "shared_blunder": [4, 4.0],
    "log_student": [density()],
}
WRONG = {
    "consensus_by_hand": [(0.4667, "plain mean"), (0.575, "over its square"), (0.3222, "count for less"),
                          (0.3, "median"), (2, "between the smallest"), (0.8, "divide by the sum"),
                          ("x", "ValueError")],
    "trust": [(trusted(invert=False), "not Sigma"), (trusted(c=1), "columns of e"), (trusted(c=0), "C is missing"),
              (trusted(c=2), "you write 2"), (trusted(power=-1), "upside down"), (trusted(m=np.sqrt), "its root"),
              (lambda e, s, nu: (nu + e.shape[1]) / (nu + (e**2).sum(1)), "units of the rater"),
              (trusted(m=lambda m: 2 * m), "you give"), (lambda e, s, nu: 0.5, "one weight per voxel"),
              (lambda e, s, nu: None, "Replace the dots"), (lambda e, s, nu: 1 / 0, "ZeroDivisionError"),
              (3, "expected a function")],
    "shared_blunder": [(2, "TOGETHER to 2"), (5, "TOGETHER to 4"), (6, "from 1 to 5"), (2.5, "whole number"),
                       ("many", "ValueError")],
    "log_student": [(density(shift=1.0), "off by +1.0000"), (density(power=2.0), "you give"),
                    (lambda m, nu, c: np.exp(density()(m, nu, c)), "logarithm"),
                    (lambda m, nu, c: 0.5, "one value per voxel"), (lambda m, nu, c: ..., "Replace the dots")],
}
