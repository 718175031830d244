"""The card: nothing typed but what the paper adds, all else read."""

import re

import pytest

from tests.build.conftest import PAGE


def card(book, page="halving"):
    html = book.html(page)
    start = html.index('<div class="paper')
    text = re.sub(r"<[^>]+>", " ", html[start : html.index("</div>", start)])
    return re.sub(r"\s+", " ", text)


def test_the_card_tells_who_what_where_and_how_much_is_verified(book):
    assert book.build().status == 0
    for part in ("Entry 1", "Halves", "Lee and Poe", "2020", "Half of everything", "About 1 min"):
        assert part in card(book)
    for part in ("1 claim holds", "2 examples verified", "1 of 1 printed numbers reproduced"):
        assert part in card(book)
    assert "wrong" not in card(book)
    assert 'href="https://example.org/h"' in book.html("halving")


@pytest.mark.parametrize(("verdict", "told"), [("wrong", "1 wrong"), ("imprecise", "1 imprecise")])
def test_what_the_list_gets_wrong_is_linked_at_the_top(book, verdict, told):
    book.write("docs/halving.md", PAGE.replace(":verdict: holds", f":verdict: {verdict}"))
    assert book.build().status == 0
    assert told in card(book)
    html = book.html("halving")
    assert html.index('href="#annotation-1.1">1.1</a>)') < html.index('class="translation')


def test_a_title_that_is_the_heading_is_said_once(book):
    assert book.build().status == 0
    assert "Halves" in card(book)
    book.edit("docs/halving.md", "# Halving", "# HALVES")
    assert book.build().status == 0
    assert "Halves" not in card(book)


def test_the_card_has_a_door_to_each_section_but_the_first_with_its_minutes(book):
    sections = f"## One\n\nx\n\n## Two\n\n{'word ' * 1000}\n\n## Three\n\nx\n"
    book.write("docs/halving.md", f"{PAGE}\n{sections}")
    assert book.build().status == 0
    assert "#one" not in book.html("halving")[: book.html("halving").index('id="one"')]
    assert '<a class="reference internal" href="#two">Two</a> 5' in book.html("halving")
    assert "Two 5 · Three 1" in card(book).replace("  ", " ")


def test_an_edition_of_paper_has_no_doors(book):
    book.write("docs/halving.md", f"{PAGE}\n## One\n\nx\n\n## Two\n\nx\n")
    assert book.build(builder="epub", out="epub").status == 0
    html = (book.root / "epub/halving.xhtml").read_text("utf-8")
    assert "Half of everything" in html
    assert "paper-door" not in html


def test_a_long_list_of_authors_is_cut(book):
    book.edit("references.bib", "Lee, Ann and Poe, Bo}, title = {Halves}", "Lee, Ann and Poe, Bo "
              "and Ng, Cy and Roe, Di}, title = {Halves}")  # fmt: skip
    assert book.build().status == 0
    assert "Lee, Poe and 2 others" in card(book)


def test_a_changed_entry_changes_the_card(book):
    assert book.build().status == 0
    book.edit("references.bib", "title = {Halves}", "title = {Two Halves}")
    assert book.build().status == 0
    assert "Two Halves" in card(book)


def test_a_card_of_an_unknown_paper(book):
    book.page(":::{paper} nobody1999\n:::")
    assert book.build().says("other.md:3: WARNING: the bibliography has no entry nobody1999")


@pytest.mark.parametrize(
    ("adds", "told"),
    [
        ("", "the card of poe2021third does not say what the paper adds"),
        (":adds: Thirds.", "what poe2021third adds is said without its place"),
        (":adds: Thirds {cite:p}`poe2021third`.", "what poe2021third adds is said without"),
    ],
)
def test_what_a_paper_adds_is_said_with_its_place(book, adds, told):
    book.page(f":::{{paper}} poe2021third\n{adds}\n:::")
    assert book.build().says("other.md:3: WARNING: ", told)


def test_a_page_without_a_paper_says_what_the_list_gets_wrong_too(book):
    text = ":::{translation} s02 p1\nIt {claim}`is so <2.1>`.\n:::\n\n"
    text += ":::{annotation} 2.1\n:verdict: imprecise\n\nSee {cite:p}`poe2021third{p. 1}`.\n:::"
    book.write("paragraphs.txt", "s01 p1\ns02 p1\n")
    book.page(text)
    assert book.build().status == 0
    page = book.html("other")
    assert page.index("1 imprecise") < page.index('id="list-s02-p1"')
    assert "examples verified" not in page


def test_a_page_that_judges_nothing_has_no_card(book):
    assert book.build().status == 0
    assert 'class="paper' not in book.html("other")
