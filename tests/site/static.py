"""What can be told of a built site from its files alone: each check returns one sentence per fault."""

from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

LOADS = dict.fromkeys(("script", "img", "iframe", "source", "video", "audio"), "src") | {"link": "href"}


@cache
def soup(file: Path) -> BeautifulSoup:
    return BeautifulSoup(file.read_text(encoding="utf-8"), "html.parser")


def pages(site: Path) -> list[Path]:
    """Every page a reader can come to; the theme's own templates under _static are not such."""
    return sorted(p for p in site.rglob("*.html") if "_static" not in p.relative_to(site).parts)


def is_page(file: Path) -> bool:
    """False for the front door, which only sends the reader on."""
    return soup(file).find("meta", attrs={"http-equiv": "Refresh"}) is None


def shape(file: Path) -> list[str]:
    """One first heading, a language, a title, and words for every picture."""
    page, faults = soup(file), []
    # The theme keeps a second one for paper, which no screen shows.
    if (n := len([h for h in page.find_all("h1") if not h.find_parent(id="jb-print-docs-body")])) != 1:
        faults.append(f"has {n} h1, expected one")
    if not page.html.get("lang"):
        faults.append("does not say its language")
    if not (page.title and page.title.text.strip()):
        faults.append("has no title")
    faults += [f"shows {str(i.get('src'))[:60]} without alt text" for i in page.find_all("img")
               if not (i.get("alt") or "").strip() and i.get("role") != "presentation"]
    ids = [tag["id"] for tag in page.find_all(id=True)]
    faults += [f"uses the id {name!r} twice" for name in sorted({i for i in ids if ids.count(i) > 1})]
    return faults


def outside(file: Path) -> list[str]:
    """Scripts, styles and pictures that would be fetched from elsewhere."""
    return [f"loads {tag[LOADS[tag.name]]}" for tag in soup(file).find_all(list(LOADS))
            if urlsplit(tag.get(LOADS[tag.name], "")).netloc and tag.get("rel") != ["canonical"]]


def links(file: Path, site: Path) -> list[str]:
    """Links and files that lead nowhere inside the site."""
    faults = []
    for tag in soup(file).find_all(lambda t: t.get("href") is not None or t.get("src") is not None):
        target = tag.get("href", tag.get("src"))
        parts = urlsplit(target)
        if parts.scheme or parts.netloc or target in ("", "#"):
            continue
        to = (file.parent / unquote(parts.path)).resolve() if parts.path else file
        if to.is_dir():
            to = to / "index.html"
        if not to.is_relative_to(site.resolve()) or not to.exists():
            faults.append(f"{target} does not exist")
        elif parts.fragment and to.suffix == ".html" and not has(to, unquote(parts.fragment)):
            faults.append(f"{target} leads to no such place on that page")
    return faults


def has(file: Path, anchor: str) -> bool:
    page = soup(file)
    return page.find(id=anchor) is not None or page.find("a", attrs={"name": anchor}) is not None
