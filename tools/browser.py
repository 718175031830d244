"""A real browser on the built book: Chromium, a host on the loopback, and what a visit fetches.

Shared by the benchmark, the contact sheet and tests/editions.
"""

import gzip
import hashlib
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

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
PACKED = {".woff2", ".woff", ".png", ".jpg", ".webp", ".pdf", ".epub", ".zip"}


@contextmanager
def chromium():
    """A browser, through Playwright."""
    from playwright.sync_api import sync_playwright

    if not CHROMIUM:
        raise SystemExit("no Chromium here: on Debian, apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser
        browser.close()


@cache
def packed(path, changed):
    """A file as a host sends it, and the mark by which a browser asks whether it has changed."""
    data = path.read_bytes()
    sent = data if path.suffix in PACKED else gzip.compress(data)
    return sent, f'"{hashlib.sha256(data).hexdigest()}"'


class Host(SimpleHTTPRequestHandler):
    """Serves a folder as hosts do: what is not packed already is compressed, and may be kept."""

    protocol_version = "HTTP/1.1"  # an earlier one has no ETag
    headers_too = {}
    sent = []  # (path, bytes), for whoever asks

    def do_GET(self):
        path = Path(self.translate_path(self.path))
        if not path.is_file():
            return self.send_error(404)
        data, mark = packed(path, path.stat().st_mtime_ns)
        known = self.headers.get("If-None-Match") == mark
        self.send_response(304 if known else 200)
        heads = {"ETag": mark, "Cache-Control": "max-age=600"}
        if not known:
            heads |= {"Content-Type": self.guess_type(path), "Content-Length": len(data)}
            heads |= {} if path.suffix in PACKED else {"Content-Encoding": "gzip"}
        for name, value in (heads | self.headers_too).items():
            self.send_header(name, value)
        self.end_headers()
        self.sent.append((self.path, 0 if known else len(data)))
        if not known:
            self.wfile.write(data)

    def log_message(self, *_):
        pass


@contextmanager
def served(folder, **headers):
    """The address of a folder on a host of its own, which may send more headers."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    kind = type("Host", (Host,), {"headers_too": names})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(kind, directory=folder)) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@dataclass
class Visit:
    """What a browser fetches for one page with an empty cache: bytes on the wire, by address."""

    bytes: dict[str, int]
    foreign: list[str]

    @property
    def weight(self):
        return sum(self.bytes.values())


def first_visit(browser, address, page):
    """Visits a page of the book at this address."""
    context = browser.new_context()
    tab, requests = context.new_page(), []
    tab.on("request", lambda request: requests.append(request))
    tab.goto(address + page)
    tab.evaluate("document.fonts.ready.then(() => 0)")
    asked = [request for request in requests if not request.url.startswith(("data:", "blob:"))]
    ours = [request for request in asked if request.url.startswith(address)]
    fetched = {r.url.removeprefix(address): r.sizes()["responseBodySize"] for r in ours}
    context.close()
    return Visit(fetched, [request.url for request in asked if request not in ours])
