"""At the foot of a page: edit it, see its history, report an error.

Where no ``repository_url`` is set there is nothing to edit, and an error is reported as the
book says.  Stands on ``ledger``, which knows where an error is reported.
"""

from html import escape

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from ledger.links import reporting
from verified_book.extra_files import is_web
from verified_book.languages import _


def page_links(app, docname):
    title = app.env.titles[docname].astext()
    report = reporting(app.builder, docname, title, docname)
    links = [(report, _("Report an error"))] if report else []
    if repository := app.config.repository_url.rstrip("/"):
        file = f"{app.config.repository_branch}/docs/{docname}.md"
        edit = (f"{repository}/edit/{file}", _("Edit this page"))
        links = [edit, (f"{repository}/commits/{file}", _("History of this page")), *links]
    if not links:
        return ""
    items = "".join(f'<li><a href="{escape(uri)}">{text}</a></li>' for uri, text in links)
    label = _("This page")
    return f'<nav class="page-links" aria-label="{label}"><ul>{items}</ul></nav>'


def add_links(app, pagename, templatename, context, doctree):
    if doctree is not None and is_web(app.builder):
        context["body"] += page_links(app, pagename)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("ledger")
    app.add_config_value("repository_branch", "main", "html", types=frozenset({str}))
    app.connect("html-page-context", add_links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
