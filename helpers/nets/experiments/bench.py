"""What all experiments share: patients as slices, one training, and what its network does on patients it never saw."""

from dataclasses import replace
from functools import lru_cache

import numpy as np

from helpers.data import Case, ms_case, ms_raters, open_ms
from helpers.data.resampling import box_average
from helpers.measure import dice, precision, recall
from helpers.nets.predict import best_threshold, drop_small, predict
from helpers.nets.slices import image_slices, volume
from helpers.nets.train import Trained, train

SPECK = 18.0                                                # mm^3: the paper's 18 voxels, which were of 1 mm
REAL = (7, 19, 26)                                          # the real patients whose images the set `open_ms` has


@lru_cache(maxsize=32)
def patient(name: str) -> Case:
    """"ms/3/0" is patient 3 of the simulated cohort with seed 0; "open_ms/7" is a real one, its raters simulated."""
    kind, *numbers = name.split("/")
    if kind == "ms":
        return ms_case(int(numbers[0]), seed=int(numbers[1]))
    return real_patient(int(numbers[0]))


def real_patient(number: int) -> Case:
    """A real patient in voxels of 2 mm, drawn by the seven simulated raters as if the consensus mask were the truth."""
    case = open_ms(number)
    images = {name: box_average(image, 2).astype(np.float32) for name, image in case.images.items()}
    truth = np.clip(box_average(case.raters[0].astype(np.float32), 2), 0, 1).astype(np.float32)
    spacing = tuple(2 * step for step in case.spacing)
    raters, names, notes = ms_raters(truth, spacing, number)
    affine = case.affine.copy()
    affine[:3, 3] += affine[:3, :3].sum(1) / 2              # the centre of the first eight voxels
    affine[:3, :3] *= 2
    return replace(case, images=images, raters=raters, names=names, spacing=spacing, affine=affine, truth=truth,
                   notes={**case.notes, **notes})


@lru_cache(maxsize=32)
def pictures(name: str, modalities: tuple[str, ...]) -> np.ndarray:
    return image_slices(patient(name), modalities)


def trained(names: list[str], targets: list[np.ndarray], modalities: tuple[str, ...], **options) -> Trained:
    """A network trained on all slices of the patients, towards `targets` (Z, X, Y), one array per patient."""
    return train(np.concatenate([pictures(name, modalities) for name in names]), np.concatenate(targets), **options)


def probability(network: Trained, name: str, modalities: tuple[str, ...]) -> np.ndarray:
    """What the network says of a patient, (X, Y, Z)."""
    return volume(predict(network.model, pictures(name, modalities)))


def threshold_of(network: Trained, names: list[str], masks: list[np.ndarray], modalities: tuple[str, ...]) -> float:
    """The threshold with the best mean Dice over the patients it was trained on."""
    return best_threshold([probability(network, name, modalities) for name in names], masks)


def decided(probabilities: np.ndarray, threshold: float, spacing: tuple[float, ...]) -> np.ndarray:
    """The mask: at or above the threshold, without components of `SPECK` or less."""
    return drop_small(probabilities >= threshold, int(SPECK / np.prod(spacing)))


def scores(mask: np.ndarray, truth: np.ndarray, ending: str = "") -> dict[str, float | None]:
    """Dice, precision and recall; None where one does not exist."""
    found = {"dice": dice(mask, truth), "precision": precision(mask, truth), "recall": recall(mask, truth)}
    return {name + ending: None if np.isnan(value) else round(value, 4) for name, value in found.items()}
