"""Builds that share doctrees take turns, and what one announces is there."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.build.test_figures import CODE, DRAWN
from verified_book import lock

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys, time
sys.path.insert(0, {extensions!r})
from verified_book import lock
with lock.holding({folder!r}):
    print("held", flush=True)
    {doing}
"""


@pytest.fixture
def holder(tmp_path):
    """Starts a process that holds the lock of a folder while it does something."""
    started = []

    def start(doing):
        code = HOLD.format(
            extensions=str(ROOT / "docs" / "_extensions"),
            folder=str(tmp_path / "doctrees"),
            doing=doing,
        )
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen([sys.executable, "-c", code], **pipes))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def test_the_second_says_whom_it_waits_for(holder):
    first = holder("time.sleep(60)")
    assert first.stdout.readline() == "held\n"
    second = holder("pass")
    told = second.stderr.readline()
    assert told == f"another build of this book is running (pid {first.pid}): waiting\n"
    assert second.poll() is None
    first.send_signal(signal.SIGKILL)
    assert second.communicate(timeout=20) == ("held\n", "")


def test_they_take_turns(holder, tmp_path):
    """Each adds a line in two halves, with time between them for another to break in."""
    path = tmp_path / "written"
    first = f"f = open({str(path)!r}, 'a', 1); f.write('one'); f.flush()"
    halves = f"{first}; time.sleep(.02); f.write(' two\\n')"
    for process in [holder(halves) for _ in range(12)]:
        assert process.wait(timeout=60) == 0
    assert path.read_text() == "one two\n" * 12


def test_a_lock_whose_file_was_removed_locks_nothing(holder, tmp_path):
    first = holder("time.sleep(60)")
    assert first.stdout.readline() == "held\n"
    waiting = holder("time.sleep(60)")
    assert "waiting" in waiting.stderr.readline()
    lock.place(tmp_path / "doctrees").unlink()
    first.kill()
    assert waiting.stdout.readline() == "held\n"
    third = holder("pass")
    assert f"(pid {waiting.pid})" in third.stderr.readline()


@pytest.fixture
def checkout(book):
    """The small book with the Makefile, its tools, and this environment for a .venv."""
    for name in ("tools", "requirements"):
        shutil.copytree(
            ROOT / name, book.root / name, ignore=shutil.ignore_patterns("node_modules")
        )
    shutil.copy(ROOT / "Makefile", book.root)
    (book.root / "docs" / "_extensions").symlink_to(ROOT / "docs" / "_extensions")
    (book.root / ".venv").mkdir()
    for name in ("bin", "lib", "pyvenv.cfg"):
        (book.root / ".venv" / name).symlink_to(Path(sys.prefix, name))
    later = time.time() + 10
    for name in ("book", "test"):
        mark = book.root / ".venv" / f"has-{name}"
        mark.touch()
        os.utime(mark, (later, later))
    book.write("CITATION.cff", "date-released: 2026-01-01\n")
    book.write("conf.py", (book.root / "conf.py").read_text() + 'exclude_patterns = ["_*"]\n')
    book.write("halves/figures/__init__.py", "")
    book.write("halves/figures/other.py", CODE)
    book.page(DRAWN)
    return book


def together(book, *targets):
    """Starts each target in a terminal of its own, and waits for all."""
    environment = {**os.environ, "MAKEFLAGS": "-j4"}
    run = {"cwd": book.root, "env": environment, "text": True}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    started = [subprocess.Popen(["make", *words.split()], **run, **pipes) for words in targets]
    told = [process.communicate(timeout=300)[0] for process in started]
    return [(process.returncode, said) for process, said in zip(started, told, strict=True)]


def is_whole(book):
    pictures = list((book.root / "build" / "html" / "_images").glob("*.svg"))
    assert pictures
    for picture in pictures:
        ElementTree.parse(picture)
    return "</html>" in (book.root / "build" / "html" / "index.html").read_text()


def test_two_builds_of_one_checkout(checkout):
    (one, _), (other, _) = together(checkout, "html", "html doctest")
    assert (one, is_whole(checkout)) == (0, True)
    assert other in (0, 2)  # pytest has nothing to collect where there are no snippets
    checkout.edit("halves/half.py", "return x / TWO", "return x / TWO / 2")
    found = together(checkout, "html", "html")
    assert [status for status, _ in found] == [2, 2]
    assert not any("The book:" in said or "Traceback" in said for _, said in found)
    assert (checkout.root / "build" / "failed" / "index.html").exists()
    assert not (checkout.root / "build" / "html").exists()
    checkout.edit("halves/half.py", "return x / TWO / 2", "return x / TWO")
    found = together(checkout, "html", "html")
    assert [status for status, _ in found] == [0, 0]
    assert is_whole(checkout)
