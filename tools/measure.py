"""What one build costs, and how long a preview takes from a save to the reload.

A build is measured by the CPU seconds and the peak memory of its processes, of which the least of
some rounds counts: what others do on the machine only adds to it.  A preview is timed by the
clock, until the page that was saved shows what was written.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bs4 import BeautifulSoup

BOOK = Path(__file__).resolve().parent.parent
ENVIRONMENT = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}

# Builds the same pages without running their examples.  No setting does this, on purpose.
UNVERIFIED = f"""
import sys
sys.path.insert(0, {str(BOOK / "docs" / "_extensions")!r})
from verified_book import verified
assert verified.Verification.process_doc
verified.Verification.process_doc = lambda *_: None
from sphinx.cmd.build import main
sys.exit(main(sys.argv[1:]))
"""


# -- builds ------------------------------------------------------------------------------------


@dataclass
class Cost:
    """CPU seconds (its own and the system's), peak memory in MB and seconds by the clock."""

    cpu: float
    peak: float
    clock: float

    def __add__(self, other):
        cpu, clock = self.cpu + other.cpu, self.clock + other.clock
        return Cost(cpu, max(self.peak, other.peak), clock)

    def __or__(self, other):
        """The least of both."""
        return Cost(*map(min, vars(self).values(), vars(other).values()))


def measured(command, cwd):
    """The cost of a process and of those it starts and waits for, as notebooks' kernels are."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen(command, cwd=cwd, env=ENVIRONMENT, stdout=told, stderr=told)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            told.seek(0)
            raise SystemExit(f"bench: a build failed\n{told.read()[-3000:]}")
    clock = time.perf_counter() - began
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit, clock)


def in_turn(runs, rounds=7):
    """The least cost of each run, all runs made in turn (A B A B ...)."""
    least = {}
    for _ in range(rounds):
        for name, run in runs.items():
            cost = run()
            least[name] = least.get(name, cost) | cost
    return least


class Folder:
    """A book and what is built from it."""

    def __init__(self, root, build, python=sys.executable):
        self.root, self.build, self.python = root, build, python

    def sphinx(self, builder="html", unverified=False, jobs="1"):
        program = ["-c", UNVERIFIED] if unverified else ["-m", "sphinx"]
        folders = ["-c", self.root, "-d", self.build / "doctrees", self.root / "docs"]
        command = [self.python, *program, "-q", "-j", jobs, "-b", builder, *folders]
        return measured([*command, self.build / builder], self.root)

    def cold(self, *builders, **how):
        shutil.rmtree(self.build, ignore_errors=True)
        first, *others = [self.sphinx(builder, **how) for builder in builders]
        return sum(others, first)

    def after(self, file, edit):
        """The cost of a build after an edit of this file."""
        edited(self.root / file, edit)
        return self.sphinx()

    def read_again(self, file):
        """How many pages a change of this file has Sphinx read."""
        before = self.read_times()
        self.after(file, LINE)
        after = self.read_times()
        return sum(before[path] != after[path] for path in before)

    def read_times(self):
        return {path: path.stat().st_mtime_ns for path in self.build.rglob("*.doctree")}


# -- edits -------------------------------------------------------------------------------------

# What an edit finds in a text and what it adds to it: a sentence after the first sentence that
# has a line to itself, a comment on the first example that can take one, or a line at the end.
PROSE = re.compile(r"^[A-Z][^`\n]*\.$", re.MULTILINE), " Saved: {}."
EXAMPLE = re.compile(r"^>>> [^#\n'\"]*[\w)\]]$", re.MULTILINE), "  # Saved: {}."
LINE = re.compile(r"\Z"), "# Saved: {}.\n"
MARK = re.compile(r"^# Saved: \S+\n|(?:  #)? Saved: \S+$", re.MULTILINE)


def edited(path, edit):
    """Edits the file; returns the words that are new in it, another time others."""
    found, words = edit
    mark = f"Saved: {time.monotonic_ns()}."
    text = MARK.sub("", path.read_text("utf-8"))
    new = found.sub(lambda hit: hit[0] + words.format(mark[7:-1]), text, count=1)
    path.write_text(new, "utf-8")
    return mark


# -- previews ----------------------------------------------------------------------------------


class Preview:
    """A preview that runs: what writes the pages, and the socket that tells them to reload."""

    def __init__(self, folder, pages, socket):
        self.folder, self.pages, self.socket = folder, pages, socket

    def seconds(self, file, edit, pause=2):
        """From a save to the reload that shows it, an example with its verdict."""
        time.sleep(pause)
        mark, began = edited(self.folder.root / file, edit), time.perf_counter()
        while True:
            self.socket.recv(timeout=120)
            seconds = time.perf_counter() - began
            if edit is LINE or mark in self.words_of(file, edit):
                return seconds

    def words_of(self, file, edit):
        page = self.pages / Path(file).relative_to("docs").with_suffix(".html")
        soup = BeautifulSoup(page.read_text("utf-8"), "html.parser")
        where = "div.verified" if edit is EXAMPLE else "article"
        return "".join(element.get_text() for element in soup.select(where))


def live(folder, port):
    tool = folder.root / "tools" / "live.py"
    tool = tool if tool.exists() else BOOK / "tools" / "live.py"
    command = [folder.python, tool, "--root", folder.root, "--port", str(port)]
    return served(command, port, folder, folder.root / "build" / "live")


def autobuild(folder, port):
    """The preview that others use: stock sphinx-autobuild."""
    root, build = folder.root, folder.root / "build"
    folders = ["-c", root, "-d", build / "doctrees", root / "docs", build / "live"]
    watching = ["--watch", root, "--ignore", str(build / "*"), "--port", str(port)]
    command = [folder.python, "-m", "sphinx_autobuild", "-q", *folders, *watching]
    return served(command, port, folder, build / "live")


@contextmanager
def served(command, port, folder, pages):
    from websockets.sync.client import connect

    process = subprocess.Popen(
        command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        address, end = f"ws://127.0.0.1:{port}/websocket-reload", time.monotonic() + 600
        while process.poll() is None and time.monotonic() < end:
            try:
                with connect(address, proxy=None, ping_interval=None) as socket:
                    yield Preview(folder, pages, socket)
                    return
            except ConnectionRefusedError:
                time.sleep(0.1)
        raise SystemExit("bench: the preview did not start")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
