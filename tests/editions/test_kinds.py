"""The pages that the slow judges see on each run stand for all pages of the book."""

from bs4 import BeautifulSoup

from tests.editions.conftest import KINDS, PAGES, soup


def features(page):
    """What a page is made of: its elements, bare and with each of their classes.

    Inside of equations, pictures and code are those of KaTeX, Matplotlib and Pygments.
    """
    found, waiting = set(), [page.body]
    while waiting:
        element = waiting.pop()
        classes = element.get("class", [])
        found |= {element.name, *(f"{element.name}.{name}" for name in classes)}
        if element.name not in {"svg", "pre"} and "katex" not in classes:
            waiting += element.find_all(True, recursive=False)
    return found


def test_every_page_is_made_of_what_the_page_of_some_kind_has():
    """A new kind of page, or of box on a page, asks for a row of KINDS (conftest.py)."""
    seen = set().union(*(features(soup(page)) for page in KINDS.values()))
    unseen = {page: features(soup(page)) - seen for page in PAGES}
    assert {page: missing for page, missing in unseen.items() if missing} == {}


def test_features_are_elements_and_their_classes_but_not_those_of_code_and_equations():
    page = "<p class='a b'>x<span class='katex'><i></i></span></p><pre class='c'><b></b></pre>"
    found = features(BeautifulSoup(f"<body>{page}</body>", "html.parser"))
    assert found == {"body", "p", "p.a", "p.b", "span", "span.katex", "pre", "pre.c"}
