"""What a first visit fetches, and the faces that were cut for it."""

import re
from types import SimpleNamespace

import pytest

import fonts
from browser import first_visit, served
from tests.editions.conftest import PAGES

BUDGET = 170_000


@pytest.mark.parametrize("page", PAGES)
def test_a_first_visit_fetches_at_most_170_kb(browser, address, page):
    visit = first_visit(browser, address, page)
    assert visit.weight <= BUDGET, visit.bytes
    assert visit.foreign == []


@pytest.fixture
def site(tmp_path):
    """A page with a style sheet, a script, a picture, and more files than it needs."""
    (tmp_path / "index.html").write_text("""<body>
        <link rel="stylesheet" href="book.css?v=1"> <link rel="next" href="other.html">
        <link rel="canonical" href="https://example.org/"> <a href="https://example.org/">x</a>
        <script src="book.js"></script> <img src="a.svg"> <p class="maths">x</p>
    """)
    (tmp_path / "other.html").write_text("<script src='http://localhost:1/x.js'></script>")
    (tmp_path / "book.css").write_text("""
        @font-face { font-family: Maths; src: url(maths.woff2) }
        @font-face { font-family: Unused; src: url(unused.woff2) }
        .maths { font-family: Maths } .absent { font-family: Unused }
    """)
    for name in ("book.js", "a.svg", "maths.woff2", "unused.woff2"):
        (tmp_path / name).write_bytes(b" " * 10_000)
    with served(tmp_path, X_Test="yes") as address:
        yield SimpleNamespace(path=tmp_path, address=address)


def test_a_visit_fetches_what_the_page_needs_and_no_more(browser, site):
    visit = first_visit(browser, site.address, "index.html")
    names = {"index.html", "book.css?v=1", "book.js", "a.svg", "maths.woff2"}
    assert visit.bytes.keys() - {"favicon.ico"} == names
    assert visit.foreign == []


def test_text_is_weighed_compressed_and_fonts_as_they_are(browser, site):
    visit = first_visit(browser, site.address, "index.html")
    assert visit.bytes["book.js"] < 100
    assert visit.bytes["maths.woff2"] == 10_000


def test_a_request_to_another_host_is_seen(browser, site):
    visit = first_visit(browser, site.address, "other.html")
    assert visit.foreign == ["http://localhost:1/x.js"]


def test_the_host_sends_the_headers_that_it_is_asked_for(tab, site):
    assert tab.goto(site.address + "index.html").headers["x-test"] == "yes"


def test_the_faces_hold_the_characters_that_the_style_sheets_name():
    styles = [*fonts.KATEX.parent.glob("*.css"), *fonts.FONTS.parent.glob("*.css")]
    sheets = "".join(
        path.read_text("utf-8").replace(": ", ":").replace("; ", ";") for path in styles
    )
    for face, (source, wanted) in fonts.CUTS.items():
        held = fonts.characters(face)
        assert set(wanted) & fonts.characters(source) <= held
        if "core" in face.stem or "Regular" in face.stem:
            said = f'{face.name}) format("woff2");unicode-range:{fonts.ranges(held)}'
            assert re.search(re.escape(said) + "[;}]", sheets)
