"""Functions as paper shows them, which has fewer lines: signatures filled, docstrings cut.

Arguments that stand one on a line go on as fits; a docstring keeps its first line, as the HTML
and the files have the others.
"""

import ast
import re
from textwrap import wrap

from verified_book.listings import tree_of

WIDTH = 79
SIGNATURE = re.compile(
    r"^(?P<begin> *(?:async )?def \w+\()\n"
    r"(?P<arguments>(?: +(?:(?!  # )[^\n])+\n)+?) *(?P<end>\).*:)$",
    re.MULTILINE,
)
PLACE = "\N{NO-BREAK SPACE}"


def on_paper(code: str) -> str:
    """Code as it is printed."""
    return filled(brief(code))


def brief(code: str) -> str:
    """Code whose docstrings have their first line only."""
    lines = code.split("\n")
    for node in ast.walk(tree_of(code)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and ast.get_docstring(node):
            start, end = node.body[0].lineno - 1, node.body[0].end_lineno
            if end > start + 1:
                lines[start:end] = [lines[start] + '"""', *[None] * (end - start - 1)]
    return "\n".join(line for line in lines if line is not None)


def filled(code: str) -> str:
    """Code whose signatures take as few lines as fit, broken between arguments if possible."""
    return SIGNATURE.sub(fill, code)


def fill(found: re.Match) -> str:
    begin, end = found["begin"], found["end"]
    arguments = " ".join(line.strip() for line in found["arguments"].splitlines()).rstrip(",")
    whole = f"{begin}{arguments}{end}"
    if len(whole) <= WIDTH:
        return whole
    inset = " " * (len(begin) - len(begin.lstrip()) + 8)
    for text in (held_together(arguments + end), arguments + end):
        lines = wrap(
            text, WIDTH, initial_indent=begin, subsequent_indent=inset,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
        if max(map(len, lines)) <= WIDTH:
            break
    return "\n".join(lines).replace(PLACE, " ")


def held_together(text: str) -> str:
    """Text that can be broken only between arguments: other blanks are held."""
    depth, held = 1, []
    for before, letter in zip(f" {text}", text, strict=False):
        depth += (letter in "([{") - (letter in ")]}")
        held.append(PLACE if letter == " " and not (before == "," and depth == 1) else letter)
    return "".join(held)
