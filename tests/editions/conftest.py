"""A real browser on the built HTML: what the tests of this folder share.

They read what ``make html`` left in build/html; ``make editions`` builds it first.
"""

import functools
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from browser import chromium, served

HERE = Path(__file__).resolve().parent
MODULES = HERE / "node_modules"
HTML = HERE.parents[1] / "build" / "html"
PAGES = sorted(p.relative_to(HTML).as_posix() for p in HTML.rglob("*.html"))
LONG = "architectures/transformer.html"
DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
READ = [p for p in PAGES if p.partition("/")[0] in {"architectures", "efficiency", "alignment"}]

# One page of each kind: `make editions` shows them to the slow judges, `make audit` shows all.
KINDS = {
    "front page": "index.html",
    "introduction": "introduction.html",
    "foundations": "foundations.html",
    "index of a part": "architectures/index.html",
    "entry": LONG,
    "entry with wide tables": "architectures/fast_weights.html",
    "entry with folded code": "efficiency/flash_attention.html",
    "entry with claims that nobody can settle": "alignment/instructgpt.html",
    "entry with plain text": "alignment/self_instruct.html",
    "entry with a wrong claim": "architectures/layer_norm.html",
    "ledger": "appendix/claims.html",
    "ledger of numbers": "appendix/numbers.html",
    "errata": "appendix/errata.html",
    "page in Chinese": "appendix/errata_zh.html",
    "about the book": "appendix/about.html",
    "glossary": "appendix/glossary.html",
    "bibliography": "appendix/bibliography.html",
    "search": "search.html",
}
AUDITED = [
    page if page in KINDS.values() else pytest.param(page, marks=pytest.mark.audit)
    for page in PAGES
]


LONGEST = {"test_same_bytes", "test_lighthouse"}  # begin, else one process waits for the other


def pytest_collection_modifyitems(items):
    items.sort(key=lambda item: item.path.stem not in LONGEST)


FOR_ALL = 180_000  # milliseconds for what runs code: a machine may be busy


def url(page):
    return (HTML / page).as_uri()


@functools.cache
def soup(page):
    return BeautifulSoup((HTML / page).read_text("utf-8"), "html.parser")


def focus(tab, selector):
    """Moves the focus as a keyboard would, so that it is visible."""
    tab.keyboard.press("Tab")
    tab.locator(selector).first.focus()


def opened(tab, page):
    """Goes to a page, and opens all its notes."""
    tab.goto(url(page))
    tab.locator(".all-notes").click()


def shown(tab):
    """What the popup says; nothing where there is none."""
    tip = tab.locator("#popup")
    return tip.inner_text() if tip.is_visible() else ""


class Reader:
    """A browser's tab on a page, and what a reader does there."""

    def __init__(self, tab, start):
        self.tab, self.start, self.asked, self.errors = tab, start, [], []
        tab.set_default_timeout(FOR_ALL)
        tab.on("request", lambda request: self.asked.append(request.url))
        tab.on("pageerror", lambda error: self.errors.append(str(error)))

    def goto(self, page=LONG):
        self.tab.goto(self.start + page)
        return self

    def blocks(self, kind):
        """The blocks of a kind that can be seen."""
        return self.tab.locator(f"article div.{kind}:visible")

    def function(self, name):
        return self.tab.locator("div.shown").filter(has_text=f"def {name}(").first

    @property
    def scratch(self):
        return self.tab.locator(".scratch")

    def beside(self, block, what):
        return block.locator(f"xpath=following-sibling::*[contains(@class, '{what}')][1]")

    def press(self, block, name):
        self.beside(block, "run-bar").get_by_role("button", name=name).click()

    def out(self, block, state):
        """What is told below a block, once it is told in this state."""
        out = self.beside(block, "run-out")
        out.and_(self.tab.locator(f"[data-state={state}]")).wait_for()
        return out.inner_text()

    def write(self, block, text, edit="Edit"):
        """Writes a text into the editor of a block."""
        if not self.beside(block, "run-editor").count():
            self.press(block, edit)
        editor = self.beside(block, "run-editor").locator(".cm-content")
        editor.click()
        self.tab.keyboard.press("Control+a")
        self.tab.keyboard.insert_text(text)

    def run(self, block, text, state, edit="Edit"):
        """Writes a text and runs it from the keyboard; what is told."""
        self.write(block, text, edit)
        self.tab.keyboard.press("Shift+Enter")
        return self.out(block, state)

    @property
    def heard(self):
        """What a screen reader was told last."""
        return self.tab.locator("article > [role=status]").text_content()


@pytest.fixture(scope="module")
def address():
    """Where a host on the loopback shows the book."""
    with served(HTML) as address:
        yield address


@pytest.fixture(scope="session")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def unscripted(browser):
    """A page in a browser without scripts."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


@pytest.fixture
def tab(browser):
    """A page that scrolls at once, so that a link stays where the mouse goes to look for it."""
    page = browser.new_page(reduced_motion="reduce")
    yield page
    page.close()


@pytest.fixture
def reader(browser, address):
    context = browser.new_context(reduced_motion="reduce")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield Reader(context.new_page(), address)
    context.close()


@pytest.fixture(scope="module")
def ready(browser, address):
    """One who has run the first example of the long page."""
    context = browser.new_context(reduced_motion="reduce")
    one = Reader(context.new_page(), address).goto()
    one.press(one.blocks("runnable").first, "Run")
    assert "in the book" in one.out(one.blocks("runnable").first, "good")
    yield one
    assert one.errors == []
    context.close()


@pytest.fixture
def ran(ready):
    """The same, with all changes thrown away."""
    yield ready
    throw = ready.tab.locator(".run-kept").get_by_role("button", name="Throw away")
    if throw.is_visible():
        throw.click()
    if ready.beside(ready.scratch, "run-editor").count():
        ready.press(ready.scratch, "Reset")
