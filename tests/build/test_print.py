"""The PDF's LaTeX, the EPUB, and the typesetter's reading of a log; no TeX is run."""

import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest
from docutils import nodes
from sphinx.testing.util import SphinxTestApp

from book.print import epub, latex, tables
from ledger.markup import table
from tools import typeset

FRONT = """\
The Book
========

Before all else.

.. toctree::

   one

.. toctree::
   :caption: Part 1: Things

   part
   two

.. toctree::
   :caption: Conclusion

   end
"""

ONE = """\
One
===

.. container:: annotation verdict-wrong
   :name: note-1

   Its words.

.. container:: empty
   :name: note-2

   ::

      code

:math:`x^2`
"""


def build(tmp_path, builder, name="build", **overrides):
    source = tmp_path / "docs"
    source.mkdir(exist_ok=True)
    (source / "conf.py").write_text(
        "project = 'The Book'\nauthor = copyright = 'Somebody'\nextensions = ['book.print']\n"
    )
    pages = {"index": FRONT, "one": ONE}
    pages |= {name: f"{name.title()}\n=======\n\nText.\n" for name in ("part", "two", "end")}
    for page, text in pages.items():
        (source / f"{page}.rst").write_text(text)
    app = SphinxTestApp(
        builder, srcdir=source, builddir=tmp_path / name, confoverrides=overrides, freshenv=True
    )
    try:
        app.build()
        assert app.warning.getvalue() == ""
        return Path(app.outdir)
    finally:
        app.cleanup()


@pytest.fixture
def tex(tmp_path):
    return (build(tmp_path, "latex") / "the-book.tex").read_text("utf-8")


# -- LaTeX --------------------------------------------------------------------------------------


def test_a_captioned_toctree_is_a_part_and_a_lone_page_is_not(tex):
    assert r"\part{Part}" in tex
    assert r"\chapter{Two}" in tex
    assert r"\chapter{End}" in tex
    assert tex.index(r"\bkcontentsgap") < tex.index(r"\chapter{End}")


def test_the_front_page_becomes_the_preface(tex):
    assert tex.index(r"\bkpreface") < tex.index("Before all else.") < tex.index(r"\chapter{One}")


def test_a_box_is_given_its_verdict_first_and_its_target_in_its_first_line(tex):
    start = tex.index(r"\begin{sphinxuseclass}{verdict-wrong}")
    box = tex.index(r"\begin{sphinxuseclass}{annotation}")
    target = tex.index(r"\label{\detokenize{one:note-1}}")
    assert start < box < tex.index(r"\sphinxAtStartPar", box) < target < tex.index("Its words.")


def test_a_box_without_a_paragraph_keeps_its_target(tex):
    assert r"\label{\detokenize{one:note-2}}" in tex


def test_the_style_is_beside_the_latex(tmp_path):
    out = build(tmp_path, "latex")
    assert (out / "bookstyle.sty").exists() and (out / "bookpage.sty").exists()


@pytest.mark.parametrize(("language", "word"), [("en", "Contents"), ("zh_CN", "目录")])
def test_the_contents_are_named_in_the_language_of_the_book(tmp_path, language, word):
    out = build(tmp_path, "latex", language=language)
    assert rf"\contentsname}}{{{word}}}" in (out / "the-book.tex").read_text("utf-8")


def test_what_conf_py_sets_stays(tmp_path):
    out = build(tmp_path, "latex", latex_elements={"papersize": "letterpaper"})
    assert r"\documentclass[letterpaper," in (out / "the-book.tex").read_text("utf-8")


NUMBERS = {"name": ("number", 30), "printed": ("printed", 12), "outcome": ("outcome", 34)}


def rows_of(*texts):
    """A ledger of numbers: a mark, and the texts of its cells."""
    rows = [
        dict(zip(NUMBERS, ([mark(i), *cell(a)], cell(b), cell(c)), strict=True))
        for i, (a, b, c) in enumerate(texts)
    ]
    return table(NUMBERS, rows, "numbers")


def mark(i):
    return nodes.inline("", "", ids=[f"row-{i}"])


def cell(text):
    return [nodes.Text(text)]


def shown(table):
    return [[entry.astext() for entry in row] for row in table.findall(nodes.row)]


def test_columns_of_numbers_are_set_to_the_right_and_none_is_too_narrow_for_an_id():
    columns = tables.columns(table({**NUMBERS, "id": ("claim", 8)}, []))
    number, words = r"\bknumbers{11}{100}", r"\bkcolumn{40}{100}"
    assert columns == rf"\bkcolumn{{36}}{{100}}{number}{words}\bkcolumn{{13}}{{100}}"


def test_a_column_of_numbers_is_as_wide_as_its_longest():
    entry = nodes.entry("", nodes.paragraph("", "11,137,380,352"), classes=["printed"])
    numbers = table(NUMBERS, [])
    numbers.next_node(nodes.tbody).append(nodes.row("", entry))
    assert tables.need(numbers, "printed", tables.TEXT) == 25
    assert tables.need(numbers, "page", tables.TEXT) == 16
    assert tables.need(numbers, "outcome", tables.TEXT) == 0


def test_a_row_does_not_repeat_the_long_words_of_the_one_above_but_keeps_its_ids():
    long, why = "a long name of some table", "a reason of many words"
    found = rows_of((long, "1", why), (long, "1", why), ("b", "1", "slip"), ("b", "2", "slip"))
    tables.abridge(found)
    assert shown(found)[1:] == [
        [long, "1", why],
        ["", "1", "″"],
        ["b", "1", "slip"],
        ["b", "2", "slip"],
    ]
    marks = [mark["ids"] for mark in found.findall(nodes.inline)]
    assert marks == [["row-0"], ["row-1"], ["row-2"], ["row-3"]]


def test_the_name_of_a_number_stands_above_its_rows_in_a_row_that_stays_with_them():
    found = rows_of(("Table 1", "b", "d"), ("", "f", "h"))
    tables.gather(found)
    assert shown(found) == [["printed", "outcome"], ["Table 1"], ["b", "d"], ["f", "h"]]
    head, first = list(found.findall(nodes.row))[1:3]
    assert head["heads"] and head[0]["morecols"] == 1
    assert [mark["ids"] for mark in first[0].findall(nodes.inline)] == [["row-0"]]


def test_a_heading_asks_for_the_room_of_what_follows_it():
    code = nodes.literal_block("", "\n".join("x" * 8))
    inner = nodes.section("", nodes.title("", "Inner"), code)
    outer = nodes.section("", nodes.title("", "Outer"), inner)
    assert latex.room(code) == 7
    assert latex.room(outer) == 3 + 3 + 7
    long = nodes.literal_block("", "\n" * latex.WHOLE)
    assert latex.room(long) == 9


# -- EPUB ---------------------------------------------------------------------------------------


def test_the_epub_has_no_script_and_the_book_s_style(tmp_path):
    out = build(tmp_path, "epub")
    with ZipFile(out / "the-book.epub") as book:
        names = book.namelist()
        page = book.read("one.xhtml").decode()
    assert "_static/book-epub.css" in names
    assert [name for name in names if name.endswith(".js")] == []
    assert "<script" not in page
    assert "_static/book-epub.css" in page


def test_the_pages_of_a_part_stand_below_it_in_the_contents(tmp_path):
    with ZipFile(build(tmp_path, "epub") / "the-book.epub") as book:
        contents = "".join(book.read("nav.xhtml").decode().split())
    assert '<li><ahref="part.xhtml">Part</a><ol><li><ahref="two.xhtml">Two</a></li></ol></li>' in (
        contents
    )
    assert '</li><li><ahref="end.xhtml">End</a></li>' in contents


def test_the_epub_has_a_cover_and_says_what_it_asks_of_its_reader(tmp_path):
    with ZipFile(build(tmp_path, "epub") / "the-book.epub") as book:
        manifest = book.read("content.opf").decode()
        page = book.read("one.xhtml").decode()
        assert book.read("_static/cover.png").startswith(b"\x89PNG")
    assert 'properties="cover-image" href="_static/cover.png"' in manifest
    assert '<meta property="schema:accessMode">textual</meta>' in manifest
    assert '<html lang="en" xml:lang="en"' in page


def test_the_same_book_is_the_same_epub(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    first, second = (build(tmp_path, "epub", name) / "the-book.epub" for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()
    assert not list(first.parent.glob("*.part"))


def test_a_second_build_in_the_same_folder_is_the_same_epub(tmp_path, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    first, second = ((build(tmp_path, "epub") / "the-book.epub").read_bytes() for _ in range(2))
    assert first == second


def test_the_manifest_names_the_pages_with_mathml(tmp_path):
    page = tmp_path / "page.xhtml"
    page.write_text("<p><math>x</math></p>")
    assert epub.has_mathml(page)
    page.write_text("<p>mathematics</p>")
    assert not epub.has_mathml(page)


# -- the typesetter -----------------------------------------------------------------------------

LOG = r"""
[1] [2]
Missing character: There is no ☃ (U+2603) in font TeX Gyre Pagella/OT:!
[3]
LaTeX Warning: Reference `one:note-9' on page 4 undefined on input line 12.
Overfull \hbox (55.5pt too wide) in paragraph at lines 10--12
[]\TU/texgyrepagella(0)/m/n/10 A line of words
Overfull \hbox (3.5pt too wide) in paragraph at lines 20--22
[]\TU/texgyrepagella(0)/m/n/10 A little
LaTeX Warning: Label `two' multiply defined.
"""


def test_each_fault_of_a_log_is_one_sentence_with_its_page():
    assert typeset.complaints(LOG) == [
        "page 3: no font has the character ☃",
        "page 4: a reference leads nowhere (one:note-9)",
        "two places have the same label (two)",
        "page 4: text stands 56 pt out in the margin, at “A line of words”",
    ]


def test_a_clean_log_has_no_complaint():
    assert typeset.complaints("[1] [2]\nUnderfull \\hbox (badness 10000)\n") == []


def test_the_log_is_shown_from_its_first_error():
    log = "preamble\n" * 50 + "./book.tex:7: Undefined control sequence.\nl.7 \\nonsense\n"
    assert typeset.last_lines(log).startswith("./book.tex:7: Undefined control sequence.")


def fake_latexmk(folder, log, status):
    """A latexmk that writes a PDF and a log, and ends with a status."""
    program = folder / "latexmk"
    program.write_text(
        f"#!{sys.executable}\nimport pathlib, sys\n"
        f"pathlib.Path('book.pdf').write_text('PDF')\npathlib.Path('book.log').write_text({log!r})\n"
        f"sys.exit({status})\n"
    )
    program.chmod(0o755)


def run(tmp_path, monkeypatch, log="", status=0):
    tools, folder = tmp_path / "bin", tmp_path / "latex"
    for path in (tools, folder):
        path.mkdir(exist_ok=True)
    (folder / "book.tex").write_text("")
    fake_latexmk(tools, log, status)
    monkeypatch.setenv("PATH", str(tools), prepend=":")
    command = [sys.executable, typeset.__file__, folder, "book", tmp_path / "pdf"]
    done = subprocess.run(command, capture_output=True, text=True)
    return done, list((tmp_path / "pdf").glob("*")) if (tmp_path / "pdf").exists() else []


def test_a_clean_run_puts_the_pdf_in_place(tmp_path, monkeypatch):
    done, made = run(tmp_path, monkeypatch, "[1]\n")
    assert done.returncode == 0
    assert [path.name for path in made] == ["book.pdf"]


def test_a_fault_in_print_leaves_no_pdf(tmp_path, monkeypatch):
    done, made = run(tmp_path, monkeypatch, LOG)
    assert done.returncode == 1
    assert "no font has the character ☃" in done.stderr
    assert made == []


def test_a_stopped_run_shows_the_error_and_the_next_one_starts_afresh(tmp_path, monkeypatch):
    done, made = run(tmp_path, monkeypatch, "./book.tex:7: Undefined control sequence.\n", 1)
    assert done.returncode == 1
    assert "Undefined control sequence" in done.stderr
    assert made == []
    assert (tmp_path / "latex" / "book.running").exists()
    done, made = run(tmp_path, monkeypatch, "[1]\n")
    assert done.returncode == 0
    assert not (tmp_path / "latex" / "book.running").exists()


def test_a_missing_font_is_named_with_what_to_do(tmp_path, monkeypatch):
    log = '! Package fontspec Error: The font "texgyrepagella" cannot be found.\n'
    done, made = run(tmp_path, monkeypatch, log, 1)
    assert done.returncode == 1
    assert done.stderr.startswith("typeset: no font texgyrepagella here: on Debian run")
    assert made == []


def test_without_the_latex_it_says_what_has_to_run_first(tmp_path):
    command = [sys.executable, typeset.__file__, tmp_path, "book", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "the latex builder has to run first" in done.stderr


def test_a_letter_of_another_alphabet_is_its_character_and_a_function_has_a_space_behind_it():
    assert epub.readable('<mi mathvariant="double-struck">R</mi>') == (
        '<mi mathvariant="normal">ℝ</mi>'
    )
    assert [epub.letter("double-struck", "E"), epub.letter("script", "L")] == ["𝔼", "ℒ"]
    applied, space = "<mi>log</mi><mo>\u2061</mo>", '<mspace width=".167em"/>'
    assert epub.readable(f"{applied}<mi>N</mi>") == f"{applied}{space}<mi>N</mi>"
    assert space not in epub.readable(f'{applied}<mo stretchy="false">(</mo>')


def test_a_part_has_the_name_of_its_page_in_the_contents(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "FRONT", FRONT.replace("   part", "   Overview <part>"))
    with ZipFile(build(tmp_path, "epub") / "the-book.epub") as book:
        contents = book.read("nav.xhtml").decode()
    assert "Overview" not in contents and ">Part</a>" in contents
