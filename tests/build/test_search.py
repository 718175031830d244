"""What the search can find by name, and where that leads."""

import json

import pytest

PAGE = """# Other

## Halving again

Words.

## Summary

Words.

```{literalinclude} ../halves/half.py
:pyobject: half
```
"""
ALIASES = """# What readers call things

"other#halving-again" = ["Bisection", "cut in two"]
"other#code-half" = ["hlf"]
"other" = ["The other"]
"""


@pytest.fixture
def book(book):
    book.edit("conf.py", '"book.card"]', '"book.card"]\nsearch_aliases = "docs/aliases.toml"')
    book.write("docs/aliases.toml", ALIASES)
    book.write("docs/other.md", PAGE)
    return book


def index(book, out="out"):
    return json.loads((book.root / out / "searchindex.js").read_text("utf-8")[16:-1])


def names(book):
    """Each name of the index, with its kind and where it leads."""
    found = index(book)
    return {
        f"{prefix}.{name}".lstrip("."): (found["objnames"][str(kind)][1], anchor)
        for prefix, objects in found["objects"].items()
        for _, kind, _, anchor, name in objects
    }


def test_sections_functions_and_claims_are_found_by_name(book):
    assert book.build().status == 0
    found = names(book)
    assert found["Summary"] == ("section", "summary")
    assert found["half · hlf"] == ("function", "code-half")
    assert found["1.1 · halves the error"] == ("claim", "claim-1.1")
    assert 'id="code-half"' in book.html("other")


def test_other_names_stand_beside_the_heading(book):
    assert book.build().status == 0
    assert names(book)["Halving again · Bisection · cut in two"] == ("section", "halving-again")
    assert names(book)["Other · The other"] == ("page", "other")


def test_a_name_can_lead_to_any_place_that_has_one(book):
    book.write("docs/aliases.toml", '"halving#claim-1.1" = ["the first"]\n')
    assert book.build().status == 0
    assert names(book)["the first"] == ("name", "claim-1.1")


def test_a_name_that_leads_nowhere(book):
    book.write("docs/aliases.toml", ALIASES + '"other#gone" = ["lost"]\n')
    said = "docs/aliases.toml:6: WARNING: no page has a place other#gone"
    assert book.build().says(said)
    assert book.build().says(said)  # nothing has changed, and it is still so


def test_a_changed_name_is_found_though_no_page_has_changed(book):
    assert book.build().status == 0
    book.edit("docs/aliases.toml", "Bisection", "Dichotomy")
    assert book.build().status == 0
    assert "Halving again · Dichotomy · cut in two" in names(book)


def test_a_later_build_has_the_index_of_a_clean_one(book):
    assert book.build().status == 0
    book.edit("docs/other.md", "## Summary", "## The end")
    assert book.build().status == 0
    assert book.build(out="clean", doctrees="clean-doctrees").status == 0
    assert index(book) == index(book, "clean")
    assert "The end" in names(book) and "Summary" not in names(book)


def test_a_heading_that_many_pages_have_names_no_place(book):
    pages = [f"page{i}" for i in range(12)]
    book.edit("docs/index.md", "other\n", "\n".join(["other", *pages, ""]))
    for page in pages:
        book.write(f"docs/{page}.md", f"# {page}\n\n## In short\n\nWords.\n")
    assert book.build().status == 0
    assert "In short" not in names(book) and "Summary" in names(book)


def test_words_are_kept_as_both_spellings_have_them(book):
    book.edit("docs/other.md", "Words.", "Initialization, and a behaviour that is labelled.")
    assert book.build().status == 0
    assert {"initialis", "behavior", "label"} <= {*index(book)["terms"]}
