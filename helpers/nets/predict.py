"""From a trained network to a mask: probabilities, the threshold that suited the training set, no specks."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from scipy import ndimage

from helpers.inputs import as_mask
from helpers.measure import dice

THRESHOLDS = (0.01, 0.02, *np.arange(0.05, 1, 0.05).round(2).tolist(), 0.98, 0.99)


@torch.no_grad()
def predict(model: torch.nn.Module, images: np.ndarray, *, activation: Callable = torch.sigmoid,
            batch: int = 32) -> np.ndarray:
    """Probabilities (S, H, W) of slices (S, C, H, W), or (S, K, H, W) if the model knows K > 1 classes."""
    device = next(model.parameters()).device
    model.eval()
    parts = []
    for part in torch.from_numpy(np.asarray(images, np.float32)).split(batch):
        x = part.to(device).contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            logits = model(x)
        parts.append(activation(logits.float()).cpu())
    found = torch.cat(parts).numpy()
    return found[:, 0] if found.shape[1] == 1 else found


def best_threshold(probabilities: Sequence[np.ndarray], masks: Sequence[np.ndarray],
                   thresholds: Sequence[float] = THRESHOLDS) -> float:
    """The threshold at which the mean Dice over the patients is highest; of several the one in their middle.

    `probabilities` and `masks` hold one array per patient.
    """
    if len(probabilities) != len(masks) or not len(masks):
        raise ValueError(f"masks holds {len(masks)} patient(s), expected {max(len(probabilities), 1)}.")
    mean = np.array([np.mean([dice(p >= threshold, mask) for p, mask in zip(probabilities, masks, strict=True)])
                     for threshold in thresholds])
    best = np.flatnonzero(mean == mean.max())
    return float(thresholds[best[len(best) // 2]])


def drop_small(mask: np.ndarray, voxels: int = 18) -> np.ndarray:
    """`mask` without its connected components of `voxels` or fewer; voxels that share a corner belong together."""
    mask = as_mask(mask).view(bool)
    components, _ = ndimage.label(mask, np.ones((3,) * mask.ndim))
    return mask & (np.bincount(components.ravel()) > voxels)[components]
