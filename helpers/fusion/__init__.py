"""Fusion of several raters' masks into one: numpy and scipy only."""

from helpers.fusion.consensus import Consensus
from helpers.fusion.vote import majority_vote, mean_vote

__all__ = ["Consensus", "majority_vote", "mean_vote"]
