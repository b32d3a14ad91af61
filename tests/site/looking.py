"""What only a browser can tell of a page: each check returns one sentence per fault."""

from pathlib import Path

from playwright.sync_api import BrowserContext, Page

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
VIEWS = {
    "wide, light": {"viewport": {"width": 1400, "height": 900}, "color_scheme": "light"},
    "wide, dark": {"viewport": {"width": 1400, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}, "color_scheme": "light", "has_touch": True},
}
SETTLED = "window.MathJax && MathJax.startup ? MathJax.startup.promise.then(() => true) : true"


def visit(context: BrowserContext, url: str, home: str) -> tuple[Page, list[str]]:
    """Open a page; `home` is how the addresses of the site itself begin."""
    page, faults = context.new_page(), []

    def asked(address: str) -> None:
        if not address.startswith((home, "data:", "blob:")):
            faults.append(f"asks for {address}")

    page.on("request", lambda request: asked(request.url))
    page.on("websocket", lambda socket: asked(socket.url))
    page.on("requestfailed", lambda request: faults.append(f"cannot load {request.url}"))
    page.on("response", lambda r: faults.append(f"gets {r.status} for {r.url}") if r.status >= 400 else None)
    page.on("console", lambda message: faults.append(f"logs {message.text}") if message.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(f"fails: {error}"))
    page.goto(url, wait_until="load")
    page.evaluate(SETTLED)
    page.wait_for_timeout(150)              # for the little that scripts do after loading
    return page, faults


def sideways(page: Page) -> list[str]:
    """What sticks out of the page to the right, once everything foldable is open."""
    page.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
    wide, view = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return [f"is {wide} pixels wide where {view} can be seen"] if wide > view + 1 else []


def barriers(page: Page) -> list[str]:
    """What axe-core finds."""
    page.add_script_tag(path=AXE)
    found = page.evaluate("axe.run(document, {resultTypes: ['violations'], preload: false})")["violations"]
    return [f"axe {rule['id']}: {node['html'][:160]}" for rule in found for node in rule["nodes"][:3]]


def state(page: Page, ident: str) -> tuple[int, str, list[int]]:
    """Where the slider stands, what its label says, and which pictures can be seen."""
    return tuple(page.evaluate("""id => { const f = document.getElementById(id), m = [...f.querySelectorAll('img')];
        return [+f.querySelector('input').value, f.querySelector('output').textContent,
                m.map((e, k) => e.checkVisibility() ? k : -1).filter(k => k >= 0)] }""", ident))


def slider(page: Page, ident: str) -> list[str]:
    """A frame slider answers keys, mouse and its button, shows one picture at a time, and says which."""
    figure, faults, where = page.locator(f"[id='{ident}']"), [], page.url
    labels = figure.locator("img").evaluate_all("all => all.map(e => e.dataset.label)")
    bar, button = figure.locator("input[type=range]"), figure.locator("button")
    bar.scroll_into_view_if_needed()

    def expect(frame: int, after: str) -> None:
        if state(page, ident) != (frame, labels[frame], [frame]):
            faults.append(f"slider {ident} shows {state(page, ident)} after {after}, expected frame {frame}")
        elif bar.get_attribute("aria-valuetext") != labels[frame]:
            faults.append(f"slider {ident} does not say {labels[frame]!r} aloud after {after}")

    bar.focus()
    for key, frame in (("End", len(labels) - 1), ("Home", 0), ("ArrowRight", 1), ("ArrowLeft", 0)):
        page.keyboard.press(key)
        expect(frame, key)
    box = bar.bounding_box()
    page.mouse.click(box["x"] + box["width"] - 3, box["y"] + box["height"] / 2)
    expect(len(labels) - 1, "a click at the right end")
    page.mouse.move(box["x"] + box["width"] - 3, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 3, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    expect(0, "a drag to the left end")
    if button.count():
        button.first.click()
        if state(page, ident)[0] == 0:
            faults.append(f"slider {ident} does not move when its button is pressed")
        button.first.click()
    if page.url != where:
        faults.append(f"slider {ident} leads away from its page")
    return faults
