"""environment.yml says what pyproject.toml says, and constraints.txt lies within both."""

import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from rattler import MatchSpec

ROOT = Path(__file__).resolve().parents[2]
CONDA_NAME = {"torch": "pytorch"}                       # by PyPI's name, where conda-forge has another
FROM_PIP = {"simpleitk", "playwright"}                  # conda-forge has them late, or split up


def project() -> dict[str, str]:
    """Package -> range, over the dependencies and all extras of pyproject.toml; Python too."""
    table = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = table["dependencies"] + [line for extra in table["optional-dependencies"].values() for line in extra]
    requirements = [Requirement(line) for line in lines]
    return {"python": table["requires-python"]} | {r.name.lower(): str(r.specifier) for r in requirements}


def ranges(name_to_range: dict[str, str]) -> dict[str, set[str]]:
    return {name: set(text.replace(" ", "").split(",")) for name, text in name_to_range.items()}


def differences(environment: str, wanted: dict[str, str]) -> list[str]:
    """One sentence per package on which the two disagree; conda's own parser reads conda's lines."""
    lines = yaml.safe_load(environment)["dependencies"]
    [pip] = [line["pip"] for line in lines if isinstance(line, dict)]
    conda = [MatchSpec(line) for line in lines if isinstance(line, str) and line != "pip"]
    found = {spec.name.normalized: str(spec.version or "") for spec in conda}
    found |= {r.name.lower(): str(r.specifier) for r in map(Requirement, (line for line in pip if line != "-e ."))}
    want = ranges({CONDA_NAME.get(name, name): text for name, text in wanted.items()})
    have = ranges(found)
    return [f"{name} is {sorted(have.get(name, []))} for conda and {sorted(want.get(name, []))} in pyproject.toml"
            for name in sorted(set(want) | set(have)) if want.get(name) != have.get(name)]


def test_environment_is_the_twin_of_pyproject():
    text = (ROOT / "environment.yml").read_text()
    assert differences(text, project()) == []
    [pip] = [line["pip"] for line in yaml.safe_load(text)["dependencies"] if isinstance(line, dict)]
    assert pip[-1] == "-e ." and {Requirement(line).name for line in pip[:-1]} == FROM_PIP


@pytest.mark.parametrize("old, new", [
    ("numpy >=2.1", "numpy >=2.2"), ("jupyter-book >=1.0.4.post1,<2", "jupyter-book >=1.0.4.post1"),
    ("  - nibabel >=5.4\n", ""), ("  - pip\n", "  - pip\n  - pandas\n"), ("python >=3.11", "python >=3.10"),
])
def test_a_difference_is_seen(old, new):
    text = (ROOT / "environment.yml").read_text()
    assert old in text
    assert len(differences(text.replace(old, new, 1), project())) == 1


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [Requirement(line) for line in lines if line and not line.startswith("#")]
    assert all(len(pin.specifier) == 1 and str(pin.specifier).startswith("==") for pin in pins)
    return {canonicalize_name(pin.name): str(pin.specifier)[2:] for pin in pins}


def test_constraints_lie_within_the_ranges():
    pins = constraints()
    assert pins["torch"] == "2.13.0"
    for name, text in project().items():
        if name != "python":
            assert Requirement(f"{name}{text}").specifier.contains(pins[canonicalize_name(name)]), name
