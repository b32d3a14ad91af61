"""Calibration and Brier: values known by hand, edges and exact ones, K classes, plain loops, memory, refusals."""

import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from helpers.measure import brier, brier_per_class, ece, foreground_reliability, reliability
from helpers.measure.classes import CHUNK

P = np.array([0.95, 0.9, 0.85, 0.65, 0.55, 0.3, 0.1, 0, 1, 0.5])
Y = np.array([1, 1, 0, 1, 0, 0, 0, 0, 1, 1])
TENTHS = hnp.array_shapes(min_dims=1, max_dims=3, max_side=5).flatmap(
    lambda shape: st.tuples(
        hnp.arrays(np.float64, shape, elements=st.integers(0, 40).map(lambda i: i / 40)), hnp.arrays(bool, shape)
    )
)


def by_loop(confidence, right, bins: int, ones: str) -> float:
    """Eq. (3)-(5) voxel by voxel, with the edges compared one after the other."""
    table = [[] for _ in range(bins)]
    for c, r in zip(confidence, right, strict=True):
        if ones == "kept" or c != 1:
            table[max(k for k in range(bins) if c >= k / bins)].append((c, r))
    n = sum(map(len, table))
    if n == 0:
        return math.nan
    gaps = [abs(np.mean([r for _, r in b]) - np.mean([c for c, _ in b])) * len(b) / n for b in table if b]
    return sum(gaps)


def softmax(seed: int, k: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    p = np.exp(2 * rng.normal(size=(k, n)))
    return p / p.sum(axis=0), rng.integers(k, size=n)


def test_ten_items_by_hand():
    assert ece(P, Y) == pytest.approx(0.28, abs=1e-12)
    assert ece(P, Y, ones="dropped") == pytest.approx(0.35, abs=1e-12)
    assert brier(P, Y) == pytest.approx(0.151, abs=1e-12)
    assert brier(P.astype(np.float32), Y.astype(np.uint8)) == pytest.approx(0.151, abs=1e-6)
    assert ece(list(P), list(Y)) == ece(P.reshape(2, 5), Y.reshape(2, 5).astype(bool)) == ece(P, Y)


def test_exact_ones_decide():
    """900 sure and right background voxels: counted, they hide 100 voxels that are half right at 0.8."""
    p, y = np.repeat([0, 0.8], [900, 100]), np.repeat([0, 1, 0], [900, 50, 50])
    assert ece(p, y, ones="dropped") == pytest.approx(0.300, abs=1e-9)
    assert ece(p, y) == pytest.approx(0.030, abs=1e-9)
    assert ece(p.astype(np.float32), y, ones="dropped") == pytest.approx(0.300, abs=1e-6)


def test_table_of_the_ten_items():
    table = reliability(P, Y)
    assert table.voxels.tolist() == [0, 0, 0, 0, 0, 2, 1, 1, 1, 5]
    assert table.right.tolist() == [0, 0, 0, 0, 0, 0, 1, 1, 0, 5]
    assert np.allclose(table.confidence[5:], [0.525, 0.65, 0.7, 0.85, 0.95], atol=1e-15)
    assert np.array_equal(table.accuracy[5:], [0, 1, 1, 0, 1])
    assert np.isnan(table.accuracy[:5]).all()
    assert np.isnan(table.confidence[:5]).all()
    assert np.allclose(table.edges, np.linspace(0, 1, 11), atol=1e-15)
    assert reliability(P, Y, ones="dropped").voxels.tolist() == [0, 0, 0, 0, 0, 2, 1, 1, 1, 3]


@given(TENTHS, st.sampled_from([1, 2, 5, 8, 10, 20, 40]), st.sampled_from(["kept", "dropped"]), st.sampled_from("CF"))
def test_against_a_loop_on_values_that_lie_on_edges(pair, bins, ones, order):
    p, y = (np.array(x, order=order) for x in pair)
    confidence = np.round(np.maximum(p, 1 - p), 3)  # 1 - 0.4 is 0.6
    expected = by_loop(confidence.ravel(), ((p > 0.5) == y).ravel(), bins, ones)
    assert ece(p, y, bins=bins, ones=ones) == pytest.approx(expected, abs=1e-12, nan_ok=True)
    assert brier(p, y) == pytest.approx(np.mean([(a - b) ** 2 for a, b in zip(p.flat, y.flat, strict=True)]), abs=1e-12)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("bins", [*range(3, 31), 64, 100])
def test_edges_belong_to_the_bin_above(dtype, bins):
    """k / bins, as itself and as 1 - (1 - k / bins); eight rounding errors below it lie in the bin below."""
    k = np.arange((bins + 1) // 2, bins)
    k = k[k / bins > 0.5]
    edge = (k / bins).astype(dtype)
    for p in (edge, (1 - k / bins).astype(dtype)):
        assert np.array_equal(np.flatnonzero(reliability(p, np.zeros(len(p), bool), bins=bins).voxels), k)
    below = edge * (1 - 8 * np.finfo(dtype).eps)
    below, k = below[below > 0.5], k[below > 0.5]
    if len(k):
        assert np.array_equal(np.flatnonzero(reliability(below, below > 0.5, bins=bins).voxels), k - 1)


def test_one_rounding_error_below_one_is_not_one():
    p = np.nextafter(np.float32(1), np.float32(0), dtype=np.float32)[None]
    assert reliability(p, [1], ones="dropped").voxels.tolist() == [0] * 9 + [1]
    assert math.isnan(ece([1.0, 0.0], [1, 0], ones="dropped"))
    assert ece([1.0, 0.0], [1, 0]) == 0.0
    assert ece([1.0, 0.0], [0, 1]) == 1.0


@pytest.mark.parametrize("k", [2, 3, 5])
@pytest.mark.parametrize("ones", ["kept", "dropped"])
def test_classes_against_a_loop(k, ones):
    p, labels = softmax(k, k, 400)
    p[:, :50] = np.eye(k)[labels[:50]].T
    p[:, 50:60] = 1 / k  # all alike: the first class is the decision
    expected = by_loop(p.max(axis=0), p.argmax(axis=0) == labels, 10, ones)
    assert ece(p, labels, ones=ones) == pytest.approx(expected, abs=1e-12)
    one_hot = np.eye(k)[labels].T
    assert brier(p, labels) == pytest.approx(((p - one_hot) ** 2).mean(), abs=1e-14)
    assert np.allclose(brier_per_class(p, labels), ((p - one_hot) ** 2).mean(axis=1), atol=1e-14)


@given(TENTHS)
def test_two_classes_are_one_map_and_its_complement(pair):
    p, y = pair
    both, labels = np.stack([1 - p, p]), y.astype(int)
    assert np.array_equal(reliability(both, labels).voxels, reliability(p, y).voxels)
    for ones in ("kept", "dropped"):
        assert ece(both, labels, ones=ones) == pytest.approx(ece(p, y, ones=ones), abs=1e-12, nan_ok=True)
    assert brier(both, labels) == pytest.approx(brier(p, y), abs=1e-12)


@given(TENTHS)
def test_bounds_and_the_other_label(pair):
    p, y = pair
    assert 0 <= ece(p, y) <= 1
    assert 0 <= brier(p, y) <= 1
    assert brier(1 - p, ~y) == pytest.approx(brier(p, y), abs=1e-12)
    decided = p != 0.5  # at 0.5 the decision is background, whichever class that is
    if decided.any():
        p, y = p[decided], y[decided]
        assert ece(1 - p, ~y) == pytest.approx(ece(p, y), abs=1e-12)


def test_a_calibrated_map_and_an_overconfident_one():
    """Each bin of 100,000 / 5 voxels strays by its standard error, at most 0.5 / sqrt(20,000) = 0.0035."""
    rng = np.random.default_rng(0)
    p = rng.random(100_000)
    y = rng.random(len(p)) < p
    assert ece(p, y) < 0.0035
    sharp = p**4 / (p**4 + (1 - p) ** 4)
    table = reliability(sharp, y)
    used = table.voxels > 0
    assert (table.confidence > table.accuracy)[used].all()
    assert table.ece > 0.1


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_many_steps_memory_order_and_precision(k, dtype):
    """More voxels than one step holds; any layout gives the table of the flat arrays."""
    p, y = softmax(1, max(k, 2), 35 * (CHUNK // 10))
    p = p.astype(dtype)
    if k == 1:
        p, y = p[1], y == 1
        confidence, right = np.maximum(p.astype(np.float32), 1 - p.astype(np.float32)), (p > 0.5) == y
    else:
        confidence, right = p.max(axis=0), p.argmax(axis=0) == y
    expected, score = reliability(p, y), brier(p, y)
    assert expected.voxels.sum() == y.size > 3 * CHUNK
    assert expected.right.sum() == right.sum()
    assert expected.confident.sum() == pytest.approx(confidence.sum(dtype=float), rel=1e-12)
    shape = (5, 7, -1)
    p, y = p.reshape(p.shape[:-1] + shape), y.reshape(shape)
    for a, b in ((np.asfortranarray(p), np.asfortranarray(y)), (np.asfortranarray(p), y), (p[..., ::-1], y[..., ::-1])):
        table = reliability(a, b)
        assert np.array_equal(table.voxels, expected.voxels)
        assert np.array_equal(table.right, expected.right)
        assert brier(a, b) == pytest.approx(score, rel=1e-12)


def test_tables_of_images_add_up_to_that_of_all():
    parts = np.split(P, [3, 4]), np.split(Y, [3, 4])
    first, second, third = (reliability(p, y) for p, y in zip(*parts, strict=True))
    together, whole = first + second + third, reliability(P, Y)
    assert np.array_equal(together.voxels, whole.voxels)
    assert together.ece == pytest.approx(whole.ece, abs=1e-15)
    with pytest.raises(ValueError, match="expected 10"):
        first + reliability(P, Y, bins=5)


@pytest.mark.parametrize("order", ["C", "F"])
def test_memory_depends_on_neither_voxels_nor_bins(order):
    """A million voxels are 4 MB; what a step needs is some 2 MB, and a thousand bins 64 kB of counters."""
    p = np.asarray(np.random.default_rng(0).random((100, 100, 100), dtype=np.float32), order=order)
    y = p > 0.3
    peaks = []
    for call in (lambda: ece(p, y), lambda: ece(p, y, bins=1000, ones="dropped"), lambda: brier(p, y)):
        tracemalloc.start()
        call()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert max(peaks) < 3e6
    assert abs(peaks[1] - peaks[0]) < 5e5


def test_raters_mean_label_per_class():
    p = np.array([[0.7, 0.2], [0.2, 0.2], [0.1, 0.6]])
    mean_label = np.array([[1, 0.25], [0, 0.25], [0, 0.5]])
    expected = [(0.3**2 + 0.05**2) / 2, (0.2**2 + 0.05**2) / 2, (0.1**2 + 0.1**2) / 2]
    assert np.allclose(brier_per_class(p, mean_label), expected, atol=1e-15)
    assert brier(p, mean_label) == pytest.approx(np.mean(expected), abs=1e-15)
    assert np.all(brier_per_class(mean_label, mean_label) == 0)


ONES, HALF = np.ones((2, 3)), np.full((2, 3), 0.5)


@pytest.mark.parametrize("call, says", [
    (lambda: ece(1.5 * ONES, ONES > 0), "probability holds values from 1.5 to 1.5, expected numbers in [0, 1]."),
    (lambda: ece(np.nan * ONES, ONES > 0), "probability holds NaN"),
    (lambda: ece([], []), "probability has shape (0,), expected at least one voxel."),
    (lambda: brier([], []), "probability has shape (0,), expected at least one voxel."),
    (lambda: ece(ONES, HALF), "truth holds float64, expected bool or integers"),
    (lambda: ece(ONES, 2 * ONES.astype(int)), "truth holds values from 2 to 2, expected only 0 and 1."),
    (lambda: ece(ONES, [1, 1]), "truth has shape (2,), expected (2, 3), as probability, or (3,) for labels."),
    (lambda: ece(HALF[0], [1, 1]), "truth has shape (2,), expected (3,), as probability."),
    (lambda: ece(HALF, [0, 1, 2]), "truth holds values from 0 to 2, expected 0 to 1."),
    (lambda: ece(0.9 * HALF, [0, 1, 1]), "probability sums to 0.9 over the 2 classes of a voxel, expected 1."),
    (lambda: brier(0.9 * HALF, [0, 1, 1]), "probability sums to 0.9 over the 2 classes of a voxel, expected 1."),
    (lambda: brier_per_class(HALF, 0.9 * HALF), "truth sums to 0.9 over the 2 classes of a voxel, expected 1."),
    (lambda: brier_per_class(HALF, [0, 0, 0]), "truth has no voxel of class 1, expected some of each of 2 classes."),
    (lambda: brier_per_class(HALF[0], [0, 0, 1]), "probability has shape (3,), expected (K, *space)"),
    (lambda: brier(HALF, -HALF), "truth holds values from -0.5 to -0.5, expected numbers in [0, 1]."),
    (lambda: brier(HALF, np.nan * HALF), "truth holds NaN"),
    (lambda: ece(HALF, HALF > 0, bins=0), "bins is 0, expected a whole number of at least 1."),
    (lambda: ece(HALF, HALF > 0, bins=10.0), "bins is 10.0, expected a whole number"),
    (lambda: ece(HALF, HALF > 0, ones="lost"), "ones is 'lost', expected 'kept' or 'dropped'."),
])  # fmt: skip
def test_refusals(call, says):
    with pytest.raises(ValueError) as caught:
        call()
    message = str(caught.value)
    assert message.startswith(says)
    assert message.endswith(".")
    assert ", expected " in message


def test_a_voxel_out_of_range_far_into_the_image_is_seen():
    p, y = np.full(3 * CHUNK, 0.5), np.zeros(3 * CHUNK, np.int8)
    for values, position in ((p, -1), (y, CHUNK)):
        kept, values[position] = values[position], 2
        with pytest.raises(ValueError, match="values from"):
            ece(p, y)
        values[position] = kept
    ece(p, y)


def test_foreground_table_of_the_ten_items():
    """0 and .1 | .3 | .5 and .55 | .65 | .85 | .9, .95 and the 1, which the last bin holds."""
    table = foreground_reliability(P, Y)
    assert table.voxels.tolist() == [1, 1, 0, 1, 0, 2, 1, 0, 1, 3]
    assert table.right.tolist() == [0, 0, 0, 0, 0, 1, 1, 0, 0, 3]
    assert table.confident == pytest.approx([0, 0.1, 0, 0.3, 0, 1.05, 0.65, 0, 0.85, 2.85])
    assert table.ece == pytest.approx((0.1 + 0.3 + 0.05 + 0.35 + 0.85 + 0.15) / 10)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_map_that_says_the_share_of_the_raters_is_calibrated(dtype):
    votes = np.repeat(np.arange(8) / 7, 5 * CHUNK // 7).astype(dtype)
    table = foreground_reliability(votes, votes, bins=7)
    assert table.ece == 0
    assert table.voxels.tolist() == [5 * CHUNK // 7] * 6 + [2 * (5 * CHUNK // 7)]
    half = foreground_reliability(votes * dtype(0.5), votes, bins=7)
    assert half.ece == pytest.approx(0.25, rel=1e-3)                # 0.5, the mean of the votes, halved


@pytest.mark.parametrize("p, soft, bins, says", [
    (P, Y[:3], 10, r"soft has shape \(3,\), expected \(10,\), the shape of probability\."),
    (P, Y * 2, 10, r"soft holds values from 0 to 2, expected numbers in \[0, 1\]\."),
    (P * 2, Y, 10, r"probability holds values from 0 to 2, expected numbers in \[0, 1\]\."),
    (P * np.nan, Y, 10, "probability holds NaN"),
    (P[:0], Y[:0], 10, r"probability has shape \(0,\), expected at least one voxel\."),
    (P, Y, 0, "bins is 0, expected a whole number of at least 1"),
])
def test_foreground_tables_that_are_refused(p, soft, bins, says):
    with pytest.raises(ValueError, match=says):
        foreground_reliability(p, soft, bins=bins)
