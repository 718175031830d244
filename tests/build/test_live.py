"""The live preview, on a book of one page and one snippet."""

import http.client
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from pathlib import Path

import pytest
from sphinx.application import Sphinx
from sphinx.builders.html import StandaloneHTMLBuilder
from sphinx.environment import BuildEnvironment
from sphinx.testing.util import SphinxTestApp
from websockets.sync.client import connect

from tools import live

EXTENSIONS = Path(live.__file__).resolve().parent.parent / "docs" / "_extensions"
PATIENCE = 60

CONF = f"""
import os, sys
from pathlib import Path
ROOT = Path(__file__).parent
sys.path[:0] = [str(ROOT), {str(EXTENSIONS)!r}]
extensions = ["myst_parser", "verified_book.strict", "verified_book.verified"]
verified_package = "snippets"
project = "Ladders"
html_theme = "furo"
templates_path = [{str(EXTENSIONS.parent / "_templates")!r}]
html_static_path = [{str(EXTENSIONS.parent / "_static")!r}]
with open(ROOT / ".processes", "a") as f:
    print(os.getpid(), file=f)
"""

PAGE = """# Ladder

A rung.

```{doctest}
>>> from snippets.ladder import rungs
>>> rungs
3
```
"""


def write(path, text):
    """Saves as editors do: under another name, and then renamed."""
    draft = path.with_name(".draft")
    draft.write_text(text)
    os.replace(draft, path)


class Reader:
    """Someone who writes on the left and reads on the right."""

    def __init__(self, root, websocket, port):
        self.root, self.websocket, self.port = root, websocket, port

    def save(self, name, text):
        write(self.root / name, text)
        self.websocket.recv(timeout=PATIENCE)
        return self.page()

    def page(self, name="index"):
        """The text of a page that is served; none where it is not."""
        link = http.client.HTTPConnection(live.HOST, self.port, timeout=PATIENCE)
        link.request("GET", f"/{name}.html")
        answer = link.getresponse()
        text = answer.read().decode()
        link.close()
        return text if answer.status == 200 else None


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    root = tmp_path_factory.mktemp("book")
    (root / "docs").mkdir()
    (root / "snippets").mkdir()
    (root / "conf.py").write_text(CONF)
    (root / "docs" / "index.md").write_text(PAGE)
    (root / "snippets" / "ladder.py").write_text("rungs = 3\n")
    return root


def start(root, port=0):
    return subprocess.Popen(
        [sys.executable, live.__file__, "--root", root, "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


@pytest.fixture(scope="module")
def server(book):
    """The process, its port, and the lines that it prints."""
    process, printed = start(book), []
    port = None
    for line in process.stdout:
        printed.append(line)
        if found := re.search(rf"http://{live.HOST}:(\d+) is up to date", line):
            port = int(found[1])
            break
    listening = threading.Thread(target=lambda: printed.extend(process.stdout), daemon=True)
    listening.start()
    yield process, port, printed
    process.kill()
    process.wait()
    listening.join()
    process.stdout.close()


@pytest.fixture(scope="module")
def reader(book, server):
    _, port, _ = server
    await_server(port)
    with connect(f"ws://{live.HOST}:{port}/websocket-reload", proxy=None) as websocket:
        yield Reader(book, websocket, port)


def await_server(port):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        with socket.socket() as probe:
            if probe.connect_ex((live.HOST, port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("the server does not answer")


# -- what a writer sees (these tests share one server, and stand in order) -----------------


def test_a_saved_page_is_reloaded(reader):
    assert "Another rung." in reader.save("docs/index.md", PAGE.replace("A rung", "Another rung"))


def test_a_saved_snippet_runs_the_examples_of_its_page(reader, server):
    page = reader.save("snippets/ladder.py", "rungs = 4\n")
    assert "failed" in page
    assert re.search(r"Expected:\s+3\s+Got:\s+4", page)
    assert any("the book does not hold yet" in line for line in server[2])
    assert any("index.md:7: WARNING: the example does not hold" in line for line in server[2])


def test_a_failing_page_fails_until_it_is_mended(reader):
    assert "failed" in reader.save("docs/index.md", PAGE + "\nMore.\n")
    assert "failed" not in reader.save("snippets/ladder.py", "rungs = 3\n")


def test_the_package_file_of_the_snippets_is_never_stale(reader):
    text = PAGE.replace("snippets.ladder", "snippets")
    assert "failed" in reader.save("docs/index.md", text)
    assert "failed" not in reader.save("snippets/__init__.py", "rungs = 3\n")
    assert "failed" in reader.save("snippets/__init__.py", "rungs = 4\n")
    assert "failed" not in reader.save("docs/index.md", PAGE)


def test_a_changed_configuration_is_never_stale(reader, book):
    assert "Snakes" in reader.save("conf.py", CONF.replace("Ladders", "Snakes"))


def test_a_broken_configuration_does_not_end_the_preview(reader, book):
    assert "Snakes" in reader.save("conf.py", "1 / 0\n")
    assert "Ladders" in reader.save("conf.py", CONF)


def test_a_page_saved_while_its_examples_run_is_read_again(reader, book):
    slow = PAGE.replace(">>> rungs", ">>> import time; time.sleep(0.8)\n>>> rungs")
    write(book / "docs" / "index.md", slow)
    time.sleep(0.4)
    write(book / "docs" / "index.md", PAGE.replace("A rung", "The last rung"))
    reader.websocket.recv(timeout=PATIENCE)
    reader.websocket.recv(timeout=PATIENCE)
    assert "The last rung." in reader.page()


def test_an_endless_example_ends_when_its_page_is_saved_again(reader, book):
    write(book / "docs" / "index.md", PAGE.replace(">>> rungs", ">>> while True: pass"))
    time.sleep(live.PATIENCE)
    began = time.monotonic()
    write(book / "docs" / "index.md", PAGE.replace("A rung", "A mended rung"))
    reader.websocket.recv(timeout=PATIENCE)
    reader.websocket.recv(timeout=PATIENCE)
    assert time.monotonic() - began < 45  # an example alone is given 60 seconds
    assert "A mended rung." in reader.page()


def test_contents_follow_the_pages_and_what_is_gone_is_not_served(reader, book):
    contents = "\n```{toctree}\nmore\n```\n"
    reader.save("docs/more.md", "# More rungs\n")
    assert "More rungs" in reader.save("docs/index.md", PAGE + contents)
    assert "More rungs" in reader.page("more")
    assert "More rungs" in reader.save("docs/index.md", PAGE + contents + "\nText.\n")
    (book / "docs" / "more.md").unlink()
    reader.websocket.recv(timeout=PATIENCE)
    assert reader.page("more") is None
    assert "More rungs" not in reader.save("docs/index.md", PAGE)
    assert "More rungs" not in reader.save("docs/index.md", PAGE + "\nText.\n")


def test_the_script_that_reloads_is_under_no_policy_which_any_other_build_has(reader, book):
    assert "websocket-reload" in reader.page()
    assert "Content-Security-Policy" not in reader.page()
    folders = ["-c", book, "-d", book / "doctrees", book / "docs", book / "html"]
    subprocess.run([sys.executable, "-m", "sphinx", "-q", *folders], check=True)
    page = (book / "html" / "index.html").read_text("utf-8")
    assert "Content-Security-Policy" in page and "websocket-reload" not in page


def test_nobody_else_is_served(reader):
    with socket.socket() as probe:
        probe.settimeout(2)
        assert probe.connect_ex(("127.0.0.2", reader.port)) != 0


def test_a_taken_port_is_told_in_one_sentence(reader, book):
    process = start(book, reader.port)
    told, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    assert told.count("\n") == 1
    assert f"cannot use port {reader.port} (Address already in use)" in told
    assert f"choose another, as in PORT={reader.port + 1}" in told


@pytest.mark.parametrize("port", ["80001", "-1", "eighty", "8000 8001"])
def test_what_is_no_port_is_told_in_one_sentence(port):
    assert (
        live.free_port(port) == f"“{port}” is no port: name a number up to 65535, as in PORT=8001"
    )


def test_ctrl_c_ends_it_at_once_and_leaves_no_process(reader, server, book):
    process, _, _ = server
    write(book / "docs" / "index.md", PAGE.replace(">>> rungs", ">>> while True: pass"))
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 0
    for pid in map(int, (book / ".processes").read_text().split()):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


# -- its parts ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "watched", "late"),
    [
        ("docs/architectures/transformer.md", True, True),
        ("snippets/transformer.py", True, True),
        ("snippets/figures/transformer.py", True, True),
        ("snippets/__init__.py", True, False),
        ("conf.py", True, False),
        ("references.bib", True, False),
        ("docs/_templates/page.html", True, False),
        ("docs/_static/book.css", True, False),
        ("docs/_extensions/verified_book/verified.py", True, False),
        ("docs/source-paragraphs.txt", True, False),
        ("build/html/index.html", False, False),
        (".venv/lib/site.py", False, False),
        (".git/index", False, False),
        ("docs/_extensions/__pycache__/strict.cpython-311.pyc", False, False),
        ("docs/.transformer.md.swp", False, False),
        ("docs/transformer.md~", False, False),
        ("docs/4913", False, False),
        ("docs/#transformer.md#", False, False),
    ],
)
def test_what_is_watched_and_what_a_standby_may_be_used_for(path, watched, late):
    root = Path("/book")
    assert live.is_watched(root, root / path) == watched
    assert not watched or live.is_read_late(root, root / path) == late


@pytest.fixture
def app(tmp_path):
    """Sphinx, set up on a page with a link that leads nowhere."""
    source, apps = tmp_path / "docs", []
    source.mkdir()
    (source / "conf.py").write_text('project, html_theme = "Ladders", "basic"')
    (source / "index.rst").write_text("Ladder\n======\n\nA :ref:`missing` rung.\n")

    def set_up():
        for one in apps:
            one.cleanup()
        apps.append(SphinxTestApp("html", srcdir=source, builddir=tmp_path / "build"))
        return apps[-1]

    yield set_up
    apps[-1].cleanup()


def test_a_rehearsal_writes_nothing_and_says_nothing(app, tmp_path):
    def written():
        files = (path for path in (tmp_path / "build").rglob("*") if path.is_file())
        return {path: path.stat().st_mtime_ns for path in files}

    app().build()
    standby, before, shown = app(), written(), []
    standby.connect("html-page-context", lambda app, page, *_: shown.append(page))
    live.rehearse(standby)
    assert "master_doctree" not in vars(standby.env)
    assert shown == ["index", "search"]
    assert written() == before
    assert (standby._warncount, standby.warning.getvalue()) == (0, "")
    page = tmp_path / "docs" / "index.rst"
    page.write_text(page.read_text().replace("A :ref:", "Another :ref:"))
    standby.build()
    assert "Another" in (tmp_path / "build" / "html" / "index.html").read_text()
    assert standby._warncount == 1


@pytest.mark.parametrize("asked_after", [0, 1, 2])
def test_nothing_more_is_prepared_once_something_was_saved(monkeypatch, asked_after):
    done = []
    monkeypatch.setattr(live, "rehearse", lambda _: done.append("rehearsal"))
    monkeypatch.setattr(live, "imports", lambda _: [lambda: done.append("import")] * 2)
    monkeypatch.setattr(live, "is_asked", lambda: len(done) == asked_after)
    live.prepare(None)
    assert done == ["rehearsal", "import"][:asked_after]


def test_a_standby_sees_that_it_is_asked(monkeypatch):
    reads, writes = os.pipe()
    with os.fdopen(reads) as asked, os.fdopen(writes, "w") as asking:
        monkeypatch.setattr(sys, "stdin", asked)
        assert not live.is_asked()
        print("[]", file=asking, flush=True)
        assert live.is_asked()


def test_the_names_borrowed_from_sphinx_and_sphinx_autobuild_have_not_moved():
    from sphinx_autobuild.middleware import JavascriptInjectorMiddleware
    from sphinx_autobuild.server import RebuildServer

    server = RebuildServer([], None, print)
    borrowed = {
        "RebuildServer": (server, ["watch", "lifespan", "flag", "change_callback"]),
        "JavascriptInjectorMiddleware": (JavascriptInjectorMiddleware(None, ""), ["script"]),
        "Sphinx": (Sphinx, ["build", "connect"]),
        "BuildEnvironment": (BuildEnvironment, ["path2doc", "found_docs"]),
        "StandaloneHTMLBuilder": (
            StandaloneHTMLBuilder,
            ["get_output_path", "prepare_writing", "write_doc", "gen_additional_pages"],
        ),
    }
    moved = [
        f"{owner}.{name}"
        for owner, (thing, names) in borrowed.items()
        for name in names
        if not hasattr(thing, name)
    ]
    assert not moved, f"tools/live.py uses {', '.join(moved)}, which this version does not have."


def browser(monkeypatch, found):
    opened = []
    found.open = opened.append
    monkeypatch.setattr(webbrowser, "get", lambda: found)
    return opened


def test_a_browser_is_opened_when_the_book_is_served(monkeypatch):
    opened = browser(monkeypatch, webbrowser.BackgroundBrowser("firefox"))
    with socket.create_server((live.HOST, 0)) as listening:
        live.open_when_served("the book", listening.getsockname()[1])
    assert opened == ["the book"]


def test_a_browser_that_would_take_the_terminal_is_left_alone(monkeypatch):
    opened = browser(monkeypatch, webbrowser.GenericBrowser("lynx"))
    live.open_when_served("the book", 0)
    assert opened == []


def test_having_no_browser_is_no_fault(monkeypatch):
    def none():
        raise webbrowser.Error("could not locate runnable browser")

    monkeypatch.setattr(webbrowser, "get", none)
    live.open_when_served("the book", 0)
