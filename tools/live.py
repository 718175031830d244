"""The live preview: a saved page is in the browser some 0.4 s later.

sphinx-autobuild serves the pages and reloads them.  Ours are the choice of what is watched, and
the standby: when a build ends, the process of the next one starts and waits, its modules imported,
conf.py read and the environment loaded, until a file is saved.  So every build has an interpreter
of its own, and a save costs no more than reading and writing the pages that it changes.

A tool: it runs Sphinx on the book, without ``-W``, and writes to build/live and
build/doctrees-live only.  Run as ``make livehtml``.
"""

import argparse
import asyncio
import gc
import itertools
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
import webbrowser
from contextlib import suppress
from functools import partial
from pathlib import Path

HOST = "127.0.0.1"
APART = {"build", "tests", "tools"}  # folders of the root that no page is made from
HURRY = getattr(signal, "SIGALRM", None)  # what ends examples that take too long
SOME = 8  # modules, which are imported in some tenths of a second
PATIENCE = 2  # seconds that a build may go on when something has been saved again
CLUTTER = re.compile(r"\..*|#.*#|.*~|.*___|4913|__pycache__")  # what editors and caches leave


# -- the standby: a process for one build ---------------------------------------------------


def stand_by(argv):
    """Sets Sphinx up, waits for one line (the saved files, as JSON), builds and exits."""
    from sphinx.application import Sphinx
    from sphinx.cmd.build import main

    build = Sphinx.build
    at_once, *argv = argv
    if HURRY:
        signal.signal(HURRY, signal.SIG_IGN)  # but while examples run, which it ends

    def wait_and_build(app, *args):
        if not int(at_once):
            prepare(app)
        gc.freeze()
        gc.disable()  # a process for one build has no time for it
        saved = json.loads(sys.stdin.readline() or os._exit(0))  # no line: the server has gone
        app.connect("env-get-outdated", lambda app, env, *_: pages_of(env, saved))
        build(app, *args)
        app.statuscode = int(app._warncount > 0)

    Sphinx.build = wait_and_build
    status = main(argv)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # taking an interpreter down takes as long as the build


def prepare(app):
    """Loads what a build may need, the likeliest first, until something has been saved."""
    for step in (partial(rehearse, app), *imports(app)):
        if is_asked():
            return
        step()


def is_asked():
    """Whether a line waits on standard input."""
    with suppress(OSError):  # where a pipe cannot be asked
        return bool(select.select([sys.stdin], [], [], 0)[0])
    return False


def saved_last(env):
    return max(env.all_docs, key=env.all_docs.get, default=None)


def imports(app):
    """Imports of all snippets, some at a time, those of the page that was saved last first.

    What changes meanwhile is imported again.
    """
    from verified_book import alone, dependencies

    package, root = app.config.verified_package, Path(app.config.verified_root)
    files = [file.relative_to(root).with_suffix("") for file in root.glob(f"{package}/**/*.py")]
    used = {Path(file).stem for file in app.env.dependencies.get(saved_last(app.env), ())}
    files.sort(key=lambda file: (file.stem not in used, file))
    names = [".".join(file.parts) for file in files]

    def import_some(some):
        found = dependencies.closure(some, package, root)
        modules = dependencies.at_hand(found, some, package, root)
        with suppress(Exception, alone.OutOfTime), alone.time_limit(20, "an import"), modules:
            pass  # the page that uses one that fails will tell

    return [partial(import_some, names[i : i + SOME]) for i in range(0, len(names), SOME)]


def rehearse(app):
    """Writes the page that was saved last to nowhere, so that all that it takes is loaded."""
    from sphinx.util.logging import suppress_logging

    builder = app.builder
    with suppress_logging(), suppress(Exception):  # the build itself will tell
        page = saved_last(app.env)
        builder.get_output_path = lambda _: Path(os.devnull)
        builder.prepare_writing({page})
        doctree = app.env.get_and_resolve_doctree(page, builder, tags=app.tags)
        builder.write_doc(page, doctree)
        builder.gen_additional_pages()
    builder.__dict__.pop("get_output_path", None)
    app.env.__dict__.pop("master_doctree", None)  # else it would be kept with the environment
    app.env._pickled_doctree_cache.clear()
    app.env._write_doc_doctree_cache.clear()


def pages_of(env, files):
    """The pages made from these files.

    Sphinx compares times: it would miss a page saved again while its examples were running.
    """
    files = set(files)
    pages = {env.path2doc(file) for file in files}
    for page, used in env.dependencies.items():
        if files & {os.path.normpath(os.path.join(env.srcdir, file)) for file in used}:
            pages.add(page)
    return pages & env.found_docs


# -- the server -----------------------------------------------------------------------------


def is_watched(root, path):
    parts = Path(path).relative_to(root).parts
    return not {*parts[:1]} & APART and not any(map(CLUTTER.fullmatch, parts))


def is_read_late(root, path):
    """Whether Sphinx reads this file while it builds: a standby holds nothing of it."""
    folder, name = path.relative_to(root).parts[0], path.name
    page = folder == "docs" and name.endswith(".md")
    return page or (folder == "snippets" and name.endswith(".py") and name != "__init__.py")


def say(text):
    print(f"[live] {text}", flush=True)


class Preview:
    """Builds the book when told what was saved."""

    def __init__(self, root, url):
        self.root, self.url = root, url
        self.standby, self.closed, self.lock = None, False, threading.Lock()
        self.sphinx = ["-q", "-A", "preview=1"]  # the policy would forbid the reloading script
        self.sphinx += ["-D", "strict_looks=preview"]  # a style sheet makes no page anew
        self.sphinx += ["-c", root, "-d", root / "build/doctrees-live"]
        self.sphinx += [root / "docs", root / "build/live"]

    def start(self, at_once=False):
        """Starts the next process, in a session of its own: Ctrl-C is for the server."""
        with self.lock:
            if not self.closed:
                command = [sys.executable, "-BP", __file__, "--stand-by", str(int(at_once))]
                self.standby = subprocess.Popen(
                    command + self.sphinx, stdin=subprocess.PIPE, start_new_session=True
                )

    def discard(self):
        if self.standby:
            self.standby.kill()
            self.standby.communicate()
            self.standby = None

    def __call__(self, *, changed_paths):
        began = time.perf_counter()
        if not all(is_read_late(self.root, path) for path in changed_paths):
            self.discard()
        if not self.standby or self.standby.poll() is not None:
            self.start(at_once=True)
        if self.closed:
            return
        saved = json.dumps([str(path) for path in changed_paths])
        self.standby.communicate(f"{saved}\n".encode())
        status = self.standby.returncode
        if not self.closed:
            say(self.outcome(status, time.perf_counter() - began))
        if status in {0, 1}:
            self.start()

    def outcome(self, status, seconds):
        if status == 0:
            return f"{self.url} is up to date ({seconds:.1f} s)"
        if status == 1:
            return f"the book does not hold yet: see above, and the page ({seconds:.1f} s)"
        return "Sphinx stopped, see above: the preview stands still until that is mended and saved"

    def hurry(self, asked):
        """Ends the examples of a build that nobody waits for; in the end, the build itself."""
        if HURRY and self.standby and self.standby.poll() is None:
            self.standby.send_signal(HURRY if asked < 5 else signal.SIGKILL)

    def close(self):
        with self.lock:
            self.closed = True
            if self.standby:
                self.standby.kill()
                self.standby.wait()


def application(root, preview, port):
    """What sphinx-autobuild serves, with our way of watching the book."""
    import watchfiles
    from sphinx_autobuild.middleware import JavascriptInjectorMiddleware
    from sphinx_autobuild.server import RebuildServer
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.routing import Mount, WebSocketRoute
    from starlette.staticfiles import StaticFiles

    class Watcher(RebuildServer):
        """Watches the root's own files and the folders below it, but not the thousands of .venv.

        A single file must not be watched: it is lost when an editor saves by renaming.
        """

        async def watch(self):
            folders = [path for path in root.iterdir() if path.is_dir() and is_watched(root, path)]
            self.saved, self.news = set(), asyncio.Event()
            try:
                await asyncio.gather(
                    self.follow(root, recursive=False),
                    self.follow(*folders, recursive=True),
                    self.build(),
                )
            except OSError as error:
                say(f"saves are no longer seen: {error}")
            finally:
                preview.close()

        async def follow(self, *paths, recursive):
            def wanted(_, path):
                return is_watched(root, path)

            async for changes in watchfiles.awatch(
                *paths, watch_filter=wanted, recursive=recursive, step=20
            ):
                self.saved |= {Path(path) for _, path in changes}
                self.news.set()

        async def build(self):
            while await self.news.wait():
                self.news.clear()
                saved, self.saved = sorted(self.saved), set()
                hurrying = asyncio.create_task(self.hurry())
                await asyncio.to_thread(self.change_callback, changed_paths=saved)
                hurrying.cancel()
                self.flag.set()

        async def hurry(self):
            """A build that something was saved after is waited for with less patience."""
            await self.news.wait()
            for asked in itertools.count():
                await asyncio.sleep(PATIENCE)
                preview.hurry(asked)

    watcher = Watcher([root], None, preview)
    pages = root / "build" / "live"
    pages.mkdir(parents=True, exist_ok=True)
    return Starlette(
        routes=[
            WebSocketRoute("/websocket-reload", watcher),
            Mount("/", StaticFiles(directory=pages, html=True)),
        ],
        middleware=[Middleware(JavascriptInjectorMiddleware, ws_url=f"{HOST}:{port}")],
        lifespan=watcher.lifespan,
    )


def free_port(wanted):
    """The port, if it is free; for 0, any that is; or a sentence that says why not."""
    if not wanted.isdecimal() or int(wanted) > 65535:
        return f"“{wanted}” is no port: name a number up to 65535, as in PORT=8001"
    with socket.socket() as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, int(wanted)))
        except OSError as error:
            other = int(wanted) % 65535 + 1
            return (
                f"cannot use port {wanted} ({error.strerror}): choose another, as in PORT={other}"
            )
        return probe.getsockname()[1]


def open_when_served(url, port):
    """Opens a browser that has a window of its own; where there is none, the address is enough."""
    try:
        browser = webbrowser.get()
    except webbrowser.Error:
        return
    if type(browser) is webbrowser.GenericBrowser:  # it would take the terminal
        return
    while True:
        with socket.socket() as probe:
            if probe.connect_ex((HOST, port)) == 0:
                break
        time.sleep(0.1)
    browser.open(url)


def arguments():
    parser = argparse.ArgumentParser(description="Write with a preview that reloads on save.")
    parser.add_argument("--port", default="8000", help="0 takes any free one")
    parser.add_argument("--open-browser", action="store_true", help="open one, where there is one")
    book = Path(__file__).resolve().parent.parent
    parser.add_argument("--root", type=Path, default=book, help="the folder of conf.py")
    return parser


def main(argv):
    import uvicorn

    args = arguments().parse_args(argv)
    root = args.root.resolve()
    if isinstance(port := free_port(args.port), str):
        say(port)
        return 2
    url = f"http://{HOST}:{port}"
    preview = Preview(root, url)
    app = application(root, preview, port)
    try:
        say("building the book; Ctrl-C ends the preview")
        preview(changed_paths=[])
        if args.open_browser:
            threading.Thread(target=open_when_served, args=(url, port), daemon=True).start()
        uvicorn.run(app, host=HOST, port=port, log_level="warning")
    except KeyboardInterrupt:
        pass
    finally:
        preview.close()
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--stand-by"]:
        stand_by(sys.argv[2:])
    sys.exit(main(sys.argv[1:]))
