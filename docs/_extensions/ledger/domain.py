"""All records of the book, by page, as a Sphinx domain: they survive incremental builds and
parallel readers, and the rules that hold between them are checked there."""

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from docutils import nodes
from sphinx.domains import Domain, ObjType
from sphinx.roles import XRefRole
from sphinx.util import logging
from sphinx.util.nodes import get_node_line, make_refnode

from ledger.filter import page_name
from ledger.markup import copies
from ledger.messages import LEDGER
from ledger.records import (
    COUNTED,
    Annotation,
    Claim,
    Erratum,
    Lost,
    Number,
    Paragraph,
    Record,
    kinds,
)
from ledger.words import joined
from verified_book import citations, verified
from verified_book.languages import N_, _
from verified_book.shown import digest

logger = logging.getLogger(__name__)
Kind = TypeVar("Kind", bound=Record)
SHOWS = {  # the records that each table is made of
    "claims": (Claim, Annotation),
    "corrections": (Annotation,),
    "kinds": (Annotation,),
    "numbers": (Number,),
    "errata": (Number, Erratum),
    "lost": (Lost,),
}


class LedgerDomain(Domain):
    """All records of the book, by page, and the rules that hold between them."""

    name = "ledger"
    label = "Ledger"
    object_types = {"claim": ObjType(N_("claim"), "claim"), "number": ObjType(N_("number"))}
    roles = {
        name: XRefRole(innernodeclass=nodes.inline, warn_dangling=True)
        for name in ("claim", "annotation")
    }
    initial_data = {"records": {}, "views": {}, "digests": {}, "rows": {}}
    data_version = 4

    def note(self, record: Record, said: Iterable[nodes.Node] = ()) -> None:
        """Notes a record; what the nodes of its body say is kept once the page has been read."""
        self.data["records"].setdefault(record.docname, []).append(record)
        if said:
            self.env.temp_data.setdefault("ledger_bodies", []).append((record, said))

    def process_doc(self, env, docname, document):
        for node in document.findall(lambda n: isinstance(n, nodes.inline) and "claim" in n):
            id_, words = node["claim"]
            self.note(Claim(docname, get_node_line(node), id=id_, words=words))
        for record, said in env.temp_data.pop("ledger_bodies", ()):
            is_shown = isinstance(record, Lost)  # by a table, which has its nodes
            record.body = copies(said) if is_shown else list(joined(said, apart=True))
        if records := self.data["records"].get(docname):
            listed = [(type(record).__name__, record.listed) for record in records]
            self.data["digests"][docname] = digest([record.text for record in records])
            self.data["rows"][docname] = {
                kind.__name__: digest([said for name, said in listed if name == kind.__name__])
                for kind in {*map(type, records)}
            }

    def note_view(self, docname: str, kind: str, which: Iterable[str]) -> None:
        self.data["views"].setdefault(docname, []).append((kind, set(which)))

    def resolve_xref(self, env, fromdocname, builder, typ, target, node, contnode):
        """A link to a claim, to a record, or to its row on the page that shows that table."""
        if typ in self.roles:
            pages = {claim.id: claim.docname for claim in self.of(Claim)}
            page, anchor = pages.get(target), f"{typ}-{target}"
            return page and make_refnode(builder, fromdocname, page, anchor, contnode)
        if typ == "record":
            return make_refnode(builder, fromdocname, node["page"], target, contnode)
        wanted = kinds(node["which"])
        for docname, views in sorted(self.data["views"].items()):
            if any(kind == node["kind"] and (not w or w & wanted) for kind, w in views):
                return make_refnode(builder, fromdocname, docname, f"row-{target}", contnode)
        return contnode

    def resolve_any_xref(self, env, fromdocname, builder, target, node, contnode):
        return []

    def of(self, cls: type[Kind], docname: str | None = None) -> list[Kind]:
        """Records of one kind in reading order: of one page, or of the book."""
        records = self.data["records"]
        chosen = [docname] if docname else self.reading_order()
        return [r for doc in chosen for r in records.get(doc, ()) if type(r) is cls]

    def reading_order(self) -> list[str]:
        order, seen = [], set()

        def walk(doc):
            if doc not in seen:
                seen.add(doc)
                order.append(doc)
                for child in self.env.toctree_includes.get(doc, ()):
                    walk(child)

        walk(self.env.config.root_doc)
        return order + sorted(set(self.data["records"]) - seen)

    def said(self) -> list[tuple[str, str]]:
        """A digest of all that the records say, for each page."""
        return sorted(self.data["digests"].items())

    def count(self, what: str, which: str | None = None) -> int:
        """Of claims (by verdict), corrections, numbers (by outcome), errata, and the rest."""
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
        if what == "corrections":
            return sum(len(a.was) for a in self.of(Annotation))
        if what == "errata":
            return len(self.of(Erratum)) + sum(n.cause == "slip" for n in self.of(Number))
        return len({p.id for p in self.of(Paragraph)})

    def clear_doc(self, docname):
        for part in self.initial_data:
            self.data[part].pop(docname, None)

    def merge_domaindata(self, docnames, otherdata):
        for part in self.initial_data:
            self.data[part].update({d: v for d, v in otherdata[part].items() if d in docnames})

    def get_objects(self):
        for claim in self.of(Claim):
            anchor, title = f"claim-{claim.id}", f"{claim.id} · {claim.words}"
            yield anchor, title, "claim", claim.docname, anchor, 1
        for found in self.of(Annotation):
            for anchor in [f"claim-{old}" for old in found.also]:  # not in the search
                yield anchor, _("claim {}").format(found.id), "claim", found.docname, anchor, -1
        for anchor, record in {(r.docname, r.anchor): r for r in self.of(Number)}.items():
            name = f"{anchor[0].rpartition('/')[2]}-{record.anchor}"
            title = f"{record.where}: {record.what}"
            yield name, title, "number", record.docname, record.anchor, 1

    def get_type_name(self, type, primary=False):
        return _(type.lname)

    # -- rules --

    def check_consistency(self):
        claims, annotations = self.of(Claim), self.of(Annotation)
        self.check_unique(claims, "claim")
        self.check_unique(annotations, "annotation of claim")
        judged, claimed = {a.id for a in annotations}, {c.id for c in claims}
        for claim in claims:
            if claim.id not in judged:
                LEDGER.warn("not_judged", claim.id, location=claim.place)
        for annotation in annotations:
            if annotation.id not in claimed:
                LEDGER.warn("judges_nothing", annotation.id, location=annotation.place)
            for old in claimed & {*annotation.also}:
                LEDGER.warn("still_there", annotation.id, old, location=annotation.place)
            if any(old == new for old, new in pairwise(annotation.verdicts)):
                LEDGER.warn("became_what_it_was", annotation.id, location=annotation.place)
        self.check_paragraphs()

    def check_unique(self, records, what):
        first = {}
        for record in records:
            other = first.setdefault(record.id, record)
            if other is not record:
                place = f"{self.env.doc2path(other.docname, False)}:{other.line}"
                LEDGER.warn("twice", what, record.id, place, location=record.place)

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
                LEDGER.warn("unknown_paragraph", record.id, location=record.place)
        begun = {p.id.split()[0] for p in translated}
        for section in sorted(begun & to_come):
            place = next(p for p in translated if p.id.split()[0] == section)
            LEDGER.warn("not_to_come", section, location=place.place)
        for missing in [p for p in source if p not in {t.id for t in translated}]:
            if missing.split()[0] not in to_come:
                LEDGER.warn("not_translated", missing, location=f"{path}:{source[missing]}")

    def lost_places(self):
        return [Paragraph(r.docname, r.line, id=r.paragraph) for r in self.of(Lost)]


# -- what the build does with it ----------------------------------------------------------


def say_views(app, shown):
    """Tables and counts show all records and where they lead; records lead to the tables."""
    env, domain = shown.env, shown.env.get_domain("ledger")
    found, views = domain.data["records"], sorted(domain.data["views"].items())
    places = [(page, [(kind, sorted(which)) for kind, which in there]) for page, there in views]
    keys = {getattr(record, "key", None) for there in found.values() for record in there}
    labels = [citations.label(env, key) for key in sorted(keys - {None})]
    names = [(page, page_name(app, page)) for page in sorted(env.titles)]
    links = [shown.links.get(page) for page in sorted(found)]
    around = digest((domain.reading_order(), labels, links, names))
    for page in found:
        shown.add(page, places)
    for page, there in places:
        shown.add(page, around, [seen(domain, kind, which) for kind, which in there])


def seen(domain, kind, which):
    """What a table or a number in the text shows of the records of all pages."""
    if kind == "count":
        return [domain.count(*what.split()) for what in sorted(COUNTED)]
    if kind == "specimen":
        return [r.text for cls in (Claim, Annotation) for r in domain.of(cls) if r.id in which]
    rows = sorted(domain.data["rows"].items())
    return [(page, [there.get(cls.__name__) for cls in SHOWS[kind]]) for page, there in rows]


def summarise(app, error):
    if error is None and app.builder.name in {"html", "epub", "latex"}:
        count = app.env.get_domain("ledger").count
        logger.info(
            "%s claims judged, %s numbers recomputed (%s as printed), %s examples verified.",
            count("claims"),
            count("numbers"),
            count("numbers", "reproduced"),
            count("examples"),
        )
