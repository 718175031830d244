"""The pages that the slow judges see on each run stand for all pages of the book."""

from bs4 import BeautifulSoup

from tests.editions.conftest import KINDS, PAGES, soup

INSIDE = ".katex, .katex *, svg *, pre *"  # set by KaTeX, Matplotlib, Pygments: as on any page


def features(page):
    """What a page is made of: its elements, bare and with each of their classes."""
    return made_of(soup(page))


def made_of(page):
    inside = set(page.select(INSIDE))
    return {
        f"{element.name}.{name}".rstrip(".")
        for element in page.body.find_all(True)
        if element not in inside
        for name in ["", *element.get("class", [])]
    }


def test_every_page_is_made_of_what_the_page_of_some_kind_has():
    """A new kind of page, or of box on a page, asks for a row of KINDS (conftest.py)."""
    seen = set().union(*(features(page) for page in KINDS.values()))
    unseen = {page: features(page) - seen for page in PAGES}
    assert {page: missing for page, missing in unseen.items() if missing} == {}


def test_features_are_elements_and_their_classes_but_not_those_of_code_and_equations():
    page = "<p class='a b'>x<span class='katex'><i></i></span></p><pre class='c'><b></b></pre>"
    found = made_of(BeautifulSoup(f"<body>{page}</body>", "html.parser"))
    assert found == {"p", "p.a", "p.b", "pre", "pre.c"}
