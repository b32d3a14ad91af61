"""Is a patient's map as unsure as the raters were among themselves?"""

from collections.abc import Sequence

import numpy as np

from helpers.inputs import as_probability
from helpers.measure.uncertainty import entropy


def entropy_errors(predicted: Sequence, raters_mean: Sequence, *, terms="foreground", unit="nats") -> np.ndarray:
    """|H(prediction) - H(raters' mean label)| of each patient; H is `entropy`, summed over the patient's voxels.

    One map per patient in both, of the same shape; (K, *space) maps are summed over their classes, too. A mean label
    is 0 or 1 only where all raters agree: if that is everywhere in all patients, it was made binary, and refused.
    """
    if len(predicted) != len(raters_mean) or len(predicted) == 0:
        found = f"{len(predicted)} and {len(raters_mean)} maps"
        raise ValueError(f"predicted and raters_mean hold {found}, expected one of each per patient.")
    errors, soft = [], False
    for i, (p, y) in enumerate(zip(predicted, raters_mean, strict=True)):
        p, y = as_probability(p, name=f"predicted[{i}]"), as_probability(y, name=f"raters_mean[{i}]")
        if p.shape != y.shape:
            raise ValueError(f"raters_mean[{i}] has shape {y.shape}, expected {p.shape}, the shape of predicted[{i}].")
        soft = soft or bool(((y > 0) & (y < 1)).any())
        errors.append(abs(entropy(p, terms=terms, unit=unit) - entropy(y, terms=terms, unit=unit)))
    if not soft:
        raise ValueError("raters_mean holds only 0 and 1, expected the mean of several raters' labels.")
    return np.array(errors)


def entropy_mae(predicted: Sequence, raters_mean: Sequence, *, terms="foreground", unit="nats") -> float:
    """Mean absolute error of the patients' entropies, the mean of `entropy_errors`."""
    return float(entropy_errors(predicted, raters_mean, terms=terms, unit=unit).mean())
