"""Measures of masks, raters and methods: overlap, surfaces, lesions, agreement, uncertainty, paired tests."""

from helpers.measure.agreement import fleiss_kappa, generalised_dice, intersections, pairwise
from helpers.measure.brier import brier, brier_per_class
from helpers.measure.calibration import Reliability, ece, foreground_reliability, reliability
from helpers.measure.composite import composite_score
from helpers.measure.confusion import confusion_rmse
from helpers.measure.disagreement import shared_lesions, split_disagreement
from helpers.measure.entropy_error import entropy_errors, entropy_mae
from helpers.measure.lesions import LesionDetection, lesion_detection
from helpers.measure.overlap import avd, dice, precision, recall, rvd
from helpers.measure.paired import PairedTest, paired_test
from helpers.measure.surface import hausdorff, signed_boundary_offset, surface_distances
from helpers.measure.uncertainty import entropy, entropy_map, voxel_entropy

__all__ = [
    "LesionDetection",
    "PairedTest",
    "Reliability",
    "avd",
    "brier",
    "brier_per_class",
    "composite_score",
    "confusion_rmse",
    "dice",
    "ece",
    "entropy",
    "entropy_errors",
    "entropy_mae",
    "entropy_map",
    "fleiss_kappa",
    "foreground_reliability",
    "generalised_dice",
    "hausdorff",
    "intersections",
    "lesion_detection",
    "paired_test",
    "pairwise",
    "precision",
    "recall",
    "reliability",
    "rvd",
    "signed_boundary_offset",
    "shared_lesions",
    "split_disagreement",
    "surface_distances",
    "voxel_entropy",
]
