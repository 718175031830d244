"""A page is written again when what it shows of others has changed, and at no other time.

A page shows what stands elsewhere: the contents, the pages before and after it, what its links
lead to, numbers, tables of the whole book.  After each reading every extension says, in the event
``pages-show``, what its pages show of others.  A digest of that is kept for each page, beside the
doctrees, for each place that pages are written to; where it is another than before, the page is
written again.  What belonged to pages and pictures that are gone is taken out of the output.

Stands on ``page_notes``; knows only Sphinx and MyST.
"""

import json
from collections import defaultdict
from contextlib import suppress
from functools import cached_property
from hashlib import blake2b
from pathlib import Path

from sphinx import addnodes
from sphinx.application import ENV_PICKLE_FILENAME, Sphinx
from sphinx.util.typing import ExtensionMetadata

from verified_book.page_notes import PageNotes

NAMED = ("refdomain", "reftype", "reftarget", "reftargetid")


def digest(what) -> str:
    """A short name for all that this says."""
    return blake2b(repr(what).encode(), digest_size=16).hexdigest()


class Links(PageNotes):
    """Where each page's links lead, by the names that it uses."""

    kept_as = "shown_links"

    def process_doc(self, app, doctree):
        found = {
            tuple(str(link.get(name) or "") for name in NAMED)
            for link in doctree.findall(addnodes.pending_xref)
        }
        self.of(app.env)[app.env.docname] = sorted(found)


class Shown:
    """What each page shows of others."""

    def __init__(self, env):
        self.env = env
        self.said = {page: [] for page in sorted(env.found_docs & env.all_docs.keys())}

    def add(self, page, *what):
        """Says that a page shows this; sets have no order, so none may be in it."""
        if page in self.said:
            self.said[page].append(what)

    @cached_property
    def links(self):
        """For each page, what its links lead to: names, titles, pages, anchors, numbers."""
        found = Links.of(self.env)
        return {page: [self.target(*link) for link in found.get(page, ())] for page in self.said}

    @cached_property
    def names(self):
        """All that can be linked, by its name."""
        found = defaultdict(list)
        for domain in self.env.domains.sorted():
            for name, title, kind, page, anchor, _ in domain.get_objects():
                found[name].append((title, kind, page, anchor))
        for name, (page, number) in self.env.domains.math_domain.equations.items():
            found[name].append((number, "equation", page, ""))
        return found

    def target(self, domain, kind, name, anchor):
        """What stands behind a link."""
        found = self.names.get(name) or self.names.get(name.lower(), [])
        if kind == "numref":
            return found, [self.env.toc_fignumbers.get(page) for _, _, page, _ in found]
        if kind == "myst" and anchor and name in self.env.metadata:
            slugs = self.env.metadata[name].get("myst_slugs", {})
            heads = [
                (slug, *head[1:]) for slug, head in slugs.items() if anchor in (slug, head[1])
            ]
            return name, heads or self.names.get(anchor)
        return found

    def digests(self):
        return {page: digest(what) for page, what in self.said.items()}


def say_links_and_ways(app, shown):
    """What any page shows: its links, the contents, the pages around it, numbers."""
    env = shown.env
    titles = {page: title.pformat() for page, title in env.titles.items()}
    contents = {
        page: [
            {**toctree.attributes, "entries": [(t or titles.get(to), to) for t, to in entries]}
            for toctree in toc.findall(addnodes.toctree)
            if (entries := toctree["entries"])
        ]
        for page, toc in sorted(env.tocs.items())
    }
    whole = digest([toc.pformat() for _, toc in sorted(env.tocs.items())])
    book, ways = digest(contents), env.collect_relations()
    for page in shown.said:
        above, around = page, ways.get(page, ())
        while above := (ways.get(above) or [None])[0]:
            shown.add(page, above, titles.get(above))
        shown.add(page, book, [(near, titles.get(near)) for near in around])
        shown.add(page, env.toc_secnumbers.get(page), env.toc_fignumbers.get(page))
        shown.add(page, shown.links[page])
        if not all(toctree["hidden"] for toctree in contents.get(page, ())):
            shown.add(page, whole)


# -- between builds -------------------------------------------------------------------------


class Kept:
    """What the output of a builder showed when it was whole: digests of pages, and pictures."""

    def __init__(self, app):
        name = f"shown-{app.builder.name}-{digest(str(app.outdir))[:8]}.json"
        self.path = Path(app.doctreedir, name)

    def environment(self):
        """Which environment is kept now; another after each build that read a page."""
        return self.path.with_name(ENV_PICKLE_FILENAME).stat().st_mtime_ns

    def read(self):
        with suppress(OSError, ValueError):
            return json.loads(self.path.read_text("utf-8"))
        return {"pages": {}, "files": [], "environment": None}

    def write(self, what):
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps(what), "utf-8")
        draft.replace(self.path)


def note_reading(app, env, docnames):
    app.shown_reads = bool(docnames)


def changed(app, env):
    """The pages that show something else of others than their output does."""
    if app.builder.format != "html":
        return []
    before = Kept(app).read()
    same_pages = not app.shown_reads and before["pages"].keys() == env.found_docs
    if same_pages and before.get("environment") == Kept(app).environment():
        return []
    shown = Shown(env)
    app.emit("pages-show", shown)
    app.pages_shown = now = shown.digests()
    return [page for page in now if now[page] != before["pages"].get(page)]


def only_those(app, builder):
    """Sphinx would write a page anew for each page that its contents name: these are known."""
    if builder.format == "html":
        app.env.files_to_rebuild = {}


def finish(app, error):
    """Keeps what is shown now, and takes away what no page shows any more."""
    now = app.__dict__.pop("pages_shown", None)
    if error or now is None:
        return
    kept, builder = Kept(app), app.builder
    before = kept.read()
    images = {f"{builder.imagedir}/{name}" for _, name in app.env.images.values()}
    files = images | {f"_downloads/{name}" for _, name in app.env.dlfiles.values()}
    for page in before["pages"].keys() - now.keys():
        remove(Path(builder.get_output_path(page)), app.outdir)
        for source in Path(app.outdir, "_sources").glob(f"{page}.*"):
            remove(source, app.outdir)
    for name in set(before["files"]) - files:
        remove(Path(app.outdir, name), app.outdir)
    environment = kept.environment()
    kept.write({"pages": now, "files": sorted(files), "environment": environment})


def remove(file, top):
    """Removes a file, and the folders that it leaves empty."""
    file.unlink(missing_ok=True)
    with suppress(OSError):
        for folder in file.parents:
            if folder == Path(top):
                break
            folder.rmdir()


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_env_collector(Links)
    app.add_event("pages-show")
    app.connect("pages-show", say_links_and_ways)
    app.connect("env-before-read-docs", note_reading)
    app.connect("env-get-updated", changed, priority=900)  # when figures have their numbers
    app.connect("write-started", only_those)
    app.connect("build-finished", finish, priority=800)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
