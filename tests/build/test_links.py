"""Links of a claim's own, and of a page: there before any script, and none of them dead."""

import re

import pytest

CONF = """
extensions += ["book.glossary", "book.repository"]
citing_page, reporting_page = "about#cite-a-claim", "about#corrections"
repository_url = "{}"
html_baseurl = "{}"
citation = {{"title": "Halves & more", "version": "1.2", "date-released": "2026-03-04",
             "authors": [{{"name": "The halvers"}}]}}
"""
ABOUT = """# About

## Cite a claim

By its number.

## Corrections

Write to us.
"""


@pytest.fixture
def aided(book):
    """A function that gives the small book what it needs, and a repository if one is named."""
    book.write("docs/about.md", ABOUT)
    book.edit("docs/index.md", "bibliography\n", "bibliography\nabout\n")

    def with_aids(repository="", base=""):
        book.write("conf.py", (book.root / "conf.py").read_text() + CONF.format(repository, base))
        return book

    return with_aids


def controls(book):
    """The links of claim 1.1 on its page: from their text to where they lead."""
    page = book.html("halving")
    found = re.search(r'<span class="claim-links">.*?</span>', page)[0]
    return {text: uri for uri, text in re.findall(r'href="([^"]*)"[^>]*>([^<]+)</a>', found)}


def test_a_claim_links_to_itself_and_without_a_repository_to_how_to_report(aided):
    book = aided()
    assert book.build().status == 0
    assert controls(book) == {
        "¶": "#claim-1.1",
        "cite this": "about.html#cite-a-claim",
        "report an error": "about.html#corrections",
    }
    assert "Edit this page" not in book.html("halving")


def test_with_a_repository_an_error_is_reported_there_and_a_page_edited(aided):
    book = aided("https://example.org/us/halves/")
    assert book.build().status == 0
    report = controls(book)["report an error"]
    assert report.startswith("https://example.org/us/halves/issues/new?title=Claim+1.1")
    assert "halving%2C+claim+1.1" in report
    page = book.html("halving")
    for uri, text in {
        "edit/main/docs/halving.md": "Edit this page",
        "commits/main/docs/halving.md": "History of this page",
    }.items():
        assert f'<a href="https://example.org/us/halves/{uri}">{text}</a>' in page


def test_a_place_that_is_not_in_the_book_is_no_silent_dead_link(aided):
    book = aided()
    book.edit("docs/about.md", "Corrections", "Mistakes")
    told = "reporting_page of conf.py is no page or heading of the book: about#corrections"
    assert book.build().says(told)


def test_without_pages_that_say_how_there_are_no_such_links(book):
    assert book.build().status == 0
    assert controls(book) == {"¶": "#claim-1.1"}


def test_a_repository_that_is_named_later_is_on_every_page(aided):
    assert aided().build().status == 0
    book = aided("https://example.org/us/halves")
    assert book.build().status == 0
    assert "https://example.org/us/halves/edit/main/docs/index.md" in book.html("index")


def test_the_ledger_offers_the_same_for_each_claim_and_a_link_for_each_number(aided):
    book = aided()
    assert book.build().status == 0
    page = book.html("ledger")
    assert 'href="#row-1.1" title="Link to claim 1.1"' in page
    assert 'aria-label="Cite this: claim 1.1"' in page
    (row,) = re.findall(r'<span id="(row-halving-[\w-]+)">', page)
    assert f'href="#{row}" title="Link to this number"' in page
    assert re.search(r'class="headerlink" href="#published-', book.html("halving"))


def test_what_is_cited_comes_from_the_book_s_own_data(aided):
    book = aided(base="https://example.org/halves/")
    assert book.build().status == 0
    page = book.html("halving")
    template = page[page.index('<template id="cite-this"') : page.index("</template>")]
    assert 'data-base="https://example.org/halves/"' in template
    assert "The halvers. (2026, March 4). Claim {id}" in template
    assert "Halves &amp; more (version 1.2)" in template
    assert "<template" not in book.html("other")


def test_a_ledger_has_a_filter_that_waits_for_the_script(aided):
    book = aided()
    tables = [f"## {v.title()}\n\n```{{ledger}} claims {v}\n```\n" for v in ("holds", "wrong")]
    book.write("docs/ledger.md", "# Ledger\n\n" + "\n".join(tables))
    assert book.build().status == 0
    page = book.html("ledger")
    assert '<form class="ledger-filter" hidden aria-label="Filter the claims">' in page
    assert '<option value="holds">Holds</option>' in page
    assert '<option value="wrong">' not in page, "no claim is wrong, so there is no such table"
    assert '<option value="halving">1 · Halving</option>' in page
    assert "filter.js" in page and "filter.js" not in book.html("halving")


def test_nothing_of_it_needs_an_inline_script(aided):
    book = aided("https://example.org/us/halves")
    assert book.build().status == 0
    for page in ("halving", "ledger"):
        html = book.html(page)
        assert not re.search(r"<[^>]+\son\w+=", html)
        assert "javascript:" not in html


def test_the_epub_stays_as_it_is(aided):
    book = aided("https://example.org/us/halves")
    epub = 'epub_show_urls = "no"\nepub_identifier = epub_uid = "halves"\n'
    book.write("conf.py", (book.root / "conf.py").read_text() + epub)
    assert book.build(builder="epub", out="epub").status == 0
    page = (book.root / "epub/halving.xhtml").read_text("utf-8")
    assert "1.1" in page
    unwanted = (
        "cite this",
        "report an error",
        "Edit this page",
        "filter.js",
        "cite.js",
        "popups.js",
    )
    assert not any(text in page for text in unwanted)
