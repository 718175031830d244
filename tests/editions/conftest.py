"""A real browser on the built HTML: what the tests of this folder share.

They read what ``make html`` left in build/html; ``make editions`` builds it first.
"""

import shutil
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import sync_playwright

HERE = Path(__file__).resolve().parent
MODULES = HERE / "node_modules"
HTML = HERE.parents[1] / "build" / "html"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDTHS = (320, 390, 1280, 1680)
PAGES = sorted(p.relative_to(HTML).as_posix() for p in HTML.rglob("*.html"))
LONG = "architectures/transformer.html"


def url(page):
    return (HTML / page).as_uri()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def address():
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=HTML))
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser():
    assert CHROMIUM, "no Chromium here: on Debian, apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def tab(browser):
    """A page that scrolls at once, so that a link stays where the mouse goes to look for it."""
    page = browser.new_page(reduced_motion="reduce")
    yield page
    page.close()


@pytest.fixture(scope="session")
def visit(browser):
    """Loads a page once, in one tab for all, and tells what it asked for, logged and cut off."""
    tab, visits, heard = browser.new_page(), {}, {}
    tab.on("request", lambda r: heard["requests"].append(r.url))
    tab.on("console", lambda m: heard["errors"].append(m.text) if m.type == "error" else None)
    tab.on("pageerror", lambda e: heard["errors"].append(str(e)))

    def look(page):
        if page not in visits:
            heard.update(requests=[], errors=[])
            tab.set_viewport_size({"width": WIDTHS[0], "height": 900})
            tab.goto(url(page), wait_until="load")
            wide = {width: sideways(tab, width) for width in WIDTHS}
            visits[page] = {**heard, "wide": {w: found for w, found in wide.items() if found}}
        return visits[page]

    yield look
    tab.close()


def sideways(tab, width):
    """What makes a page scroll sideways at a width: its own width, and the elements out there."""
    tab.set_viewport_size({"width": width, "height": 900})
    return tab.evaluate(
        """() => {
          const out = [];
          const root = document.documentElement;
          if (root.scrollWidth > root.clientWidth)
            for (const e of document.querySelectorAll('article *')) {
              const box = e.getBoundingClientRect();
              if (box.right > root.clientWidth + 1) out.push(e.tagName + '.' + e.className);
            }
          return root.scrollWidth > root.clientWidth ? [root.scrollWidth, ...out.slice(0, 5)] : [];
        }"""
    )
