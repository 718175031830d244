"""Exercises: what a page shows of them, and what the build refuses, with file and line."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MACHINERY = (ROOT / "snippets" / "exercises" / "__init__.py").read_text("utf-8")
MODULE = '''"""Exercises of halving."""

import numpy as np

from halves.exercises import exercise
from halves.ground import TWO


@exercise("write-half")
def half(x):
    """The half of each number.

    >>> half(np.array([4.0])).tolist()
    [2.0]
    """
    two = float(TWO)
    return x / two  # yours


@half.case
def a_matrix():
    """a matrix"""
    return np.array([[1.0, 2]])


@half.case
def integers():
    """an integer"""
    return 3


@half.wrong("The half, not the double.")
def doubled(x):
    return x * TWO


@half.wrong("The half of an odd number is no integer.")
def floored(x):
    return x // TWO


@half.wrong("Half of it stays.")
def nothing(x):
    return x * 0.0
'''
PAGE = """# Other

::::{exercise} predict-half
:kind: predict
:level: 1

What is the half of three?

:::{hint}
Not one.
:::

:::{hint}
Nor two.
:::

:::{solution}
Something between.

```{doctest}
>>> from halves.half import half
>>> half(3)
1.5
```
:::
::::

::::{exercise} change-half
:kind: change
:level: 3

Divide by three.

:::{solution}
It is a third.
:::
::::

::::{exercise} write-half
:kind: write
:level: 2

Write it.

:::{hint}
Divide.
:::
::::
"""
LINE = {text: i for i, text in enumerate(MODULE.splitlines(), 1)}


@pytest.fixture
def book(book):
    book.edit("conf.py", '"book.card"', '"book.card", "book.exercises"')
    book.write("halves/exercises/__init__.py", MACHINERY)
    book.write("halves/exercises/other.py", MODULE)
    book.write("docs/other.md", PAGE)
    return book


def box(html, id_):
    """An exercise's part of the page."""
    return html.partition(f'id="exercise-{id_}"')[2].partition('class="exercise ')[0]


def text(html):
    return re.sub(r"<[^>]+>", "", html)


# -- what a page shows ----------------------------------------------------------------------------


def test_a_page_numbers_its_exercises_and_says_kind_and_level(book):
    assert book.build().status == 0
    html = text(book.html("other"))
    for label in (
        "Exercise 1 · predict · level 1 (easy)",
        "Exercise 2 · change · level 3 (hard)",
        "Exercise 3 · write · level 2 (takes a while)",
    ):
        assert label in html


def test_hints_and_solutions_are_folded_in_their_order(book):
    assert book.build().status == 0
    part = box(book.html("other"), "predict-half")
    found = re.findall(r"<details[^>]*>\s*<summary>(.+?)</summary>", part)
    assert found == ["Hint 1 of 2", "Hint 2 of 2", "Solution"]
    assert "<details open" not in part
    assert "<summary>Hint</summary>" in box(book.html("other"), "write-half")


def test_to_predict_the_code_stands_before_the_folds_without_its_answer(book):
    assert book.build().status == 0
    task, _, folds = box(book.html("other"), "predict-half").partition("<details")
    assert "half(3)" in text(task)
    assert "1.5" not in text(task) and "&gt;&gt;&gt;" not in task
    assert "1.5" in text(folds)


def test_to_write_the_stub_comes_from_the_solution_and_the_solution_is_folded(book):
    assert book.build().status == 0
    task, _, folds = box(book.html("other"), "write-half").partition("<details")
    assert "two = float(TWO)\n    ...\n" in text(task)
    assert "The half of each number." in text(task)
    assert "At hand: np, TWO." in text(task)
    assert "return x / two\n" in text(folds)
    assert "The half of each number." not in text(folds)


def test_where_nothing_folds_all_is_open(book):
    assert book.build(builder="epub", out="epub", doctrees="e").status == 0
    page = (book.root / "epub" / "other.xhtml").read_text("utf-8")
    assert page.count("<details") == len(re.findall('<details[^>]* open="open"', page)) == 6
    assert book.build(builder="latex", out="latex", doctrees="l").status == 0
    tex = (book.root / "latex" / "halves.tex").read_text("utf-8")
    assert tex.index("Hint 2 of 2") < tex.index("Something between") < tex.index("Divide by three")


def test_an_exercise_can_be_linked_to(book):
    book.edit("docs/halving.md", "# Halving\n", "# Halving\n\n[it](#exercise-write-half)\n")
    told = book.build("-j", "2")  # in a process of its own: MyST warns of what it is to lose
    assert told.status == 0, told.said
    assert 'href="other.html#exercise-write-half"' in book.html("halving")


# -- what is refused on a page --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "id_", "said"),
    [
        (":kind: change\n", "", "change-half", " has no :kind:"),
        (":level: 3\n", "", "change-half", " has no :level:"),
        ("} change-half", "} Change_half", "Change_half", ": an id has small letters"),
        ("} change-half", "} predict-half", "predict-half", " stands already in other.md:3"),
        (":::{solution}\nIt is a third.\n:::\n", "", "change-half", " has no {solution}"),
        (
            "```{doctest}\n>>> from halves.half import half\n>>> half(3)\n1.5\n```\n",
            "",
            "predict-half",
            ": no example in its {solution} prints the answer",
        ),
        (
            "} write-half",
            "} write-third",
            "write-third",
            ' has no function: add @exercise("write-third") to other.py',
        ),
    ],
)
def test_a_page_is_refused_at_the_line_of_the_exercise(book, old, new, id_, said):
    book.edit("docs/other.md", old, new)
    lines = (book.root / "docs/other.md").read_text("utf-8").splitlines()
    line = max(i for i, text in enumerate(lines, 1) if text == f"::::{{exercise}} {id_}")
    assert book.build().says(f"other.md:{line}: WARNING: exercise {id_}{said}")


def test_an_id_stands_once_in_the_book(book):
    book.write("halves/exercises/halving.py", MODULE)
    book.edit("docs/halving.md", "# Halving\n", PAGE.replace("# Other", "# Halving"))
    assert book.build().says("exercise write-half stands already in halving.md:39: choose another")


# -- what is refused in a module ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        (
            "return x / two  # yours",
            "return x * two  # yours",
            "def half(x):",
            "exercise write-half: our own solution fails. With the example",
        ),
        (
            "    two = float(TWO)\n    return x / two  # yours",
            "    return x / TWO\n    x + 1  # yours",
            "def half(x):",
            "exercise write-half: the stub passes as it is",
        ),
        (
            "return x // TWO",
            "return x / TWO",
            '@half.wrong("The half of an odd number is no integer.")',
            "exercise write-half: the wrong answer floored passes",
        ),
        (
            "return x // TWO",
            "return x + x",
            '@half.wrong("The half of an odd number is no integer.")',
            "exercise write-half: floored behaves just as doubled",
        ),
        (
            '@half.wrong("Half of it stays.")\n',
            "",
            "def half(x):",
            "exercise write-half has not three wrong answers",
        ),
        ("@half.case\ndef i", "def i", "def half(x):", "exercise write-half has not two cases"),
        (
            '    """an integer"""\n',
            "",
            "def integers():",
            "exercise write-half: say in a docstring what is tried",
        ),
        (
            ">>> half(np.array([4.0])).tolist()\n    [2.0]",
            ">>> half(np.array([4.0])), np.int64\n    (array([2.]), <class 'numpy.int64'>)",
            "def half(x):",
            "exercise write-half: an example prints how wide integers are",
        ),
        (
            "    return 3\n",
            "    return np.array([2**31 + 1])\n",
            "def half(x):",
            "exercise write-half: with integers of 32 bits",
        ),
        (
            "    return 3\n",
            "    return unknown\n",
            "def half(x):",
            "exercise write-half cannot be judged: NameError: name 'unknown'",
        ),
        (
            "import numpy as np\n",
            "import numpy as np\nimport unknown\n",
            None,
            "the exercises cannot be imported: ModuleNotFoundError: No module named 'unknown'",
        ),
        (
            "return x * TWO",
            "return x *",
            "    return x * TWO",
            "this is no Python: invalid syntax",
        ),
    ],
)
def test_a_module_is_refused_at_the_line_of_the_function(book, old, new, at, said):
    book.edit("halves/exercises/other.py", old, new)
    told = book.build()
    assert told.says(said)
    line = int(re.search(rf"other\.py:(\d+): WARNING: {re.escape(said)}", told.said)[1])
    assert at is None or abs(line - LINE[at]) <= 1


def test_an_answer_that_never_ends_is_told_of(book):
    book.edit("conf.py", "project, ", "verified_seconds = 2\nproject, ")
    book.edit("halves/exercises/other.py", "return x // TWO", "while True: pass")
    assert book.build().says("other.py:1: WARNING: the exercises did not finish within 2 s")


def test_a_function_stands_on_its_page(book):
    book.edit("docs/other.md", PAGE[PAGE.index("::::{exercise} write") :], "")
    said = "exercise write-half stands on no page: add it to other.md"
    assert book.build().says(f"other.py:{LINE['def half(x):']}: WARNING: {said}")


def test_a_module_has_a_page(book):
    book.write("halves/exercises/nobody.py", MODULE)
    assert book.build().says("nobody.py:1: WARNING: these exercises have no page")


# -- what is remembered ---------------------------------------------------------------------------


def test_what_held_is_tried_again_only_when_its_ground_has_changed(book):
    log = book.root / "log"
    count = f"with open({str(log)!r}, 'a') as log:\n    log.write('x')\n"
    book.edit("halves/exercises/other.py", "\n\n@exercise", f"\n\n{count}\n\n@exercise")
    assert book.build().status == 0
    assert log.read_text() == "x"
    book.edit("docs/other.md", "Divide by three.", "Divide it by three.")
    assert book.build().status == 0
    assert log.read_text() == "x"
    book.edit("halves/ground.py", "TWO = 2", "TWO = 2  # two")
    assert book.build().status == 0
    assert log.read_text() == "xx"
    book.edit("halves/ground.py", "TWO = 2", "TWO = 3")
    for _ in range(2):  # what failed is never remembered as good
        assert book.build().says("our own solution fails")
