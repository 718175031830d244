"""What a work and a term mean, told where a page names them first; and Chinese names that a search
finds."""

import json

import pytest

GLOSSARY = """# Other

{term}`half`, and {term}`half` again.

```{glossary}
half
one in two
  One of two equal parts.
  Chinese: 一半，半.

whole
  All of it.
```
"""
NAMES = {"一半", "半", "Chinese", "All of it"}


@pytest.fixture
def book(book):
    book.edit("conf.py", '"book.card"]', '"book.card", "book.glossary"]')
    return book


def test_a_work_is_told_once_on_a_page(book):
    assert book.build().status == 0
    page = book.html("halving")
    assert page.count("bibliography.html#") > 1
    assert page.count('title="Ann Lee and Bo Poe. Halves.') == 1


def test_a_term_is_told_once_on_a_page(book):
    book.write("docs/other.md", GLOSSARY)
    assert book.build().status == 0
    assert book.html("other").count('title="One of two equal parts."') == 1


def test_a_changed_meaning_changes_the_pages_that_use_the_term(book):
    book.write("docs/other.md", GLOSSARY)
    book.edit("docs/halving.md", "# Halving\n", "# Halving\n\nBy {term}`half`.\n")
    assert book.build().status == 0
    book.edit("docs/other.md", "One of two equal parts.", "What is left of two.")
    assert book.build().status == 0
    assert 'title="What is left of two."' in book.html("halving")


def test_the_search_index_leads_from_a_chinese_name_to_its_term(book):
    book.write("docs/other.md", GLOSSARY)
    book.write("docs/last.md", "# Last\n")
    book.edit("docs/index.md", "other\n", "other\nlast\n")
    for text in ("Once.", "Again: a later build that reads another page keeps them."):
        book.write("docs/last.md", f"# Last\n\n{text}\n")
        assert book.build().status == 0
        index = json.loads((book.root / "out/searchindex.js").read_text("utf-8")[16:-1])
        named = {entry[4]: entry[3] for entry in index["objects"][""] if entry[4] in NAMES}
        assert named == {"一半": "term-half", "半": "term-half"}
