"""One claim as an example of all: ``{specimen} ID`` shows its words, its verdict, and the reason.

What it shows is the record of the claim, so it cannot grow old.  Stands on ``ledger``.
"""

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from book.messages import FRONT
from ledger.markup import chip
from ledger.records import Annotation, Claim
from ledger.words import told
from verified_book import citations
from verified_book.languages import _


class specimen(nodes.General, nodes.Element):
    """Stands where a claim will be, once all pages have been read."""


class SpecimenDirective(SphinxDirective):
    """A claim of the ledger, by its number."""

    required_arguments = 1

    def run(self):
        self.env.get_domain("ledger").note_view(self.env.docname, "specimen", self.arguments)
        return [specimen(id=self.arguments[0], line=self.lineno)]


class Shows(SphinxPostTransform):
    """Fills the claims in, before references are resolved."""

    default_priority = 5

    def run(self):
        for node in list(self.document.findall(specimen)):
            node.replace_self(self.shown(node["id"], node["line"]))

    def shown(self, id_, line):
        records = {
            kind: {record.id: record for record in self.env.get_domain("ledger").of(kind)}
            for kind in (Claim, Annotation)
        }
        if not all(id_ in found for found in records.values()):
            FRONT.warn("no_claim", id_, location=(self.env.docname, line))
            return []
        claim, found = records[Claim][id_], records[Annotation][id_]
        reason = told(lambda key: citations.label(self.env, key), found.body)
        fault = self.config.ledger_faults.get(found.fault)
        return nodes.container(
            "",
            part("specimen-words", self.link("claim", id_, id_), nodes.Text(f" “{claim.words}”")),
            part(
                "specimen-verdict",
                chip(_(found.verdict), f"verdict-{found.verdict}"),
                nodes.Text(_(" by {}").format(_(fault)) if fault else ""),
            ),
            *(part("specimen-reason", nodes.Text(said)) for said in reason.split("\n\n")),
            classes=["specimen"],
        )

    def link(self, role, id_, text):
        return addnodes.pending_xref(
            "", nodes.inline("", text), refdomain="ledger", reftype=role, reftarget=id_,
            refdoc=self.env.docname, refexplicit=True, refwarn=True,
        )  # fmt: skip


def part(name, *parts):
    return nodes.paragraph("", "", *parts, classes=[name])


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("ledger")
    app.add_node(specimen)
    app.add_directive("specimen", SpecimenDirective)
    app.add_post_transform(Shows)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
