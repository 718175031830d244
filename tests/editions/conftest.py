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
