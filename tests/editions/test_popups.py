"""What a popup says of a claim, a work or a term, and how one reaches and leaves it."""

import pytest

from tests.editions.conftest import LONG, focus, opened, shown, url

CLAIM = "#claim-2\\.5 .claim-number"
CITATION = "#annotation-2\\.4 .bibtex-citation a"
TERM = "a:has(> .std-term)"
TRIGGERS = f'.bibtex-citation a, {TERM}, a[href^="#annotation-"]'


@pytest.mark.parametrize(
    ("selector", "says"),
    [
        (CLAIM, ("2.5", "imprecise", "Neither the paper nor the list", "the Chinese copy")),
        (CITATION, ("Ashish Vaswani", "Attention is All you Need", "2017")),
        (TERM, ("A network that reads a sequence", "carries a state along")),
    ],
    ids=["claim", "citation", "term"],
)
def test_focus_and_hover_show_what_a_link_leads_to(tab, selector, says):
    opened(tab, LONG)
    link = tab.locator(selector).first
    for reach in (lambda: focus(tab, selector), link.hover):
        reach()
        tab.wait_for_selector("#popup", state="visible")
        assert all(part in shown(tab) for part in says)
        assert link.get_attribute("aria-describedby") == "popup"
        assert tab.locator("#popup").get_attribute("role") == "tooltip"
        tab.keyboard.press("Escape")
        assert shown(tab) == "" and link.get_attribute("aria-describedby") is None


def test_every_later_citation_of_a_work_shows_it_too(tab):
    opened(tab, LONG)
    assert tab.locator(f"{CITATION}[title]").count() == 0
    focus(tab, "#annotation-2\\.9 .bibtex-citation a >> nth=1")
    assert "Attention is All you Need" in shown(tab)


def test_a_popup_can_be_hovered_and_stays_until_one_leaves_it(tab):
    tab.goto(url(LONG))
    tab.locator(CLAIM).hover()
    tab.wait_for_selector("#popup", state="visible")
    tab.locator("#popup").hover()
    tab.wait_for_timeout(600)
    assert "2.5" in shown(tab)
    tab.mouse.move(2, 2)
    tab.wait_for_selector("#popup", state="hidden")


def test_a_popup_of_the_focus_stays_when_the_mouse_moves_and_goes_with_the_focus(tab):
    tab.goto(url(LONG))
    focus(tab, CLAIM)
    tab.mouse.move(2, 2)
    tab.wait_for_timeout(400)
    assert "2.5" in shown(tab)
    tab.keyboard.press("Tab")
    assert "2.5" not in shown(tab)


def test_a_popup_holds_no_link_no_control_and_no_second_id(tab):
    tab.goto(url(LONG))
    focus(tab, CLAIM)
    inside = "#popup :is(a[href], button, [id], [tabindex], .claim-links)"
    assert shown(tab) and tab.locator(inside).count() == 0


@pytest.mark.parametrize("page", [LONG, "introduction.html", "efficiency/chinchilla.html"])
@pytest.mark.parametrize("width", [320, 1280])
def test_no_popup_is_cut_at_an_edge(tab, page, width):
    tab.set_viewport_size({"width": width, "height": 800})
    opened(tab, page)
    tab.keyboard.press("Tab")
    cut = tab.evaluate(
        """(triggers) => [...document.querySelectorAll(`article :is(${triggers})`)]
          .filter(a => a.checkVisibility())
          .flatMap(a => {
            a.focus();
            const tip = document.getElementById('popup'), box = tip.getBoundingClientRect();
            const inside = box.left >= 0 && box.right <= document.documentElement.clientWidth
              && box.top + scrollY >= 0
              && document.documentElement.scrollWidth <= document.documentElement.clientWidth;
            return inside && !tip.hidden && tip.textContent.trim() ? [] : [a.outerHTML];
          })""",
        TRIGGERS,
    )
    assert cut == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_popup_can_be_read_in_light_and_dark(browser, scheme):
    tab = browser.new_page(color_scheme=scheme)
    opened(tab, LONG)
    focus(tab, CITATION)
    style = "s => [s.color, s.backgroundColor].map(c => c.match(/[\\d.]+/g).map(Number))"
    ink, ground = tab.evaluate(f"({style})(getComputedStyle(document.getElementById('popup')))")
    assert len(ground) == 3, "the ground lets nothing shine through"
    assert contrast(ink, ground) >= 7
    assert (sum(ground) < 128 * 3) == (scheme == "dark")
    tab.close()


def contrast(*colours):
    """The contrast of two colours, as WCAG 2.2 defines it."""

    def luminance(colour):
        parts = [c / 255 for c in colour[:3]]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(w * p for w, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, light = sorted(map(luminance, colours))
    return (light + 0.05) / (dark + 0.05)
