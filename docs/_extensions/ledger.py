"""The ledger: what the list claims, what the papers print, and what we found of both.

Directives and roles for pages:
``{translation}``, ``{claim}``, ``{annotation}``, ``{lost}``, ``{published}``, ``{erratum}``;
for the appendix and the front page: ``{ledger}`` (a generated table) and ``{count}``.

Records live in the environment, as the data of a Sphinx domain, page by page; so they
survive incremental builds and parallel readers.  ``check_consistency`` holds them against
each other and against the list of paragraph ids.  Tables and counts are filled in by a
post-transform, before references are resolved, from nodes that every builder can write.

Stands on ``verified`` (how many examples) and ``citations`` (what a subtree cites);
above it: ``paper``, which asks what the list gets wrong.
"""

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.domains import Domain, ObjType
from sphinx.transforms import SphinxTransform
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective, SphinxRole
from sphinx.util.nodes import make_refnode

import citations
import verified

logger = logging.getLogger(__name__)

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


# -- records ------------------------------------------------------------------------------


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


# -- does a computed value agree with the printed one? ------------------------------------


def number(text):
    """The number that a printed value holds: commas, a percent sign, a unit are no part of it."""
    found = re.match(r"[-+]?[\d,]*\.?\d+(?:[eE][-+]?\d+)?", text.strip().replace("−", "-"))
    if not found:
        raise ValueError(f"“{text}” holds no number to compare with")
    return float(found[0].replace(",", ""))


def agrees(printed, computed):
    """Whether what the book computed is what the paper prints.

    ``>2.0`` ``>=2`` ``<4`` ``<=4`` ``18..24`` mean what they say; ``~5`` means 5 when rounded
    to the digits printed; anything else must be the same text.
    """
    printed, computed = printed.strip(), computed.strip()
    if found := re.fullmatch(r"(>=|<=|>|<)\s*(.+)", printed):
        limit, value = number(found[2]), number(computed)
        return {
            ">": value > limit,
            ">=": value >= limit,
            "<": value < limit,
            "<=": value <= limit,
        }[found[1]]
    if found := re.fullmatch(r"([^.].*?)\.\.(.+)", printed):
        return number(found[1]) <= number(computed) <= number(found[2])
    if printed.startswith("~"):
        digits = re.sub(r"[eE].*", "", printed).partition(".")[2]
        scale = 10.0 ** (int(m[1]) if (m := re.search(r"[eE]([-+]?\d+)", printed)) else 0)
        half_unit = 0.5 * 10.0 ** -len(re.match(r"\d*", digits)[0]) * scale
        return abs(number(computed) - number(printed[1:])) <= half_unit * (1 + 1e-12)
    return printed == computed


def printed_lines(content):
    """The lines that the examples of a block print: what they are verified to print."""
    lines = []
    for node in filter(verified.is_example, content):
        if node["testnodetype"] == "testoutput":
            lines += node.astext().splitlines()
        elif node["testnodetype"] == "doctest":
            for example in verified.doctest.DocTestParser().get_examples(verified.text_of(node)):
                lines += example.want.splitlines()
    return [line.strip() for line in lines]


# -- writing a page -----------------------------------------------------------------------


class Directive(SphinxDirective):
    """What the ledger's directives share: records, places, warnings, Markdown."""

    @property
    def ledger(self):
        return self.env.get_domain("ledger")

    def note(self, cls, **fields):
        record = cls(docname=self.env.docname, line=self.lineno, **fields)
        self.ledger.note(record)
        return record

    def warn(self, message, *args):
        logger.warning(message, *args, location=(self.env.docname, self.lineno), type="ledger")

    def inline(self, text):
        return self.parse_inline(text, lineno=self.lineno)[0] if text else []

    def box(self, *classes, anchor=None):
        node = nodes.container(classes=[self.name, *classes])
        self.set_source_info(node)
        if anchor:
            node["ids"].append(anchor)
        return node

    def anchor(self, text):
        """An id for a link that lasts: made from words, told apart where a page repeats them."""
        wanted = nodes.make_id(f"{self.name}-{text}")
        taken = Counter(self.env.temp_data.setdefault("ledger_anchors", []))[wanted]
        self.env.temp_data["ledger_anchors"].append(wanted)
        return f"{wanted}-{taken + 1}" if taken else wanted


def labelled(*parts, classes=()):
    return nodes.paragraph("", "", *parts, classes=["label", *classes])


def chip(text, *classes):
    return nodes.inline("", text, classes=["chip", *classes])


class TranslationDirective(Directive):
    """What the list says, paragraph by paragraph: ``{translation} s02 p3 p4``."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self):
        section, *paragraphs = self.arguments[0].split()
        if not paragraphs:
            self.warn("name the paragraphs that this translates, such as “%s p1 p2”", section)
        box = self.box()
        box["paragraphs"] = [f"{section} {p}" for p in paragraphs]
        for paragraph in box["paragraphs"]:
            self.note(Paragraph, id=paragraph)
            box["ids"].append(nodes.make_id(f"list-{paragraph}"))
        box += self.parse_content_to_nodes()
        return [box]


class ClaimRole(SphinxRole):
    """A checkable statement of the list: `` {claim}`its words <2.1>` ``."""

    def run(self):
        place = (self.env.docname, self.lineno)
        found = re.fullmatch(r"([\s\S]*\S)\s*<([\w]+\.\d+)>", self.text)
        if not found:
            message = "a claim is written {claim}`its words <SECTION.N>`, this is “%s”"
            logger.warning(message, self.text, location=place, type="ledger")
            return [nodes.Text(self.text)], []
        words, id_ = found.groups()
        children, messages = self.inliner.parse(words, self.lineno, self.inliner, None)
        node = nodes.inline("", "", *children, classes=["claim"], ids=[f"claim-{id_}"])
        link = nodes.reference(
            "", id_, refid=f"annotation-{id_}", internal=True, classes=["claim-number"]
        )
        ledger = self.env.get_domain("ledger")
        ledger.note(Claim(*place, id=id_, words=node.astext()))
        node += link
        return [node], messages


class AnnotationDirective(Directive):
    """Our verdict on one claim, with the evidence."""

    required_arguments = 1
    has_content = True
    option_spec = {
        "verdict": lambda text: directives.choice(text, tuple(VERDICTS)),
        "now": directives.unchanged_required,
        "fault": lambda text: directives.choice(text, tuple(FAULTS)),
    }

    def run(self):
        id_, verdict = self.arguments[0], self.options.get("verdict")
        fault = self.options.get("fault")
        if not verdict:
            self.warn("annotation %s has no :verdict: (%s)", id_, ", ".join(VERDICTS))
            verdict = "unverified"
        box = self.box(f"verdict-{verdict}", anchor=f"annotation-{id_}")
        back = nodes.reference("", id_, refid=f"claim-{id_}", internal=True, classes=["back"])
        verdict_chip = chip(VERDICTS[verdict], "verdict")
        box += labelled(back, nodes.Text(" "), to_row("claims", id_, verdict, verdict_chip))
        body = self.parse_content_to_nodes()
        now = self.inline(self.options.get("now"))
        box += body
        if fault:
            box += nodes.paragraph("", f"The slip is that of {FAULTS[fault]}.", classes=["fault"])
        if now:
            box += nodes.paragraph("", "", chip("now", "now"), nodes.Text(" "), *now)
        self.hold_to_evidence(id_, verdict, box)
        self.note(Annotation, id=id_, verdict=verdict, fault=fault, now=copies(now))
        return [box]

    def hold_to_evidence(self, id_, verdict, box):
        cited = citations.cited(box)
        if not cited and not any(map(verified.is_example, box.findall())):
            self.warn("annotation %s gives no evidence: cite a place or add an example", id_)
        if verdict in JUDGED_BY_SOURCE:
            for key in [key for key, locator in cited if not locator]:
                message = "annotation %s cites %s without saying where: write %s{§1} or the like"
                self.warn(message, id_, key, key)


class LostDirective(Directive):
    """What the Chinese copy lost or altered of the original: ``{lost} s03 p3``."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self):
        paragraph = " ".join(self.arguments[0].split())
        box = self.box(anchor=self.anchor(paragraph))
        box += labelled(chip("lost in the copy", "lost-chip"))
        body = self.parse_content_to_nodes()
        box += body
        if not citations.cited(box):
            self.warn("say where the original has it: cite the original in this {lost}")
        self.note(Lost, paragraph=paragraph, anchor=box["ids"][0], body=copies(body))
        return [box]


class PublishedDirective(Directive):
    """Numbers that a paper prints, against what the examples inside compute."""

    required_arguments = 1
    has_content = True
    option_spec = {
        name: directives.unchanged_required
        for name in ("where", "what", "rows", "prints", "because")
    }

    def run(self):
        key, where, what = self.arguments[0], *map(self.options.get, ("where", "what"))
        box = self.box(anchor=self.anchor(f"{key} {where} {what}"))
        content = self.parse_content_to_nodes()
        body = nodes.container("", *content)
        missing = [name for name in ("where", "what", "prints") if name not in self.options]
        if missing:
            self.warn("this {published} has no :%s:", ":, :".join(missing))
            return [*content]
        printed = [text.strip() for text in self.options["prints"].split("|")]
        computed = printed_lines(body.findall())
        rows = [text.strip() for text in self.options.get("rows", what).split("|")]
        if not len(printed) == len(computed) == len(rows):
            message = "%d rows, %d printed values, but the examples print %d lines"
            self.warn(message, len(rows), len(printed), len(computed))
            return [*content]
        causes = self.causes(rows, printed, computed)
        records = [
            self.note(
                Number,
                key=key,
                where=where,
                what=what,
                row=row if "rows" in self.options else "",
                printed=p,
                computed=c,
                cause=cause,
                anchor=box["ids"][0],
                index=i,
                reason=copies(reason),
            )
            for i, (row, p, c, (cause, reason)) in enumerate(
                zip(rows, printed, computed, causes, strict=True), 1
            )
        ]
        title = self.inline(f"{{cite:t}}`{key}{{{where}}}`: {what}")
        box += labelled(*title)
        box += numbers_table(records)
        box += content
        return [box]

    def causes(self, rows, printed, computed):
        """For each row its cause and reason: (None, []) where it is reproduced."""
        given = dict(self.reasons(rows))
        found = []
        for row, p, c in zip(rows, printed, computed, strict=True):
            try:
                agreed = agrees(p, c)
            except ValueError as error:
                self.warn("%s: %s", row, error)
                agreed = False
            if agreed and row in given:
                self.warn("%s is reproduced (%s), so it needs no :because:", row, c)
            if not agreed and row not in given and "*" not in given:
                message = "%s: the paper prints %s and we compute %s; say why in :because: %s"
                self.warn(message, row, p, c, f"{row}: CAUSE, reason")
            cause, text = given.get(row, given.get("*", ("unknown", "")))
            found.append((None, []) if agreed else (cause, self.inline(text)))
        if "*" in given and all(cause is None for cause, _ in found):
            self.warn("every row is reproduced, so none needs a :because:")
        return found

    def reasons(self, rows):
        """(row, (cause, reason)) of each part of :because:; a lone number's has no row."""
        for part in filter(str.strip, self.options.get("because", "").split("|")):
            named = re.fullmatch(r"\s*(?:(.+?):\s+)?(\w+),\s*([\s\S]+?)\s*", part)
            row = named and (named[1] or (rows[0] if len(rows) == 1 else None))
            if not named or named[2] not in CAUSES or row not in {*rows, "*"}:
                form = "[ROW: ]CAUSE, reason"
                message = "write “%s” with a ROW of this table and a CAUSE of %s, not “%s”"
                self.warn(message, form, ", ".join(CAUSES), part.strip())
                continue
            yield row, (named[2], named[3])


class ErratumDirective(Directive):
    """A slip of a paper that is no number: a sign, an exponent, two places that disagree."""

    required_arguments = 1
    has_content = True
    option_spec = {name: directives.unchanged_required for name in ("where", "reads", "should")}

    def run(self):
        key = self.arguments[0]
        missing = [name for name in self.option_spec if name not in self.options]
        if missing:
            self.warn("this {erratum} has no :%s:", ":, :".join(missing))
            return self.parse_content_to_nodes()
        where = self.options["where"]
        box = self.box(anchor=self.anchor(f"{key} {where}"))
        reads, should = self.inline(self.options["reads"]), self.inline(self.options["should"])
        box += labelled(chip("erratum", "slip"), *self.inline(f" {{cite:t}}`{key}{{{where}}}`"))
        box += nodes.paragraph("", "", nodes.strong("", "reads "), *reads)
        box += nodes.paragraph("", "", nodes.strong("", "should read "), *should)
        box += self.parse_content_to_nodes()
        shown = any(map(verified.is_example, box.findall())) or len(citations.cited(box)) > 1
        if not shown:
            self.warn("this {erratum} shows no evidence: add an example or a citation")
        self.note(
            Erratum,
            key=key,
            where=where,
            anchor=box["ids"][0],
            reads=copies(reads),
            should=copies(should),
        )
        return [box]


class Reading(SphinxTransform):
    """Sets the annotations that follow a translation beside it: one box of two columns."""

    default_priority = 880

    def apply(self):
        for text in list(self.document.findall(of_class("translation"))):
            parent, i = text.parent, text.parent.index(text)
            notes = nodes.container(classes=["marginalia"])
            while len(parent) > i + 1 and of_class("annotation", "lost")(parent[i + 1]):
                notes += parent.pop(i + 1)
            if len(notes):
                parent[i] = nodes.container("", text, notes, classes=["reading"])


def of_class(*names):
    return lambda node: (
        isinstance(node, nodes.container) and bool({*names} & {*node.get("classes", ())})
    )


# -- tables -------------------------------------------------------------------------------


def table(heads, rows, classes, widths):
    """A plain table; cells are lists of inline nodes."""
    group = nodes.tgroup("", cols=len(heads))
    group += [nodes.colspec("", colwidth=width) for width in widths]
    group += nodes.thead("", row([[nodes.Text(head)] for head in heads]))
    group += nodes.tbody("", *map(row, rows))
    return nodes.table("", group, classes=["ledger", *classes])


def row(cells):
    """A row of cells; a cell is a list of inline nodes or of paragraphs and the like."""
    return nodes.row("", *(nodes.entry("", *blocks(cell)) for cell in cells))


def blocks(cell):
    inline = all(isinstance(node, nodes.Inline | nodes.Text) for node in cell)
    return [nodes.paragraph("", "", *cell)] if inline else cell


def row_mark(name):
    return nodes.inline("", "", ids=[f"row-{name}"])


def to_row(kind, name, which, content):
    """A link to a row of the ledger; the domain finds the page that shows it."""
    return addnodes.pending_xref(
        "", content, refdomain="ledger", reftype="row", reftarget=name, kind=kind, which=which
    )


def outcome(record):
    """A number's outcome, as a chip and the reason behind it."""
    return [chip(record.outcome, record.outcome), nodes.Text(" "), *copies(record.reason)]


def copies(found):
    """Copies of nodes for another place: no ids, which must stay unique, and no document."""
    made = [node.deepcopy() for node in found]
    for part in (part for node in made for part in node.findall()):
        part._document = None
        if isinstance(part, nodes.Element):
            part["ids"] = []
            part.attributes.pop("refdoc", None)  # links are those of the page that shows it
    return made


def numbers_table(records):
    """The rows of a {published}: chips lead to the ledger, and no reason is said twice running."""
    rows, said = [], None
    for r in records:
        shown, *reason = outcome(r)
        told = "".join(node.astext() for node in reason)
        name = [[nodes.Text(r.row)]] if r.row else []
        verdict = [to_row("numbers", r.name, r.outcome, shown), *(reason if told != said else [])]
        rows.append([*name, [nodes.Text(r.printed)], [nodes.Text(r.computed)], verdict])
        said = told
    heads, widths = ["row", "printed", "computed", "outcome"], [30, 15, 15, 40]
    width = len(rows[0])
    return table(heads[-width:], rows, ["numbers"], widths[-width:])


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


def kinds(outcome):
    """The tables that a record belongs to, by its outcome."""
    return {outcome} if outcome in {"reproduced", *VERDICTS} else {outcome, "different"}


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


# -- the domain ---------------------------------------------------------------------------


class LedgerDomain(Domain):
    """All records of the book, by page, and the rules that hold between them."""

    name = "ledger"
    label = "Ledger"
    object_types = {"claim": ObjType("claim"), "number": ObjType("number")}
    initial_data = {"records": {}, "views": {}}
    data_version = 1

    def note(self, record):
        self.data["records"].setdefault(record.docname, []).append(record)

    def note_view(self, docname, kind, which):
        self.data["views"].setdefault(docname, []).append((kind, set(which)))

    def resolve_xref(self, env, fromdocname, builder, typ, target, node, contnode):
        """A link to a record, or to its row on the page that shows that table; else plain text."""
        if typ == "record":
            return make_refnode(builder, fromdocname, node["page"], target, contnode)
        wanted = kinds(node["which"])
        for docname, views in sorted(self.data["views"].items()):
            if any(kind == node["kind"] and (not w or w & wanted) for kind, w in views):
                return make_refnode(builder, fromdocname, docname, f"row-{target}", contnode)
        return contnode

    def resolve_any_xref(self, env, fromdocname, builder, target, node, contnode):
        return []

    def of(self, cls, docname=None):
        """Records of one kind in reading order: of one page, or of the book."""
        records = self.data["records"]
        chosen = [docname] if docname else self.reading_order()
        return [r for doc in chosen for r in records.get(doc, ()) if type(r) is cls]

    def reading_order(self):
        order, seen = [], set()

        def walk(doc):
            if doc not in seen:
                seen.add(doc)
                order.append(doc)
                for child in self.env.toctree_includes.get(doc, ()):
                    walk(child)

        walk(self.env.config.root_doc)
        return order + sorted(set(self.data["records"]) - seen)

    def count(self, what, which=None):
        """Of claims (by verdict), numbers (by outcome), errata, examples, paragraphs."""
        if what == "examples":
            return verified.count_examples(self.env)
        if what == "claims":
            if which is None:
                return len(self.of(Claim))
            return sum(a.verdict == which for a in self.of(Annotation))
        if what == "numbers":
            numbers = self.of(Number)
            wanted = {None: (True, False), "reproduced": (True,), "different": (False,)}[which]
            return sum(n.reproduced in wanted for n in numbers)
        if what == "errata":
            return len(self.of(Erratum)) + sum(n.cause == "slip" for n in self.of(Number))
        return len({p.id for p in self.of(Paragraph)})

    def clear_doc(self, docname):
        self.data["records"].pop(docname, None)
        self.data["views"].pop(docname, None)

    def merge_domaindata(self, docnames, otherdata):
        for part in ("records", "views"):
            self.data[part].update({d: v for d, v in otherdata[part].items() if d in docnames})

    def get_objects(self):
        for claim in self.of(Claim):
            anchor = f"claim-{claim.id}"
            yield anchor, f"claim {claim.id}: {claim.words}", "claim", claim.docname, anchor, 1
        for anchor, record in {(r.docname, r.anchor): r for r in self.of(Number)}.items():
            name = f"{anchor[0].rpartition('/')[2]}-{record.anchor}"
            title = f"{record.where}: {record.what}"
            yield name, title, "number", record.docname, record.anchor, 1

    # -- rules --

    def check_consistency(self):
        claims, annotations = self.of(Claim), self.of(Annotation)
        self.check_unique(claims, "claim")
        self.check_unique(annotations, "annotation of claim")
        judged, claimed = {a.id for a in annotations}, {c.id for c in claims}
        for claim in claims:
            if claim.id not in judged:
                self.warn(claim, "claim %s has no annotation: judge it on this page", claim.id)
        for annotation in annotations:
            if annotation.id not in claimed:
                message = "annotation %s judges no claim: mark its words in a {translation}"
                self.warn(annotation, message, annotation.id)
        self.check_paragraphs()

    def check_unique(self, records, what):
        first = {}
        for record in records:
            other = first.setdefault(record.id, record)
            if other is not record:
                place = f"{self.env.doc2path(other.docname, False)}:{other.line}"
                self.warn(record, f"{what} %s stands already in %s", record.id, place)

    def check_paragraphs(self):
        """Every paragraph of the source is translated once, but for sections still to come."""
        if not self.env.config.ledger_paragraphs:
            return
        path = Path(self.env.config.verified_root, self.env.config.ledger_paragraphs)
        lines = path.read_text("utf-8").splitlines()
        source = {line.strip(): i for i, line in enumerate(lines, 1) if line.strip()}
        to_come = set(self.env.config.ledger_to_come)
        translated = self.of(Paragraph)
        self.check_unique(translated, "the translation of")
        for record in [*translated, *self.lost_places()]:
            if record.id not in source:
                self.warn(record, "the source has no paragraph %s", record.id)
        begun = {p.id.split()[0] for p in translated}
        for section in sorted(begun & to_come):
            place = next(p for p in translated if p.id.split()[0] == section)
            self.warn(place, "%s is translated: take it out of ledger_to_come", section)
        for missing in [p for p in source if p not in {t.id for t in translated}]:
            if missing.split()[0] not in to_come:
                where = f"{path}:{source[missing]}"
                message = "paragraph %s is translated nowhere: add a {translation} of it"
                logger.warning(message, missing, location=where, type="ledger")

    def lost_places(self):
        return [Paragraph(r.docname, r.line, id=r.paragraph) for r in self.of(Lost)]

    def warn(self, record, message, *args):
        logger.warning(message, *args, location=record.place, type="ledger")


# -- what the build does with it ----------------------------------------------------------


def rewrite_views(app, env):
    """Pages with tables or counts are written again when what they show has changed."""
    domain = env.get_domain("ledger")
    records = [r.text for page in sorted(domain.data["records"].items()) for r in page[1]]
    titles = {docname: title.astext() for docname, title in sorted(env.titles.items())}
    shown = repr((records, verified.count_examples(env), titles))
    before, env.ledger_shown = getattr(env, "ledger_shown", None), shown
    return sorted(domain.data["views"]) if shown != before else []


def summarise(app, error):
    if error is None and app.builder.name in {"html", "dirhtml", "epub", "latex"}:
        count = app.env.get_domain("ledger").count
        logger.info(
            "%s claims judged, %s numbers recomputed (%s as printed), %s examples verified.",
            count("claims"),
            count("numbers"),
            count("numbers", "reproduced"),
            count("examples"),
        )


def setup(app):
    for extension in ("verified", "citations"):
        app.setup_extension(extension)
    app.add_config_value("ledger_paragraphs", "", "env")
    app.add_config_value("ledger_to_come", (), "env", types=frozenset({tuple, list, set}))
    app.add_domain(LedgerDomain)
    app.add_node(ledger_view)
    app.add_node(ledger_count)
    app.add_directive("translation", TranslationDirective)
    app.add_directive("annotation", AnnotationDirective)
    app.add_directive("lost", LostDirective)
    app.add_directive("published", PublishedDirective)
    app.add_directive("erratum", ErratumDirective)
    app.add_directive("ledger", LedgerDirective)
    app.add_role("claim", ClaimRole())
    app.add_role("count", CountRole())
    app.add_transform(Reading)
    app.add_post_transform(Fill)
    app.connect("env-updated", rewrite_views, priority=950)
    app.connect("build-finished", summarise)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
