"""The pages of the PDF as they are seen: whole, full, nothing over anything else."""

import re
from pathlib import Path
from statistics import median

import pytest

import pdf_pages

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
NAME = "from-attention-to-rlhf"
PDF = ROOT / "build" / "pdf" / f"{NAME}.pdf"
TEX = ROOT / "build" / "latex" / f"{NAME}.tex"
MM = 72 / 25.4
INNER, OUTER, TEXT, FULL = 24 * MM, 18 * MM, 110 * MM, 168 * MM  # margins, widths
TALL = 60  # lines of code that may be parted


@pytest.fixture(scope="module")
def pages():
    assert PDF.exists(), "no PDF: run make pdf first"
    return pdf_pages.pages_of(PDF)


@pytest.fixture(scope="module")
def first():
    return pdf_pages.openings(TEX.with_suffix(".toc").read_text("utf-8"))


def left_of(number):
    """Where the text of a page begins: pages on the right keep room for the binding."""
    return INNER if number % 2 else OUTER


def test_no_text_stands_outside_the_text_and_its_margin(pages):
    out = [
        (number, piece.text)
        for number, page in enumerate(pages, 1)
        for piece in page
        if piece.text.strip()
        and not left_of(number) - 6 < piece.left <= piece.right < left_of(number) + FULL + 11
    ]
    assert out == []


def test_no_note_of_the_margin_stands_over_what_runs_on_from_the_text(pages):
    over = []
    for number, page in enumerate(pages, 1):
        edge = left_of(number) + TEXT
        notes = [p for p in pdf_pages.body(page) if p.left > edge + 10]
        wide = [p for p in pdf_pages.body(page) if p.left < edge and p.right > edge + 18]
        over += [
            (number, note.text, text.text)
            for note in notes
            for text in wide
            if abs(note.top - text.top) < 6 and note.left < text.right - 2
        ]
    assert over == []


def test_no_page_ends_with_a_heading(pages):
    alone = []
    for number, page in enumerate(pages, 1):
        texts = [piece for piece in pdf_pages.body(page) if piece.left < left_of(number) + TEXT]
        if texts and "Heros" in max(texts).font and max(texts).size > 10:
            alone.append((number, max(texts).text))
    assert [found for found in alone if found[0] > 2] == []  # the title and the imprint


def test_no_page_ends_with_the_words_that_lead_to_the_next(pages):
    texts = {
        number: [p for p in pdf_pages.body(page) if p.left < left_of(number) + TEXT]
        for number, page in enumerate(pages, 1)
    }
    last = {number: max(found) for number, found in texts.items() if found}
    led = [(n, p.text) for n, p in last.items() if p.size > 9]  # the appendix is set smaller
    told = [(n, text.rstrip()) for n, text in led if text.rstrip().endswith(":")]
    of_the_list = {line for path in PAGES for line in translated(path) if line.endswith(":")}
    assert [found for found in told if not any(w.endswith(found[1]) for w in of_the_list)] == []


def translated(path):
    """The lines of a page that are the list's: its notes come between them."""
    blocks = re.findall(
        r"^:::\{translation\}.*?\n(.*?)^:::$", path.read_text("utf-8"), re.M | re.S
    )
    return [line.rstrip() for block in blocks for line in block.splitlines()]


def test_no_page_is_blank(pages):
    assert [number for number, page in enumerate(pages, 1) if not pdf_pages.body(page)] == []


def test_no_table_goes_on_without_a_row(pages):
    assert list(pdf_pages.ghosts(pages)) == []


def test_no_code_is_parted_that_fits_a_page():
    blocks = TEX.read_text("utf-8").split(r"\begin{bkcode}[")[1:]
    parted = [block for block in blocks if "samepage" not in block.partition("]")[0]]
    heights = [block.partition(r"\end{bkcode}")[0].count("\n") for block in parted]
    assert blocks and [height for height in heights if height <= TALL] == []


def test_no_more_than_three_in_a_hundred_inner_pages_look_empty(pages, first):
    inner = pdf_pages.inner(len(pages), first)
    empty = [n for n in inner if pdf_pages.fill(pages[n - 1]) < pdf_pages.EMPTY]
    assert len(empty) <= 0.03 * len(inner), pdf_pages.report(pages, first)


def test_a_full_line_of_the_text_has_66_to_75_letters(pages):
    full = [
        piece.text
        for number, page in enumerate(pages, 1)
        for piece in pdf_pages.body(page)
        if "Pagella" in piece.font
        and piece.size == 10
        and abs(piece.left - left_of(number)) < 3
        and abs(piece.right - left_of(number) - TEXT) < 3
    ]
    assert len(full) > 1000 and 66 <= median(map(len, full)) <= 75
