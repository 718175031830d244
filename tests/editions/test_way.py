"""Finding one’s way: times, previous and next, what is amiss, who cites a work, the search."""

import re
from itertools import pairwise
from urllib.parse import quote

import pytest

from tests.editions.conftest import HTML, PAGES, READ, soup, url


def test_the_front_page_gives_each_page_its_time_and_so_does_its_card():
    front = soup("index.html")
    times = {
        item.find("a")["href"]: item.select_one(".reading-time").get_text()
        for item in front.select("article li:has(.reading-time)")
    }
    for page in (p for p in READ if not p.endswith("index.html")):
        time = times[page].partition(",")[0]
        assert soup(page).select_one(".paper-time").get_text() == time.capitalize()
        if ", after " in times[page]:
            after = re.split(", | and ", times[page].partition(", after ")[2])
            needs = [link.get_text() for link in soup(page).select(".paper-needs a")]
            assert len(needs) == len(after)
            for called, other in zip(needs, after, strict=True):
                assert called.startswith(f"{other} · ") or not other.isdigit()


def test_previous_and_next_follow_the_order_of_the_sidebar_through_the_parts(tab):
    order = [a["href"] for a in soup("index.html").select(".sidebar-tree a[href$='.html']")]
    for here, after in pairwise(order):
        for page, end, other in ((here, "next", after), (after, "prev", here)):
            (link,) = soup(page).select(f".related-pages a.{end}-page")
            assert (HTML / page).parent.joinpath(link["href"]).resolve() == (
                HTML / other
            ).resolve()


def test_every_page_says_at_its_top_what_the_list_gets_wrong():
    for page in PAGES:
        amiss = soup(page).select(".annotation:is(.verdict-wrong, .verdict-imprecise)")
        said = {a["href"] for a in soup(page).select(".paper-counts a[href^='#']")}
        assert said == {f"#{box['id']}" for box in amiss}, page


def test_every_work_leads_back_to_the_pages_that_cite_it():
    page = soup("appendix/bibliography.html")
    entries = page.select("div.citation")
    assert len(entries) > 100
    for entry in entries:
        links = entry.select(".cited-in a")
        assert links, entry.get_text()
        for link in links:
            path, _, anchor = link["href"].partition("#")
            where = (HTML / "appendix" / path).resolve().relative_to(HTML).as_posix()
            assert soup(where).find(id=anchor)["class"] == ["bibtex-citation"]


@pytest.mark.parametrize("term", ["注意力", "困惑度", "对齐", "键", "自注意力", "前归一化"])
def test_the_search_leads_from_a_chinese_term_to_its_entry(tab, term):
    tab.goto(url("search.html") + f"?q={quote(term)}")
    tab.locator("#search-results li a").first.click()
    tab.wait_for_url("**/glossary.html*#term-*", timeout=5000)
    entry = tab.url.partition("#")[2]
    meaning = tab.locator(f"dt[id='{entry}'] ~ dd").first.inner_text()
    assert term in meaning.rpartition("Chinese: ")[2].rstrip(".").split("，")


@pytest.mark.parametrize(
    "words",
    ["中文版勘误", "勘误", "errata", "Chinese copy", "Pythia", "InstructGPT", "7.13", "end.6"],
)
def test_the_search_leads_to_the_page_in_chinese(tab, words):
    tab.goto(url("search.html") + f"?q={quote(words)}")
    tab.wait_for_selector("#search-results li a[href*='appendix/errata_zh.html']", timeout=15_000)


def test_the_page_in_chinese_says_its_language():
    page = soup("appendix/errata_zh.html")
    assert page.select_one("section[lang='zh-Hans'] > h1").get_text().startswith("中文版勘误")
    for where in ("index.html", "appendix/about.html"):
        assert soup(where).select_one("article a[lang='zh-Hans'][href*='errata_zh.html']")


@pytest.mark.parametrize("claim", ["5.8", "6.7", "7.3", "7.11", "18.4"])
def test_the_old_addresses_of_a_retired_claim_are_there(claim):
    pages = [soup(page) for page in READ]
    for place in (f"claim-{claim}", f"annotation-{claim}"):
        assert len([page for page in pages if page.find(id=place)]) == 1, place
