"""Code on the page: lines that wrap, parts that are quiet, and shapes that explain themselves."""

import re

import pytest

from book.shapes import explained
from verified_book.listings import LineFormatter, computing_lines, quiet_parts

CODE = '''def half(x: Float[Array, "n d"], by: float = 2.0) -> Float[Array, "n d"]:
    """Half of x — or less."""
    check_sizes("half", by=by)
    if by < 1:
        raise ValueError("half: by is too small")
    if not x.size:
        return x
    out = x / by
    return out
'''


def test_annotations_docstring_and_checks_are_quiet():
    assert [CODE[start:end].partition("\n")[0] for start, end in quiet_parts(CODE)] == [
        'Float[Array, "n d"]',
        "float",
        'Float[Array, "n d"]',
        '"""Half of x — or less."""',
        'check_sizes("half", by=by)',
        "if by < 1:",
        'raise ValueError("half: by is too small")',
    ]


def test_the_other_lines_of_a_function_compute():
    lines = CODE.splitlines()
    assert [lines[n - 1].strip() for n in sorted(computing_lines(CODE))] == [
        "if not x.size:", "return x", "out = x / by", "return out",
    ]  # fmt: skip


def test_a_check_within_what_computes_is_quiet():
    code = (
        "def f(xs):\n    for x in xs:\n        if x < 0:\n            raise Wrong\n        y = x\n"
    )
    assert computing_lines(code) == {2, 5}


@pytest.mark.parametrize("code", [">>> half(2)\n1.0\n", "def half(", "x = 1\n", ""])
def test_what_is_no_function_has_no_mark(code):
    assert quiet_parts(code) == []
    assert computing_lines(code) == set()


def test_a_line_knows_how_far_in_it_begins_and_is_copied_as_it_was():
    from pygments import highlight
    from pygments.lexers import PythonConsoleLexer, PythonLexer

    html = highlight("if x:\n    y = 1\n", PythonLexer(), LineFormatter())
    assert re.findall(r'<span style="--in:(\d+)">', html) == ["4"]
    html = highlight(">>> for x in y:\n...     x\n1 < 2\n", PythonConsoleLexer(), LineFormatter())
    assert re.findall(r'<span style="--in:(\d+)">', html) == ["4", "8"]
    assert re.sub("<[^>]+>", "", html).strip() == "&gt;&gt;&gt; for x in y:\n...     x\n1 &lt; 2"


# -- shapes ---------------------------------------------------------------------------------------

MYST = pytest.mark.filterwarnings("ignore:.*MystReferenceResolver.app")  # its links ask for it
MEANS = {"b": "batches", "n": "positions", "d": "width"}


@pytest.mark.parametrize(
    ("shape", "says"),
    [
        ("n d", "n: positions\nd: width"),
        (" d", "d: width"),
        ("n n", "n: positions"),
        ("*b #n", "*b: any number of axes, such as batches\n#n: positions, or 1 for all alike"),
        ("2*n 3", "2*n: n are positions\n3: just 3"),
        ("", "a single number"),
        ("...", "...: any number of axes"),
        ("q", "q: ?"),
    ],
)
def test_a_shape_says_what_its_letters_mean(shape, says):
    assert explained(shape, MEANS) == says


NOTATION = """# Notation

| in a shape | meaning |
|---|---|
| `n`, `m` | positions |

| in a shape | meaning | on |
|---|---|---|
| `n` | words & more | [here](other.md) |
"""
SHAPED = '```python\nx: Float[Array, "n m"]\ny: Float[Array, "n m"]\n```'


@pytest.fixture
def shaped(book):
    book.edit("conf.py", '"book.card"]', '"book.card", "book.web.highlighting", "book.shapes"]')
    book.write("docs/notation.md", NOTATION)
    book.edit("docs/index.md", "other\n", "other\nnotation\n")
    book.page(SHAPED)
    return book


def titles(book, page="other"):
    return re.findall(r'<abbr class="ss" tabindex="0"(?: title="([^"]*)")?>', book.html(page))


@MYST
def test_the_first_of_a_shape_has_its_meaning_and_a_row_of_the_page_wins(shaped):
    assert shaped.build().status == 0
    assert titles(shaped) == ["n: words &amp; more\nm: positions", ""]


@MYST
def test_a_meaning_that_changes_is_told_on_the_pages_that_show_the_letter(shaped):
    assert shaped.build().status == 0
    shaped.edit("docs/notation.md", "words & more", "letters")
    assert shaped.build().status == 0
    assert titles(shaped)[0] == "n: letters\nm: positions"


@MYST
def test_a_letter_without_a_meaning(shaped):
    shaped.page(SHAPED.replace("n m", "n k"))
    for _ in range(2):
        told = "no table says what “k” means in the shape “n k”"
        assert shaped.build().says("other.md:3: WARNING: " + told)


@MYST
def test_an_epub_has_shapes_without_titles(shaped):
    assert shaped.build(builder="epub").status == 0
    assert "<abbr" not in (shaped.root / "out" / "other.xhtml").read_text("utf-8")


def test_a_block_is_marked_once_and_again_when_all_pages_are_read_anew(book):
    book.page("```python\nonce = 1\n```")
    assert book.build().status == 0
    kept = [
        path for path in (book.root / "doctrees/marked").iterdir() if "once" in path.read_text()
    ]
    kept[0].write_text("<pre>kept</pre>")
    book.page("```python\nonce = 1\n```\n\nWords.")
    assert book.build().status == 0
    assert "<pre>kept</pre>" in book.html("other")
    assert book.build("-E").status == 0
    assert "<pre>kept</pre>" not in book.html("other") and "once" in book.html("other")


def test_a_block_that_cannot_be_marked_fails_every_build(book):
    book.page("```python\n? no Python $\n```")
    for _ in range(2):
        assert book.build().says("other.md:3", "resulted in an error")
