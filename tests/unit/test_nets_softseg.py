"""The recipes and the temperature of chapter 6, and its experiment on tiny patients."""

import itertools
import json

import numpy as np
import pytest
import torch

from helpers.data import Case
from helpers.nets.experiments import bench, softseg, softseg_subjects

MODALITIES = ("FLAIR", "T1", "T1GD", "T2", "PD")


def tiny(name):
    """A patient of eight small slices, two of them without a mark: one lesion, seven raters, noisy images."""
    number = int(name.split("/")[1])
    rng = np.random.default_rng(number)
    x, y, z = np.ogrid[:24, :20, :8]
    depth = 5 + number % 3 - np.sqrt((x - 12) ** 2 + (y - 9) ** 2 + 4 * (z - 2.5) ** 2)
    images = {m: (100 + 40 * (depth > 0) + 5 * rng.normal(size=depth.shape)).astype(np.float32) for m in MODALITIES}
    raters = np.stack([depth + 0.5 * rng.normal(size=depth.shape) > cut for cut in np.linspace(-1, 1.5, 7)])
    return Case(name, images, raters.astype(np.uint8), tuple("ABCDEFG"), (2.0,) * 3, np.diag([2.0, 2, 2, 1]), "made up",
                truth=np.clip(depth + 0.5, 0, 1).astype(np.float32))


@pytest.fixture
def tiny_patients(monkeypatch):
    caches = (bench.pictures, softseg_subjects.subject, softseg_subjects.expected_vote)
    monkeypatch.setattr(bench, "patient", tiny)
    monkeypatch.setattr(softseg_subjects, "CROP", {2: np.s_[...], 3: np.s_[...]})
    monkeypatch.setattr(softseg_subjects, "CROWDS", 1)
    for cache in caches:
        cache.cache_clear()
    yield
    for cache in caches:
        cache.cache_clear()


def job(source, data="ms"):
    split = {"train": [f"ms/{k}/0" for k in (1, 2, 3)], "validation": ["ms/4/0"], "test": ["ms/5/0", "ms/6/0"]}
    return {"data": data, "source": source, "split": split, "seed": 0, "epochs": [6, 2], "real": []}


@pytest.mark.parametrize("source", [*softseg.SOURCES, *softseg.BEYOND, "Ensemble"])
def test_a_job_of_chapter_6(tiny_patients, source):
    found = softseg.one_job(job(source))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    print(found)
