"""The ledgers as JSON, so that others can cite and check a single claim, number or erratum.

Beside the HTML: ``data/claims.json``, ``data/numbers.json``, ``data/errata.json``, and their form
in ``data/ledger.schema.json``; the page ``appendix/data`` explains the fields.  The records are
those of ``ledger``; what annotations and errata say and cite is noted when a page is read.

Stands on ``ledger``, ``citations``, ``paper``, ``page_notes`` and ``made``; above it: ``heads``,
``machines``.
"""

import json
import os
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.util.osutil import FileAvoidWrite, copyfile

from ledger import records
from ledger.markup import of_class
from verified_book import bibliography, citations, extra_files
from verified_book.page_notes import PageNotes

SCHEMA = Path(__file__).with_name("ledger.schema.json")
OURS = "CC-BY-4.0"
THEIRS = (
    "The translation: CC-BY-4.0 as far as we can grant it; the rights of the authors of the list "
    "and of its Chinese copy are untouched."
)
LICENCES = {"claims": {"words": THEIRS, "all else": OURS}, "numbers": OURS, "errata": OURS}


# -- plain text -------------------------------------------------------------------------------


def plain(label, *found):
    """Nodes as plain text: maths as TeX, a citation as the label of its paper and the place."""
    return told(label, (piece for node in found for piece in pieces(node)))


def told(label, said):
    texts = (piece if isinstance(piece, str) else cite(label, *piece) for piece in said)
    return "".join(texts).strip()


def cite(label, role, places):
    cited = [", ".join(filter(None, (label(key), at))) for key, at in places]
    return "; ".join(cited) if role == "t" else f"({'; '.join(cited)})"


def pieces(node):
    """The text of a node in pieces, in which a citation is (role, [(key, place), ...])."""
    if isinstance(node, nodes.Text):
        yield node.astext().replace("\n", " ")
    elif isinstance(node, nodes.math | nodes.math_block):
        mark = "$" if isinstance(node, nodes.math) else "$$"
        yield f"{mark}{node.astext()}{mark}"
    elif isinstance(node, nodes.literal_block):
        yield node.astext()
    elif isinstance(node, addnodes.pending_xref) and node["refdomain"] == "cite":
        yield node["reftype"], citations.cited(node)
    else:
        for i, child in enumerate(node.children):
            if i and not isinstance(node, nodes.TextElement):
                yield "\n\n"
            yield from pieces(child)


# -- what a page says and cites of each record --------------------------------------------------


class Notes(PageNotes):
    """Notes what annotations and errata say, while their citations are still whole.

    For each page, by anchor: what is said of a record, and the (key, place) that show it.
    """

    kept_as = "open_data_notes"

    def process_doc(self, app, doctree):
        found = {}
        for box in doctree.findall(of_class("annotation", "erratum", "published")):
            body = nodes.container("", *(part.deepcopy() for part in box if not is_label(part)))
            note = list(pieces(body)), list(dict.fromkeys(citations.cited(box)))
            found |= dict.fromkeys(box["ids"], note)
        if found:
            self.of(app.env)[app.env.docname] = found


def is_label(part):
    """Whether a part of a box is none of the text: a label, or a line that is a field already."""
    first = part[0] if isinstance(part, nodes.paragraph) and part.children else None
    return (
        bool({"label", "fault"} & {*part.get("classes", ())})
        or (isinstance(first, nodes.inline) and "chip" in first["classes"])
        or (isinstance(first, nodes.strong) and first.astext() in {"reads ", "should read "})
    )


# -- records ------------------------------------------------------------------------------------


class Records:
    """The records of the book as they stand in the JSON files."""

    def __init__(self, app):
        self.env, self.builder, self.config = app.env, app.builder, app.config
        self.ledger = app.env.get_domain("ledger")
        self.label = cache(partial(citations.label, app.env))

    def claims(self):
        annotations = {a.id: a for a in self.ledger.of(records.Annotation)}
        for claim in self.ledger.of(records.Claim):
            if judged := annotations.get(claim.id):
                anchor = f"annotation-{claim.id}"
                yield {
                    "id": claim.id,
                    "words": claim.words.replace("\n", " "),
                    "verdict": judged.verdict,
                    "fault": judged.fault,
                    "now": plain(self.label, *judged.now) or None,
                    **self.shown(judged, anchor),
                    **self.place(claim, f"claim-{claim.id}"),
                    "annotation": self.link(judged, anchor),
                }

    def numbers(self):
        for number in self.ledger.of(records.Number):
            yield {
                "id": number.name,
                "paper": number.key,
                "where": number.where,
                "what": number.what,
                "row": number.row or None,
                "printed": number.printed,
                "computed": number.computed,
                "outcome": number.outcome,
                "reason": plain(self.label, *number.reason) or None,
                **self.place(number, number.anchor),
            }

    def errata(self):
        for slip in self.ledger.of(records.Number):
            if slip.cause == "slip":
                about = f"{slip.what}, {slip.row}" if slip.row else slip.what
                shown = self.shown(slip, slip.anchor) | {"reason": plain(self.label, *slip.reason)}
                both = f"{about}: {slip.printed}", f"{about}: {slip.computed}"
                yield self.erratum(slip, slip.name, *both, shown)
        for slip in self.ledger.of(records.Erratum):
            name = nodes.make_id(f"{slip.docname}-{slip.anchor}")
            both = plain(self.label, *slip.reads), plain(self.label, *slip.should)
            yield self.erratum(slip, name, *both, self.shown(slip, slip.anchor))

    def erratum(self, slip, name, reads, should, shown):
        return {
            "id": name,
            "paper": slip.key,
            "where": slip.where,
            "reads": reads,
            "should": should,
            **shown,
            **self.place(slip, slip.anchor),
        }

    def shown(self, record, anchor):
        said, evidence = Notes.of(self.env)[record.docname][anchor]
        places = [{"paper": key, "where": place or None} for key, place in evidence]
        return {"reason": told(self.label, said), "evidence": places}

    def place(self, record, anchor):
        return {"page": record.docname, "link": self.link(record, anchor)}

    def link(self, record, anchor):
        return f"{self.builder.get_target_uri(record.docname)}#{anchor}"

    def papers(self, found):
        """What the keys stand for that these records cite."""
        cited = {part["paper"] for r in found for part in (r, *r.get("evidence", ()))
                 if "paper" in part}  # fmt: skip
        entries = self.env.get_domain("cite").bibdata.data.entries
        return {
            key: {"label": self.label(key), **paper_record(entries[key])}
            for key in sorted(cited & {*entries})
        }

    def file(self, kind):
        """All of one file: what it is, and its records."""
        found = list(getattr(self, kind)())
        return {
            "$schema": SCHEMA.name,
            "name": f"{self.config.project}: {kind}",
            "version": self.config.release,
            "committed": committed(),
            "licence": LICENCES[kind],
            "book": self.config.html_baseurl or None,
            "documentation": self.builder.get_target_uri("appendix/data"),
            "papers": self.papers(found),
            kind: found,
        }


def paper_record(entry):
    fields = entry.fields
    links = [
        form.format(fields[name]) for name, form in bibliography.LINKS.items() if name in fields
    ]
    return {
        "title": bibliography.plain(fields["title"]),
        "year": fields["year"],
        "link": links[0] if links else None,
    }


def committed():
    """When the book was committed, as the build was told; never the time of the build."""
    if epoch := os.environ.get("SOURCE_DATE_EPOCH"):
        return datetime.fromtimestamp(int(epoch), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return None


def make(app):
    """Writes the files."""
    folder = Path(app.outdir, "data")
    folder.mkdir(exist_ok=True)
    copyfile(SCHEMA, folder / SCHEMA.name, force=True)
    book = Records(app)
    for kind in LICENCES:
        with FileAvoidWrite(folder / f"{kind}.json") as file:
            file.write(json.dumps(book.file(kind), ensure_ascii=False, indent=1) + "\n")
    return True


def ground_of(app):
    """What the files are made from: records, notes, bibliography, settings, and this code."""
    config = app.config
    names = [Path(config.verified_root, name) for name in config.bibtex_bibfiles]
    files = [path.read_bytes() for path in (*names, SCHEMA, Path(__file__))]
    settings = (config.project, config.release, config.html_baseurl, committed())
    said = app.env.get_domain("ledger").said()
    return extra_files.Ground(app, "data", said, Notes.of(app.env), files, settings)


def setup(app):
    app.setup_extension("verified_book.extra_files")
    app.add_env_collector(Notes)
    extra_files.when_changed(app, ground_of, make)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
