"""Training of a crowd network: truth and raters at once, from nothing but what the raters said."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from helpers.nets.crowd_answers import columns_of, joint_of
from helpers.nets.crowd_consensus import consensus as consensus_of
from helpers.nets.crowd_consensus import heard, imagined
from helpers.nets.crowd_labels import as_crowd_labels
from helpers.nets.crowd_loss import crowd_terms
from helpers.nets.crowd_net import CrowdNet
from helpers.nets.device import as_device
from helpers.nets.train import own_settings


@dataclass(frozen=True, eq=False)
class CrowdTrained:
    model: CrowdNet                 # as it was after the last epoch
    history: np.ndarray             # (epochs, 4): loss in training; cross entropy, trace held out; lambda at the end
    matrices: np.ndarray            # (epochs, R, K, K): `rater_matrices` of the images held out
    training: np.ndarray            # which of the images were trained on
    validation: np.ndarray          # which of them were held out
    watched: list                   # what `watch` returned, epoch by epoch


@own_settings()
def train_crowd(
    images: np.ndarray,
    labels: np.ndarray | Sequence[np.ndarray | None],
    *,
    classes: int = 2,
    model: CrowdNet | None = None,
    confusion: str = "pixel",
    known: np.ndarray | None = None,
    trace_weight: float | Callable[[float], float] = 0.1,
    consensus: float | Callable[[float], float] = 0.0,
    raters: str = "sum",
    epochs: int = 10,
    still: int = 0,
    batch: int = 32,
    rate: float = 1e-2,
    matrix_rate: float = 1e-2,
    held_out: float = 0.2,
    seed: int = 0,
    device: str = "auto",
    progress: bool = False,
    watch: Callable[[CrowdNet], object] | None = None,
) -> CrowdTrained:
    """Train a `CrowdNet` on images (S, C, H, W) and labels (S, R, H, W), -1 or `None` as in `as_crowd_labels`.

    `trace_weight` is lambda: a number, or a function of how much of the training is done, from 0 to 1. Cross entropy
    and trace are means over the labelled pixels; over the raters see `crowd_loss`. For the first `still` epochs the
    matrices do not depend on the image. `rate` is that of the network, `matrix_rate` that of the matrices' constant
    part. `consensus`, a number or a function too, is the weight of a third term, beside cross entropy and trace: for
    each label of an image, the cross entropy of p with the consensus of all raters as the network imagines them; see
    `crowd_consensus`. Let it begin when the network can imagine them, as `late_consensus` does. With
    `known` (R, K, K) the matrices are given and not learnt: the oracle; or, where they are the identity, a network
    trained on the labels as they are.

    `held_out` of the images are never trained on. They choose no epoch: how well they predict the raters does not tell
    how well they tell the truth, so the last epoch counts. `watch` is called with the network after each epoch. One
    seed on one device gives the same numbers again.
    """
    images, labels = as_crowd_data(images, labels, classes)
    for name, value, least, most in (("epochs", epochs, 1, None), ("still", still, 0, epochs)):
        if not isinstance(value, int) or value < least or (most is not None and value > most):
            whole = f"of at least {least}" if most is None else f"from {least} to {most}, the epochs"
            raise ValueError(f"{name} is {value!r}, expected a whole number {whole}.")
    if raters not in ("sum", "mean"):
        raise ValueError(f"raters is {raters!r}, expected 'sum' or 'mean'.")
    device, draw = as_device(device), torch.Generator().manual_seed(seed)
    order = torch.randperm(len(images), generator=draw)
    held = min(max(round(held_out * len(images)), 1), len(images) - 1)
    validation, training = order[:held], order[held:]
    if not callable(consensus):
        as_weight("consensus", consensus)
    if consensus and known is not None:
        raise ValueError(f"consensus is {consensus!r}, expected 0 where the matrices are known.")
    if model is None:
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            model = CrowdNet(images.shape[1], classes, labels.shape[1], confusion)
    if model.raters != labels.shape[1]:
        raise ValueError(f"labels is of {labels.shape[1]} rater(s), expected {model.raters}, as model has.")
    model = model.to(device, memory_format=torch.channels_last)
    fixed = None if known is None else as_known(known, labels.shape[1], classes).to(device)
    pictures = torch.from_numpy(images).to(device).contiguous(memory_format=torch.channels_last)
    said = torch.from_numpy(labels).to(device)
    network = [parameter for parameter in model.parameters() if parameter is not model.bias]
    optimiser = torch.optim.Adam([{"params": network}, {"params": [model.bias]}], fused=True)
    steps = epochs * -(-len(training) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, [rate, matrix_rate], total_steps=steps)

    def terms(chosen: torch.Tensor) -> tuple[torch.Tensor, ...]:
        chosen = chosen.to(device)
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            log_p, log_a = model(pictures[chosen])
        log_a = log_a if fixed is None else fixed
        return *crowd_terms(log_p, log_a, said[chosen]), log_p, log_a

    history, matrices, seen, sums, done, start = [], [], [], None, 0, time.perf_counter()
    for epoch in range(epochs):
        model.still = epoch < still
        model.train()
        total = torch.zeros((), device=device)
        for chosen in training[torch.randperm(len(training), generator=draw)].split(batch):
            weight, pull = (as_weight(name, value(done / steps) if callable(value) else value)
                             for name, value in (("trace_weight", trace_weight), ("consensus", consensus)))
            cross_entropy, traces, pixels, log_p, log_a = terms(chosen)
            count = len(chosen) if raters == "sum" else (pixels > 0).sum()
            value = (cross_entropy + weight * traces).sum() / count
            if pull:
                with torch.no_grad():
                    q = heard(imagined(log_p, log_a), said[chosen.to(device)], draw)
                truth, sums = consensus_of(q, sums)
                apart = -(truth * log_p).sum(dim=1).mean(dim=(1, 2))                            # (B,)
                value = value + pull * (apart * (pixels > 0).sum(dim=1)).sum() / count
            optimiser.zero_grad(set_to_none=True)
            value.backward()
            optimiser.step()
            schedule.step()
            total += value.detach() * len(chosen)
            done += 1
        model.eval()
        watched, joint = torch.zeros(3), 0
        with torch.no_grad():
            for part in validation.split(4 * batch):
                cross_entropy, traces, pixels, log_p, log_a = terms(part)
                watched += torch.stack([cross_entropy.sum(), traces.sum(), (pixels > 0).sum()]).cpu()
                joint = joint + joint_of(log_p.exp(), log_a)
        cross_entropy, traces = (watched[:2] / watched[2]).tolist()
        history.append((float(total) / len(training), cross_entropy, traces, weight))
        matrices.append(columns_of(joint))
        if watch is not None:
            seen.append(watch(model))
        if progress and time.perf_counter() - start > 2:
            print(f"\repoch {epoch + 1}/{epochs}, loss {history[-1][0]:.3f} ", end="", file=sys.stderr, flush=True)
    model.still = False
    return CrowdTrained(model, np.array(history), np.array(matrices), training.numpy(), validation.numpy(),
                        seen)


def as_crowd_data(images: np.ndarray, labels, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Images (S, C, H, W) float32 and labels (S, R, H, W)."""
    images, labels = np.asarray(images, np.float32), as_crowd_labels(labels, classes)
    if images.ndim != 4 or len(images) < 2:
        raise ValueError(f"images has shape {images.shape}, expected (S, C, H, W) of at least two images.")
    if not np.isfinite(images).all():
        raise ValueError("images holds values that are not finite, expected finite numbers.")
    expected = len(images), *images.shape[2:]
    if (len(labels), *labels.shape[2:]) != expected:
        raise ValueError(f"labels has shape {labels.shape}, expected ({expected[0]}, R, {expected[1]}, {expected[2]}), "
                         "like images.")
    return images, labels


def as_weight(name: str, value: float) -> float:
    if not (np.isscalar(value) and np.isfinite(value) and value >= 0):
        raise ValueError(f"{name} is {value!r}, expected a number of at least 0.")
    return float(value)


def as_known(known: np.ndarray, raters: int, classes: int) -> torch.Tensor:
    """log (1, R, K, K, 1, 1) of known matrices; what a rater never says gets one chance in a million, not log 0."""
    known = np.asarray(known, np.float32)
    if known.shape != (raters, classes, classes):
        raise ValueError(f"known has shape {known.shape}, expected {(raters, classes, classes)}.")
    if not (known.min() >= 0 and np.allclose(known.sum(axis=1), 1, atol=1e-4)):
        raise ValueError("known has a column that is no distribution, expected numbers of at least 0 that sum to 1.")
    return torch.from_numpy(known).clamp(min=1e-6).log()[None, ..., None, None]
