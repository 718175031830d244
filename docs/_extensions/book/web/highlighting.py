"""Code on the page: two quiet palettes, for light and dark, and shapes that stand out.

The strings in ``Float[Array, "*b n d_k"]`` are no text: they are the shapes that the build
checks.  The lexer says so with a token of their own, and the palettes give it a colour of its
own.  What computes nothing (``listings`` tells) is toned down.  conf.py names the palettes; what
is copied from a page stays as it was written.
"""

from pygments.lexers.python import PythonConsoleLexer, PythonLexer
from pygments.style import Style
from pygments.token import (
    Comment,
    Error,
    Generic,
    Keyword,
    Name,
    Number,
    Operator,
    Punctuation,
    String,
    Text,
    Whitespace,
)
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from book.palette import DAY, NIGHT
from verified_book.listings import QUIET, quiet_parts

SHAPE = String.Symbol
INK = (Text, Whitespace, Name, Operator, Punctuation)
MARKED = {Name.Function, Name.Class, Name.Decorator, Operator.Word}  # of those, what has a look


class ShapedPythonLexer(PythonLexer):
    """Python, where the string after ``Array,`` is a shape, and some parts are quiet."""

    def __init__(self, **options):
        super().__init__(**{"stripnl": False, **options})

    def get_tokens_unprocessed(self, text):
        before, shape, parts = ["", ""], False, quiet_parts(text)
        for index, kind, value in super().get_tokens_unprocessed(text):
            shape = kind in String and (shape or before == ["Array", ","])
            quiet = any(start <= index < end for start, end in parts)
            yield index, SHAPE if shape else QUIET if quiet else seen(kind), value
            if value.strip():
                before = [before[1], value]


class LightConsoleLexer(PythonConsoleLexer):
    """Examples, marked no more than they are seen to be."""

    def get_tokens_unprocessed(self, text):
        for index, kind, value in super().get_tokens_unprocessed(text):
            yield index, seen(kind), value


def seen(kind):
    """The kind of a token; plain text, without a mark, if it looks as the text around it does."""
    in_ink = any(kind in one for one in INK) and not any(kind in one for one in MARKED)
    return Text if in_ink else kind


def styles(colours, string, number, shape):
    """Token styles: ink for nearly all, and few colours."""
    ink, quiet, keyword, error = (colours[name] for name in ("ink", "quiet", "ours", "wrong"))
    return {
        **dict.fromkeys(INK, ink),
        Comment: f"italic {quiet}",
        Keyword: keyword,
        Operator.Word: keyword,
        Name.Function: f"bold {ink}",
        Name.Class: f"bold {ink}",
        Name.Decorator: quiet,
        String: string,
        String.Doc: quiet,
        SHAPE: shape,
        QUIET: quiet,
        Number: number,
        Generic.Prompt: quiet,
        Generic.Output: quiet,
        Generic.Traceback: error,
        Generic.Error: error,
        Error: error,
    }


class Day(Style):
    background_color = DAY["ground"]
    styles = styles(DAY, string="#3d6b2c", number="#8a4b08", shape="#83389b")


class Night(Style):
    background_color = NIGHT["ground"]
    styles = styles(NIGHT, string="#a5cc93", number=NIGHT["imprecise"], shape="#d9a7ee")


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_lexer("python", ShapedPythonLexer)
    app.add_lexer("pycon", LightConsoleLexer)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
