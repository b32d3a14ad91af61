"""Real handwritten digits: 4,000 for training and 1,000 for testing, balanced by class."""

from importlib.resources import files

import numpy as np

from helpers.data.case import Case

PROVENANCE = (
    "MNIST, first 400 training and 100 test digits of each class; (C) Y. LeCun and C. Cortes, CC BY-SA 3.0 "
    "(MNIST_LICENCE.txt)"
)


def mnist(split: str = "train") -> Case:
    """The digits of one split, "train" or "test": one image (n, 28, 28) in [0, 1], no raters.

    `notes` hold the "labels" (n,), 0 to 9, and the "index" (n,) of each digit in the original file.
    """
    if split not in ("train", "test"):
        raise ValueError(f"split is {split!r}, expected 'train' or 'test'.")
    path = files("helpers.data.embedded") / "mnist.npz"
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        digits, labels, index = (stored[f"{split}_{part}"] for part in ("digits", "labels", "index"))
    return digit_case(split, digits, labels, index, PROVENANCE)


def digit_case(split: str, digits: np.ndarray, labels: np.ndarray, index: np.ndarray, provenance: str) -> Case:
    """Digits (n, 28, 28) uint8 as a case; the first axis counts digits, so it has no spacing of its own."""
    return Case(
        name=f"mnist-{split}",
        images={"digit": digits / np.float32(255)},
        raters=np.zeros((0, *digits.shape), np.uint8),
        names=(),
        spacing=(1.0, 1.0, 1.0),
        affine=np.eye(4),
        provenance=provenance,
        notes={"labels": labels.astype(int), "index": index.astype(int)},
    )
