"""Right and wrong answers to the exercises of chapter 6, and the hint that each wrong one must get."""

import numpy as np
import torch
from scipy import optimize

from helpers.nets import normalised_relu
from helpers.nets.temperature import fit_temperature


def shares(a):
    return normalised_relu(torch.tensor(a)[None])[0].numpy()



def equal_sums(z, x):
    """The T at which the probabilities add up to the labels: not the best one."""
    return 1 / optimize.brentq(lambda sharp: np.sum(1 / (1 + np.exp(-sharp * z)) - x), 1e-6, 20)


def without_background(a):
    positive = np.maximum(a, 0)
    return positive / np.maximum(positive.sum(0), 1e-12)


def nearly_shares(a, small):
    """A small number instead of a case for the background."""
    return np.maximum(a, 0) / (np.maximum(a, 0).sum(0) + small)


def softmax_where_some(a):
    """Softmax, except that voxels without a positive logit are right."""
    return np.where((a <= 0).all(0), shares(a), np.exp(a) / np.exp(a).sum(0))


RIGHT = {
    "exact_ones": [(0.03, 0.3), [0.03, 0.3], np.array([0.03, 0.3])],
    "class_shares": [shares, lambda a: shares(a).tolist()],
    "jump": [0.51, 0.511, "0.51"],
    "temperature": [fit_temperature, lambda z, x: np.array([fit_temperature(z, x)])],
}
WRONG = {
    "exact_ones": [((0.3, 0.03), "exchanged"), ((0.3, 0.3), "100 in 1000"), ((0.03, 0.03), "N is 100"),
                   ((0.03, 0.5), "kept is right"), ((0.1, 0.3), "dropped is right"), ((0.1, 0.2), "weigh that gap"),
                   (0.03, "two numbers"), ("x", "ValueError")],
    "class_shares": [(lambda a: np.maximum(a, 0) / np.maximum(a, 0).sum(0), "divide 0 by 0"),
                     (without_background, "class 0"), (lambda a: nearly_shares(a, 1e-8), "class 0"),
                     (lambda a: nearly_shares(a, 1e-3), "add up to 0.9995"),
                     (softmax_where_some, "softmax"),
                     (lambda a: np.maximum(a, 0) / np.maximum(a, 0).max(), "largest logit"),
                     (lambda a: a / a.sum(0), "negative logits"), (lambda a: a[0], "you return the shape"),
                     (lambda a: 0 * a + 0.3, "you give"), (lambda a: None, "Replace the dots"),
                     (3, "expected a function")],
    "jump": [(0.9, "log loss"), (0.7, "go down"), (0.4, "go up"), (2, "between 0 and 1"), ("x", "ValueError")],
    "temperature": [(lambda z, x: 1 / fit_temperature(z, x), "1/T"), (lambda z, x: 1.0, "as they are"),
                    (equal_sums, "multiplied by its logit"), (lambda z, x: -2.0, "above 0"),
                    (lambda z, x: 1.5, "you give 1.50"),
                    (lambda z, x: ..., "Replace the dots"), (lambda z, x: 1 / 0, "ZeroDivisionError")],
}
