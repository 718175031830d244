"""Signatures filled: on paper, arguments that stand one on a line take too many lines."""

import re
from textwrap import wrap

WIDTH = 79
SIGNATURE = re.compile(
    r"^(?P<begin> *(?:async )?def \w+\()\n"
    r"(?P<arguments>(?: +(?:(?!  # )[^\n])+\n)+?) *(?P<end>\).*:)$",
    re.MULTILINE,
)
PLACE = "\N{NO-BREAK SPACE}"


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
