"""Equations: rendered at build time, and bad TeX stops the build where it stands."""

import re

import pytest

from verified_book.equations import KATEX, ROWS, render


def test_bad_tex_fails_at_its_line_and_fails_again(book):
    book.page("One.\n\n$$\n\\fraq{1}{2}\n$$")
    for _ in range(2):
        assert book.build().says("other.md:5", "Undefined control sequence: \\fraq")


def test_bad_tex_in_a_line_of_text(book):
    book.page("Text.\n\nSo $\\frac{1$ it is.")
    assert book.build().says("other.md:5", "KaTeX parse error")


def test_no_script_and_no_other_host_is_needed(book):
    book.page("So $x^2$ and\n\n$$\na = b \\\\\nc = d\n$$ (eq-one)\n\nas in {eq}`eq-one`.")
    assert book.build().status == 0
    page = book.html("other")
    assert page.count('class="katex"') == 2
    assert "mathjax.js" not in page.lower()
    assert '<span class="eqno">(1)' in page
    assert re.search(r'href="#equation-eq-one"', page)


def test_an_epub_gets_mathml_alone(book):
    book.page("So $x^2$.")
    assert book.build(builder="epub").status == 0
    page = (book.root / "out" / "other.xhtml").read_text("utf-8")
    assert "<math" in page
    assert "katex-html" not in page


def test_html_and_epub_can_share_what_was_read(book):
    book.page("So $x^2$.")
    assert book.build(out="html").status == 0
    assert book.build(builder="epub", out="epub").status == 0
    assert book.build(out="again").status == 0
    assert "katex-html" in book.html("other", out="again")


def test_katex_leaves_aligned_rows_the_room_that_we_ask_for():
    assert KATEX.read_text("utf-8").count(ROWS[0]) == 1


@pytest.mark.parametrize("displayed", [True, False])
def test_what_katex_makes(displayed):
    ((html, error),) = render([("x", displayed, "htmlAndMathml")])
    assert error == ""
    assert ("katex-display" in html) is displayed
