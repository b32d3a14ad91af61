"""The five raters of digits: their statistics, and what each of them does to a stroke."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from helpers.data import mnist, mnist_raters

GOOD, OVER, UNDER, WRONG, BLANK = range(5)


@pytest.fixture(scope="module")
def digits():
    return mnist_raters(mnist("test"))


def some(case, count):
    """The first `count` digits as a case of their own."""
    return replace(case, images={"digit": case.images["digit"][:count]}, raters=case.raters[:, :count])


def stroke(width):
    """One image with a vertical bar `width` pixels wide and 18 long."""
    image = np.zeros((1, 28, 28), np.float32)
    image[0, 5:23, 12 : 12 + width] = 1
    return replace(some(mnist("test"), 1), images={"digit": image})


def per_digit(case, rater):
    """Area ratio, sensitivity and specificity of one rater, (n,) each."""
    truth, mask = case.truth > 0, case.raters[rater] > 0
    inside, outside = truth.sum((1, 2)), (~truth).sum((1, 2))
    return {
        "area": mask.sum((1, 2)) / inside,
        "sensitivity": (mask & truth).sum((1, 2)) / inside,
        "specificity": (~mask & ~truth).sum((1, 2)) / outside,
    }


@pytest.mark.parametrize(
    ("rater", "what", "target"),
    [
        (OVER, "area", 2.04),
        (UNDER, "sensitivity", 0.21),
        (WRONG, "sensitivity", 0.80),
        (WRONG, "specificity", 0.87),
        (BLANK, "area", 0.0),
    ],
)
def test_statistics_of_the_published_examples(digits, rater, what, target):
    """Targets have two decimals: half a unit of the last one, and three standard errors over digits."""
    values = per_digit(digits, rater)[what]
    standard_error = values.std(ddof=1) / np.sqrt(len(values))
    assert abs(values.mean() - target) <= 0.005 + 3 * standard_error


def test_truth_is_the_digit_cut_at_one_half(digits):
    assert np.array_equal(digits.truth, digits.images["digit"] >= 0.5)
    assert np.array_equal(digits.truth_mask, digits.truth)


def test_good_errs_only_on_the_outline(digits):
    """Linear interpolation reaches one pixel far: 3 x 3 pixels on one side of 0.5 leave no doubt."""
    masks, truth = digits.raters[GOOD], digits.truth_mask
    low, high = (f(truth, size=(1, 3, 3)) for f in (ndimage.minimum_filter, ndimage.maximum_filter))
    assert np.array_equal(masks[low == high], truth[low == high])
    dice = 2 * (masks & truth).sum((1, 2)) / (masks.sum((1, 2), dtype=int) + truth.sum((1, 2), dtype=int))
    assert dice.mean() > 0.97


def test_under_lies_in_good_and_good_in_over(digits):
    """All three cut one distance map at three heights; wrong is over with pieces missing."""
    assert (digits.raters[UNDER] <= digits.raters[GOOD]).all()
    assert (digits.raters[GOOD] <= digits.raters[OVER]).all()
    assert (digits.raters[WRONG] <= digits.raters[OVER]).all()
    assert (digits.raters[WRONG] < digits.raters[OVER]).any((1, 2)).all()
    assert not digits.raters[BLANK].any()


def test_fractures_break_a_bar_into_pieces():
    """Three cuts across one bar leave at most four pieces, and the bar is not whole any more."""
    for seed in range(20):
        _, pieces = ndimage.label(mnist_raters(stroke(3), seed=seed).raters[WRONG, 0])
        assert 1 <= pieces <= 4
    pieces = [ndimage.label(mnist_raters(stroke(3), seed=seed).raters[WRONG, 0])[1] for seed in range(20)]
    assert np.mean(np.array(pieces) >= 2) > 0.9  # unless all three fall at its ends


@pytest.mark.parametrize("width", [2, 4, 6])
def test_over_doubles_the_width_of_a_bar(width):
    """THICKEN = 0.95 half widths on either side: width x 1.95, to the nearest pixel on either side."""
    across = mnist_raters(stroke(width)).raters[OVER, 0, 14].sum()
    assert abs(across - 1.95 * width) <= 1


def test_same_seed_same_bytes_other_seed_other_fractures():
    case = some(mnist("test"), 40)
    first, again, other = (mnist_raters(case, seed=seed).raters for seed in (3, 3, 4))
    assert first.tobytes() == again.tobytes()
    assert np.array_equal(np.delete(first, WRONG, 0), np.delete(other, WRONG, 0))
    assert not np.array_equal(first[WRONG], other[WRONG])


def test_a_digit_is_drawn_alike_alone_and_among_others(digits):
    """No mask may depend on the neighbours that shared its distance transform."""
    assert np.array_equal(mnist_raters(some(mnist("test"), 3)).raters, digits.raters[:, :3])


def test_an_empty_image_stays_empty():
    case = some(mnist("test"), 2)
    assert not mnist_raters(replace(case, images={"digit": np.zeros((2, 28, 28), np.float32)})).raters.any()


def test_what_comes_in_is_kept(digits):
    assert digits.names == ("good", "over", "under", "wrong", "blank")
    assert digits.raters.dtype == np.uint8
    assert np.array_equal(digits.notes["labels"], mnist("test").notes["labels"])


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"seed": -1}, r"^seed is -1, expected an integer of at least 0\.$"),
        ({"upsampling": 0}, r"^upsampling is 0, expected an integer from 1 to 16\.$"),
        ({"upsampling": 2.5}, r"^upsampling is 2.5, expected an integer from 1 to 16\.$"),
    ],
)
def test_bad_arguments_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        mnist_raters(some(mnist("test"), 1), **arguments)


def test_a_case_without_digits_is_refused():
    case = some(mnist("test"), 1)
    with pytest.raises(ValueError, match=r"^case has images \('FLAIR',\), expected 'digit' among them\.$"):
        mnist_raters(replace(case, images={"FLAIR": case.images["digit"]}))
