"""Example blocks: where they stand, how they are run, and how a failure is told.

The parser, the groups and the comparison are ``sphinx.ext.doctest``'s own.  In every builder, its
own included, a block is given a name of its own: there all blocks of a page share one, so that a
traceback shows a line of another block, or dies looking for it.  That changes no outcome.

Stands on ``alone`` and ``dependencies``.
"""

import ast
import doctest
import linecache
import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.ext import doctest as sphinx_doctest
from sphinx.ext.doctest import DocTestBuilder, SphinxDocTestRunner
from sphinx.util.typing import ExtensionMetadata

from verified_book import alone, dependencies

REPORT = re.compile(
    r'\*+\nFile "(?P<file>[^"]+)", line (?P<line>\d+|\?), in .+\n(?P<text>[\s\S]*)'
)
SHOWN = {"doctest", "testcode"}  # kinds of block that hold what is run and seen
ROWS, COLUMNS = 60, 400  # of what a report shows of a long output


# -- blocks ---------------------------------------------------------------------------------


def is_example(node):
    return isinstance(node, nodes.literal_block | nodes.comment) and "testnodetype" in node


def blocks_of(doctree):
    """The blocks that Sphinx runs, set-up and expected output with them."""
    return [*filter(is_example, doctree.findall(nodes.Element))]


def source_of(node):
    return (node.source or "").partition(":docstring of ")[0]


def text_of(node):
    return node.get("test") or node.astext()


@cache
def lines(path):
    """The lines of a file, kept while one page is read."""
    return Path(path).read_text("utf-8", "replace").split("\n")


def first_line(node):
    """Index of the line of the file that an example block starts on.

    Directives nested in others report the line of their fence, or one before it.
    """
    rows = lines(source_of(node))
    wanted = text_of(node).lstrip("\n").split("\n", 1)[0].strip()
    start = max((node.line or 1) - 1, 0)
    return next((i for i in range(start, len(rows)) if rows[i].strip() == wanted), start)


def examples_of(node):
    """The examples of a block; none where doctest cannot read it."""
    if node["testnodetype"] != "doctest":
        return [doctest.Example(text_of(node), "")]
    with suppress(ValueError):
        return parse(node)
    return []


def parse(node):
    return doctest.DocTestParser().get_examples(text_of(node), "block")


def unreadable(node):
    """Which of its lines doctest cannot read, and why; None if it can."""
    try:
        if node["testnodetype"] == "doctest":
            parse(node)
    except ValueError as error:
        line, why = re.match(r"line (\d+) of the \w+ for block (.*)", str(error), re.S).groups()
        return int(line), why
    return None


def sources_of(blocks, config):
    """The code of a page, piece by piece."""
    yield config.doctest_global_setup
    for node in blocks:
        if node["testnodetype"] != "testoutput":
            yield from (example.source for example in examples_of(node))


def imports_of(sources):
    """What code that is run piece by piece may import."""
    for source in sources:
        if "import" in source:
            with suppress(SyntaxError):  # the example itself will tell
                yield from dependencies.imports(ast.parse(source))


# -- running --------------------------------------------------------------------------------


class Checker(doctest.OutputChecker):
    """Shows the difference where the eye sees none."""

    def output_difference(self, example, got, optionflags):
        if bare(example.want) == bare(got):
            example = doctest.Example(example.source, seen(example.want))
            got = seen(got)
        return super().output_difference(example, got, optionflags)


def bare(text):
    return "".join(c for c in text if c.isprintable() and c != " ")


def seen(text):
    """Text with its blanks as “·”, its tabs as “→”, and what else is not seen by its code."""
    signs = {" ": "·", "\t": "→", "\n": "\n"}
    return "".join(
        signs.get(c) or (c if c.isprintable() else c.encode("unicode_escape").decode())
        for c in text
    )


class BlockRunner(SphinxDocTestRunner):
    """Runs a block under a name of its own, by which a traceback finds its lines."""

    def __init__(self, checker=None, **options):
        super().__init__(checker or Checker(), **options)

    def run(self, test, *args, **options):
        if test.docstring is None and test.lineno:  # {testcode}: its line would count twice
            test.examples[0].lineno = 0
        test.name = f"{Path(test.filename).name}:{(test.lineno or 0) + 1}"
        for number, example in enumerate(test.examples):
            name = f"<doctest {test.name}[{number}]>"
            rows = example.source.splitlines(True)
            linecache.cache[name] = (len(example.source), None, rows, name)
        return super().run(test, *args, **options)

    def report_start(self, out, test, example):
        line = (test.lineno or 0) + (example.lineno or 0) + 1
        alone.watch.at(f"{test.filename}:{line}")
        super().report_start(out, test, example)


@dataclass
class Failure:
    """An example that does not hold: where it stands, and what to say of it."""

    file: str
    line: int
    text: str


class Runner(DocTestBuilder):
    """sphinx.ext.doctest's builder, without being the active one or writing a file."""

    name = "verified"

    def __init__(self, app):
        self.versioning_method = app.builder.versioning_method  # gettext's is another
        self.versioning_compare = app.env.versioning_compare
        super().__init__(app, app.env)

    def init(self):
        self.opt, self.type, self.failures = self.config.doctest_default_flags, "single", []
        for kind in ("total", "setup", "cleanup"):
            setattr(self, f"{kind}_failures", 0)
            setattr(self, f"{kind}_tries", 0)

    def _out(self, text): ...

    def _warn_out(self, text):
        if found := REPORT.match(text):
            line = int(found["line"]) if found["line"].isdigit() else 1
            self.failures.append(Failure(found["file"], line, cut(found["text"].rstrip("\n"))))

    def get_filename_for_node(self, node, docname):
        return source_of(node) or str(self.env.doc2path(docname))

    def get_line_number(self, node):
        return first_line(node)

    def skipped(self, node):
        return unreadable(node) or super().skipped(node)

    def run_page(self, docname, doctree):
        with compiling(self):
            self.test_doc(docname, doctree)

    def run_docstrings(self, tests):
        self.type = "single"
        check = BlockRunner(verbose=False, optionflags=self.opt)
        with compiling(self):
            for test in tests:
                check.run(test, out=self._warn_out)


@contextmanager
def compiling(runner):
    """Has doctest compile as the runner says: set-up code has many statements."""
    before = vars(doctest).get("compile", compile)
    doctest.compile = runner.compile
    try:
        yield
    finally:
        doctest.compile = before


def cut(text):
    """A report as long as a page and a terminal can bear, with a sign where it was cut."""
    rows = [
        row
        if len(row) <= COLUMNS
        else f"{row[:COLUMNS]}… ({len(row) - COLUMNS:,} more characters)"
        for row in text.split("\n")
    ]
    if (more := len(rows) - ROWS) > 0:
        half = ROWS // 2
        rows[half:-half] = [f"    … ({more:,} more lines) …"]
    return "\n".join(rows)


# -- docstrings -----------------------------------------------------------------------------


def docstring_tests(path, module):
    """The docstring examples of a module, each at its line of the file.

    Read from the source: a checked function no longer tells where it was written.
    """
    for node in ast.walk(ast.parse(path.read_bytes())):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            continue
        if text := ast.get_docstring(node, clean=False):
            test = doctest.DocTestParser().get_doctest(
                text, vars(module).copy(), "", str(path), node.body[0].lineno - 1
            )
            if test.examples:
                yield test


def shown_places(tests, shown):
    """The lines of the examples that stand in a text that the page shows."""
    prompts = {row.strip() for row in shown.split("\n")}
    return {
        test.lineno + example.lineno + 1
        for test in tests
        for example in test.examples
        if f">>> {example.source.partition(chr(10))[0]}".strip() in prompts
    }


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("sphinx.ext.doctest")
    sphinx_doctest.SphinxDocTestRunner = BlockRunner
    return {"parallel_read_safe": True, "parallel_write_safe": True}
