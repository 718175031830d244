"""The HTML edition: what a page loads beside its text, and markup that all can read.

sphinx-design gives us folded boxes, which need neither its style sheet nor its script: a page
saves 10 kB without them.  What copies code comes when the reader first moves (``late.js``).
Some roles that Sphinx and docutils write into a page are wrong or deprecated, and a screen reader
would trip over them: they are put right as the page is written.
What Furo wraps keeps its id, and its wrapper has none.
The look is in ``docs/_static/book.css``; the content security policy and the first script are
in ``docs/_templates/base.html``.
"""

from pathlib import Path

from docutils import nodes
from jinja2 import FileSystemBytecodeCache
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.typing import ExtensionMetadata

UNUSED = {"sphinx-design.min.css", "design-tabs.js"}
LATE = {"copybutton.css", "clipboard.min.js", "copybutton.js"}
BODY = {
    ' role="doc-biblioentry"': "",  # deprecated in WAI-ARIA 1.3
    '<div role="list" class="citation-list">': '<div class="citation-list">',
}
NAVIGATION = {' role="heading"': ""}  # without a level; the captions are no headings of the page


class OneId(SphinxPostTransform):
    """Takes from Furo's wrappers of tables and equations the ids that they repeat."""

    default_priority = 501  # next after Furo
    formats = ("html",)

    def run(self):
        for box in self.document.findall(nodes.container):
            if {"table-wrapper", "math-wrapper"} & {*box["classes"]} and len(box):
                box["ids"] = [id_ for id_ in box["ids"] if id_ not in box[0]["ids"]]


def is_loaded(asset):
    return str(getattr(asset, "filename", asset)).rpartition("/")[2] not in UNUSED | LATE


def replaced(text, changes):
    for old, new in changes.items():
        text = text.replace(old, new)
    return text


def finish(app, pagename, templatename, context, doctree):
    """Furo has made its navigation by then."""
    for kind in ("css_files", "script_files"):
        context[kind] = list(filter(is_loaded, context[kind]))
    for part, changes in (("body", BODY), ("furo_navigation_tree", NAVIGATION)):
        if part in context:
            context[part] = replaced(context[part], changes)


def keep_templates(app):
    """Else each build compiles them, which is a tenth of one that has nothing to do."""
    if templates := getattr(app.builder, "templates", None):
        folder = Path(app.doctreedir, "templates")
        folder.mkdir(parents=True, exist_ok=True)
        templates.environment.bytecode_cache = FileSystemBytecodeCache(str(folder))


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_post_transform(OneId)
    app.connect("builder-inited", keep_templates)
    app.connect("html-page-context", finish, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
