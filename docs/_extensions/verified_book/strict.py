"""A build that says yes means that a clean build would say yes.

Sphinx forgets: a page that warned is not read again until it changes, so a second ``-W`` build of
the same faulty book passes.  A label that stands in two pages is seen only while both are read by
one process.  A page that names one that is gone is not looked at again.  Therefore the pages that
warned are kept beside the doctrees and read again by every later build; labels are compared when
all pages have been read; and where a page goes or changes, those that name it or share a label
with it are read again.  A mark stands while a build runs: where one was cut off, or the code of
the extensions is another, every page is read again.

Stands on ``shown``, which knows where links lead; knows only Sphinx.
"""

import json
import logging
import re
from hashlib import blake2b
from itertools import chain
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from verified_book.messages import STRICT
from verified_book.page_notes import PageNotes
from verified_book.shown import Links

EXTENSIONS = Path(__file__).resolve().parents[1]


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
    if cut_off:
        return env.found_docs
    marks = Path(app.doctreedir).glob("warned-*.json")
    warned = {page for mark in marks for page in json.loads(mark.read_text())}
    again = warned | naming(env, added | removed)
    return (again | Labels.rivals(env, again | changed | removed)) & env.found_docs


def naming(env, pages):
    """The pages whose links or contents name one that comes or goes: they are read otherwise."""
    linking = {page for page, links in Links.of(env).items() if any(x[2] in pages for x in links)}
    return linking.union(*(env.files_to_rebuild.get(page, ()) for page in pages))


def finish(app, error):
    memory = app.__dict__.pop("strict_memory", None)
    if memory is None:
        return
    logging.getLogger("sphinx").removeHandler(memory)
    kept(app, "warned").write_text(json.dumps(sorted(memory.pages)))
    if error is None:
        kept(app, "running").unlink(missing_ok=True)


# -- labels that stand in two pages ---------------------------------------------------------


class Labels(PageNotes):
    """The labels of each page, of headings, equations and terms, each with its line."""

    kept_as = "strict_labels"

    def process_doc(self, app, doctree):
        env, here = app.env, app.env.docname
        std, maths = env.domains.standard_domain, env.domains.math_domain
        maths = [(name, page, f"equation-{name}") for name, (page, _) in maths.equations.items()]
        places = [
            *((("label", name), *place) for name, place in std.anonlabels.items()),
            *((name, *place) for name, place in std.objects.items()),
            *((("equation", name), page, nodes.make_id(id_)) for name, page, id_ in maths),
        ]
        found = {name: line_of(doctree, id_) for name, page, id_ in places if page == here}
        self.of(env)[here] = found

    @classmethod
    def rivals(cls, env, pages):
        """The pages that share a label with one of these: the one has hidden the other's."""
        labels = cls.of(env)
        shared = set().union(*(labels.get(page, ()) for page in pages))
        return {page for page, names in labels.items() if shared & names.keys()}


def line_of(doctree, id_):
    node = doctree.ids.get(id_)
    while node is not None and not node.line:
        node = node.parent
    return node.line if node is not None else 1


def compare(app, env):
    """Says of each label that it stands already in an earlier page."""
    first = {}
    for page, labels in sorted(Labels.of(env).items()):
        for (kind, name), line in labels.items():
            other = first.setdefault((kind, name), (page, line))
            if other[0] != page:
                place = f"{env.doc2path(other[0], False)}:{other[1]}"
                STRICT.warn("label_twice", kind, name, place, location=(page, line))


class SaidHere(logging.Filter):
    """Lets Sphinx say that a label stands twice in one page, and leaves the rest to us."""

    def __init__(self, app):
        super().__init__()
        self.env = app.env

    def filter(self, record):
        if not str(record.msg).startswith("duplicate ") or not record.args:
            return True
        other, here = str(record.args[-1]), self.env.current_document.docname
        return here in {other, self.env.path2doc(other)}


def leave_to_us(app):
    for name in ("sphinx.sphinx.domains.std", "sphinx.sphinx.domains.math"):
        own = logging.getLogger(name)
        own.filters = [f for f in own.filters if not isinstance(f, SaidHere)] + [SaidHere(app)]


# -- what makes the book ----------------------------------------------------------------------


def know_the_makers(app, config):
    """Every page is read again when an extension changed, and written when its looks did."""
    files = [path for path in sorted(EXTENSIONS.rglob("*")) if path.suffix != ".pyc"]
    for folder in chain(config.templates_path, config.html_static_path):
        files += sorted(Path(app.confdir, folder).rglob("*"))
    code, looks = blake2b(digest_size=16), blake2b(digest_size=16)
    for path in files:
        if path.is_file() and not path.name.startswith((".", "#")) and path.name[-1] != "~":
            made = code if path.suffix == ".py" else looks
            made.update(f"{path.name}\n".encode() + path.read_bytes())
    config.strict_code = code.hexdigest()
    config.strict_looks = config.strict_looks or looks.hexdigest()


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("verified_book.shown")
    app.add_config_value("strict_code", "", "env", types=frozenset({str}))
    app.add_config_value("strict_looks", "", "html", types=frozenset({str}))
    app.add_env_collector(Labels)
    app.connect("config-inited", know_the_makers)
    app.connect("builder-inited", begin)
    app.connect("builder-inited", leave_to_us)
    app.connect("env-get-outdated", outdated)
    app.connect("env-check-consistency", compare)
    app.connect("build-finished", finish, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
