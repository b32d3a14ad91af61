"""NIfTI in and out: grids kept to the bit, every kind of bad file refused in one sentence."""

import gzip

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpers.data.nifti import read_grid, read_image, read_masks, write_like
from helpers.data.own import read_case

SPACE = (6, 5, 4)
AFFINE = np.array([[-0.6, 0, 0.1, 90], [0, -0.59, -0.43, 109], [0.1, -0.08, 2.96, -5], [0, 0, 0, 1.0]])


def save(path, values=None, affine=AFFINE, kind=nib.Nifti1Image, units="mm", **header):
    image = kind(np.zeros(SPACE, np.uint8) if values is None else values, affine)
    image.header.set_xyzt_units(units)
    for key, value in header.items():
        image.header[key] = value
    nib.save(image, path)
    return path


@pytest.fixture
def mask(tmp_path):
    values = np.zeros(SPACE, np.uint8)
    values[1:3, 2:4] = 1
    return save(tmp_path / "mask.nii.gz", values)


def refused(sentence, call, *arguments, **named):
    with pytest.raises(ValueError, match=sentence) as caught:
        call(*arguments, **named)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


# --- reading ---


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_an_image_comes_back_as_float32_in_its_own_order(tmp_path, dtype, name, rng):
    values = rng.integers(0, 100, SPACE).astype(dtype)
    read = read_image(save(tmp_path / name, values))
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, values)


@pytest.fixture
def rng():
    return np.random.default_rng(2)


def test_nifti_2_and_big_endian_are_read(tmp_path, rng):
    values = rng.integers(0, 100, SPACE).astype(np.int16)
    np.testing.assert_array_equal(read_image(save(tmp_path / "two.nii", values, kind=nib.Nifti2Image)), values)
    big = nib.Nifti1Image(values, AFFINE, nib.Nifti1Header(endianness=">"))
    nib.save(big, tmp_path / "big.nii")
    assert (tmp_path / "big.nii").read_bytes()[:4] == b"\0\0\x01\x5c"
    np.testing.assert_array_equal(read_image(tmp_path / "big.nii"), values)


def test_stored_scaling_is_applied(tmp_path):
    image = nib.Nifti1Image(np.arange(120, dtype=np.int16).reshape(SPACE), AFFINE)
    image.header.set_slope_inter(0.5, 3)
    nib.save(image, tmp_path / "scaled.nii")
    stored = nib.load(tmp_path / "scaled.nii").get_fdata(dtype=np.float32)
    np.testing.assert_array_equal(read_image(tmp_path / "scaled.nii"), stored)


def test_the_grid(mask):
    grid = read_grid(mask)
    assert grid.shape == SPACE
    np.testing.assert_allclose(grid.affine, AFFINE, rtol=1e-6)  # headers hold float32
    np.testing.assert_allclose(grid.spacing, np.linalg.norm(AFFINE[:3, :3], axis=0), rtol=1e-6)


def test_masks_stack(tmp_path, mask):
    as_floats = save(tmp_path / "floats.nii", np.ones(SPACE))
    masks = read_masks([mask, as_floats])
    assert masks.dtype == np.uint8
    assert masks.shape == (2, *SPACE)
    assert masks.sum(axis=(1, 2, 3)).tolist() == [16, 120]


def test_labels_up_to_n_classes(tmp_path):
    path = save(tmp_path / "labels.nii", np.full(SPACE, 2, np.uint8))
    assert read_masks([path], n_classes=3).max() == 2
    refused(r"labels.nii has 120 voxels outside 0..1, the first 2, and is no mask", read_masks, [path])


# --- refusing ---


@pytest.mark.parametrize("value", [0.5, -1.0, np.nan, np.inf, 255.0])
def test_a_mask_with_other_values(tmp_path, value):
    values = np.zeros(SPACE, np.float32)
    values[3, 3, 3] = value
    refused("odd.nii has 1 voxels outside 0..1", read_masks, [save(tmp_path / "odd.nii", values)])


@pytest.mark.parametrize("value", [np.nan, -np.inf, 1e300])
def test_an_image_with_nan(tmp_path, value):
    values = np.zeros(SPACE)
    values[3, 3, 3] = value
    refused("1 voxels that are NaN or infinite", read_image, save(tmp_path / "nan.nii", values))


def test_missing(tmp_path):
    refused("none.nii cannot be read: No such file", read_image, tmp_path / "none.nii")
    refused("cannot be read: Is a directory", read_image, tmp_path)
    refused("expected a list of at least one file", read_masks, [])
    refused("expected a list of at least one file", read_masks, "mask.nii")


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b", b"P5 3 3 255", b"\0" * 1000, b"\x1f\x8b" + b"\0" * 400])
def test_not_nifti(tmp_path, content):
    (tmp_path / "other.nii.gz").write_bytes(content)
    refused("is not NIfTI|is truncated or damaged", read_image, tmp_path / "other.nii.gz")


def test_another_format_nibabel_knows_is_not_nifti(tmp_path):
    nib.save(nib.MGHImage(np.zeros(SPACE, np.float32), np.eye(4)), tmp_path / "brain.mgh")
    refused("is not NIfTI", read_image, tmp_path / "brain.mgh")
    nib.save(nib.Nifti1Pair(np.zeros(SPACE, np.uint8), np.eye(4)), tmp_path / "pair.hdr")
    refused("is not NIfTI, expected one .nii", read_image, tmp_path / "pair.hdr")


@pytest.mark.parametrize("name", ["mask.nii", "mask.nii.gz"])
def test_truncated_anywhere(tmp_path, name):
    content = save(tmp_path / name, np.ones(SPACE, np.uint8)).read_bytes()
    for length in [*range(0, len(content), max(1, len(content) // 40)), len(content) - 1]:
        (tmp_path / name).write_bytes(content[:length])
        refused("truncated|is not NIfTI", read_masks, [tmp_path / name])


def test_a_flipped_bit_in_a_gzip_stream_is_found(tmp_path, mask):
    content = bytearray(mask.read_bytes())
    content[-6] ^= 1  # in the stream's own checksum, which nibabel alone would never reach
    mask.write_bytes(content)
    refused("truncated or damaged", read_masks, [mask])


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 351), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_damaged_header_is_read_or_refused_never_anything_else(tmp_path, changes):
    content = bytearray(save(tmp_path / "header.nii").read_bytes())
    for position, byte in changes:
        content[position] = byte
    (tmp_path / "header.nii").write_bytes(content)
    try:
        read_image(tmp_path / "header.nii")
    except ValueError as error:
        assert "header.nii" in str(error)
        assert "\n" not in str(error)


def test_shapes_types_and_units_that_are_refused(tmp_path):
    four = save(tmp_path / "four.nii", np.zeros((3, 3, 3, 2), np.uint8))
    refused("has shape .*expected two or three axes with voxels", read_image, four)
    colour = np.zeros(SPACE, [("R", "u1"), ("G", "u1"), ("B", "u1")])
    refused("expected real numbers", read_image, save(tmp_path / "rgb.nii", colour))
    refused("expected real numbers", read_image, save(tmp_path / "c.nii", np.zeros(SPACE, np.complex64)))
    refused("measures in micron, expected mm", read_image, save(tmp_path / "u.nii", units="micron"))
    flat = save(tmp_path / "flat.nii")
    content = bytearray(flat.read_bytes())
    content[296:312] = bytes(16)  # the affine's second row
    flat.write_bytes(content)
    refused("not finite or not invertible", read_image, flat)


def test_siblings_of_another_shape(tmp_path, mask):
    other = save(tmp_path / "other.nii", np.zeros((6, 5, 5), np.uint8))
    message = refused(r"other.nii has shape \(6, 5, 5\), expected \(6, 5, 4\) like", read_masks, [mask, other])
    assert "mask.nii.gz" in message
    refused("other.nii has shape", read_image, other, like=read_grid(mask))


@pytest.mark.parametrize(
    "other",
    [
        AFFINE * np.array([-1, 1, 1, 1]),  # mirrored
        AFFINE + np.array([[0, 0, 0, 0.3]] + [[0] * 4] * 3),  # half a voxel to the side
        AFFINE @ np.diag([1.05, 1, 1, 1]),  # another spacing
    ],
)
def test_siblings_of_another_affine(tmp_path, mask, other):
    refused("has another affine than .*mask.nii.gz", read_masks, [mask, save(tmp_path / "o.nii", affine=other)])


def test_rounding_in_an_affine_is_no_other_affine(tmp_path, mask):
    turned = AFFINE.copy()
    turned[0, 1] += 0.0003  # five voxels on, 0.0015 mm
    assert len(read_masks([mask, save(tmp_path / "o.nii", affine=turned)])) == 2


# --- writing ---


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_what_is_written_comes_back_with_its_type(tmp_path, dtype, kind, rng):
    reference = save(tmp_path / "flair.nii.gz", rng.normal(size=SPACE).astype(np.float32), kind=kind)
    values = (100 * rng.random(SPACE)).astype(dtype)
    write_like(tmp_path / "map.nii.gz", values, reference)
    back = nib.load(tmp_path / "map.nii.gz")
    assert type(back) is kind
    assert back.get_data_dtype() == dtype
    assert np.asanyarray(back.dataobj).dtype == dtype, "no scaling is stored"
    np.testing.assert_array_equal(np.asanyarray(back.dataobj), values)


@pytest.mark.parametrize(("sform", "qform"), [(2, 0), (0, 1), (1, 4), (0, 0)])
def test_header_and_orientation_are_kept(tmp_path, sform, qform):
    header = nib.Nifti1Header(endianness=">")
    header.set_data_shape(SPACE)
    header.set_data_dtype(np.int16)
    turn = np.diag([-1.0, -2.0, 3.0, 1.0])
    turn[:3, 3] = 7, 8, 9
    header.set_sform(turn, sform)
    header.set_qform(turn, qform)
    header.set_xyzt_units("mm", "sec")
    header["descrip"] = b"a scanner's words"
    header["cal_max"] = 900
    header.set_slope_inter(2, 5)
    nib.save(nib.Nifti1Image(np.zeros(SPACE, np.int16), None, header), tmp_path / "reference.nii")
    write_like(tmp_path / "map.nii", np.full(SPACE, 0.25, np.float32), tmp_path / "reference.nii")
    before, after = nib.load(tmp_path / "reference.nii").header, nib.load(tmp_path / "map.nii").header
    meant_to_change = {"datatype", "bitpix", "scl_slope", "scl_inter", "cal_max", "vox_offset"}
    for key in before:
        if key not in meant_to_change:
            np.testing.assert_array_equal(after[key], before[key], err_msg=key)
    assert after.endianness == ">"
    assert after["cal_max"] == 0
    np.testing.assert_array_equal(nib.load(tmp_path / "map.nii").affine, nib.load(tmp_path / "reference.nii").affine)


def test_the_same_map_gives_the_same_bytes(tmp_path, mask):
    values = np.linspace(0, 1, 120, dtype=np.float32).reshape(SPACE)
    for name in ("first.nii.gz", "second.nii.gz"):
        write_like(tmp_path / name, values, mask)
    first = (tmp_path / "first.nii.gz").read_bytes()
    assert first == (tmp_path / "second.nii.gz").read_bytes()
    assert first[4:8] == b"\0\0\0\0", "no time of writing"
    assert gzip.decompress(first)


def test_an_existing_file_stays_unless_told(tmp_path, mask):
    before = mask.read_bytes()
    ones = np.ones(SPACE, np.uint8)
    refused("exists already and overwrite is False", write_like, mask, ones, mask)
    assert mask.read_bytes() == before
    write_like(mask, ones, mask, overwrite=True)
    assert read_masks([mask]).all()


def test_a_failed_write_leaves_what_was_there(tmp_path, mask, monkeypatch):
    def no_space(self, content):
        with self.open("wb") as stream:
            stream.write(content[:10])
        raise OSError(28, "No space left on device")

    before = mask.read_bytes()
    monkeypatch.setattr("pathlib.Path.write_bytes", no_space)
    ones = np.ones(SPACE, np.uint8)
    refused("cannot be written: No space left", write_like, mask, ones, mask, overwrite=True)
    assert mask.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["mask.nii.gz"]


def test_what_is_not_written(tmp_path, mask):
    target, ones = tmp_path / "map.nii.gz", np.ones(SPACE, np.uint8)
    refused("ends in .nii or .nii.gz", write_like, tmp_path / "map.png", ones, mask)
    refused("is not a folder", write_like, tmp_path / "none" / "map.nii", ones, mask)
    refused(r"values has shape \(6, 5\)", write_like, target, ones[..., 0], mask)
    refused("values has dtype bool", write_like, target, ones.astype(bool), mask)
    refused("values has dtype int64", write_like, target, ones.astype(np.int64), mask)
    refused("cannot be read", write_like, target, ones, tmp_path / "none.nii")
    assert [path.name for path in tmp_path.iterdir()] == ["mask.nii.gz"]


# --- your own files ---


def test_a_case_from_files(tmp_path, mask):
    flair = save(tmp_path / "flair.nii", np.full(SPACE, 7, np.int16))
    case = read_case([mask, save(tmp_path / "second.nii")], {"FLAIR": flair})
    assert case.names == ("mask", "second")
    assert case.images["FLAIR"].max() == 7
    np.testing.assert_array_equal(case.affine, nib.load(mask).affine)
    np.testing.assert_allclose(case.spacing, np.linalg.norm(AFFINE[:3, :3], axis=0), rtol=1e-6)
    labels = save(tmp_path / "labels.nii", np.full(SPACE, 2, np.uint8))
    assert read_case([labels], classes=("none", "grey", "white")).raters.max() == 2


def test_a_flat_image_is_a_case_too(tmp_path):
    path = save(tmp_path / "slice.nii", np.ones((6, 5), np.uint8))
    case = read_case([path, path])
    assert case.shape == (6, 5)
    assert len(case.spacing) == 2


def test_a_rater_who_did_not_look(tmp_path, mask):
    case = read_case([None, mask])
    assert case.raters.dtype == np.int8 and (case.raters[0] == -1).all()
    assert np.array_equal(case.raters[1], read_masks([mask])[0])
    assert case.names[0] == "rater 1, did not look"
    refused("expected a list of at least one file", read_masks, [None, None])
