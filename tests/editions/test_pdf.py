"""The PDF that ``make pdf`` left in build/pdf: whole, legible, navigable.

Reads it with poppler and pypdf, and the LaTeX that it was made from; ``make editions`` builds it
first, and the HTML whose numbers it must share.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pypdf import PdfReader

ROOT = Path(__file__).resolve().parents[2]
NAME = "from-attention-to-rlhf"
PDF = ROOT / "build" / "pdf" / f"{NAME}.pdf"
HTML = ROOT / "build" / "html"
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
def streams():
    """The text as it stands in the file, where a note of the margin is not mixed with others."""
    return tool("pdftotext", "-raw", str(PDF), "-")


@pytest.fixture(scope="session")
def info():
    lines = tool("pdfinfo", str(PDF)).splitlines()
    return dict(
        re.split(r":\s+", line, maxsplit=1) for line in lines if re.search(r":\s+\S", line)
    )


@pytest.fixture(scope="session")
def reader():
    return PdfReader(PDF)


def claims():
    return sorted({claim for source in SOURCES.values() for claim in CLAIM.findall(source)})


def test_every_claim_has_its_number_and_its_annotation_in_print(text):
    printed = set(re.findall(r"\b(?:\d+|[a-z]+\d?)\.\d+\b", text))
    assert claims(), "the pages mark no claim"
    assert [claim for claim in claims() if claim not in printed] == []


def test_every_annotation_prints_its_verdict(streams):
    given = re.findall(r"^:verdict: (\w+)", "\n".join(SOURCES.values()), re.MULTILINE)
    for verdict in VERDICTS:
        heads = re.findall(
            rf"^\s*(?:\d+|[a-z]+\d?)\.\d+\s+\S\s?{verdict}\b", streams, re.MULTILINE
        )
        assert len(heads) == given.count(verdict), verdict


def test_no_character_is_lost(text):
    assert "\ufffd" not in text
    log = (TEX.parent / f"{NAME}.log").read_text("utf-8", "replace")
    assert "Missing character" not in log


def test_no_reference_leads_nowhere(text):
    assert "??" not in text


def test_no_markup_is_left(text):
    prose = "\n".join(
        line for line in text.splitlines() if ">>>" not in line and "..." not in line
    )
    assert re.findall(r"\{cite:[pt]\}|:::|\\(?:frac|sqrt|mathbb|mathrm)\b|\$\$", prose) == []


def test_no_card_forgets_the_examples_of_its_page(streams):
    whole = streams.replace("-\n", "")  # words that were hyphenated
    cards = re.findall(r"·\s+(\d+)\s+examples?\s+verified", whole)
    pages = [s for s in SOURCES.values() if re.search(r"^:::\{(paper|translation)\}", s, re.M)]
    assert len(cards) == sum(">>> " in page for page in pages)
    assert "0" not in cards


def test_every_page_of_the_book_is_a_chapter_or_a_part_in_the_outline():
    titles = [re.search(r"^# (.+)$", source, re.MULTILINE)[1] for source in SOURCES.values()]
    tex = TEX.read_text("utf-8")
    headings = re.findall(
        r"^(?:\\bkopening\{\d*\})?\\(?:part|chapter)(?:\[[^\]]*\])?\{(.*)\}$", tex, re.MULTILINE
    )
    # the front page is the title and the preface; the solutions are a chapter of their own
    assert len(headings) == len(titles)
    contents = (TEX.parent / f"{NAME}.toc").read_text("utf-8")
    found = re.findall(r"\\contentsline \{(?:chapter|part)\}\{(.*)\}\{\d+\}", contents)
    more = 3  # the list of figures, the solutions, the index; and the preface for the front page
    assert len(found) == len(titles) + more
    assert [f"{n} · " in " ".join(found) for n in range(1, 20)] == [True] * 19


def test_the_outline_leads_to_every_page_of_the_book():
    outline = tool("pdftohtml", "-xml", "-i", "-stdout", "-l", "1", str(PDF))
    items = re.findall(r'<item page="(\d+)">(.*?)</item>', outline)
    titles = {re.search(r"^# (.+)$", source, re.MULTILINE)[1] for source in SOURCES.values()}
    assert len(items) >= len(titles)
    assert [page for page, _ in items] == sorted((page for page, _ in items), key=int)


def test_the_pages_are_a4_and_no_more_than_one_binds(info):
    assert "A4" in info["Page size"]
    assert 100 < int(info["Pages"]) <= 440


def test_every_link_to_another_chapter_and_every_row_of_a_ledger_names_a_page(text):
    tex = TEX.read_text("utf-8")
    assert tex.count(r"\bkpage{") > 500 and tex.count(r"\bkonpage{") > 800
    assert len(re.findall(r"\(p\.\s*\d+\)", text)) > 500


def test_solutions_and_exercises_name_each_other_s_pages(text):
    exercises = "\n".join(SOURCES.values()).count(":::{exercise}")
    assert exercises and len(re.findall(r"Solution:\s+page\s+\d+", text)) == exercises
    assert len(re.findall(r"Exercise\s+\d+\s+·\s+page\s+\d+", text)) == exercises


def test_the_index_has_the_terms_of_the_glossary():
    terms = (TEX.parent / f"{NAME}.ind").read_text("utf-8")
    assert terms.count(r"\item ") > 80


def test_the_file_says_what_it_is(reader):
    told = reader.metadata
    assert told.title == "From Attention to RLHF"
    assert told.author and told.subject and "attention" in told.keywords
    assert reader.root_object["/Lang"] == "en"
    assert reader.root_object["/ViewerPreferences"]["/DisplayDocTitle"]


def test_no_two_pages_have_the_same_label(reader):
    labels = reader.page_labels
    assert len(set(labels)) == len(labels)
    assert labels == [str(number) for number in range(1, len(labels) + 1)]  # as on paper


def test_every_link_within_the_book_leads_somewhere(reader):
    places = set(reader.named_destinations)
    links = [
        note.get_object().get("/A", {})
        for page in reader.pages
        for note in page.get("/Annots") or []
    ]
    wanted = [link["/D"] for link in links if link.get("/S") == "/GoTo"]
    assert len(wanted) > 1000
    assert [place for place in wanted if place not in places] == []


# -- the same numbers as on the screen ------------------------------------------------------------


def test_every_equation_has_the_number_that_it_has_on_the_screen():
    label = re.compile(r"\\newlabel\{equation:([^:}]+):([^}]+)\}\{\{(\d+)\}")
    aux = (TEX.parent / f"{NAME}.aux").read_text("utf-8")
    printed = {(page, name): int(number) for page, name, number in label.findall(aux)}
    shown = {}
    for page in HTML.rglob("*.html"):
        name = page.relative_to(HTML).with_suffix("").as_posix()
        found = re.findall(
            r'id="equation-([^"]+)"[^>]*>\s*<span class="eqno">\((\d+)\)', page.read_text("utf-8")
        )
        shown |= {(name, label): int(number) for label, number in found}
    assert shown, "no HTML, or no equation in it: run make html first"
    assert printed == shown


def test_every_figure_has_the_number_that_it_has_on_the_screen(text):
    shown = {}
    for page in HTML.rglob("*.html"):
        for number, caption in re.findall(
            r'class="caption-number">Fig\. (\d+) </span><span class="caption-text">(.*?)</span>',
            page.read_text("utf-8"),
            re.DOTALL,
        ):
            before_formulas = re.sub(r"<[^>]+>", "", caption.partition('<span class="katex')[0])
            shown[int(number)] = first_words(before_formulas)
    printed = {
        int(number): first_words(caption)
        for number, caption in re.findall(r"^\s*Fig\. (\d+)\s+(\S.*)$", text, re.MULTILINE)
    }
    assert shown, "no HTML, or no figure in it: run make html first"
    assert printed.keys() == shown.keys()
    assert {n: printed[n][: len(words)] for n, words in shown.items()} == shown


def first_words(caption):
    return caption.split()[:3]


def test_the_bibliography_says_on_which_pages_a_work_is_cited(text):
    entries = TEX.read_text("utf-8").count(r"\bkbibitem{")
    cited = re.findall(r"Cited\s+on\s+page\s+(\d+)", text)
    assert entries and len(cited) == entries


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


WIDE = ">>> " + "x" * 96


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
        figure = min(path.name for path in folder.glob("*-*.pdf"))
        (folder / "small.tex").write_text(preamble + SMALL.replace("FIGURE", figure), "utf-8")
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

\sphinxincludegraphics{{FIGURE}}
\end{{sphinxuseclass}}\end{{sphinxuseclass}}
\begin{{bkcode}}[bkverified,samepage,commandchars=\\\{{\}}]
{WIDE}
\end{{bkcode}}
\end{{document}}
"""


def test_code_of_100_columns_stays_on_its_line(small_books):
    assert WIDE in tool("pdftotext", "-layout", str(small_books[0]), "-")


def test_the_same_latex_is_set_to_the_same_bytes(small_books):
    first, second = (path.read_bytes() for path in small_books)
    assert first == second
