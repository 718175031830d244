"""Builds that share doctrees take turns: the second says whom it waits for, and waits.

The lock is the system's, on a file beside the doctrees: a process that dies lets go of it, and
nothing is left behind that must be cleared away.  A tool that does more with an output than build
it holds the lock around all that; a build inside, in the same process, takes it as its own.

Ground floor: knows only Sphinx.
"""

import os
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

try:
    from fcntl import LOCK_EX, LOCK_NB, flock
except ImportError:  # Windows: builds do not wait for each other there
    LOCK_EX = LOCK_NB = 0

    def flock(file, kind): ...


held: dict[Path, TextIO] = {}  # by this process
kept: set[Path] = set()  # of these, those that a tool holds beyond a build


def place(folder) -> Path:
    folder = Path(folder).resolve()
    return folder.with_name(f".{folder.name}.lock")


def take(folder) -> None:
    """Waits until no other process builds with these doctrees, and keeps others out."""
    path = place(folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    while path not in held:
        file = path.open("a+")
        try:
            flock(file, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            message = f"another build of this book is running (pid {file.read().strip()}): waiting"
            print(message, file=sys.stderr, flush=True)
            flock(file, LOCK_EX)
        with suppress(FileNotFoundError):  # else it was removed while we waited, and locks nothing
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                file.truncate(0)
                file.write(f"{os.getpid()}\n")
                file.flush()
                held[path] = file


def leave(folder) -> None:
    if file := held.pop(place(folder), None):
        file.close()


@contextmanager
def holding(folder):
    """Keeps other processes from these doctrees, and from what is made of them."""
    take(folder)
    kept.add(place(folder))
    try:
        yield
    finally:
        kept.discard(place(folder))
        leave(folder)


def begin(app, config):
    """Before the environment of the last build is loaded."""
    take(app.doctreedir)


def end(app, error):
    if place(app.doctreedir) not in kept:
        leave(app.doctreedir)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("config-inited", begin, priority=1)
    app.connect("build-finished", end, priority=999)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
