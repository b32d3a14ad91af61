"""Is a voxel that a map calls 80 % sure right in 80 % of the cases? Reliability tables and the error they sum to."""

from dataclasses import dataclass

import numpy as np

from helpers.measure.classes import CHUNK, decisions

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
    exactly 1 out of the table, and out of N. A confidence within four rounding errors below an edge has reached it:
    1 - 0.4 belongs to the bin from 0.6 whatever the precision of the map.
    """
    if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or bins < 1:
        raise ValueError(f"bins is {bins!r}, expected a whole number of at least 1.")
    if ones not in ("kept", "dropped"):
        raise ValueError(f"ones is {ones!r}, expected 'kept' or 'dropped'.")
    voxels, confident = np.zeros((bins, 2), np.int64), np.zeros(bins)  # [bin, right], [bin]
    lane = (np.arange(CHUNK) % LANES * 2 * bins).astype(np.intp)
    for p, y in decisions(probability, truth):
        confidence, right = _decide(p, y)
        cell = lane[: len(right)] + _cell(confidence, right, bins, np.finfo(p.dtype).eps)  # [lane, bin, right]
        voxels += np.bincount(cell, minlength=LANES * 2 * bins).reshape(LANES, bins, 2).sum(axis=0)
        weighed = np.bincount(cell, confidence, minlength=LANES * 2 * bins)
        confident += weighed.reshape(LANES, bins, 2).sum(axis=(0, 2))
        if ones == "dropped":
            certain = confidence == 1
            n, n_right = np.count_nonzero(certain), np.count_nonzero(certain & right)
            voxels[-1] -= n - n_right, n_right
            confident[-1] -= n
    return Reliability(voxels.sum(axis=1), voxels[:, 1], confident)


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
    cell = (confidence * confidence.dtype.type(bins * (1 + 2 * eps))).astype(np.int32)
    np.minimum(cell, bins - 1, out=cell)
    cell += cell
    cell += right
    return cell


def _mean(total: np.ndarray, n: np.ndarray) -> np.ndarray:
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)
