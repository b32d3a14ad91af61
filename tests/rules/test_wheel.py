"""What pip installs is what the repository holds: no package, data file or table is left behind."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def missing_packages(root: Path, listed: list[str]) -> set[str]:
    """Folders under helpers/ with an __init__.py that are not listed."""
    there = {".".join(path.parent.relative_to(root).parts) for path in root.glob("helpers/**/__init__.py")}
    return there - set(listed)


def missing_files(root: Path, packages: list[str], folders: dict[str, str], patterns: list[str]) -> list[str]:
    """Files beside the code, and tables in results/, that no pattern takes along."""
    homes = [root / folders.get(package, package.replace(".", "/")) for package in packages]
    files = [path for folder in ("helpers", "results") for path in sorted((root / folder).rglob("*"))
             if path.is_file() and path.suffix not in {".py", ".pyc", ".part"}]

    def taken(path: Path) -> bool:
        return any(path.is_relative_to(home) and path.relative_to(home).as_posix().count("/") == pattern.count("/")
                   and fnmatch(path.relative_to(home).as_posix(), pattern) for home in homes for pattern in patterns)

    return [path.relative_to(root).as_posix() for path in files if not taken(path)]


def test_every_package_is_installed():
    assert not missing_packages(ROOT, SETUPTOOLS["packages"])


def test_every_data_file_and_table_is_installed():
    assert not missing_files(ROOT, SETUPTOOLS["packages"], SETUPTOOLS["package-dir"], SETUPTOOLS["package-data"]["*"])


@pytest.mark.parametrize("pattern", SETUPTOOLS["package-data"]["*"])
def test_every_pattern_is_needed(pattern):
    """So the checker rejects: without any one pattern something is left behind."""
    patterns = [other for other in SETUPTOOLS["package-data"]["*"] if other != pattern]
    assert missing_files(ROOT, SETUPTOOLS["packages"], SETUPTOOLS["package-dir"], patterns)


def test_an_unlisted_package_is_noticed():
    assert missing_packages(ROOT, ["helpers"])
