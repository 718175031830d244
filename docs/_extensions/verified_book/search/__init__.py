"""Sphinx's own search, so that it leads to the place and not to the top of a page.

``index`` mends the index, ``words`` says which words are the same, ``places`` gives the index
what can be looked for by name.  ``search.js`` is Sphinx's scorer.

Stands on ``page_notes``, ``messages`` and ``verified``.
"""

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

ROOMS = ("index", "words", "places")


def score(app, config):
    config.html_search_scorer = config.html_search_scorer or str(
        Path(__file__).with_name("search.js")
    )


def setup(app: Sphinx) -> ExtensionMetadata:
    for room in ROOMS:
        app.setup_extension(f"{__name__}.{room}")
    app.connect("config-inited", score)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
