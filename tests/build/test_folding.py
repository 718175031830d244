"""What the HTML folds, and that the other editions show it."""

import pytest
from bs4 import BeautifulSoup

from ledger.outcomes import comes_out
from ledger.records import Number
from tests.build.test_ledger import published, with_paragraphs


def notes(book, *judged):
    """A page with a claim for each (verdict, options, text)."""
    claims = ". ".join(f"{{claim}}`words {i} <2.{i}>`" for i, _ in enumerate(judged, 1))
    boxes = "\n".join(
        f":::{{annotation}} 2.{i}\n:verdict: {verdict}\n{options}\n{text}\n:::\n"
        for i, (verdict, options, text) in enumerate(judged, 1)
    )
    with_paragraphs(book, "s02 p1")
    book.page(f":::{{translation}} s02 p1\n{claims}.\n:::\n\n{boxes}")
    assert book.build().status == 0
    return BeautifulSoup(book.html("other"), "html.parser")


def lines(page):
    return [" ".join(line.get_text().split()) for line in page.select(".note > summary")]


CITED = "It is so {cite:p}`poe2021third{p. 1}`. Then more."


def test_an_annotation_is_folded_behind_its_number_its_verdict_and_how_it_begins(book):
    page = notes(book, ("imprecise", "", CITED))
    assert lines(page) == ["2.1 imprecise It is so. Then more."]
    box = page.select_one("details.note > .annotation")
    assert box["id"] == "annotation-2.1"
    assert box.find_all(recursive=False)[-1].select_one("a.back")["href"] == "#claim-2.1"
    assert not page.select("summary [id], summary a")


def test_a_long_beginning_is_cut_between_words(book):
    (line,) = lines(notes(book, ("holds", "", "word " * 60 + "{cite:p}`poe2021third{p. 1}`")))
    assert line.endswith("word …") and len(line) < 130


def test_formal_claims_that_hold_come_first_and_share_a_line(book):
    page = notes(
        book,
        ("holds", ":kind: number\n", CITED),
        ("holds", ":kind: author\n", CITED),
        ("wrong", ":kind: title\n", CITED),
        ("holds", ":kind: link\n", CITED),
    )
    assert lines(page)[:2] == ["2.2 author holds", "2.4 link holds"]
    assert [line[:9] for line in lines(page)[2:]] == ["2.1 holds", "2.3 wrong"]
    assert len(page.select(".formal > details")) == 2


def test_a_text_with_formal_claims_alone_lends_its_notes_to_the_next(book):
    with_paragraphs(book, "s02 p1", "s02 p2")
    judged = (
        ":::{{annotation}} 2.{}\n:verdict: holds\n{}\n"
        + CITED.replace("{", "{{").replace("}", "}}")
        + "\n:::\n\n"
    )
    book.page(
        ":::{translation} s02 p1\n{claim}`a title <2.1>`\n:::\n\n"
        + judged.format(1, ":kind: title\n")
        + ":::{translation} s02 p2\n{claim}`words <2.2>`\n:::\n\n"
        + judged.format(2, "")
    )
    assert book.build().status == 0
    page = BeautifulSoup(book.html("other"), "html.parser")
    (reading,) = page.select(".reading")
    assert [box["id"] for box in reading.select(".translation")] == ["list-s02-p1", "list-s02-p2"]
    assert [line[:3] for line in lines(page)] == ["2.1", "2.2"]


@pytest.mark.parametrize("builder", ["epub", "latex"])
def test_other_editions_show_all(book, builder):
    notes(book, ("imprecise", "", "It is so {cite:p}`poe2021third{p. 1}`."))
    if builder == "latex":
        book.edit("conf.py", "project, ", 'latex_engine = "xelatex"\nproject, ')
    assert book.build(builder=builder, out=builder).status == 0
    files = [*(book.root / builder).glob("*.tex"), *(book.root / builder).glob("other.xhtml")]
    text = "".join(file.read_text("utf-8") for file in files)
    assert text.count("It is so") == 1
    assert "<details" not in text and "The computation" not in text
    assert "We compute 2.0" in text or builder == "epub"


# -- tables ---------------------------------------------------------------------------------------


def table(book, prints, computed, because=""):
    rows = " | ".join(f"row {i}" for i, _ in enumerate(computed, 1))
    book.page(published(" | ".join(prints), computed, rows, because))
    assert book.build().status == 0
    return BeautifulSoup(book.html("other"), "html.parser").select_one(".published")


def rows(part):
    return [row.td.get_text().strip() for row in part.select("tbody tr")]


def test_a_short_table_is_shown_and_its_computation_folded(book):
    box = table(book, ["1", "2"], ["1", "2"])
    assert box.select_one(".comes-out").get_text() == "All 2 numbers come out as printed."
    assert rows(box) == ["row 1", "row 2"]
    (fold,) = box.select("details")
    assert fold.summary.get_text() == "The computation (4 lines)"
    assert fold.select_one("pre")


def test_of_a_long_table_the_first_rows_are_shown(book):
    numbers = [str(i) for i in range(1, 10)]
    shown, rest = table(book, numbers, numbers).select("table")
    assert rows(shown) == ["row 1", "row 2", "row 3"]
    assert rows(rest.find_parent("details")) == [f"row {i}" for i in range(4, 10)]


def test_of_a_long_table_the_rows_that_differ_are_shown(book):
    numbers = [str(i) for i in range(1, 10)]
    because = ":because: row 5: slip, it is 50 {cite:p}`poe2021third{p. 2}`"
    box = table(book, numbers, [*numbers[:4], "50", *numbers[5:]], because)
    shown, rest = box.select("table")
    assert rows(shown) == ["row 5"] and len(rows(rest)) == 8
    assert "8 rows, all as printed" in rest.find_parent("details").summary.get_text()


def test_a_row_has_a_place_that_the_ledger_leads_to(book):
    box = table(book, ["1", "2"], ["1", "2"])
    places = [row.select_one("[id]")["id"] for row in box.select("tbody tr")]
    assert places == [f"{box['id']}-line-{i}" for i in (1, 2)]
    for place in places:
        assert f'href="other.html#{place}"' in book.html("ledger")


def test_a_page_may_say_itself_what_comes_out(book):
    book.page(published("1", ["1"], because=":says: One *is* one."))
    assert book.build().status == 0
    assert '<p class="comes-out">One <em>is</em> one.</p>' in book.html("other")
    assert "We compute" not in book.html("other")


def test_an_example_that_fails_is_in_sight(book):
    book.page(published("1", ["1"]).replace("\n1\n", "\n2\n"))
    book.edit("docs/other.md", ":prints: 1", ":prints: 2")
    assert book.build("--keep-going").says("other.md")
    html = book.html("other")
    assert "failed" in html and "The computation" not in html


def numbers(*found):
    fixed = {"docname": "x", "line": 1, "key": "k", "where": "", "what": "", "anchor": "a"}
    fixed |= {"reason": [], "evidence": []}
    return [
        Number(**fixed, row=f"r{i}", printed=p, computed=c, cause=cause, index=i)
        for i, (p, c, cause) in enumerate(found, 1)
    ]  # fmt: skip


SAME = ("1", "1", None)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([SAME], "We compute 1, as printed."),
        ([(">1", "2", None)], "We compute 2, and >1 is printed."),
        ([("1", "2", "slip")], "We compute 2, where the paper prints 1."),
        ([SAME] * 3, "All 3 numbers come out as printed."),
        (
            [SAME, ("1", "2", "slip")],
            "Of 2 numbers 1 comes out as printed; r2 (a slip) differs.",
        ),
        (
            [SAME, ("1", "2", "rounding"), SAME, ("1", "2", "unknown"), ("3", "4", "rounding")],
            "Of 5 numbers 2 come out as printed; r2 and r5 (rounding), r4 (cause unknown) differ.",
        ),
        ([("1", "2", "slip")] * 2, "Of 2 numbers none comes out as printed."),
        ([SAME, *[("1", "2", "slip")] * 5], "Of 6 numbers 1 comes out as printed."),
    ],
)
def test_what_comes_out_in_a_sentence(found, said):
    assert comes_out(numbers(*found)) == said


def test_the_button_comes_only_where_there_are_notes(book):
    assert book.build().status == 0
    assert "notes.js" in book.html("halving") and "notes.js" not in book.html("other")


ASKED = """## Questions readers ask

### Is it so?

It is so {cite:p}`poe2021third{p. 1}`, by {eq}`eq-so`. More of it.

$$
a = b
$$ (eq-so)

```{doctest}
>>> 1 + 1
2
```

## Since then

### Is this asked?

No.
"""


@pytest.fixture
def asked(book):
    book.edit("conf.py", '"book.card"]', '"book.card", "book.questions"]')
    book.page(ASKED)
    return book


def test_an_answer_is_folded_behind_how_it_begins(asked):
    assert asked.build().status == 0
    page = BeautifulSoup(asked.html("other"), "html.parser")
    (answer,) = page.select("details.answer")
    assert answer.summary.get_text().strip() == "It is so, by. More of it."
    assert answer.find_previous_sibling().name == "h3"
    assert answer.parent["id"] == "is-it-so"
    assert answer.select_one("p a") and answer.select_one(".verified")


def test_an_answer_with_an_example_that_fails_is_open(asked):
    asked.page(ASKED.replace("\n2\n", "\n3\n"))
    asked.build()
    page = BeautifulSoup(asked.html("other"), "html.parser")
    assert not page.select("details.answer") and "It is so" in page.get_text()
