"""Figures: drawn by the page's own snippet, when it changed, and always to the same bytes."""

import os
import re
import subprocess
import sys

import pytest
from matplotlib import pyplot

from snippets.figures import COLOURS, INK
from verified_book.figures import as_cells
from verified_book.light_svg import in_steps, light

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


@pytest.mark.parametrize("broken", [b"", b"<svg>", None], ids=["empty", "cut off", "gone"])
def test_a_figure_that_is_broken_or_gone_is_drawn_again_by_the_next_build(drawing, broken):
    drawing.build()
    picture = pictures(drawing)["other-line.svg"]
    shown, whole = drawing.root / "out" / "_images" / "other-line.svg", picture.read_bytes()
    for path in (picture, shown):
        path.unlink()
        if broken is not None:
            path.write_bytes(broken)
    assert drawing.build().status == 0
    assert picture.read_bytes() == shown.read_bytes() == whole


def test_data_that_a_figure_may_show_draws_it_again(drawing):
    drawing.write("halves/data/points.csv", "0,1\n")
    drawing.build()
    drawn = pictures(drawing)["other-line.svg"].stat().st_mtime_ns
    drawing.write("halves/data/points.csv", "0,2\n")
    drawing.build()
    assert pictures(drawing)["other-line.svg"].stat().st_mtime_ns > drawn


def test_a_private_matplotlibrc_changes_nothing(drawing):
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", "-c", drawing.root]
    (drawing.root / "matplotlibrc").write_text("axes.grid: True\ntext.usetex: True\n")
    drawn = set()
    for home in ("a", "b"):
        settings = {"MATPLOTLIBRC": str(drawing.root)} if home == "b" else {}
        folders = ["-d", drawing.root / home, drawing.root / "docs", drawing.root / f"out-{home}"]
        environment = os.environ | settings
        subprocess.run(
            [*command, *folders], check=True, env=environment, cwd=drawing.root / "docs"
        )
        drawn.add((drawing.root / home / "figures" / "other-line.svg").read_bytes())
    assert len(drawn) == 1


def test_two_builds_that_draw_the_same_break_nothing(drawing):
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", "-c", drawing.root]
    command += ["-d", drawing.root / "doctrees", drawing.root / "docs"]
    both = [subprocess.Popen([*command, drawing.root / out]) for out in ("one", "other")]
    assert [process.wait() for process in both] == [0, 0]
    for out in ("one", "other"):
        assert b"</svg>" in (drawing.root / out / "_images" / "other-line.svg").read_bytes()


def test_a_figure_that_is_never_done_is_named(drawing):
    drawing.edit("conf.py", "verified_package", "verified_seconds = 2\nverified_package")
    drawing.edit("halves/figures/other.py", "    fig, ax", "    while True: pass\n    fig, ax")
    told = "figure line did not finish within 2 s (verified_seconds)"
    assert drawing.build().says(f"other.md:3: WARNING: {told}")


def test_a_figure_leaves_nothing_behind(drawing):
    from matplotlib import pyplot, rcParams

    before = dict(rcParams)
    code = "    from matplotlib import rcParams\n    rcParams['lines.linewidth'] = 9\n    fig, ax"
    drawing.edit("halves/figures/other.py", "    fig, ax", code)
    assert drawing.build().status == 0
    assert pyplot.get_fignums() == []
    assert dict(rcParams) == before


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


@pytest.mark.parametrize(("word", "told"), [
    ("0.5, 0.5, 'tiny', size=6", "“tiny” is smaller than 6.5 points"),
    ("0.9, 0.5, 'a long word at the edge'", "“a long word at the edge” is cut off at the side"),
    ("0.5, 1, 'high'", "“high” is cut off above or below"),
    ("0.5, 0.51, 'over'", "“under” and “over” overlap"),
])  # fmt: skip
def test_a_figure_that_cannot_be_read(drawing, word, told):
    words = f"    fig.text(0.5, 0.5, 'under')\n    fig.text({word})\n    return"
    drawing.edit("halves/figures/other.py", "    return", words)
    for _ in range(2):  # nor does the next build take it for good
        assert drawing.build().says(f"other.md:3: WARNING: figure line: ValueError: {told}")


def test_words_that_are_aslant_or_hidden_may_share_a_place(drawing):
    words = "    fig.text(0.5, 0.5, 'under')\n    fig.text(0.5, 0.51, 'over', {})\n    return"
    drawing.edit("halves/figures/other.py", "    return", words.format("rotation=30"))
    assert drawing.build().status == 0
    drawing.edit("halves/figures/other.py", "rotation=30", "visible=False")
    assert drawing.build().status == 0


WHITE, DARK = "#ffffff", "#131416"


def channels(colour):
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def turned_over(colour):
    """What ``invert(1) hue-rotate(180deg)`` makes of a colour, by the matrix of the standard."""
    r, g, b = (1 - c for c in channels(colour))
    luma = 0.213 * r + 0.715 * g + 0.072 * b
    return [min(max(2 * luma - c, 0), 1) for c in (r, g, b)]


def contrast(*colours):
    """The ratio of two colours' luminance, as WCAG defines it."""
    linear = [
        [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        for colour in colours
    ]
    darker, lighter = sorted(0.2126 * r + 0.7152 * g + 0.0722 * b for r, g, b in linear)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("colour", [INK, *COLOURS])
def test_a_colour_is_seen_on_white_and_turned_over_on_the_dark_page(colour):
    assert contrast(channels(colour), channels(WHITE)) >= 3
    assert contrast(turned_over(colour), channels(DARK)) >= 3


def test_the_first_two_colours_are_told_apart_without_colour():
    assert contrast(channels(COLOURS[0]), channels(COLOURS[1])) >= 2


def test_a_path_goes_on_by_steps_from_where_it_is():
    path = "M 1 2 \nL 3.04 2 \nQ 14.5 1.5 3 1 \nz\nM 0.5 3 \nL 0 3 \n"
    assert in_steps(path, 10) == "m1 2l2 0q11.5-.5 0-1zm-.5 1l-.5 0"


def test_an_svg_has_nothing_that_no_reader_is_shown():
    svg = '<!-- a --><metadata>b</metadata><g id="c">\n<path id="d" d="M 1 1 \nz"/></g>'
    assert light(svg) == '<g><path id="d" d="m1 1z"/></g>'


def test_lines_are_drawn_to_a_tenth_of_a_point(drawing):
    drawing.build()
    svg = pictures(drawing)["other-line.svg"].read_text("utf-8")
    lines = re.findall(r' d="([^"]*)"', svg)
    assert lines and not any(re.search(r"\.\d\d", line) for line in lines)


def test_a_heat_map_is_drawn_as_cells_on_paper_in_the_same_place():
    figure = pyplot.figure()
    axes = figure.subplots()
    axes.imshow([[0.0, 0.5], [1.0, 0.25], [0.75, 0.0]], cmap="Greys")
    bounds = axes.axis()
    as_cells(figure)
    (cells,) = axes.collections
    corners = cells.get_coordinates()
    assert not axes.images and axes.axis() == bounds
    assert cells.get_array().tolist() == [[0.0, 0.5], [1.0, 0.25], [0.75, 0.0]]
    assert corners[0, 0].tolist() == [-0.5, -0.5] and corners[-1, -1].tolist() == [1.5, 2.5]
    pyplot.close(figure)
