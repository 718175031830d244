"""The card: nothing typed, all of it read."""

import re

from tests.build.conftest import PAGE


def card(book):
    page = book.html("halving")
    text = re.sub(r"<[^>]+>", " ", page[page.index("Entry 1") : page.index("The paper")])
    return re.sub(r"\s+", " ", text)


def test_the_card_tells_who_what_where_and_how_much_is_verified(book):
    assert book.build().status == 0
    for part in ("Halves", "Ann Lee and Bo Poe", "2020", "2 examples verified"):
        assert part in card(book)
    assert "1 of 1 printed numbers reproduced" in card(book)
    assert "What the list gets wrong here" not in card(book)
    assert 'href="https://example.org/h"' in book.html("halving")


def test_what_the_list_gets_wrong_stands_at_the_top(book):
    book.write("docs/halving.md", PAGE.replace(":verdict: holds", ":verdict: wrong"))
    assert book.build().status == 0
    assert "What the list gets wrong here" in card(book)
    assert "halves the error" in card(book)


def test_a_changed_entry_changes_the_card(book):
    assert book.build().status == 0
    book.edit("references.bib", "title = {Halves}", "title = {Two Halves}")
    assert book.build().status == 0
    assert "Two Halves" in card(book)


def test_a_card_of_an_unknown_paper(book):
    book.page(":::{paper} nobody1999\n:::")
    assert book.build().says("other.md:3: WARNING: the bibliography has no entry nobody1999")


def test_a_page_without_a_paper_says_what_the_list_gets_wrong_too(book):
    text = ":::{translation} s02 p1\nIt {claim}`is so <2.1>`.\n:::\n\n"
    text += ":::{annotation} 2.1\n:verdict: imprecise\n\nSee {cite:p}`poe2021third{p. 1}`.\n:::"
    book.write("paragraphs.txt", "s01 p1\ns02 p1\n")
    book.page(text)
    assert book.build().status == 0
    page = book.html("other")
    assert page.index("What the list gets wrong here") < page.index('id="list-s02-p1"')
    assert "examples verified" not in page


def test_a_page_that_judges_nothing_has_no_card(book):
    assert book.build().status == 0
    assert 'class="paper' not in book.html("other")
    assert "about 1 min" in card(book)
