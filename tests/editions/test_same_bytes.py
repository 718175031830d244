"""Two builds of the book in two folders give the same HTML, EPUB, and LaTeX with its figures.

The other build is made here, from a copy of the sources and from nothing, by two readers at
once; the PDF and the runtime that the HTML carries are those under test.  That the same LaTeX is
set to the same PDF in any folder is shown in ``test_pdf.py`` on a small book: the whole one takes
XeLaTeX minutes.
"""

import os
import re
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAME = "from-attention-to-rlhf"
HTML = ROOT / "build" / "html"
EPUB = ROOT / "build" / "epub" / f"{NAME}.epub"
LATEX = ROOT / "build" / "latex"
SET_BY_SPHINX = {".tex", ".sty", ".pdf", ".xdy", ".ist", ".cls"}


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """The book built in another folder, with the date of the one under test."""
    assert EPUB.exists() and LATEX.exists(), "no EPUB or no LaTeX: run make epub pdf first"
    copy = tmp_path_factory.mktemp("another folder") / "book"
    skip = shutil.ignore_patterns(
        "build", ".venv", ".git", "node_modules", "__pycache__", ".*_cache"
    )
    shutil.copytree(ROOT, copy, ignore=skip)
    for made in ("pdf", "runtime"):
        shutil.copytree(ROOT / "build" / made, copy / "build" / made)
    for builder in ("epub", "latex", "html"):
        command = [sys.executable, "-m", "sphinx", "-q", "-W", "-j", "2"]
        command += ["-c", ".", "-d", "build/doctrees"]
        subprocess.run(
            [*command, "-b", builder, "docs", f"build/{builder}"],
            cwd=copy, env=os.environ | {"SOURCE_DATE_EPOCH": str(epoch())}, check=True,
        )  # fmt: skip
    return copy / "build"


def epoch():
    with ZipFile(EPUB) as book:
        date = re.search(r"<dc:date>([^<]*)<", book.read("content.opf").decode())[1]
    return int(datetime.fromisoformat(date).timestamp())


def test_the_epub_is_the_same_to_the_byte(elsewhere):
    with ZipFile(EPUB) as first, ZipFile(elsewhere / "epub" / EPUB.name) as second:
        assert first.namelist() == second.namelist()
        assert [n for n in first.namelist() if first.read(n) != second.read(n)] == []
    assert EPUB.read_bytes() == (elsewhere / "epub" / EPUB.name).read_bytes()


def test_the_latex_and_its_figures_are_the_same_to_the_byte(elsewhere):
    made = sorted(
        path.name for path in (elsewhere / "latex").iterdir() if path.suffix in SET_BY_SPHINX
    )
    assert f"{NAME}.tex" in made and any(name.endswith(".pdf") for name in made)
    differ = [
        n for n in made if (LATEX / n).read_bytes() != (elsewhere / "latex" / n).read_bytes()
    ]
    assert differ == []


def files(folder):
    """All that a reader gets, also within a zip: without Sphinx's own record of the build."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name[0] != "."]
    found = {str(path.relative_to(folder)): path.read_bytes() for path in paths}
    for path in folder.glob("download/*.zip"):
        with ZipFile(path) as packed:
            found |= {f"{path.name}: {name}": packed.read(name) for name in packed.namelist()}
    return found


def test_the_html_is_the_same_to_the_byte(elsewhere):
    ours, theirs = files(HTML), files(elsewhere / "html")
    assert ours.keys() == theirs.keys()
    assert [name for name in sorted(ours) if ours[name] != theirs[name]] == []
