"""What this book adds to a verified one with a ledger: cards, reading path, web and print."""

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

ROOMS = (
    "reading",
    "card",
    "glossary",
    "shapes",
    "told",
    "repository",
    "downloads",
    "exercises",
    "questions",
    "runnable",
    "front",
    "web.meta",
    "web.crawlers",
    "web.highlighting",
    "web.furo",
    "web.editions",
    "print",
)


def setup(app: Sphinx) -> ExtensionMetadata:
    for room in ROOMS:
        app.setup_extension(f"{__name__}.{room}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
