"""The ledger's tables and counts, on pages that ask for them: ``{ledger}`` and ``{count}``."""

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole

from ledger.markup import copies, outcome, row_mark, table
from ledger.records import COUNTED, FAULTS, Annotation, Claim, Erratum, Lost, Number, kinds
from verified_book import citations

logger = logging.getLogger(__name__)


class LedgerDirective(SphinxDirective):
    """A generated table: ``{ledger} claims wrong``, ``{ledger} numbers reproduced``."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        kind, *which = self.arguments[0].split()
        if kind not in TABLES:
            place = (self.env.docname, self.lineno)
            message = "no ledger of %s: choose one of %s"
            logger.warning(message, kind, ", ".join(TABLES), location=place, type="ledger")
            return []
        self.env.get_domain("ledger").note_view(self.env.docname, kind, which)
        return [ledger_view(kind=kind, which=which)]


class CountRole(SphinxRole):
    """A number of the ledger in running text: `` {count}`claims wrong` ``."""

    def run(self):
        if self.text not in COUNTED:
            place = (self.env.docname, self.lineno)
            logger.warning("nothing to count under “%s”", self.text, location=place, type="ledger")
            return [nodes.Text(self.text)], []
        self.env.get_domain("ledger").note_view(self.env.docname, "count", [])
        return [ledger_count(what=self.text)], []


class ledger_view(nodes.General, nodes.Element):
    """Stands where a generated table will be."""


class ledger_count(nodes.Inline, nodes.Element):
    """Stands where a number will be."""


class Fill(SphinxPostTransform):
    """Fills the tables and counts in, before references are resolved."""

    default_priority = 5

    def run(self):
        ledger = self.env.get_domain("ledger")
        for node in list(self.document.findall(ledger_view)):
            made = TABLES[node["kind"]](ledger, self, *node["which"])
            node.replace_self(made or nodes.paragraph("", "None."))
        for node in list(self.document.findall(ledger_count)):
            node.replace_self(nodes.Text(f"{ledger.count(*node['what'].split()):,}"))

    def link(self, record, anchor, text):
        """A link from the page being written to a record; the domain resolves it."""
        return addnodes.pending_xref(
            "", nodes.Text(text), refdomain="ledger", reftype="record",
            reftarget=anchor, page=record.docname,
        )  # fmt: skip

    def label(self, record):
        return citations.label(self.env, record.key)


def claims_table(ledger, fill, *verdicts):
    annotations = {a.id: a for a in ledger.of(Annotation)}
    rows = [
        [
            [row_mark(claim.id), fill.link(claim, f"claim-{claim.id}", claim.id)],
            [nodes.Text(claim.words)],
            [fill.link(found, f"annotation-{claim.id}", found.verdict), *who(found)],
            copies(found.now),
        ]
        for claim in ledger.of(Claim)
        if (found := annotations.get(claim.id)) and (not verdicts or found.verdict in verdicts)
    ]
    return rows and table(["claim", "the list says", "verdict", "now"], rows, [], [8, 52, 15, 25])


def who(annotation):
    return [nodes.Text(f" ({FAULTS[annotation.fault]})")] if annotation.fault else []


def numbers_ledger(ledger, fill, which=None):
    chosen = [r for r in ledger.of(Number) if which is None or which in kinds(r.outcome)]
    rows = [
        [
            [
                row_mark(r.name),
                nodes.Text(fill.label(r) + ", "),
                fill.link(r, r.anchor, f"{r.where}: {r.what}"),
            ],
            [nodes.Text(r.row)],
            [nodes.Text(r.printed)],
            [nodes.Text(r.computed)],
            outcome(r),
        ]
        for r in chosen
    ]
    heads = ["number", "row", "printed", "computed", "outcome"]
    return rows and table(heads, rows, ["numbers"], [30, 12, 12, 12, 34])


def errata_ledger(ledger, fill):
    slips = [
        (r, [nodes.Text(f"{r.row or r.what}: {r.printed}")],
         [nodes.Text(r.computed + "; "), *copies(r.reason)])
        for r in ledger.of(Number) if r.cause == "slip"
    ]  # fmt: skip
    others = [(r, copies(r.reads), copies(r.should)) for r in ledger.of(Erratum)]
    rows = [
        [[nodes.Text(fill.label(r))], [fill.link(r, r.anchor, r.where)], reads, should]
        for r, reads, should in slips + others
    ]
    heads = ["paper", "where", "reads", "should read"]
    return rows and table(heads, rows, [], [22, 18, 28, 32])


def lost_ledger(ledger, fill):
    rows = [[[fill.link(r, r.anchor, r.paragraph)], copies(r.body)] for r in ledger.of(Lost)]
    return rows and table(["paragraph", "what the copy lost or altered"], rows, [], [15, 85])


TABLES = {
    "claims": claims_table,
    "numbers": numbers_ledger,
    "errata": errata_ledger,
    "lost": lost_ledger,
}
