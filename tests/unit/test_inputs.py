"""What is a mask, a stack, a spacing, a probability, and what each refusal says."""

import re

import numpy as np
import pytest

from helpers import fusion, measure
from helpers.inputs import as_mask, as_masks, as_pair, as_probability, as_rows, as_spacing

ZEROS = np.zeros((4, 5), np.uint8)
STACK = (np.random.default_rng(0).random((3, 4, 5, 6)) < 0.5).astype(np.uint8)


def refused(call, *args, **kwargs) -> str:
    """The message of the ValueError, which must be one sentence on one line."""
    with pytest.raises(ValueError) as caught:
        call(*args, **kwargs)
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert not re.search(r"\. [A-Z]", message), "one sentence"
    assert "expected" in message
    return message


def test_bool_and_bytes_are_viewed_not_copied():
    for dtype in (bool, np.uint8, np.int8):
        masks = STACK.astype(dtype)
        assert np.shares_memory(as_masks(masks), masks)
        assert np.shares_memory(as_mask(masks[0]), masks)


@pytest.mark.parametrize("dtype", [bool, "u1", "i1", "u2", "i2", "i4", "u4", "i8", "u8", ">i2", ">u4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_any_integer_type_and_memory_order(dtype, order):
    masks = np.asarray(STACK, dtype=dtype, order=order)
    before = masks.copy()
    result = as_masks(masks)
    assert result.dtype == np.uint8
    assert np.array_equal(result, STACK)
    assert masks.dtype == before.dtype
    assert np.array_equal(masks, before)


def test_gaps_and_reversed_axes_are_read_as_they_are():
    for view in (STACK[:, ::2], STACK[:, :, ::-1], STACK.transpose(0, 3, 1, 2), STACK[..., 1:-1]):
        assert np.array_equal(as_masks(view), view)
        assert sorted(map(tuple, as_rows(view).T)) == sorted(map(tuple, view.reshape(3, -1).T))


def test_rows_are_a_view_in_c_and_fortran_order():
    for masks in (STACK, np.asfortranarray(STACK), STACK.transpose(0, 3, 1, 2)):
        assert np.shares_memory(as_rows(masks), masks)


def test_missing_raters_by_value_and_by_none():
    masks = STACK.astype(np.int16)
    masks[1] = -1
    by_value = as_masks(masks, missing=True)
    by_none = as_masks([STACK[0], None, STACK[2]], missing=True)
    assert by_value.dtype == by_none.dtype == np.int8
    assert np.array_equal(by_value, by_none)
    assert as_masks(STACK.astype(int), missing=True).dtype == np.uint8
    assert "0 to 1" not in refused(as_masks, masks)
    assert "None" in refused(as_masks, [STACK[0], None])


@pytest.mark.parametrize("value", [2, 255, -1, -128])
def test_values_outside_zero_and_one(value):
    masks = STACK.astype(np.int16)
    masks[2, 3, 4, 5] = value
    message = refused(as_masks, masks, name="raters")
    assert message.startswith("raters ")
    assert str(value) in message
    masks[0, 0, 0, 0] = -1
    if value != -1:
        assert "or -1" in refused(as_masks, masks, missing=True)


def test_floats_are_refused_and_nan_is_named():
    assert "float64" in refused(as_mask, np.zeros((2, 2)))
    assert "NaN" in refused(as_mask, np.array([[0.0, np.nan]]))
    refused(as_mask, np.zeros((2, 2), complex))
    refused(as_mask, np.array([["a"]]))


def test_unequal_shapes():
    assert "(4, 5)" in refused(as_pair, ZEROS, ZEROS.T)
    assert "(5, 4)" in refused(as_masks, [ZEROS, ZEROS.T])
    refused(as_masks, [[[0, 1]], [[0]]])


def test_shapes_that_are_no_stack():
    refused(as_masks, np.zeros(4, int))
    refused(as_masks, [])
    refused(as_masks, [None, None], missing=True)
    refused(as_masks, np.zeros((3, 0, 2), int))
    assert "1 rater" in refused(as_masks, STACK[:1], at_least=2)


@pytest.mark.parametrize(
    "spacing", [(1.0,), (1.0, 1.0, 1.0), 1.0, (1.0, 0.0), (1.0, -2.0), (1.0, np.nan), (1.0, np.inf), "ab", (1, None)]
)
def test_bad_spacing(spacing):
    assert refused(as_spacing, spacing, 2).startswith("spacing ")


def test_spacing():
    assert as_spacing(None, 3) == (1.0, 1.0, 1.0)
    assert as_spacing(np.array([1, 2], np.float32), 2) == (1.0, 2.0)


@pytest.mark.parametrize("bad", [[0.5, 1.01], [-0.01, 0.5], [np.nan, 0.5], [np.inf, 0.1], [], ["a"], [2]])
def test_bad_probability(bad):
    assert refused(as_probability, bad).startswith("probability ")


def test_probability_keeps_its_float_type():
    assert as_probability(np.ones(3, np.float32)).dtype == np.float32
    assert as_probability(np.ones(3, bool)).dtype == np.float64


PAIRED = [measure.dice, measure.precision, measure.recall, measure.rvd, measure.avd, measure.hausdorff,
          measure.surface_distances, measure.signed_boundary_offset, measure.lesion_detection]  # fmt: skip
STACKED = [measure.pairwise, measure.intersections, measure.generalised_dice, measure.fleiss_kappa,
           measure.entropy_map, fusion.majority_vote, fusion.mean_vote]  # fmt: skip


@pytest.mark.parametrize("call", PAIRED)
def test_every_measure_of_two_masks_refuses(call):
    refused(call, ZEROS, ZEROS.T)
    refused(call, ZEROS, ZEROS.astype(float))
    refused(call, ZEROS + 2, ZEROS)
    refused(call, ZEROS, ZEROS - 1)
    refused(call, np.full((2, 2), np.nan), np.zeros((2, 2), int))


@pytest.mark.parametrize("call", STACKED)
def test_every_measure_of_a_stack_refuses(call):
    assert "at least 2" in refused(call, STACK[:1])
    assert "2" in refused(call, STACK * 2)
    assert "NaN" in refused(call, np.full((2, 3, 3), np.nan))
    assert "(4, 5)" in refused(call, [ZEROS, ZEROS.T])
    refused(call, STACK[0, 0, 0])


@pytest.mark.parametrize("call", [measure.hausdorff, measure.surface_distances, measure.signed_boundary_offset])
def test_every_distance_refuses_a_wrong_spacing(call):
    assert "2 numbers" in refused(call, ZEROS, ZEROS, (1.0, 1.0, 1.0))
    assert "above 0" in refused(call, ZEROS, ZEROS, (1.0, 0.0))


def test_arguments_that_are_words_or_shares():
    refused(measure.hausdorff, ZEROS, ZEROS, percentile=101)
    refused(measure.hausdorff, ZEROS, ZEROS, percentile=np.nan)
    refused(measure.lesion_detection, ZEROS, ZEROS, overlap=1.5)
    refused(measure.entropy, [0.5], terms="background")
    refused(measure.entropy, [0.5], unit="dB")
    refused(measure.entropy_map, STACK, unit="dB")
    refused(measure.fleiss_kappa, STACK * 3, n_classes=3)
    refused(measure.paired_test, [1.0, 2.0], [1.0])
    refused(measure.paired_test, [1.0], [1.0])
    refused(measure.paired_test, [1.0, np.nan], [1.0, 2.0])
    refused(measure.paired_test, [[1.0, 2.0]], [[1.0, 2.0]])
