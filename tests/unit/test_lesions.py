"""Lesions: where they lie, how much of them, and that no two look alike."""

import numpy as np
import pytest
from scipy import ndimage

from helpers.data.brain import person
from helpers.data.lesions import place_lesions

SPACING = 2.0


@pytest.fixture(scope="module")
def brain():
    return person(SPACING, np.random.default_rng(11), atrophy=1.0)


@pytest.fixture(scope="module", params=[0.6, 6.0, 45.0], ids=lambda load: f"{load} ml")
def grown(request, brain):
    return request.param, place_lesions(brain, request.param, SPACING, np.random.default_rng(12))


def test_tissue_fractions_fill_the_brain(brain):
    total = brain.grey + brain.white + brain.csf
    assert min(f.min() for f in (brain.grey, brain.white, brain.csf)) >= 0
    assert total.max() <= 1 + 1e-5
    litres = {name: getattr(brain, name).sum() * SPACING**3 / 1e6 for name in ("grey", "white", "csf")}
    assert 0.6 < litres["grey"] < 1.1
    assert 0.45 < litres["white"] < 0.8
    assert 0.1 < litres["csf"] < 0.5
    deep = brain.ventricle_distance < -2
    assert np.median(brain.csf[deep]) > 0.9


def test_atrophy_widens_the_ventricles():
    volumes = [
        (person(SPACING, np.random.default_rng(3), atrophy=a).ventricle_distance < 0).sum() for a in (0, 3)
    ]
    assert volumes[0] < volumes[1]


def test_load_is_reached(grown):
    load, lesions = grown
    volume = lesions.truth.sum(dtype=np.float64) * SPACING**3 / 1000
    # the loop stops when less than 0.008 ml is missing; the last lesion may be that much too large
    assert volume == pytest.approx(load, abs=0.016)


def test_lesions_lie_in_white_matter_and_leave_the_ventricles_alone(brain, grown):
    _, lesions = grown
    share = (lesions.truth * brain.white).sum() / lesions.truth.sum()
    assert share > 0.8
    assert np.all(lesions.truth <= brain.white + brain.grey + 1e-5)
    assert np.mean(brain.ventricle_distance[lesions.truth >= 0.5] < 0) < 0.01


def test_appearance_is_a_fraction_that_fades_at_the_rim(brain, grown):
    _, lesions = grown
    parts = np.stack([lesions.oedema, lesions.hole, lesions.enhancing])
    assert parts.min() >= -1e-6
    assert np.all(parts.sum(axis=0) <= brain.white + brain.grey + 1e-5)
    changed = parts.sum(axis=0)
    inside = lesions.truth >= 0.5
    depth = ndimage.distance_transform_edt(inside, SPACING)
    outside = ndimage.distance_transform_edt(lesions.truth < 0.01, SPACING)
    rim, halo, far = inside & (depth <= SPACING), (outside > 0) & (outside <= SPACING), outside > 8
    assert changed[rim].mean() > 2 * changed[halo].mean() > 0
    assert changed[far].max() < 0.01
    core = depth > 2 * SPACING
    assert not core.any() or changed[core].mean() > 1.2 * changed[rim].mean()


def test_more_load_means_more_and_larger_lesions(brain):
    counts, largest = [], []
    for load in (0.6, 4.0, 20.0):
        truth = place_lesions(brain, load, SPACING, np.random.default_rng(5)).truth
        parts, count = ndimage.label(truth >= 0.5, np.ones((3, 3, 3)))
        counts.append(count)
        largest.append(np.bincount(parts.ravel())[1:].max())
    assert counts == sorted(counts)
    assert largest == sorted(largest)


def test_lesions_are_not_blobs_of_one_formula(brain):
    """How elongated lesions of similar size are, and which part of its bounding box each fills, spreads widely."""
    truth = place_lesions(brain, 20.0, SPACING, np.random.default_rng(8)).truth
    parts, _ = ndimage.label(truth >= 0.5, np.ones((3, 3, 3)))
    fill, stretch = [], []
    for number, box in enumerate(ndimage.find_objects(parts), start=1):
        voxels = np.argwhere(parts[box] == number).astype(float)
        if 12 <= len(voxels) <= 120:
            fill.append(len(voxels) / parts[box].size)
            widths = np.sqrt(np.linalg.eigvalsh(np.cov(voxels.T)))
            stretch.append(widths[-1] / max(widths[0], 0.3))
    assert len(fill) >= 8
    assert np.std(fill) > 0.08  # balls all fill pi / 6
    assert max(stretch) > 1.5 * min(stretch)
