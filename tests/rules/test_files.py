"""Workflows, citation, licences, links and what must never be committed."""

import json
import re
import subprocess
import tomllib
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from jsonschema.validators import validator_for

import helpers
from scripts.new_chapter import address

ROOT = Path(__file__).resolve().parents[2]
BUILT = {".git", ".venv", "_build", "__pycache__", ".pytest_cache", ".ruff_cache", ".hypothesis", "data"}
# Put together here, so that this file does not name what it looks for.
REGISTRIES = ["python" + "hosted", "py" + "pi.org", "npm" + "js", "deb." + "debian", "download." + "pytorch"]
BOOL = "tag:yaml.org,2002:bool"
MACHINE = re.compile(r"(?<![\w.~}-])/(?:home|root|tmp|work|farm|Users)/\w")


def committed() -> list[Path]:
    """The tracked files; where there is no git, all files but the built ones."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0 and listed.stdout:
        return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]
    return [path for path in ROOT.rglob("*") if path.is_file() and not BUILT & set(path.relative_to(ROOT).parts[:1])]


def text_files(*suffixes: str) -> list[Path]:
    return [path for path in committed() if "vendor" not in path.parts
            and (path.suffix in suffixes if suffixes else b"\0" not in path.read_bytes()[:4096])]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


# ---- what must not be there ----

def unwanted(text: str, name: str = "helpers/x.py") -> list[str]:
    found = [f"{name} names a package registry: {host}" for host in REGISTRIES if host in text]
    paths = [] if name.startswith("tests/unit/") else MACHINE.findall(text)         # units try hostile paths
    return found + [f"{name} names a path of a machine: {path}" for path in paths]


def test_no_registry_and_no_machine():
    found = [what for path in text_files() for what in unwanted(path.read_text(errors="replace"), name_of(path))]
    assert not found, "\n" + "\n".join(found)


@pytest.mark.parametrize("text", [*REGISTRIES, "see /" + "home/ada/data", "in '/" + "tmp/x'"])
def test_unwanted_is_seen(text):
    assert unwanted(text)


def test_committed_files_are_small():
    """Nothing over 4 MB: data sets that large are downloaded."""
    assert [name_of(path) for path in committed() if path.stat().st_size > 4_000_000] == []


# ---- links ----

def dead_links(text: str, folder: Path) -> list[str]:
    """Relative links of a Markdown text that lead to no file."""
    text = re.sub(r"```.*?```|`[^`\n]*`", "", text, flags=re.S)
    targets = re.findall(r"\]\(<?([^)\s>]+)>?[^)]*\)", text)
    return [target for target in targets if not re.match(r"[a-z]+:|#", target)
            and (target.startswith("/") or not (folder / target.split("#")[0]).exists())]


@pytest.mark.parametrize("path", text_files(".md"), ids=name_of)
def test_links_lead_somewhere(path):
    assert dead_links(path.read_text(), path.parent) == []


def test_a_dead_link_is_seen(tmp_path):
    (tmp_path / "there.md").touch()
    text = "[a](there.md#part) [b](https://example.org) [c](#here) `[d](code.md)` [e](gone.md) [f](/there.md)"
    assert dead_links(text, tmp_path) == ["gone.md", "/there.md"]


# ---- schemas ----

def schema_errors(name: str, path: Path) -> list[str]:
    """What is wrong by the schema that check-jsonschema carries with it: nothing is fetched."""
    schema = json.loads((files("check_jsonschema") / "builtin_schemas" / "vendor" / f"{name}.json").read_text())
    content = json.loads(json.dumps(yaml.load(path.read_text(), Loader=WithoutDates)))
    return [f"{path.name}: {error.message}" for error in validator_for(schema)(schema).iter_errors(content)]


class WithoutDates(yaml.SafeLoader):
    """YAML as JSON has it: `on` is a word and a date is a string."""


WithoutDates.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag not in ("tag:yaml.org,2002:timestamp", BOOL)]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()}
WithoutDates.add_implicit_resolver(BOOL, re.compile(r"^(?:true|false)$"), list("tf"))


WORKFLOWS = {path.stem: path for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))}


def test_workflows_are_valid():
    assert set(WORKFLOWS) == {"ci", "gpu", "weekly", "publish"}
    assert [error for path in WORKFLOWS.values() for error in schema_errors("github-workflows", path)] == []


@pytest.mark.parametrize("old, new", [("runs-on:", "run-on:"), ("steps:", "step:"), ("\non:", "\nwhen:")])
def test_a_broken_workflow_is_seen(tmp_path, old, new):
    text = WORKFLOWS["ci"].read_text()
    assert old in text
    (tmp_path / "ci.yml").write_text(text.replace(old, new, 1))
    assert schema_errors("github-workflows", tmp_path / "ci.yml")


def test_workflows_do_what_they_are_for():
    """What the schema cannot know: nobody may write but the deployment, each job ends, and CI is `make test`."""
    texts = {name: path.read_text() for name, path in WORKFLOWS.items()}
    for name, text in texts.items():
        content = yaml.safe_load(text)
        assert content["permissions"] == {"contents": "read"}, name
        assert all("timeout-minutes" in job for job in content["jobs"].values()), name
    steps = [step["run"] for step in yaml.safe_load(texts["ci"])["jobs"]["test"]["steps"] if "run" in step]
    assert steps == ['git config --global --add safe.directory "$GITHUB_WORKSPACE"', ".ci/run"]
    assert "torch.cuda.is_available()" in texts["gpu"]
    assert "PROFILE full" in texts["gpu"]
    assert "build_site.py --executed" in texts["publish"]


def test_every_script_a_workflow_calls_exists():
    called = [name for path in WORKFLOWS.values() for name in re.findall(r"scripts/\w+\.py|\.ci/run", path.read_text())]
    assert called
    assert [name for name in called if not (ROOT / name).exists()] == []


def test_ci_is_make_test_and_nothing_else():
    lines = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if line.strip()]
    assert lines[:2] == ["#!/usr/bin/env bash", "set -euo pipefail"]
    assert lines[2:] == ['cd "$(dirname "$0")/.."', "exec make test"]


def test_citation_is_valid(tmp_path):
    assert schema_errors("citation-file-format", ROOT / "CITATION.cff") == []
    (tmp_path / "CITATION.cff").write_text((ROOT / "CITATION.cff").read_text().replace("authors:", "writers:"))
    assert schema_errors("citation-file-format", tmp_path / "CITATION.cff")


def test_one_version_one_address_one_licence():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert project["version"] == citation["version"] == helpers.__version__ == version("when-experts-disagree")
    assert citation["repository-code"] == address(ROOT)
    assert project["license"] in citation["license"]
    assert f"## {project['version']} " in (ROOT / "CHANGELOG.md").read_text()
    assert (ROOT / "LICENSE").read_text().startswith("BSD 3-Clause License")
    assert "CC-BY-4.0" in (ROOT / "LICENSE-TEXT").read_text()


def test_hooks_call_only_what_is_here():
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [repo["repo"] for repo in hooks] == ["local"]
    for hook in hooks[0]["hooks"]:
        assert hook["language"] == "system"
        for name in re.findall(r"(?:scripts|tests)/\S+", hook["entry"]):
            assert (ROOT / name).exists(), name
