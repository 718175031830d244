"""The book's examples on every Python and NumPy that it claims: ``make matrix``.

Each environment has the pins of requirements/book.txt but for NumPy, which is the oldest that the
book runs on, the one that it pins, or the newest there is.  In each the examples run twice, with
one and with two BLAS threads.  The environments are kept in build/matrix: a second run is quick.
A Python that is not on the path is a failure: nothing that did not run is ever called a success.
"""

import re
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.download_python = "never"
nox.options.envdir = "build/matrix"
nox.options.error_on_missing_interpreters = True
nox.options.reuse_venv = "yes"

PINNED = Path("requirements/book.txt").read_text("utf-8")
NUMPYS = {
    "oldest": "numpy==1.26.4",
    "pinned": re.search("^numpy==.*", PINNED, re.MULTILINE)[0],
    "newest": "numpy",
}
MATRIX = [
    ("3.11", "oldest"),
    ("3.11", "pinned"),  # which is the last NumPy for Python 3.11
    ("3.12", "oldest"),
    ("3.12", "pinned"),
    ("3.12", "newest"),
    ("3.13", "pinned"),  # the first NumPy for Python 3.13 is 2.1
    ("3.13", "newest"),
    ("3.14", "pinned"),  # not run yet where the book was proved: there was no such Python
    ("3.14", "newest"),
]


def install(session, numpy):
    """The book's packages, with another NumPy."""
    wanted = Path(session.create_tmp(), "requirements.txt")
    wanted.write_text(PINNED.replace(NUMPYS["pinned"], NUMPYS[numpy]), "utf-8")
    session.install("--upgrade", "-r", str(wanted))
    session.run("python", "-c", "import numpy; print('NumPy', numpy.__version__)")


@nox.session
@nox.parametrize("python,numpy", MATRIX)
def examples(session, numpy):
    """Runs every example of the pages and of the docstrings."""
    install(session, numpy)
    made = session.create_tmp()
    for threads in ("1", "2"):
        run = {"OPENBLAS_NUM_THREADS": threads}
        book = ["-q", "-W", "-c", ".", "-d", f"{made}/doctrees", "docs", f"{made}/doctest"]
        session.run("python", "-m", "sphinx", "-b", "doctest", *book, env=run)
        pytest = ["--doctest-modules", "snippets", "-o", "addopts=-q --import-mode=importlib"]
        session.run("python", "-m", "pytest", *pytest, env=run)


@nox.session(python="3.13")
def snippets(session):
    """Runs the snippets' tests against JAX and SciPy, which ask for NumPy 2."""
    session.install("-r", "requirements/test.txt")
    session.run("python", "-m", "pytest", "tests/snippets")
