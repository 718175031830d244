"""What is read from the pages of a PDF: how full they are, which chapters they open."""

import pdf_pages
from pdf_pages import FOOT, HEAD, Piece

CONTENTS = r"""
\contentsline {part}{Part 1: Things}{3}{part*.1}%
\contentsline {chapter}{7 · Self\sphinxhyphen {}Made}{5}{chapter*.2}%
\contentsline {section}{In it}{6}{section*.3}%
"""


def page(*tops, text="words"):
    return [Piece(top, 60, 90, "Pagella", 10, text) for top in tops]


def test_chapters_and_parts_open_where_the_contents_say():
    assert pdf_pages.openings(CONTENTS) == {3, 5}


def test_an_inner_page_is_followed_by_one_of_its_chapter():
    assert pdf_pages.inner(8, {3, 5}) == [3, 5, 6, 7]


def test_a_page_is_as_full_as_it_is_low_and_its_head_does_not_count():
    assert pdf_pages.fill(page(30)) == 0
    assert pdf_pages.fill(page(30, (HEAD + FOOT) // 2 - 10)) == 0.5
    assert pdf_pages.fill(page(FOOT)) == 1


def test_a_table_that_goes_on_without_a_row_is_found():
    head = [Piece(70, 60, 90, "Heros", 8, pdf_pages.CONTINUED), *page(84)]
    assert list(pdf_pages.ghosts([page(70), head, [*head, *page(110)]])) == [2]


def test_the_report_names_the_pages_that_look_empty():
    told = pdf_pages.report([page(700), page(100), page(700), page(100)], {1})
    assert told.endswith("1 of 3 under 60%: 2") and told.startswith("4 pages")
