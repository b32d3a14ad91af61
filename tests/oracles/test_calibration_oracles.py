"""Calibration against torchmetrics' algorithm, and the scores against SciPy, scikit-image and PyTorch.

torchmetrics sorts confidences with `bucketize` and sums them with `scatter_add`; that algorithm, written out in double
precision, is an oracle everywhere, and torchmetrics itself is another where it can be imported. In its binary metric
the confidence is p and "right" is the label; handed our confidences and right decisions, it computes our ECE, but for
voxels of confidence exactly 1, which it counts in a bin of their own.
"""

import importlib.util
import itertools

import numpy as np
import pytest
import torch
from scipy import special, stats
from skimage.metrics import mean_squared_error

from helpers import measure

SEEDS = range(6)


def bucketize_and_scatter(confidence: torch.Tensor, right: torch.Tensor, bins: int) -> float:
    edges = torch.linspace(0, 1, bins + 1, dtype=torch.float64)
    bin_of = torch.bucketize(confidence, edges, right=True) - 1
    voxels, confident, correct = (
        torch.zeros(bins + 1, dtype=torch.float64).scatter_add_(0, bin_of, x)
        for x in (torch.ones_like(confidence), confidence, right.double())
    )
    used = voxels > 0
    gaps = (correct[used] / voxels[used] - confident[used] / voxels[used]).abs()
    return float((gaps * voxels[used]).sum() / voxels.sum())


def torchmetrics_binary(confidence: torch.Tensor, right: torch.Tensor, bins: int) -> float:
    from torchmetrics.functional.classification import binary_calibration_error

    return float(binary_calibration_error(confidence, right.long(), n_bins=bins))


IMPORTABLE = importlib.util.find_spec("torchmetrics") is not None
ORACLES = [bucketize_and_scatter] + [torchmetrics_binary] * IMPORTABLE


def maps(seed: int, k: int, certain: bool) -> tuple[np.ndarray, np.ndarray]:
    """Softmax maps (K, x, y) and labels; some voxels are one-hot and not always right if `certain`."""
    rng = np.random.default_rng([11, seed])
    p = special.softmax(2 * rng.normal(size=(k, 60, 50)), axis=0)
    if certain:
        p[:, :20] = np.moveaxis(np.eye(k)[rng.integers(k, size=(20, 50))], -1, 0)
    return p, rng.integers(k, size=(60, 50))


@pytest.mark.parametrize("seed, k, bins, oracle", list(itertools.product(SEEDS, [2, 3, 6], [7, 10, 15], ORACLES)))
def test_ece_without_exact_ones(seed, k, bins, oracle):
    p, labels = maps(seed, k, certain=False)
    confidence, right = p.max(axis=0).ravel(), (p.argmax(axis=0) == labels).ravel()
    expected = oracle(torch.from_numpy(confidence), torch.from_numpy(right), bins)
    for ones in ("kept", "dropped"):
        assert measure.ece(p, labels, bins=bins, ones=ones) == pytest.approx(expected, abs=1e-12)
        if k == 2:
            assert measure.ece(p[1], labels, bins=bins, ones=ones) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed, k, oracle", list(itertools.product(SEEDS, [2, 3], ORACLES)))
def test_ece_with_exact_ones(seed, k, oracle):
    """Dropped: the oracle on the other voxels. Kept: the same as the oracle if those voxels are right."""
    p, labels = maps(seed, k, certain=True)
    confidence, right = p.max(axis=0), p.argmax(axis=0) == labels
    certain = confidence == 1
    assert certain.sum() == 1000
    assert 0 < right[certain].mean() < 1
    others = torch.from_numpy(confidence[~certain]), torch.from_numpy(right[~certain])
    assert measure.ece(p, labels, ones="dropped") == pytest.approx(oracle(*others, 10), abs=1e-12)
    labels[certain] = p.argmax(axis=0)[certain]
    right |= certain
    everything = torch.from_numpy(confidence.ravel()), torch.from_numpy(right.ravel())
    assert measure.ece(p, labels) == pytest.approx(oracle(*everything, 10), abs=1e-12)


if IMPORTABLE:

    @pytest.mark.parametrize("k", [2, 4])
    def test_ece_of_classes_against_torchmetrics(k):
        """It works in single precision: 3000 sums, each with a rounding error of at most 2^-24 of a sum up to 3000."""
        from torchmetrics.functional.classification import multiclass_calibration_error

        p, labels = maps(0, k, certain=False)
        theirs = torch.from_numpy(p)[None], torch.from_numpy(labels)[None]
        expected = float(multiclass_calibration_error(*theirs, num_classes=k, n_bins=10))
        assert measure.ece(p, labels) == pytest.approx(expected, abs=3000 * 2**-24)


@pytest.mark.parametrize("seed", SEEDS)
def test_brier_against_scikit_image_and_pytorch(seed):
    p, labels = maps(seed, 3, certain=True)
    one_hot = np.moveaxis(np.eye(3)[labels], -1, 0)
    per_class = [mean_squared_error(a, b) for a, b in zip(p, one_hot, strict=True)]
    assert np.allclose(measure.brier_per_class(p, labels), per_class, rtol=1e-13)
    squares = torch.nn.functional.mse_loss(torch.from_numpy(p), torch.from_numpy(one_hot))
    assert measure.brier(p, one_hot) == pytest.approx(float(squares), rel=1e-13)


@pytest.mark.parametrize("seed", SEEDS)
def test_scores_against_scipy(seed):
    (p, _), (raters, _) = maps(seed, 2, certain=True), maps(seed + 100, 2, certain=False)
    errors = [abs(special.entr(a).sum() - special.entr(b).sum()) for a, b in zip(p, raters, strict=True)]
    assert np.allclose(measure.entropy_errors(p, raters), errors, rtol=1e-11)
    names, rng = ("dice", "precision", "recall", "avd"), np.random.default_rng(seed)
    scores = {name: rng.random((6, 9)) for name in names}
    z = {name: stats.zscore(values, axis=None) for name, values in scores.items()}
    expected = z["dice"] + z["precision"] + z["recall"] - z["avd"]
    assert np.allclose(measure.composite_score(scores), expected, atol=1e-12)
    against = measure.paired_test(scores["dice"][0], scores["dice"][1])  # Wilcoxon against a reference
    assert against.p == pytest.approx(stats.wilcoxon(scores["dice"][0], scores["dice"][1]).pvalue, rel=1e-12)
