"""Finding one's way, in a real browser and from files: popups, citing, filters, search, copies."""

import doctest
import functools
import http.server
import threading
from itertools import pairwise
from urllib.parse import quote

import pytest
from bs4 import BeautifulSoup
from pybtex.database import parse_string

from tests.editions.conftest import HTML, PAGES, url

PAGE = "architectures/transformer.html"
CLAIM = "#claim-2\\.5 .claim-number"
CITATION = "#annotation-2\\.4 .bibtex-citation a"
TERM = "a:has(> .std-term)"
TRIGGERS = f'.bibtex-citation a, {TERM}, a[href^="#annotation-"]'
ABOUT = "appendix/about.html"
READ = [p for p in PAGES if p.partition("/")[0] in {"architectures", "efficiency", "alignment"}]


@functools.cache
def soup(page):
    return BeautifulSoup((HTML / page).read_text("utf-8"), "html.parser")


def focus(tab, selector):
    """Moves the focus as a keyboard would, so that it is visible."""
    tab.keyboard.press("Tab")
    tab.locator(selector).first.focus()


def shown(tab):
    """What the popup says; nothing where there is none."""
    tip = tab.locator("#popup")
    return tip.inner_text() if tip.is_visible() else ""


# -- popups -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("selector", "says"),
    [
        (CLAIM, ("2.5", "imprecise", "Neither the paper nor the list", "the Chinese copy")),
        (CITATION, ("Ashish Vaswani", "Attention is All you Need", "2017")),
        (TERM, ("循环神经网络", "A network that reads a sequence")),
    ],
    ids=["claim", "citation", "term"],
)
def test_focus_and_hover_show_what_a_link_leads_to(tab, selector, says):
    tab.goto(url(PAGE))
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
    tab.goto(url(PAGE))
    assert tab.locator(f"{CITATION}[title]").count() == 0
    focus(tab, "#annotation-2\\.9 .bibtex-citation a >> nth=1")
    assert "Attention is All you Need" in shown(tab)


def test_a_popup_can_be_hovered_and_stays_until_one_leaves_it(tab):
    tab.goto(url(PAGE))
    tab.locator(CLAIM).hover()
    tab.wait_for_selector("#popup", state="visible")
    tab.locator("#popup").hover()
    tab.wait_for_timeout(600)
    assert "2.5" in shown(tab)
    tab.mouse.move(2, 2)
    tab.wait_for_selector("#popup", state="hidden")


def test_a_popup_of_the_focus_stays_when_the_mouse_moves_and_goes_with_the_focus(tab):
    tab.goto(url(PAGE))
    focus(tab, CLAIM)
    tab.mouse.move(2, 2)
    tab.wait_for_timeout(400)
    assert "2.5" in shown(tab)
    tab.keyboard.press("Tab")
    assert "2.5" not in shown(tab)


def test_a_popup_holds_no_link_no_control_and_no_second_id(tab):
    tab.goto(url(PAGE))
    focus(tab, CLAIM)
    inside = "#popup :is(a[href], button, [id], [tabindex], .claim-links)"
    assert shown(tab) and tab.locator(inside).count() == 0


@pytest.mark.parametrize("page", [PAGE, "introduction.html", "efficiency/chinchilla.html"])
@pytest.mark.parametrize("width", [320, 1280])
def test_no_popup_is_cut_at_an_edge(tab, page, width):
    tab.set_viewport_size({"width": width, "height": 800})
    tab.goto(url(page))
    tab.keyboard.press("Tab")
    cut = tab.evaluate(
        """(triggers) => [...document.querySelectorAll(`article :is(${triggers})`)]
          .filter(a => a.checkVisibility())
          .flatMap(a => {
            a.focus();
            const tip = document.getElementById("popup"), box = tip.getBoundingClientRect();
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
    tab.goto(url(PAGE))
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


# -- citing and reporting -----------------------------------------------------------


def test_cite_this_gives_a_reference_and_bibtex_and_copies_them(tab):
    tab.goto(url(PAGE))
    control = tab.get_by_role("link", name="Cite this: claim 2.8")
    control.focus()
    tab.keyboard.press("Enter")
    dialog = tab.get_by_role("dialog", name="Cite claim 2.8")
    reference, bibtex = (area.input_value() for area in dialog.get_by_role("textbox").all())
    for part in ("Claim 2.8: “positional input encoding” (verdict: imprecise)", "From Attention"):
        assert part in reference
    assert f"{PAGE}#claim-2.8" in reference and "{" not in reference
    (entry,) = parse_string(bibtex, "bibtex").entries.values()
    assert entry.fields["url"] == f"{PAGE}#claim-2.8"
    assert entry.fields["title"].startswith("Claim 2.8")
    dialog.get_by_role("button", name="Copy the BibTeX").click()
    assert dialog.get_by_text("Copied.").is_visible()
    tab.keyboard.press("Escape")
    assert dialog.count() == 0
    assert control.evaluate("c => c === document.activeElement")
    assert pasted(tab) == bibtex


def test_a_claim_is_cited_from_the_ledger_as_from_its_page(tab):
    texts = []
    for page in (PAGE, "appendix/claims.html"):
        tab.goto(url(page))
        tab.get_by_role("link", name="Cite this: claim 2.8").click()
        texts.append(
            [a.input_value() for a in tab.get_by_role("dialog").get_by_role("textbox").all()]
        )
    assert texts[0] == texts[1]


def test_every_claim_can_be_cited_and_reported_from_its_page_and_from_the_ledger():
    ledger = {
        a["aria-label"] for a in soup("appendix/claims.html").select(".claim-links [aria-label]")
    }
    claims = [c for page in PAGES for c in soup(page).select(".annotation")]
    assert len(claims) > 200
    for box in claims:
        id_ = box["id"].removeprefix("annotation-")
        links = {a.get("aria-label"): a["href"] for a in box.select(".claim-links a[href]")}
        names = [f"Cite this: claim {id_}", f"Report an error in claim {id_}"]
        assert links.keys() >= {*names} and ledger >= {*names}
        assert links[None] == f"#claim-{id_}"


def test_without_scripts_the_links_lead_to_how_it_is_done(browser):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    for name, heading in {
        "Cite this": "cite-a-claim",
        "Report an error in": "corrections",
    }.items():
        tab.goto(url(PAGE))
        tab.get_by_role("link", name=f"{name}").filter(
            has_text="this" if "C" in name else "an"
        ).first.click()
        assert tab.url.endswith(f"{ABOUT}#{heading}")
        assert soup(ABOUT).find(id=heading)
    context.close()


# -- links that last ----------------------------------------------------------------


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
    tab.goto(url(PAGE))
    for box in ("#annotation-2\\.8", "figure", "div.math[id]", ".published"):
        focus(tab, f"{box} a.headerlink")
        visible = "e => [getComputedStyle(e).visibility, e.getBoundingClientRect().width > 0]"
        assert tab.evaluate(f"({visible})(document.activeElement)") == ["visible", True], box


# -- the ledgers' filter ------------------------------------------------------------


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


def test_without_scripts_a_ledger_is_whole_and_has_no_filter(browser):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(url("appendix/claims.html"))
    assert not tab.locator("form.ledger-filter").is_visible()
    assert visible_rows(tab) == len(soup("appendix/claims.html").select("tbody tr")) > 200
    context.close()


# -- the way ------------------------------------------------------------------------


def test_the_front_page_gives_each_page_its_time_and_so_does_its_card():
    front = soup("index.html")
    times = {
        item.find("a")["href"]: item.select_one(".reading-time").get_text()
        for item in front.select("article li:has(.reading-time)")
    }
    for page in (p for p in READ if not p.endswith("index.html")):
        time = times[page].partition(",")[0]
        assert time in soup(page).select_one(".paper-counts").get_text()
        if ", after " in times[page]:
            after = times[page].partition(", after ")[2]
            assert soup(page).select_one(".paper-needs").get_text() == f"Read before it: {after}"


def test_previous_and_next_follow_the_order_of_the_sidebar_through_the_parts(tab):
    order = [a["href"] for a in soup("index.html").select(".sidebar-tree a[href$='.html']")]
    for here, after in pairwise(order):
        for page, end, other in ((here, "next", after), (after, "prev", here)):
            (link,) = soup(page).select(f".related-pages a.{end}-page")
            assert (HTML / page).parent.joinpath(link["href"]).resolve() == (
                HTML / other
            ).resolve()


def test_every_page_says_at_its_top_what_the_list_gets_wrong():
    for page in PAGES:
        amiss = soup(page).select(".annotation:is(.verdict-wrong, .verdict-imprecise)")
        said = [a["href"] for a in soup(page).select(".paper li > p > a:first-child")]
        assert said == [f"#{box['id']}" for box in amiss], page


def test_every_work_leads_back_to_the_pages_that_cite_it():
    page = soup("appendix/bibliography.html")
    entries = page.select("div.citation")
    assert len(entries) > 100
    for entry in entries:
        links = entry.select(".cited-in a")
        assert links, entry.get_text()
        for link in links:
            path, _, anchor = link["href"].partition("#")
            where = (HTML / "appendix" / path).resolve().relative_to(HTML).as_posix()
            assert soup(where).find(id=anchor)["class"] == ["bibtex-citation"]


@pytest.mark.parametrize("term", ["注意力", "困惑度", "对齐", "键", "自注意力", "前归一化"])
def test_the_search_leads_from_a_chinese_term_to_its_entry(tab, term):
    tab.goto(url("search.html") + f"?q={quote(term)}")
    tab.locator("#search-results li a").first.click()
    tab.wait_for_url("**/glossary.html*#term-*", timeout=5000)
    entry = tab.url.partition("#")[2]
    meaning = tab.locator(f"dt[id='{entry}'] + dd").inner_text()
    assert term in meaning.partition(".")[0].split("，")


def test_nothing_but_scripts_of_the_book_is_needed(browser):
    """Under a policy that allows no inline script and no eval, all of it works."""

    class Strict(http.server.SimpleHTTPRequestHandler):
        def end_headers(self):
            self.send_header("Content-Security-Policy", "script-src 'self'")
            super().end_headers()

        def log_message(self, *_): ...

    handler = functools.partial(Strict, directory=HTML)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        root = f"http://127.0.0.1:{server.server_port}/"
        tab = browser.new_page()
        tab.goto(root + PAGE)
        focus(tab, CLAIM)
        assert "2.5" in shown(tab)
        tab.get_by_role("link", name="Cite this: claim 2.8").click()
        reference = tab.get_by_role("dialog").get_by_role("textbox").first.input_value()
        assert f"{root}{PAGE}#claim-2.8" in reference
        tab.goto(root + "appendix/claims.html#verdict=wrong")
        assert 0 < visible_rows(tab) < 100
        tab.close()
        server.shutdown()


# -- copies -------------------------------------------------------------------------


def pasted(tab):
    tab.evaluate("document.body.prepend(document.createElement('textarea'))")
    tab.locator("body > textarea").first.focus()
    tab.keyboard.press("Control+V")
    return tab.locator("body > textarea").first.input_value()


COPY_ALL = """async () => {
  const copied = [];
  const hear = () => copied.push(document.activeElement.value);
  document.addEventListener('copy', hear, true);
  for (const button of document.querySelectorAll('article .copybtn')) {
    const before = copied.length;
    button.click();
    const block = button.closest('.highlight').parentElement;
    copied[before] = [block.className, block.querySelector('pre').textContent, copied[before]];
  }
  return copied;
}"""


def copies(tab, page):
    """(classes, shown, copied) of each block of code on a page."""
    tab.goto(url(page))
    if "highlight-" not in (HTML / page).read_text("utf-8"):
        return []
    tab.wait_for_selector("article .copybtn", state="attached")
    tab.locator("h1").click(position={"x": 2, "y": 2})  # the clipboard is for pages in use
    return tab.evaluate(COPY_ALL)


@pytest.mark.parametrize("page", READ)
def test_what_is_copied_is_the_code_and_nothing_else(tab, page):
    for classes, code, copied in copies(tab, page):
        if "pycon" in classes:
            sources = doctest.DocTestParser().get_examples(code)
            assert lines(copied) == lines("".join(example.source for example in sources))
        else:
            assert copied.rstrip() == code.rstrip()


def lines(text):
    return [line for line in text.splitlines() if line.strip()]


def test_what_is_copied_runs_as_it_is(tab):
    blocks = [copied for classes, _, copied in copies(tab, PAGE) if "pycon" in classes]
    assert len(blocks) > 20
    names = {}
    for block in blocks:
        exec(compile(block, PAGE, "exec"), names)
    assert names["multi_head_attention"]


def test_prompts_inside_a_docstring_are_copied_with_it(tab):
    found = [copied for classes, _, copied in copies(tab, PAGE) if "pycon" not in classes]
    whole = [text for text in found if ">>> " in text]
    assert whole and all('"""' in text for text in whole)
