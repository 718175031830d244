"""The ledger: what a text claims, what papers print, and what we found of both.

Directives and roles for pages:
``{translation}``, ``{claim}``, ``{annotation}``, ``{lost}``, ``{published}``, ``{erratum}``;
for the appendix and the front page: ``{ledger}`` (a generated table) and ``{count}``.

Stands on ``verified_book``: ``verified`` (how many examples) and
``citations`` (what a subtree cites).
"""

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from ledger.directives import (
    AnnotationDirective,
    ClaimRole,
    ErratumDirective,
    LostDirective,
    OldAddresses,
    PublishedDirective,
    SideBySide,
    TranslationDirective,
)
from ledger.domain import LedgerDomain, say_views, summarise
from ledger.tables import CountRole, Fill, LedgerDirective, ledger_count, ledger_view
from verified_book.languages import N_

ROOMS = ("links", "filter", "export", "folding")
FAULTS = {"copy": N_("the copy"), "author": N_("the author")}
LOST = (N_("lost"), N_("what was lost or altered"))


def setup(app: Sphinx) -> ExtensionMetadata:
    for extension in ("verified_book.verified", "verified_book.citations"):
        app.setup_extension(extension)
    app.add_config_value("ledger_paragraphs", "", "env", types=frozenset({str}))
    app.add_config_value("ledger_to_come", (), "env", types=frozenset({tuple, list, set}))
    app.add_config_value("ledger_faults", FAULTS, "env", types=frozenset({dict}))
    app.add_config_value("ledger_lost", LOST, "env", types=frozenset({tuple, list}))
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
    app.add_transform(OldAddresses)
    app.add_transform(SideBySide)
    app.add_post_transform(Fill)
    app.connect("pages-show", say_views)
    app.connect("build-finished", summarise)
    for room in ROOMS:
        app.setup_extension(f"{__name__}.{room}")
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 4}
