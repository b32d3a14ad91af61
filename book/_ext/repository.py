"""Show the buttons that lead to the repository and to Colab only once there is a repository to lead to."""

from sphinx.application import Sphinx
from sphinx.config import Config

PLACEHOLDER = "https://github.com/OWNER/when-experts-disagree"


def drop_dead_buttons(app: Sphinx, config: Config) -> None:
    options = config.html_theme_options
    if options.get("repository_url", PLACEHOLDER).rstrip("/") == PLACEHOLDER:
        options.update(use_repository_button=False, use_issues_button=False, use_edit_page_button=False,
                       launch_buttons={})


def setup(app: Sphinx) -> dict:
    app.connect("config-inited", drop_dead_buttons)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
