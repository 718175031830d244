"""A few pages are read and written by one process: a second costs more than it saves.

Each reader sends the whole environment back.  Where ``-j`` allows several, they are started for
more than a few pages only.

Ground floor: knows only Sphinx.
"""

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

FEW = 4


def choose(app, env, docnames):
    if 0 < len(docnames) <= FEW:
        app.parallel = 1


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("env-before-read-docs", choose)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
