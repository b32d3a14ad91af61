"""What a trained crowd network says of images: the truth, and one matrix for each rater."""

from collections.abc import Iterator

import numpy as np
import torch

from helpers.nets.crowd_consensus import decision
from helpers.nets.crowd_net import CrowdNet


def rater_matrices(model: CrowdNet, images: np.ndarray, *, decided: bool = False, batch: int = 128) -> np.ndarray:
    """One matrix per rater, (R, K, K), [r, i, j] = P(r says i | truth is j), as the network sees images (S, C, H, W).

    It is the mean of the matrices over all pixels, column j weighted by p_j: sum_x A_ij(x) p_j(x) / sum_x p_j(x). With
    `decided` the most probable class of a pixel counts 1 in it and the others 0: of a rare class, what p_j leaves in
    all pixels that are not of it can add up to more than the class itself.
    """
    return columns_of(sum(joint_of(decision(log_p) if decided else log_p.exp(), log_a)
                          for log_p, log_a in answers(model, images, batch)))


def truth_probability(model: CrowdNet, images: np.ndarray, *, batch: int = 128) -> np.ndarray:
    """p (S, K, H, W) of images (S, C, H, W)."""
    return torch.cat([log_p.exp().cpu() for log_p, _ in answers(model, images, batch)]).numpy()


@torch.no_grad()
def answers(model: CrowdNet, images: np.ndarray, batch: int) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """log p and log A of one batch after the other."""
    device = next(model.parameters()).device
    model.eval()
    for part in torch.from_numpy(np.asarray(images, np.float32)).split(batch):
        x = part.to(device).contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            yield model(x)


def joint_of(p: torch.Tensor, log_a: torch.Tensor) -> torch.Tensor:
    """sum_x A_ij(x) p_j(x) over images and pixels, (R, K, K), from p (B, K, H, W) and log A, per pixel or one."""
    a = log_a.exp()
    if a[0, 0, 0, 0].numel() * len(a) == 1:
        return a.view(a.shape[1:4]).double() * p.sum((0, 2, 3))
    return torch.einsum("brijhw,bjhw->rij", a, p).double()


def columns_of(joint: torch.Tensor) -> np.ndarray:
    """Every column of (R, K, K) divided by its sum; even where that is 0."""
    total = joint.sum(dim=1, keepdim=True)
    return torch.where(total > 0, joint / total, 1 / joint.shape[1]).cpu().numpy()
