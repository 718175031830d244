"""In the reader's browser: runs a page's examples as the build does, and says how they came out.

The parser, the runner and the checker are doctest's own, with the build's flags and one namespace
for the page.  Each block has a name of its own, or doctest would lose its way where a function of
an earlier block raises.
"""

import ast
import contextlib
import doctest
import gc
import importlib
import io
import json
import linecache
import re
import sys
import traceback
from pathlib import Path

FLAGS, PACKAGE = 0, "snippets"  # set by the worker, as the build has them
ROOT = Path("/book")
UNNOTICED = ("FloatingPointError", "numpy.linalg.LinAlgError", "RuntimeWarning")
LIMIT = 50_000  # characters of output that are shown
NAMES = {}  # the namespace of the page
PRISTINE = {}  # modules as the book has them, where a reader has changed something

sys.dont_write_bytecode = True  # two edits within a second would be taken for one


def start(edits):
    """Begins the page anew, with the reader's functions in the place of the book's."""
    for path, text in PRISTINE.items():
        path.write_text(text, "utf-8")
    PRISTINE.clear()
    NAMES.clear()
    error = None
    try:
        for edit in json.loads(edits):
            replace(ROOT / edit["file"], edit["object"], edit["text"])
    except (SyntaxError, StopIteration) as raised:
        error = "".join(traceback.format_exception_only(raised))
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]
    importlib.invalidate_caches()
    linecache.checkcache()
    gc.collect()  # else the arrays of each run are kept until the next
    return json.dumps({"error": error})


def replace(path, name, text):
    """Puts a text in the place of a module's object."""
    ast.parse(text, f"your {name}")
    source = path.read_text("utf-8")
    PRISTINE.setdefault(path, source)
    lines, (first, last) = source.split("\n"), span(source, name)
    path.write_text("\n".join([*lines[:first], text.rstrip("\n"), *lines[last:]]), "utf-8")


def span(source, name):
    """The lines of a function, a class or an assignment, with its decorators."""
    body, node = ast.parse(source).body, None
    for part in name.split("."):
        node = next(one for one in body if part in named(one))
        body = getattr(node, "body", [])
    first = min([node.lineno, *(mark.lineno for mark in getattr(node, "decorator_list", []))])
    return first - 1, node.end_lineno


def named(node):
    targets = getattr(node, "targets", [getattr(node, "target", None)])
    return {getattr(node, "name", None), *(getattr(target, "id", None) for target in targets)}


# -- examples -----------------------------------------------------------------------------


class Runner(doctest.DocTestRunner):
    """Tells of each example what came: as in the book, alike but for width, or something else."""

    def __init__(self):
        super().__init__(verbose=False, optionflags=FLAGS)
        self.told = []

    def report_start(self, out, test, example): ...

    def report_success(self, out, test, example, got):
        self.tell(example, "same", got)

    def report_failure(self, out, test, example, got):
        flags = self.optionflags
        alike = self._checker.check_output(widened(example.want), widened(got), flags)
        missed = (example.exc_msg or "").startswith(UNNOTICED)
        self.tell(example, "width" if alike else "unnoticed" if missed else "differs", got)

    def report_unexpected_exception(self, out, test, example, error):
        self.tell(example, "differs", "".join(traceback.format_exception_only(*error[:2])))

    def tell(self, example, how, got):
        want = example.exc_msg or example.want
        found = {"source": example.source, "want": want, "got": cut(got), "how": how}
        self.told.append(found)


def run_examples(code, name):
    """The outcome of each example of a block."""
    test = doctest.DocTestParser().get_doctest(code, {}, name, name, 0)
    test.globs = NAMES  # the page's own, where get_doctest has a copy
    runner = Runner()
    runner.run(test, out=lambda text: None, clear_globs=False)
    return json.dumps(runner.told)


def widened(text):
    """A text as it is where integers have 64 bits: in the browser they have 32."""
    text = re.sub(r",\s*dtype=u?int(32|64)\)", ")", text)
    return text.replace("int32", "int64")


# -- the reader's code --------------------------------------------------------------------


class Paper(io.StringIO):
    """Takes no more than can be shown."""

    def write(self, text):
        room = LIMIT + 1 - self.tell()
        super().write(text[: max(room, 0)])
        return len(text)


def run_code(code, apart):
    """What statements print, one after another, with each value echoed as at a prompt."""
    paper, error, space = Paper(), None, dict(NAMES) if apart else NAMES
    with contextlib.redirect_stdout(paper), contextlib.redirect_stderr(paper):
        try:
            for statement in ast.parse(code, "your code").body:
                exec(compile(ast.Interactive([statement]), "your code", "single"), space)
        except BaseException as raised:
            error = told(raised)
    return json.dumps({"printed": cut(paper.getvalue()), "error": error})


def told(error):
    """A traceback without the lines of this file."""
    frames = error.__traceback__
    while frames and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    return cut("".join(traceback.format_exception(type(error), error, frames)))


def cut(text):
    return text if len(text) <= LIMIT else text[:LIMIT] + "\n… cut here: there was more\n"


def judge(stem, exercise, source):
    """The verdict on an answer, by the book's own judge."""
    exercises = importlib.import_module(f"{PACKAGE}.exercises")
    return json.dumps(exercises.judge_source(stem, exercise, source))
