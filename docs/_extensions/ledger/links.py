"""Links of a record's own, in the HTML: to itself, to how it is cited, to where it is corrected.

They stand on the page before any script runs.  “Cite this” leads to the page that says how;
``static/cite.js`` opens a dialog instead, with the texts that stand in a template on the page.
Without a ``repository_url``, “report an error” leads to the page that says how to report one;
where conf.py names no such pages, there are no such links.
"""

from datetime import datetime
from html import escape
from urllib.parse import urlencode

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.builders import Builder
from sphinx.util.i18n import format_date
from sphinx.util.typing import ExtensionMetadata

from ledger.messages import LEDGER
from verified_book.assets import add_static
from verified_book.extra_files import is_web
from verified_book.languages import N_, _

COPY = N_("Copy the Reference"), N_("Copy the BibTeX")
PLACES = ("citing_page", "reporting_page", "ledger_documentation")


class permalink(nodes.Inline, nodes.Element):
    """“¶”, to a place of the page that it stands on."""


class claim_links(nodes.Inline, nodes.Element):
    """“¶ cite this · report an error”, for a claim of some page."""


def of_claim(claim: str, page: str, shown_on: str, target: str) -> claim_links:
    return claim_links(claim=claim, page=page, shown_on=shown_on, target=target)


# -- in the HTML ----------------------------------------------------------------------------------


def visit_permalink(self, node):
    if is_web(self.builder):
        self.body.append(sign(node["target"], node["title"]))
    raise nodes.SkipNode


def visit_claim_links(self, node):
    if is_web(self.builder):
        links = filter(None, (cite_this(self.builder, node), report_of(self.builder, node)))
        mark = sign(node["target"], _("Link to claim {}").format(node["claim"]))
        self.body.append(f'<span class="claim-links">{" ".join([mark, *links])}</span>')
    raise nodes.SkipNode


def skip(self, node):
    raise nodes.SkipNode


def sign(id_, title):
    return f'<a class="headerlink" href="#{id_}" title="{escape(title)}">¶</a>'


def cite_this(builder, node):
    if not builder.config.citing_page:
        return ""
    uri, name = uri_of(builder, node["shown_on"], builder.config.citing_page), node["claim"]
    label, said = _("Cite this: claim {}").format(name), _("cite this")
    return f'<a class="cite-this" href="{uri}" aria-label="{label}">{said}</a>'


def report_of(builder, node):
    claim, page = node["claim"], node["page"]
    uri = reporting(builder, node["shown_on"], f"Claim {claim}", f"{page}, claim {claim}")
    label, said = _("Report an error in claim {}").format(claim), _("report an error")
    return uri and f'<a href="{escape(uri)}" aria-label="{label}">{said}</a>'


# -- where they lead ------------------------------------------------------------------------------


def uri_of(builder: Builder, docname: str, place: str) -> str:
    """From a page to PAGE or PAGE#HEADING."""
    page, mark, heading = place.partition("#")
    return builder.get_relative_uri(docname, page) + mark + heading


def reporting(builder: Builder, docname: str, title: str, place: str) -> str:
    """Where an error is reported: a new issue, or how to report where there is no repository."""
    config = builder.config
    if not config.repository_url:
        return config.reporting_page and uri_of(builder, docname, config.reporting_page)
    fields = {
        "title": f"{title}: ",
        "body": f"Where: {place}\nWhat it says:\nWhat says otherwise:",
    }
    return f"{config.repository_url.rstrip('/')}/issues/new?{urlencode(fields)}"


def check_places(app, env):
    """A place that conf.py names is in the book, so that no link of these is dead."""
    for setting in PLACES:
        page, _, heading = (app.config[setting] or "").partition("#")
        if page and not (page in env.found_docs and has_heading(env, page, heading)):
            LEDGER.warn("place", setting, app.config[setting])


def has_heading(env, page, heading):
    links = env.tocs[page].findall(nodes.reference)
    return not heading or f"#{heading}" in {link["anchorname"] for link in links}


# -- how a claim is cited -------------------------------------------------------------------------


def citing(config) -> str:
    """The dialog of “cite this”; the script fills in {id}, {words}, {verdict} and {url}."""
    work = config.citation
    date = datetime.fromisoformat(work["date-released"])
    month = format_date("%B", date=date, language=config.language)
    authors = " and ".join(author["name"] for author in work["authors"])
    version = work["version"]
    filled = {name: f"{{{name}}}" for name in ("id", "words", "verdict", "url")}
    filled |= {"authors": authors, "year": date.year, "month": month, "day": date.day}
    texts = {
        N_("Reference"): _(
            "{authors}. ({year}, {month} {day}). Claim {id}: “{words}” (verdict: {verdict}). "
            "In {title} (version {version}). {url}"
        ).format(title=work["title"], version=version, **filled),
        "BibTeX": f"@incollection{{claim-{{id}},\n  author = {{{{{authors}}}}},\n"
        "  title = {Claim {id}: ``{words}'' (verdict: {verdict})},\n"
        f"  booktitle = {{{work['title']}}},\n  year = {{{date.year}}},\n"
        f"  note = {{Version {version}, {date.day} {month} {date.year}}},\n"
        "  url = {{url}}\n}",
    }
    copy, close = _("Copy"), _("Close")
    parts = "".join(
        f"<p><label>{_(name)}<textarea readonly rows={rows}>{escape(text)}</textarea></label>"
        f'<button type="button" class="copy" aria-label="{_(label)}">{copy}</button></p>'
        for (name, text), label, rows in zip(texts.items(), COPY, (4, 8), strict=True)
    )
    return (
        f'<template id="cite-this" data-base="{escape(config.html_baseurl)}">'
        '<dialog class="cite" aria-labelledby="cite-heading"><h2 id="cite-heading"></h2>'
        f"{parts}<form method=dialog><output></output><button>{close}</button></form>"
        "</dialog></template>"
    )


def add_dialog(app, pagename, templatename, context, doctree):
    if app.config.citation and 'class="cite-this"' in context.get("body", ""):
        context["body"] += citing(app.config)
        app.add_js_file("cite.js", loading_method="defer")


def setup(app: Sphinx) -> ExtensionMetadata:
    for setting in (*PLACES, "repository_url"):
        app.add_config_value(setting, "", "html", types=frozenset({str}))
    app.add_config_value("citation", {}, "html", types=frozenset({dict}))
    others = dict.fromkeys(("latex", "text", "man", "texinfo"), (skip, None))
    app.add_node(permalink, html=(visit_permalink, None), **others)
    app.add_node(claim_links, html=(visit_claim_links, None), **others)
    add_static(app, __file__)
    app.add_css_file("ledger.css")
    app.connect("env-check-consistency", check_places)
    app.connect("html-page-context", add_dialog)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
