"""The ledgers as JSON, so that others can cite and check a single claim, number or erratum.

Beside the HTML: ``data/claims.json``, ``data/numbers.json``, ``data/errata.json``, and their form
in ``data/ledger.schema.json``; a page of the book, ``ledger_documentation``, explains the fields,
and ``ledger_licences`` has the terms of each.
"""

import json
import os
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.osutil import FileAvoidWrite, copyfile
from sphinx.util.typing import ExtensionMetadata

from ledger import records
from ledger.words import plain, told
from verified_book import bibliography, citations, extra_files

SCHEMA = Path(__file__).with_name("ledger.schema.json")
KINDS = ("claims", "numbers", "errata")


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
                yield {
                    "id": claim.id,
                    "words": claim.words.replace("\n", " "),
                    "verdict": judged.verdict,
                    "fault": judged.fault,
                    "was": [vars(earlier) for earlier in judged.was],
                    "kind": judged.kind,
                    "case": judged.case,
                    "also": judged.also,
                    "now": plain(self.label, *judged.now) or None,
                    **self.reason(judged),
                    **self.place(claim, f"claim-{claim.id}"),
                    "annotation": self.link(judged, f"annotation-{claim.id}"),
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
                shown = {"reason": plain(self.label, *slip.reason), **self.evidence(slip)}
                both = f"{about}: {slip.printed}", f"{about}: {slip.computed}"
                yield self.erratum(slip, slip.name, *both, shown)
        for slip in self.ledger.of(records.Erratum):
            name = nodes.make_id(f"{slip.docname}-{slip.anchor}")
            both = plain(self.label, *slip.reads), plain(self.label, *slip.should)
            yield self.erratum(slip, name, *both, self.reason(slip))

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

    def reason(self, record):
        return {"reason": told(self.label, record.body), **self.evidence(record)}

    def evidence(self, record):
        places = [{"paper": key, "where": place or None} for key, place in record.evidence]
        return {"evidence": places}

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

    def file(self, kind: str) -> dict:
        """All of one file: what it is, and its records."""
        found = list(getattr(self, kind)())
        page = self.config.ledger_documentation
        return {
            "$schema": SCHEMA.name,
            "name": f"{self.config.project}: {kind}",
            "version": self.config.release,
            "committed": committed(),
            "licence": self.config.ledger_licences.get(kind),
            "book": self.config.html_baseurl or None,
            "documentation": self.builder.get_target_uri(page) if page else None,
            "papers": self.papers(found),
            kind: found,
        }


def paper_record(entry) -> dict:
    fields = entry.fields
    links = [
        form.format(fields[name]) for name, form in bibliography.LINKS.items() if name in fields
    ]
    return {
        "title": bibliography.plain(fields["title"]),
        "year": fields["year"],
        "link": links[0] if links else None,
    }


def committed() -> str | None:
    """When the book was committed, if the build was told; never the time of the build."""
    if epoch := os.environ.get("BOOK_COMMITTED"):
        return datetime.fromtimestamp(int(epoch), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return None


def make(app):
    """Writes the files."""
    folder = Path(app.outdir, "data")
    folder.mkdir(exist_ok=True)
    copyfile(SCHEMA, folder / SCHEMA.name, force=True)
    book = Records(app)
    for kind in KINDS:
        with FileAvoidWrite(folder / f"{kind}.json") as file:
            file.write(json.dumps(book.file(kind), ensure_ascii=False, indent=1) + "\n")
    return True


def ground_of(app):
    """What the files are made from: records, bibliography, settings, and this code."""
    config, bibfiles = app.config, app.env.get_domain("cite").bibdata.bibfiles
    files = [Path(path).read_bytes() for path in (*bibfiles, SCHEMA, __file__)]
    settings = (config.project, config.release, config.html_baseurl, committed())
    settings += (config.ledger_documentation, config.ledger_licences)
    return extra_files.Ground(app, "data", app.env.get_domain("ledger").said(), files, settings)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("verified_book.extra_files")
    app.add_config_value("ledger_licences", {}, "", types=frozenset({dict}))
    extra_files.when_changed(app, ground_of, make)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
