"""Citations that keep up: sphinxcontrib-bibtex, made incremental and two-way.

Its plug-ins are looked up once and each entry is formatted once (both kept), the pages that
cite a changed entry are written again, and the bibliography says which pages cite each entry.
A page that is about one work cites it by its place alone, “[§3.2]”: its name is left to print.

Stands on sphinxcontrib-bibtex, ``page_notes`` and ``shown``.  Above it: ``ledger``, which asks
what a subtree cites, and whoever knows the work that a page is about (``note_own``).
"""

import re
import unicodedata
from ast import dump
from contextlib import suppress
from functools import cache
from operator import attrgetter, itemgetter

import pybtex.plugin
from docutils import nodes
from pybtex.database import Entry, Person
from pybtex.richtext import Text
from pybtex.style.formatting import BaseStyle
from pybtex.style.formatting.unsrt import Style as UnsrtStyle
from pybtex.style.labels import BaseLabelStyle
from pybtex.style.sorting.author_year_title import SortingStyle
from pybtex.style.template import field, sentence
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import NoUri
from sphinx.util.nodes import make_refnode
from sphinx.util.typing import ExtensionMetadata
from sphinxcontrib.bibtex.citation_target import parse_citation_targets
from sphinxcontrib.bibtex.domain import BibtexDomain, get_docnames
from sphinxcontrib.bibtex.roles import CiteRole
from sphinxcontrib.bibtex.style.names.last import LastNameStyle
from sphinxcontrib.bibtex.style.referencing import basic_author_year, extra_year
from sphinxcontrib.bibtex.style.template import node as template

from verified_book.bibliography import LINKS
from verified_book.extra_files import is_web
from verified_book.languages import _, is_repeated, said_with
from verified_book.messages import CITATIONS
from verified_book.page_notes import PageNotes
from verified_book.shown import digest

env_updated = BibtexDomain.env_updated
format_entry = BaseStyle.format_entry
find_entry_point = cache(pybtex.plugin._load_entry_point)  # else one scan for each citation
last_name = LastNameStyle.format
decode = Text.from_latex
WORDS = re.compile(r"(?!.*(,,|--))[\w.,:;/+-]+( [\w.,:;/+-]+)*")  # the same in TeX


def cited(node):
    """(key, locator) of each citation under a node; the locator may be empty."""
    targets = (parse_citation_targets(ref["reftarget"]) for ref in citations(node))
    return [(target.key, target.post) for found in targets for target in found]


def citations(node):
    """The citations under a node, whose labels are not yet known."""
    refs = node.findall(addnodes.pending_xref)
    return [ref for ref in refs if ref.get("refdomain") == "cite"]


class Cite(CiteRole):
    """The role of sphinxcontrib-bibtex, which says where a malformed citation stands."""

    def result_nodes(self, document, env, node, is_ref):
        refs = env.get_domain("cite").citation_refs
        noted = len(refs)
        try:
            return super().result_nodes(document, env, node, is_ref)
        except ValueError as error:
            CITATIONS.warn("form", error, location=(env.docname, self.lineno))
            return [nodes.Text(self.target)], []
        finally:
            if is_repeated(document):
                del refs[noted:]


# -- how an entry looks ---------------------------------------------------------------------


class AuthorYearLabels(BaseLabelStyle):
    """Labels such as “Vaswani et al. 2017”, told apart by a letter where two would be alike."""

    def format_labels(self, sorted_entries):
        labels = [
            f"{short_authors(entry)} {entry.fields.get('year', 'n.d.')}"
            for entry in sorted_entries
        ]
        seen = {}
        for label in labels:
            seen[label] = seen.get(label, 0) + 1
            letter = chr(ord("a") + seen[label] - 1) if labels.count(label) > 1 else ""
            yield label + letter


def short_authors(entry):
    people = entry.persons.get("author") or entry.persons.get("editor") or []
    names = [
        str(Text.from_latex(" ".join([*person.prelast_names, *person.last_names])))
        for person in people
    ]
    if not names:
        return entry.key
    return " and ".join(names) if len(names) <= 2 else f"{names[0]} et al."


def label(env, key):
    """What a paper is called in a table: “Vaswani et al. 2017”; the key where it is unknown."""
    cite = env.get_domain("cite")
    for citation in cite.citations:
        if citation.key == key:
            return citation.formatted_entry.label
    entry = cite.bibdata.data.entries.get(key)
    return f"{short_authors(entry)} {entry.fields.get('year', '')}" if entry else key


@template
def lettered_year(children, data):
    """The year of a citation, with the letter that the bibliography gives it."""
    year = data["entry"].fields.get("year", "n.d.")
    found = re.fullmatch(rf".*{re.escape(year)}([a-z])", data["formatted_entry"].label)
    return Text(year + (found[1] if found else ""))


class OneAlphabet(SortingStyle):
    """By author, year and title: institutions among people, letters without their accents."""

    def sorting_key(self, entry):
        return tuple(map(in_alphabet, super().sorting_key(entry)))


def in_alphabet(text):
    letters = unicodedata.normalize("NFKD", str(decode(text)))
    return "".join(c for c in letters if not unicodedata.combining(c)).casefold()


class BookStyle(UnsrtStyle):
    """Entries in the order of their authors, with author and year for a label."""

    default_sorting_style = "one_alphabet"
    default_label_style = AuthorYearLabels

    def format_title(self, e, which_field, as_sentence=True):
        """A title with the capitals that its authors gave it."""
        title = field(which_field)
        return sentence[title] if as_sentence else title


class BriefStyle(BookStyle):
    """What a citation says when it is pointed at: three authors at most, and no address."""

    def format_entry(self, label, entry, bib_data=None):
        said = {name: text for name, text in entry.fields.items() if name.lower() not in LINKS}
        persons = {role: few(people) for role, people in entry.persons.items()}
        brief = Entry(entry.type, said, persons)
        brief.key = entry.key
        return super().format_entry(label, brief, bib_data)


def few(people):
    return people if len(people) <= 3 else [*people[:2], Person("others")]


# -- formatting once --------------------------------------------------------------------------


def use_cache(app):
    BookStyle()  # looks its plug-ins up: a standby of the live preview does so before it is asked
    kept = app.env.__dict__.setdefault("citations_formatted", {})

    def cached(self, label, entry, bib_data=None):
        key = digest((type(self).__qualname__, label, entry.key, entry))  # its repr has no key
        if key not in kept:
            kept[key] = format_entry(self, label, entry, bib_data)
        return kept[key]

    BaseStyle.format_entry = cached


def last_name_once(self, person, abbr=False):
    """A person as a citation names them: of one work all thirty, each time that it is cited."""
    return last_name_kept(str(person), abbr)


@cache
def last_name_kept(name, abbr):
    return last_name(LastNameStyle(), Person(name), abbr).format()


def format_where_changed(self):
    """Formats the bibliography, unless it and all that cites it are as they were."""
    config, warned = self.env.config, self.env._app._warncount
    refs = sorted(self.citation_refs, key=attrgetter("docname"))
    told = digest((
        [config[f"bibtex_{name}"] for name in ("default_style", "tooltips", "tooltips_style")],
        [(path, file.mtime) for path, file in self.bibdata.bibfiles.items()],
        [(ref.docname, [target.key for target in ref.targets]) for ref in refs],
        [(key, *lists(value)) for key, value in self.bibliographies.items()],
        list(get_docnames(self.env)),
    ))  # fmt: skip
    if (told, len(self.citations)) != self.data.get("formatted"):  # a page read again has none
        env_updated(self)
        holds = self.env._app._warncount == warned
        self.data["formatted"] = (told, len(self.citations)) if holds else None
    return []


def lists(bibliography):
    """What a bibliography directive asks for."""
    ids = {key: node["ids"] for key, node in bibliography.citation_nodes.items()}
    return [*bibliography._replace(filter_=dump(bibliography.filter_), citation_nodes=ids)]


def from_latex(text):
    """Rich text from a field of the bibliography; mere words need no decoding."""
    return Text(text) if WORDS.fullmatch(text) else decode(text)


# -- what pages show of the bibliography ------------------------------------------------------


def say_entries(app, shown):
    """Label, target and tooltip of each work that a page cites; the bibliography has them all."""
    cite = shown.env.get_domain("cite")
    entries = {
        c.key: f"{c.formatted_entry.label} {c.citation_id} {c.formatted_entry.text!r}"
        for c in cite.citations
    }
    for ref in cite.citation_refs:
        shown.add(ref.docname, [entries.get(target.key) for target in ref.targets])
    citing = citing_pages(shown.env)
    titles = [shown.env.titles[page].astext() for pages in citing.values() for page in pages]
    for key in cite.bibliographies:
        shown.add(key.docname, entries, citing, titles)


def citing_pages(env):
    """For each key the pages that cite it, and where each of them does so first."""
    found = {}
    refs = env.get_domain("cite").citation_refs  # a page read again has its own at the end
    for ref in sorted(refs, key=attrgetter("docname")):
        for target in ref.targets:
            found.setdefault(target.key, {}).setdefault(ref.docname, ref.citation_ref_id)
    return found


def add_cited_in(app, doctree, docname):
    """After each entry of the bibliography, links to the pages that cite it."""
    found = list(doctree.findall(nodes.citation))
    if not found:
        return
    keys = {c.citation_id: c.key for c in app.env.get_domain("cite").citations}
    citing = citing_pages(app.env)
    for node in found:
        pages = citing.get(keys.get(next(iter(node["ids"]), None)), {})
        links = []
        for page, anchor in sorted(pages.items()):
            title = nodes.Text(app.env.titles[page].astext())
            with suppress(NoUri):  # a page that this document has not
                links.append(make_refnode(app.builder, docname, page, anchor, title))
        if links:
            spaced = [part for link in links for part in (nodes.Text(", "), link)][1:]
            node += nodes.paragraph(
                "", "", *said_with(_("Cited in {}"), *spaced), classes=["cited-in"]
            )


# -- a page about one work --------------------------------------------------------------------


class Own(PageNotes):
    """The work that a page is about."""

    kept_as = "citations_own"

    def process_doc(self, app, doctree):
        """Gives two citations of one place, which share an id once translated, their own again."""
        noted = {}
        for ref in app.env.get_domain("cite").citation_refs:
            if ref.docname == app.env.docname:
                noted.setdefault(str(ref.targets), []).append(ref.citation_ref_id)
        seen = set()
        for ref in filter(itemgetter("ids"), citations(doctree)):
            own = ref["ids"][0]
            if own in seen:
                ids = noted.get(str([*parse_citation_targets(ref["reftarget"])]), ())
                ref["ids"] = [next((id_ for id_ in ids if id_ not in seen), own)]
            seen.add(ref["ids"][0])


def note_own(env: BuildEnvironment, key: str) -> None:
    """Notes that the page that is being read is about this work."""
    Own.of(env)[env.docname] = key


def shorten(app, doctree, docname):
    """Puts the name of a page's own work aside, where a place follows it.

    Not beside another work: its place would be taken for one in that.
    """
    own = Own.of(app.env).get(docname)
    if not own or not is_web(app.builder):
        return
    refs = app.env.get_domain("cite").citation_refs
    targets = {ref.citation_ref_id: ref.targets for ref in refs if ref.docname == docname}
    for node in doctree.findall(is_citation):
        links = [child for child in node if isinstance(child, nodes.reference)]
        cited = targets.get(node["ids"][0], ())
        if {target.key for target in cited} == {own}:
            for link, target in zip(links, cited, strict=False):
                if target.post:
                    put_aside(link, target.post)


def is_citation(node):
    """Whether a node is a citation in brackets: “[Name, year, place]”."""
    named = isinstance(node, nodes.inline) and "bibtex-citation" in node["classes"]
    return named and node["ids"] and node.astext()[:1] == "["


def put_aside(link, place):
    """Takes the place into the link, behind the name that only print shows."""
    after = link.next_node(descend=False, siblings=True)
    told = f", {place}"
    if isinstance(after, nodes.Text) and after.startswith(told):
        name = nodes.inline("", "", *link.children, nodes.Text(", "), classes=["own-work"])
        link.children = []
        link += [name, nodes.Text(place)]
        link.parent.replace(after, nodes.Text(after.removeprefix(told)))


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("sphinxcontrib.bibtex")
    app.setup_extension("verified_book.shown")
    for name in BibtexDomain.roles:
        app.add_role_to_domain("cite", name, Cite(), override=True)
    BibtexDomain.env_updated = format_where_changed
    pybtex.plugin._load_entry_point = find_entry_point
    Text.from_latex = from_latex
    LastNameStyle.format = last_name_once
    pybtex.plugin.register_plugin("pybtex.style.formatting", "book", BookStyle)
    pybtex.plugin.register_plugin("pybtex.style.sorting", "one_alphabet", OneAlphabet)
    basic_author_year.year = extra_year.year = lettered_year
    pybtex.plugin.register_plugin("pybtex.style.formatting", "brief", BriefStyle)
    app.connect("builder-inited", use_cache)
    app.connect("pages-show", say_entries)
    app.add_env_collector(Own)
    app.connect("doctree-resolved", add_cited_in)
    app.connect("doctree-resolved", shorten)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
