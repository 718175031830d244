"""What pages become on paper: chapters with names, pages beside links, notes in the margin."""

from pathlib import Path

import pytest
from docutils import nodes
from sphinx import addnodes
from sphinx.errors import ConfigError
from sphinx.testing.util import SphinxTestApp

from book.exercises import exercise, fold
from book.print import arrange, extract, functions, latex, marginal, solutions, tables
from ledger.markup import table

TEXT = nodes.Text


def paragraph(text="", *children, **attributes):
    return nodes.paragraph("", "", *([TEXT(text)] if text else []), *children, **attributes)


def link(uri, *classes):
    return nodes.reference("", "words", refuri=uri, classes=[*classes], internal=True)


# -- names and pages ------------------------------------------------------------------------------

PAGES = {
    "conf.py": "project = 'Book'\nextensions = ['book.print']\n",
    "index.rst": """\
Book
====

.. toctree::
   :caption: Part 1: Things

   Overview <part>
   7 · Two <two>

.. toctree::

   one
""",
    "part.rst": "Part\n====\n",
    "two.rst": "Two\n===\n\n.. glossary::\n\n   token\n      A piece of text.\n",
    "one.rst": "One\n===\n\nTo :doc:`two`, :doc:`two`, :doc:`one`.\n",
}


@pytest.fixture
def tex(tmp_path):
    for name, text in PAGES.items():
        (tmp_path / name).write_text(text)
    app = SphinxTestApp("latex", srcdir=tmp_path, freshenv=True)
    try:
        app.build()
        return Path(app.outdir, "book.tex").read_text("utf-8")
    finally:
        app.cleanup()


def test_a_chapter_opens_with_its_number_and_has_the_name_of_the_sidebar(tex):
    assert r"\bkopening{7}\chapter[7 · Two]{Two}" in tex
    assert r"\part{Part}" in tex and "Overview" not in tex


def test_a_link_to_another_chapter_says_its_page_once_in_a_paragraph(tex):
    assert tex.count(r"\bkpage{\detokenize{two::doc}}") == 1
    assert r"\bkpage{\detokenize{one::doc}}" not in tex


def test_a_glossary_has_two_columns_and_its_terms_are_in_the_index(tex):
    assert tex.index(r"\begin{bkcolumns}") < tex.index(r"\index{token|bkmain}")
    assert tex.index("A piece of text.") < tex.index(r"\end{bkcolumns}")


def test_what_an_alphabet_finds_has_no_page():
    term = nodes.reference("", "", nodes.inline("", "token", classes=["std-term"]), refuri="%g#t")
    work = link("%b#w")
    nodes.inline("", "[", work, classes=["bibtex-citation"])
    assert latex.is_sorted(term) and latex.is_sorted(work)
    assert not latex.is_sorted(link("%two#part"))


def test_code_is_set_bare_and_says_whether_it_was_run():
    made = latex.set_as_code("\\begin{sphinxVerbatim}[x]\n1\n\\end{sphinxVerbatim}", "bkverified")
    assert made == "\\begin{bkcode}[bkverified,x]\n1\n\\end{bkcode}"


# -- the ledger's tables --------------------------------------------------------------------------

CLAIMS = {
    "id": ("claim", 8),
    "words": ("says", 52),
    "verdict": ("verdict", 15),
    "now": ("now", 25),
}


def claims(*now):
    rows = [
        {"id": [link(f"%two#claim-{i}")], "words": [TEXT("so")], "verdict": [TEXT("holds")],
         "now": [TEXT(text)] if text else []}
        for i, text in enumerate(now)
    ]  # fmt: skip
    made = table(CLAIMS, rows)
    made["shows"] = ["claims", "holds"]
    return made


def test_what_time_has_changed_stands_below_the_words_and_a_row_ends_with_its_page():
    made = claims("", "no longer")
    tables.set_on_paper(made)
    head, first, second = ([cell.astext() for cell in row] for row in made.findall(nodes.row))
    assert head == ["claim", "says", "verdict", "page"]
    assert first == ["words", "so", "holds", r"\bkonpage{\detokenize{two:claim-0}}"]
    assert second[1] == "so\n\nnow: no longer"
    assert made.next_node(nodes.tgroup)["cols"] == len(list(made.findall(nodes.colspec))) == 4


def test_numbers_that_come_out_as_printed_are_left_to_the_data_and_nothing_leads_to_them():
    made = claims("")
    made["shows"] = ["numbers", "reproduced"]
    made.next_node(nodes.tbody).next_node(nodes.paragraph)["ids"].append("row-1")
    page = nodes.section("", made, paragraph("", link("%numbers#row-1"), link("%numbers#row-2")))
    gone = tables.leave_out_reproduced(page, nodes.inline("", "in the data"))
    tables.unlink(page, gone)
    assert page[0].astext() == "in the data"
    assert [ref["refuri"] for ref in page.findall(nodes.reference)] == ["%numbers#row-2"]


def test_the_computation_of_a_table_is_not_printed_and_its_sentence_says_so():
    code = nodes.literal_block("", ">>> 1\n1", testnodetype="doctest", ids=["code"])
    box = nodes.container("", paragraph("All.", classes=["comes-out"]), code, paragraph("More."))
    assert arrange.leave_out_computation(box) == {"code"}
    assert [node.astext() for node in box] == [
        "All. The computation (lines: 2) is in the HTML.",
        "More.",
    ]


# -- solutions ------------------------------------------------------------------------------------


def test_solutions_stand_in_a_chapter_of_their_own_and_each_leads_back():
    solution = fold("", paragraph("Solution"), paragraph("Because."), kind="solution")
    box = exercise("", paragraph("Exercise 2 · predict"), solution, exercise="why", ids=["x"])
    page = addnodes.start_of_file(
        "", nodes.section("", nodes.title("", "Two"), box), docname="two"
    )
    book = nodes.section("", page)
    solutions.gather(book, {"two": page}, lambda page: "7 · Two")
    assert (
        "Because." not in page.astext()
        and r"\bksolutionat{\detokenize{two:solution-why}}" in page.astext()
    )
    chapter = book[-1]
    assert [title.astext() for title in chapter.findall(nodes.title)] == ["Solutions", "7 · Two"]
    (answer,) = (box for box in chapter.findall(nodes.container) if "answer" in box["classes"])
    assert answer["ids"] == ["solution-why"] and answer[0][0]["refid"] == "x"
    assert answer[0].astext() == r"Exercise 2\bkonpageof{\detokenize{two:x}}"


# -- the margin -----------------------------------------------------------------------------------


def note(letters, *more):
    return nodes.container("", paragraph("x" * letters), *more, classes=["annotation"])


def beside(words, *notes):
    text = nodes.container("", paragraph("x" * words), classes=["translation"])
    reading = nodes.container("", text, nodes.container("", *notes), classes=["reading"])
    marginal.set_aside(nodes.section("", reading))
    return [len(box.astext()) for box in reading if box["classes"] == ["beside"]]


def test_short_notes_stand_beside_the_words_and_code_below_them():
    code = nodes.literal_block("", "1")
    assert beside(2000, note(100), note(120, code), note(90)) == [100, 90]


def test_a_long_note_stands_below():
    assert beside(9000, note(marginal.LONGEST + 1)) == []


def test_no_more_notes_stand_beside_than_there_is_room_for():
    assert 0 < len(beside(300, *(note(200) for _ in range(9)))) < 9


def test_beside_code_that_runs_on_into_the_margin_no_note_stands():
    wide = note(50, nodes.literal_block("", "x" * (marginal.COLUMNS + 1)))
    beside(300, wide)
    assert "runs-on" in wide["classes"]


# -- code -----------------------------------------------------------------------------------------

SIGNATURE = """\
def lora(
    x: Float[Array, "*n k"],
    w_0: Float[Array, "d k"],
) -> Float[Array, "*n d"]:
    return x
"""
LONG = SIGNATURE.replace("    w_0", '    a: Float[Array, "r k"],\n    w_0')


def test_a_signature_takes_as_few_lines_as_fit_and_breaks_between_arguments():
    short = "def half(\n    x: float,\n) -> float:\n    return x / 2\n"
    assert functions.filled(short) == "def half(x: float) -> float:\n    return x / 2\n"
    first, second, *_ = functions.filled(LONG).splitlines()
    assert first.endswith(",") and second.startswith(" " * 8) and len(first) <= 79


def test_a_signature_whose_argument_is_too_long_breaks_inside_it():
    long = f"def f(\n    a: tuple[{', '.join(['Float[Array]'] * 8)}],\n) -> int:\n    return 1\n"
    assert max(map(len, functions.filled(long).splitlines())) <= 79


def test_a_docstring_has_its_first_line_on_paper():
    code = 'def half(x):\n    """Half.\n\n    More.\n    """\n    return x / 2\n'
    assert functions.brief(code) == 'def half(x):\n    """Half."""\n    return x / 2\n'
    assert functions.brief(functions.brief(code)) == functions.brief(code)


def test_code_that_is_no_signature_stays_as_it_is():
    code = "call(\n    1,\n)\n>>> def f(x): return x\n"
    assert functions.filled(code) == code


# -- an entry alone -------------------------------------------------------------------------------


def test_an_entry_alone_is_a_chapter_and_what_leads_away_is_text(tmp_path):
    for name, text in PAGES.items():
        (tmp_path / name).write_text(text)
    app = SphinxTestApp(
        "latex", srcdir=tmp_path, freshenv=True, confoverrides={"print_entry": "one"}
    )
    try:
        app.build()
        tex = Path(app.outdir, "one.tex").read_text("utf-8")
    finally:
        app.cleanup()
    assert r"\renewcommand\bksubtitle{One}" in tex
    assert r"\chapter{One}" in tex and r"\chapter{Two}" not in tex
    assert "{two}" in tex and "two::doc" not in tex


def test_an_entry_that_is_no_page_is_told(tmp_path):
    with pytest.raises(ConfigError, match="no page is called “none”"):
        extract.page_of(tmp_path, "none")


# -- what only a screen makes true ----------------------------------------------------------------


def test_what_is_true_of_a_screen_is_not_printed_and_what_led_there_is_text():
    box = nodes.container("", paragraph("Tap."), classes=["screen-only"], ids=["map"])
    stays = nodes.reference("", "the map", refid="map", internal=True)
    page = nodes.section("", box, paragraph("See ", stays))
    tables.unlink(page, arrange.leave_out_boxes(page, "screen-only", "web-only"))
    assert page.astext() == "See the map" and not list(page.findall(nodes.reference))


# -- figures --------------------------------------------------------------------------------------


def test_the_list_of_figures_has_how_a_caption_begins_with_its_formulas():
    translator = object.__new__(latex.BookTranslator)
    translator.encode = str
    caption = nodes.caption("", "", TEXT("The rank "), nodes.math("", "r"), TEXT(" of it. More."))
    assert translator.begins(caption) == "The rank $r$ of it"
    long = nodes.caption("", "word " * 40)
    assert len(translator.begins(long)) <= latex.LINE + 2 and translator.begins(long)[-1] == "…"


def test_of_a_long_table_those_rows_are_printed_that_differ():
    made = claims(*[""] * 9)
    for number, row in enumerate(tables.rows_of(made)):
        row["reproduced"] = number != 4
    box = nodes.container("", made)
    arrange.leave_out_rows(box)
    assert len(tables.rows_of(made)) == 1 and box[1].astext().endswith("as printed: 8.")
    short = nodes.container("", claims("", ""))
    assert arrange.leave_out_rows(short) == set() and len(short) == 1


def test_a_note_begins_in_the_line_of_its_name():
    box = nodes.container("", paragraph("2.5 ", classes=["label"]), paragraph("Look twice."))
    arrange.run_in(box[0])
    assert len(box) == 1 and box.astext() == "2.5 Look twice."
    code = nodes.container("", paragraph("2.5", classes=["label"]), nodes.literal_block("", "x"))
    arrange.run_in(code[0])
    assert len(code) == 2


def test_a_page_of_short_notes_is_set_in_two_columns_below_its_heading():
    section = nodes.section("", nodes.title("", "Notes"), paragraph("One."))
    arrange.in_columns(section)
    commands = [node.astext() for node in section.findall(nodes.raw)]
    assert section[0].astext() == "Notes" and section[2].astext() == "One."
    assert commands == [r"\begin{bkcolumns}", r"\end{bkcolumns}"]
