"""The filter of the ledgers: by mouse, by keyboard, by address, and without scripts."""

import pytest

from tests.editions.conftest import soup, url


def visible_rows(tab):
    return tab.locator("table.ledger tbody tr:visible").count()


@pytest.mark.parametrize(
    ("page", "kind", "value", "entry"),
    [("claims", "Verdict", "wrong", 7), ("numbers", "Outcome", "slips", 2)],
)
def test_a_ledger_is_filtered_counted_and_linked(tab, page, kind, value, entry):
    tab.goto(url(f"appendix/{page}.html"))
    everything = visible_rows(tab)
    said = tab.locator("form.ledger-filter output")
    assert said.get_attribute("aria-live") == "polite"
    assert said.inner_text() == f"{everything} of {everything} {page}"
    tab.get_by_label(kind).select_option(value)
    some = visible_rows(tab)
    assert 0 < some < everything
    assert tab.locator(f"section[id={value}] tbody tr").count() == some
    stem = {7: "architectures/gpt", 2: "architectures/transformer"}[entry]
    tab.get_by_label("Entry").select_option(stem)
    few = visible_rows(tab)
    assert 0 < few < some
    assert tab.locator(f'tbody tr:visible a[href*="{stem}.html"]').count() >= few
    assert said.inner_text() == f"{few} of {everything} {page}"
    address = tab.url
    assert address.endswith(f"#{kind.lower()}={value}&entry={stem}")
    tab.goto("about:blank")
    tab.goto(address)
    assert visible_rows(tab) == few
    assert tab.get_by_label("Entry").input_value() == stem
    tab.get_by_role("button", name="Show all").click()
    tab.wait_for_function("() => !location.hash.includes('=')")
    assert visible_rows(tab) == everything


def test_the_filter_works_by_keyboard(tab):
    tab.goto(url("appendix/claims.html"))
    tab.get_by_label("Verdict").focus()
    tab.keyboard.press("w")
    assert tab.get_by_label("Verdict").input_value() == "wrong"
    tab.keyboard.press("Tab")
    assert tab.get_by_label("Entry").evaluate("e => e === document.activeElement")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    tab.wait_for_function("() => document.querySelector('[name=verdict]').value === ''")


def test_a_link_to_a_row_shows_it_whatever_was_filtered(tab):
    tab.goto(url("appendix/claims.html") + "#verdict=wrong")
    row = "tr:has(#row-2\\.8)"
    assert not tab.locator(row).is_visible()
    tab.evaluate("location.hash = '#row-2.8'")
    tab.wait_for_selector(row, state="visible")
    tab.wait_for_function("() => scrollY > 0")


def test_without_scripts_a_ledger_is_whole_and_has_no_filter(unscripted):
    unscripted.goto(url("appendix/claims.html"))
    assert not unscripted.locator("form.ledger-filter").is_visible()
    assert visible_rows(unscripted) == len(soup("appendix/claims.html").select("tbody tr")) > 200
