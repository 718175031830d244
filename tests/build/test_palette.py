"""One palette: style sheets and LaTeX have the colours that palette.py has, and a few greys."""

import re
from pathlib import Path

import pytest

from book.palette import COLOURS, DAY
from book.print.settings import sphinxsetup

ROOT = Path(__file__).resolve().parents[2] / "docs"
PRINT = ROOT / "_extensions" / "book" / "print"
CSS = (ROOT / "_static" / "book.css").read_text("utf-8")
NAMES = {
    "ink": "color-foreground-primary",
    "quiet": "color-foreground-secondary",
    "ground": "color-background-secondary",
}
IN_TEX = {"quiet": "grey", "list-ground": "listground"}
GREY = re.compile(r"#([0-9a-f])\1{2}")


def test_the_style_sheet_has_each_colour_for_the_light_and_for_the_dark():
    tones = r"--([\w-]+): light-dark\((#\w+), (#\w+)\);"
    found = {name: (day, night) for name, day, night in re.findall(tones, CSS)}
    assert {name: found.get(NAMES.get(name, name)) for name in COLOURS} == COLOURS
    assert found["color-brand-primary"] == COLOURS["ours"]


def test_a_colour_of_the_style_sheet_has_a_name():
    assert re.findall("#[0-9a-f]{3,6}", re.sub(r"--[\w-]+: light-dark\(.*", "", CSS)) == []


def test_latex_has_the_same_names_and_colours():
    style = (PRINT / "bookpage.sty").read_text("utf-8")
    found = dict(re.findall(r"\\definecolor\{bk(\w+)\}\{HTML\}\{(\w+)\}", style))
    wanted = {name for name in DAY if name != "ground"}
    assert {n: "#" + found[IN_TEX.get(n, n)].lower() for n in wanted} == {
        n: DAY[n] for n in wanted
    }
    assert DAY["ours"][1:].upper() in sphinxsetup()


@pytest.mark.parametrize("path", [PRINT / "book-epub.css", ROOT / "_static" / "mark.svg"])
def test_what_else_is_coloured_has_them_too(path):
    used = set(re.findall("#[0-9a-f]{3,6}", path.read_text("utf-8")))
    assert {colour for colour in used - {*DAY.values()} if not GREY.fullmatch(colour)} == set()
