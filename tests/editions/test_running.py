"""Run and Edit in Chromium, as a reader uses them; from a host on the loopback.

Reads what ``make runtime html`` left in build/html.  One page of each kind; ``make audit`` runs
every page.
"""

import json

import pytest

from browser import Host, first_visit, served
from tests.editions.conftest import HTML, LONG, MODULES, Reader, focus, shown, url

FOLDER = HTML / "_runtime"
PAGES = sorted(
    f"{path.relative_to(FOLDER / 'pages').with_suffix('').as_posix()}.html"
    for path in (FOLDER / "pages").rglob("*.json")
)
KINDS = {LONG, "introduction.html", "architectures/gpt.html", "efficiency/flash_attention.html"}
RUN = [p if p in KINDS else pytest.param(p, marks=pytest.mark.audit) for p in PAGES]
SCRIPTS = ("_static/run/run.js", "_static/run/run.css")
SECONDS_TO_STOP = """(stop) => new Promise((told) => {
  const out = stop.closest('.run-bar').nextElementSibling, began = performance.now();
  const look = () => out.textContent === 'Stopped.' && told((performance.now() - began) / 1000);
  new MutationObserver(look).observe(out, { childList: true, subtree: true });
  stop.click();
})"""


# -- before anything is run -----------------------------------------------------------------------


def test_before_run_a_page_carries_six_kilobytes_for_it_and_fetches_nothing(browser, address):
    assert sum((HTML / name).stat().st_size for name in SCRIPTS) <= 6000
    visit = first_visit(browser, address, LONG)
    assert visit.foreign == []
    theirs = {name.partition("?")[0] for name in visit.bytes if "run" in name}
    assert theirs == set(SCRIPTS)


def test_the_first_example_says_what_the_first_run_fetches(reader):
    reader.goto()
    size = json.loads((FOLDER / "now.json").read_text("utf-8"))["size"]
    note = reader.beside(reader.blocks("runnable").first, "run-bar").get_attribute("data-note")
    assert note == f"The first Run fetches Python, {size} MB."


def test_from_a_file_run_says_in_one_sentence_what_to_do(tab):
    one = Reader(tab, "").goto(url(LONG))
    one.press(one.blocks("runnable").first, "Run")
    told = one.beside(one.blocks("runnable").first, "run-out").inner_text()
    assert told == "Python runs in pages that a server shows: make play starts one."
    assert one.heard == told


# -- every page -----------------------------------------------------------------------------------


@pytest.mark.parametrize("page", RUN)
def test_all_examples_of_a_page_run_as_in_the_book_and_ask_nothing_elsewhere(reader, page):
    reader.goto(page)
    last = reader.tab.locator("article div.runnable").last
    last.evaluate("e => { while ((e = e.parentElement)) if (e.open === false) e.open = true }")
    reader.press(last, "Run")
    reader.out(last, "good")
    states = reader.tab.locator("article div.runnable ~ .run-out").evaluate_all(
        "found => found.map((e) => e.dataset.state)"
    )
    assert states.count("good") == reader.tab.locator("article div.runnable").count()
    assert [url for url in reader.asked if not url.startswith((reader.start, "data:"))] == []
    assert reader.errors == []


def test_a_host_may_send_the_policy_with_every_file(browser):
    """Then Python, which is a file too, has to be allowed by name."""
    policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
    with served(HTML, Content_Security_Policy=policy) as address:
        context = browser.new_context()
        one = Reader(context.new_page(), address).goto()
        one.press(one.blocks("runnable").first, "Run")
        assert "in the book" in one.out(one.blocks("runnable").first, "good")
        context.close()


def test_the_second_visit_fetches_nothing_again(reader):
    for _ in range(2):
        Host.sent.clear()
        reader.goto()
        reader.press(reader.blocks("runnable").first, "Run")
        reader.out(reader.blocks("runnable").first, "good")
    assert [(path, size) for path, size in Host.sent if "_runtime/" in path and size] == []


# -- run, change, break, stop ---------------------------------------------------------------------


def test_run_says_how_it_came_out_to_eyes_and_ears(ran):
    block = ran.blocks("runnable").nth(1)
    ran.press(block, "Run")
    told = ran.out(block, "good")
    assert "in the book" in told and ran.heard == told


def test_a_changed_function_tells_which_examples_now_fail_and_reset_takes_it_back(ran):
    block = ran.function("attention")
    own = block.locator("pre").text_content().rstrip() + (
        "\n\nof_the_book = attention\n"
        "def attention(*args, **options):\n    return 2 * of_the_book(*args, **options)\n"
    )
    told = ran.run(block, own, "bad")
    assert "examples of this page now print something else" in told
    assert ran.heard.startswith(told.partition("\n")[0][:40])
    broken = ran.tab.locator("article div.runnable ~ .run-out[data-state=bad]")
    assert 0 < broken.count() == ran.beside(block, "run-out").locator("li").count()
    assert {"the book", "here"} <= {*broken.first.locator("dt").all_text_contents()}
    ran.beside(block, "run-out").locator("li button").first.click()
    assert ran.tab.evaluate("document.activeElement.closest('.run-bar') !== null")
    ran.press(block, "Reset")
    assert block.is_visible()
    assert ran.tab.evaluate("document.activeElement.textContent") == "Edit"
    last = ran.blocks("runnable").last
    ran.press(last, "Run")
    ran.out(last, "good")


@pytest.mark.parametrize(
    ("source", "words"),
    [("def attention(q:\n    pass", "SyntaxError"), ("attention = 1 / 0", "ZeroDivisionError")],
)
def test_a_function_that_cannot_be_used_is_told_of_in_pythons_words(ran, source, words):
    block = ran.function("attention")
    ran.write(block, source)
    ran.tab.keyboard.press("Shift+Enter")
    ran.out(block, "bad")
    told = ran.tab.locator(".run-out[data-state=bad]").all_inner_texts()
    assert any(words in text for text in told)
    assert not any("harness" in text for text in told)


def test_a_changed_example_shows_what_it_prints(ran):
    block = ran.blocks("runnable").first
    ran.press(block, "Edit")
    block = ran.tab.locator("article div.runnable:has(+ .run-editor)").first
    assert ran.run(block, "print('one')\n2 + 2\n", "free") == "one\n4"
    told = ran.run(block, "1 / 0", "bad")
    assert "ZeroDivisionError" in told and "harness" not in told


def test_an_endless_loop_is_stopped_within_a_second_and_the_page_runs_again(ran):
    ran.write(ran.scratch, "while True: pass", "Write")
    ran.tab.keyboard.press("Shift+Enter")
    out = ran.beside(ran.scratch, "run-out")
    out.get_by_text("Running …").wait_for()
    ran.tab.wait_for_timeout(500)
    stop = ran.beside(ran.scratch, "run-bar").get_by_role("button", name="Stop")
    stop.focus()
    assert ran.tab.evaluate(SECONDS_TO_STOP, stop.element_handle()) < 1
    assert ran.tab.evaluate("document.activeElement.textContent") == "Run"
    first = ran.blocks("runnable").first
    ran.press(first, "Run")
    ran.out(first, "good")


def test_code_of_ones_own_runs_after_the_page_and_changes_nothing_there(ran):
    told = ran.run(ran.scratch, "np = 'mine'\nprint(np)\nattention", "free", "Write")
    assert told.startswith("mine\n<function attention")
    last = ran.blocks("runnable").last
    ran.press(last, "Run")
    ran.out(last, "good")


def test_long_output_is_cut_with_a_sign(ran):
    ran.run(ran.scratch, "for i in range(10**5): print(i)", "free", "Write")
    shown = ran.beside(ran.scratch, "run-out").locator("pre")
    assert shown.text_content().endswith("… cut here: there was more")
    assert len(shown.text_content()) < 51_000
    assert shown.get_attribute("tabindex") == "0"


def test_once_python_is_there_no_network_is_needed(ran):
    ran.write(ran.scratch, "1 + 1", "Write")  # the editor, too, has come
    ran.tab.context.set_offline(True)
    before = len(ran.asked)
    try:
        assert ran.run(ran.scratch, "2 + 2", "free") == "4"
        ran.press(ran.blocks("runnable").first, "Run")
        ran.out(ran.blocks("runnable").first, "good")
        assert ran.asked[before:] == []
    finally:
        ran.tab.context.set_offline(False)


def test_where_browsers_differ_the_page_says_so(ran):
    assert "integers have 32 bits" in ran.scratch.inner_text()
    code = "import numpy as np\nnp.arange(3).dtype, np.ones(1) / 0"
    assert ran.run(ran.scratch, code, "free", "Write") == "(dtype('int32'), array([inf]))"


# -- what is kept ---------------------------------------------------------------------------------


def test_changes_are_there_after_a_reload_and_can_be_had_and_thrown_away(reader, tmp_path):
    reader.goto()
    block = reader.function("attention")
    reader.write(block, "attention = None")
    reader.write(reader.scratch, "own = 1", "Write")
    reader.goto()
    kept = reader.tab.locator(".run-kept")
    assert kept.inner_text().startswith("Changes of yours that this browser keeps: 2.")
    note = reader.beside(reader.function("attention"), "run-bar").get_attribute("data-note")
    assert note == "You changed this."
    with reader.tab.expect_download() as download:
        kept.get_by_role("button", name="Download").click()
    download.value.save_as(tmp_path / "mine.py")
    mine = (tmp_path / "mine.py").read_text("utf-8")
    assert "attention = None" in mine and "own = 1" in mine and "version" in mine
    kept.get_by_role("button", name="Throw away").click()
    kept.wait_for(state="hidden")
    reader.goto()
    assert kept.is_hidden()


def test_a_change_to_a_text_that_is_no_longer_there_is_kept_and_not_applied(reader):
    reader.goto()
    reader.write(reader.function("attention"), "attention = None")
    key = "run:" + LONG.removesuffix(".html")
    reader.tab.evaluate(
        """(key) => {
          const kept = JSON.parse(localStorage.getItem(key));
          const [text] = Object.values(kept.edits);
          localStorage.setItem(key, JSON.stringify({ edits: { 'shown:1': text } }));
        }""",
        key,
    )
    reader.goto()
    told = reader.tab.locator(".run-kept").inner_text()
    assert told.startswith("Changes of yours that this browser keeps: 1, 1 of them to an earlier")
    first = reader.blocks("runnable").first
    reader.press(first, "Run")
    reader.out(first, "good")


# -- the editor, and what else is on the page -----------------------------------------------------


def test_the_keyboard_gets_into_the_editor_and_out_and_nothing_corrects_what_is_typed(ran):
    ran.beside(ran.scratch, "run-bar").get_by_role("button").first.focus()
    ran.tab.keyboard.press("Enter")
    editor = ran.beside(ran.scratch, "run-editor").locator(".cm-content")
    editor.wait_for()
    for name, value in {
        "autocorrect": "off",
        "autocapitalize": "off",
        "spellcheck": "false",
    }.items():
        assert editor.get_attribute(name) == value
    assert "Escape and then Tab" in editor.get_attribute("aria-label")
    ran.tab.keyboard.type("if 1:\n2")
    ran.tab.keyboard.press("Tab")
    assert "cm-content" in ran.tab.evaluate("document.activeElement.className")
    ran.tab.keyboard.press("Escape")
    ran.tab.keyboard.press("Tab")
    assert ran.tab.evaluate("document.activeElement.textContent") == "Run"


def test_popups_copies_and_print_have_nothing_of_it(ran):
    focus(ran.tab, 'article a[href^="#annotation-"]')
    assert ran.tab.locator("#popup :is(button, [class^=run-])").count() == 0
    assert shown(ran.tab)
    assert ran.tab.locator(":is(.run-out, .run-editor) .copybtn").count() == 0
    ran.write(ran.function("attention"), "attention = None")
    ran.tab.emulate_media(media="print")
    for selector in (".run-bar", ".run-out", ".run-editor", ".scratch", ".exercise-tally"):
        assert ran.tab.locator(f"{selector}:visible").count() == 0, selector
    assert ran.function("attention").is_visible()
    ran.tab.emulate_media(media="screen")
    assert ran.function("attention").is_hidden()


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_of_it_scrolls_sideways_and_axe_holds_nothing_against_it(ran, width):
    ran.tab.set_viewport_size({"width": width, "height": 900})
    ran.run(ran.scratch, "print('x' * 300)\n1 / 0", "bad", "Write")
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert ran.tab.evaluate(wide) == 0
    ran.tab.evaluate((MODULES / "axe-core" / "axe.min.js").read_text("utf-8"))
    found = ran.tab.evaluate(
        """async () => {
          const all = [['.run-bar'], ['.run-out'], ['.run-editor'], ['.exercise']];
          const { violations } = await axe.run({ include: all, exclude: [['.katex-html']] });
          return violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`));
        }"""
    )
    assert found == []
