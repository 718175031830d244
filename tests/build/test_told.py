"""Claims told in Chinese: with their verdict, none left out, and found by their number."""

import json
import re

import pytest


@pytest.fixture
def book(book):
    book.edit("conf.py", '"book.card"]', '"book.card", "book.told"]')
    return book


def judge(book, options):
    book.edit("docs/halving.md", ":verdict: holds\n", options)


def test_a_claim_is_told_with_links_to_its_words_and_its_annotation(book):
    judge(book, ":verdict: wrong\n")
    book.page("- {told}`1.1 wrong` 误差没有减半。")
    built = book.build()
    assert built.status == 0, built.said
    page = book.html("other")
    words, annotation = re.findall(r'href="halving\.html#([^"]+)"', page)
    assert (words, annotation) == ("claim-1.1", "annotation-1.1")
    assert "1.1（错误）" in re.sub(r"<[^>]+>", "", page)


def test_a_claim_that_is_told_otherwise_than_it_is_judged(book):
    book.page("- {told}`1.1 wrong`")
    assert book.build().says("other.md:3: WARNING: claim 1.1 is told as wrong, and its verdict is")


@pytest.mark.parametrize("options", ["wrong\n", "imprecise\n", "unverified\n:fault: copy\n"])
def test_a_claim_that_is_amiss_and_left_out(book, options):
    book.write("paragraphs.txt", "s01 p1\ns02 p1\n")
    book.page(
        "- {told}`2.1 wrong`\n\n:::{translation} s02 p1\nIt {claim}`is one <2.1>`.\n:::\n\n"
        ":::{annotation} 2.1\n:verdict: wrong\n\nTwo {cite:p}`poe2021third{p. 1}`.\n:::"
    )
    assert book.build().status == 0
    judge(book, f":verdict: {options}")
    verdict = options.split()[0]
    assert book.build().says(f"other.md: WARNING: claim 1.1 is {verdict}, and this page leaves it")


@pytest.mark.parametrize("text", ["1.1", "1.1 likely", "first wrong"])
def test_a_claim_that_is_told_wrongly(book, text):
    book.page(f"- {{told}}`{text}`")
    assert book.build().says("other.md:3: WARNING: write {told}`ID VERDICT`")


def test_a_claim_that_nobody_has(book):
    book.page("- {told}`1.2 wrong`")
    assert book.build().says("other.md:3: WARNING: ledger:claim reference target not found: 1.2")


def test_the_search_leads_from_the_number_of_a_claim_to_both_places(book):
    judge(book, ":verdict: wrong\n")
    book.page("- {told}`1.1 wrong`")
    assert book.build().status == 0
    index = json.loads((book.root / "out/searchindex.js").read_text("utf-8")[16:-1])
    places = [(index["docnames"][page], id_) for page, id_, _ in index["indexentries"]["1.1"]]
    assert sorted(places) == [("halving", "claim-1.1"), ("other", "told-1.1")]
