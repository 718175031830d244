"""The verified build: a page's examples are run while Sphinx reads the page.

The parser and the runner are ``sphinx.ext.doctest``'s own, so ``make doctest`` (the
standard builder) runs the same examples.  Here they run in every builder, in the parallel
readers, and again only when the page, a snippet that it uses, or the ground they stand on
(Python, NumPy, the ``doctest_*`` settings) has changed.

Stands on ``page_notes``, and on ``strict``: a failing example is a warning at its file and line,
and a page that warned is read again.  Knows no snippet by name.  Above it: ``ledger`` and
``paper``, which ask it how many examples a page holds.
"""

import ast
import doctest
import faulthandler
import importlib
import re
import signal
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from docutils import nodes
from sphinx.ext.doctest import DocTestBuilder, SphinxDocTestRunner
from sphinx.util import logging

from verified_book import modules
from verified_book.page_notes import PageNotes

logger = logging.getLogger(__name__)

REPORT = re.compile(
    r'\*+\nFile "(?P<file>[^"]+)", line (?P<line>\d+|\?), in (?P<group>.+)\n(?P<text>[\s\S]*)'
)


@dataclass
class Page:
    """What running one page told: how many examples it holds, and its docstrings' places."""

    examples: int = 0
    docstrings: set[tuple[str, int]] = field(default_factory=set)


def count_examples(env, docname=None) -> int:
    """Examples verified on one page, or in the whole book with each docstring counted once."""
    pages = Verification.of(env)
    if docname is not None:
        page = pages.get(docname, Page())
        return page.examples + len(page.docstrings)
    docstrings = set().union(*(page.docstrings for page in pages.values()))
    return sum(page.examples for page in pages.values()) + len(docstrings)


# -- running ------------------------------------------------------------------------------


class Runner(DocTestBuilder):
    """sphinx.ext.doctest's runner, without being the active builder or writing a file."""

    name = "verified"

    def init(self):
        self.opt, self.type, self.reports = self.config.doctest_default_flags, "single", []
        doctest.compile = self.compile  # as the parent does: setup code has many statements
        for kind in ("total", "setup", "cleanup"):
            setattr(self, f"{kind}_failures", 0)
            setattr(self, f"{kind}_tries", 0)

    def _out(self, text): ...

    def _warn_out(self, text):
        self.reports.append(text)

    def get_filename_for_node(self, node, docname):
        return source_of(node) or str(self.env.doc2path(docname))

    def get_line_number(self, node):
        return first_line(node)


def is_example(node):
    return isinstance(node, nodes.literal_block | nodes.comment) and "testnodetype" in node


def source_of(node):
    return (node.source or "").partition(":docstring of ")[0]


def text_of(node):
    return node.get("test") or node.astext()


@cache
def lines(path):
    """The lines of a file, kept while one page is read."""
    return Path(path).read_text("utf-8").split("\n")


def first_line(node):
    """Index of the line of the file that an example block starts on.

    Directives nested in others report the line of their fence, or one before it.
    """
    rows = lines(source_of(node))
    wanted = text_of(node).lstrip("\n").split("\n", 1)[0].strip()
    start = max((node.line or 1) - 1, 0)
    return next((i for i in range(start, len(rows)) if rows[i].strip() == wanted), start)


@contextmanager
def time_limit(seconds, what):
    """Interrupts an example that does not end (only the main thread can be interrupted).

    One that is deep in C and hears no signal ends the process, which tells where it stood.
    """

    def stop(*_):
        raise TimeoutError(f"{what} did not finish within {seconds} s (verified_seconds)")

    try:
        before = signal.signal(signal.SIGALRM, stop)
    except (AttributeError, ValueError):  # Windows, or not the main thread
        yield
        return
    signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    faulthandler.dump_traceback_later(2 * seconds + 1, exit=True, file=sys.__stderr__)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def note_modules(env, package):
    """Makes the page depend on every module of the package that it made Python import."""
    for file in modules.files(package):
        env.note_dependency(str(file))


def shown_modules(env, package):
    """Modules of the package whose file the page includes: their docstrings are on the page."""
    root = Path(env.config.verified_root)
    for name in sorted(map(str, env.dependencies.get(env.docname, ()))):
        path = Path(env.srcdir, name).resolve()
        if path.suffix == ".py" and path.is_relative_to(root / package):
            yield ".".join(path.relative_to(root).with_suffix("").parts)


def docstring_tests(module):
    """The docstring examples of a module, each at its line of the file.

    Read from the source: a checked function no longer tells where it was written.
    """
    path = Path(module.__file__)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            continue
        if text := ast.get_docstring(node, clean=False):
            name = getattr(node, "name", module.__name__)
            line = node.body[0].lineno - 1
            yield doctest.DocTestParser().get_doctest(
                text, vars(module).copy(), name, str(path), line
            )


def run_docstrings(module, runner):
    """Runs the docstring examples of a module; returns the place of each."""
    check = SphinxDocTestRunner(verbose=False, optionflags=runner.opt)
    tests = [test for test in docstring_tests(importlib.import_module(module)) if test.examples]
    for test in tests:
        runner.type = "single"
        check.run(test, out=runner._warn_out)
    return {(module, t.lineno + e.lineno + 1) for t in tests for e in t.examples}


# -- the page -----------------------------------------------------------------------------


def skipped_prompts(blocks, path):
    """Line numbers of `>>>` that stand in no example block: Sphinx would pass them unseen."""
    run = set()
    for node in blocks:
        if source_of(node) == str(path):
            start = first_line(node)
            run.update(range(start, start + len(text_of(node).split("\n"))))
    rows = enumerate(lines(str(path)))
    return [i + 1 for i, row in rows if row.lstrip().startswith(">>>") and i not in run]


def never_run(node):
    """Why an example block would not be run, or would not be seen; None if it is both."""
    flags = {**node.get("options", {})}
    if "skipif" in node or flags.get(doctest.SKIP) or "+SKIP" in text_of(node):
        return "is skipped: every example of the book is run, so mend it or take it out"
    if isinstance(node, nodes.comment) and node["testnodetype"] in {"doctest", "testcode"}:
        return "is hidden: show it, for what is verified must be seen"
    return None


def mark(blocks, failures):
    """Shows on the page which blocks were verified, and under a failed one what it printed."""
    for node in blocks:
        if node["testnodetype"] not in {"doctest", "testcode"} or "verified" in node["classes"]:
            continue
        start = first_line(node)
        span = range(start + 1, start + 1 + len(text_of(node).split("\n")))
        failed = [
            text for (file, line), text in failures if file == source_of(node) and line in span
        ]
        node["classes"].append("failed" if failed else "verified")
        if failed:
            report = nodes.literal_block(
                "", "\n".join(failed), language="none", classes=["report"]
            )
            node.parent.insert(node.parent.index(node) + 1, report)


class Verification(PageNotes):
    """Runs each page's examples when it is read."""

    kept_as = "verified_pages"

    def get_outdated_docs(self, app, env, added, changed, removed):
        settings = ("global_setup", "global_cleanup", "default_flags", "test_doctest_blocks")
        ground = (
            sys.version,
            np.__version__,
            *(str(app.config[f"doctest_{name}"]) for name in settings),
        )
        stale = getattr(env, "verified_ground", ground) != ground
        env.verified_ground = ground
        return env.found_docs if stale else []

    def process_doc(self, app, doctree):
        env, package = app.env, app.config.verified_package
        path = env.doc2path(env.docname)
        lines.cache_clear()
        runner = Runner(app, env)
        runner.init()
        page = Page()
        modules.start_afresh(package)
        with (
            np.printoptions(),
            np.errstate(),
            time_limit(app.config.verified_seconds, f"the examples of {env.docname}"),
        ):
            try:
                runner.test_doc(env.docname, doctree)
                page.examples = runner.total_tries
                for module in shown_modules(env, package):
                    page.docstrings |= self.docstrings(env, module, runner)
            except TimeoutError as error:
                logger.warning("%s", error, location=env.docname, type="verified")
        del doctest.compile
        note_modules(env, package)
        self.of(env)[env.docname] = page
        self.tell(doctree, path, runner.reports)

    def docstrings(self, env, module, runner):
        try:
            return run_docstrings(module, runner)
        except TimeoutError:
            raise
        except Exception as error:
            message = "the page shows %s, which cannot be imported: %s: %s"
            told = module, type(error).__name__, error
            logger.warning(message, *told, location=env.docname, type="verified")
            return set()

    def tell(self, doctree, path, reports):
        failures = []
        for report in reports:
            found = REPORT.match(report)
            file, line = found["file"], int(found["line"]) if found["line"].isdigit() else None
            text = found["text"].rstrip()
            failures.append(((file, line), text))
            logger.warning(
                "the example does not hold\n%s", text, location=f"{file}:{line}", type="verified"
            )
        blocks = list(filter(is_example, doctree.findall(nodes.Element)))
        for line in skipped_prompts(blocks, path):
            logger.warning(
                "Sphinx would not run this `>>>`: put it into a {doctest} block",
                location=f"{path}:{line}",
                type="verified",
            )
        for node in blocks:
            if reason := never_run(node):
                place = f"{path}:{first_line(node) + 1}"
                logger.warning("this example %s", reason, location=place, type="verified")
        mark(blocks, failures)


def find_root(app, config):
    """Snippets lie beside conf.py, unless told otherwise."""
    config.verified_root = config.verified_root or str(app.confdir)


def setup(app):
    app.setup_extension("sphinx.ext.doctest")
    app.setup_extension("verified_book.strict")
    app.add_config_value("verified_package", "snippets", "env")
    app.add_config_value("verified_root", None, "env", types=frozenset({str, type(None)}))
    app.add_config_value("verified_seconds", 60, "")
    app.connect("config-inited", find_root)
    app.add_env_collector(Verification)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
