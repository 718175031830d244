"""Figures: drawn by the page's own snippet, when it changed, and always to the same bytes."""

import pytest

DRAWN = ":::{drawn} line\n:alt: A line.\n\nA line through *two* points.\n:::"
CODE = """from matplotlib import pyplot
from halves.half import half

def figure_line():
    fig, ax = pyplot.subplots()
    ax.plot([0, half(2)])
    return fig
"""


@pytest.fixture
def drawing(book):
    book.write("halves/figures/__init__.py", "")
    book.write("halves/figures/other.py", CODE)
    book.page(DRAWN)
    return book


def pictures(book):
    folder = book.root / "doctrees" / "figures"
    return {p.name: p for p in folder.iterdir() if p.suffix in {".svg", ".pdf"}}


def test_the_page_shows_the_picture_with_its_text(drawing):
    built = drawing.build()
    assert built.status == 0, built.said
    page = drawing.html("other")
    assert 'alt="A line."' in page
    assert "_images/other-line.svg" in page
    assert "<em>two</em>" in page
    assert (drawing.root / "out" / "_images" / "other-line.svg").exists()


def test_print_gets_the_pdf_which_html_does_not_draw(drawing):
    assert drawing.build(out="html").status == 0
    assert set(pictures(drawing)) == {"other-line.svg"}
    built = drawing.build(builder="latex", out="latex")
    assert built.status == 0, built.said
    assert (drawing.root / "latex" / "other-line.pdf").exists()
    assert drawing.build(builder="epub", out="epub").status == 0


def test_the_same_code_draws_the_same_bytes(drawing):
    drawing.build(builder="latex")
    first = {name: path.read_bytes() for name, path in pictures(drawing).items()}
    for path in (drawing.root / "doctrees" / "figures").glob("*"):
        path.unlink()
    drawing.edit("docs/other.md", "points", "places")
    drawing.build(builder="latex")
    assert {name: path.read_bytes() for name, path in pictures(drawing).items()} == first
    assert len(first) == 2


def test_it_is_drawn_again_when_its_code_or_a_snippet_it_uses_changes_and_else_not(drawing):
    drawing.build()
    drawn = {name: path.stat().st_mtime_ns for name, path in pictures(drawing).items()}
    drawing.edit("docs/other.md", "points", "places")
    drawing.build()
    assert {n: p.stat().st_mtime_ns for n, p in pictures(drawing).items()} == drawn
    drawing.edit("halves/half.py", "x / TWO", "x / TWO * 1.0")
    drawing.build()
    assert all(p.stat().st_mtime_ns > drawn[n] for n, p in pictures(drawing).items())


def test_a_figure_without_alt_text(drawing):
    drawing.edit("docs/other.md", ":alt: A line.\n", "")
    assert drawing.build().says("other.md:3: WARNING: figure line has no :alt:")


def test_a_figure_with_a_citation_in_its_caption(drawing):
    drawing.edit("docs/other.md", "two*", "two* {cite:p}`poe2021third{p. 1}`")
    assert drawing.build().says("other.md:3: WARNING: figure line: TeX sets no link in a caption")


def test_a_figure_that_is_not_there_and_one_that_fails(drawing):
    drawing.edit("docs/other.md", "{drawn} line", "{drawn} circle")
    assert drawing.build().says("other.md:3: WARNING: figure circle: AttributeError")
    drawing.edit("docs/other.md", "{drawn} circle", "{drawn} line")
    drawing.edit("halves/figures/other.py", "half(2)", "1 / 0")
    for _ in range(2):
        assert drawing.build().says("other.md:3: WARNING: figure line: ZeroDivisionError")
