"""Above the tables of a ledger, choices that ``static/filter.js`` brings to life.

A page is named by its title, unless whoever hears the event ``ledger-page-name`` says more.
"""

from html import escape

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from ledger.records import Claim, Number
from verified_book.extra_files import is_web
from verified_book.languages import N_, _

FILTERED = {"claims": ("verdict", Claim), "numbers": ("outcome", Number)}
SAID = {
    "claims": (N_("Filter the claims"), N_("{} of {} claims")),
    "numbers": (N_("Filter the numbers"), N_("{} of {} numbers")),
}


def page_name(app: Sphinx, docname: str) -> str:
    """What a page is called in the choices."""
    said = app.emit_firstresult("ledger-page-name", docname)
    return said or app.env.titles[docname].astext()


def offer(app, doctree, docname):
    domain = app.env.get_domain("ledger")
    views = [kind for kind, _ in domain.data["views"].get(docname, ()) if kind in FILTERED]
    sections = [s for s in doctree.findall(nodes.section) if has_table(s)]
    if not views or not sections or not is_web(app.builder):
        return
    kind, record = FILTERED[views[0]]
    pages = dict.fromkeys(found.docname for found in domain.of(record))
    chosen = {
        kind: {s["ids"][0]: s[0].astext() for s in sections},
        N_("entry"): {page: page_name(app, page) for page in pages},
    }
    selects = "".join(select(name, choices) for name, choices in chosen.items())
    (label, says), show_all = SAID[views[0]], _("Show all")
    form = (
        f'<form class="ledger-filter" hidden aria-label="{_(label)}">{selects}'
        f'<button type="reset">{show_all}</button>'
        f'<output aria-live="polite" data-says="{_(says)}"></output></form>'
    )
    parent = sections[0].parent
    parent.insert(parent.index(sections[0]), nodes.raw("", form, format="html"))


def has_table(section):
    """Whether a section, and none inside it, has a table of the ledger."""
    leaf = not any(isinstance(child, nodes.section) for child in section)
    return leaf and any("ledger" in table["classes"] for table in section.findall(nodes.table))


def select(name, choices):
    options = "".join(
        f'<option value="{escape(value)}">{escape(text)}</option>'
        for value, text in {"": _("all"), **choices}.items()
    )
    said = _(name)
    return f'<label>{said[:1].upper()}{said[1:]} <select name="{name}">{options}</select></label>'


def add_script(app, pagename, templatename, context, doctree):
    if 'class="ledger-filter"' in context.get("body", ""):
        app.add_js_file("filter.js", loading_method="defer")


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_event("ledger-page-name")
    app.connect("doctree-resolved", offer)
    app.connect("html-page-context", add_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
