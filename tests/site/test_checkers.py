"""Every check of the pages rejects a page with the fault it looks for, and accepts one without."""

from pathlib import Path

import pytest

from tests.site import looking, static

PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAAC"
SHOW = ("var f=this.closest('figure'),m=f.querySelectorAll('img'),k=+this.value;"
        "m.forEach(function(e,i){e.hidden=i!==k});"
        "f.querySelector('output').textContent=m[k].dataset.label;"
        "this.setAttribute('aria-valuetext',m[k].dataset.label)")
PICTURES = "".join(f'<img {"hidden" * (k > 0)} width="40" height="40" alt="picture {k}" data-label="{label}" '
                   f'src="{PIXEL}">' for k, label in enumerate(("one", "two", "three")))
FRAMES = f"""<figure class="frames" id="f"><label for="f-r">Step: <output>one</output></label>
<input id="f-r" type="range" min="0" max="2" value="0" aria-valuetext="one" style="width:300px" oninput="{SHOW}">
<div>{PICTURES}</div></figure>"""
GOOD = f"""<!DOCTYPE html><html lang="en"><head><title>A page</title>
<meta name="viewport" content="width=device-width"></head><body><main><h1 id="top">A page</h1>
<p><a href="#top">Up</a> <a href="other.html#there">across</a></p>{FRAMES}</main></body></html>"""


@pytest.fixture
def write(tmp_path):
    def page(html: str) -> Path:
        (tmp_path / "other.html").write_text('<html lang="en"><title>Other</title><h1 id="there">Other</h1></html>')
        (tmp_path / "page.html").write_text(html)
        static.soup.cache_clear()
        return tmp_path / "page.html"
    return page


def looked(browser, file: Path, view: str = "phone") -> dict[str, list[str]]:
    context = browser.new_context(**looking.VIEWS[view])
    page, faults = looking.visit(context, file.as_uri(), file.parent.as_uri())
    found = {"visit": faults, "barriers": looking.barriers(page), "sideways": looking.sideways(page)}
    context.close()
    return found


def test_a_good_page_passes_every_check(write, browser):
    file = write(GOOD)
    assert static.shape(file) + static.outside(file) + static.links(file, file.parent) == []
    assert looked(browser, file) == {"visit": [], "barriers": [], "sideways": []}


@pytest.mark.parametrize(("old", "new", "fault"), [
    ("<h1 id=", "<h1>Second</h1><h1 id=", "has 2 h1"),
    ('<h1 id="top">A page</h1>', '<p id="top">A page</p>', "has 0 h1"),
    ('<html lang="en">', "<html>", "language"),
    ("<title>A page</title>", "", "no title"),
    ('alt="picture 1"', "", "without alt text"),
    ('alt="picture 1"', 'alt=" "', "without alt text"),
    ('id="f-r"', 'id="top"', "the id 'top' twice"),
])
def test_shape_is_checked(write, old, new, fault):
    assert any(fault in found for found in static.shape(write(GOOD.replace(old, new, 1))))


@pytest.mark.parametrize(("old", "new", "fault"), [
    ("#top", "#elsewhere", "#elsewhere leads to no such place"),
    ("other.html#there", "other.html#nowhere", "other.html#nowhere leads to no such place"),
    ("other.html#there", "missing.html", "missing.html does not exist"),
    ("other.html#there", "../outside.html", "../outside.html does not exist"),
])
def test_links_are_checked(write, old, new, fault):
    file = write(GOOD.replace(old, new, 1))
    assert [found for found in static.links(file, file.parent) if found.startswith(fault)]


@pytest.mark.parametrize("tag", [
    '<script src="https://example.org/a.js"></script>',
    '<img alt="x" src="//example.org/a.png">',
    '<link rel="stylesheet" href="https://example.org/a.css">',
])
def test_outside_files_are_seen_in_the_source(write, tag):
    assert static.outside(write(GOOD.replace("</main>", tag + "</main>")))


@pytest.mark.parametrize(("addition", "check"), [
    ('<img alt="x" src="http://127.0.0.1:9/a.png">', "visit"),
    ("<script>fetch('http://127.0.0.1:9/a').catch(() => 0)</script>", "visit"),
    ("<script>console.error('wrong')</script>", "visit"),
    ("<script>missing()</script>", "visit"),
    ('<img alt="x" src="missing.png">', "visit"),
    ('<p style="width: 900px">wide</p>', "sideways"),
    ('<details><summary>more</summary><p style="width: 900px">wide</p></details>', "sideways"),
    ('<p style="color: #aaa; background: #fff">faint</p>', "barriers"),
    ("<button></button>", "barriers"),
    ('<input type="range">', "barriers"),
])
def test_the_browser_sees_it(write, browser, addition, check):
    assert looked(browser, write(GOOD.replace("</main>", addition + "</main>")))[check]


@pytest.mark.parametrize(("old", "new"), [
    (None, None),                                                       # the good one
    (SHOW, ""),                                                         # does nothing
    (SHOW, SHOW.replace("e.hidden=i!==k", "e.hidden=false")),           # shows all pictures
    (SHOW, SHOW.replace("m[k].dataset.label;", "'';")),                 # loses its label
    (SHOW, SHOW.split(";this.setAttribute")[0]),                        # says nothing aloud
    ('type="range"', 'type="range" onkeydown="event.preventDefault()"'),    # deaf to keys
    ('type="range"', 'type="range" onpointerdown="event.preventDefault()" onmousedown="event.preventDefault()"'),
    ('<div><img', '<button onclick="">Play</button><div><img'),         # a button that does nothing
])
def test_sliders_are_checked(write, browser, old, new):
    html = GOOD if old is None else GOOD.replace(old, new, 1)
    assert old is None or html != GOOD
    page = browser.new_page()
    page.goto(write(html).as_uri())
    faults = looking.slider(page, "f")
    page.close()
    assert bool(faults) == (old is not None), faults
