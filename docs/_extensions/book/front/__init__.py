"""The front page: a model that writes, and a map of the pages, both made by the build.

``next_token`` shows a page's own model choosing one token after another, ``path_map`` draws what
each page stands on.  Both work without a script; ``static/front.css`` comes with pages that have
one of them.
"""

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from verified_book.assets import add_static

ROOMS = ("next_token", "path_map")
MARKS = ('class="next-token', 'class="path-map')


def add_style(app, pagename, templatename, context, doctree):
    if any(mark in context.get("body", "") for mark in MARKS):
        app.add_css_file("front.css")


def setup(app: Sphinx) -> ExtensionMetadata:
    for room in ROOMS:
        app.setup_extension(f"{__name__}.{room}")
    add_static(app, __file__)
    app.connect("html-page-context", add_style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
