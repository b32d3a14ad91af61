"""One network for the truth and for the raters: class probabilities and a confusion matrix per rater and pixel."""

import torch
from torch import nn
from torch.nn import functional

from helpers.nets.unet import UNet

FAMILIES = ("pixel", "global", "low_rank")


class CrowdNet(nn.Module):
    """Images (B, channels, H, W) to log p (B, K, H, W) and log A (B, R, K, K, H, W), [r, i, j] = P(r says i | j).

    Both come from the last features of one U-Net, by a 1x1 convolution each. `confusion` says what A may be:
    "pixel", a matrix in every pixel; "global", one per rater, of no image, then log A is (1, R, K, K, 1, 1);
    "low_rank", in every pixel A = U V, where V (rank, K) turns the true class into a hidden one and U (K, rank) that
    into what is said. All columns sum to 1. With `diagonal` A = D + U V: D_j is how often class j is said at once.
    A rank below K without `diagonal` merges true classes; at rank 1 what a rater says does not depend on the truth.

    At the start A is the same in every pixel and near the identity, with `start` on its diagonal. With A = U V of a
    rank below K it is near the mean over `rank` groups of classes: no matrix of that rank is nearer to the identity.
    While `still` is True the matrices stay independent of the image; "global" ones always do.
    """

    def __init__(self, channels: int, classes: int, raters: int, confusion: str = "pixel", width: int = 8,
                 depth: int = 3, *, rank: int = 1, diagonal: bool = False, start: float = 0.95):
        super().__init__()
        for name, value, least in (("classes", classes, 2), ("raters", raters, 1), ("rank", rank, 1)):
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise ValueError(f"{name} is {value!r}, expected a whole number of at least {least}.")
        if confusion not in FAMILIES:
            raise ValueError(f"confusion is {confusion!r}, expected one of {', '.join(FAMILIES)}.")
        if rank > classes:
            raise ValueError(f"rank is {rank}, expected at most {classes}, the number of classes.")
        if not 1 / classes < start < 1:
            raise ValueError(f"start is {start!r}, expected a number above {1 / classes:.3g} and below 1.")
        self.confusion, self.raters, self.still = confusion, raters, False
        self.body = UNet(channels, 1, width, depth)
        self.body.last = nn.Identity()                                      # leaves the features (B, width, H, W)
        self.truth = nn.Conv2d(width, classes, 1)
        if confusion == "low_rank":
            parts = low_rank_start(classes, rank, start, diagonal)
        else:
            parts = [near(torch.eye(classes), start)]
        self.shapes = [part.shape for part in parts]
        self.bias = nn.Parameter(torch.cat([part.log().flatten() for part in parts]).repeat(raters))
        self.weight = None if confusion == "global" else nn.Parameter(torch.zeros(len(self.bias), width, 1, 1))

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = self.body.features(x).movedim(1, 3)[:, :x.shape[2], :x.shape[3]]         # (B, H, W, width)
        log_p = one_by_one(features, self.truth.weight, self.truth.bias).log_softmax(1)
        return log_p, self.log_confusion(features)

    def log_confusion(self, features: torch.Tensor) -> torch.Tensor:
        if self.weight is None or self.still:
            logits = self.bias.view(1, -1, 1, 1)
        else:
            logits = one_by_one(features, self.weight, self.bias)
        logits = logits.unflatten(1, (self.raters, -1))                     # (B, R, numbers of a rater, H, W)
        if len(self.shapes) == 1:
            return logits.unflatten(2, self.shapes[0]).log_softmax(2)
        parts = logits.split([shape.numel() for shape in self.shapes], dim=2)
        return log_product(*(part.unflatten(2, shape).log_softmax(2) for part, shape in
                             zip(parts, self.shapes, strict=True)))


def one_by_one(features: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """A 1x1 convolution of features (B, H, W, width) to (B, channels, H, W) in this order, which a softmax likes best.

    `conv2d` would give (B, H, W, channels), to be turned at the cost of the convolution itself, there and back.
    """
    flat, weight = features.flatten(1, 2).mT, weight.flatten(1).expand(len(features), -1, -1)     # (B, width, H W)
    return torch.baddbmm(bias[:, None], weight, flat).unflatten(2, features.shape[1:3])


def log_product(u: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """log(U V), or log(D + U V), from log U (B, R, K, rank, H, W) and log V (B, R, rank, K, H, W).

    V with one row more than U has columns: its last row is D.
    """
    classes, rank = u.shape[2:4]
    product = torch.logsumexp(u.unsqueeze(4) + v[:, :, None, :rank], dim=3)  # (B, R, K, K, H, W)
    if v.shape[2] == rank:
        return product
    diagonal = torch.eye(classes, dtype=torch.bool, device=u.device)[..., None, None]
    return torch.where(diagonal, torch.logaddexp(product, v[:, :, rank:]), product)


def near(matrix: torch.Tensor, share: float) -> torch.Tensor:
    """A column-stochastic matrix drawn so far toward even columns that a 1 on its diagonal becomes `share`."""
    toward = (1 - share) / (1 - 1 / len(matrix)) if len(matrix) > 1 else 0.0
    return (1 - toward) * matrix + toward / len(matrix)


def low_rank_start(classes: int, rank: int, start: float, diagonal: bool) -> list[torch.Tensor]:
    """U (K, rank) and V (rank, K), or (rank + 1, K) with D as its last row: see `CrowdNet`."""
    group = torch.arange(classes) * rank // classes                         # of class j, 0 .. rank - 1
    v = functional.one_hot(group, rank).T.float()                           # (rank, K)
    u = v.T / v.sum(dim=1)                                                  # (K, rank)
    if diagonal:
        guess = near(u, start)
        return [guess, torch.cat([(1 - start) * near(v, start), torch.full((1, classes), start)])]
    share = start**0.5                                                      # twice, so that `start` is left
    return [near(u, share), near(v, share)]
