"""The built HTML in a real browser: offline, readable, nothing cut, links both ways.

Reads what ``make html`` left in build/html; ``make editions`` builds it first.
"""

from collections import Counter

import pytest

from tests.editions.conftest import LONG, PAGES, soup, url

WIDTHS = (320, 390, 1280, 1680)


@pytest.fixture(scope="session")
def visit(browser):
    """Loads a page once, in one tab for all, and tells what it asked for, logged and cut off."""
    tab, visits, heard = browser.new_page(), {}, {}
    tab.on("request", lambda r: heard["requests"].append(r.url))
    tab.on("console", lambda m: heard["errors"].append(m.text) if m.type == "error" else None)
    tab.on("pageerror", lambda e: heard["errors"].append(str(e)))

    def look(page):
        if page not in visits:
            heard.update(requests=[], errors=[])
            tab.set_viewport_size({"width": WIDTHS[0], "height": 900})
            tab.goto(url(page), wait_until="load")
            wide = {width: sideways(tab, width) for width in WIDTHS}
            visits[page] = {**heard, "wide": {w: found for w, found in wide.items() if found}}
        return visits[page]

    yield look
    tab.close()


def sideways(tab, width):
    """What makes a page scroll sideways at a width: its own width, and the elements out there."""
    tab.set_viewport_size({"width": width, "height": 900})
    return tab.evaluate(
        """() => {
          const out = [];
          const root = document.documentElement;
          if (root.scrollWidth > root.clientWidth)
            for (const e of document.querySelectorAll('article *')) {
              const box = e.getBoundingClientRect();
              if (box.right > root.clientWidth + 1) out.push(e.tagName + '.' + e.className);
            }
          return root.scrollWidth > root.clientWidth ? [root.scrollWidth, ...out.slice(0, 5)] : [];
        }"""
    )


def test_there_is_a_book():
    assert "index.html" in PAGES, "no built book: run make html first"


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_nothing_of_another_origin_and_logs_no_error(visit, page):
    seen = visit(page)
    assert [r for r in seen["requests"] if not r.startswith(("file:", "data:"))] == []
    assert seen["errors"] == []


@pytest.mark.parametrize("page", PAGES)
def test_nothing_scrolls_sideways_at_any_width(visit, page):
    assert visit(page)["wide"] == {}


def test_a_page_can_be_read_without_scripts(unscripted):
    unscripted.goto(url(LONG))
    assert unscripted.get_by_text("introduces the original Transformer").is_visible()
    unscripted.locator(".note:has(#annotation-2\\.8) > summary").click()
    assert unscripted.locator("#annotation-2\\.8").is_visible()
    assert unscripted.locator("#the-idea .katex").first.is_visible()


def test_claim_annotation_and_ledger_lead_to_each_other(tab):
    tab.goto(url(LONG))
    tab.locator("#claim-2\\.8 a.claim-number").click()
    tab.wait_for_url("**/transformer.html#annotation-2.8")
    tab.locator("#annotation-2\\.8 .chip.verdict").click()
    tab.wait_for_url("**/appendix/claims.html#row-2.8")
    tab.get_by_role("link", name="2.8", exact=True).click()
    tab.wait_for_url("**/transformer.html#claim-2.8")


def test_every_example_shows_that_it_was_verified(tab):
    tab.goto(url(LONG))
    blocks = tab.locator("div.highlight-pycon")
    assert blocks.count() > 0
    assert tab.locator("div.highlight-pycon:not(.verified)").count() == 0
    shown = tab.evaluate(
        "() => getComputedStyle(document.querySelector('div.verified'), '::after').content"
    )
    assert "verified" in shown


def test_search_finds_a_word_from_a_file(tab):
    tab.goto(url("search.html") + "?q=sinusoids")
    tab.wait_for_selector("#search-results li a", timeout=15_000)
    assert "transformer.html" in tab.locator("#search-results li a").first.get_attribute("href")


def test_an_equation_scrolls_and_its_number_stays_in_sight(tab):
    tab.set_viewport_size({"width": 390, "height": 900})
    tab.goto(url("efficiency/pythia.html"))
    rights = tab.evaluate(
        "[...document.querySelectorAll('.eqno')].map((e) => e.getBoundingClientRect().right)"
    )
    assert len(rights) > 3
    assert max(rights) <= 390


@pytest.mark.parametrize("page", PAGES)
def test_an_id_stands_once_in_a_page(page):
    counted = Counter(part["id"] for part in soup(page).select("[id]"))
    assert [id_ for id_, times in counted.items() if times > 1] == []
