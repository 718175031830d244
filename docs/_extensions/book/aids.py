"""What helps to find one's way in the HTML: texts for popups, links that last, a filter.

All of it is on the page before any script runs, so it works from a file: the first citation of
a work and the first use of a term carry their text as ``title``; each claim has links to
itself, to how it is cited and to where an error is reported.  ``_static/aids.js`` makes popups
and a dialog of them, ``_static/filter.js`` brings the choices above a ledger to life.

Where no ``repository_url`` is set there is nothing to edit, and the links that report an error
lead to the page that says how.  The Chinese names of terms are objects of a domain, so that the
search leads to the term itself.

Stands on ``ledger`` (claims, numbers, and which pages show their tables) and ``reading`` (the
numbers of the entries).
"""

from html import escape
from urllib.parse import urlencode

from docutils import nodes
from sphinx.domains import Domain, ObjType

from book import reading
from ledger import records
from ledger.markup import of_class
from verified_book.assets import add_static
from verified_book.shown import Links

ABOUT = "appendix/about"
LEDGERS = {"claims": "verdict", "numbers": "outcome"}


def is_web(app):
    return app.builder.format == "html" and app.builder.name != "epub"


# -- the glossary ---------------------------------------------------------------------------------


class GlossaryDomain(Domain):
    """What the terms mean, page by page; their Chinese names are objects that a search finds."""

    name = "glossary"
    label = "Glossary"
    object_types = {"chinese": ObjType("Chinese name of a term")}
    initial_data = {"meanings": {}}
    data_version = 1

    def process_doc(self, env, docname, document):
        found = {
            term["ids"][0]: " ".join(term.parent[-1].astext().split())
            for term in document.findall(nodes.term)
            if "glossary" in term.parent.parent["classes"]
        }
        if found:
            self.data["meanings"][docname] = found

    def clear_doc(self, docname):
        self.data["meanings"].pop(docname, None)

    def merge_domaindata(self, docnames, otherdata):
        other = otherdata["meanings"]
        self.data["meanings"].update({d: terms for d, terms in other.items() if d in docnames})

    def get_objects(self):
        """The Chinese names, with which the meanings begin."""
        for docname, terms in self.data["meanings"].items():
            for id_, meaning in terms.items():
                for name in filter(is_chinese, meaning.partition(".")[0].split("，")):
                    yield name, name, "chinese", docname, id_, 1

    def resolve_any_xref(self, env, fromdocname, builder, target, node, contnode):
        return []


def say_meanings(app, shown):
    """The meanings of the terms that a page links; what a ledger lets choose from."""
    env, meanings = shown.env, meanings_of(shown.env)
    for page, links in Links.of(env).items():
        terms = [link for link in links if link[1] == "term"]
        places = [place for term in terms for place in shown.target(*term)]
        shown.add(page, [meanings.get(anchor) for *_, anchor in places])
    for page in env.get_domain("ledger").data["views"]:
        entries = [entry_name(env, other) for other in sorted(reading.pages(env))]
        shown.add(page, entries, sorted(meanings.items()))


def meanings_of(env):
    """The meaning of each term, by its id."""
    glossaries = env.get_domain("glossary").data["meanings"].values()
    return {id_: text for terms in glossaries for id_, text in terms.items()}


def is_chinese(text):
    return any("\u4e00" <= character <= "\u9fff" for character in text)


# -- a page ---------------------------------------------------------------------------------------


def aid(app, doctree, docname):
    if is_web(app):
        show_texts(app.env, doctree)
        offer_links(app, doctree, docname)
        offer_filter(app, doctree, docname)


def show_texts(env, doctree):
    """A title for the first link of a page to a term or a work, and for that alone."""
    meanings, shown = meanings_of(env), set()
    for link in doctree.findall(nodes.reference):
        target = link.get("refuri", link.get("refid", ""))
        id_ = target.rpartition("#")[2]
        if id_ in meanings and is_term(link):
            link["reftitle"] = meanings[id_]
        if "reftitle" in link:
            if target in shown:
                del link["reftitle"]
            shown.add(target)


def is_term(link):
    return any("std-term" in node["classes"] for node in link.findall(nodes.inline))


def offer_links(app, doctree, docname):
    """Links of its own for each claim and each number."""
    claims = claim_rows(app.env)
    for box in doctree.findall(of_class("annotation")):
        claim = box["ids"][0].removeprefix("annotation-")
        box[0] += claim_links(app, docname, claim, docname)
    for box in doctree.findall(of_class("published", "erratum", "lost")):
        box[0] += permalink(box["ids"][0], "Link to this")
    for mark in doctree.findall(is_row_mark):
        row, cell = mark["ids"][0], mark.parent.parent
        if row in claims:
            links = claim_links(app, docname, *claims[row], row)
            cell.parent[1] += nodes.paragraph("", "", links)
        else:
            mark.parent += permalink(row, "Link to this number")


def is_row_mark(node):
    return isinstance(node, nodes.inline) and node["ids"][:1] and node["ids"][0].startswith("row-")


def claim_rows(env):
    """For each claim's row in the ledger, the claim and its page."""
    claims = env.get_domain("ledger").of(records.Claim)
    return {f"row-{claim.id}": (claim.id, claim.docname) for claim in claims}


def permalink(id_, title):
    html = f'<a class="headerlink" href="#{id_}" title="{title}">¶</a>'
    return nodes.raw("", html, format="html")


def claim_links(app, docname, claim, page, row=None):
    """“¶ cite this · report an error”."""
    cite = app.builder.get_relative_uri(docname, ABOUT) + "#cite-a-claim"
    report = reporting(app, docname, f"Claim {claim}", f"{page}, claim {claim}")
    html = (
        f'<span class="aids"><a class="headerlink" href="#{row or f"claim-{claim}"}" '
        f'title="Link to claim {claim}">¶</a> '
        f'<a class="cite-this" href="{cite}" aria-label="Cite this: claim {claim}">cite this</a> '
        f'<a href="{escape(report)}" aria-label="Report an error in claim {claim}">'
        "report an error</a></span>"
    )
    return nodes.raw("", html, format="html")


def offer_filter(app, doctree, docname):
    """Above the tables of a ledger, choices that the script brings to life."""
    domain = app.env.get_domain("ledger")
    kinds = [kind for kind, _ in domain.data["views"].get(docname, ()) if kind in LEDGERS]
    sections = [s for s in doctree.findall(nodes.section) if has_table(s)]
    if not kinds or not sections:
        return
    record = {"claims": records.Claim, "numbers": records.Number}[kinds[0]]
    pages = dict.fromkeys(found.docname for found in domain.of(record))
    chosen = {
        LEDGERS[kinds[0]]: {s["ids"][0]: s[0].astext() for s in sections},
        "entry": {page: entry_name(app.env, page) for page in pages},
    }
    selects = "".join(select(name, choices) for name, choices in chosen.items())
    form = (
        f'<form class="ledger-filter" hidden aria-label="Filter the {kinds[0]}">{selects}'
        '<button type="reset">Show all</button>'
        f'<output aria-live="polite" data-what="{kinds[0]}"></output></form>'
    )
    parent = sections[0].parent
    parent.insert(parent.index(sections[0]), nodes.raw("", form, format="html"))


def entry_name(env, page):
    """“2 · Attention Is All You Need”; the title alone where the page has no number."""
    number, title = reading.pages(env)[page].entry, env.titles[page].astext()
    return f"{number} · {title}" if number else title


def has_table(section):
    """Whether a section, and none inside it, has a table of the ledger."""
    leaf = not any(isinstance(child, nodes.section) for child in section)
    return leaf and any("ledger" in table["classes"] for table in section.findall(nodes.table))


def select(name, choices):
    options = "".join(
        f'<option value="{escape(value)}">{escape(text)}</option>'
        for value, text in {"": "all", **choices}.items()
    )
    return f'<label>{name.capitalize()} <select name="{name}">{options}</select></label>'


# -- the repository -------------------------------------------------------------------------------


def reporting(app, docname, title, place):
    """Where an error is reported: a new issue, or how to report where there is no repository."""
    repository = app.config.repository_url
    if not repository:
        return app.builder.get_relative_uri(docname, ABOUT) + "#corrections"
    fields = {
        "title": f"{title}: ",
        "body": f"Where: {place}\nWhat it says:\nWhat says otherwise:",
    }
    return f"{repository.rstrip('/')}/issues/new?{urlencode(fields)}"


def page_links(app, docname):
    """At the foot of a page: edit it, see its history, report an error."""
    links = [
        (reporting(app, docname, app.env.titles[docname].astext(), docname), "Report an error")
    ]
    if repository := app.config.repository_url.rstrip("/"):
        file = f"{app.config.repository_branch}/docs/{docname}.md"
        links = [
            (f"{repository}/edit/{file}", "Edit this page"),
            (f"{repository}/commits/{file}", "History of this page"),
            *links,
        ]
    items = "".join(f'<li><a href="{escape(uri)}">{text}</a></li>' for uri, text in links)
    return f'<nav class="page-links" aria-label="This page"><ul>{items}</ul></nav>'


# -- how a claim is cited -------------------------------------------------------------------------


def citing(config):
    """The dialog of “cite this”; the script fills in {id}, {words}, {verdict} and {url}."""
    work = config.citation
    year, month, day = work["date-released"].split("-")
    months = (
        "January February March April May June July August September October November December"
    )
    date = f"{year}, {months.split()[int(month) - 1]} {int(day)}"
    authors = " and ".join(author["name"] for author in work["authors"])
    version = work["version"]
    texts = {
        "Reference": f"{authors}. ({date}). Claim {{id}}: “{{words}}” (verdict: {{verdict}}). "
        f"In {work['title']} (version {version}). {{url}}",
        "BibTeX": f"@incollection{{claim-{{id}},\n  author = {{{{{authors}}}}},\n"
        "  title = {Claim {id}: ``{words}'' (verdict: {verdict})},\n"
        f"  booktitle = {{{work['title']}}},\n  year = {{{year}}},\n"
        f"  note = {{Version {version}, {int(day)} {months.split()[int(month) - 1]} {year}}},\n"
        "  url = {{url}}\n}",
    }
    parts = "".join(
        f"<p><label>{name}<textarea readonly rows={rows}>{escape(text)}</textarea></label>"
        f'<button type="button" class="copy">Copy<span class="visually-hidden"> the {name}'
        "</span></button></p>"
        for (name, text), rows in zip(texts.items(), (4, 8), strict=True)
    )
    return (
        f'<template id="cite-this" data-base="{escape(config.html_baseurl)}">'
        '<dialog class="cite" aria-labelledby="cite-heading"><h2 id="cite-heading"></h2>'
        f"{parts}<form method=dialog><output></output><button>Close</button></form></dialog>"
        "</template>"
    )


def finish(app, pagename, templatename, context, doctree):
    if doctree is None or not is_web(app):
        return None
    if app.config.citation and 'class="cite-this"' in context["body"]:
        context["body"] += citing(app.config)
    if 'class="ledger-filter"' in context["body"]:
        app.add_js_file("filter.js", loading_method="defer")
    context["body"] += page_links(app, pagename)
    return None


def setup(app):
    app.setup_extension("book.reading")
    app.add_config_value("repository_url", "", "html", types=frozenset({str}))
    app.add_config_value("repository_branch", "main", "html", types=frozenset({str}))
    app.add_config_value("citation", {}, "html", types=frozenset({dict}))
    app.add_domain(GlossaryDomain)
    add_static(app, __file__)
    app.add_css_file("aids.css")
    app.add_js_file("aids.js", loading_method="defer")
    app.connect("pages-show", say_meanings)
    app.connect("doctree-resolved", aid, priority=600)  # when the bibliography has its links
    app.connect("html-page-context", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 2}
