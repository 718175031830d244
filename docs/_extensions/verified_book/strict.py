"""No build that warned, or was cut off, is ever taken for a good one.

Sphinx forgets: a page that warned is not read again until it changes, so a second
``-W`` build of the same faulty book passes.  This extension keeps, beside the doctrees,
the pages that warned and a mark that stands while a build runs.  A later build reads
those pages again, and reads every page again when the mark was left behind or when a
page was removed (toctrees that name it are otherwise not looked at).

Ground floor: knows nothing of the book, only of Sphinx.
"""

import json
import logging
import re
from pathlib import Path

from docutils import nodes


class Remembering(logging.Handler):
    """Collects the pages that warnings point to."""

    def __init__(self, env):
        super().__init__(logging.WARNING)
        self.env, self.pages = env, set()

    def emit(self, record):
        self.pages.add(page_of(self.env, getattr(record, "location", None)))


def page_of(env, location):
    """The page that a warning's location lies on; the root page where it names none."""
    while isinstance(location, nodes.Node) and not location.source:
        location = location.parent
    if isinstance(location, nodes.Node):
        location = location.source
    if isinstance(location, tuple):
        location = location[0]
    name = re.sub(r":(\d+|<unknown>)?$", "", str(location or ""))
    if name not in env.found_docs:
        name = env.path2doc(name) if name else None
    return name if name in env.found_docs else env.config.root_doc


def kept(app, what):
    return Path(app.doctreedir, f"{what}-{app.builder.name}.json")


def begin(app):
    app.strict_memory = Remembering(app.env)
    logging.getLogger("sphinx").addHandler(app.strict_memory)


def outdated(app, env, added, changed, removed):
    """The first act of a build: a process that was set up and never built leaves no mark."""
    running = kept(app, "running")
    cut_off = running.exists()
    running.touch()
    if removed or cut_off:
        return env.found_docs
    warned = (json.loads(f.read_text()) for f in Path(app.doctreedir).glob("warned-*.json"))
    return {page for pages in warned for page in pages} & env.found_docs


def finish(app, error):
    memory = app.__dict__.pop("strict_memory", None)
    if memory is None:
        return
    logging.getLogger("sphinx").removeHandler(memory)
    kept(app, "warned").write_text(json.dumps(sorted(memory.pages)))
    if error is None:
        kept(app, "running").unlink(missing_ok=True)


def setup(app):
    app.connect("builder-inited", begin)
    app.connect("env-get-outdated", outdated)
    app.connect("build-finished", finish, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
