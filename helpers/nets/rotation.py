"""Small random rotations, of images and of masks, which become soft values by it."""

import torch
from torch.nn import functional


def rotate(pictures: torch.Tensor, degrees: torch.Tensor) -> torch.Tensor:
    """Each of the pictures (B, C, H, W) about its centre by its own angle (B,), with bilinear interpolation.

    What comes in from outside the picture is 0. Masks are interpolated like images: their edges get soft values.
    """
    height, width = pictures.shape[2:]
    angle = torch.deg2rad(degrees.to(pictures))
    cos, sin, none = angle.cos(), angle.sin(), torch.zeros_like(angle)
    # affine_grid measures both axes from -1 to 1: a turn in pixels is a turn and a stretch there.
    turn = torch.stack([cos, -sin * height / width, none, sin * width / height, cos, none], dim=1).view(-1, 2, 3)
    grid = functional.affine_grid(turn, list(pictures.shape), align_corners=False)
    return functional.grid_sample(pictures, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
