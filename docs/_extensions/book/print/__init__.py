"""The PDF and the EPUB: the same pages, without scripts, screens or anything to click open."""

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

ROOMS = ("extract", "settings", "arrange", "latex", "epub")


def setup(app: Sphinx) -> ExtensionMetadata:
    for room in ROOMS:
        app.setup_extension(f"{__name__}.{room}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
