"""Ask every web address in the text of the repository whether it still answers.

    python scripts/link_check.py

Needs the network and nothing but Python. The placeholder address is left alone.
"""

import re
import sys
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEXT = {".md", ".ipynb", ".bib", ".cff", ".yml", ".toml", ".py", ".txt"}
LEFT_OUT = {".git", ".venv", "_build", "_static", "vendor", "tests", "data"}
ALIVE = {401, 403, 405, 429}        # the server is there and does not like robots
DOI = re.compile(r"^\s*doi\s*[:=]\s*[{\"']?(10\.[^\s}\"']+)", re.M | re.I)


def addresses(text: str) -> set[str]:
    """The web addresses in a text, DOIs of a bibliography among them."""
    found = {address.rstrip(".,;:!?*_") for address in re.findall(r"https?://[^\s<>\"'`\\)\]}{|]+", text)}
    found |= {f"https://doi.org/{doi}" for doi in DOI.findall(text)}
    return {address for address in found if "OWNER" not in address and re.match(r"https?://[\w-]+\.\w", address)}


def problem(address: str) -> str | None:
    """None where the address answers; else what went wrong, after two tries."""
    request = urllib.request.Request(address, headers={"User-Agent": "Mozilla/5.0 (link check of a course)"})
    for attempt in (1, 2):
        try:
            with urllib.request.urlopen(request, timeout=30):
                return None
        except urllib.error.HTTPError as error:
            if error.code in ALIVE:
                return None
            found = f"{error.code}"
        except (OSError, ValueError) as error:
            found = f"{error}"
        if attempt == 2:
            return found
    return None


def main() -> int:
    places: dict[str, str] = {}
    for path in sorted(ROOT.rglob("*")):
        name = path.relative_to(ROOT)
        if path.suffix in TEXT and path.is_file() and not LEFT_OUT & set(name.parts):
            for address in addresses(path.read_text(encoding="utf-8")):
                places.setdefault(address, str(name))
    with ThreadPoolExecutor(8) as pool:
        answers = dict(zip(places, pool.map(problem, places), strict=True))
    broken = {address: answer for address, answer in answers.items() if answer}
    for address, answer in broken.items():
        print(f"{places[address]}: {address}: {answer}")
    print(f"{len(places)} addresses, {len(broken)} do not answer.")
    return int(bool(broken))


if __name__ == "__main__":
    sys.exit(main())
