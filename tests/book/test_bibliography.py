"""The bibliography is complete, and the book and it name the same works."""

import re
from collections import Counter
from pathlib import Path

import pytest
from pybtex.database import parse_string
from pybtex.richtext import Text
from sphinxcontrib.bibtex.citation_target import parse_citation_targets

ROOT = Path(__file__).resolve().parents[2]
SOURCE = (ROOT / "references.bib").read_text("utf-8")
ENTRIES = parse_string(SOURCE, "bibtex").entries
PAGES = sorted((ROOT / "docs").rglob("*.md"))

VENUES = {
    "article": ("journal",),
    "book": ("publisher",),
    "inproceedings": ("booktitle",),
    "misc": ("howpublished", "eprint"),
    "techreport": ("institution",),
}
PATHS = {  # what stands after the host, where we know its form
    "openreview.net": r"forum\?id=[\w-]{9,12}",
    "aclanthology.org": r"[A-Z]\d\d-\d{4}|\d{4}\.\w+-\w+\.\d+",
    "proceedings.mlr.press": r"v\d+/[a-z-]+\d*[a-z]?\.html",
    "proceedings.neurips.cc": r"(?:paper|paper_files/paper)/\d{4}/hash/[0-9a-f]{32}-Abstract"
    r"(?:-Conference|-Datasets_and_Benchmarks)?\.html",
    "jmlr.org": r"papers/v\d+/[\w-]+\.html",
    "github.com": r"[\w-]+/[\w.-]+(?:/tree/\w+|/(?:tree|blob)/\w+/[\w./-]+)?",
}
ROLE = re.compile(r"\{cite:\w+\}`([^`]+)`")
DIRECTIVE = re.compile(r"^:{3,}\{(?:paper|published|erratum)\}\s+(\S+)", re.MULTILINE)


def cited(text):
    """The keys that a page cites, in roles and in directives."""
    for role in ROLE.findall(text):
        yield from (target.key for target in parse_citation_targets(role))
    yield from DIRECTIVE.findall(text)


CITED = {page: set(cited(page.read_text("utf-8"))) for page in PAGES}


def arxiv_month(number):
    """Year and month of an arXiv number: 2305.16264 (four digits until 2014) or cs/9605103."""
    if found := re.fullmatch(r"(\d\d)(0[1-9]|1[0-2])\.(\d{4,5})", number):
        year, month = 2000 + int(found[1]), int(found[2])
        return (year, month) if len(found[3]) == (5 if year >= 2015 else 4) else None
    if found := re.fullmatch(r"[a-z-]+(?:\.[A-Z]{2})?/(\d\d)(0[1-9]|1[0-2])\d{3}", number):
        year = int(found[1])
        return (1900 if year > 90 else 2000) + year, int(found[2])
    return None


def names(author):
    """The names of an author field, as they are written."""
    return re.split(r"\s+and\s+(?![^{]*\})", author)


@pytest.mark.parametrize("key", ENTRIES)
def test_an_entry_says_who_what_when_and_where(key):
    entry = ENTRIES[key]
    assert entry.persons.get("author"), "no author"
    assert {"title", "year"} <= set(entry.fields)
    assert re.fullmatch(r"(19|20)\d\d", entry.fields["year"])
    assert any(field in entry.fields for field in VENUES[entry.type])


@pytest.mark.parametrize("key", ENTRIES)
def test_an_entry_leads_to_the_work(key):
    assert {"doi", "eprint", "url"} & set(ENTRIES[key].fields)


@pytest.mark.parametrize("key", ENTRIES)
def test_a_link_has_the_form_of_its_kind(key):
    fields = ENTRIES[key].fields
    assert re.fullmatch(r"10\.\d{4,9}/[^\s\\{}]+", fields.get("doi", "10.1234/5"))
    assert arxiv_month(fields.get("eprint", "1706.03762"))
    url = fields.get("url", "https://example.org")
    assert re.fullmatch(r"https://[^\s\\{}]+", url)
    host, _, path = url.removeprefix("https://").partition("/")
    assert host not in {"arxiv.org", "doi.org"}, "write eprint or doi, without the address"
    assert re.fullmatch(PATHS.get(host, ".*"), path), f"{host} has no such address: {url}"


@pytest.mark.parametrize("key", ENTRIES)
def test_the_links_of_an_entry_agree_with_each_other_and_with_its_volume_and_year(key):
    fields = ENTRIES[key].fields
    url, doi = fields.get("url", ""), fields.get("doi", "")
    if (acl := doi.removeprefix("10.18653/v1/")) != doi and "aclanthology" in url:
        assert url == f"https://aclanthology.org/{acl}"
    if volume := re.search(r"mlr\.press/v(\d+)/", url):
        assert fields["volume"] == volume[1]
    if year := re.search(r"neurips\.cc/\w+(?:/paper)?/(\d{4})/", url):
        assert fields["year"] == year[1]


@pytest.mark.parametrize("key", [key for key in ENTRIES if "eprint" in ENTRIES[key].fields])
def test_an_arxiv_number_is_not_later_than_its_work(key):
    fields = ENTRIES[key].fields
    written = int(fields["year"])
    number, month = arxiv_month(fields["eprint"])
    if fields.get("month") == "December" and month == 1:
        number -= 1  # what is handed in on the last days of a year is numbered in January
    assert number <= written, f"{fields['eprint']} is later than {written}"
    if ENTRIES[key].type == "misc":
        assert number == written, "a preprint that came out nowhere else is of its number's year"


def test_an_arxiv_number_is_read_by_the_old_rule_and_by_the_new():
    assert arxiv_month("2305.16264") == (2023, 5)
    assert arxiv_month("1409.0473") == (2014, 9)
    assert arxiv_month("cs/9605103") == (1996, 5)
    assert arxiv_month("math.GT/0309136") == (2003, 9)
    for wrong in ("2313.00001", "1409.04731", "2305.1626", "2305.16264v2", "arXiv:2305.16264"):
        assert arxiv_month(wrong) is None


@pytest.mark.parametrize("key", ENTRIES)
def test_an_entry_names_all_its_authors_last_name_first(key):
    written = re.search(rf"^@\w+{{{re.escape(key)},\s+author = [\"{{](.+)[\"}}],$", SOURCE, re.M)
    assert written, "begin the entry with its authors, on one line"
    assert len(names(written[1])) == len(ENTRIES[key].persons["author"])
    for name in names(written[1]):
        assert name != "others" and "et al" not in name, "name them all"
        plain = str(Text.from_latex(name))
        assert re.fullmatch(r"[^,]+(, Jr\.)?, [^,]+", plain) or re.fullmatch(r"\{.+\}", name), name


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
    for name in ("doi", "eprint", "url"):
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


# -- code moves: what rests on it names the commit or the release ----------------------------

OF_CODE = re.compile(r"\bcode\b|\brepository\b|README|\.(?:py|ipynb|sh|ya?ml|pptx)\b")
STATE = re.compile(r"\bcommits? [0-9a-f]{7}|/[0-9a-f]{40}\b|\bv?\d+\.\d+\.\d+")
PINNED = ("introduction", "architectures/")


def unpinned(text):
    """The citations of a page that point into code, and not into one state of it."""
    for role in ROLE.findall(text):
        for target in re.findall(r"(\w+)\{([^{}]*)\}", role):
            key, place = target
            entry = " ".join(ENTRIES[key].fields.values()) if key in ENTRIES else ""
            if OF_CODE.search(place) and not STATE.search(place) and not STATE.search(entry):
                yield f"{key}{{{place}}}"


@pytest.mark.parametrize(
    "page", [p for p in PAGES if p.relative_to(ROOT / "docs").as_posix().startswith(PINNED)]
)
def test_what_rests_on_code_names_its_commit_or_release(page):
    assert list(unpinned(page.read_text("utf-8"))) == []


@pytest.mark.parametrize(
    ("role", "found"),
    [
        ("{cite:p}`vaswani2018tensor2tensor{code, f}`", 1),
        ("{cite:p}`vaswani2018tensor2tensor{code, commit bafdc1b, f}`", 0),
        ("{cite:p}`openai2019gpt2code{src/model.py}`", 0),
        ("{cite:p}`vaswani2017attention{§3.1}`", 0),
    ],
)
def test_a_citation_of_code_without_a_state_is_found(role, found):
    assert len(list(unpinned(role))) == found
