"""The files of the manifest on this disk: where they lie, whether they are right, and how they get there."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from helpers.data.archives import differing, unpack
from helpers.data.manifest import SETS, DataSet, File
from helpers.data.receive import DownloadError, SpoiltError, receive


def data_root() -> Path:
    """Where data lies: COURSE_DATA, else `data/` beside data_download.py, else a folder in your home."""
    if named := os.environ.get("COURSE_DATA"):
        return Path(named).expanduser()
    repository = Path(__file__).resolve().parents[2]
    if (repository / "data_download.py").is_file():
        return repository / "data"
    return Path.home() / ".cache" / "when-experts-disagree"


def addresses(file: File) -> tuple[str, ...]:
    """Where to fetch from: the folder or address COURSE_MIRROR when it is set, else the public addresses."""
    mirror = os.environ.get("COURSE_MIRROR")
    if not mirror:
        return file.urls
    if "://" not in mirror:
        if not Path(mirror).expanduser().is_dir():
            raise DownloadError(f"COURSE_MIRROR is {mirror}, expected a folder that exists.")
        mirror = Path(mirror).expanduser().resolve().as_uri()
    return (f"{mirror.rstrip('/')}/{quote(file.path)}",)


def problem(file: File, root: Path) -> str:
    """What is wrong with the file as it lies there, in words; empty when it is right."""
    path = root / file.path
    try:
        if not path.is_file():
            return "is missing"
        if found := _mismatch(path, file):
            return found
        if file.unpack and (names := differing(path, path.parent, file.unpack)):
            return f"is right, but {names[0]} unpacked from it is missing or damaged"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return ""


def is_there(file: File, root: Path) -> bool:
    """A quick look: the file is there and has its size."""
    path = root / file.path
    return path.is_file() and file.size in (None, path.stat().st_size)


def begun(dataset: DataSet, root: Path) -> bool:
    """Whether any file is there that no earlier set of the table holds."""
    earlier: set[str] = set()
    for entry in SETS.values():
        if entry.name == dataset.name:
            break
        earlier.update(file.path for file in entry.files)
    return any((root / file.path).is_file() for file in dataset.files if file.path not in earlier)


def fetch(file: File, root: Path, report: Callable[[int], None] = lambda received: None) -> None:
    """Make the file lie under `root`, whole and verified; `report` hears how many bytes have come."""
    target = root / file.path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_file() or _mismatch(target, file):
            part = target.with_name(target.name + ".part")
            _from_any(file, part, report)
            os.replace(part, target)
        if file.unpack and differing(target, target.parent, file.unpack):
            unpack(target, target.parent, file.unpack)
    except OSError as error:
        raise DownloadError(f"{target} cannot be written: {error.strerror}.") from error


def _from_any(file: File, part: Path, report: Callable[[int], None]) -> None:
    reasons = []
    for url in addresses(file):
        try:
            _whole(url, file, part, report)
            return
        except DownloadError as error:
            reasons.append(f"{url}: {error}")
    raise DownloadError(f"{file.path} was not fetched ({'; '.join(reasons)}).")


def _whole(url: str, file: File, part: Path, report: Callable[[int], None]) -> None:
    resumed = part.exists()
    try:
        receive(url, part, file.size, report)
        if found := _mismatch(part, file):
            raise SpoiltError(f"it came corrupted and {found}")
    except SpoiltError:
        part.unlink(missing_ok=True)
        if not resumed:
            raise
        _whole(
            url, file, part, report
        )  # the beginning left from before may be to blame: once more, all of it


def _mismatch(path: Path, file: File) -> str:
    size = path.stat().st_size
    if file.size not in (None, size):
        return f"has {size} bytes, expected {file.size}"
    kind, expected = file.checksum.split(":")
    found = digest(path, kind)
    return "" if found == expected else f"has {kind} {found}, expected {expected}"


def digest(path: Path, kind: str) -> str:
    """The checksum of a file: "md5", "sha256", or "git", the id of a blob: sha1(b"blob <bytes>\\0" + it)."""
    state = hashlib.new("sha1" if kind == "git" else kind, usedforsecurity=False)
    if kind == "git":
        state.update(b"blob %d\0" % path.stat().st_size)
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            state.update(chunk)
    return state.hexdigest()
