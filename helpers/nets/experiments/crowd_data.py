"""What chapter 5 trains on and is scored on: digits drawn by five simulated raters, or MS patients (`crowd_ms`)."""

from base64 import b64encode
from functools import lru_cache

import numpy as np

from helpers.data import mnist, mnist_raters
from helpers.nets.experiments.crowd_ms import ms_images

SHOWN = 6                                                   # test digits whose predictions are stored


def material(job: dict, split: str) -> tuple[np.ndarray, ...]:
    """Images, labels and truth as in `digits`, and the case each image belongs to (S,): a digit, or a patient."""
    if "data" in job:
        return ms_images(job["data"], split)
    found = digits(split)
    return *found, np.arange(len(found[0]))


def kind(job: dict) -> str:
    return "ms" if "data" in job else "mnist"


@lru_cache(maxsize=2)
def digits(split: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Images (S, 1, 28, 28), labels (S, 5, 28, 28) int8, truth (S, 28, 28) uint8."""
    case = mnist_raters(mnist(split))
    return case.images["digit"][:, None], case.raters.swapaxes(0, 1).astype(np.int8), case.truth.astype(np.uint8)


def shown() -> np.ndarray:
    """The first test digit of each of the classes 0 to SHOWN - 1."""
    classes = mnist("test").notes["labels"]
    return np.array([np.flatnonzero(classes == k)[0] for k in range(SHOWN)])


def as_bytes(values: np.ndarray) -> str:
    """Numbers from 0 to 255, rounded, as text."""
    return b64encode(np.round(values).astype(np.uint8).tobytes()).decode()
