"""One training loop for every chapter that has a network."""

import copy
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from helpers.nets.device import as_device
from helpers.nets.losses import soft_dice_loss
from helpers.nets.rotation import rotate
from helpers.nets.unet import UNet


@dataclass(frozen=True, eq=False)
class Trained:
    model: torch.nn.Module          # as it was after the best epoch
    history: np.ndarray             # (epochs, 2): training and validation loss
    best: int                       # the epoch, from 0, with the lowest validation loss
    training: np.ndarray            # which of the slices were trained on
    validation: np.ndarray          # which of them were held out


@contextmanager
def own_settings() -> Iterator[None]:
    """Global settings of torch during a training, put back after it.

    Numbers next to 0, of a network that is sure, would take ten times as long on a CPU: they count as 0. On a GPU the
    convolutions that give the same numbers each time are chosen.
    """
    flushed = float(torch.tensor(torch.finfo(torch.float32).tiny) / 2) == 0
    deterministic = torch.backends.cudnn.deterministic
    torch.set_flush_denormal(True)
    torch.backends.cudnn.deterministic = True
    try:
        yield
    finally:
        torch.set_flush_denormal(flushed)
        torch.backends.cudnn.deterministic = deterministic


@own_settings()
def train(
    images: np.ndarray,
    targets: np.ndarray,
    *,
    model: torch.nn.Module | None = None,
    loss: Callable = soft_dice_loss,
    activation: Callable = torch.sigmoid,
    epochs: int = 16,
    patience: int = 8,
    batch: int = 8,
    rate: float = 2e-2,
    degrees: float = 5.0,
    held_out: float = 0.2,
    seed: int = 0,
    device: str = "auto",
    progress: bool = False,
) -> Trained:
    """Train a U-Net on slices (S, C, H, W) towards soft targets (S, H, W), or (S, K, H, W) for K classes.

    Slices whose target is 0 everywhere are left out; `held_out` of the others watch for the best epoch, and training
    ends when `patience` epochs brought nothing better. One seed on one device gives the same numbers again.
    """
    images, targets = as_training_data(images, targets)
    for name, value in (("epochs", epochs), ("patience", patience), ("batch", batch)):
        if value < 1:
            raise ValueError(f"{name} is {value!r}, expected a whole number of at least 1.")
    if not 0 < held_out < 1:
        raise ValueError(f"held_out is {held_out!r}, expected a share between 0 and 1.")
    device, draw = as_device(device), torch.Generator().manual_seed(seed)
    order = torch.from_numpy(np.flatnonzero(targets.any(axis=(1, 2, 3))))
    order = order[torch.randperm(len(order), generator=draw)]
    held = max(round(held_out * len(order)), 1)
    if len(order) - held < 1:
        raise ValueError(f"targets mark something in {len(order)} slice(s), expected at least two.")
    validation, training = order[:held], order[held:]
    both = torch.from_numpy(np.concatenate([images, targets], axis=1)).to(device)   # (S, C + K, H, W), turned together
    channels = images.shape[1]
    if model is None:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = UNet(channels, targets.shape[1])
    model = model.to(device, memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(model.parameters(), lr=rate)
    steps = epochs * -(-len(training) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, rate, total_steps=steps)

    def step(pictures: torch.Tensor) -> torch.Tensor:
        x = pictures[:, :channels].contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            logits = model(x)
        return loss(activation(logits.float()), pictures[:, channels:])

    history, best, kept, start = [], 0, None, time.perf_counter()
    for epoch in range(epochs):
        model.train()
        total = torch.zeros((), device=device)
        for chosen in training[torch.randperm(len(training), generator=draw)].split(batch):
            angles = degrees * (2 * torch.rand(len(chosen), generator=draw) - 1)
            value = step(rotate(both[chosen.to(device)], angles))
            optimiser.zero_grad(set_to_none=True)
            value.backward()
            optimiser.step()
            schedule.step()
            total += value.detach() * len(chosen)
        model.eval()
        with torch.no_grad():
            watched = sum(step(both[part.to(device)]) * len(part) for part in validation.split(4 * batch))
        history.append((float(total) / len(training), float(watched) / held))
        if not np.isfinite(history[epoch]).all():
            raise ValueError(f"rate is {rate!r}, expected less: after epoch {epoch + 1} the loss is not finite.")
        if kept is None or history[epoch][1] < history[best][1]:
            best, kept = epoch, copy.deepcopy(model.state_dict())
        if progress and time.perf_counter() - start > 2:
            print(f"\repoch {epoch + 1}/{epochs}, loss {history[-1][0]:.3f}, watched {history[-1][1]:.3f} ",
                  end="", file=sys.stderr, flush=True)
        if epoch - best >= patience:
            break
    model.load_state_dict(kept)
    return Trained(model, np.array(history), best, training.numpy(), validation.numpy())


def as_training_data(images: np.ndarray, targets: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Images (S, C, H, W) and targets (S, K, H, W), both float32."""
    images, targets = np.asarray(images, np.float32), np.asarray(targets, np.float32)
    if images.ndim != 4:
        raise ValueError(f"images has shape {images.shape}, expected (S, C, H, W).")
    if targets.ndim == 3:
        targets = targets[:, None]
    if targets.ndim != 4 or targets.shape[::2] != images.shape[::2] or targets.shape[3] != images.shape[3]:
        raise ValueError(f"targets has shape {targets.shape}, expected slices like those of images, {images.shape}.")
    if not images.size:
        raise ValueError(f"images has shape {images.shape}, expected at least one slice of at least one pixel.")
    if not np.isfinite(images).all():
        raise ValueError("images holds values that are not finite, expected finite numbers.")
    if not (targets.min() >= 0 and targets.max() <= 1):
        raise ValueError(f"targets holds values from {targets.min():g} to {targets.max():g}, expected [0, 1].")
    return images, targets
