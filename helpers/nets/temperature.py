"""Temperature scaling: one number, fitted after the training, that makes a network more or less sure of everything."""

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, softmax

COLDEST, HOTTEST = 1e-3, 1e3


def fit_temperature(logits, soft) -> float:
    """T with the smallest cross entropy between `soft` and `at_temperature(logits, T)`.

    `logits` (N,) of one class beside `soft` (N,) in [0, 1], or (K, N) of K classes beside (K, N) that sum to one. The
    cross entropy is convex in 1/T, and its slope there is the sum of (p - soft) logits over pixels and classes.
    """
    logits, soft = np.asarray(logits, np.float64), np.asarray(soft, np.float64)
    if logits.shape != soft.shape or logits.ndim not in (1, 2) or not logits.size:
        raise ValueError(f"soft has shape {soft.shape} and logits {logits.shape}, expected both (N,) or both (K, N).")
    if not np.isfinite(logits).all():
        raise ValueError("logits holds values that are not finite, expected finite numbers.")
    if not (soft.min() >= 0 and soft.max() <= 1):
        raise ValueError(f"soft holds values from {soft.min():g} to {soft.max():g}, expected numbers in [0, 1].")
    if soft.ndim == 2 and np.abs(soft.sum(0) - 1).max() > 1e-3:
        raise ValueError("soft does not sum to 1 over the classes of every pixel, expected 1.")

    def slope(log_sharpness: float) -> float:
        return float(((at_temperature(logits, np.exp(-log_sharpness)) - soft) * logits).sum())

    low, high = -np.log(HOTTEST), -np.log(COLDEST)
    if slope(low) >= 0:
        raise ValueError("logits says no more about soft than a constant does, expected logits that rise with soft.")
    if slope(high) <= 0:
        raise ValueError("logits is right in every pixel, expected some errors: without them sureness has no bound.")
    return float(np.exp(-brentq(slope, low, high, xtol=1e-10)))


def at_temperature(logits, temperature: float) -> np.ndarray:
    """Probabilities sigmoid(logits / T) of one class (N,), or softmax(logits / T) over the first axis of (K, N)."""
    if not (np.isfinite(temperature) and temperature > 0):
        raise ValueError(f"temperature is {temperature!r}, expected a finite number above 0.")
    logits = np.asarray(logits)
    return expit(logits / temperature) if logits.ndim == 1 else softmax(logits / temperature, axis=0)
