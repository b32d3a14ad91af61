"""Leave out the scripts that a page needs only to reach another server.

Jupyter Book always loads sphinx-thebe, which would start a remote kernel. This site has none.
"""

from sphinx.application import Sphinx


def is_remote(script: object) -> bool:
    """True for a script of sphinx-thebe, whether it is a file or written into the page."""
    body = (getattr(script, "attributes", None) or {}).get("body") or ""
    return "thebe" in f"{getattr(script, 'filename', script)}{body}".lower()


def drop_remote(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object) -> None:
    for files in ("script_files", "css_files"):
        context[files] = [file for file in context.get(files, []) if not is_remote(file)]


def setup(app: Sphinx) -> dict:
    app.connect("html-page-context", drop_remote, priority=900)     # after sphinx-thebe has added its own
    return {"parallel_read_safe": True, "parallel_write_safe": True}
