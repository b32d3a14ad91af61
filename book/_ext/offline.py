"""Leave out the scripts that a page needs only to reach another server.

Jupyter Book always loads sphinx-thebe, which would start a remote kernel. This site has none.
"""

from docutils import nodes
from sphinx.application import Sphinx


def is_remote(script: object) -> bool:
    """True for a script of sphinx-thebe, whether it is a file or written into the page."""
    body = (getattr(script, "attributes", None) or {}).get("body") or ""
    return "thebe" in f"{getattr(script, 'filename', script)}{body}".lower()


def drop_remote(app: Sphinx, pagename: str, templatename: str, context: dict, doctree: object) -> None:
    for files in ("script_files", "css_files"):
        context[files] = [file for file in context.get(files, []) if not is_remote(file)]


def drop_settings(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Take out the settings for a remote kernel that sphinx-thebe writes at the end of each page."""
    for node in list(doctree.findall(nodes.raw)):
        if "thebe-config" in node.astext() or node.astext().startswith("<script>kernelName"):
            node.parent.remove(node)


def setup(app: Sphinx) -> dict:
    app.connect("doctree-resolved", drop_settings, priority=900)
    app.connect("html-page-context", drop_remote, priority=900)     # after sphinx-thebe has added its own
    return {"parallel_read_safe": True, "parallel_write_safe": True}
