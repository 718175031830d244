"""The ledger's tables and counts, on pages that ask for them: ``{ledger}`` and ``{count}``."""

from collections.abc import Callable

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.docutils import SphinxDirective, SphinxRole

from ledger.links import of_claim, permalink
from ledger.markup import copies, linked, numbers_row, outcome, row_mark, table
from ledger.messages import LEDGER
from ledger.records import (
    COUNTED,
    KINDS,
    VERDICTS,
    Annotation,
    Claim,
    Erratum,
    Lost,
    Number,
    kinds,
)
from verified_book import citations
from verified_book.languages import N_, _


class LedgerDirective(SphinxDirective):
    """A generated table: ``{ledger} claims wrong``, ``{ledger} numbers reproduced``."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self):
        kind, *which = self.arguments[0].split()
        if kind not in TABLES:
            place = (self.env.docname, self.lineno)
            LEDGER.warn("no_table", kind, ", ".join(TABLES), location=place)
            return []
        self.env.get_domain("ledger").note_view(self.env.docname, kind, which)
        return [ledger_view(kind=kind, which=which)]


class CountRole(SphinxRole):
    """A number of the ledger in running text: `` {count}`claims wrong` ``."""

    def run(self):
        if self.text not in COUNTED:
            place = (self.env.docname, self.lineno)
            LEDGER.warn("no_count", self.text, location=place)
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
            columns, rows, *classes = TABLES[node["kind"]](ledger, self, *node["which"])
            filled = table(columns, rows, *classes) if rows else nodes.paragraph("", _("None."))
            filled["shows"] = [node["kind"], *node["which"]]
            node.replace_self(filled)
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
    columns = {
        "id": (N_("claim"), 8),
        "words": (N_("the list says"), 52),
        "verdict": (N_("verdict"), 15),
        "now": (N_("now"), 25),
    }
    annotations = {a.id: a for a in ledger.of(Annotation)}
    page, faults = fill.env.docname, fill.config.ledger_faults
    rows = [
        {
            "id": [row_mark(claim.id), fill.link(claim, f"claim-{claim.id}", claim.id)],
            "words": [
                *linked(claim.words),
                of_claim(claim.id, claim.docname, page, f"row-{claim.id}"),
            ],
            "verdict": [
                fill.link(found, f"annotation-{claim.id}", _(found.verdict)),
                *([nodes.Text(f" ({_(faults[found.fault])})")] if found.fault else []),
            ],
            "now": copies(found.now),
        }
        for claim in ledger.of(Claim)
        if (found := annotations.get(claim.id)) and (not verdicts or found.verdict in verdicts)
    ]
    return columns, rows


def numbers_ledger(ledger, fill, which=None):
    columns = {
        "name": (N_("number"), 30),
        "row": (N_("row"), 12),
        "printed": (N_("printed"), 12),
        "computed": (N_("computed"), 12),
        "outcome": (N_("outcome"), 34),
    }
    chosen = [r for r in ledger.of(Number) if which is None or which in kinds(r.outcome)]
    rows = [
        {
            "name": [
                row_mark(r.name),
                nodes.Text(fill.label(r) + ", "),
                fill.link(r, r.line_anchor, f"{r.where}: {r.what}"),
                permalink(target=f"row-{r.name}", title=_("Link to this number")),
            ],
            **numbers_row(r, outcome(r)),
        }
        for r in chosen
    ]
    return columns, rows, "numbers"


def errata_ledger(ledger, fill):
    columns = {
        "key": (N_("paper"), 22),
        "where": (N_("where"), 18),
        "reads": (N_("reads"), 28),
        "should": (N_("should read"), 32),
    }
    slips = [
        (r, [nodes.Text(f"{r.row or r.what}: {r.printed}")],
         [nodes.Text(r.computed + "; "), *copies(r.reason)])
        for r in ledger.of(Number) if r.cause == "slip"
    ]  # fmt: skip
    others = [(r, copies(r.reads), copies(r.should)) for r in ledger.of(Erratum)]
    rows = [
        {
            "key": [nodes.Text(fill.label(r))],
            "where": [fill.link(r, r.anchor, r.where)],
            "reads": reads,
            "should": should,
        }
        for r, reads, should in slips + others
    ]
    return columns, rows


def lost_ledger(ledger, fill):
    columns = {"paragraph": (N_("paragraph"), 15), "body": (fill.config.ledger_lost[1], 85)}
    rows = [
        {"paragraph": [fill.link(r, r.anchor, r.paragraph)], "body": copies(r.body)}
        for r in ledger.of(Lost)
    ]
    return columns, rows


def corrections_table(ledger, fill):
    """Each verdict that has changed: what it was until when, what it became, and why."""
    columns = {
        "id": (N_("claim"), 10),
        "old": (N_("was"), 15),
        "new": (N_("became"), 15),
        "reason": (N_("because of"), 45),
        "date": (N_("on"), 15),
    }
    changed = [
        (earlier, record, after)
        for record in ledger.of(Annotation)
        for earlier, after in zip(record.was, record.verdicts[1:], strict=True)
    ]
    rows = [
        {
            "id": [fill.link(record, f"claim-{record.id}", record.id)],
            "old": [nodes.Text(_(earlier.verdict))],
            "new": [fill.link(record, f"annotation-{record.id}", _(after))],
            "reason": [nodes.Text(earlier.reason)],
            "date": [nodes.Text(earlier.date)],
        }
        for earlier, record, after in sorted(changed, key=lambda change: change[0].date)
    ]
    return columns, rows


def kinds_table(ledger, fill):
    """The claims of one kind and of one case, which have one verdict."""
    columns = {
        "kind": (N_("kind"), 17),
        "case": (N_("case"), 25),
        "verdict": (N_("verdict"), 15),
        "claims": (N_("claims"), 43),
    }
    groups = {}
    for record in ledger.of(Annotation):
        if record.kind:
            key = KINDS.index(record.kind), VERDICTS.index(record.verdict), record.case or ""
            groups.setdefault(key, []).append(record)
    rows = [
        {
            "kind": [nodes.Text(_(KINDS[kind]))],
            "case": [nodes.Text(case)],
            "verdict": [nodes.Text(_(VERDICTS[verdict]))],
            "claims": separated(fill.link(r, f"claim-{r.id}", r.id) for r in records),
        }
        for (kind, verdict, case), records in sorted(groups.items())
    ]
    return columns, rows


def separated(links):
    """Links with commas between."""
    return [part for link in links for part in (nodes.Text(", "), link)][1:]


TABLES: dict[str, Callable] = {
    "claims": claims_table,
    "corrections": corrections_table,
    "kinds": kinds_table,
    "numbers": numbers_ledger,
    "errata": errata_ledger,
    "lost": lost_ledger,
}
