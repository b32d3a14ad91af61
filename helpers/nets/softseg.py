"""SoftSeg: an activation that is a probability without saturating, and a regression loss in place of the Dice."""

import math

import torch

SCOPES = ("sample", "batch")
REDUCTIONS = {"mean": torch.mean, "sum": torch.sum, "none": lambda values: values}


def normalised_relu(x: torch.Tensor, scope: str = "sample") -> torch.Tensor:
    """Probabilities of logits (B, K, *space), in the same shape: positive parts as a share of the largest, or of all.

    One class: relu(x) / max(relu(x)), the largest of each sample, or of the whole batch as in the published code. Where
    no logit is positive, 0. Several classes, the background first: relu(x) / (sum of relu(x) over the classes), in
    which no maximum is left, so that `scope` changes nothing. Where no class has a positive logit, background.
    """
    if x.ndim < 2 or not x.numel():
        raise ValueError(f"x has shape {tuple(x.shape)}, expected (B, K, *space) with at least one pixel.")
    if scope not in SCOPES:
        raise ValueError(f"scope is {scope!r}, expected 'sample' or 'batch'.")
    positive = x.relu()
    if x.shape[1] == 1:
        axes = tuple(range(1 if scope == "sample" else 0, x.ndim))
        whole = positive.amax(axes, keepdim=True)
        return positive / torch.where(whole == 0, 1, whole)
    whole = positive.sum(dim=1, keepdim=True)
    background = torch.zeros_like(x)
    background[:, 0] = 1
    return torch.where(whole == 0, background, positive / torch.where(whole == 0, 1, whole))


def adaptive_wing(pred: torch.Tensor, target: torch.Tensor, *, omega: float = 8.0, theta: float = 0.5,
                  alpha: float = 2.1, epsilon: float = 1.0, reduction: str = "mean") -> torch.Tensor:
    """Adaptive Wing loss between probabilities and soft labels, with d = |pred - target| and e = alpha - target.

    omega ln(1 + (d/epsilon)^e) where d < theta; beyond, the straight line that goes on from there with the same slope.
    Around d = 0 it is as flat as a parabola for target 0, and nearly a corner for target 1: there small errors count.
    """
    if pred.shape != target.shape or not pred.numel():
        raise ValueError(f"target has shape {tuple(target.shape)} and pred {tuple(pred.shape)}, "
                         "expected one shape with at least one pixel.")
    for name, value in (("omega", omega), ("theta", theta), ("epsilon", epsilon)):
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} is {value!r}, expected a finite number above 0.")
    if not (math.isfinite(alpha) and alpha >= 2):
        raise ValueError(f"alpha is {alpha!r}, expected at least 2: below it the slope at pred = target has no bound.")
    if reduction not in REDUCTIONS:
        raise ValueError(f"reduction is {reduction!r}, expected 'mean', 'sum' or 'none'.")
    d, e = (pred - target).abs(), alpha - target
    bend = (theta / epsilon) ** e
    slope = omega * e * bend / (theta * (1 + bend))             # of the curve, at d = theta
    near = omega * torch.log1p((d / epsilon) ** e)
    far = omega * torch.log1p(bend) + slope * (d - theta)
    return REDUCTIONS[reduction](torch.where(d < theta, near, far))
