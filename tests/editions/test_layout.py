"""The form of a page in a real browser: how far to the idea, what is folded, and what opens it."""

from statistics import median
from urllib.parse import quote

import pytest

from tests.editions.conftest import LONG, PAGES, READ, soup, url

ENTRIES = [page for page in READ if not page.endswith("index.html")]
PHONE, DESK = (390, 844), (1440, 900)
DISTANCES = """() => {
  const idea = document.querySelector('#the-idea > h2');
  const top = (e) => e.getBoundingClientRect().top + scrollY;
  const before = (e) => e.compareDocumentPosition(idea) & Node.DOCUMENT_POSITION_FOLLOWING;
  const words = [...document.querySelectorAll('.translation')].filter(before);
  const own = words.reduce((sum, e) => sum + e.getBoundingClientRect().height, 0);
  return {idea: top(idea) / innerHeight, besides: (top(idea) - own) / innerHeight};
}"""
# Where something stands in the left half of the measure, and how much of it is empty.
BLANK = """() => {
  const article = document.querySelector('article').getBoundingClientRect();
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const leaves = 'p, pre, li, dt, dd, h1, h2, h3, h4, tr, summary, img, .katex-display, .formal, '
    + 'input, textarea, button';
  const spans = [...document.querySelectorAll(`article :is(${leaves})`)]
    .map((e) => e.getBoundingClientRect())
    .filter((box) => box.height && box.left < article.left + 16 * rem && box.right > article.left)
    .map((box) => [box.top, box.bottom])
    .sort((a, b) => a[0] - b[0]);
  let [reached, blank] = [spans[0][1], 0];
  for (const [top, bottom] of spans) {
    if (top - reached > 4.5 * rem) blank += top - reached;
    reached = Math.max(reached, bottom);
  }
  return blank;
}"""
# The places inside folds that their address does not bring to light.
HIDDEN = """async () => {
  const settled = () => new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  const places = [...document.querySelectorAll('article details:not(.fold) [id]')];
  const hidden = [];
  for (const place of places) {
    for (const box of document.querySelectorAll('details[open]')) box.open = false;
    location.hash = '';
    location.hash = place.id;
    await settled();
    if (!place.checkVisibility({contentVisibilityAuto: true})) hidden.push(place.id);
  }
  return hidden;
}"""
CLOSED = "() => [...document.querySelectorAll('details')].filter((e) => !e.open).length"
IN_SIGHT = """(selector) => [...document.querySelectorAll(selector)]
  .filter((e) => !e.checkVisibility()).map((e) => e.id || e.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def distances(browser):
    """How far it is to the idea of each entry, in screens of one size."""
    kept = {}

    def measured(size):
        if size not in kept:
            tab = browser.new_page(viewport=dict(zip(("width", "height"), size, strict=True)))
            kept[size] = {}
            for page in ENTRIES:
                tab.goto(url(page))
                kept[size][page] = tab.evaluate(DISTANCES)
            tab.close()
        return kept[size]

    return measured


@pytest.fixture(scope="module")
def sized(browser):
    """A page in a tab of some size, with scripts or without; one tab for each such kind."""
    tabs = {}

    def open_page(page, width=1440, height=900, **options):
        kind = (width, height, *options.items())
        if kind not in tabs:
            size = {"width": width, "height": height}
            context = browser.new_context(viewport=size, reduced_motion="reduce", **options)
            tabs[kind] = context.new_page()
        tabs[kind].goto(url(page))
        return tabs[kind]

    yield open_page
    for tab in tabs.values():
        tab.context.close()


# -- how far to the idea --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "middle", "worst", "begins"),
    [(PHONE, 1.1, 1.6, 2.0), (DESK, 0.8, 1.2, 1.25)],
    ids=["phone", "desk"],
)
def test_the_idea_is_near(distances, size, middle, worst, begins):
    found = distances(size)
    besides = {page: round(there["besides"], 2) for page, there in found.items()}
    assert median(besides.values()) <= middle, besides
    assert {page: far for page, far in besides.items() if far > worst} == {}
    assert median(there["idea"] for there in found.values()) <= begins


@pytest.mark.parametrize("page", [page for page in PAGES if soup(page).select(".reading")])
def test_no_column_is_left_blank_beside_notes(sized, page):
    assert sized(page).evaluate(BLANK) <= 150


# -- the card -------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", ENTRIES)
def test_a_card_says_the_title_once_and_what_the_paper_adds_with_its_place(page):
    card = soup(page).select_one(".paper")
    heading = soup(page).select_one("h1").find(string=True)
    title = card.select_one(".paper-title")
    assert title is None or title.get_text().casefold() != heading.casefold()
    assert card.select_one(".paper-adds .bibtex-citation")
    doors = {a["href"]: int(a.parent.get_text().split()[-1]) for a in card.select(".paper-door a")}
    sections = [f"#{part['id']}" for part in soup(page).select("article > section > section")]
    assert [*doors] == sections[1:] and min(doors.values()) >= 1


# -- the contents of the page ---------------------------------------------------------------------


@pytest.mark.parametrize("width", [1200, 1280, 1440, 1920])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_the_contents_are_in_sight_and_beside_the_text(sized, width, script):
    tab = sized(LONG, width, java_script_enabled=script)
    first, last = (tab.locator(".toc-tree li li a").nth(i).bounding_box() for i in (0, 9))
    text = tab.locator("article").bounding_box()
    assert text["x"] + text["width"] <= first["x"] and first["x"] + first["width"] <= width
    assert 0 <= first["y"] < last["y"] < 900
    tab.locator(".toc-tree a[href='#in-numpy']").click()
    tab.wait_for_url("**#in-numpy")


@pytest.mark.parametrize("section", ["the-idea", "in-numpy", "published-numbers", "since-then"])
def test_the_contents_mark_where_one_is(sized, section):
    tab = sized(f"{LONG}")
    tab.locator(f".toc-tree a[href='#{section}']").click()
    tab.wait_for_selector(f".toc-tree li.scroll-current > a[href='#{section}']", timeout=5000)


# -- what is folded -------------------------------------------------------------------------------


@pytest.mark.parametrize("page", [page for page in PAGES if soup(page).select("details.note")])
def test_an_annotation_is_a_line_until_it_is_opened(sized, page):
    tab = sized(page, *PHONE)
    assert tab.locator(".annotation:visible").count() == 0
    heights = tab.evaluate(
        "() => [...document.querySelectorAll('.note')].map(e => e.getBoundingClientRect().height)"
    )
    assert min(heights) >= 24 and max(heights) < 32, "a finger's room, and one line"
    lines = tab.locator(".note > summary").all_inner_texts()
    words = ("holds", "imprecise", "wrong", "opinion", "unverified", "lost in the copy")
    assert [line for line in lines if not any(word in line for word in words)] == []


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("how", ["click", "tap", "Enter", "Space"])
def test_a_line_opens_by_mouse_finger_and_keyboard(sized, script, how):
    tab = sized(LONG, *PHONE, java_script_enabled=script, has_touch=True)
    line = tab.locator(".note:has(#annotation-2\\.8) > summary")
    for visible in (True, False):
        if how in ("click", "tap"):
            getattr(line, how)()
        else:
            line.press(how)
        assert tab.locator("#annotation-2\\.8").is_visible() is visible


def test_one_button_opens_and_closes_all(sized):
    tab = sized(LONG, *PHONE)
    button, notes = tab.locator(".all-notes"), tab.locator("details.note")
    assert button.inner_text() == "Open all notes"
    for press, closed in (("Enter", 0), ("Space", notes.count())):
        button.press(press)
        assert tab.locator("details.note:not([open])").count() == closed
    notes.nth(0).locator("> summary").click()
    button.click()
    assert button.inner_text() == "Close all notes"


@pytest.mark.parametrize("page", [page for page in PAGES if soup(page).select("details [id]")])
def test_an_address_opens_what_it_leads_to(sized, page):
    assert sized(page).evaluate(HIDDEN) == []


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_link_opens_what_it_leads_to_and_does_so_again(sized, script):
    tab = sized(LONG, java_script_enabled=script)
    for _ in range(2):
        tab.locator("#claim-2\\.8 a.claim-number").click()
        assert tab.locator("#annotation-2\\.8").is_visible()
        tab.locator(".note:has(#annotation-2\\.8) > summary").click()


def test_words_inside_a_fold_are_found(sized):
    (*_, last) = soup(LONG).select("details.answer:first-of-type p")
    words = " ".join(next(last.strings).split()[:4])
    tab = sized(LONG)
    tab.goto(f"{url(LONG)}#:~:text={quote(words)}")
    tab.locator("details.answer[open]", has_text=words).wait_for(timeout=5000)


@pytest.mark.parametrize("page", [page for page in PAGES if soup(page).select("details")])
def test_on_paper_all_is_open_without_a_script(sized, page):
    tab = sized(page, 800, java_script_enabled=False)
    assert tab.evaluate(CLOSED) > 0
    tab.emulate_media(media="print")
    hidden = tab.evaluate(IN_SIGHT, "details > :not(summary)")
    tab.emulate_media(media=None)
    assert hidden == []


def test_printing_opens_all_and_closes_it_again(sized):
    tab = sized(LONG)
    tab.reload()
    closed = tab.evaluate(CLOSED)
    for event, left in (("beforeprint", 0), ("afterprint", closed)):
        tab.evaluate("(event) => { dispatchEvent(new Event(event)) }", event)
        assert tab.evaluate(CLOSED) == left


# -- published numbers ----------------------------------------------------------------------------


@pytest.mark.parametrize("page", [page for page in PAGES if soup(page).select(".published")])
def test_a_table_stands_behind_a_sentence_and_its_computation_is_folded(page):
    for box in soup(page).select(".published"):
        label, says, table = box.find_all(recursive=False)[:3]
        assert "label" in label["class"] and "comes-out" in says["class"], box["id"]
        assert says.get_text().strip().endswith(".")
        assert len(table.select("tbody tr")) <= 6
        for example in box.select("div.highlight-pycon"):
            assert example.find_parent("details"), box["id"]


def test_every_number_of_the_ledger_leads_to_its_row():
    links = soup("appendix/numbers.html").select("tbody td.name a:not(.headerlink)")
    assert len(links) > 700
    for link in links:
        page, _, place = link["href"].removeprefix("../").partition("#")
        assert soup(page).find(id=place).find_parent("tr"), link["href"]
