"""Every page of the built site, from its files and in a real browser."""

import re

import pytest

from tests.site import looking, static

# Over http as on the web, and from a file as on a memory stick.
TOURS = {"wide, light": "http", "wide, dark": "file", "phone": "http"}


@pytest.fixture(scope="module", params=TOURS)
def tour(request, site, browser, serve):
    """What was found on each page in one view: {page: {"requests and errors" | "sideways" | "barriers": faults}}."""
    home = serve(site) if TOURS[request.param] == "http" else site.as_uri() + "/"
    context, found = browser.new_context(**looking.VIEWS[request.param]), {}
    for file in filter(static.is_page, static.pages(site)):
        name = file.relative_to(site).as_posix()
        page, faults = looking.visit(context, home + name, home)
        found[name] = {"barriers": looking.barriers(page), "sideways": looking.sideways(page),
                       "requests and errors": faults}
        page.close()
    context.close()
    return found


def told(found: dict, what: str) -> list[str]:
    return [f"{name} {fault}" for name, faults in found.items() for fault in faults[what]]


def test_no_request_leaves_and_no_error_shows(tour):
    assert told(tour, "requests and errors") == []


def test_no_page_scrolls_sideways(tour):
    assert told(tour, "sideways") == []


def test_no_barriers(tour):
    assert told(tour, "barriers") == []


def test_every_page_has_its_shape(site):
    assert [f"{p.name} {f}" for p in static.pages(site) if static.is_page(p) for f in static.shape(p)] == []


def test_nothing_is_loaded_from_elsewhere(site):
    assert [f"{p.name} {f}" for p in static.pages(site) for f in static.outside(p)] == []


def test_every_link_inside_the_site_leads_somewhere(site):
    assert [f"{p.name}: {f}" for p in static.pages(site) for f in static.links(p, site)] == []


def test_the_front_door_leads_to_the_first_page(site, browser):
    page = browser.new_page()
    page.goto((site / "index.html").as_uri())
    page.wait_for_url("**/book/index.html", timeout=5000)
    page.close()


def test_the_first_page_links_the_chapters_that_exist_and_no_other(site):
    rows = static.soup(site / "book" / "index.html").select("ol.chapters > li")
    linked = [a["href"].removeprefix("../notebooks/") for row in rows for a in row.select("a[href$='.html']")]
    assert linked == sorted(p.name for p in (site / "notebooks").glob("*.html")) and linked
    assert len(rows) == 11


def test_the_cover_is_seen_without_scrolling(site, browser):
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.goto((site / "book" / "index.html").as_uri())
    box = page.locator(".cover img").bounding_box()
    page.close()
    assert box["y"] + box["height"] < 900


@pytest.mark.parametrize("view", ["wide, light", "phone"])
def test_sliders_answer_mouse_and_keys(site, browser, view):
    context, faults, count = browser.new_context(**looking.VIEWS[view]), [], 0
    for file in static.pages(site):
        idents = [figure["id"] for figure in static.soup(file).select("figure.frames")]
        if idents:
            page, _ = looking.visit(context, file.as_uri(), site.as_uri())
            faults += [f"{file.name}: {fault}" for ident in idents for fault in looking.slider(page, ident)]
            page.close()
        count += len(idents)
    context.close()
    assert faults == []
    assert count, "the site has no slider to try"


def test_grey_levels_are_the_same_in_the_dark(site, browser):
    """The theme would dim every picture; in these, the grey levels are the content."""
    context = browser.new_context(**looking.VIEWS["wide, dark"])
    for file in sorted((site / "notebooks").glob("*.html")):
        page, _ = looking.visit(context, file.as_uri(), site.as_uri())
        filters = page.locator(".bd-article img").evaluate_all("all => all.map(e => getComputedStyle(e).filter)")
        assert set(filters) <= {"none"}, file.name
        page.close()
    context.close()


def test_search_works_from_a_file(site, browser):
    page = browser.new_page()
    page.goto((site / "search.html").as_uri() + "?q=kappa")
    page.wait_for_selector("#search-results ul.search li a", timeout=5000)
    assert page.locator("#search-results li a").count() > 0
    page.close()


def test_one_search_field(site):
    for file in filter(static.is_page, static.pages(site)):
        assert len(static.soup(file).select("button.search-button-field")) == 1, file.name


def test_no_page_names_the_placeholder(site):
    """While the address is the placeholder, no button or link leads to it."""
    assert [p.name for p in static.pages(site) if re.search(r'href="[^"]*/OWNER/', p.read_text(encoding="utf-8"))] == []
