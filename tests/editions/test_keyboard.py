"""The keyboard reaches everything, in order, and shows where it is."""

import pytest

from tests.editions.conftest import DRAWN, LONG, url

REACHABLE = """() => {
  const seen = (e) => e.checkVisibility({visibilityProperty: true});
  const boxes = [...document.querySelectorAll('body *')];
  window.reachable = boxes.filter((e) => seen(e) && (
    e.matches('a[href], button, input:not([type=hidden], [type=radio]:not(:checked)), summary') ||
    (e.tabIndex === 0 && !e.matches('[type=radio]')) ||
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
    if tab.locator("article .highlight pre").count():
        tab.mouse.move(9, 9)  # with the first move come the buttons that copy
        tab.wait_for_selector(".copybtn", state="attached")
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
        (1100, "Toggle table of contents sidebar", ".toc-drawer"),
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
