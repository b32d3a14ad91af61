"""Networks: the U-Net of the papers, losses, one training loop, prediction, the papers' experiments."""

from helpers.nets.checkpoint import load_weights, save_weights
from helpers.nets.crowd_answers import rater_matrices, truth_probability
from helpers.nets.crowd_consensus import late_consensus
from helpers.nets.crowd_labels import as_crowd_labels, one_label_per_image
from helpers.nets.crowd_loss import crowd_loss, crowd_terms
from helpers.nets.crowd_net import CrowdNet
from helpers.nets.crowd_train import CrowdTrained, train_crowd
from helpers.nets.device import as_device
from helpers.nets.losses import soft_dice_loss
from helpers.nets.predict import best_threshold, drop_small, predict
from helpers.nets.recipes import train_conventional, train_softseg
from helpers.nets.rotation import rotate
from helpers.nets.slices import image_slices, mask_slices, volume
from helpers.nets.softseg import adaptive_wing, normalised_relu
from helpers.nets.student_local import local_step_on
from helpers.nets.temperature import at_temperature, fit_temperature
from helpers.nets.train import Trained, train
from helpers.nets.unet import UNet

__all__ = [
    "CrowdNet",
    "CrowdTrained",
    "Trained",
    "UNet",
    "adaptive_wing",
    "as_crowd_labels",
    "as_device",
    "at_temperature",
    "best_threshold",
    "crowd_loss",
    "crowd_terms",
    "drop_small",
    "fit_temperature",
    "image_slices",
    "late_consensus",
    "load_weights",
    "local_step_on",
    "mask_slices",
    "normalised_relu",
    "one_label_per_image",
    "predict",
    "rater_matrices",
    "rotate",
    "save_weights",
    "soft_dice_loss",
    "train",
    "train_conventional",
    "train_crowd",
    "train_softseg",
    "truth_probability",
    "volume",
]
