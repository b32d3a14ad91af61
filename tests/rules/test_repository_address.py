"""The address of the repository is written once, in _config.yml; every other place agrees with it."""

import importlib.util
import json
import re
import shutil
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from scripts.set_repository import ADDRESS, current, main, places

ROOT = Path(__file__).resolve().parents[2]
NEW = "https://github.com/somebody/fusion-course"
# An address that means this repository, whoever owns it: it installs from it, opens it on Colab, or bears its name.
OURS = r"(?:git\+https://github\.com/|colab\.research\.google\.com/github/)([\w.-]+/[\w-]+)|github\.com/([\w.-]+/(?:{names}))(?![\w-])"


def disagreements(root: Path) -> list[str]:
    """One sentence for each place that holds another address than _config.yml."""
    url = current(root)
    slug = url.removeprefix("https://github.com/")
    claims = {"CITATION.cff: repository-code": yaml.safe_load((root / "CITATION.cff").read_text())["repository-code"]}
    for name, link in tomllib.loads((root / "pyproject.toml").read_text())["project"].get("urls", {}).items():
        claims[f"pyproject.toml: {name}"] = match[0] if (match := ADDRESS.match(link)) else link
    found = [f"{place} is {claim}, expected {url}" for place, claim in claims.items() if claim.rstrip("/") != url]
    names = {slug.split("/")[1], extension().PLACEHOLDER.split("/")[-1]}      # what it is called, and once was
    ours = re.compile(OURS.format(names="|".join(map(re.escape, sorted(names)))))
    for path in places(root):
        for a, b in ours.findall(path.read_text(encoding="utf-8")):
            if (a or b).removesuffix(".git") != slug:
                found.append(f"{path.relative_to(root)} holds {a or b}, expected {slug}")
    return found


def test_every_place_agrees():
    assert disagreements(ROOT) == []


def small(root: Path) -> Path:
    """A repository of the fewest files that hold the address."""
    for name in ("_config.yml", "CITATION.cff", "pyproject.toml"):
        shutil.copy(ROOT / name, root / name)
    url, slug = current(root), current(root).removeprefix("https://github.com/")
    (root / "README.md").write_text(
        f"[Open](https://colab.research.google.com/github/{slug}/blob/main/notebooks/01_x.ipynb)\n"
        f"`git clone {url}.git`, not https://github.com/somebody-else/{slug.split('/')[1]}-too\n")
    (root / "notebooks").mkdir()
    cell = {"cell_type": "code", "source": [f'    %pip install -q --no-deps "git+{url}@v0.1.0"']}
    (root / "notebooks" / "01_x.ipynb").write_text(json.dumps({"cells": [cell]}))
    return root


@pytest.mark.parametrize("name", ["CITATION.cff", "README.md", "notebooks/01_x.ipynb"])
def test_one_place_that_differs_is_found(tmp_path, name):
    root = small(tmp_path)
    assert disagreements(root) == []
    slug = current(root).removeprefix("https://github.com/")
    (root / name).write_text((root / name).read_text().replace(slug, "nobody/" + slug.split("/")[1]))
    assert disagreements(root) and all(name in sentence for sentence in disagreements(root))


def test_one_command_changes_every_place_and_back(tmp_path, capsys):
    root = small(tmp_path)
    before, old = {path: path.read_bytes() for path in places(root)}, current(root)
    assert main([NEW + ".git"], root) == 0
    assert current(root) == NEW and disagreements(root) == []
    assert "README.md" in capsys.readouterr().out
    readme = (root / "README.md").read_text()
    assert "github/somebody/fusion-course/blob/main" in readme
    assert f"somebody-else/{old.split('/')[-1]}-too" in readme        # another repository, left alone
    assert main([NEW], root) == 0 and "nothing to change" in capsys.readouterr().out
    assert main([old], root) == 0
    assert {path: path.read_bytes() for path in places(root)} == before


@pytest.mark.parametrize("wrong", [[], [""], ["github.com/a/b"], ["https://github.com/a"], ["https://example.org/a/b"],
                                   ["https://github.com/a/b/tree/main"], [NEW, NEW]])
def test_a_wrong_address_changes_nothing(tmp_path, capsys, wrong):
    root = small(tmp_path)
    before = {path: path.read_bytes() for path in places(root)}
    assert main(wrong, root) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert {path: path.read_bytes() for path in places(root)} == before


def extension():
    spec = importlib.util.spec_from_file_location("repository", ROOT / "book" / "_ext" / "repository.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("ending", ["", "/"])
def test_no_button_leads_to_the_placeholder(ending):
    repository = extension()
    options = {"repository_url": repository.PLACEHOLDER + ending, "use_repository_button": True,
               "launch_buttons": {"colab_url": "https://colab.research.google.com"}}
    repository.drop_dead_buttons(None, SimpleNamespace(html_theme_options=options))
    assert not options["use_repository_button"] and not options["use_issues_button"] and not options["launch_buttons"]


def test_buttons_lead_to_a_real_address():
    options = {"repository_url": NEW, "use_repository_button": True, "launch_buttons": {"colab_url": "x"}}
    unchanged = dict(options)
    extension().drop_dead_buttons(None, SimpleNamespace(html_theme_options=options))
    assert options == unchanged
