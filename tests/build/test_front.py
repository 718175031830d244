"""The map of the pages, a model that writes, a specimen: made by the build, and made anew."""

import pytest

from tests.build.test_reading import card, front, judged, words


@pytest.fixture
def book(book):
    book.edit("conf.py", '"book.card"]', '"book.card", "book.front"]')
    return book


def map_of(book):
    """The links of the map, and how many lines lead to each box."""
    drawn = book.html("index").partition('class="path-map"')[2].partition("</svg>")[0]
    return {box.partition('"')[0]: box.count("<path") for box in drawn.split('<a href="')[1:]}


@pytest.fixture
def mapped(book):
    front(book, "```{path-map}\n```")
    book.write("paragraphs.txt", "s01 p1\ns02 p1\n")
    book.write("docs/other.md", judged(2, "No link.", card(2)))
    return book


def test_the_map_is_drawn_again_when_a_page_stands_on_another(mapped):
    assert mapped.build("-j", "2").status == 0
    assert map_of(mapped) == {"halving.html": 0, "other.html": 0}
    mapped.edit("docs/other.md", "No link.", "[A link](halving.md).")
    assert mapped.build("-j", "2").status == 0
    assert map_of(mapped) == {"halving.html": 0, "other.html": 1}
    later = mapped.html("index")
    assert mapped.build("-j", "2", out="clean", doctrees="clean-doctrees").status == 0
    assert later == (mapped.root / "clean" / "index.html").read_text("utf-8")


def test_the_map_is_drawn_again_when_a_title_changes(mapped):
    assert mapped.build("-j", "2").status == 0
    mapped.edit("docs/other.md", "# Page 2", "# Another name")
    assert mapped.build("-j", "2").status == 0
    assert 'aria-label="Another name"' in mapped.html("index")


def test_the_map_loads_its_style_where_it_stands_and_nowhere_else(mapped):
    assert mapped.build("-j", "2").status == 0
    assert "front.css" in mapped.html("index")
    assert "front.css" not in mapped.html("other")


WRITES = """def tokens_writing():
    return "So it", [[(" is", 0.75), (" was", 0.25)], [("!", 0.5), (".", 0.5)]]
"""


@pytest.fixture
def writing(book):
    front(book, "```{next-token} writing\n```")
    book.write("halves/figures/__init__.py", "")
    book.write("halves/figures/index.py", WRITES)
    return book


def test_a_model_writes_and_each_token_shows_its_chances(writing):
    assert writing.build().status == 0
    page = writing.html("index")
    assert page.count('type="radio"') == 2 and page.count(" checked>") == 1
    assert "After “So it is”" in words(page)
    assert "75\u00a0%" in page


def test_a_model_that_writes_otherwise_changes_the_page(writing):
    assert writing.build().status == 0
    writing.edit("halves/figures/index.py", " was", " were")
    assert writing.build().status == 0
    assert "␣were" in writing.html("index")


def test_other_editions_have_a_list(writing):
    assert writing.build(builder="epub").status == 0
    page = (writing.root / "out" / "index.xhtml").read_text("utf-8")
    assert "radio" not in page and "So it is … “!” 50\u00a0%" in page


def test_a_model_that_does_not_write(writing):
    writing.edit("halves/figures/index.py", "tokens_writing", "tokens_reading")
    assert writing.build().says("index.md:3: WARNING: the model of {next-token} writing does not")


def test_a_specimen_says_what_its_page_says(book):
    front(book, "```{specimen} 1.1\n```")
    assert book.build().status == 0
    assert "1.1 “halves the error” holds So it prints (Lee" in words(book.html("index"))
    book.edit("docs/halving.md", "So it prints", "It prints so")
    assert book.build().status == 0
    assert "It prints so (Lee" in words(book.html("index"))


def test_a_specimen_that_is_no_claim(book):
    front(book, "```{specimen} 7.7\n```")
    assert book.build().says("index.md:3: WARNING: {specimen} knows no claim “7.7”")
