"""The search, in a browser: what readers ask leads to the section that answers it."""

import tomllib
from functools import cache
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.editions.conftest import PAGES, soup
from verified_book.search.words import Words

ASKED = tomllib.loads(Path(__file__).with_name("queries.toml").read_text("utf-8"))
SHARE = 0.95
FEW = 5  # words of which Sphinx's script and its Python package have other stems (“international”)
FOUND = """query => {
    for (const input of document.querySelectorAll("input[name=q]")) input.value = query;
    const found = Search._performSearch(...Search._parseQuery(query)).reverse();
    return found.map(([page, title, anchor]) => [page, anchor.slice(1), title]);
}"""
NAMES = """() => Object.entries(Search._index.objects).flatMap(([prefix, all]) => all.map(
    ([file, kind, , anchor, name]) => [
        `${Search._index.docnames[file]}.html`,
        anchor || (prefix ? `${prefix}.${name}` : name),
        Search._index.objnames[kind][1],
    ]))"""


@pytest.fixture(scope="module")
def page(browser, address):
    """The page of the search, which has its index."""
    page = browser.new_page()
    page.goto(f"{address}/search.html?q=attention")
    page.wait_for_selector("#search-results li a")
    yield page
    page.close()


@pytest.fixture(scope="module")
def search(page):
    """Asks Sphinx's search."""
    return lambda query: [tuple(found) for found in page.evaluate(FOUND, query)]


@cache
def section(page, anchor):
    """The section in which a place is; of no place, the page."""
    place = anchor and soup(f"{page}.html").find(id=anchor)
    if not place:
        return None
    return (place if place.name == "section" else place.find_parent("section"))["id"]


def is_at(place, page, anchor):
    wanted, _, there = place.partition("#")
    return page == wanted and (
        not there or anchor == there or section(page, anchor) == section(wanted, there)
    )


def leads(found, place):
    return any(is_at(place, page, anchor) for page, anchor, _ in found[:3])


def test_what_readers_ask_is_among_the_first_three(search):
    lost = {ask: place for ask, place in ASKED["today"].items() if not leads(search(ask), place)}
    assert len(ASKED["today"]) >= 80
    assert len(lost) <= (1 - SHARE) * len(ASKED["today"]), lost


def test_a_query_names_a_place_of_the_book():
    for place in ASKED["today"].values():
        page, _, anchor = place.partition("#")
        assert f"{page}.html" in PAGES
        assert not anchor or soup(f"{page}.html").find(id=anchor), place


def test_every_name_in_the_index_leads_to_its_place(page):
    found = page.evaluate(NAMES)
    assert {kind for *_, kind in found} >= {"claim", "term", "function", "section", "number"}
    assert [(file, id_) for file, id_, _ in found if not soup(file).find(id=id_)] == []


@pytest.mark.parametrize(
    ("query", "inside"),
    [("kl", "quickly"), ("rope", "property"), ("rope", "european"), ("ppo", "support")],
)
def test_a_word_is_not_found_inside_another(search, query, inside):
    for page, anchor, title in search(query):
        assert inside not in title.lower()
        text = soup(f"{page}.html").find(id=anchor) if anchor else soup(f"{page}.html")
        assert query in text.get_text().lower().replace(inside, "") or query in title.lower()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("initialization", "initialisation"),
        ("quantization", "quantisation"),
        ("neighbor", "neighbour"),
        ("tokenizer", "tokeniser"),
        ("labeled", "labelled"),
        ("normalized", "normalised"),
    ],
)
def test_both_spellings_find_the_same(search, one, other):
    assert search(one) == search(other) != []


def test_no_place_comes_twice(search):
    for query in ("attention", "lora", "claim", "perplexity", "learning rate"):
        places = [(page, anchor) for page, anchor, _ in search(query)]
        assert len(places) == len({*places})


def test_nonsense_finds_nothing(search):
    assert search("qwxzkjv") == []


@pytest.mark.parametrize("claim", ["17.4", "2.8"])
def test_a_claim_among_the_results_leads_to_the_claim(tab, address, claim):
    tab.goto(f"{address}/search.html?q={quote(claim)}")
    tab.locator("#search-results li a").first.click()
    tab.wait_for_url(f"**/*.html#claim-{claim}")


def test_the_browser_finds_each_word_by_the_stem_that_the_index_has(page):
    stem = Words({}).stem
    words = {word for name in PAGES for word in Words({}).split(soup(name).get_text())}
    stems = {word.lower(): stem(word) for word in sorted(words) if word.isascii()}
    theirs = page.evaluate(
        """stems => Object.entries(stems).filter(([, stem]) => known.has(stem))
            .map(([word, stem]) => [word, stem, new Stemmer().stemWord(word)])""",
        stems,
    )
    assert len(theirs) > 3000
    different = [found for found in theirs if found[1] != found[2]]
    assert len(different) <= FEW, different
