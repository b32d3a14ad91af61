"""Write the public address of the repository everywhere at once.

    python scripts/set_repository.py https://github.com/NAME/REPOSITORY

`_config.yml` says what the address is; every other place follows from it: the set-up cells of the notebooks, badges,
CITATION.cff, pyproject.toml, README.md and the rest of the text. The book itself takes it from `_config.yml`.
"""

import re
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = re.compile(r"https://github\.com/[\w.-]+/[\w.-]+")
TEXT = {".md", ".yml", ".yaml", ".toml", ".cff", ".ipynb", ".py", ".txt", ".cfg"}
# What is not ours, what is built, and what must go on knowing the placeholder.
LEFT_OUT = {".git", ".venv", "_build", "data", "tests", "book/_ext", "book/_static"}


def current(root: Path = ROOT) -> str:
    """The address that `_config.yml` holds."""
    return yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"].rstrip("/")


def places(root: Path = ROOT) -> list[Path]:
    """The text files in which the address may stand."""
    def left_out(path: Path) -> bool:
        return any(str(folder) in LEFT_OUT for folder in path.relative_to(root).parents)

    return [path for path in sorted(root.rglob("*")) if path.suffix in TEXT and path.is_file() and not left_out(path)]


def replace(text: str, old: str, new: str) -> str:
    """`text` with one address for another, also where Colab or Actions name the repository after their own."""
    old, new = old.removeprefix("https://github.com/"), new.removeprefix("https://github.com/")
    return re.sub(rf"(github\.com/|/github/){re.escape(old)}(?![\w-])", rf"\g<1>{new}", text)


def main(arguments: list[str], root: Path = ROOT) -> int:
    if len(arguments) != 1 or not ADDRESS.fullmatch(arguments[0].removesuffix("/").removesuffix(".git")):
        found = " ".join(arguments) or "nothing"
        print(f"error: URL is {found}, expected one address like https://github.com/NAME/REPOSITORY", file=sys.stderr)
        return 2
    new, old, changed = arguments[0].removesuffix("/").removesuffix(".git"), current(root), []
    for path in places(root):
        before = path.read_text(encoding="utf-8")
        if (after := replace(before, old, new)) != before:
            path.write_text(after, encoding="utf-8")
            changed.append(path.relative_to(root).as_posix())
    print(f"{old} -> {new}: " + (", ".join(changed) if changed else "nothing to change"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
