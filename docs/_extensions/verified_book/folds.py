"""What is folded behind a line of its own: ``<details>`` in the HTML, open everywhere else.

A ``details`` has a ``summary`` for its first child, which only the HTML shows.  Whatever leads to
a place inside opens it: the browser does so for links and for “find in page” where it can, and
``static/folds.js`` where it cannot.  On paper all stand open, by ``static/text.css``.

Ground floor: knows only Sphinx.
"""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from verified_book.assets import add_static
from verified_book.extra_files import is_web


class details(nodes.container):
    """What is folded; its first child is the line that opens it."""


class summary(nodes.Inline, nodes.TextElement):
    """The line that stands for a fold: inline, so that no translator is asked for it."""


def folded(line: list[nodes.Node], *content: nodes.Node, classes=()) -> details:
    """Content behind a line."""
    return details("", summary("", "", *line), *content, classes=[*classes])


def visit_details(self, node):
    if is_web(self.builder):
        self.body.append(self.starttag(node, "details"))


def depart_details(self, node):
    if is_web(self.builder):
        self.body.append("</details>\n")


def visit_summary(self, node):
    if not is_web(self.builder):
        raise nodes.SkipNode
    self.body.append("<summary>")


def depart_summary(self, node):
    self.body.append("</summary>\n")


def nothing(self, node): ...


def skip(self, node):
    raise nodes.SkipNode


def setup(app: Sphinx) -> ExtensionMetadata:
    bare, left_out = (nothing, nothing), (skip, None)
    others = ("latex", "text", "man", "texinfo")
    app.add_node(details, html=(visit_details, depart_details), **dict.fromkeys(others, bare))
    app.add_node(summary, html=(visit_summary, depart_summary), **dict.fromkeys(others, left_out))
    add_static(app, __file__)
    app.add_js_file("folds.js", loading_method="defer")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
