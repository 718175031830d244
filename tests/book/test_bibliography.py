"""The bibliography is complete, and the book and it name the same works."""

import re
from collections import Counter
from pathlib import Path

import pytest
from pybtex.database import parse_file
from pybtex.richtext import Text
from sphinxcontrib.bibtex.citation_target import parse_citation_targets

ROOT = Path(__file__).resolve().parents[2]
ENTRIES = parse_file(str(ROOT / "references.bib")).entries
PAGES = sorted((ROOT / "docs").rglob("*.md"))

VENUES = {
    "article": ("journal",),
    "book": ("publisher",),
    "inproceedings": ("booktitle",),
    "misc": ("howpublished", "eprint"),
    "techreport": ("institution",),
}
ROLE = re.compile(r"\{cite:\w+\}`([^`]+)`")
DIRECTIVE = re.compile(r"^:{3,}\{(?:paper|published|erratum)\}\s+(\S+)", re.MULTILINE)


def cited(text):
    """The keys that a page cites, in roles and in directives."""
    for role in ROLE.findall(text):
        yield from (target.key for target in parse_citation_targets(role))
    yield from DIRECTIVE.findall(text)


CITED = {page: set(cited(page.read_text("utf-8"))) for page in PAGES}


def authors(entry):
    return [str(person) for person in entry.persons["author"]]


@pytest.mark.parametrize("key", ENTRIES)
def test_an_entry_says_who_what_when_and_where(key):
    entry = ENTRIES[key]
    assert entry.persons.get("author"), "no author"
    assert {"title", "year"} <= set(entry.fields)
    assert re.fullmatch(r"(19|20)\d\d", entry.fields["year"])
    assert any(field in entry.fields for field in VENUES[entry.type])


@pytest.mark.parametrize("key", ENTRIES)
def test_an_entry_leads_to_the_work(key):
    fields = ENTRIES[key].fields
    assert {"doi", "eprint", "url"} & set(fields)
    assert re.fullmatch(r"10\.\d{4,9}/\S+", fields.get("doi", "10.1234/5"))
    assert re.fullmatch(r"\d{4}\.\d{4,5}", fields.get("eprint", "1706.03762"))
    assert re.fullmatch(r"https?://[^\s\\{}]+", fields.get("url", "https://x"))


@pytest.mark.parametrize("key", ENTRIES)
def test_an_entry_names_all_its_authors(key):
    for author in authors(ENTRIES[key]):
        assert "others" not in author and "et al" not in author
        assert ", " in author or re.fullmatch(r"\{.+\}", author), f"write Last, First: {author}"


@pytest.mark.parametrize("key", ENTRIES)
def test_an_entry_reads_well(key):
    for name, value in ENTRIES[key].fields.items():
        plain = str(Text.from_latex(value))
        assert "\\\\" not in value and plain == plain.strip() != ""
        assert name == "url" or not re.search(r"[\\{}]", plain), f"{name}: {plain}"


def test_no_work_stands_twice():
    titles = [
        re.sub(r"\W+", " ", str(Text.from_latex(entry.fields["title"]))).lower().strip()
        for entry in ENTRIES.values()
    ]
    assert [title for title, count in Counter(titles).items() if count > 1] == []
    for name in ("doi", "eprint"):
        values = Counter(e.fields[name].lower() for e in ENTRIES.values() if name in e.fields)
        assert [value for value, count in values.items() if count > 1] == []


def test_every_cited_work_is_in_the_bibliography():
    unknown = {
        page.relative_to(ROOT).as_posix(): sorted(keys - set(ENTRIES))
        for page, keys in CITED.items()
        if keys - set(ENTRIES)
    }
    assert unknown == {}


def test_every_work_of_the_bibliography_is_cited():
    assert sorted(set(ENTRIES) - set().union(*CITED.values())) == []


def test_the_book_has_one_bibliography():
    places = [page for page in PAGES if "```{bibliography}" in page.read_text("utf-8")]
    assert places == [ROOT / "docs" / "appendix" / "bibliography.md"]


def test_a_citation_is_read_with_its_locator_and_its_neighbours():
    text = "so {cite:p}`a{§1, eq. 2}`; {cite:t}`b` and\n:::{published} c\n:::\n"
    assert list(cited(text)) == ["a", "b", "c"]
