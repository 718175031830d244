"""Code as a page shows it: each line wraps where the page is narrow, and what computes stands out.

A line that does not fit goes on below, further in than it began; so no block of code scrolls
sideways, and on paper none is cut.  Of a function that is shown, the lines that compute have a
class, and its type hints, docstring and checks are a kind of token of their own, ``QUIET``, which
a palette tones down.  Both are found in the syntax tree, so that nothing is guessed.  What a
block looks like is kept beside the doctrees: to mark it takes a fifth of the time of a page.

``static/text.css`` has the look of this, and of equations, citations and print.

Knows only Sphinx and Pygments.  Above it: lexers and palettes.
"""

import ast
import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from html import unescape
from pathlib import Path

import pygments
from pygments.formatters import HtmlFormatter
from pygments.token import Name
from sphinx.application import Sphinx
from sphinx.environment import CONFIG_OK
from sphinx.highlighting import PygmentsBridge
from sphinx.util.typing import ExtensionMetadata

from verified_book.assets import add_static

HIGHLIGHTING = logging.getLogger("sphinx.sphinx.highlighting")
QUIET = Name.Other
START = re.compile(r"(>>> |\.\.\. )? *")
TAG = re.compile(r"<[^>]+>")


# -- what computes ------------------------------------------------------------------------------


def tree_of(text: str) -> ast.AST:
    """The syntax tree of a code; an empty one where it is no whole Python."""
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError):
        return ast.Module([], [])


def quiet_parts(text: str) -> list[tuple[int, int]]:
    """Where the parts of a code stand that compute nothing: (start, end), in order."""
    lines = text.splitlines(keepends=True)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line))

    def place(line, column):
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    return sorted(
        (place(node.lineno, node.col_offset), place(node.end_lineno, node.end_col_offset))
        for node in quiet_nodes(tree_of(text))
    )


def quiet_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Type hints, docstrings and checks, in any order and within each other."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            yield node.body[0]
        if isinstance(node, ast.FunctionDef) and node.returns:
            yield node.returns
        if isinstance(node, ast.arg) and node.annotation:
            yield node.annotation
        if is_check(node):
            yield node


def is_check(node: ast.AST) -> bool:
    """A statement that only refuses: ``raise``, ``check_…()``, or an ``if`` with nothing else."""
    match node:
        case ast.If(body=body, orelse=[]):
            return all(map(is_check, body))
        case ast.Expr(value=ast.Call(func=ast.Name(id=name))):
            return name.startswith("check_")
    return isinstance(node, ast.Raise | ast.Assert)


def computing_lines(text: str) -> set[int]:
    """The numbers of the lines, from 1, that compute in the functions of a code."""
    found, quiet = set(), set()
    for node in ast.walk(tree_of(text)):
        if isinstance(node, ast.FunctionDef):
            body = node.body[bool(ast.get_docstring(node)) :]
            found.update(*map(lines_of, body))
        if is_check(node):
            quiet.update(lines_of(node))
    return found - quiet


def lines_of(node):
    return range(node.lineno, node.end_lineno + 1)


# -- lines --------------------------------------------------------------------------------------


class LineFormatter(HtmlFormatter):
    """Pygments' HTML, with each line in a ``span`` that knows how far in it begins."""

    def _format_lines(self, tokensource):
        tokens = list(tokensource)
        computing = computing_lines("".join(text for _, text in tokens))
        for number, (is_code, line) in enumerate(super()._format_lines(tokens), 1):
            yield is_code, in_span(line, number in computing) if is_code else line


def in_span(line, computes):
    inset = START.match(unescape(TAG.sub("", line))).end()
    told = ' class="computes"' if computes else ""
    told += f' style="--in:{inset}"' if inset else ""
    return f"<span{told}>{line}</span>"


# -- marked once --------------------------------------------------------------------------------


def keep_marked(app):
    """Keeps what a block looks like for later builds, until the extensions change."""
    if not (highlighter := getattr(app.builder, "highlighter", None)):
        return
    folder, mark = Path(app.doctreedir, "marked"), highlighter.highlight_block
    if app.env.config_status != CONFIG_OK:
        shutil.rmtree(folder, ignore_errors=True)

    def once(source, lang, opts=None, force=False, location=None, **options):
        asked = (source, lang, opts, force, sorted(options.items()))
        ground = repr((app.builder.name, pygments.__version__, *asked))
        path = folder / blake2b(ground.encode(), digest_size=16).hexdigest()
        if path.exists():
            return path.read_text("utf-8")
        with warnings_noted() as warned:
            found = mark(source, lang, opts, force, location, **options)
        if not warned:  # else the next build warns again
            folder.mkdir(exist_ok=True)
            draft = path.with_suffix(f".{os.getpid()}")
            draft.write_text(found, "utf-8")
            draft.replace(path)
        return found

    highlighter.highlight_block = once


@contextmanager
def warnings_noted():
    """What Sphinx says while it marks a block."""
    noted = []

    def note(record):
        noted.append(record)
        return True

    HIGHLIGHTING.addFilter(note)
    try:
        yield noted
    finally:
        HIGHLIGHTING.removeFilter(note)


def setup(app: Sphinx) -> ExtensionMetadata:
    PygmentsBridge.html_formatter = LineFormatter
    add_static(app, __file__)
    app.add_css_file("text.css")
    app.connect("builder-inited", keep_marked)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
