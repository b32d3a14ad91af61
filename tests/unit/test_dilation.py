"""Rims: against sorting voxel by voxel and against the authors' staircase; ties, borders, lesions, refusals."""

import itertools
import time
import tracemalloc

import numpy as np
import pytest
from scipy import ndimage

from helpers.fusion import rim, soft_dilation
from helpers.fusion.ball import ball, grown

LONG = 6.0  # mm, the default of `max_distance`


def candidates(mask, spacing, max_distance):
    """Per lesion, distances (L, *space) from one transform each, and which voxels may be in a rim."""
    labels, count = ndimage.label(mask, np.ones((3,) * mask.ndim))
    away = [ndimage.distance_transform_edt(labels != k, spacing).round(6) for k in range(1, count + 1)]
    away = np.array(away).reshape(count, *mask.shape)
    return labels, away, (mask == 0) & (away.min(axis=0, initial=np.inf) <= max_distance)


def by_sorting(mask, image, ratio, spacing, max_distance, per):
    """The rule as it is stated, one voxel after another; and whether the ratio could be reached."""
    labels, away, allowed = candidates(mask, spacing, max_distance)
    owner = away.argmin(axis=0) if len(away) and per == "lesion" else np.zeros(mask.shape, int)
    size = [(labels == k + 1).sum() for k in range(len(away))] if per == "lesion" else [mask.sum()]
    left = [round((ratio - 1) * n) for n in size]
    result = np.zeros(mask.shape, bool)
    bright = np.zeros(mask.shape) if image is None else image.astype(float)
    for at in sorted(np.argwhere(allowed).tolist(), key=lambda x: (-bright[*x], away[:, *x].min(), x)):
        if left[owner[*at]] > 0:
            result[*at] = True
            left[owner[*at]] -= 1
    return result, not any(left)


def random_cases(count):
    """Masks of 2 and 3 dimensions, sparse to full, some with an image that is full of ties."""
    rng = np.random.default_rng(5)
    for k in range(count):
        shape = tuple(rng.integers(1, 13, 2 + k % 2))
        mask = (rng.random(shape) < rng.choice([0.01, 0.1, 0.4, 0.9, 1.1])).astype(np.uint8)
        image = [None, rng.integers(-3, 4, shape), rng.random(shape, np.float32)][k % 3]
        spacing = tuple(rng.choice([0.3, 0.7, 1.0, 2.5, 7.0], len(shape)))
        yield mask, image, float(rng.choice([1.0, 1.2, 1.5, 2.7])), spacing, float(rng.choice([0.4, 2.5, LONG]))


@pytest.mark.parametrize("per", ["mask", "lesion"])
def test_a_hundred_masks_against_sorting_voxel_by_voxel(per):
    ends = {True: 0, False: 0}
    for mask, image, ratio, spacing, max_distance in random_cases(100):
        asked = {"ratio": ratio, "spacing": spacing, "max_distance": max_distance, "per": per}
        expected, reachable = by_sorting(mask, image, ratio, spacing, max_distance, per)
        assert np.array_equal(rim(mask, image, **asked), expected)
        ends[reachable] += 1
        if reachable:
            assert np.array_equal(rim(mask, image, **asked, unreachable="raise"), expected)
            if per == "mask":
                assert abs(expected.sum() - (ratio - 1) * mask.sum()) <= 0.5
        else:
            with pytest.raises(ValueError, match="that lie within"):
                rim(mask, image, **asked, unreachable="raise")
            if per == "mask":
                assert np.array_equal(expected, candidates(mask, spacing, max_distance)[2])
    assert min(ends.values()) >= 20


def by_staircase(mask, image, allowed, ratio=1.2):
    """The authors' loop: a threshold on the image in [0, 1] that falls by 0.01 until the rim is large enough."""
    scaled = (image - image.min()) / np.ptp(image)
    for step in range(99, -1, -1):
        found = allowed & (scaled >= step / 100)
        if found.sum() >= (ratio - 1) * mask.sum():
            return found
    raise AssertionError("the staircase has no end")


@pytest.mark.parametrize("seed", range(5))
def test_where_the_staircase_lands_the_voxels_are_the_same(seed):
    rng = np.random.default_rng(seed)
    mask = ndimage.gaussian_filter(rng.random((20, 24, 18)), 2) > 0.53
    image = ndimage.gaussian_filter(rng.random(mask.shape), 1)
    cross = ndimage.iterate_structure(ndimage.generate_binary_structure(3, 1), 6)
    _, _, allowed = candidates(mask, (1, 1, 1), LONG)
    assert (ndimage.binary_dilation(mask, cross) & ~mask <= allowed).all()  # the authors' reach is within ours
    landed = by_staircase(mask, image, allowed)
    ratio = 1 + landed.sum() / mask.sum()
    assert ratio > 1.2
    assert np.array_equal(rim(mask, image, ratio=ratio), landed)
    exact = rim(mask, image)
    assert exact.sum() == round(0.2 * mask.sum())
    assert (exact <= landed).all()


def test_one_lesion_is_the_mask():
    """Two algorithms, one answer."""
    rng = np.random.default_rng(1)
    mask = ndimage.gaussian_filter(rng.random((30, 28, 26)), 2) > 0.51
    labels, _ = ndimage.label(mask, np.ones((3, 3, 3)))
    mask = labels == np.bincount(labels.ravel())[1:].argmax() + 1
    for image, spacing in itertools.product((None, rng.random(mask.shape)), (None, (0.9, 0.9, 3))):
        whole, single = (rim(mask, image, ratio=1.7, spacing=spacing, per=per) for per in ("mask", "lesion"))
        assert whole.sum() == round(0.7 * mask.sum())
        assert np.array_equal(whole, single)


def test_lesions_share_the_voxels_between_them():
    """The voxel in the middle belongs to the lesion that comes first; a small lesion of its own gets its share."""
    mask = np.zeros((1, 5), int)
    mask[0, [0, 4]] = 1
    bright = np.array([[0, 1, 5, 3, 0]])
    assert rim(mask, bright, ratio=2, per="lesion").tolist() == [[False, False, True, True, False]]
    assert rim(mask, ratio=2, per="lesion").tolist() == [[False, True, False, True, False]]
    assert rim(mask, ratio=2).tolist() == [[False, True, False, True, False]]
    with pytest.raises(ValueError, match=r"ratio is 3, .* 2 voxels around 1 of 2 lesions, .* 1 that lie within 6 mm\."):
        rim(mask, ratio=3, per="lesion", unreachable="raise")


def test_spacing_decides_what_is_near():
    mask = np.zeros((5, 5), int)
    mask[2, 2] = 1
    assert np.argwhere(rim(mask, ratio=3, spacing=(3, 1))).tolist() == [[2, 1], [2, 3]]
    assert np.argwhere(rim(mask, ratio=3, spacing=(1, 3))).tolist() == [[1, 2], [3, 2]]
    assert np.argwhere(rim(mask, ratio=3)).tolist() == [[1, 2], [2, 1]]  # a tie of four: the first by index
    assert rim(mask, ratio=99, spacing=(0.1, 0.1), max_distance=0.3).sum() == 5 * 5 - 1
    assert rim(np.pad(mask, 3), ratio=99, spacing=(0.1, 9), max_distance=0.3).sum() == 6  # 3 * 0.1 is 0.3, whatever
    # floating point says about it


def test_empty_and_full_masks():
    for shape, per in itertools.product([(3,), (4, 5), (3, 4, 5), (2, 3, 2, 3)], ["mask", "lesion"]):
        image = np.zeros(shape)
        for mask in (np.zeros(shape, bool), np.ones(shape, np.uint8)):
            assert not rim(mask, per=per).any()
            assert not rim(mask, image, per=per).any()
            assert np.array_equal(soft_dilation(mask, per=per), mask)
        assert rim(np.zeros(shape, bool), per=per, unreachable="raise").shape == shape
        with pytest.raises(ValueError, match="0 that lie within"):
            rim(np.ones(shape, bool), ratio=2, per=per, unreachable="raise")


def test_the_soft_mask():
    mask = np.zeros((9, 9, 9), np.int16)
    mask[3:6, 3:6, 3:6] = 1
    soft, image = soft_dilation(mask, gamma=0.4, ratio=1.5), np.random.default_rng(0).random(mask.shape)
    assert soft.dtype == np.float32
    assert soft.shape == mask.shape
    assert np.array_equal(soft, np.where(mask, 1, np.float32(0.4) * rim(mask, ratio=1.5)))
    assert np.array_equal(soft_dilation(mask, ratio=1), mask)
    assert np.array_equal(soft_dilation(mask, image, per="lesion") == np.float32(0.3), rim(mask, image))


@pytest.mark.parametrize("per", ["mask", "lesion"])
def test_memory_order_and_type_do_not_matter_and_inputs_stay(per):
    rng = np.random.default_rng(3)
    mask = ndimage.gaussian_filter(rng.random((15, 12, 17)), 1) > 0.6
    image = rng.integers(0, 256, mask.shape, np.uint8)
    expected = rim(mask, image, ratio=1.4, per=per)
    assert expected.dtype == bool
    for kind, order in itertools.product([bool, np.int64, np.uint8], "CF"):
        for pixels in (np.uint16, np.int8, np.float64):
            a = np.array(mask, kind, order=order)
            b = (image.astype(np.int16) - 128 if pixels == np.int8 else image).astype(pixels, order=order)
            before = a.copy(), b.copy()
            a.setflags(write=False)
            b.setflags(write=False)
            assert np.array_equal(rim(a, b, ratio=1.4, per=per), expected)
            assert np.array_equal(a, before[0])
            assert np.array_equal(b, before[1])
    assert np.array_equal(rim(mask[::-1, :, ::2], image[::-1, :, ::2], per=per),
                          rim(mask[::-1, :, ::2].copy(), image[::-1, :, ::2].copy(), per=per))  # fmt: skip


def test_infinite_pixels_are_bright_or_dark():
    mask, image = np.zeros((1, 6), int), np.array([[0, -np.inf, np.inf, 1, 2, 3]])
    mask[0, 0] = 1
    assert np.flatnonzero(rim(mask, image, ratio=3)).tolist() == [2, 5]
    assert rim(mask, image, ratio=9).sum() == 5


def test_grown_against_scipy():
    rng = np.random.default_rng(4)
    for shape, spacing in [((9, 17), (1, 0.4)), ((7, 6, 11), (1, 1, 1)), ((5,), (1,)), ((3, 8, 1), (2, 1, 1))]:
        mask = rng.random(shape) < 0.03
        mask.flat[0] = True
        away = ndimage.distance_transform_edt(~mask, spacing)
        for radius in (0.5, 1, 2.3, 3):
            offsets, length = ball(shape, spacing, radius)
            assert np.array_equal(grown(mask, offsets) | mask, away <= radius + 1e-6)
            assert (length <= radius).all()


def test_a_brain_is_not_computed_for_one_lesion():
    """Only the box of what can change is worked on: 1 MiB is the result, 7 the voxels of the image as float64."""
    mask = np.zeros((96, 104, 104), bool)
    mask[40:44, 50:55, 50:55] = True
    image = np.random.default_rng(0).random(mask.shape)
    for per in ("mask", "lesion"):
        tracemalloc.start()
        rim(mask, image, per=per)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 3 * mask.size


def test_half_a_second_for_a_brain():
    """Seconds of this process on one core, best of three, for 40 balls spread over the whole volume."""
    rng = np.random.default_rng(0)
    mask = np.zeros((182, 218, 182), np.uint8)
    for corner, radius in zip(rng.integers(12, 150, (40, 3)), rng.uniform(2, 9, 40), strict=True):
        x, y, z = np.ogrid[-9:10, -9:10, -9:10]
        mask[tuple(slice(n, n + 19) for n in corner)] |= (x**2 + y**2 + z**2 <= radius**2).view(np.uint8)
    image = rng.random(mask.shape, np.float32)
    for per, pixels in itertools.product(("mask", "lesion"), (None, image)):
        seconds = []
        for _ in range(3):
            start = time.process_time()
            found = rim(mask, pixels, per=per)
            seconds.append(time.process_time() - start)
        assert abs(found.sum() - 0.2 * mask.sum()) <= (0.5 if per == "mask" else 20)
        assert min(seconds) < 0.5


SQUARE = np.pad(np.ones((2, 2), int), 2)
HOLE = np.where(SQUARE, np.nan, 1.0)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"ratio": 0.9}, r"ratio is 0\.9, expected a number of at least 1\."),
        ({"ratio": np.nan}, "ratio is nan, expected a number of at least 1"),
        ({"ratio": np.inf}, "ratio is inf, expected"),
        ({"ratio": "120 %"}, "ratio is '120 %', expected"),
        ({"image": np.zeros((5, 6))}, r"image has shape \(5, 6\), expected \(6, 6\), the shape of mask\."),
        ({"image": HOLE}, r"image holds NaN, expected a number in every voxel\."),
        ({"image": SQUARE.astype(complex)}, "image holds complex128 values, expected numbers"),
        ({"mask": 2 * SQUARE}, r"mask holds values from 0 to 2, expected only 0 and 1\."),
        ({"mask": SQUARE / 2}, "mask holds float64, expected bool or integers"),
        ({"spacing": (1, 1, 1)}, r"spacing is \(1, 1, 1\), expected 2 numbers in mm, one per axis\."),
        ({"spacing": (1, 0)}, "spacing is .*, expected finite numbers above 0"),
        ({"max_distance": 0}, "max_distance is 0, expected a number of mm above 0"),
        ({"max_distance": np.inf}, "max_distance is inf, expected"),
        ({"per": "voxel"}, "per is 'voxel', expected 'mask' or 'lesion'"),
        ({"unreachable": "warn"}, "unreachable is 'warn', expected 'keep' or 'raise'"),
    ],
)
def test_refused(arguments, sentence):
    for function in (rim, soft_dilation):
        with pytest.raises(ValueError, match=sentence):
            function(**{"mask": SQUARE, **arguments})


@pytest.mark.parametrize("gamma", [0, 1, -0.1, 1.5, np.nan, "much", None])
def test_gamma_is_between_the_labels(gamma):
    with pytest.raises(ValueError, match=r"gamma is .*, expected a number above 0 and below 1\."):
        soft_dilation(SQUARE, gamma=gamma)
