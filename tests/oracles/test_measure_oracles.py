"""Measures against SimpleITK, SciPy, scikit-image and plain loops, where their conventions meet ours.

SimpleITK's Hausdorff filter, SciPy's directed_hausdorff and scikit-image's hausdorff_distance all measure between
sets of voxels, as ours does at percentile 100. Percentiles are checked on surfaces found by SimpleITK's own contour
filter, with distances from SciPy's distance transform.
"""

import itertools

import numpy as np
import pytest
import SimpleITK as sitk
from scipy import ndimage
from scipy.spatial.distance import directed_hausdorff
from skimage.metrics import hausdorff_distance

from helpers import measure

SEEDS = range(12)


def blobs(seed: int, raters: int = 2, shape=(17, 22, 14)) -> tuple[np.ndarray, tuple[float, ...]]:
    """Random smooth masks that touch the image border, and a random spacing."""
    rng = np.random.default_rng([7, seed])
    fields = ndimage.gaussian_filter(rng.normal(size=(raters, *shape)), (0, 1.5, 1.5, 1.5))
    shared = ndimage.gaussian_filter(rng.normal(size=shape), 2)
    return fields / fields.std() + shared / shared.std() > 1, tuple(rng.uniform(0.4, 3, 3))


def image(mask: np.ndarray, spacing=(1.0, 1.0, 1.0)) -> sitk.Image:
    result = sitk.GetImageFromArray(np.ascontiguousarray(mask.T.astype(np.uint8)))
    result.SetSpacing(spacing)
    return result


@pytest.mark.parametrize("seed", SEEDS)
def test_overlap_against_simpleitk(seed):
    (mask, truth), spacing = blobs(seed)
    oracle = sitk.LabelOverlapMeasuresImageFilter()
    oracle.Execute(image(mask, spacing), image(truth, spacing))  # source, target
    assert measure.dice(mask, truth) == pytest.approx(oracle.GetDiceCoefficient(1), rel=1e-14)
    assert measure.recall(mask, truth) == pytest.approx(1 - oracle.GetFalseNegativeError(1), rel=1e-13)
    assert measure.precision(mask, truth) == pytest.approx(1 - oracle.GetFalseDiscoveryRate(1), rel=1e-13)
    similarity = oracle.GetVolumeSimilarity(1)  # 2 (|mask| - |truth|) / (|mask| + |truth|)
    assert measure.rvd(mask, truth) == pytest.approx(-2 * similarity / (2 - similarity), abs=1e-13)


@pytest.mark.parametrize("seed", SEEDS)
def test_hausdorff_against_three_libraries(seed):
    (a, b), spacing = blobs(seed)
    oracle = sitk.HausdorffDistanceImageFilter()
    oracle.Execute(image(a, spacing), image(b, spacing))
    ours = measure.hausdorff(a, b, spacing)
    assert ours == pytest.approx(oracle.GetHausdorffDistance(), rel=1e-6)  # its distance map is float32
    points = [np.argwhere(mask) * spacing for mask in (a, b)]
    scipys = max(directed_hausdorff(*points)[0], directed_hausdorff(*points[::-1])[0])
    assert ours == pytest.approx(scipys, rel=1e-12)
    assert measure.hausdorff(a, b) == pytest.approx(hausdorff_distance(a, b), rel=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("percentile", [50, 95, 99.5])
def test_percentiles_against_contours_and_distance_transforms(seed, percentile):
    masks, spacing = blobs(seed)
    rims = []
    for mask in masks:  # a border of zeros, because beyond the image all is outside
        contour = sitk.BinaryContour(sitk.ConstantPad(image(mask), (1,) * 3, (1,) * 3), fullyConnected=False)
        rims.append(sitk.GetArrayFromImage(contour).T[1:-1, 1:-1, 1:-1] > 0)
    far = [ndimage.distance_transform_edt(~rim, sampling=spacing) for rim in rims]
    directed = far[1][rims[0]], far[0][rims[1]]
    expected = max(np.percentile(distances, percentile) for distances in directed)
    assert measure.hausdorff(*masks, spacing, percentile) == pytest.approx(expected, rel=1e-12)
    assert np.allclose(np.sort(measure.surface_distances(*masks, spacing)), np.sort(directed[0]), rtol=1e-12)
    a, b = masks
    outward, inward = (
        (np.where(b[rims[0]], -1, 1) * directed[0]).mean(),
        (np.where(a[rims[1]], -1, 1) * directed[1]).mean(),
    )
    assert measure.signed_boundary_offset(a, b, spacing) == pytest.approx((outward - inward) / 2, abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("overlap", [0.0, 0.4])
def test_lesions_against_simpleitk_components(seed, overlap):
    (mask, truth), _ = blobs(seed)
    counts = []
    for lesions, cover in ((truth, mask), (mask, truth)):
        labels = sitk.GetArrayFromImage(sitk.ConnectedComponent(image(lesions), True)).T
        shares = [cover[labels == k].mean() for k in range(1, labels.max() + 1)]
        hit = [share > 0 and share >= overlap for share in shares]
        counts += [sum(hit), len(hit) - sum(hit)]
    result = measure.lesion_detection(mask, truth, overlap=overlap)
    assert [result.found, result.missed, result.right, result.false] == counts
    assert sum(counts) > 4


def kappa_by_loops(labels: np.ndarray, n_classes: int) -> float:
    """Fleiss' kappa with loops over voxels and pairs of raters."""
    voxels = labels.reshape(len(labels), -1).T
    pairs = [a == b for voxel in voxels for a, b in itertools.permutations(voxel, 2)]
    shares = [(labels == k).mean() for k in range(n_classes)]
    chance = sum(share**2 for share in shares)
    return (np.mean(pairs) - chance) / (1 - chance)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("n_classes", [2, 3, 5])
def test_kappa_against_loops(seed, n_classes):
    rng = np.random.default_rng(seed)
    truth = rng.integers(n_classes, size=(4, 5))
    labels = np.where(rng.random((6, 4, 5)) < 0.7, truth, rng.integers(n_classes, size=(6, 4, 5)))
    expected = kappa_by_loops(labels, n_classes)
    assert measure.fleiss_kappa(labels, n_classes=n_classes) == pytest.approx(expected, rel=1e-12)


def test_pairwise_against_simpleitk():
    masks, _ = blobs(0, raters=5)
    oracle = sitk.LabelOverlapMeasuresImageFilter()
    for (i, a), (j, b) in itertools.combinations(enumerate(masks), 2):
        oracle.Execute(image(a), image(b))
        assert measure.pairwise(masks)[i, j] == pytest.approx(oracle.GetDiceCoefficient(1), rel=1e-14)
