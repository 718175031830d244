"""The built HTML in a real browser: offline, readable, nothing cut, links both ways.

Reads what ``make html`` left in build/html; ``make editions`` builds it first.
"""

import pytest

from tests.editions.conftest import PAGES, url


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


def test_a_page_can_be_read_without_scripts(browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(url("architectures/transformer.html"))
    assert page.get_by_text("introduces the original Transformer").is_visible()
    assert page.locator("#annotation-2\\.8").is_visible()
    assert page.locator(".katex").first.is_visible()
    context.close()


def test_claim_annotation_and_ledger_lead_to_each_other(tab):
    tab.goto(url("architectures/transformer.html"))
    tab.locator("#claim-2\\.8 a.claim-number").click()
    tab.wait_for_url("**/transformer.html#annotation-2.8")
    tab.locator("#annotation-2\\.8 .chip.verdict").click()
    tab.wait_for_url("**/appendix/claims.html#row-2.8")
    tab.get_by_role("link", name="2.8", exact=True).click()
    tab.wait_for_url("**/transformer.html#claim-2.8")


def test_every_example_shows_that_it_was_verified(tab):
    tab.goto(url("architectures/transformer.html"))
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
