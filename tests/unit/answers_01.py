"""Right and wrong answers to the exercises of chapter 1, and the hint that each wrong one must get."""

import numpy as np
from scipy import ndimage


def surface(mask):
    return (mask == 1) & ~ndimage.binary_erosion(mask)


def one_way(a, b, spacing):
    return ndimage.distance_transform_edt(~surface(b), sampling=spacing)[surface(a)]


def hd(a, b, spacing, q):
    return max(np.percentile(one_way(a, b, spacing), q), np.percentile(one_way(b, a, spacing), q))


def pooled(a, b, spacing, q):
    return np.percentile(np.concatenate([one_way(a, b, spacing), one_way(b, a, spacing)]), q)


def all_voxels(a, b, spacing, q):
    def far(a, b):
        return np.percentile(ndimage.distance_transform_edt(~surface(b), sampling=spacing)[a == 1], q)
    return max(far(a, b), far(b, a))


def to_the_mask(a, b, spacing, q):
    def far(a, b):
        return np.percentile(ndimage.distance_transform_edt(b == 0, sampling=spacing)[surface(a)], q)
    return max(far(a, b), far(b, a))


def mean_of_both(a, b, spacing, q):
    return (np.percentile(one_way(a, b, spacing), q) + np.percentile(one_way(b, a, spacing), q)) / 2


def inverse(power):
    return lambda dice, radius: radius * ((2 / dice - 1) ** power - 1)


RIGHT = {
    "small_lesion": [(0.46, 0.86), (16 / 35, 2000 / 2331)],
    "hausdorff": [hd],
    "outlier": [("drop", "collapse", "hold"), ("Drop ", "COLLAPSE", "hold")],
    "offset_from_dice": [inverse(1 / 3)],
}
WRONG = {
    "small_lesion": [((0.86, 0.46), "larger share"), ((0.9, 0.95), "small lesion"), ((0.46, 0.97), "large lesion"),
                     ((46, 86), "between 0 and 1"), (3, "two numbers"), ((0.4, "x"), "ValueError")],
    "hausdorff": [(lambda a, b, s, q: np.percentile(one_way(a, b, s), q), "h(a, b) alone"),
                  (lambda a, b, s, q: np.percentile(one_way(b, a, s), q), "h(b, a) alone"),
                  (lambda a, b, s, q: hd(a, b, s, 100), "take the percentile q"),
                  (lambda a, b, s, q: hd(a, b, (1.0,) * a.ndim, q), "use the spacing"),
                  (pooled, "each percentile alone"), (all_voxels, "surface to surface"),
                  (to_the_mask, "not to the mask"),
                  (mean_of_both, "not their mean"),
                  (lambda a, b, s, q: 2 * hd(a, b, s, q), "you give"),
                  (lambda a, b, s, q: 1 / 0, "ZeroDivisionError"),
                  (lambda a, b, s, q: None, "Replace the dots"),
                  (3, "expected a function")],
    "outlier": [(("hold", "collapse", "hold"), "15 do not change"), (("drop", "drop", "hold"), "in the union"),
                (("drop", "collapse", "drop"), "four of seven"), (("up", "down", "up"), "three of the words"),
                (("drop", "collapse"), "three of the words"), (3, "three of the words")],
    "offset_from_dice": [(lambda d, r: r + inverse(1 / 3)(d, r), "subtract"), (inverse(1 / 2), "cube root"),
                         (lambda d, r: -inverse(1 / 3)(d, r), "sign"), (lambda d, r: inverse(1 / 3)(d, r) / r, "share"),
                         (lambda d, r: 0.0, "offset of 0.000"), (inverse(1), "cube root"),
                         (lambda d, r: r * ((2 / d - 1) ** 1 / 3 - 1), "x**(1/3)"),
                         (lambda d, r: ..., "Replace the dots")],
}
