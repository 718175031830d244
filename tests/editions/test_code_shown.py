"""How code, shapes, equations, citations and pictures are shown: nothing is cut without a sign.

All pages are looked at on a phone and on two screens, on paper, and with letters twice as large.
"""

import io
from itertools import pairwise

import pytest

from tests.editions.conftest import DRAWN, LONG, PAGES, READ, focus, shown, url

SIZES = {390: 844, 1280: 800, 1440: 900}
SHAPE = "article abbr.ss:text-is('\"*b n d_k\"')"
LATER = "article abbr.ss:text-is('\"*b n d\"')"
SAYS = ("*b: any number of axes", "n: positions of a sequence", "d_k: width of a key")
CUT = """() => {
  const told = (e) => `${e.tagName}.${e.className} ${e.textContent.trim().slice(0, 60)}`;
  const signed = (e) => getComputedStyle(e).backgroundAttachment.includes("local")
    || getComputedStyle(e).textOverflow === "ellipsis";
  return [...document.querySelectorAll("article *")].filter((e) =>
    !e.closest(".katex-mathml, .visually-hidden, svg") && e.checkVisibility()
    && getComputedStyle(e).overflowX !== "visible" && e.scrollWidth > e.clientWidth + 1
    && (e.matches("pre") || !signed(e))).map(told);
}"""
OFF = """() => [...document.querySelectorAll("div.math")].filter((e) => {
    if (!e.checkVisibility()) return false;
    const [tag, tex] = [".eqno", ".katex-display"].map((s) => e.querySelector(s));
    const [box, own] = [tex, e.closest("section")].map((n) => n.getBoundingClientRect());
    const number = tag?.getBoundingClientRect();
    const beside = !number || number.left >= box.right;
    return !beside || box.right > own.right + 1 || (number?.right ?? 0) > own.right + 1;
  }).map((e) => e.id || e.textContent.slice(0, 40))"""
ROWS = """(e) => {
  const top = e.getBoundingClientRect().top, base = (row) => {
    const strut = row.querySelector(".pstrut");
    return strut.getBoundingClientRect().bottom - top;
  };
  const first = e.querySelector(".mtable > [class*=col-align] > .vlist-t > .vlist-r > .vlist");
  return first ? [...first.children].map(base) : [];
}"""


@pytest.fixture(scope="module")
def screens(browser):
    """A tab for each size of screen."""
    tabs = {
        width: browser.new_page(viewport={"width": width, "height": height})
        for width, height in SIZES.items()
    }
    yield tabs
    for tab in tabs.values():
        tab.close()


# -- code, equations, tables, pictures ------------------------------------------------------------


@pytest.mark.parametrize("width", SIZES)
@pytest.mark.parametrize("page", PAGES)
def test_code_is_never_cut_and_what_scrolls_shows_it(screens, page, width):
    tab = screens[width]
    tab.goto(url(page))
    tab.evaluate("for (const e of document.querySelectorAll('details')) e.open = true")
    assert tab.evaluate(CUT) == []
    assert tab.evaluate(OFF) == []


def test_the_sign_is_seen_where_there_is_more_and_only_there(screens):
    tab = screens[390]
    tab.goto(url("alignment/rlhf.html"))
    boxes = tab.locator("article .katex-display:visible").all()
    wide = next(b for b in boxes if b.evaluate("e => e.scrollWidth > e.clientWidth + 40"))
    edges = {}
    for place, to in {"start": 0, "end": 10_000}.items():
        wide.evaluate(f"e => e.scrollLeft = {to}")
        picture = pixels(wide)
        edges[place] = [dark(picture, x) for x in (1, picture.width - 2)]
    assert edges["start"][1] > edges["start"][0], "more to the right"
    assert edges["end"][0] > edges["end"][1], "more to the left"


def test_a_picture_scrolls_and_its_caption_stays(screens):
    tab = screens[390]
    tab.goto(url("architectures/gpt.html"))
    places = """(e) => [...e.querySelectorAll("img, figcaption")]
      .map((part) => part.getBoundingClientRect().x)"""
    figure = tab.locator("#figure-looking")
    picture, caption = figure.evaluate(places)
    figure.locator("> a").evaluate("e => e.scrollLeft = 100")
    assert figure.evaluate(places) == [picture - 100, caption]


# A brace around rows crosses the room between them, as it should.
ROWS_ALONE = ".katex-display:has(.mtable):not(:has(.delimsizing)):visible"


def pixels(locator):
    from PIL import Image

    return Image.open(io.BytesIO(locator.screenshot())).convert("L")


def dark(picture, x):
    """How dark the middle of a column of pixels is, where it is lightest."""
    column = [picture.getpixel((x, y)) for y in range(5, picture.height - 5)]
    return 255 - max(column)


def blank_rows(picture):
    """Whether each row of pixels is all of one colour."""
    return [
        len({picture.getpixel((x, y)) for x in range(0, picture.width)}) == 1
        for y in range(picture.height)
    ]


def test_rows_of_an_equation_do_not_touch(screens):
    tab, seen = screens[1440], 0
    for page in READ:
        tab.goto(url(page))
        tab.add_style_tag(content=".katex-display { background: none !important; }")
        for found in tab.locator(ROWS_ALONE).all():
            lines = found.evaluate(ROWS)
            blank = blank_rows(pixels(found))
            for above, below in pairwise(lines):
                seen += 1
                assert longest(blank[int(above) : int(below)]) >= 6, (page, found.inner_text())
    assert seen > 20


def longest(blank):
    """The most rows of pixels in a run that are blank."""
    most = run = 0
    for row in blank:
        run = run + 1 if row else 0
        most = max(most, run)
    return most


def test_what_computes_stands_out_from_what_does_not(tab):
    tab.goto(url(LONG))
    code = tab.locator(".shown").filter(has_text="def attention(").first
    computes = code.locator("pre > .computes")
    assert computes.all_inner_texts()[-1].strip() == "return softmax(scores, mask=mask) @ v"
    assert not any("check_" in line or '"""' in line for line in computes.all_inner_texts())
    quiet, loud = (
        code.locator(part).first.evaluate("e => getComputedStyle(e).color")
        for part in (".nx", ".nf")
    )
    assert quiet != loud
    edge = "e => getComputedStyle(e).borderLeftWidth"
    assert computes.first.evaluate(edge) == "2px"
    assert code.locator("pre > span:not(.computes)").nth(1).evaluate(edge) == "0px"


# -- shapes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selector", "says"),
    [(SHAPE, SAYS), (f"{LATER} >> nth=1", ("*b:", "n: positions", "d: width of the model"))],
    ids=["the first, with a title", "a later one"],
)
def test_a_shape_explains_itself_on_hover_and_focus(tab, selector, says):
    tab.goto(url(LONG))
    shape = tab.locator(selector)
    for reach in (lambda: focus(tab, selector), shape.hover):
        reach()
        tab.wait_for_selector("#popup", state="visible")
        assert all(part in shown(tab) for part in says)
        assert shape.get_attribute("aria-describedby") == "popup"
        tab.keyboard.press("Escape")
        assert shown(tab) == ""


def test_a_shape_explains_itself_to_a_finger(browser):
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    tab = context.new_page()
    tab.goto(url(LONG))
    tab.locator(SHAPE).first.tap()
    assert all(part in shown(tab) for part in SAYS)
    tab.locator("h1").tap()
    assert shown(tab) == ""
    context.close()


def test_without_a_script_a_shape_has_its_title(unscripted):
    unscripted.goto(url(LONG))
    title = unscripted.locator(SHAPE).first.get_attribute("title")
    assert all(part in title for part in SAYS)


@pytest.mark.parametrize("page", READ)
def test_every_shape_of_a_page_is_explained(unscripted, page):
    unscripted.goto(url(page))
    assert unscripted.locator("article span.ss").count() == 0
    texts = unscripted.locator("abbr.ss").all_text_contents()
    titled = unscripted.locator("abbr.ss[title]")
    assert {*texts} == {*titled.all_text_contents()}
    assert "?" not in "".join(title.get_attribute("title") for title in titled.all())


# -- citations ------------------------------------------------------------------------------------


def test_a_page_cites_its_own_paper_by_the_place_alone(tab):
    tab.goto(url(LONG))
    cited = tab.locator("#annotation-2\\.4 .bibtex-citation")
    tab.evaluate("for (const e of document.querySelectorAll('details')) e.open = true")
    assert cited.inner_text() == "[§3.1, fig. 1]"
    focus(tab, "#annotation-2\\.4 .bibtex-citation a")
    assert "Attention is All you Need" in shown(tab)
    tab.emulate_media(media="print")
    assert cited.inner_text() == "[Vaswani et al., 2017, §3.1, fig. 1]"


def test_a_page_cites_another_paper_in_full(tab):
    tab.goto(url(LONG))
    other = tab.locator(".bibtex-citation", has_text="Gehring").first
    assert other.text_content() == "[Gehring et al., 2017, §3.1]"


# -- paper ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def paper(browser):
    """A tab as wide as a sheet of A4 between its margins, which prints."""
    tab = browser.new_page(viewport={"width": 718, "height": 1000})
    tab.emulate_media(media="print")
    yield tab
    tab.close()


ON_PAPER = """() => {
  const told = (e) => `${e.tagName}.${e.className} ${e.textContent.trim().slice(0, 60)}`;
  const all = (s) => [...document.querySelectorAll(s)];
  const wide = document.documentElement.clientWidth;
  const overlaid = all("body *").filter((e) => {
    const box = e.getBoundingClientRect();
    return ["fixed", "sticky"].includes(getComputedStyle(e).position)
      && e.checkVisibility({ visibilityProperty: true }) && e.textContent.trim()
      && box.bottom > 0 && box.right > 0 && box.left < wide;
  });
  const folded = all("details:not([open])").filter((e) => e.parentElement.checkVisibility()
    && ![...e.children].some((c) => c.tagName !== "SUMMARY" && c.getBoundingClientRect().height));
  const cut = all("article *").filter((e) => !e.closest(".katex-mathml, .visually-hidden, svg")
    && e.checkVisibility() && (e.getBoundingClientRect().right > wide + 1
    || (getComputedStyle(e).overflow !== "visible" && e.scrollHeight > e.clientHeight + 2
        && e.matches("pre, .table-wrapper, figure"))));
  return [overlaid, folded, cut].map((found) => found.map(told));
}"""


@pytest.mark.parametrize("page", PAGES)
def test_on_paper_nothing_covers_the_text_nothing_is_folded_and_nothing_cut(paper, page):
    paper.goto(url(page))
    overlaid, folded, cut = paper.evaluate(ON_PAPER)
    assert overlaid == []
    assert folded == []
    assert cut == []


@pytest.mark.parametrize("page", READ)
def test_a_print_that_has_not_scrolled_shows_every_picture(browser, page):
    tab = browser.new_page()
    tab.goto(url(page))
    tab.pdf()
    late = "[...document.images].filter((i) => !i.complete || !i.naturalWidth).map((i) => i.src)"
    assert tab.evaluate(late) == []
    tab.close()


# -- letters twice as large -----------------------------------------------------------------------


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("page", PAGES)
def test_with_a_root_font_of_200_percent_nothing_scrolls_sideways(screens, page, width):
    tab = screens[width]
    tab.goto(url(page))
    tab.add_style_tag(content="html { font-size: 200% !important; }")
    wide = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    scroll, client = tab.evaluate(wide)
    assert scroll <= client, tab.evaluate(OUT)


OUT = """() => {
  const right = (e) => e.getBoundingClientRect().right;
  const wide = document.documentElement.clientWidth;
  return [...document.querySelectorAll("body *")]
    .filter((e) => e.checkVisibility() && right(e) > wide + 1)
    .slice(0, 8).map((e) => `${e.tagName}.${e.className} ${right(e)}`);
}"""


# -- pictures far down ----------------------------------------------------------------------------


@pytest.mark.parametrize("page", READ)
def test_pictures_come_as_one_scrolls_and_move_nothing(browser, address, page):
    size, came = {"width": 1280, "height": 800}, []
    tab = browser.new_page(viewport=size, reduced_motion="reduce")
    tab.on("request", lambda r: came.append(r.url) if "_images" in r.url else None)
    tab.goto(address + page)
    tab.evaluate(DRAWN)
    tab.wait_for_load_state("networkidle")
    tops = tab.evaluate(
        "[...document.images].map((i) => [i.currentSrc || i.src, i.getBoundingClientRect().top])"
    )
    near = {src for src, top in tops if top < 1600}
    far = {src for src, top in tops if top > 1600 + 2500}
    assert near <= {*came}
    assert not far & {*came}
    tab.evaluate("for (const e of document.querySelectorAll('details')) e.open = true")
    before = tab.evaluate("document.documentElement.scrollHeight")
    for image in tab.locator("article img").all():
        image.scroll_into_view_if_needed()
        image.evaluate("(i) => i.decode()")
    assert {src for src, _ in tops} <= {*came}
    moved = tab.evaluate("document.documentElement.scrollHeight") - before
    assert abs(moved) <= 2  # parts of a pixel, rounded
    tab.close()
