"""What a page writes for the ledger: translations, claims, verdicts, numbers, errata, losses."""

import re
from collections import Counter
from dataclasses import replace

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxRole

from ledger import options
from ledger.agreement import NoNumber, agrees
from ledger.links import of_claim, permalink
from ledger.markup import chip, copies, indexed, labelled, numbers_table, of_class, to_row
from ledger.messages import LEDGER
from ledger.outcomes import comes_out
from ledger.records import (
    CAUSES,
    JUDGED_BY_SOURCE,
    VERDICTS,
    Annotation,
    Erratum,
    Lost,
    Number,
    Paragraph,
)
from verified_book import citations, verified
from verified_book.languages import OptionsInWords, _


def printed_lines(content):
    """The lines that the examples of a block print: what they are verified to print."""
    lines = []
    for node in filter(verified.is_example, content):
        if node["testnodetype"] == "testoutput":
            lines += node.astext().splitlines()
        elif node["testnodetype"] == "doctest":
            for example in verified.examples_of(node):
                lines += example.want.splitlines()
    return [line.strip() for line in lines]


class Directive(OptionsInWords):
    """What the ledger's directives share: records, places, warnings, Markdown."""

    @property
    def ledger(self):
        return self.env.get_domain("ledger")

    def note(self, cls, said=(), **fields):
        """Notes a record; what its body says, once the page has been read."""
        record = cls(docname=self.env.docname, line=self.lineno, **fields)
        self.ledger.note(record, said)
        return record

    def warn(self, code, *filled):
        LEDGER.warn(code, *filled, location=(self.env.docname, self.lineno))

    def inline(self, text):
        """The nodes of a text that is read, or of None."""
        return self.parse_inline(self.told(text), lineno=self.lineno)[0] if text else []

    def named(self, key, where, after=""):
        """A paper, with the place in it."""
        return self.parse_inline(f"{{cite:t}}`{key}{{{where}}}`{after}", lineno=self.lineno)[0]

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

    def label(self, box, *parts):
        """The first line of a box, which ends in a link to it."""
        return labelled(*parts, permalink(target=box["ids"][0], title=_("Link to this")))


def evidence_of(box):
    """What a box cites, each place once."""
    return list(dict.fromkeys(citations.cited(box)))


class TranslationDirective(Directive):
    """What the list says, paragraph by paragraph: ``{translation} s02 p3 p4``."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self):
        section, *paragraphs = self.arguments[0].split()
        if not paragraphs:
            self.warn("no_paragraph", section)
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
            LEDGER.warn("claim_form", self.text, location=place)
            return [nodes.Text(self.text)], []
        words, id_ = found.groups()
        children, messages = self.inliner.parse(words, self.lineno, self.inliner, None)
        node = nodes.inline("", "", *children, classes=["claim"], ids=[f"claim-{id_}"])
        node["claim"] = id_, node.astext()
        link = nodes.reference(
            "", id_, refid=f"annotation-{id_}", internal=True, classes=["claim-number"]
        )
        node += link
        return [indexed(id_, f"claim-{id_}"), node], messages


class AnnotationDirective(Directive):
    """Our verdict on one claim, with the evidence."""

    required_arguments = 1
    has_content = True
    option_spec = {
        "verdict": lambda text: directives.choice(text, VERDICTS),
        "now": directives.unchanged_required,
        "fault": directives.unchanged_required,
        "was": options.changes,
        "kind": options.kind,
        "also": options.ids,
    }

    def run(self):
        id_, verdict = self.arguments[0], self.options.get("verdict")
        fault, faults = self.options.get("fault"), self.config.ledger_faults
        if fault and fault not in faults:
            self.warn("unknown_fault", id_, fault, ", ".join(faults))
            fault = None
        if not verdict:
            self.warn("no_verdict", id_, ", ".join(VERDICTS))
            verdict = "unverified"
        box = self.box(f"verdict-{verdict}", anchor=f"annotation-{id_}")
        box["claim"], box["also"] = id_, self.options.get("also", [])
        box["kind"] = self.options.get("kind", (None, None))[0]
        back = nodes.reference("", id_, refid=f"claim-{id_}", internal=True, classes=["back"])
        verdict_chip = to_row("claims", id_, verdict, chip(_(verdict), "verdict"))
        links = of_claim(id_, self.env.docname, self.env.docname, f"claim-{id_}")
        box += labelled(back, nodes.Text(" "), verdict_chip, links)
        body = self.parse_content_to_nodes()
        now = self.inline(self.options.get("now"))
        box += body
        if fault:
            whose = _("The slip is that of {}.").format(_(faults[fault]))
            box += nodes.paragraph("", whose, classes=["fault"])
        if now:
            box += nodes.paragraph("", "", chip(_("now"), "now"), nodes.Text(" "), *now)
        evidence = evidence_of(box)
        self.hold_to_evidence(id_, verdict, box, evidence)
        kind, case = self.options.get("kind", (None, None))
        fields = {"id": id_, "verdict": verdict, "fault": fault, "now": copies(now)}
        was = [replace(old, reason=self.told(old.reason)) for old in self.options.get("was", [])]
        fields |= {"was": was, "kind": kind, "case": case and self.told(case)}
        self.note(Annotation, body, evidence=evidence, also=box["also"], **fields)
        return [box]

    def hold_to_evidence(self, id_, verdict, box, cited):
        if not cited and not any(map(verified.is_example, box.findall())):
            self.warn("no_evidence", id_)
        if verdict in JUDGED_BY_SOURCE:
            for key in [key for key, locator in cited if not locator]:
                self.warn("no_place", id_, key, key)


class LostDirective(Directive):
    """What the translated text lost or altered of its original: ``{lost} s03 p3``."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True

    def run(self):
        paragraph = " ".join(self.arguments[0].split())
        box = self.box(anchor=self.anchor(paragraph))
        box += self.label(box, chip(_(self.config.ledger_lost[0]), "lost-chip"))
        body = self.parse_content_to_nodes()
        box += body
        evidence = evidence_of(box)
        if not evidence:
            self.warn("lost_uncited")
        self.note(Lost, body, evidence=evidence, paragraph=paragraph, anchor=box["ids"][0])
        return [box]


class PublishedDirective(Directive):
    """Numbers that a paper prints, against what the examples inside compute."""

    required_arguments = 1
    has_content = True
    option_spec = {
        name: directives.unchanged_required
        for name in ("where", "what", "rows", "prints", "because", "says")
    }

    def run(self):
        key, where, what = self.arguments[0], *map(self.options.get, ("where", "what"))
        box = self.box(anchor=self.anchor(f"{key} {where} {what}"))
        content = self.parse_content_to_nodes()
        body = nodes.container("", *content)
        missing = [name for name in ("where", "what", "prints") if name not in self.options]
        if missing:
            self.warn("published_options", ":, :".join(missing))
            return [*content]
        printed = [text.strip() for text in self.options["prints"].split("|")]
        computed = printed_lines(body.findall())
        rows = [text.strip() for text in self.options.get("rows", what).split("|")]
        if not len(printed) == len(computed) == len(rows):
            self.warn("unequal_counts", len(rows), len(printed), len(computed))
            return [*content]
        causes, evidence = self.causes(rows, printed, computed), []
        what, listed = self.told(what), "rows" in self.options
        records = [
            self.note(
                Number,
                key=key,
                where=where,
                what=what,
                row=self.told(row) if listed else "",
                printed=p,
                computed=c,
                cause=cause,
                anchor=box["ids"][0],
                index=i,
                reason=copies(reason),
                evidence=evidence,
            )
            for i, (row, p, c, (cause, reason)) in enumerate(
                zip(rows, printed, computed, causes, strict=True), 1
            )
        ]
        box += self.label(box, *self.named(key, where, f": {what}"))
        says = self.inline(self.options.get("says")) or [nodes.Text(comes_out(records))]
        box += nodes.paragraph("", "", *says, classes=["comes-out"])
        box += numbers_table(records)
        box += content
        evidence += evidence_of(box)
        return [box]

    def causes(self, rows, printed, computed):
        """For each row its cause and reason: (None, []) where it is reproduced."""
        given = dict(self.reasons(rows))
        found = []
        for row, p, c in zip(rows, printed, computed, strict=True):
            try:
                agreed = agrees(p, c)
            except NoNumber as error:
                self.warn("not_compared", row, *error.args)
                agreed = False
            if agreed and row in given:
                self.warn("cause_of_nothing", row, c)
            if not agreed and row not in given and "*" not in given:
                self.warn("no_cause", row, p, c, f"{row}: CAUSE, reason")
            cause, text = given.get(row, given.get("*", ("unknown", "")))
            found.append((None, []) if agreed else (cause, self.inline(text)))
        if "*" in given and all(cause is None for cause, _ in found):
            self.warn("all_reproduced")
        return found

    def reasons(self, rows):
        """(row, (cause, reason)) of each part of :because:; a lone number's has no row."""
        for part in filter(str.strip, self.options.get("because", "").split("|")):
            named = re.fullmatch(r"\s*(?:(.+?):\s+)?(\w+),\s*([\s\S]+?)\s*", part)
            row = named and (named[1] or (rows[0] if len(rows) == 1 else None))
            if not named or named[2] not in CAUSES or row not in {*rows, "*"}:
                form = "[ROW: ]CAUSE, reason"
                self.warn("cause_form", form, ", ".join(CAUSES), part.strip())
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
            self.warn("erratum_options", ":, :".join(missing))
            return self.parse_content_to_nodes()
        where = self.options["where"]
        box = self.box(anchor=self.anchor(f"{key} {where}"))
        reads, should = self.inline(self.options["reads"]), self.inline(self.options["should"])
        about = nodes.Text(" "), *self.named(key, where)
        box += self.label(box, chip(_("erratum"), "slip"), *about)
        for head, said in ((_("reads"), reads), (_("should read"), should)):
            box += nodes.paragraph("", "", nodes.strong("", f"{head} "), *said)
        body = self.parse_content_to_nodes()
        box += body
        cites_more = len(citations.cited(box)) > 1  # than the place of the slip
        if not cites_more and not any(map(verified.is_example, box.findall())):
            self.warn("erratum_evidence")
        fields = {"key": key, "where": where, "anchor": box["ids"][0]}
        fields |= {"reads": copies(reads), "should": copies(should)}
        self.note(Erratum, body, evidence=evidence_of(box), **fields)
        return [box]


class OldAddresses(SphinxTransform):
    """Links to a retired claim and to its annotation lead to those that took it in."""

    default_priority = 870

    def apply(self):
        boxes = {box["ids"][0]: box for box in self.document.findall(of_class("annotation"))}
        for words in self.document.findall(nodes.inline):
            name = words["ids"][0].removeprefix("claim-") if words["ids"] else ""
            for box in filter(None, [boxes.get(f"annotation-{name}")]):
                words["ids"] += [f"claim-{old}" for old in box["also"]]
                box["ids"] += [f"annotation-{old}" for old in box["also"]]


class SideBySide(SphinxTransform):
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
