"""Everything that one can mean has a link of its own."""

import pytest

from tests.editions.conftest import LONG, PAGES, focus, opened, soup


@pytest.mark.parametrize(
    "kind", [".annotation", ".published", ".erratum", "div.math[id]", "figure"]
)
def test_every_claim_number_erratum_equation_and_figure_has_a_link_of_its_own(kind):
    count = 0
    for page in PAGES:
        for box in soup(page).select(f"article {kind}"):
            target = box["id"].replace("annotation-", "claim-")
            links = [a["href"] for a in box.select("a.headerlink")]
            assert f"#{target}" in links, f"{page}: {target}"
            assert soup(page).find(id=target)
            count += 1
    assert count > 5


def test_every_displayed_equation_has_a_number():
    assert [p for p in PAGES for e in soup(p).select("div.math") if not e.get("id")] == []


def test_every_row_of_the_ledgers_has_a_link_of_its_own():
    for page in ("appendix/claims.html", "appendix/numbers.html"):
        for row in soup(page).select("tbody tr"):
            mark = row.select_one('[id^="row-"]')["id"]
            assert row.select_one(f'a.headerlink[href="#{mark}"]')


def test_the_sign_of_a_link_is_seen_when_it_has_the_focus(tab):
    opened(tab, LONG)
    for box in ("#annotation-2\\.8", "figure", "div.math[id]", ".published"):
        focus(tab, f"{box} a.headerlink")
        visible = "e => [getComputedStyle(e).visibility, e.getBoundingClientRect().width > 0]"
        assert tab.evaluate(f"({visible})(document.activeElement)") == ["visible", True], box
