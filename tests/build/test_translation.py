"""The door to other languages: what is offered to translators, and a book in another language.

The other language is made by a machine: ¤each message stands between two marks¥, and what a
reader reads outside of marks is what no translator was asked for.
"""

import ast
import json
import re
from collections import Counter
from html import unescape
from html.parser import HTMLParser

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from tests.build.conftest import CONF, FILES, PAGE, ROOT, Book
from tests.build.test_exercises import MACHINERY, MODULE
from tests.build.test_exercises import PAGE as EXERCISES
from tests.build.test_figures import CODE

EXTENSIONS = ROOT / "docs" / "_extensions"
MORE = """
:::{published} lee2020half
:where: Table 2
:what: halves of *some* numbers
:says: They come out, but for one.
:rows: of four | of six
:prints: 2.0 | 3.1
:because: of six: slip, the paper **misprints** it

```{doctest}
>>> print(half(4))
2.0
>>> print(half(6))
3.0
```
:::

:::{published} lee2020half
:where: Table 3
:what: halves again
:rows: of eight | of ten
:prints: 4.0 | 5.1
:because: of ten: slip, it is a misprint too

```{doctest}
>>> print(half(8))
4.0
>>> print(half(10))
5.0
```
:::

:::{erratum} lee2020half
:where: §2
:reads: twice $x$
:should: half of $x$

So it prints {cite:p}`lee2020half{§3}`, and again {cite:p}`lee2020half{§3}`.
:::

:::{lost} s01 p1
The original has a picture {cite:p}`lee2020half{p. 1}`.
:::

## The idea

A half is less, as [above](#halving), by {term}`half`, and by {ledger:claim}`1.1` too; $x / 2$.

$$
y = x / 2
$$ (eq-half)

The shape:

| in a shape | meaning |
|---|---|
| `n` | how many numbers |

:::{drawn} line
:alt: A line in a picture.

A line through *two* points.
:::

```{next-token} writing
```

```{specimen} 1.1
```

```{glossary}
half
  One of two equal parts.
```
"""
CARD = ":entry: 1\n:judged: version one\n"
JUDGED = """:verdict: imprecise
:fault: author
:now: It thirds it.
:was: wrong, 2026-11-01, the evidence: it halves
:kind: number, halves
"""
TOKENS = '\n\ndef tokens_writing():\n    return "the ", [[("cat", 0.6), ("dog", 0.4)]]\n'
SETTINGS = """
extensions += ["book.exercises", "book.glossary", "book.shapes", "book.front", "book.downloads"]
extensions += ["book.repository"]
gettext_compact = False
locale_dirs = [str(ROOT / "locales")]
numfig = True
myst_heading_anchors = 2
repository_url = "https://example.org/book"
citation = {"authors": [{"name": "Ours"}], "title": "H", "version": "1",
            "date-released": "2026-11-29"}
citing_page = reporting_page = "ledger"
"""
FORMULA = "y = x / 2"


class Silent:
    """Stands for capsys: each build here is a process of its own."""

    def readouterr(self): ...


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    book = Book(tmp_path_factory.mktemp("book"), Silent())
    book.write("conf.py", CONF + SETTINGS)
    book.write(
        "docs/halving.md",
        PAGE.replace(":verdict: holds\n", JUDGED).replace(":entry: 1\n", CARD) + MORE,
    )
    book.write("docs/other.md", EXERCISES)
    book.write("halves/exercises/__init__.py", MACHINERY)
    book.write("halves/exercises/other.py", MODULE)
    book.write("halves/figures/__init__.py", "")
    book.write("halves/figures/halving.py", CODE + TOKENS)
    views = "```{ledger} corrections\n```\n```{ledger} kinds\n```\n"
    book.write("docs/ledger.md", FILES["docs/ledger.md"] + views)
    return book


def build(book, out, *options, **chosen):
    built = book.build(*options, "-j", "2", out=out, doctrees=f"{out}-doctrees", **chosen)
    assert built.status == 0, built.said


@pytest.fixture(scope="module")
def offered(book):
    """The messages of each catalogue."""
    build(book, "pot", builder="gettext")
    found = {}
    for path in sorted((book.root / "pot").rglob("*.pot")):
        with path.open("rb") as file:
            found[path.stem] = read_po(file)
    return found


@pytest.fixture(scope="module")
def translated(book, offered):
    """The book in English, and in catalogues in which each message stands between two marks."""
    build(book, "en")
    for name, catalogue in offered.items():
        for message in catalogue:
            if message.id:
                message.string = f"¤{message.id}¥"
        path = book.root / "locales" / "eo" / "LC_MESSAGES" / f"{name}.mo"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            write_mo(file, catalogue)
    build(book, "eo", "-D", "language=eo")
    return book


# -- what is offered ------------------------------------------------------------------------------


def test_translators_are_asked_for_what_is_read_and_for_nothing_else(offered):
    page, words = (set(message.id for message in offered[name]) for name in ("halving", "sphinx"))
    assert page >= {
        *("Halving", "The idea", "The shape:", "how many numbers", "half", "A line in a picture."),
        "The paper {claim}`halves the error <1.1>`.",
        "So it prints {cite:p}`lee2020half{§1}`.",
        *("Half of everything {cite:p}`lee2020half{§1}`.", "version one", "It thirds it."),
        *("the evidence: it halves", "halves", "halves of *some* numbers", "of four", "of six"),
        *("They come out, but for one.", "the paper **misprints** it", "twice $x$"),
        *("half of $x$", "A line through *two* points.", "One of two equal parts."),
    }
    assert words >= {
        *("holds", "imprecise", "slip", "printed", "{} claims hold", "Cited in {}", "hard"),
        *("Of {all} numbers {agree} come out as printed", "the author", "Report an error"),
    }
    said = "\n".join(
        filter(None, (str(m.id) for catalogue in offered.values() for m in catalogue))
    )
    assert FORMULA not in said and ">>>" not in said and ":prints:" not in said


def test_no_word_of_the_extensions_is_missed(offered):
    """Babel sees none in an f-string."""
    calls = (
        node
        for path in EXTENSIONS.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"_", "N_"}
    )
    words = {call.args[0].value for call in calls if isinstance(call.args[0], ast.Constant)}
    assert words and words - {message.id for message in offered["sphinx"]} == set()


def test_a_message_says_where_it_stands(offered):
    assert offered["halving"].get("version one").locations == [("../docs/halving.md", 3)]
    (place,) = offered["sphinx"].get("Cited in {}").locations
    assert place[0].endswith("verified_book/citations.py")


# -- a book in another language -------------------------------------------------------------------


class Reader(HTMLParser):
    """What is read on a page, in its text and in what is said aloud; not code, nor formulas."""

    UNREAD = {"pre", "code", "script", "style", "annotation", "textarea"}
    VOID = {"br", "col", "hr", "img", "input", "link", "meta"}

    def __init__(self):
        super().__init__()
        self.above, self.said = [], []

    @property
    def reads(self):
        unread = any(tag in self.UNREAD or "katex" in kinds for tag, kinds in self.above)
        return not unread and any("body" in kinds for _, kinds in self.above)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if self.reads:
            self.said += [given[name] for name in ("title", "alt", "aria-label") if name in given]
        if tag not in self.VOID:
            self.above.append((tag, {*(given.get("class") or "").split()}))

    def handle_endtag(self, tag):
        while tag not in self.VOID and self.above.pop()[0] != tag:
            pass

    def handle_data(self, data):
        if self.reads:
            self.said.append(data)


def unmarked(html):
    """The words of a page that stand outside of marks."""
    reader = Reader()
    reader.feed(html)
    text, depth, left = " ".join(reader.said), 0, []
    for piece in re.split("([¤¥])", text):
        depth += {"¤": 1, "¥": -1}.get(piece, 0)
        if depth == 0 and piece != "¥":
            left += re.findall(r"[^\W\d_]{2,}", unescape(piece))
    return left


def counted(book, out):
    text = re.sub(r"<[^>]+>|[¤¥]", "", book.html("index", out))
    return re.search(r"(\d+) claims, (\d+) numbers, (\d+) examples", text).groups()


def test_a_translated_book_says_as_much_and_is_verified_as_much(translated):
    assert counted(translated, "eo") == counted(translated, "en") == ("1", "5", "8")
    ids = [
        re.findall(r'id="((?:claim|annotation|published|erratum|lost|row)-[^"]+)"', page)
        for page in (translated.html("halving", out) for out in ("eo", "en"))
    ]
    assert ids[0] == ids[1] != []
    assert (
        Counter(re.findall(r'id="(id\d+)"', translated.html("halving", "eo"))).most_common(1)[0][1]
        == 1
    )
    english, eo = (json.loads((translated.root / out / "data/claims.json").read_text("utf-8"))
                   for out in ("en", "eo"))  # fmt: skip
    (claim,), (told,) = english["claims"], eo["claims"]
    assert {name for name in claim if claim[name] != told[name]} == {
        "now",
        "reason",
        "was",
        "case",
    }


def test_a_translated_book_is_refused_where_it_is_wrong(translated):
    translated.edit("docs/halving.md", "\n4.0\n", "\n4.1\n")
    built = translated.build("-D", "language=eo", "-j", "2", out="eo", doctrees="eo-doctrees")
    translated.edit("docs/halving.md", "\n4.1\n", "\n4.0\n")
    assert built.says("the example does not hold", "halving.md")


THEIRS = "Link to this heading image term Fig Table"  # Sphinx has them; this language has them not
KEPT = (
    "Lee and Poe Ann Bo Halves Thirds arXiv URL https example org BibTeX"  # works, and how cited
)
INSIDE = "the cat halves error"  # what a model wrote; words of a claim, marked around it


def test_all_that_is_read_is_translated(translated):
    left = {}
    for page in ("index", "halving", "other", "ledger", "bibliography"):
        words = unmarked(translated.html(page, "eo"))
        left[page] = {*words} - {*f"{THEIRS} {KEPT} {INSIDE}".split()}
    assert set().union(*left.values()) == set(), left


def test_what_scripts_say_is_translated(translated, offered):
    assert {"Open all notes", "Copied."} <= {message.id for message in offered["sphinx"]}
    said = re.search(r'data-words="([^"]+)"', translated.html("halving", "eo"))[1]
    assert json.loads(unescape(said))["Open all notes"] == "¤Open all notes¥"
    assert (translated.root / "eo/_static/languages.js").exists()
    assert "languages.js" not in translated.html("halving", "en")
