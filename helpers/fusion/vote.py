"""The two fusions without parameters: the majority of the raters, and their mean."""

import numpy as np

from helpers.fusion.consensus import Consensus
from helpers.measure.votes import count_votes


def majority_vote(masks) -> Consensus:
    """1 where more than half of the raters who looked say lesion; a tie is 0.

    `probability` is float32, 0 or 1, and nan where nobody looked.
    """
    votes, looked = count_votes(masks)
    won = np.greater(votes, looked // 2).astype(np.float32)  # 2 v > n is v > n // 2 for whole numbers
    return _consensus(won, looked)


def mean_vote(masks) -> Consensus:
    """The share of the raters who looked that say lesion, float32; nan where nobody looked."""
    votes, looked = count_votes(masks)
    share = np.divide(votes, np.maximum(looked, 1), dtype=np.float32)
    return _consensus(share, looked)


def _consensus(probability: np.ndarray, looked: np.ndarray) -> Consensus:
    if looked.ndim:
        probability[looked == 0] = np.nan
    return Consensus(probability, {}, np.empty(0), iterations=0, converged=True, maps={})
