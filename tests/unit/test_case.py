"""Case holds what it says, refuses what it does not, and importing the floor costs nothing."""

import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest

import helpers.data
from helpers.data import Case

SPACE = (4, 5, 3)


def parts(**changed) -> dict:
    base = {
        "name": "case",
        "images": {"FLAIR": np.zeros(SPACE, np.float32)},
        "raters": np.zeros((2, *SPACE), np.uint8),
        "names": ("a", "b"),
        "spacing": (1.0, 2.0, 3.0),
        "affine": np.diag([-1.0, 2.0, 3.0, 1.0]),
        "provenance": "made here",
        "truth": np.full(SPACE, 0.5, np.float32),
    }
    return base | changed


def test_a_sound_case():
    case = Case(**parts())
    assert case.shape == SPACE
    assert case.truth_mask.dtype == np.uint8
    assert case.truth_mask.all(), "one half counts as inside"
    assert case.notes == {}
    assert Case(**parts(truth=None)).truth_mask is None


def test_no_raters_and_no_images():
    case = Case(**parts(images={}, raters=np.zeros((0, *SPACE), np.uint8), names=()))
    assert case.shape == SPACE


def test_missing_raters_are_minus_one():
    raters = np.zeros((2, *SPACE), np.int8)
    raters[1] = -1
    assert Case(**parts(raters=raters)).raters.min() == -1


def test_classes_admit_labels_and_a_truth_per_class():
    truth = np.zeros((3, *SPACE), np.float32)
    truth[2] = 1
    notes = {"classes": ("background", "grey", "white")}
    case = Case(**parts(raters=np.full((2, *SPACE), 2, np.uint8), truth=truth, notes=notes))
    assert (case.truth_mask == 2).all()
    with pytest.raises(ValueError, match="raters spans 2 to 2, expected 0 to 1"):
        Case(**parts(raters=np.full((2, *SPACE), 2, np.uint8)))


def test_a_stack_of_pictures_has_one_spacing_fewer():
    Case(**parts(spacing=(1.0, 1.0)))


OBLIQUE = np.array([[0, -2, 0, 5], [1, 0, 0, -7], [0, 0, 3, 0], [0, 0, 0, 1]], float)


def test_an_oblique_affine_agrees_with_its_steps():
    Case(**parts(affine=OBLIQUE))


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"raters": np.zeros((2, *SPACE), bool)}, "raters has dtype bool"),
        ({"raters": np.zeros((2, *SPACE), np.int64)}, "raters has dtype int64"),
        ({"raters": np.zeros(3, np.uint8)}, "raters must be an array of shape"),
        ({"raters": np.full((2, *SPACE), -2, np.int8)}, "raters spans -2 to -2"),
        ({"names": ("a",)}, "expected a tuple of 2, one per rater"),
        ({"names": ["a", "b"]}, "expected a tuple of 2, one per rater"),
        ({"images": {"T1": np.zeros(SPACE)}}, "'T1' has dtype float64"),
        ({"images": {"T1": np.zeros((4, 5, 4), np.float32)}}, r"'T1' has shape \(4, 5, 4\)"),
        ({"images": {"T1": np.full(SPACE, np.nan, np.float32)}}, "'T1' has values that are not finite"),
        ({"spacing": (1.0,)}, "spacing is"),
        ({"spacing": (1.0, 2.0, 0.0)}, "expected positive numbers of mm"),
        ({"spacing": (1.0, 2.0, np.nan)}, "expected positive numbers of mm"),
        ({"affine": np.eye(3)}, r"affine has shape \(3, 3\)"),
        ({"affine": np.eye(4)}, "but the affine steps"),
        ({"truth": np.full(SPACE, 1.5, np.float32)}, "truth spans 1.5 to 1.5"),
        ({"truth": np.full(SPACE, np.nan, np.float32)}, "truth spans nan"),
        ({"truth": np.zeros(SPACE)}, "truth has dtype float64"),
        ({"truth": np.zeros((4, 5), np.float32)}, "truth has shape"),
        ({"notes": {"classes": ["a", "b"]}}, "expected a tuple of at least two names"),
    ],
)
def test_what_is_refused(changed, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        Case(**parts(**changed))
    assert str(caught.value).startswith("Case: ")
    assert str(caught.value).count("\n") == 0


def test_importing_the_floor_loads_nothing_heavy():
    code = (
        "import sys, helpers, helpers.data, helpers.data.downloads;"
        "print(sorted({'torch', 'matplotlib', 'nibabel', 'scipy', 'numpy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", helpers.data.__all__)
def test_every_exported_name_is_there(name):
    value = getattr(helpers.data, name)
    assert not isinstance(value, ModuleType)
    assert name in dir(helpers.data)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no_such"):
        _ = helpers.data.no_such


def test_a_function_keeps_its_name_when_its_module_is_imported_first():
    code = (
        "import helpers.data.mnist_raters;"
        "from helpers.data import mnist_raters;"
        "import helpers.data.mnist_raters;"
        "print(callable(mnist_raters), callable(helpers.data.mnist_raters))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]
