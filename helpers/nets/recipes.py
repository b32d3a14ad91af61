"""Two ways to train one network on labels that may be soft: the conventional one, and SoftSeg."""

from collections.abc import Callable

import numpy as np
import torch

from helpers.nets.losses import soft_dice_loss
from helpers.nets.softseg import adaptive_wing, normalised_relu
from helpers.nets.train import Trained, train
from helpers.nets.unet import UNet


def train_conventional(images: np.ndarray, labels: np.ndarray, *, seed: int = 0, **options) -> Trained:
    """Labels made binary after the augmentation, Dice loss, sigmoid; the last two per class where there are several.

    Arguments as in `train_softseg`.
    """
    def loss(probability: torch.Tensor, turned: torch.Tensor) -> torch.Tensor:
        binary = binarised(turned)                              # what the rotation had softened is hard again
        return dice_of_classes(probability, binary[:, 1:])

    return _train(images, labels, loss, saturating, seed, options)


def train_softseg(images: np.ndarray, labels: np.ndarray, *, seed: int = 0, **options) -> Trained:
    """Labels as soft as they are and as the augmentation leaves them, Adaptive Wing loss, normalised ReLU.

    `images` are slices (S, C, H, W), `labels` (S, K, H, W) the share of each class, the background first. Labels
    (S, R, K, H, W) are those of R raters, one of whom is drawn for each slice whenever it is trained on; held-out
    slices are watched with all of them. K = 2 makes a network of one logit, K > 2 one of K. `options` are those of
    `train`.
    """
    def loss(probability: torch.Tensor, turned: torch.Tensor) -> torch.Tensor:
        return adaptive_wing(probability, turned[:, 1:])        # the rotation's soft edges stay

    return _train(images, labels, loss, linear, seed, options)


def saturating(logits: torch.Tensor) -> torch.Tensor:
    """Probabilities (B, 1, H, W) of one class by sigmoid, (B, K - 1, H, W) of several by softmax, no background."""
    return logits.sigmoid() if logits.shape[1] == 1 else logits.softmax(1)[:, 1:]


def linear(logits: torch.Tensor, scope: str = "sample") -> torch.Tensor:
    """The same by `normalised_relu`."""
    return normalised_relu(logits, scope) if logits.shape[1] == 1 else normalised_relu(logits)[:, 1:]


def binarised(labels: torch.Tensor) -> torch.Tensor:
    """(B, K, H, W): the largest class of each pixel gets 1, the last of equal ones, so that one half is lesion."""
    last = labels.shape[1] - 1 - labels.flip(1).argmax(1)
    return torch.nn.functional.one_hot(last, labels.shape[1]).movedim(-1, 1).to(labels)


def dice_of_classes(probability: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """`soft_dice_loss` of each class but the background, (B, K - 1, H, W), on average: a small class counts as much."""
    return torch.stack([soft_dice_loss(p, q) for p, q in zip(probability.unbind(1), labels.unbind(1), strict=True)]
                       ).mean()


def _train(images: np.ndarray, labels: np.ndarray, loss: Callable, activation: Callable, seed: int,
           options: dict) -> Trained:
    labels = as_class_labels(labels)
    raters, classes = labels.shape[1:3]
    draw = torch.Generator().manual_seed(seed)

    def of_raters(probability: torch.Tensor, turned: torch.Tensor) -> torch.Tensor:
        turned = turned.unflatten(1, (raters, classes))         # (B, R, K, H, W)
        # What comes in from outside the picture is background, not nothing at all.
        turned[:, :, 0] += 1 - turned.sum(2)
        if torch.is_grad_enabled():
            chosen = torch.randint(raters, (len(turned),), generator=draw)
            return loss(probability, turned[torch.arange(len(turned)), chosen])
        return sum(loss(probability, turned[:, r]) for r in range(raters)) / raters

    if options.get("model") is None:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            options["model"] = UNet(np.shape(images)[1], 1 if classes == 2 else classes)
    return train(images, labels.reshape(len(labels), raters * classes, *labels.shape[3:]), loss=of_raters,
                 activation=activation, seed=seed, **options)


def as_class_labels(labels: np.ndarray) -> np.ndarray:
    """(S, R, K, H, W) float32 whose classes sum to one, of labels (S, K, H, W) or (S, R, K, H, W)."""
    labels = np.asarray(labels, np.float32)
    if labels.ndim == 4:
        labels = labels[:, None]
    if labels.ndim != 5 or labels.shape[2] < 2:
        raise ValueError(f"labels has shape {labels.shape}, expected (S, K, H, W) or (S, R, K, H, W), K at least 2.")
    if not labels.size:
        raise ValueError(f"labels has shape {labels.shape}, expected at least one pixel.")
    total = labels.sum(2)
    if not np.abs(total - 1).max() <= 1e-3:
        raise ValueError(f"labels sum to {total.min():.4g} to {total.max():.4g} over the {labels.shape[2]} classes "
                         "of a pixel, expected 1.")
    return labels
