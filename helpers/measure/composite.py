"""One score out of several: every measure on the scale of its own spread, then added up."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

WEIGHTS = MappingProxyType({"dice": 1, "precision": 1, "recall": 1, "avd": -1})


def composite_score(scores: Mapping, weights: Mapping = WEIGHTS) -> np.ndarray:
    """sum_m weight_m z_m, where z_m is measure m less its mean, divided by its standard deviation.

    `scores[m]` is (candidates, ...), such as (candidates, cases); mean and deviation are over all of it, so that a case
    that is hard for every candidate stays low. `weights` is 1 where more is better and -1 where less is. A measure in
    which nobody differs adds nothing. The result has the shape of one measure.
    """
    if not weights:
        raise ValueError("weights is empty, expected at least one measure.")
    missing = [name for name in weights if name not in scores]
    if missing:
        raise ValueError(f"scores has no {missing[0]!r}, expected every measure of weights: {', '.join(weights)}.")
    values = {name: np.asarray(scores[name], dtype=float) for name in weights}
    shape = next(iter(values.values())).shape
    if not shape or shape[0] < 2:
        raise ValueError(f"scores[{next(iter(values))!r}] has shape {shape}, expected (candidates, ...), at least 2.")
    total = np.zeros(shape)
    for name, x in values.items():
        if x.shape != shape:
            raise ValueError(f"scores[{name!r}] has shape {x.shape}, expected {shape}, the shape of the first.")
        if not np.isfinite(x).all():
            raise ValueError(f"scores[{name!r}] holds NaN or infinity, expected finite numbers.")
        if np.ptp(x) > 0:
            total += weights[name] * (x - x.mean()) / x.std()
    return total
