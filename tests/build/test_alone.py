"""Pages are alone: what an example does to the process is undone or refused, and ends no build."""

import signal
import subprocess
import sys
import threading

import pytest

from tests.build.conftest import PAGE
from verified_book import alone

HERE = "import builtins, gc, locale, logging, math, os, random, signal, sys, threading, warnings; "
HERE += "import numpy as np; from halves import ground"


def block(code, printed=""):
    prompt = "".join(f">>> {row}\n" for row in code.split("; "))
    return f"```{{doctest}}\n>>> {HERE}\n{prompt}{printed}\n```"


# What an example does, and how a later page would see it.
UNDONE = {
    "NumPy's old random state": ("np.random.seed(0)", "round(np.random.rand(), 4)", "0.5488"),
    "Python's random state": ("random.seed(0)", "round(random.random(), 4)", "0.8444"),
    "the folder": ('os.chdir("/")', "os.getcwd()", "'/'"),
    "the environment": ('os.environ["LEAK"] = "yes"', 'os.environ["LEAK"]', "'yes'"),
    "the environment bound anew": ('os.environ = {"LEAK": "yes"}', 'os.environ["LEAK"]', "'yes'"),
    "builtins": ("builtins.leak = 41", "leak", "41"),
    "print": ("builtins.print = lambda *_, **__: None", "print.__name__", "'<lambda>'"),
    "sys.path": ('sys.path.append("leak")', '"leak" in sys.path', "True"),
    "the output": ("sys.stderr = sys.__stdout__", "sys.stderr is sys.__stdout__", "True"),
    "the depth of calls": ("sys.setrecursionlimit(999)", "sys.getrecursionlimit()", "999"),
    "print options": ("np.set_printoptions(precision=1)", "np.array([1 / 3])", "array([0.3])"),
    "NumPy's errors": ('_ = np.seterr(divide="raise")', 'np.geterr()["divide"]', "'raise'"),
    "a function of NumPy": ("np.sin = np.cos", "np.sin is np.cos", "True"),
    "a part of NumPy": ("np.random.rand = 4", "np.random.rand", "4"),
    "a constant": ("math.pi = 3", "math.pi", "3"),
    "a module": ('sys.modules["math"] = sys', "import math; math is sys", "True"),
    "a snippet": ("ground.TWO = 3", "ground.TWO", "3"),
    "how a signal is met": (
        "_ = signal.signal(signal.SIGUSR1, signal.SIG_IGN)",
        "signal.getsignal(signal.SIGUSR1) is signal.SIG_IGN",
        "True",
    ),
    "rubbish": ("gc.disable()", "gc.isenabled()", "False"),
}


@pytest.mark.parametrize("kind", UNDONE)
def test_what_an_example_does_is_undone_before_the_next_page(book, kind):
    done, seen, value = UNDONE[kind]
    book.write("docs/halving.md", f"# One\n\n{block(done)}\n\n{block(seen, value)}\n")
    book.page("Nothing.")
    book.write("paragraphs.txt", "")
    book.edit("docs/index.md", "{count}`claims` claims, {count}`numbers` numbers, ", "")
    assert book.build().status == 0, "the page itself sees what it did"
    book.page(block(seen, value))
    book.edit("docs/halving.md", "# One", "# Anew")
    book.edit("docs/halving.md", ">>> import", ">>> 1\n1\n>>> import")
    built = book.build()
    assert built.says("other.md:", "the example does not hold")
    assert "halving.md" not in built.said


def test_what_the_package_sets_up_when_it_is_imported_stays(book):
    hook = "import sys\nclass Hook:\n    find_spec = staticmethod(lambda *_: None)\n"
    book.write("halves/__init__.py", f"{hook}sys.meta_path.insert(0, Hook)\n")
    example = "\n```{doctest}\n>>> import sys, halves\n>>> halves.Hook in sys.meta_path\nTrue\n```"
    book.write("docs/halving.md", PAGE + example)
    book.page(example)
    built = book.build()
    assert built.status == 0, built.said


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import sys; sys.exit(0)", "SystemExit: 0"),
        ("import os; os._exit(0)", "RuntimeError: code of a page may not end"),
        ("import os; os.fork()", "RuntimeError: code of a page may not end"),
        ("import os; os.execv('/bin/true', ['true'])", "RuntimeError: code of a page may not end"),
        ("import os; os.abort()", "RuntimeError: code of a page may not end"),
        ("import threading, time; threading.Thread(target=time.sleep, args=(9,)).start()", "join"),
        ("import sys; sys.stdout.close()", "the examples end the run of their page: ValueError"),
        ("raise RecursionError", "RecursionError"),
        ("input()", "EOFError"),
    ],
)
def test_what_would_end_a_build_or_outlast_its_page_is_refused(book, code, told):
    rows = "".join(f">>> {row}\n" for row in code.split("; "))
    book.page(f"```{{doctest}}\n{rows}```\n\n```{{doctest}}\n>>> 1\n1\n```")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "html", "-c", book.root]
    done = subprocess.run(
        [*command, book.root / "docs", book.root / "out"],
        capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert told in done.stderr
    assert "other" in done.stderr
    assert (book.root / "out" / "index.html").exists()


@pytest.mark.parametrize("code", ["logging.disable(50)", 'warnings.simplefilter("error")'])
def test_no_example_can_silence_or_break_what_sphinx_says(book, code):
    book.write("docs/halving.md", f"# One\n\n{block(code)}\n")
    book.write("paragraphs.txt", "")
    book.page("```{doctest}\n>>> 1\n2\n```")
    built = book.build()
    assert built.says("other.md:4: WARNING: the example does not hold")
    assert "halving.md" not in built.said


def test_an_alarm_that_an_example_sets_does_not_ring_later():
    with alone.time_limit(60, "here:1"), alone.undone():
        signal.alarm(1)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_code_in_another_thread_is_let_be():
    ended = []

    def run():
        with alone.time_limit(60, "here:1"), alone.undone():
            ended.append(True)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert ended
