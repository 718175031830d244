"""What a page's head tells programs: what it is about, how to cite it, how a link to it looks.

A description; its citation in the form that reference managers and scholarly search engines
know (Highwire); the card that a shared link shows (Open Graph); its place in the book and the
paper that it judges (schema.org, as data that no browser runs).  What has to be an absolute
address is there only where ``html_baseurl`` says what address the book has.

A page says its description in its front matter (``html_meta``), or it is the first paragraph
that stands in none of the book's boxes.  ``sphinxext-opengraph`` would describe a page by the
first words of its card, give relative addresses, and import Matplotlib in every build.
"""

import json
from functools import partial
from html import escape
from textwrap import shorten

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from book import reading
from book.web import share_picture
from ledger.export import paper_record
from ledger.markup import of_class
from ledger.words import Piece, pieces, plain, told
from verified_book import citations
from verified_book.extra_files import is_web
from verified_book.languages import _
from verified_book.page_notes import PageNotes

LENGTH = 200  # of a description, in characters: more is cut off where it is shown
BOXES = of_class("paper", "translation", "annotation", "lost", "published", "erratum")


class Descriptions(PageNotes):
    """Notes what each page is about, in a sentence."""

    kept_as = "meta_descriptions"

    def process_doc(self, app, doctree):
        self.of(app.env)[app.env.docname] = describe(doctree)


def describe(doctree: nodes.document) -> list[Piece]:
    for meta in doctree.findall(nodes.meta):
        if meta.get("name") == "description":
            return [meta["content"]]
    for paragraph in doctree.findall(nodes.paragraph):
        if not any(map(BOXES, ancestors(paragraph))):
            return list(pieces(paragraph))
    return []


def ancestors(node):
    while node := node.parent:
        yield node


def in_brief(title, config):
    return _("{}: a page of {}.").format(title, config.project)


class PageMeta:
    """What programs are told of a page."""

    def __init__(self, app, docname):
        self.app, self.env, self.config, self.docname = app, app.env, app.config, docname
        self.link = app.builder.get_target_uri(docname)
        self.is_book = docname == app.config.root_doc
        self.label = partial(citations.label, app.env)

    @property
    def title(self) -> str:
        if self.is_book:
            return self.config.project
        return plain(self.label, *self.env.titles[self.docname].children)

    @property
    def description(self) -> str:
        said = told(self.label, Descriptions.of(self.env).get(self.docname, ()))
        return shorten(said, LENGTH, placeholder=" …") or in_brief(self.title, self.config)

    def absolute(self, link: str) -> str:
        return self.config.html_baseurl + link

    # -- its head --

    def tags(self):
        """(attribute, name, content) of each meta element."""
        config = self.config
        yield "name", "description", self.description
        yield "name", "citation_title", self.title
        yield "name", "citation_author", config.author
        if not self.is_book:
            yield "name", "citation_inbook_title", config.project
        if config.book_date:
            yield "name", "citation_publication_date", str(config.book_date).replace("-", "/")
        yield "name", "citation_language", config.language
        yield "property", "og:title", self.title
        yield "property", "og:description", self.description
        yield "property", "og:type", "website" if self.is_book else "article"
        yield "property", "og:site_name", config.project
        if config.html_baseurl:
            yield "property", "og:url", self.absolute(self.link)
            yield "property", "og:image", self.absolute(share_picture.NAME)
            yield "property", "og:image:alt", share_picture.alt(config)
            yield "name", "twitter:card", "summary_large_image"

    def linked_data(self):
        """The page for schema.org: a chapter of the book, with the paper that it judges."""
        config = self.config
        book = {"@type": "Book", "name": config.project, "author": config.author}
        page = {"@type": "Chapter", "name": self.title, "isPartOf": book}
        found = {"@context": "https://schema.org", **(book if self.is_book else page)}
        if entry := reading.entries(self.env).get(self.docname):
            paper = paper_record(self.env.get_domain("cite").bibdata.data.entries[entry.paper])
            found["citation"] = {
                "@type": "ScholarlyArticle",
                "name": paper["title"],
                "datePublished": paper["year"],
                **({"url": paper["link"]} if paper["link"] else {}),
            }
        return found


def add_meta(app, pagename, templatename, context, doctree):
    """Adds to a page's head what it tells programs."""
    if not is_web(app.builder):
        return
    before = context.get("metatags", "")
    if doctree is None:
        said = in_brief(context.get("title", pagename), app.config)
        context["metatags"] = before + meta("name", "description", said)
        return
    page = PageMeta(app, pagename)
    has_one = 'name="description"' in before  # Sphinx writes what the front matter says
    tags = [tag for tag in page.tags() if not (has_one and tag[1] == "description")]
    data = json.dumps(page.linked_data(), ensure_ascii=False, separators=(",", ":"))
    data = data.replace("<", r"\u003c")
    script = f'<script type="application/ld+json">{data}</script>\n'
    context["metatags"] = before + "".join(meta(*tag) for tag in tags) + script


def meta(attribute, name, content):
    return f'<meta {attribute}="{name}" content="{escape(content)}">\n'


def setup(app: Sphinx) -> ExtensionMetadata:
    for extension in ("ledger", "book.about", "book.reading"):
        app.setup_extension(extension)
    app.add_env_collector(Descriptions)
    app.connect("html-page-context", add_meta)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
