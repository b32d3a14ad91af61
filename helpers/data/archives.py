"""Unpacking zip and tar archives that may come from anywhere."""

import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath, PureWindowsPath
from shutil import copyfileobj
from stat import S_ISLNK
from tempfile import TemporaryDirectory
from typing import IO

_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    EOFError,
    OSError,
    RuntimeError,
    NotImplementedError,
)


def unpack(archive: Path, folder: Path, pattern: str = "*") -> None:
    """Unpack the members whose names match `pattern` into `folder`; all of them, or none when one is bad.

    The archive is refused when any member, wanted or not, lies outside the folder or is not a plain file.
    A tar has no checksums of its own members: compare that of the archive first.
    """
    with _members(archive) as members, TemporaryDirectory(dir=folder, prefix=".unpacking-") as waiting:
        wanted = {name: start for name, start in members.items() if fnmatchcase(name, pattern)}
        if not wanted:
            raise ValueError(f"{archive.name} holds no {pattern}.")
        for name, start in wanted.items():
            target = Path(waiting) / name
            target.parent.mkdir(parents=True, exist_ok=True)
            with start() as stream, target.open("xb") as file:
                copyfileobj(stream, file)
        for name in wanted:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            os.replace(Path(waiting) / name, folder / name)


def differing(archive: Path, folder: Path, pattern: str = "*") -> list[str]:
    """Names of the members that are missing in `folder` or differ there by a byte."""
    with _members(archive) as members:
        return [
            name
            for name, start in members.items()
            if fnmatchcase(name, pattern) and not _same(start, folder / name)
        ]


def _same(start: Callable[[], IO[bytes]], path: Path) -> bool:
    if not path.is_file():
        return False
    with start() as stream, path.open("rb") as file:
        while chunk := stream.read(1 << 20):
            if file.read(len(chunk)) != chunk:
                return False
        return not file.read(1)


@contextmanager
def _members(archive: Path) -> Iterator[dict[str, Callable[[], IO[bytes]]]]:
    """Name -> a function that opens the member, for the plain files of a zip or tar archive."""
    try:
        if zipfile.is_zipfile(archive):
            with zipfile.ZipFile(archive) as opened:
                entries = [info for info in opened.infolist() if not info.is_dir()]
                links = [info.filename for info in entries if S_ISLNK(info.external_attr >> 16)]
                yield _safe(
                    archive, [(info.filename, lambda i=info: opened.open(i)) for info in entries], links
                )
        elif tarfile.is_tarfile(archive):
            with tarfile.open(archive) as opened:
                entries = [info for info in opened.getmembers() if not info.isdir()]
                links = [info.name for info in entries if not info.isfile()]
                yield _safe(
                    archive, [(info.name, lambda i=info: opened.extractfile(i)) for info in entries], links
                )
        else:
            raise ValueError(f"{archive.name} is neither a zip nor a tar archive.")
    except _DAMAGED as error:
        raise ValueError(f"{archive.name} cannot be unpacked: {error}.") from error


def _safe(archive: Path, entries: list[tuple[str, Callable]], links: list[str]) -> dict[str, Callable]:
    if links:
        raise ValueError(f"{archive.name} is refused: its member {links[0]!r} is a link or a device.")
    for name, _ in entries:
        # Read as both systems would, so that a path is refused everywhere or nowhere.
        windows, posix = PureWindowsPath(name), PurePosixPath(name)
        if windows.drive or windows.root or posix.is_absolute() or ".." in windows.parts:
            raise ValueError(f"{archive.name} is refused: its member {name!r} lies outside the folder.")
    if len({name.casefold() for name, _ in entries}) < len(entries):
        raise ValueError(f"{archive.name} is refused: it holds two members of one name.")
    return dict(entries)
