"""Is a voxel that a map calls 80 % sure right in 80 % of the cases? Reliability tables and the error they sum to."""

import math
from dataclasses import dataclass

import numpy as np

from helpers.inputs import as_probability
from helpers.measure.classes import CHUNK, decisions, steps

LANES = 4  # counters per bin, used in turn: neighbours of equal confidence need not wait for each other


@dataclass(frozen=True)
class Reliability:
    """Voxels sorted by confidence into bins; tables of as many bins add up, so several images make one."""

    voxels: np.ndarray  # (bins,) how many
    right: np.ndarray  # (bins,) how many of them are decided as the truth says
    confident: np.ndarray  # (bins,) the sum of their confidences

    @property
    def edges(self) -> np.ndarray:
        """(bins + 1,): bin k holds the confidences from edges[k] to below edges[k + 1]."""
        return np.arange(len(self.voxels) + 1) / len(self.voxels)

    @property
    def accuracy(self) -> np.ndarray:
        """Share of the voxels of a bin that are right; nan for an empty bin."""
        return _mean(self.right, self.voxels)

    @property
    def confidence(self) -> np.ndarray:
        """Mean confidence of the voxels of a bin; nan for an empty bin."""
        return _mean(self.confident, self.voxels)

    @property
    def ece(self) -> float:
        """sum_k #B_k / N |accuracy - confidence|; nan for a table without a voxel."""
        total = self.voxels.sum()
        return float(np.abs(self.right - self.confident).sum() / total) if total else float("nan")

    def __add__(self, other: "Reliability") -> "Reliability":
        if len(self.voxels) != len(other.voxels):
            raise ValueError(f"other has {len(other.voxels)} bins, expected {len(self.voxels)}, as the first table.")
        return Reliability(self.voxels + other.voxels, self.right + other.right, self.confident + other.confident)


def ece(probability, truth, *, bins: int = 10, ones: str = "kept") -> float:
    """Expected calibration error: how far confidence and accuracy lie apart, averaged over the voxels.

    Arguments as in `reliability`. nan if `ones="dropped"` leaves no voxel.
    """
    return reliability(probability, truth, bins=bins, ones=ones).ece


def reliability(probability, truth, *, bins: int = 10, ones: str = "kept") -> Reliability:
    """Voxels, right decisions and confidence in bins [k / bins, (k + 1) / bins), in one pass over the voxels.

    A map of the shape of `truth`, a mask, decides p > 0.5 with confidence max(p, 1 - p). A map (K, *space) beside
    labels (*space) decides for the largest p, the first of equal ones, and is as confident as that p is large.
    `ones="kept"` closes the last bin, so that it holds confidence 1; `ones="dropped"` leaves voxels of confidence
    exactly 1 out of the table, and out of N. Rounding does not keep a confidence from its edge: 1 - 0.4 belongs to the
    bin from 0.6 whatever the precision of the map.
    """
    if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or bins < 1:
        raise ValueError(f"bins is {bins!r}, expected a whole number of at least 1.")
    if ones not in ("kept", "dropped"):
        raise ValueError(f"ones is {ones!r}, expected 'kept' or 'dropped'.")
    cells = (LANES, bins + 1, 2)  # [lane, bin, right]; the last bin is that from 1, the upper end of the one before
    n = math.prod(cells)
    voxels, confident = np.zeros(n, np.int64), np.zeros(n)
    lane = np.arange(CHUNK, dtype=np.int32) % LANES * (2 * (bins + 1))
    for p, y in decisions(probability, truth):
        confidence, right = _decide(p, y)
        if ones == "dropped":
            kept = confidence < 1
            confidence, right = confidence[kept], right[kept]
        cell = _cell(confidence, right, bins, np.finfo(p.dtype).eps)
        cell += lane[: len(cell)]
        cell = cell.astype(np.intp)
        voxels += np.bincount(cell, minlength=n)
        confident += np.bincount(cell, confidence, minlength=n)
    voxels, confident = voxels.reshape(cells).sum(axis=0), confident.reshape(cells).sum(axis=(0, 2))
    voxels[-2] += voxels[-1]
    confident[-2] += confident[-1]
    return Reliability(voxels[:-1].sum(axis=1), voxels[:-1, 1], confident[:-1])


def foreground_reliability(probability, soft, *, bins: int = 10) -> Reliability:
    """Of the voxels that a map gives 0.3, which share is foreground? Voxels by the value of the map itself.

    `soft`, of the same shape, is what the values are held against: a mask, the share of the raters who say foreground,
    or a probability that is known. `right` is its sum in each bin, `confident` that of the map; the last bin is closed.
    """
    if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or bins < 1:
        raise ValueError(f"bins is {bins!r}, expected a whole number of at least 1.")
    probability, soft = np.asarray(probability), np.asarray(soft)
    if probability.shape != soft.shape:
        raise ValueError(f"soft has shape {soft.shape}, expected {probability.shape}, the shape of probability.")
    if not probability.size:
        raise ValueError(f"probability has shape {probability.shape}, expected at least one voxel.")
    voxels, right, confident = np.zeros(bins, np.int64), np.zeros(bins), np.zeros(bins)
    for p, y in steps(probability[None], soft[None]):
        p, y = as_probability(p[0]), as_probability(y[0], name="soft")
        cell = np.minimum((p * (bins + min(2 * bins * np.finfo(p.dtype).eps, 0.5))).astype(np.intp), bins - 1)
        voxels += np.bincount(cell, minlength=bins)
        right += np.bincount(cell, y, minlength=bins)
        confident += np.bincount(cell, p, minlength=bins)
    return Reliability(voxels, right, confident)


def _decide(p: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Confidence (n,) in single precision or better, and whether the decision is right, (n,) bool."""
    if p.dtype.itemsize < 4:
        p = p.astype(np.float32)
    if p.ndim == 1:
        return np.maximum(p, 1 - p), (p > 0.5) == y.view(bool)
    confidence, decision = p[0].copy(), np.zeros(p.shape[1], np.int32)
    for k in range(1, len(p)):
        np.copyto(decision, k, where=p[k] > confidence)
        np.maximum(confidence, p[k], out=confidence)
    return confidence, decision == y


def _cell(confidence: np.ndarray, right: np.ndarray, bins: int, eps: float) -> np.ndarray:
    """2 bin + right, (n,)."""
    scale = bins + min(2 * bins * eps, 0.5)
    cell = (confidence * confidence.dtype.type(scale)).astype(np.int32)
    cell += cell
    cell += right
    return cell


def _mean(total: np.ndarray, n: np.ndarray) -> np.ndarray:
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)
