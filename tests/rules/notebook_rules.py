"""What a chapter must look like: each rule is a small function that returns one sentence per breach.

A rule takes the notebook and its path; `path.parent.parent` is the root of the repository.
tests/rules/test_notebook_rules.py shows each of them notebooks that it must reject.
"""

from pathlib import Path

from nbformat import NotebookNode

from tests.rules.chapter import anatomy, outputs, text  # noqa: F401   (each enters its rules)
from tests.rules.chapter.reading import RULES


def breaches(notebook: NotebookNode, path: Path) -> list[str]:
    """Every breach of every rule."""
    return [f"{path.name}: {name}: {sentence}" for name, check in RULES.items() for sentence in check(notebook, path)]
