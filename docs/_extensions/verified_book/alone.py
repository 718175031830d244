"""A page's code is alone: what it does to the process is undone or refused, and it must end.

A build runs the code of many pages in one process.  None may see what another left there, none
may end the build or double it, and one that never returns is told of by its file and line.

Knows Python and NumPy alone.  Above it: ``examples``, ``verified``, ``figures``.
"""

import atexit
import decimal
import gc
import locale
import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import ModuleType

from verified_book.messages import VERIFIED

# -- it ends --------------------------------------------------------------------------------


class OutOfTime(KeyboardInterrupt):
    """Code did not end in its time.  No ``except Exception`` holds it back, nor does doctest."""


# A process of its own: while C holds the interpreter, no Python of this one is run.
WATCH = """
import os, select, time
deadline = 0.0
while True:
    left = max(deadline - time.monotonic(), 0) if deadline else None
    if select.select([0], [], [], left)[0]:
        heard = os.read(0, 65536).split()
        if not heard:
            break
        deadline = float(heard[-1])
    else:
        os.write(2, os.pread(1, 4096, 0).strip() + b"\\n")
        os.kill(os.getppid(), 9)
        break
"""
DEAF = (
    "{}: this did not finish within {:g} s (verified_seconds): make it smaller; no signal ends it"
)


class Watch:
    """Ends the process where its code is so deep in C that it hears no signal, and says where."""

    def __init__(self):
        self.owner, self.place, self.seconds = None, "", 0.0

    def until(self, deadline):
        if os.name != "posix":
            return
        if self.owner != os.getpid():  # a forked reader has a watch of its own
            command = [sys.executable, "-I", "-S", "-c", WATCH]
            self.owner, self.note = os.getpid(), tempfile.TemporaryFile()  # noqa: SIM115
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=self.note)
            atexit.register(self.close, self.process, self.note)
        with suppress(BrokenPipeError):
            os.write(self.process.stdin.fileno(), f"{deadline}\n".encode())

    @staticmethod
    def close(process, note):
        process.communicate()
        note.close()

    def at(self, place):
        """Notes which line is run now."""
        self.place = place
        if self.owner == os.getpid():
            told = DEAF.format(place, self.seconds).encode()[:4096]
            os.pwrite(self.note.fileno(), told.ljust(4096), 0)


watch = Watch()


@contextmanager
def time_limit(seconds: float, place: str) -> Iterator[None]:
    """Interrupts code that does not end (only the main thread can be interrupted)."""

    def stop(*_):
        raise OutOfTime(watch.place)

    watch.seconds = seconds
    watch.until(time.monotonic() + 1.5 * seconds + 1)
    watch.at(place)
    try:
        before = signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, seconds, seconds)
    except (AttributeError, ValueError):  # Windows, or not the main thread
        before = None
    try:
        yield
    finally:
        if before is not None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
        watch.until(0)


# -- what it does is undone -----------------------------------------------------------------


def refuse(*_, **__):
    raise RuntimeError(VERIFIED.text("ends_process"))


ENDS = ("_exit", "abort", "execv", "execve", "fork", "forkpty")
OWN = ("builtins", "os", "sys", "random", "signal", "threading", "time", "warnings")
STATES = [  # of the process: how to learn it, and how to bring it back
    (os.getcwd, os.chdir),
    (random.getstate, random.setstate),
    (sys.getrecursionlimit, sys.setrecursionlimit),
    (gc.get_threshold, lambda threshold: gc.set_threshold(*threshold)),
    (gc.isenabled, lambda enabled: gc.enable() if enabled else gc.disable()),
    (lambda: logging.root.manager.disable, logging.disable),
    (lambda: locale.setlocale(locale.LC_ALL), lambda kept: locale.setlocale(locale.LC_ALL, kept)),
    (lambda: dict(os.environ), lambda kept: set_environment(kept)),
]


@contextmanager
def steady() -> Iterator[None]:
    """Gives the process its states back; what Python has imported meanwhile stays as it is."""
    import numpy as np

    contexts = (np.printoptions, np.errstate, warnings.catch_warnings, decimal.localcontext)
    states = [*STATES, (np.random.get_state, np.random.set_state), *handlers()]
    with ExitStack() as stack:
        for context in contexts:
            stack.enter_context(context())
        kept = [(put, get()) for get, put in states]
        try:
            yield
        finally:
            for put, state in kept:
                put(state)


@contextmanager
def undone(imported: Iterable[str] = ()) -> Iterator[list[str]]:
    """Gives the process back as it was, with what names stand for in the packages imported.

    It must not end there, and names the threads that it leaves.
    """
    tops, left_over = {*OWN, *(name.partition(".")[0] for name in imported)}, []
    modules = [module for name, module in sys.modules.items() if name.partition(".")[0] in tops]
    with steady():
        names = [(module, dict(vars(module))) for module in modules if module]
        contents = [(held, held.copy()) for held in (sys.path, sys.meta_path, sys.argv)]
        loaded, threads = dict(sys.modules), set(threading.enumerate())
        for name in ENDS:
            if hasattr(os, name):
                setattr(os, name, refuse)
        try:
            yield left_over
        finally:
            for module, before in names:
                restore(module, before)
            for held, before in contents:
                held[:] = before
            sys.modules.update({n: m for n, m in loaded.items() if sys.modules.get(n) is not m})
            left_over += [t.name for t in threading.enumerate() if t not in threads and runs(t)]


def restore(module, before):
    """Binds the names of a module as before; a part that was imported since stays."""
    now = vars(module)
    for name in [n for n in now if n not in before and not isinstance(now[n], ModuleType)]:
        del now[name]
    for name, value in before.items():
        if now.get(name) is not value:
            now[name] = value


def set_environment(kept):
    if os.environ != kept:
        os.environ.clear()
        os.environ.update(kept)
        getattr(time, "tzset", int)()


def handlers():
    """The states of what signals do; another thread than the main one cannot change them."""
    if threading.current_thread() is threading.main_thread():
        for one in signal.valid_signals():
            yield lambda s=one: signal.getsignal(s), lambda was, s=one: handle(s, was)


def handle(one, was):
    if was is not None and signal.getsignal(one) != was:
        signal.signal(one, was)


def runs(thread):
    thread.join(0.2)
    return thread.is_alive()
