"""Verdicts told again in another language, and held to the ledger.

A page tells a claim with the role `` {told}`4.4 wrong` ``: its number, which leads to the words,
and its verdict in the page's language, which leads to the annotation.  Once one page tells a
claim, the pages together tell every claim in which something is amiss, with the verdict that it
has.  The search finds what is told by the number of the claim.
"""

import re

from docutils import nodes
from docutils.utils.smartquotes import smartchars
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.docutils import SphinxRole
from sphinx.util.typing import ExtensionMetadata

from book.messages import TOLD
from ledger.markup import indexed
from ledger.records import VERDICTS, Annotation
from verified_book.page_notes import PageNotes

CHINESE = dict(zip(VERDICTS, ("属实", "不准确", "错误", "观点", "无法核实"), strict=True))
AMISS = {"imprecise", "wrong"}


class Told(PageNotes):
    """What the pages tell: (id, verdict, line)."""

    kept_as = "told_claims"

    def process_doc(self, app, doctree): ...


class ToldRole(SphinxRole):
    """A claim and its verdict: `` {told}`4.4 wrong` ``."""

    def run(self):
        id_, _, verdict = self.text.partition(" ")
        if not re.fullmatch(r"\w+\.\d+", id_) or verdict not in CHINESE:
            place = (self.env.docname, self.lineno)
            TOLD.warn("form", ", ".join(VERDICTS), self.text, location=place)
            return [nodes.Text(self.text)], []
        told = Told.of(self.env).setdefault(self.env.docname, [])
        told.append((id_, verdict, self.lineno))
        links = self.link("claim", id_, id_), self.link("annotation", id_, CHINESE[verdict])
        anchor = f"told-{id_}"
        node = nodes.inline("", "", classes=["told"], ids=[anchor])
        node += [links[0], nodes.Text("（"), links[1], nodes.Text("）")]
        return [indexed(id_, anchor), node], []

    def link(self, role, id_, text):
        return addnodes.pending_xref(
            "", nodes.inline("", text), refdomain="ledger", reftype=role, reftarget=id_,
            refdoc=self.env.docname, refexplicit=True, refwarn=True,
        )  # fmt: skip


def check(app: Sphinx, env: BuildEnvironment) -> None:
    """What is told is what the ledger has, and nothing that is amiss is left out."""
    judged = {record.id: record for record in env.get_domain("ledger").of(Annotation)}
    told = [(page, *claim) for page, claims in Told.of(env).items() for claim in claims]
    for page, id_, verdict, line in told:
        if id_ in judged and judged[id_].verdict != verdict:
            now = judged[id_].verdict
            TOLD.warn("other_verdict", id_, verdict, now, location=(page, line))
    missing = {id_ for id_, r in judged.items() if r.verdict in AMISS or r.fault == "copy"}
    for id_ in sorted(missing - {id_ for _, id_, *_ in told}) if told else ():
        verdict = judged[id_].verdict
        TOLD.warn("left_out", id_, verdict, id_, verdict, location=told[0][0])


def setup(app: Sphinx) -> ExtensionMetadata:
    smartchars.quotes.setdefault("zh-hans", "“”‘’")  # docutils has those of “zh-cn” alone
    app.setup_extension("ledger")
    app.add_env_collector(Told)
    app.add_role("told", ToldRole())
    app.connect("env-check-consistency", check)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
