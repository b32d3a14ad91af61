"""Fusion of several raters' masks into one: numpy and scipy only."""

from helpers.fusion.consensus import Consensus
from helpers.fusion.dilation import rim, soft_dilation
from helpers.fusion.learned import learned_soft_staple
from helpers.fusion.mixture import mixture_of_consensuses
from helpers.fusion.multilabel import multilabel_staple
from helpers.fusion.patterns import Patterns, count, look_up, pack
from helpers.fusion.probability_map import probability_map
from helpers.fusion.soft import soft_posterior, soft_staple
from helpers.fusion.spatial import spatial_staple
from helpers.fusion.staple import staple, staple_table
from helpers.fusion.staple_mrf import staple_mrf
from helpers.fusion.student_t import student_t
from helpers.fusion.vote import majority_vote, mean_vote

__all__ = [
    "Consensus",
    "Patterns",
    "count",
    "learned_soft_staple",
    "look_up",
    "majority_vote",
    "mean_vote",
    "mixture_of_consensuses",
    "multilabel_staple",
    "pack",
    "probability_map",
    "rim",
    "soft_dilation",
    "soft_posterior",
    "soft_staple",
    "spatial_staple",
    "staple",
    "staple_mrf",
    "staple_table",
    "student_t",
]
