"""The front page: a model that writes, a map of the pages, a specimen, all made by the build.

``next_token`` shows a page's own model choosing one token after another, ``path_map`` draws what
each page stands on, ``specimen`` shows one claim with its verdict.  They work without a script;
``static/front.css`` comes with pages that have one of them.
"""

import re

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from verified_book.assets import add_static

ROOMS = ("next_token", "path_map", "specimen")
MARKS = re.compile(r'class="(?:next-token|path-map|specimen|doors)\b')


def add_style(app, pagename, templatename, context, doctree):
    if MARKS.search(context.get("body", "")):
        app.add_css_file("front.css")


def setup(app: Sphinx) -> ExtensionMetadata:
    for room in ROOMS:
        app.setup_extension(f"{__name__}.{room}")
    add_static(app, __file__)
    app.connect("html-page-context", add_style)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
