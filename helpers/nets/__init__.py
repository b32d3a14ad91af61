"""Networks: the U-Net of the papers, losses, one training loop, prediction, the papers' experiments."""

from helpers.nets.checkpoint import load_weights, save_weights
from helpers.nets.device import as_device
from helpers.nets.losses import soft_dice_loss
from helpers.nets.predict import best_threshold, drop_small, predict
from helpers.nets.rotation import rotate
from helpers.nets.slices import image_slices, mask_slices, volume
from helpers.nets.softseg import adaptive_wing, normalised_relu
from helpers.nets.train import Trained, train
from helpers.nets.unet import UNet

__all__ = [
    "Trained",
    "UNet",
    "adaptive_wing",
    "as_device",
    "best_threshold",
    "drop_small",
    "image_slices",
    "load_weights",
    "mask_slices",
    "normalised_relu",
    "predict",
    "rotate",
    "save_weights",
    "soft_dice_loss",
    "train",
    "volume",
]
