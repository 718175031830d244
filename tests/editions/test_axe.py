"""Every built page before axe: its structure each time, its looks for a page of each kind.

What colours and room decide takes most of the time: ``make audit`` asks it of all pages.
axe comes from npm, in the version of package-lock.json, installed beside this file.
"""

import pytest

from tests.editions.conftest import AUDITED, DRAWN, MODULES, PAGES, url

AXE = MODULES / "axe-core" / "axe.min.js"
BY_LOOK = ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"]
STRUCTURE = {"rules": {rule: {"enabled": False} for rule in BY_LOOK}}
LOOKS = {"runOnly": BY_LOOK}


@pytest.fixture(scope="module")
def violations(browser):
    """What axe holds against a page in some light, at some width; in one tab for all."""
    assert AXE.exists(), "no axe here: run make editions, which installs it with npm"
    tab = browser.new_page()

    def look(page, scheme, width, options):
        tab.emulate_media(color_scheme=scheme)
        tab.set_viewport_size({"width": width, "height": 900})
        tab.goto(url(page))
        tab.evaluate(AXE.read_text("utf-8"))
        tab.evaluate(DRAWN)  # boxes.js hears of the new room as it is drawn
        return tab.evaluate(
            """async (options) => {
              const {violations} = await axe.run({exclude: ['.katex-html']}, options);
              return violations.flatMap(({id, help, nodes}) =>
                nodes.slice(0, 3).map(({html}) => `${id}: ${help}: ${html.slice(0, 120)}`));
            }""",
            options,
        )

    yield look
    tab.close()


@pytest.mark.parametrize("page", PAGES)
def test_axe_holds_nothing_against_the_structure_of_a_page(violations, page):
    assert violations(page, "light", 1280, STRUCTURE) == []


@pytest.mark.parametrize("page", AUDITED)
def test_axe_holds_nothing_against_the_looks_of_a_page(violations, page):
    assert violations(page, "light", 1280, LOOKS) == []
    assert violations(page, "dark", 390, LOOKS) == []
