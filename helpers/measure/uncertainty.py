"""How unsure a vote or a probability is: entropy, as a map and as one number per image."""

import math

import numpy as np

from helpers.inputs import as_probability, as_rows
from helpers.measure.votes import count_votes

UNITS = {"bits": math.log(2), "nats": 1.0}
CHUNK = 1 << 16


def entropy(probability, *, terms: str = "foreground", unit: str = "nats") -> float:
    """One number per image, summed over its voxels.

    `terms="foreground"`: H = -sum p log p, as calibration papers print it; it sees a sure lesion and a sure
    background as alike, but gives p = 0.1 more than p = 0.9.
    `terms="both"`: H = -sum [p log p + (1 - p) log(1 - p)], the same for a mask and its complement.
    """
    p = as_probability(probability)
    scale = _scale(unit)
    if terms not in ("foreground", "both"):
        raise ValueError(f"terms is {terms!r}, expected 'foreground' or 'both'.")
    total = _minus_p_log_p(p).sum(dtype=np.float64)
    if terms == "both":
        total += _minus_p_log_p(1 - p).sum(dtype=np.float64)
    return float(total / scale)


def voxel_entropy(probability, *, unit: str = "bits") -> np.ndarray:
    """-p log p - (1 - p) log(1 - p) for every voxel: 0 where sure, 1 bit at p = 0.5."""
    p = as_probability(probability)
    return (_minus_p_log_p(p) + _minus_p_log_p(1 - p)) / p.dtype.type(_scale(unit))


def entropy_map(masks, *, unit: str = "bits") -> np.ndarray:
    """`voxel_entropy` of the share of raters who say lesion, (*space) float32; nan where nobody looked.

    R raters leave R + 1 shares, so the entropies are computed once and looked up.
    """
    _scale(unit)
    votes, looked = count_votes(masks)
    most = max(int(looked.max()), 1)
    v, n = np.arange(most + 1), np.arange(1, most + 1)[:, None]
    table = np.full((most + 1, most + 1), np.nan, np.float32)  # [raters who looked, votes]
    table[1:] = voxel_entropy(np.minimum(v / n, 1.0), unit=unit)
    looked = np.broadcast_to(looked, votes.shape)
    result = np.empty_like(votes, dtype=np.float32)
    flat, flat_votes = as_rows(result[None])[0], as_rows(votes[None])[0]
    flat_looked = as_rows(looked[None])[0] if looked.strides == votes.strides else None
    for start in range(0, flat.size, CHUNK):  # numpy widens an index to 8 bytes: a chunk at a time
        part = slice(start, start + CHUNK)
        flat[part] = table[most if flat_looked is None else flat_looked[part], flat_votes[part]]
    return result


def _minus_p_log_p(p: np.ndarray) -> np.ndarray:
    """-p log p with 0 log 0 = 0."""
    return -p * np.log(np.where(p > 0, p, 1))


def _scale(unit: str) -> float:
    if unit not in UNITS:
        raise ValueError(f"unit is {unit!r}, expected 'bits' or 'nats'.")
    return UNITS[unit]
