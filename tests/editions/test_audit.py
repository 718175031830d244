"""Every built page before the judges: axe, the keyboard, the scales, the policy.

axe comes from npm, in the version of package-lock.json: ``make editions`` installs it beside
this file.
"""

import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import bench
import fonts
from tests.editions.conftest import LONG, MODULES, PAGES, url

AXE = MODULES / "axe-core" / "axe.min.js"
BUDGET = 200_000
BY_LOOK = ["color-contrast", "link-in-text-block", "scrollable-region-focusable", "target-size"]
# All rules in the light; in the dark, and on a phone, those that colours and room decide.
LOOKS = (
    ("light", 1280, {"rules": {"target-size": {"enabled": True}}}),
    ("dark", 390, {"runOnly": BY_LOOK}),
)


# -- axe ---------------------------------------------------------------------------------------

DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"


@pytest.fixture(scope="module")
def violations(browser):
    """What axe holds against a page in its two looks, seen in one tab for all."""
    assert AXE.exists(), "no axe here: run make editions, which installs it with npm"
    tab = browser.new_page()

    def look(page):
        tab.goto(url(page))
        tab.evaluate(AXE.read_text("utf-8"))
        for scheme, width, options in LOOKS:
            tab.emulate_media(color_scheme=scheme)
            tab.set_viewport_size({"width": width, "height": 900})
            tab.evaluate(DRAWN)  # boxes.js hears of the new room as it is drawn
            found = tab.evaluate(
                """async (options) => {
                  const {violations} = await axe.run({exclude: ['.katex-html']}, options);
                  return violations.flatMap(({id, help, nodes}) =>
                    nodes.slice(0, 3).map(({html}) => `${id}: ${help}: ${html.slice(0, 120)}`));
                }""",
                options,
            )
            yield from (f"{scheme}, {width}: {violation}" for violation in found)

    yield look
    tab.close()


@pytest.mark.parametrize("page", PAGES)
def test_axe_holds_nothing_against_a_page_light_or_dark(violations, page):
    assert list(violations(page)) == []


# -- the keyboard ------------------------------------------------------------------------------

REACHABLE = """() => {
  const seen = (e) => e.checkVisibility({visibilityProperty: true});
  const boxes = [...document.querySelectorAll('body *')];
  window.reachable = boxes.filter((e) => seen(e) && (
    e.matches('a[href], button, input:not([type=hidden]), summary') ||
    e.tabIndex === 0 ||
    (['auto', 'scroll'].includes(getComputedStyle(e).overflowX)
      && e.scrollWidth > e.clientWidth && e.matches('article *'))));
  return window.reachable.map((e) => e.outerHTML.slice(0, 90));
}"""
FOCUSED = """() => {
  const e = document.activeElement, box = e.getBoundingClientRect(), style = getComputedStyle(e);
  return {
    index: window.reachable.indexOf(e),
    shown: e.checkVisibility({visibilityProperty: true, opacityProperty: true}),
    ringed: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}"""


@pytest.mark.parametrize(
    ("page", "width"),
    [("index.html", 390), ("index.html", 1680), (LONG, 390), (LONG, 1280), ("search.html", 1280)],
)
def test_the_keyboard_reaches_everything_in_order_and_shows_where_it_is(tab, page, width):
    tab.set_viewport_size({"width": width, "height": 900})
    tab.goto(url(page))
    tab.evaluate(DRAWN)
    reachable = tab.evaluate(REACHABLE)
    for i, element in enumerate(reachable):
        tab.keyboard.press("Tab")
        found = {"index": i, "shown": True, "ringed": True, "inside": True}
        assert tab.evaluate(FOCUSED) == found, element
    assert len(reachable) > 10 or width == 390


@pytest.mark.parametrize(
    ("width", "name", "drawer"),
    [
        (390, "Toggle site navigation sidebar", ".sidebar-drawer"),
        (390, "Toggle table of contents sidebar", ".toc-drawer"),
        (1280, "Toggle table of contents sidebar", ".toc-drawer"),
    ],
)
def test_a_drawer_opens_and_closes_by_the_keyboard(tab, width, name, drawer):
    tab.set_viewport_size({"width": width, "height": 900})
    tab.goto(url(LONG))
    assert not tab.locator(f"{drawer} a").last.is_visible()
    opener = tab.locator(f"button[aria-label='{name}']:visible")
    opener.press("Enter")
    assert tab.locator(drawer).evaluate("e => e.contains(document.activeElement)")
    assert tab.locator(f"{drawer} a").last.is_visible()
    tab.keyboard.press("Escape")
    assert opener.evaluate("e => e === document.activeElement")
    assert not tab.locator(f"{drawer} a").last.is_visible()


# -- what a first visit weighs -------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES)
def test_a_first_visit_fetches_at_most_200_kb(browser, page):
    context = browser.new_context()
    tab, fetched = context.new_page(), set()
    tab.on("request", lambda request: fetched.add(unquote(urlsplit(request.url).path)))
    tab.goto(url(page))
    tab.evaluate("document.fonts.ready.then(() => 0)")
    context.close()
    weights = {path: bench.compressed(Path(path)) for path in fetched if Path(path).is_file()}
    assert sum(weights.values()) <= BUDGET, weights


def test_the_faces_hold_the_characters_that_the_style_sheets_name():
    sheets = "".join(path.read_text("utf-8") for path in fonts.KATEX.parent.glob("*.css"))
    for face, (source, wanted) in fonts.CUTS.items():
        held = fonts.characters(face)
        assert set(wanted) & fonts.characters(source) <= held
        if "core" in face.stem:
            assert f'{face.name}) format("woff2");unicode-range:{fonts.ranges(held)}}}' in sheets


# -- the policy ----------------------------------------------------------------------------------


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


def test_node_is_there():
    assert shutil.which("node"), "no node here: install Node.js 18.20 or newer"
