"""Reads the pages of the PDF as they are seen: where each piece of text stands, how full they are.

With poppler, in points from the top left.  ``make pdf`` prints the report where poppler is
installed; tests/editions fail on what it must not find.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

HEAD, FOOT = 50, 798  # between them stands what a page holds: 20 mm from the top, 262 mm high
EMPTY = 0.6  # below, a page looks empty
CONTINUED = "continued from previous page"


class Piece(NamedTuple):
    """A piece of text on a page."""

    top: int
    left: int
    right: int
    font: str
    size: int
    text: str


def pages_of(pdf: Path) -> list[list[Piece]]:
    """The pieces of text of each page, without what stands in the head."""
    command = ["pdftohtml", "-xml", "-i", "-hidden", "-stdout", "-zoom", "1", str(pdf)]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    out = re.sub(r"<!DOCTYPE[^>]*>|</?(?:a|b|i)(?: [^>]*)?>", "", out)
    fonts, pages = {}, []
    for page in ElementTree.fromstring(out).iter("page"):
        fonts |= {font.get("id"): font for font in page.iter("fontspec")}
        pages.append([piece(text, fonts[text.get("font")]) for text in page.iter("text")])
    return pages


def piece(text, font) -> Piece:
    top, left, width = (int(text.get(name)) for name in ("top", "left", "width"))
    return Piece(
        top, left, left + width, font.get("family"), int(font.get("size")), text.text or ""
    )


def body(page: list[Piece]) -> list[Piece]:
    """What stands below the running head."""
    return [piece for piece in page if piece.top > HEAD and piece.text.strip()]


def fill(page: list[Piece]) -> float:
    """How much of the height of a page is used."""
    lowest = max((piece.top + piece.size for piece in body(page)), default=HEAD)
    return min(1.0, (lowest - HEAD) / (FOOT - HEAD))


def openings(contents: str) -> set[int]:
    """The pages on which a chapter or a part begins, from LaTeX's table of contents."""
    found = re.findall(r"\\contentsline \{(?:chapter|part)\}\{.*\}\{(\d+)\}", contents)
    return {int(page) for page in found}


def inner(count: int, first: set[int]) -> list[int]:
    """The pages after the first opening that are not the last of their chapter."""
    return [n for n in range(min(first, default=1), count) if n + 1 not in first]


def ghosts(pages: list[list[Piece]]) -> Iterator[int]:
    """Pages where a table goes on that has no row left."""
    for number, page in enumerate(pages, 1):
        found = [p for p in body(page) if CONTINUED in p.text]
        if found and sum(p.top > found[0].top + 24 for p in body(page)) == 0:
            yield number


def report(pages: list[list[Piece]], first: set[int]) -> str:
    """How full the inner pages are, and which look empty."""
    full = {n: fill(pages[n - 1]) for n in inner(len(pages), first)}
    empty = [n for n, share in full.items() if share < EMPTY]
    mean = sum(full.values()) / len(full) if full else 0
    return (
        f"{len(pages)} pages; inner pages are {mean:.0%} full; "
        f"{len(empty)} of {len(full)} under {EMPTY:.0%}: {', '.join(map(str, empty)) or 'none'}"
    )
