"""The card at the top of an entry: ``{paper} KEY``, all of it read, nothing typed.

Title, authors, venue, year and links come from the bibliography; the number of examples
from ``verified``; what the list gets wrong from ``ledger``; the time from ``reading``.  A page
that translates and has no paper gets a card without being asked.  Stands on all three.
"""

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from book import reading
from book.messages import PAPER
from ledger import records
from ledger.markup import chip
from verified_book import citations, verified
from verified_book.bibliography import authors, links, plain, venue


class paper_finds(nodes.General, nodes.Element):
    """Stands where the page's findings will be, once the page has been read."""


class PaperDirective(SphinxDirective):
    """The card of a paper: who, what, where, and the version that we judge."""

    required_arguments = 1
    option_spec = {"entry": directives.positive_int, "judged": directives.unchanged_required}

    def run(self):
        key, number = self.arguments[0], self.options.get("entry")
        bibdata = self.env.get_domain("cite").bibdata
        entry = bibdata.data.entries.get(key)
        if entry is None:
            PAPER.warn("no_entry", key, location=(self.env.docname, self.lineno))
            return []
        for path in bibdata.bibfiles:
            self.env.note_dependency(str(path))
        reading.note_entry(self.env, reading.Entry(key, number))
        citations.note_own(self.env, key)
        card = nodes.container(classes=["paper"])
        self.set_source_info(card)
        if number:
            card += line("paper-entry", nodes.Text(self.config.card_entry.format(number)))
        card += line("paper-title", nodes.strong("", plain(entry.fields["title"])))
        card += line("paper-authors", nodes.Text(authors(entry)))
        card += line("paper-venue", nodes.Text(venue(entry)), *links(entry))
        if judged := self.options.get("judged"):
            card += line("paper-judged", nodes.Text(f"Judged and quoted here: {judged}."))
        card += paper_finds(page=self.env.docname)
        return [card]


def line(name, *parts):
    return nodes.paragraph("", "", *parts, classes=[name])


class Card(SphinxTransform):
    """The card of a page that translates the list and has no paper: what the build found."""

    default_priority = 870

    def apply(self):
        docname = self.env.docname
        translates = self.env.get_domain("ledger").of(records.Paragraph, docname)
        title = next(self.document.findall(nodes.title), None)
        if translates and title and docname not in reading.entries(self.env):
            card = nodes.container("", paper_finds(page=docname), classes=["paper", "found"])
            title.parent.insert(title.parent.index(title) + 1, card)


class Finds(SphinxPostTransform):
    """What the page holds: its time, examples, numbers recomputed, what the list gets wrong."""

    default_priority = 6

    def run(self):
        for node in list(self.document.findall(paper_finds)):
            node.replace_self(self.finds(node["page"]))

    def finds(self, docname):
        domain = self.env.get_domain("ledger")
        numbers = domain.of(records.Number, docname)
        agreed = sum(number.reproduced for number in numbers)
        examples = verified.count_examples(self.env, docname)
        counts = [reading.duration(reading.pages(self.env)[docname].words)]
        if examples:
            counts.append(f"{examples} examples verified")
        if numbers:
            counts.append(f"{agreed} of {len(numbers)} printed numbers reproduced")
        found = [line("paper-counts", nodes.Text(" · ".join(counts)))]
        if on := reading.standing_on(self.env).get(docname):
            links = reading.links_to(self.env, on)
            found.append(line("paper-needs", nodes.Text("Read before it: "), *links))
        claims = {claim.id: claim for claim in domain.of(records.Claim, docname)}
        wrong = [a for a in domain.of(records.Annotation, docname) if a.verdict in AMISS]
        items = [self.item(claims[a.id], a) for a in wrong if a.id in claims]
        if items:
            found.append(line("paper-amiss", nodes.strong("", "What the list gets wrong here")))
            found.append(nodes.bullet_list("", *items))
        return found

    def item(self, claim, annotation):
        link = nodes.reference("", claim.id, refid=f"annotation-{claim.id}", internal=True)
        verdict = chip(annotation.verdict, f"verdict-{annotation.verdict}")
        words = nodes.Text(f" “{claim.words}” ")
        return nodes.list_item("", nodes.paragraph("", "", link, words, verdict))


AMISS = ("wrong", "imprecise")


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("book.reading")
    app.add_config_value("card_entry", "Entry {}", "env", types=frozenset({str}))
    app.add_node(paper_finds)
    app.add_directive("paper", PaperDirective)
    app.add_transform(Card)
    app.add_post_transform(Finds)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
