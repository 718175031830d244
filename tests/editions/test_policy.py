"""The policy of the pages: no script but those of the book, and all of it works."""

import pytest

from browser import served
from tests.editions.conftest import HTML, LONG, focus, shown, url

CLAIM = "#claim-2\\.5 .claim-number"


def test_a_script_that_stands_in_a_page_does_not_run(tab):
    tab.goto(url("index.html"))
    blocked = tab.evaluate(
        """() => new Promise((tell) => {
          document.addEventListener('securitypolicyviolation', (e) => tell(e.effectiveDirective));
          const script = document.createElement('script');
          script.textContent = 'document.title = "it ran"';
          document.head.append(script);
        })"""
    )
    assert blocked == "script-src-elem"
    assert tab.title() != "it ran"


@pytest.mark.parametrize("origin", ["file", "http"])
def test_the_page_works_under_its_policy(tab, address, origin):
    """Style, faces, the choice of light and dark, and the search's form."""
    start = url(LONG) if origin == "file" else address + LONG
    tab.set_viewport_size({"width": 1280, "height": 900})
    tab.goto(start)
    tab.locator(".theme-toggle-content button").click()
    chosen = tab.evaluate("document.body.dataset.theme")
    tab.reload(wait_until="commit")
    tab.wait_for_selector("body[data-theme]")
    assert tab.evaluate("document.body.dataset.theme") == chosen != "auto"
    assert tab.evaluate("document.fonts.ready.then(() => document.fonts.check('16px Pagella'))")
    tab.locator(".sidebar-search").fill("sinusoids")
    tab.locator(".sidebar-search").press("Enter")
    tab.wait_for_selector("#search-results li a")
    assert "search.html?q=sinusoids" in tab.url


def test_nothing_but_scripts_of_the_book_is_needed(tab):
    """Under a policy that allows no inline script and no eval, all of it works."""
    with served(HTML, Content_Security_Policy="script-src 'self'") as root:
        tab.goto(root + LONG)
        focus(tab, CLAIM)
        assert "2.5" in shown(tab)
        tab.locator(".note:has(#annotation-2\\.8) > summary").click()
        tab.get_by_role("link", name="Cite this: claim 2.8").click()
        reference = tab.get_by_role("dialog").get_by_role("textbox").first.input_value()
        assert f"{root}{LONG}#claim-2.8" in reference
        tab.goto(root + "appendix/claims.html#verdict=wrong")
        assert 0 < tab.locator("table.ledger tbody tr:visible").count() < 100
