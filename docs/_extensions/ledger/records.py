"""What the pages say for the ledger: one record for each claim, verdict, number, erratum, loss.

A record is whole: pages, tables, JSON, PDF and EPUB show what it holds, and nothing is read back
from what they show.  It is plain data but for the nodes that tables show again.
"""

from dataclasses import dataclass, field

from docutils import nodes

from ledger.words import Piece
from verified_book.languages import N_

VERDICTS = N_("holds"), N_("imprecise"), N_("wrong"), N_("opinion"), N_("unverified")
JUDGED_BY_SOURCE = {"holds", "imprecise", "wrong"}
KINDS = (
    *(N_("year"), N_("author"), N_("title"), N_("name"), N_("link"), N_("number")),
    *(N_("superlative"), N_("recommendation")),
)
CAUSES = N_("slip"), N_("rounding"), N_("convention"), N_("unknown")
COUNTED = {"claims", "numbers", "errata", "examples", "paragraphs"}
COUNTED |= {f"claims {verdict}" for verdict in VERDICTS}
COUNTED |= {"numbers reproduced", "numbers different", "corrections"}

Evidence = list[tuple[str, str]]  # (key, place) of each citation; the place may be empty


@dataclass
class Record:
    """Something that a page says for the ledger, and where."""

    docname: str
    line: int

    @property
    def place(self) -> tuple[str, int]:
        return self.docname, self.line

    @property
    def text(self) -> str:
        """All that it says, to tell whether what shows it must be written again: not its line."""
        return self.without("line")

    @property
    def listed(self) -> str:
        """What a table can show of it: its body stands on its own page."""
        return self.without("line", "body")

    def without(self, *names: str) -> str:
        return "|".join(shown(value) for name, value in vars(self).items() if name not in names)


def shown(value) -> str:
    if isinstance(value, list):
        return "".join(map(shown, value))
    return value.pformat() if isinstance(value, nodes.Node) else str(value)


@dataclass
class Paragraph(Record):
    id: str


@dataclass
class Claim(Record):
    id: str
    words: str


@dataclass
class Change:
    """A verdict that a claim had until a date, and why it has it no longer."""

    verdict: str
    date: str
    reason: str


@dataclass
class Annotation(Record):
    """A verdict; its body is there once the page has been read.

    ``was`` has the earlier verdicts, the oldest first.  A claim of some ``kind`` (a year, a
    title, ...) may have a ``case``, such as ``rounds``: one case of one kind has one verdict.
    ``also`` has retired ids that lead here.
    """

    id: str
    verdict: str
    fault: str | None
    was: list[Change]
    kind: str | None
    case: str | None
    also: list[str]
    now: list[nodes.Node]
    evidence: Evidence
    body: list[Piece] = field(default_factory=list)

    @property
    def verdicts(self) -> list[str]:
        """All that it ever had, the oldest first."""
        return [*(earlier.verdict for earlier in self.was), self.verdict]


@dataclass
class Lost(Record):
    """What was lost; its body is there once the page has been read."""

    paragraph: str
    anchor: str
    evidence: Evidence
    body: list[nodes.Node] = field(default_factory=list)

    @property
    def listed(self) -> str:
        return self.text  # its table has the body too


@dataclass
class Number(Record):
    key: str
    where: str
    what: str
    row: str
    printed: str
    computed: str
    cause: str | None
    anchor: str
    index: int
    reason: list[nodes.Node]
    evidence: Evidence

    @property
    def reproduced(self) -> bool:
        return self.cause is None

    @property
    def outcome(self) -> str:
        return self.cause or N_("reproduced")

    @property
    def name(self) -> str:
        return nodes.make_id(f"{self.docname}-{self.anchor}-{self.index}")

    @property
    def line_anchor(self) -> str:
        """Where its row is, in the table of its page."""
        return f"{self.anchor}-line-{self.index}"


@dataclass
class Erratum(Record):
    """A slip that is no number; its body is there once the page has been read."""

    key: str
    where: str
    anchor: str
    reads: list[nodes.Node]
    should: list[nodes.Node]
    evidence: Evidence
    body: list[Piece] = field(default_factory=list)


def kinds(outcome: str) -> set[str]:
    """The tables that a record belongs to, by its outcome."""
    return {outcome} if outcome in {"reproduced", *VERDICTS} else {outcome, "different"}
