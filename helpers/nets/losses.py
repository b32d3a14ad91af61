"""Losses between probabilities and soft labels."""

import torch


def soft_dice_loss(probability: torch.Tensor, soft: torch.Tensor) -> torch.Tensor:
    """Soft Dice, eq. (3) of chapter 2: -sum(Q P) / (sum(P)/2 + sum(Q)/2), with Q = T + gamma D.

    The sums run over all pixels handed in, a whole batch as a rule. It is -1 where P = Q are binary, and where both
    are empty. With a binary Q it is the Dice loss, eq. (2).
    """
    if probability.shape != soft.shape:
        raise ValueError(f"soft has shape {tuple(soft.shape)}, expected {tuple(probability.shape)}, as probability.")
    both = (probability * soft).sum()
    either = 0.5 * (probability.sum() + soft.sum())
    return torch.where(either == 0, -1.0, -both / torch.where(either == 0, 1, either))
