"""The verified build: a page's examples are run while Sphinx reads the page.

They run in every builder and in the parallel readers, but only when a block, a module that they
stand on, the package's data, or the ground (Python, the packages of others, the ``doctest_*``
settings) has changed: a page that passed is remembered, and an edit of the prose around them
runs nothing.  One that failed never is.  ``make doctest``, the standard builder, runs the same.

Stands on ``examples``, ``dependencies``, ``alone`` and ``page_notes``, and on ``strict``: a
failing example is a warning at its file and line, and a page that warned is read again.  Knows no
module by name.  Above it: ``figures``, and all that asks how many examples a page holds.
"""

import sys
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import import_module
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.directives.code import LiteralInclude
from sphinx.util.typing import ExtensionMetadata

from verified_book import dependencies
from verified_book.alone import OutOfTime, steady, time_limit, undone
from verified_book.dependencies import Closure, Fault, closure, digest_of
from verified_book.examples import (
    SHOWN,
    Runner,
    blocks_of,
    docstring_tests,
    examples_of,
    first_line,
    imports_of,
    is_example,
    lines,
    shown_places,
    source_of,
    sources_of,
    text_of,
)
from verified_book.messages import VERIFIED
from verified_book.page_notes import PageNotes

__all__ = ["count_examples", "examples_of", "is_example"]  # for those who stand on this


@dataclass
class Page:
    """What running one page told: how many examples it holds, and its docstrings' places."""

    examples: int = 0
    docstrings: set[tuple[str, int]] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)  # of modules that it cannot use
    outside: set[str] = field(default_factory=set)  # packages of others that it uses
    ground: str = ""


def count_examples(env, docname: str | None = None) -> int:
    """Examples verified on one page, or in the whole book with each docstring counted once."""
    pages = Verification.of(env)
    if docname is not None:
        page = pages.get(docname, Page())
        return page.examples + len(page.docstrings)
    docstrings = set().union(*(page.docstrings for page in pages.values()))
    return sum(page.examples for page in pages.values()) + len(docstrings)


# -- what a page stands on --------------------------------------------------------------------


def ground(config, outside) -> str:
    """What all examples stand on: Python, packages of others, settings, the package's data."""
    settings = ("global_setup", "global_cleanup", "default_flags", "test_doctest_blocks")
    return digest_of(
        sys.version,
        sorted(map(dependencies.version_of, outside)),
        [str(config[f"doctest_{name}"]) for name in settings],
        dependencies.data_of(config.verified_package, config.verified_root),
    )


def shown_code(doctree, package, root):
    """What the page shows of the package's modules: {module: text}."""
    shown = {}
    for node in doctree.findall(nodes.literal_block):
        path = Path(node.get("source", "")).resolve()
        if path.suffix == ".py" and path.is_relative_to(Path(root, package)) and path.exists():
            module = ".".join(path.relative_to(root).with_suffix("").parts)
            shown[module] = shown.get(module, "") + "\n" + node.astext()
    return shown


def note_fault(env, fault: Fault):
    """Notes a module that the page cannot use; it is told once, for all pages that ask for it."""
    env.temp_data.setdefault("verified_faults", []).append(fault)


def note_closure(env, found: Closure):
    """Has the page read again when a file that it stands on changes."""
    for path in found.modules.values():
        env.note_dependency(str(path))
    for path, error in found.broken.items():
        note_fault(env, Fault(path, error.lineno or 1, f"{type(error).__name__}: {error.msg}"))


class ShownCode(LiteralInclude):
    """``literalinclude``; a module that cannot be parsed is one fault, however often shown."""

    def run(self):
        config, path = self.config, Path(self.env.relfn2path(self.arguments[0])[1]).resolve()
        root, package = Path(config.verified_root).resolve(), config.verified_package
        if path.suffix == ".py" and path.is_relative_to(root / package):
            module = ".".join(path.relative_to(root).with_suffix("").parts)
            found = closure([module], package, root)
            if path in found.broken:
                note_closure(self.env, found)
                return []
        return super().run()


# -- running it -------------------------------------------------------------------------------


class Run:
    """One run of a page's examples, and what there is to say of it."""

    def __init__(self, app, doctree, found, names, shown):
        self.app, self.config, self.docname = app, app.config, app.env.docname
        self.doctree, self.found, self.names, self.shown = doctree, found, names, shown
        self.path = str(app.env.doc2path(self.docname))
        self.page, self.failures, self.ended = Page(outside=found.outside), [], False

    @property
    def passed(self):
        return self.ended and not self.failures and not self.page.faults

    def __call__(self):
        package, root = self.config.verified_package, self.config.verified_root
        import_module("numpy")  # before the clock runs, and only where something is run
        try:
            with time_limit(self.config.verified_seconds, f"{self.path}:1"), ExitStack() as stack:
                with steady():
                    hand = dependencies.at_hand(self.found, self.names, package, root)
                    self.page.faults = stack.enter_context(hand)
                if not self.page.faults:
                    with undone(self.names) as left_over:
                        self.run_examples()
                    self.ended = self.left_nothing(left_over)
        except OutOfTime as error:
            limit = self.config.verified_seconds
            VERIFIED.warn("out_of_time", limit, location=str(error))
        except Exception as error:
            why = type(error).__name__, error
            VERIFIED.warn("run_ended", *why, location=self.docname)

    def run_examples(self):
        runner = Runner(self.app)
        runner.init()
        self.failures = runner.failures
        runner.run_page(self.docname, self.doctree)
        self.page.examples = runner.total_tries
        for module, shown in self.shown.items():
            tests = [*docstring_tests(self.found.modules[module], sys.modules[module])]
            runner.run_docstrings(tests)
            self.page.docstrings |= {(module, line) for line in shown_places(tests, shown)}

    def left_nothing(self, left_over):
        for name in left_over:
            VERIFIED.warn("thread_left", name, location=self.docname)
        return not left_over


def mark(blocks, failures, ended):
    """Shows on the page which blocks were verified, and under a failed one what it printed."""
    for node in blocks:
        if node["testnodetype"] not in SHOWN or "verified" in node["classes"]:
            continue
        start = first_line(node)
        span = range(start + 1, start + 1 + len(text_of(node).split("\n")))
        failed = [f.text for f in failures if f.file == source_of(node) and f.line in span]
        node["classes"].append("failed" if failed or not ended else "verified")
        if failed:
            text = "\n".join(failed)
            report = nodes.literal_block("", text, language="none", classes=["report"])
            node.parent.insert(node.parent.index(node) + 1, report)


class Verification(PageNotes):
    """Runs each page's examples when it is read."""

    kept_as = "verified_pages"

    @staticmethod
    def passed(env):
        """The pages that passed: {page: digest, what was told}; reading a page anew keeps it."""
        return env.__dict__.setdefault("verified_passed", {})

    def merge_other(self, app, env, docnames, other):
        super().merge_other(app, env, docnames, other)
        passed, theirs = self.passed(env), self.passed(other)
        for docname in docnames:
            passed.pop(docname, None)
        passed.update({docname: theirs[docname] for docname in docnames if docname in theirs})

    def get_outdated_docs(self, app, env, added, changed, removed):
        for docname in removed:
            self.passed(env).pop(docname, None)
        now = cache(lambda *outside: ground(app.config, outside))  # each file is looked at once
        return {
            docname
            for docname, page in self.of(env).items()
            if page.faults or page.ground not in {"", now(*sorted(page.outside))}
        }

    def process_doc(self, app, doctree):
        env, config = app.env, app.config
        package, root = config.verified_package, config.verified_root
        lines.cache_clear()
        blocks = blocks_of(doctree)
        shown = shown_code(doctree, package, root)
        names = [*imports_of(sources_of(blocks, config)), *shown]
        found = closure(names, package, root)
        note_closure(env, found)
        run = Run(app, doctree, found, names, shown)
        if blocks or shown:
            run.page.ground = ground(config, found.outside)
        told = [(text_of(n), n["testnodetype"], n["options"], n["groups"]) for n in blocks]
        digest = found.digest(run.page.ground, told, shown)
        before, page = self.passed(env).pop(env.docname, (None, None))
        if before == digest:
            run.page, run.ended = page, True
        elif (blocks or shown) and not found.broken:
            run()
        if run.passed:
            self.passed(env)[env.docname] = digest, run.page
        faults = [*run.page.faults, *env.temp_data.pop("verified_faults", [])]
        self.of(env)[env.docname] = replace(run.page, faults=faults)
        for failure in run.failures:
            place = f"{failure.file}:{failure.line}"
            VERIFIED.warn("does_not_hold", failure.text, location=place)
        mark(blocks, run.failures, run.ended)


def tell_faults(app, env):
    """One message for each module that cannot be used, with the pages that ask for it."""
    asked = {}
    for docname, page in sorted(Verification.of(env).items()):
        for fault in page.faults:
            asked.setdefault((str(fault.path), fault.line, fault.why), {})[docname] = None
    for (path, line, why), pages in asked.items():
        VERIFIED.warn("broken_module", why, ", ".join(pages), location=f"{path}:{line}")


def find_root(app, config):
    """The package lies beside conf.py, unless told otherwise."""
    config.verified_root = config.verified_root or str(app.confdir)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("verified_book.strict")
    app.setup_extension("verified_book.examples")
    app.add_config_value("verified_package", "examples", "env")
    app.add_config_value("verified_root", None, "env", types=frozenset({str, type(None)}))
    app.add_config_value("verified_seconds", 60, "")
    app.add_directive("literalinclude", ShownCode, override=True)
    app.connect("config-inited", find_root)
    app.connect("env-check-consistency", tell_faults)
    app.add_env_collector(Verification)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 2}
