"""Reading times and what a page stands on: counted while the pages are read, never typed."""

import re

import pytest

from tests.build.conftest import PAGE


def front(book, text):
    book.edit("docs/index.md", "# Halves\n", f"# Halves\n\n{text}\n")


def words(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html))


def card(entry):
    adds = "A third {cite:p}`poe2021third{p. 1}`."
    return f":::{{paper}} poe2021third\n:entry: {entry}\n:adds: {adds}\n:::"


def judged(id_, text="", card=""):
    """A page that translates a paragraph and judges it."""
    return f"""# Page {id_}

{card}

:::{{translation}} s0{id_} p1
It {{claim}}`is so <{id_}.1>`.
:::

:::{{annotation}} {id_}.1
:verdict: imprecise

See {{cite:p}}`poe2021third{{p. 1}}`.
:::

{text}
"""


@pytest.mark.parametrize(
    "text",
    [
        "word " * 4000,
        "word {cite:p}`poe2021third{p. 1}` " * 4000,
        "```python\n" + "name = 3\n" * 1000 + "```",
        "$$" + "x + 1 + " * 1000 + "y$$",
        "$x + 1$ " * 1000,
    ],
    ids=["prose", "prose with citations", "code", "equations", "formulas in the line"],
)
def test_a_word_of_code_or_of_an_equation_takes_as_long_as_two_of_prose(book, text):
    front(book, "{reading}`other`.")
    book.page(text)
    assert book.build().status == 0
    assert "about 20 min." in words(book.html("index"))


def test_a_longer_page_changes_the_front_page_too(book):
    front(book, "{reading}`other`, in all {reading}`/`.")
    book.page("word " * 400)
    assert book.build().status == 0
    assert "about 2 min" in words(book.html("index"))
    book.page("word " * 1200)
    assert book.build().status == 0
    assert "about 6 min" in words(book.html("index"))


def test_the_whole_is_the_sum_of_the_pages_that_translate_the_list(book):
    book.write("paragraphs.txt", "s01 p1\ns02 p1\n")
    book.write("docs/other.md", judged(2, "word " * 20_000))
    front(book, "in all {reading}`/`.")
    assert book.build().status == 0
    assert "in all about 2 hours." in words(book.html("index"))


def test_a_page_unknown_to_the_book(book):
    front(book, "{reading}`nowhere`")
    assert book.build().says("index.md:3: WARNING: {reading} knows no page “nowhere”")


def test_a_page_stands_on_those_it_names_but_for_what_they_stand_on(book):
    book.write("paragraphs.txt", "s01 p1\ns02 p1\ns03 p1\n")
    book.write("docs/other.md", judged(2, "See [that](halving.md).", card(2)))
    book.edit("docs/index.md", "other\n", "other\nthird\n")
    book.write("docs/third.md", judged(3, "[One](halving.md), [two](other.md).", card(3)))
    front(book, "- {reading}`other`.\n- {reading}`third`.")
    assert book.build("-j", "2").status == 0
    assert "about 1 min, after 1." in words(book.html("index"))
    assert "about 1 min, after 2." in words(book.html("index"))
    assert "Read before it: Page 2, and what that needs." in words(book.html("third"))
    assert '<a class="reference internal" href="other.html">Page 2</a>' in book.html("third")


def test_a_page_stands_on_the_page_whose_code_it_uses(book):
    book.write("paragraphs.txt", "s01 p1\ns02 p1\n")
    book.edit("docs/index.md", "halving\nother\n", "half\nother\n")
    book.write("docs/half.md", PAGE)
    (book.root / "docs/halving.md").unlink()
    example = "```{doctest}\n>>> from halves.half import half\n>>> half(2)\n1.0\n```"
    book.write("docs/other.md", judged(2, example, card(2)))
    assert book.build().status == 0
    assert "Read before it: Halving" in words(book.html("other"))
    assert "Read before it" not in words(book.html("half"))


def test_what_stands_on_nothing_else_stands_on_the_ground(book):
    book.edit("conf.py", '"book.card"]', '"book.card"]\nreading_ground = "ground"')
    book.edit("docs/index.md", "halving\n", "ground\nhalving\n")
    book.write("docs/ground.md", "# The ground\n\nWords.\n")
    book.write("paragraphs.txt", "s01 p1\ns02 p1\n")
    book.write("docs/other.md", judged(2, "See [that](halving.md).", card(2)))
    assert book.build("-j", "2").status == 0
    assert "Read before it: The ground." in words(book.html("halving"))
    assert "Read before it: Halving" in words(book.html("other"))
    assert "Read before it" not in words(book.html("ground"))
