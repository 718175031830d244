"""The card at the top of an entry: ``{paper} KEY``, nothing typed but what the paper adds.

Title, authors, venue, year and links come from the bibliography; the number of examples
from ``verified``; how the list's claims stand from ``ledger``; times from ``reading``.  A page
that translates and has no paper gets a card without being asked.  Stands on all three.
"""

from collections import Counter

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.typing import ExtensionMetadata

from book import reading
from book.messages import PAPER
from ledger import records
from ledger.markup import chip
from verified_book import citations, verified
from verified_book.bibliography import links, plain, short_list, venue
from verified_book.languages import N_, OptionsInWords, _, said_with


class paper_finds(nodes.General, nodes.Element):
    """Stands where the page's findings will be, once the page has been read."""


class PaperDirective(OptionsInWords):
    """The card of a paper: who, what, where, the version that we judge, and what it adds."""

    required_arguments = 1
    option_spec = {
        "entry": directives.positive_int,
        "judged": directives.unchanged_required,
        "adds": directives.unchanged_required,
    }

    def run(self):
        key, number = self.arguments[0], self.options.get("entry")
        bibdata = self.env.get_domain("cite").bibdata
        entry = bibdata.data.entries.get(key)
        if entry is None:
            self.warn("no_entry", key)
            return []
        for path in bibdata.bibfiles:
            self.env.note_dependency(str(path))
        reading.note_entry(self.env, reading.Entry(key, number))
        citations.note_own(self.env, key)
        card = nodes.container(classes=["paper"])
        self.set_source_info(card)
        entry_line = [nodes.Text(_(self.config.card_entry).format(number))] if number else []
        title = nodes.inline("", plain(entry.fields["title"]), classes=["paper-title"])
        where = nodes.inline("", venue(entry))
        where += links(entry)
        judged = self.options.get("judged")
        version = [nodes.Text(_("judged: {}").format(self.told(judged)))] if judged else []
        parts = [*entry_line, title, nodes.Text(short_list(entry)), where, *version]
        card += line("paper-facts", *between(parts))
        card += self.adds(key)
        card += paper_finds(page=self.env.docname)
        return [card]

    def adds(self, key):
        """What the paper adds, in a sentence with its place."""
        if "adds" not in self.options:
            self.warn("adds_nothing", key)
            return []
        told = self.told(self.options["adds"])
        said = line("paper-adds", *self.parse_inline(told, lineno=self.lineno)[0])
        if not any(place for _, place in citations.cited(said)):
            self.warn("adds_uncited", key, key)
        return [said]

    def warn(self, code, *filled):
        PAPER.warn(code, *filled, location=(self.env.docname, self.lineno))


def line(name, *parts):
    return nodes.paragraph("", "", *parts, classes=[name])


def between(parts, mark=" · "):
    """Parts with a mark between them."""
    return [piece for part in parts for piece in (nodes.Text(mark), part)][1:]


class Card(SphinxTransform):
    """Says a title once, and gives a page that translates and has no paper a card."""

    default_priority = 870

    def apply(self):
        docname = self.env.docname
        translates = self.env.get_domain("ledger").of(records.Paragraph, docname)
        heading = next(self.document.findall(nodes.title), None)
        if heading is None:
            return
        for facts in self.document.findall(is_facts):
            leave_out_title(facts, heading.astext())
        if translates and docname not in reading.entries(self.env):
            card = nodes.container("", paper_finds(page=docname), classes=["paper", "found"])
            heading.parent.insert(heading.parent.index(heading) + 1, card)


def is_facts(node):
    return isinstance(node, nodes.paragraph) and "paper-facts" in node["classes"]


def leave_out_title(facts, heading):
    """A card has no title that the page's heading has already."""
    title = next(n for n in facts.findall(nodes.inline) if "paper-title" in n["classes"])
    if simple(title.astext()) == simple(heading):
        at = facts.index(title)
        del facts[at : at + 2]


def simple(text):
    return "".join(filter(str.isalnum, text.casefold()))


class Finds(SphinxPostTransform):
    """What the page holds: its time, examples, numbers recomputed, how the claims stand."""

    default_priority = 6

    def run(self):
        for node in list(self.document.findall(paper_finds)):
            node.replace_self(self.finds(node["page"]))

    def finds(self, docname):
        return [self.way(docname), line("paper-counts", *between(self.counts(docname)))]

    def way(self, docname):
        """What to have read, and how long the page takes."""
        parts = []
        stands = reading.standing_on(self.env)
        if on := stands.get(docname):
            needs = reading.links_to(self.env, on, reading.short_names(self.env))
            more = any(stands[page] for page in on)
            told = (
                _("Read before it: {}, and what that needs.") if more else _("Read before it: {}.")
            )
            said = said_with(told, *needs)
            parts = [nodes.inline("", "", *said, classes=["paper-needs"]), nodes.Text(" ")]
        time = reading.duration(reading.pages(self.env)[docname].words)
        parts.append(nodes.inline("", time[:1].upper() + time[1:], classes=["paper-time"]))
        return line("paper-way", *parts, nodes.Text("."))

    def counts(self, docname):
        """How the list's claims stand, and how much is computed."""
        ledger = self.env.get_domain("ledger")
        found = ledger.of(records.Annotation, docname)
        counted, whose = Counter(annotation.verdict for annotation in found), self.whose()
        for verdict in records.VERDICTS:
            if count := counted[verdict]:
                yield nodes.inline("", "", *whose, *self.share(verdict, count, found))
                whose = []
        if examples := verified.count_examples(self.env, docname):
            yield nodes.Text(_("{} examples verified").format(examples))
        if numbers := ledger.of(records.Number, docname):
            agreed = sum(number.reproduced for number in numbers)
            said = _("{} of {} printed numbers reproduced")
            yield nodes.Text(said.format(agreed, len(numbers)))

    def whose(self):
        """Which list it is that the page judges, with a link to where that is told."""
        told, place = self.config.card_list
        if not told:
            return []
        page, _mark, id_ = place.partition("#")
        domain = {"refdomain": "ledger", "reftype": "record"}
        link = addnodes.pending_xref("", nodes.Text(_(told)), **domain, reftarget=id_, page=page)
        return [link, nodes.Text(": ")]

    def share(self, verdict, count, found):
        yield chip(_(SHARES[verdict][count > 1]).format(count), f"verdict-{verdict}")
        if verdict in AMISS:
            ids = [annotation.id for annotation in found if annotation.verdict == verdict]
            links = [
                nodes.reference("", id_, refid=f"annotation-{id_}", internal=True) for id_ in ids
            ]
            yield from (nodes.Text(" ("), *between(links, ", "), nodes.Text(")"))


class Doors(SphinxPostTransform):
    """In the HTML, the way through the page: its sections after the first, with their minutes."""

    default_priority = 8
    builders = ("html",)

    def run(self):
        for way in list(self.document.findall(is_way)):
            if doors := [*self.doors()]:
                way[-1:] = [nodes.Text(": "), *between(doors)]

    def doors(self):
        page = next(self.document.findall(nodes.section))
        for section in [part for part in page if isinstance(part, nodes.section)][1:]:
            link = nodes.reference("", section[0].astext(), refid=section["ids"][0], internal=True)
            minutes = nodes.Text(f" {reading.rounded(reading.length(section))}")
            yield nodes.inline("", "", link, minutes, classes=["paper-door"])


def is_way(node):
    return isinstance(node, nodes.paragraph) and "paper-way" in node["classes"]


AMISS = ("wrong", "imprecise")
SHARES = {
    "holds": (N_("{} claim holds"), N_("{} claims hold")),
    "imprecise": (N_("{} imprecise"), N_("{} imprecise")),
    "wrong": (N_("{} wrong"), N_("{} wrong")),
    "opinion": (N_("{} opinion"), N_("{} opinions")),
    "unverified": (N_("{} unverified"), N_("{} unverified")),
}


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("book.reading")
    app.add_config_value("card_list", ("", ""), "env", types=frozenset({tuple}))
    app.add_config_value("card_entry", N_("Entry {}"), "env", types=frozenset({str}))
    app.add_node(paper_finds)
    app.add_directive("paper", PaperDirective)
    app.add_transform(Card)
    app.add_post_transform(Finds)
    app.add_post_transform(Doors)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
