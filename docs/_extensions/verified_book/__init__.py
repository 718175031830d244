"""A book that verifies itself: what any book with code in it could use.

Examples are run while pages are read, figures are drawn by the code, equations are rendered,
citations say their place, and no build that warned is taken for a good one.
"""

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

ROOMS = (
    "walk",
    "lock",
    "faults",
    "parallel",
    "languages",
    "shown",
    "numbering",
    "strict",
    "verified",
    "prompts",
    "citations",
    "equations",
    "listings",
    "figures",
    "extra_files",
    "folds",
    "search",
)


def setup(app: Sphinx) -> ExtensionMetadata:
    for room in ROOMS:
        app.setup_extension(f"{__name__}.{room}")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
