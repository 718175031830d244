"""The HTML edition: what a page loads beside its text, and what it goes without.

sphinx-design gives us folded boxes, which need neither its style sheet nor its script: a page
saves 10 kB without them.  The look is in ``docs/_static/book.css``; the content security policy
and the first script are in ``docs/_templates/base.html``.

Knows nothing of the book, only of Sphinx.
"""

UNUSED = {"sphinx-design.min.css", "design-tabs.js"}


def is_used(asset):
    return str(getattr(asset, "filename", asset)).rpartition("/")[2] not in UNUSED


def choose_assets(app, pagename, templatename, context, doctree):
    for kind in ("css_files", "script_files"):
        context[kind] = list(filter(is_used, context[kind]))


def setup(app):
    app.connect("html-page-context", choose_assets)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
