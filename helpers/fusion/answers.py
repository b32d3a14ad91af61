"""Sums over all 2^R answers that R raters with soft opinions might have given.

q(B) = prod q_r^b_r (1 - q_r)^(1 - b_r) is the chance of the answers B = (b_1, ..., b_R). Answer B stands at index
sum b_r 2^r. q(B) is a product, so a sum over B is done one rater at a time, and each halves what is left to sum.
"""

from collections.abc import Iterator

import numpy as np

MOST_RATERS = 20  # a million answers
ROOM = 1 << 18  # numbers held at a time


def every_answer(raters: int) -> np.ndarray:
    """All B in {0, 1}^R, (2^R, R) float64."""
    return (np.arange(1 << raters)[:, None] >> np.arange(raters) & 1).astype(float)


def mean_over_answers(table: np.ndarray, q: np.ndarray) -> np.ndarray:
    """sum_B q(B) table[B] for each row of q (P, R): (P,)."""
    result = np.empty(len(q))
    for part in _parts(q):
        left = table.reshape(-1, 1)  # (2^R, 1), then (2^(R-1), p), ...
        for opinion in q[part].T[::-1]:  # the last rater is the highest bit
            no, yes = left[: len(left) // 2], left[len(left) // 2 :]
            left = no + (yes - no) * opinion
        result[part] = left[0]
    return result


def expected_counts(q: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """M(B) = sum_t counts_t q_t(B): how often each answer is given on average, (2^R,)."""
    total = np.zeros(1 << q.shape[1])
    for part in _parts(q):
        share = counts[part].astype(float)[None]  # (1, p), then (2, p), ...
        for opinion in q[part].T:
            yes = share * opinion
            share = np.concatenate([share - yes, yes])
        total += share.sum(axis=1)
    return total


def _parts(q: np.ndarray) -> Iterator[slice]:
    step = max(ROOM >> q.shape[1], 1)
    return (slice(start, start + step) for start in range(0, len(q), step))
