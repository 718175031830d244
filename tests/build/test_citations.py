"""Citations: unknown keys, changed entries, and the way back from the bibliography."""

import re

import pytest


def text(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


def test_an_unknown_key_fails_at_its_page(book):
    book.page("See {cite:p}`nobody1999`.")
    assert book.build().says("other.md", 'could not find bibtex key "nobody1999"')
    assert book.build().says('could not find bibtex key "nobody1999"')


@pytest.mark.parametrize(
    ("line", "malformed"),
    [
        (3, "See {cite:p}`lee2020half{§{1}}`."),
        (4, ":::{erratum} lee2020half\n:where: eq. {3}\n:reads: a\n:should: b\n\nNo.\n:::"),
    ],
)
def test_a_malformed_citation_is_told_in_a_sentence(book, line, malformed):
    book.page(malformed)
    built = book.build("--keep-going")
    assert built.says(f"other.md:{line}: WARNING: malformed citation target", "no braces inside")


def test_a_citation_shows_authors_year_and_place(book):
    assert book.build().status == 0
    assert "[Lee and Poe, 2020, §1]" in text(book.html("halving"))


def test_a_page_cites_its_own_work_by_the_place_and_keeps_its_name_for_print(book):
    book.edit("docs/halving.md", "{§1}`", "{§1, eq. 2}`")
    assert book.build().status == 0
    own = '<span class="own-work">Lee and Poe, 2020, </span>§1, eq. 2</a>]'
    assert own in book.html("halving")
    assert book.build(builder="epub", out="epub").status == 0
    epub = (book.root / "epub" / "halving.xhtml").read_text("utf-8")
    assert "own-work" not in epub and "[Lee and Poe, 2020, §1, eq. 2]" in text(epub)


@pytest.mark.parametrize(
    "cited", ["{§1},poe2021third{§1}`", "{§1}` and {cite:p}`poe2021third{§1}`"]
)
def test_beside_another_work_it_is_named_lest_its_place_be_taken_for_one_there(book, cited):
    book.edit("docs/halving.md", "{§1}`", cited)
    assert book.build().status == 0
    page = book.html("halving")
    alone = "and" in cited
    assert ("own-work" in page.partition("So it prints")[2].partition("</p>")[0]) == alone
    assert "Lee and Poe, 2020, §1" in text(page) and "Poe, 2021, §1]" in text(page)


def test_another_page_cites_it_in_full(book):
    book.page("See {cite:p}`lee2020half{§2}`, and {cite:t}`lee2020half{§3}`.")
    assert book.build().status == 0
    assert "own-work" not in book.html("other")


def test_a_changed_entry_rewrites_the_pages_that_cite_it_and_no_other(book):
    assert book.build().status == 0
    other = (book.root / "out" / "other.html").stat().st_mtime_ns
    book.edit("references.bib", "year = {2020}", "year = {1920}")
    assert book.build().status == 0
    assert "[Lee and Poe, 1920, §1]" in text(book.html("halving"))
    assert "Lee and Poe 1920" in text(book.html("bibliography"))
    assert (book.root / "out" / "other.html").stat().st_mtime_ns == other


def test_the_bibliography_says_where_an_entry_is_cited_and_follows(book):
    assert book.build().status == 0
    assert "Cited in Halving" in text(book.html("bibliography"))
    book.page("See {cite:p}`lee2020half{§2}`.")
    assert book.build().status == 0
    assert "Cited in Halving, Other" in text(book.html("bibliography"))
    book.edit("docs/other.md", "# Other", "# Another")
    assert book.build().status == 0
    assert "Cited in Halving, Another" in text(book.html("bibliography"))


def test_prose_beside_a_citation_leaves_the_bibliography_as_it_is(book):
    book.page("See {cite:p}`lee2020half{§2}`.")
    assert book.build().status == 0
    written = (book.root / "out" / "bibliography.html").stat().st_mtime_ns
    book.edit("docs/halving.md", "So it prints", "So it says")
    assert book.build().status == 0
    assert "So it says" in book.html("halving")
    assert (book.root / "out" / "bibliography.html").stat().st_mtime_ns == written


def test_labels_that_would_be_alike_are_told_apart(book):
    entry = "@misc{poe2021fifth,\n  author={Poe, Bo}, title={Fifths}, year={2021}, url={https://example.org/f}}\n"
    bib = (book.root / "references.bib").read_text()
    book.write("references.bib", bib + entry)
    assert book.build().status == 0
    page = text(book.html("bibliography"))
    assert "Poe 2021a" in page
    assert "Poe 2021b" in page
    book.page("See {cite:p}`poe2021fifth{§1}`, {cite:t}`poe2021third{§2}`.")
    assert book.build().status == 0
    other = text(book.html("other"))
    assert "[Poe, 2021a, §1]" in other and "Poe [2021b, §2]" in other


def test_institutions_and_accented_names_stand_in_one_alphabet(book):
    works = {"Qrst, Al": 1, "{Open Works}": 2, "{\\'E}tan, Al": 3}
    entry = (
        "@misc{{w{}, author={{{}}}, title={{W}}, year={{2001}}, url={{https://example.org/{}}}}}\n"
    )
    bib = (book.root / "references.bib").read_text()
    more = "".join(entry.format(i, name, i) for name, i in works.items())
    book.write("references.bib", bib + more)
    assert book.build().status == 0
    page = text(book.html("bibliography"))
    order = [page.index(name) for name in ("Étan 2001", "Lee and Poe", "Open Works", "Qrst 2001")]
    assert order == sorted(order)


def test_each_entry_is_formatted_once(book, monkeypatch):
    from verified_book import citations

    formatted = []
    original = citations.format_entry

    def counting(self, label, entry, bib_data=None):
        formatted.append(entry.key)
        return original(self, label, entry, bib_data)

    monkeypatch.setattr(citations, "format_entry", counting)
    assert book.build().status == 0
    assert len(formatted) == len(set(formatted)) > 0
    formatted.clear()
    book.page("A change.")
    assert book.build().status == 0
    assert formatted == []


@pytest.mark.parametrize("readers", [(), ("-j", "2")])
def test_pages_that_are_all_read_again_find_their_works(book, readers):
    assert book.build(*readers).status == 0
    again = ("-D", "verified_seconds=61", "-D", "doctest_global_setup=1")
    built = book.build(*again, *readers)
    assert built.status == 0, built.said
    for page in ("halving", "other", "bibliography"):
        text = (book.root / f"docs/{page}.md").read_text("utf-8")
        book.write(f"docs/{page}.md", f"{text}\n")
    built = book.build(*again, *readers)
    assert built.status == 0, built.said
