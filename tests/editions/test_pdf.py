"""The PDF that ``make pdf`` left in build/pdf: whole, legible, navigable.

Reads it with poppler, and the LaTeX that it was made from; ``make editions`` builds it first.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAME = "from-attention-to-rlhf"
PDF = ROOT / "build" / "pdf" / f"{NAME}.pdf"
TEX = ROOT / "build" / "latex" / f"{NAME}.tex"
PAGES = sorted(
    path for path in (ROOT / "docs").rglob("*.md") if not path.parts[-2].startswith("_")
)
SOURCES = {path: path.read_text("utf-8") for path in PAGES}
CLAIM = re.compile(r"<(\w+\.\d+)>`")
VERDICTS = ("holds", "imprecise", "wrong", "opinion", "unverified")


def tool(*command):
    assert shutil.which(command[0]), (
        f"no {command[0]} here: on Debian, apt-get install poppler-utils"
    )
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="session")
def text():
    assert PDF.exists(), "no PDF: run make pdf first"
    return tool("pdftotext", "-layout", str(PDF), "-")


@pytest.fixture(scope="session")
def info():
    lines = tool("pdfinfo", str(PDF)).splitlines()
    return dict(
        re.split(r":\s+", line, maxsplit=1) for line in lines if re.search(r":\s+\S", line)
    )


def claims():
    return sorted({claim for source in SOURCES.values() for claim in CLAIM.findall(source)})


def test_every_claim_has_its_number_and_its_annotation_in_print(text):
    printed = set(re.findall(r"\b(?:\d+|[a-z]+\d?)\.\d+\b", text))
    assert claims(), "the pages mark no claim"
    assert [claim for claim in claims() if claim not in printed] == []


def test_every_annotation_prints_its_verdict(text):
    given = re.findall(r"^:verdict: (\w+)", "\n".join(SOURCES.values()), re.MULTILINE)
    for verdict in VERDICTS:
        heads = re.findall(
            rf"^\s*(?:\d+|[a-z]+\d?)\.\d+\s+\S?\s?{verdict}\s*$", text, re.MULTILINE
        )
        assert len(heads) == given.count(verdict), verdict


def test_no_character_is_lost(text):
    assert "\ufffd" not in text


def test_no_reference_leads_nowhere(text):
    assert "??" not in text


def test_no_markup_is_left(text):
    prose = "\n".join(
        line for line in text.splitlines() if ">>>" not in line and "..." not in line
    )
    assert re.findall(r"\{cite:[pt]\}|:::|\\(?:frac|sqrt|mathbb|mathrm)\b|\$\$", prose) == []


def test_no_card_forgets_the_examples_of_its_page(text):
    cards = re.findall(r"^\s*(\d+) examples? verified", text, re.MULTILINE)
    assert len(cards) == "\n".join(SOURCES.values()).count(":::{paper}")
    assert "0" not in cards


def test_every_page_of_the_book_is_a_chapter_or_a_part_in_the_outline():
    titles = [re.search(r"^# (.+)$", source, re.MULTILINE)[1] for source in SOURCES.values()]
    tex = TEX.read_text("utf-8")
    headings = re.findall(r"^\\(?:part|chapter)\*?\{(.*)\}$", tex, re.MULTILINE)
    assert len(headings) == len(titles) - 1  # the front page is the title and the preface
    contents = (TEX.parent / f"{NAME}.toc").read_text("utf-8")
    assert contents.count(r"\contentsline {chapter}") + contents.count(
        r"\contentsline {part}"
    ) == len(titles)


def test_the_outline_leads_to_every_page_of_the_book():
    outline = tool("pdftohtml", "-xml", "-i", "-stdout", "-l", "1", str(PDF))
    items = re.findall(r'<item page="(\d+)">(.*?)</item>', outline)
    titles = {re.search(r"^# (.+)$", source, re.MULTILINE)[1] for source in SOURCES.values()}
    assert len(items) >= len(titles)
    assert [page for page, _ in items] == sorted((page for page, _ in items), key=int)


def test_the_pages_are_a4_and_their_number_is_that_of_a_book(info):
    assert "A4" in info["Page size"]
    assert 100 < int(info["Pages"]) < 600


def test_title_and_author_are_in_the_file(info):
    assert info["Title"] == "From Attention to RLHF"
    assert info["Author"]


def test_every_font_is_embedded():
    rows = tool("pdffonts", str(PDF)).splitlines()[2:]
    assert rows
    assert [row for row in rows if row.split()[-5] != "yes"] == []


def test_every_figure_is_drawn_with_its_caption(text):
    drawn = "\n".join(SOURCES.values()).count(":::{drawn}")
    tex = TEX.read_text("utf-8")
    pictures = re.findall(r"\\sphinxincludegraphics\{(?:\{)?([^{}]+)\}", tex)
    assert len(pictures) == drawn
    captions = {int(n) for n in re.findall(r"^\s*Fig\. (\d+)\b", text, re.MULTILINE)}
    assert captions == set(range(1, drawn + 1))


WIDE = ">>> " + "x" * 84


@pytest.fixture(scope="session")
def small_books(tmp_path_factory):
    """A small book with the book's own style, set twice from scratch."""
    tmp = tmp_path_factory.mktemp("small")
    preamble = TEX.read_text("utf-8").partition(r"\begin{document}")[0]
    made = []
    for name in ("first", "second"):
        folder = tmp / name
        skip = shutil.ignore_patterns(f"{NAME}*")
        shutil.copytree(TEX.parent, folder, ignore=skip)
        (folder / "small.tex").write_text(preamble + SMALL, "utf-8")
        command = [
            sys.executable,
            ROOT / "tools" / "typeset.py",
            folder,
            "small",
            tmp / "pdf" / name,
        ]
        dated = os.environ | {"SOURCE_DATE_EPOCH": "1700000000", "FORCE_SOURCE_DATE": "1"}
        subprocess.run(command, check=True, capture_output=True, env=dated, timeout=300)
        made.append(tmp / "pdf" / name / "small.pdf")
    return made


SMALL = rf"""
\begin{{document}}\chapter{{One}}
\begin{{sphinxuseclass}}{{verdict-holds}}\begin{{sphinxuseclass}}{{annotation}}
A word $x^2$, and in Chinese 注意力.
\end{{sphinxuseclass}}\end{{sphinxuseclass}}
\begin{{sphinxVerbatim}}[commandchars=\\\{{\}}]
{WIDE}
\end{{sphinxVerbatim}}
\end{{document}}
"""


def test_code_of_88_columns_stays_on_its_line(small_books):
    assert WIDE in tool("pdftotext", "-layout", str(small_books[0]), "-")


def test_the_same_latex_is_set_to_the_same_bytes(small_books):
    first, second = (path.read_bytes() for path in small_books)
    assert first == second
