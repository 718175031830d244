"""What the pages say for the ledger: one record for each claim, verdict, number, erratum, loss."""

from dataclasses import dataclass

from docutils import nodes

VERDICTS = {
    "holds": "holds",
    "imprecise": "imprecise",
    "wrong": "wrong",
    "opinion": "opinion",
    "unverified": "unverified",
}
JUDGED_BY_SOURCE = {"holds", "imprecise", "wrong"}
FAULTS = {"copy": "the Chinese copy", "author": "the list’s author"}
CAUSES = ("slip", "rounding", "convention", "unknown")
COUNTED = {"claims", "numbers", "errata", "examples", "paragraphs"}
COUNTED |= {f"claims {verdict}" for verdict in VERDICTS} | {
    "numbers reproduced",
    "numbers different",
}


@dataclass
class Record:
    """Something that a page says for the ledger, and where."""

    docname: str
    line: int

    @property
    def place(self):
        return self.docname, self.line

    @property
    def text(self):
        """All that it says, to tell whether a table that shows it must be written again."""
        return "|".join(
            "".join(node.pformat() for node in value) if isinstance(value, list) else str(value)
            for value in vars(self).values()
        )


@dataclass
class Paragraph(Record):
    id: str


@dataclass
class Claim(Record):
    id: str
    words: str


@dataclass
class Annotation(Record):
    id: str
    verdict: str
    fault: str | None
    now: list


@dataclass
class Lost(Record):
    paragraph: str
    anchor: str
    body: list


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
    reason: list

    @property
    def reproduced(self):
        return self.cause is None

    @property
    def outcome(self):
        return self.cause or "reproduced"

    @property
    def name(self):
        return nodes.make_id(f"{self.docname}-{self.anchor}-{self.index}")


@dataclass
class Erratum(Record):
    key: str
    where: str
    anchor: str
    reads: list
    should: list


def kinds(outcome):
    """The tables that a record belongs to, by its outcome."""
    return {outcome} if outcome in {"reproduced", *VERDICTS} else {outcome, "different"}
