"""The seven MS raters: what the literature says of them together, and what each number of a character does."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from helpers.data import MS_CASES, MS_RATERS, ms_case, ms_raters
from helpers.data.hand import smooth_noise
from helpers.data.ms_raters import SHARED, Rater, Site
from helpers.data.soft_distance import soft_distance

LITERATURE = (0.66, 0.76)  # mean Dice of each of seven experts with their consensus, MSSEG-2016
NEUTRAL = Site("N", bias=0.0, rim=0.0, smallest=0.0)
PERFECT = Rater("perfect", NEUTRAL, 0.0, 0.0, 0.0, overlook=0.0, false=0.0, false_volume=1.0)
GRID = (2.0, 2.0, 2.0)


def dice(a, b):
    return 2 * np.sum(a & b) / (np.sum(a) + np.sum(b))


def soft_ball(radius, spacing=GRID, shape=(32, 32, 32), fine=4):
    """Partial volumes of a ball (mm) near the middle, by `fine`^3 points per voxel.

    Its centre is no symmetric point of the grid, where whole shells of voxels would switch at once.
    """
    off = (0.31, -0.57, 0.83)  # mm
    sizes = zip(shape, spacing, off, strict=True)
    axes = [(np.arange(n * fine) + 0.5) / fine * s - n * s / 2 - o for n, s, o in sizes]
    x, y, z = np.ix_(*axes)
    points = x * x + y * y + z * z <= radius * radius
    return points.reshape(sum(((n, fine) for n in shape), ())).mean((1, 3, 5)).astype(np.float32)


def soft_dots(count=4, step=10):
    """count^3 lesions of 2 x 2 x 2 voxels, far apart."""
    truth = np.zeros((count * step,) * 3, np.float32)
    for corner in np.ndindex(count, count, count):
        truth[tuple(slice(step * c + 4, step * c + 6) for c in corner)] = 1
    return truth


@pytest.fixture(scope="module")
def cohort():
    """Truth and masks of the 15 cases."""
    cases = (ms_case(index) for index in range(MS_CASES))
    return [(case.truth, case.raters) for case in cases]


@pytest.fixture(scope="module")
def dice_with_consensus(cohort):
    """(15, 7)"""
    masks = [raters.astype(bool) for _, raters in cohort]
    return np.array([[dice(mask, m.sum(0) >= 4) for mask in m] for m in masks])


def test_the_seven_agree_as_much_as_experts_do(dice_with_consensus):
    assert LITERATURE[0] <= dice_with_consensus.mean() <= LITERATURE[1]


def test_no_rater_is_out_of_the_experts_range(dice_with_consensus):
    """The range is that of the experts' means: each simulated mean lies in it, within its own standard error."""
    mean = dice_with_consensus.mean(0)
    error = dice_with_consensus.std(0, ddof=1) / np.sqrt(MS_CASES)
    assert (mean + error >= LITERATURE[0]).all()
    assert (mean - error <= LITERATURE[1]).all()


def test_sites_differ_as_stated(cohort):
    """A draws wider than B, B wider than C: volumes over the cohort, sign test over cases (p < 0.01)."""
    volume = np.array([[mask.sum() for mask in raters] for _, raters in cohort], float)  # (15, 7)
    a, b, c = volume[:, :2].mean(1), volume[:, 2:5].mean(1), volume[:, 5:].mean(1)
    assert np.sum(a > b) >= 13  # of 15: binomial p = 0.004
    assert np.sum(b > c) >= 13


def test_the_consensus_is_nearer_to_the_truth_than_any_rater(cohort):
    near = np.array([[dice(m, t >= 0.5) for m in (*r.astype(bool), r.sum(0) >= 4)] for t, r in cohort])
    assert near[:, -1].mean() > near[:, :-1].mean(0).max()


def test_bytes_depend_on_seed_and_index_alone():
    truth = soft_ball(9)
    first, names, notes = ms_raters(truth, GRID, 3, seed=5)
    again, _, _ = ms_raters(truth, GRID, 3, seed=5)
    assert first.tobytes() == again.tobytes()
    assert first.dtype == np.uint8
    assert names == tuple(rater.name for rater in MS_RATERS) == tuple(r["name"] for r in notes["raters"])
    for seed, index in ((5, 4), (6, 3), (0, 3), (5, 0)):
        assert not np.array_equal(first, ms_raters(truth, GRID, index, seed=seed)[0])


def test_one_character_does_not_move_the_others():
    truth = soft_ball(9)
    changed = (*MS_RATERS[:2], replace(MS_RATERS[2], bias=2.0), *MS_RATERS[3:])
    first, second = (ms_raters(truth, GRID, 0, raters=raters)[0] for raters in (MS_RATERS, changed))
    assert [np.array_equal(a, b) for a, b in zip(first, second, strict=True)] == [r != 2 for r in range(7)]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 2**31),
    st.tuples(*[st.integers(1, 14)] * 3),
    st.tuples(*[st.floats(0.3, 6)] * 3),
    st.floats(0, 3),
)
def test_a_perfect_rater_draws_the_truth(seed, shape, spacing, blur):
    noise = gaussian_filter(np.random.default_rng(seed).standard_normal(shape), blur)
    truth = np.clip(0.5 + noise / (noise.std() + 1e-9), 0, 1).astype(np.float32)
    masks, _, _ = ms_raters(truth, spacing, 0, seed=seed, raters=(PERFECT,))
    assert np.array_equal(masks[0], truth >= 0.5)


def test_half_a_millimetre_moves_a_contour_of_two_millimetre_voxels():
    """Biases in steps of 0.5 mm: every mask holds the one before and is larger, with all other errors on."""
    rater = replace(MS_RATERS[2], site=NEUTRAL, overlook=0.0, false=0.0)
    biases = np.arange(-2, 2.5, 0.5)
    masks = [ms_raters(soft_ball(11), GRID, 1, raters=(replace(rater, bias=b),))[0][0] for b in biases]
    for small, large in zip(masks[:-1], masks[1:], strict=True):
        assert (small <= large).all()
        assert small.sum() < large.sum()


@pytest.mark.parametrize("bias", [-2.0, -1.0, -0.5, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("spacing", [(2.0, 2.0, 2.0), (1.0, 1.5, 3.0)])
def test_the_bias_is_in_millimetres(bias, spacing):
    """A ball of 11 mm becomes one of 11 mm + bias, to a quarter of a voxel."""
    truth = soft_ball(11, spacing, tuple(round(36 / s) for s in spacing))
    masks, _, _ = ms_raters(truth, spacing, 0, raters=(replace(PERFECT, bias=bias),))
    radius = (3 * masks.sum() * np.prod(spacing) / (4 * np.pi)) ** (1 / 3)
    assert abs(radius - (11 + bias)) < np.mean(spacing) / 4


def test_soft_distance_of_a_plane():
    """x < a: linear interpolation errs by at most (3 - 2 sqrt 2) / 2 = 0.086 of a step, whatever a."""
    for a in np.linspace(4.5, 5.5, 21):
        line = np.clip(a - np.arange(10) + 0.5, 0, 1)  # part of voxel x that lies left of a
        distance, _ = soft_distance(np.broadcast_to(line[:, None], (10, 4)), (2.0, 1.0))
        assert np.abs(distance[:, 1] - 2 * (a - np.arange(10))).max() <= 2 * 0.0858 + 1e-9


def test_soft_distance_without_a_surface():
    assert (soft_distance(np.zeros((3, 4)), (1, 1))[0] == -np.inf).all()
    assert (soft_distance(np.ones((3, 4)), (1, 1))[0] == np.inf).all()


def test_a_contour_wavers_and_does_not_jitter():
    """Unit variance; nearly equal 1 mm apart, independent two pitches apart (4 standard errors over ~2000 knots)."""
    rng = np.random.default_rng(0)
    x = np.arange(0, 12000, 1.0)
    along = smooth_noise(x[:, None], np.array([6.0]), rng)
    bound = 4 * np.sqrt(2 / 2000) * 2  # neighbouring knots overlap: half as many free values
    assert abs(along.var() - 1) < bound
    assert np.corrcoef(along[1:], along[:-1])[0, 1] > 0.95
    assert abs(np.corrcoef(along[24:], along[:-24])[0, 1]) < bound


def test_lesions_are_missed_with_the_stated_chance():
    """64 mm^3 and overlook = 64 / ln 4: one in four, in the binomial's 4 standard deviations over 256 lesions."""
    rater = replace(PERFECT, overlook=64 / np.log(4))
    missed = [ms_raters(soft_dots(), GRID, i, raters=(rater,))[2]["overlooked"]["perfect"] for i in range(4)]
    assert abs(sum(missed) - 64) < 4 * np.sqrt(256 * 0.25 * 0.75)


def test_small_lesions_are_missed_and_large_ones_are_not():
    truth = np.maximum(soft_dots(), soft_ball(8, shape=(40, 40, 40)))
    masks, _, notes = ms_raters(truth, GRID, 0, raters=(replace(PERFECT, overlook=200.0),))
    assert notes["overlooked"]["perfect"] > 30
    assert masks[0, 20, 20, 20] == 1


def test_raters_miss_the_same_lesions_more_often_than_by_chance():
    """Two normal variables of correlation c, both cut in the middle, agree with correlation 2/pi asin(c)."""
    raters = tuple(replace(PERFECT, name=name, overlook=64 / np.log(2)) for name in "ab")
    drawn = [ms_raters(soft_dots(), GRID, i, raters=raters)[0][:, 4::10, 4::10, 4::10] for i in range(12)]
    pairs = np.stack(drawn, 1).reshape(2, -1)  # (2, 768)
    assert abs(np.corrcoef(pairs)[0, 1] - 2 / np.pi * np.arcsin(SHARED)) < 4 / np.sqrt(pairs.shape[1])


def test_false_lesions_are_as_many_as_expected_and_lie_in_the_tissue():
    truth, tissue = soft_ball(6), np.zeros((32, 32, 32))
    tissue[8:24, 8:24, 8:30] = 1
    rater = replace(PERFECT, false=3.0, false_volume=100.0)
    counts = []
    for index in range(60):
        masks, _, notes = ms_raters(truth, GRID, index, tissue=tissue, raters=(rater,))
        extra = masks[0].astype(bool) & (truth < 0.5)
        assert (tissue[extra] > 0.5).all()
        assert extra.any() == (notes["false_lesions"]["perfect"] > 0)
        counts.append(notes["false_lesions"]["perfect"])
    assert abs(np.mean(counts) - 3) < 4 * np.sqrt(3 / 60)  # Poisson


def test_a_site_leaves_specks_out():
    rater = replace(PERFECT, site=replace(NEUTRAL, smallest=65.0))
    truth = np.maximum(soft_dots(), soft_ball(8, shape=(40, 40, 40)))
    masks, _, _ = ms_raters(truth, GRID, 0, raters=(rater,))  # the dots are 64 mm^3
    assert np.array_equal(masks[0], soft_ball(8, shape=(40, 40, 40)) >= 0.5)


@pytest.mark.parametrize("missing", [1, 3, 6])
def test_who_did_not_look_has_a_row_of_minus_one(missing):
    truth = soft_ball(9)
    full, _, _ = ms_raters(truth, GRID, 2)
    masks, names, notes = ms_raters(truth, GRID, 2, missing=missing)
    absent = (masks == -1).all((1, 2, 3))
    assert masks.dtype == np.int8
    assert absent.sum() == missing
    assert notes["missing"] == tuple(name for name, gone in zip(names, absent, strict=True) if gone)
    assert np.array_equal(masks[~absent], full[~absent])


def test_the_outlier_is_one(cohort):
    """On a light, a middling and a heavy case: less than half the Dice of the worst of the others."""
    for index in (1, 0, 7):
        truth, before = cohort[index]
        masks, names, notes = ms_raters(truth, GRID, index, outlier=True)
        scores = [dice(mask > 0, truth >= 0.5) for mask in masks]
        assert scores[-1] < 0.5 * min(scores[:-1])
        assert notes["outlier"] == names[-1] == "C2"
        assert masks[-1].sum() > before[-1].sum()


def test_the_outlier_leaves_the_others_alone():
    plain, ruined = (ms_raters(soft_ball(9), GRID, 0, outlier=o)[0] for o in (False, True))
    assert np.array_equal(plain[:-1], ruined[:-1])
    assert not np.array_equal(plain[-1], ruined[-1])


def test_without_a_lesion_only_false_ones_are_drawn():
    truth = np.zeros((20, 20, 20), np.float32)
    masks, names, notes = ms_raters(truth, GRID, 0)
    assert len(notes["lesion_volumes"]) == 0
    assert all(mask.any() <= (notes["false_lesions"][name] > 0) for name, mask in zip(names, masks, strict=True))
    assert not ms_raters(truth, GRID, 0, raters=(PERFECT,))[0].any()


def test_a_case_takes_less_than_a_second():
    truth = np.tile(soft_ball(8), (4, 4, 3))[:98, :116, :94]  # 36 lesions all over the volume
    seconds = []
    for _ in range(4):
        start = time.process_time()
        ms_raters(truth, GRID, 0)
        seconds.append(time.process_time() - start)
    assert min(seconds) < 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"truth": np.zeros((4, 4))}, r"^truth is of shape \(4, 4\), expected three dimensions\.$"),
        ({"truth": np.full((4, 4, 4), np.nan)}, r"^truth holds NaN, expected numbers in \[0, 1\]\.$"),
        ({"truth": np.full((4, 4, 4), 1.5)}, r"^truth holds values from 1.5 to 1.5, expected numbers in \[0, 1\]\.$"),
        ({"spacing": (2.0, 2.0)}, r"^spacing is \(2.0, 2.0\), expected 3 numbers in mm, one per axis\.$"),
        ({"spacing": (2.0, 0.0, 2.0)}, r"^spacing is \(2.0, 0.0, 2.0\), expected finite numbers above 0\.$"),
        ({"index": -1}, r"^index is -1, expected an integer from 0 to 4294967295\.$"),
        ({"seed": 0.5}, r"^seed is 0.5, expected an integer from 0 to 4294967295\.$"),
        ({"missing": 7}, r"^missing is 7, expected an integer from 0 to 6\.$"),
        ({"tissue": np.ones((2, 2, 2))}, r"^tissue is of shape \(2, 2, 2\), expected \(8, 8, 8\) like truth\.$"),
    ],
)
def test_bad_arguments_are_refused(change, sentence):
    arguments = {"truth": np.zeros((8, 8, 8)), "spacing": GRID, "index": 0} | change
    with pytest.raises(ValueError, match=sentence):
        ms_raters(arguments.pop("truth"), arguments.pop("spacing"), arguments.pop("index"), **arguments)
