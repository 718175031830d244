"""Code that runs in the page: Run, Edit and Check, in the reader's own browser.

What runs is Python itself with NumPy, which ``make runtime`` leaves in build/runtime; the build
copies it beside the pages, and where it is not there the pages offer nothing.  A page loads a
small script; all else is fetched when a reader first asks, from the book's own origin:

    _runtime/now.json            what is current: the runtime, the snippets, their sizes
    _runtime/RUNTIME/            Python, NumPy, libraries, the editor; named by its ground
    _runtime/snippets-X.zip.json the snippets as the pages show them
    _runtime/data/               the data that they read
    _runtime/pages/PAGE.json     a page's examples, the functions that it shows, its exercises

``static/run`` has the scripts, and ``harness.py``, which judges as the build does.

Stands on ``verified`` (what an example is), ``exercises`` and ``page_notes``.
"""

import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from functools import cache
from hashlib import blake2b
from pathlib import Path
from zipfile import ZipFile, ZipInfo

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.directives.code import LiteralInclude
from sphinx.util.osutil import FileAvoidWrite
from sphinx.util.typing import ExtensionMetadata

from book.exercises import exercise
from verified_book.assets import add_static
from verified_book.dependencies import stamp
from verified_book.extra_files import is_web
from verified_book.page_notes import PageNotes
from verified_book.verified import is_example, text_of

FOLDER = "_runtime"
UNCHECKED = '"""In the browser shapes are not checked: the check would cost a second."""\n'


class ShownCode(LiteralInclude):
    """``literalinclude``, which notes the object that it shows: a reader may change it."""

    def run(self):
        found = super().run()
        if name := self.options.get("pyobject"):
            for block in (block for node in found for block in node.findall(nodes.literal_block)):
                block["pyobject"] = name
                block["classes"].append("shown")
        return found


@dataclass
class Page:
    """What of a page can be run, in its order."""

    blocks: list[str] = field(default_factory=list)  # the text of each example block
    shown: list[dict] = field(default_factory=list)  # file and object of each shown function
    exercises: list[dict] = field(default_factory=list)  # id and module of each one to write


class Runnable(PageNotes):
    """Notes what of a page can be run."""

    kept_as = "runnable_pages"

    def process_doc(self, app, doctree):
        page = Page()
        for node in doctree.findall(nodes.literal_block):
            if is_example(node):
                page.blocks.append(text_of(node))
                node["classes"].append("runnable")
            elif "pyobject" in node:
                root = Path(app.config.verified_root).resolve()
                file = Path(node["source"]).resolve().relative_to(root).as_posix()
                page.shown.append({"file": file, "object": node["pyobject"]})
        for node in doctree.findall(exercise):
            if node["kind"] == "write":
                page.exercises.append({"id": node["exercise"], "stem": node["stem"]})
        if page.blocks:
            self.of(app.env)[app.env.docname] = page


# -- the files ------------------------------------------------------------------------------------


def find(app, config):
    """How many megabytes a first Run fetches; 0 where there is no runtime."""
    found = about(Path(app.confdir, config.runnable_runtime))
    config.runnable_size = round(found["packed"] / 1e6)
    config.runnable_counted = found["counted"]


def about(runtime):
    """What a runtime is made from, and its sizes."""
    path = runtime / "about.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else {"packed": 0, "counted": 0}


def write(app, error):
    """Writes what a page fetches, once the pages are written."""
    folder = Path(app.outdir, FOLDER)
    if error or not is_web(app.builder):
        return
    if not app.config.runnable_size:
        shutil.rmtree(folder, ignore_errors=True)
        return
    package = Path(app.config.verified_root).resolve() / app.config.verified_package
    folder.mkdir(exist_ok=True)
    runtime = copy_runtime(Path(app.confdir, app.config.runnable_runtime), folder)
    snippets = pack(package, folder)
    data = frozenset(f.name for f in (package / "data").glob("*") if f.suffix != ".md")
    put(folder / "now.json", {
        "runtime": runtime, "snippets": snippets, "package": package.name,
        "size": app.config.runnable_size, "counted": app.config.runnable_counted,
        "version": app.config.release, "flags": app.config.doctest_default_flags,
    })  # fmt: skip
    for docname, page in Runnable.of(app.env).items():
        wanted = sorted(data_of(app.env, docname, package, data))
        put(folder / "pages" / f"{docname}.json", asdict(page) | {"data": wanted})
        for name in wanted:
            copy_new(package / "data" / name, folder / "data" / name)


def copy_runtime(runtime, folder):
    """Copies the runtime, once, under a name that what it is made from gives it."""
    name = f"python-{about(runtime)['ground'][:16]}"
    if (folder / name).is_dir():
        return name
    for old in folder.glob("python-*"):
        shutil.rmtree(old)
    shutil.copytree(runtime, folder / "python-copy")
    (folder / "python-copy").rename(folder / name)
    return name


def copy_new(source, target):
    """Copies a file that is not there, or not as it is here."""
    if not target.exists() or target.read_bytes() != source.read_bytes():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)


def pack(package, folder):
    """A zip of the modules that pages and exercises import, named by its digest."""
    paths = [*package.glob("*.py"), *package.glob("exercises/*.py")]
    texts = {path.relative_to(package.parent).as_posix(): path.read_bytes() for path in paths}
    texts[f"{package.name}/__init__.py"] = UNCHECKED.encode()
    digest = blake2b(repr(sorted(texts.items())).encode(), digest_size=8).hexdigest()
    name = f"{package.name}-{digest}.zip.json"  # a name that hosts compress
    for old in folder.glob(f"{package.name}-*"):
        if old.name != name:
            old.unlink()
    if not (folder / name).exists():
        with ZipFile(folder / name, "w") as out:
            for path, text in sorted(texts.items()):
                out.writestr(ZipInfo(path), text)
    return name


def data_of(env, docname, package, names):
    """The data files that the modules of a page name."""
    top = os.path.realpath(env.srcdir)
    used = {
        os.path.normpath(os.path.join(top, file)) for file in env.dependencies.get(docname, ())
    }
    inside = (Path(file) for file in used if file.startswith(f"{package}{os.sep}"))
    modules = (file for file in inside if file.suffix == ".py")
    return set().union(*(named_in(file, stamp(file), names) for file in modules))


@cache
def named_in(file, _stamp, names):
    """Which of the data files a module names."""
    text = file.read_text("utf-8")
    return {name for name in names if name in text or Path(name).stem in text}


def put(path, what):
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileAvoidWrite(path) as file:
        file.write(json.dumps(what, ensure_ascii=False))


def offer(app, pagename, templatename, context, doctree):
    """Loads the small script on a page that has something to run."""
    if app.config.runnable_size and is_web(app.builder) and pagename in Runnable.of(app.env):
        app.add_css_file("run/run.css")
        about = {"data-page": pagename, "data-size": str(app.config.runnable_size)}
        app.add_js_file("run/run.js", loading_method="defer", **about)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("book.exercises")
    app.add_config_value("runnable_runtime", "build/runtime", "", types=frozenset({str}))
    app.add_config_value("runnable_size", 0, "html", types=frozenset({int}))
    app.add_config_value("runnable_counted", 0, "", types=frozenset({int}))
    app.add_directive("literalinclude", ShownCode, override=True)
    app.add_env_collector(Runnable)
    add_static(app, __file__)
    app.connect("config-inited", find)
    app.connect("html-page-context", offer)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 2}
