"""The verified build: every example is run while its page is read, and none is excused."""

import pytest

from tests.build.conftest import PAGE

WRONG = "```{doctest}\n>>> 1 + 1\n3\n```"


def test_a_good_book_passes_and_says_how_much_it_verified(book):
    built = book.build()
    assert built.status == 0, built.said
    assert "1 claims judged, 1 numbers recomputed (1 as printed)" in built.said
    assert "2 examples verified" in built.said
    assert "1 claims, 1 numbers, 2 examples." in book.html("index")
    assert "verified" in book.html("halving")


@pytest.mark.parametrize("builder", ["html", "latex", "epub"])
def test_a_wrong_example_fails_at_its_line_with_expected_and_got(book, builder):
    book.page(f"Text.\n\n{WRONG}")
    built = book.build(builder=builder)
    assert built.says("other.md:6: WARNING: the example does not hold", "Expected:", "3", "Got:")


def test_an_example_that_raises_fails_with_its_traceback(book):
    book.page("```{doctest}\n>>> x = 1\n>>> x / 0\n1\n```")
    assert book.build().says("other.md:5: WARNING", "ZeroDivisionError")


def test_a_failed_example_shows_on_the_page_what_it_printed(book):
    book.page(WRONG)
    book.build("--keep-going")
    page = book.html("other")
    assert "failed" in page
    assert "Got:" in page


DEEP = """```{doctest}
>>> 1
1
>>> 2
2
>>> def deep():
...     return 1 / 0  # it raises here
```

```{doctest}
>>> deep()
1
```"""


@pytest.mark.parametrize("options", [(), ("-j", "2")], ids=["serial", "parallel"])
def test_a_function_of_an_earlier_block_that_raises_is_shown_at_its_line(book, options):
    book.page(DEEP)
    built = book.build(*options)
    assert built.says("other.md:13: WARNING: the example does not hold", "ZeroDivisionError")
    assert 'File "<doctest other.md:4[2]>", line 2, in deep\n' in built.said
    assert "return 1 / 0  # it raises here\n" in built.said
    assert built.said.count("WARNING") == 1


def test_the_standard_builder_shows_it_too(book):
    book.page(f"{DEEP}\n\n```{{testcode}}\nx = 1\nprint(x)\n```\n\n```{{testoutput}}\n2\n```")
    built = book.build(builder="doctest")
    output = (book.root / "out" / "output.txt").read_text()
    assert built.status == 1
    assert 'File "other.md", line 1' in output
    assert 'File "<doctest other.md:' in output
    assert "return 1 / 0  # it raises here\n" in output
    assert "Expected:\n    2\nGot:\n    1\n" in output  # read, then run: both compile
    assert "7 tests" in output
    assert "2 failures in tests" in output


def test_code_and_its_output_apart_are_run_too_and_told_at_their_line(book):
    good = "```{testcode}\nprint(1)\n```\n\n```{testoutput}\n1\n```"
    book.page(f"{good}\n\n{good.replace('print(1)', 'x = 1' + chr(10) + 'print(x + 1)')}")
    built = book.build()
    assert built.says("other.md:12: WARNING: the example does not hold", "Expected:", "Got:")
    page = book.html("other")
    assert page.count("verified highlight") == page.count("failed highlight") == 1


@pytest.mark.parametrize(
    ("code", "expected", "shown"),
    [
        ('print("a", "")', "a", "Expected:\n    a\nGot:\n    a·"),
        ('print("a\\tb")', "a b", "Expected:\n    a·b\nGot:\n    a→b"),
        ('print("a\\xa0b")', "a b", "Expected:\n    a·b\nGot:\n    a\\xa0b"),
        ('print("a\\u200bb")', "ab", "Expected:\n    ab\nGot:\n    a\\u200bb"),
        ('print("a  c")', "a b", "Expected:\n    a b\nGot:\n    a  c"),
    ],
)
def test_a_difference_that_is_not_seen_is_shown(book, code, expected, shown):
    book.page(f"```{{doctest}}\n>>> {code}\n{expected}\n```")
    assert book.build().says(shown)


@pytest.mark.parametrize("code", ["print(10**6 * 'x')", "for i in range(10**5): print(i)"])
def test_a_megabyte_of_output_is_cut_on_the_terminal_and_on_the_page(book, code):
    book.page(f"```{{doctest}}\n>>> {code}\n1\n```\n")
    built = book.build("-q")
    assert built.says("other.md:4: WARNING: the example does not hold", " more ", "…")
    assert len(built.said) < 10_000
    assert len(book.html("other")) < 50_000


def test_what_an_earlier_page_left_behind_does_not_help_a_later_one(book):
    first = "```{doctest}\n>>> import halves.half, numpy as np\n>>> halves.half.kept = 7\n"
    first += ">>> np.set_printoptions(precision=1)\n>>> name = 1\n```"
    book.write("docs/halving.md", f"{PAGE}\n{first}\n")
    for rest in ("halves.half.kept\n7", "np.array([1 / 3])\narray([0.3])", "name\n1"):
        book.page(f"```{{doctest}}\n>>> import halves.half, numpy as np\n>>> {rest}\n```")
        assert book.build().says("other.md:", "the example does not hold"), rest


def test_an_example_that_does_not_end_is_stopped(book):
    book.edit("conf.py", "verified_package", "verified_seconds = 1\nverified_package")
    book.page("```{doctest}\n>>> while True: pass\n```")
    assert book.build().says("did not finish within 1 s")


def test_the_docstrings_of_a_shown_module_are_run(book):
    docstring = '"""A third.\n\n    >>> third(6)\n    3\n    """'
    book.write("halves/third.py", f"def third(x):\n    {docstring}\n    return x / 3\n")
    book.page("```{literalinclude} ../halves/third.py\n:pyobject: third\n```")
    assert book.build().says("third.py:4: WARNING: the example does not hold", "2.0")


def test_a_page_counts_the_examples_that_stand_on_it_and_no_others(book):
    docstring = '"""{0}\n\n    >>> {0}(6)\n    2.0\n    """'
    for name in ("third", "hidden", "fifth"):
        book.write(
            f"halves/{name}.py",
            "".join(
                f"def {n}(x):\n    {docstring.format(n)}\n    return x / 3\n"
                for n in (name, "other")
            ),
        )
    drawing = (
        "from matplotlib.figure import Figure\nfrom halves import hidden\nfigure_line = Figure\n"
    )
    book.write("halves/figures/__init__.py", "")
    book.write("halves/figures/other.py", drawing)
    book.page(
        "```{doctest}\n>>> from halves.fifth import fifth\n>>> fifth(3)\n1.0\n```\n"
        ":::{drawn} line\n:alt: A line.\n:::\n"
        "```{literalinclude} ../halves/third.py\n:pyobject: third\n```\n"
        "```{literalinclude} ../halves/third.py\n:pyobject: third\n```"
    )
    built = book.build()
    assert built.status == 0, built.said
    assert "5 examples verified" in built.said  # two of halving.md, and three


@pytest.mark.parametrize(
    ("name", "text", "line", "reason"),
    [
        ("odd", "def odd(x):\n    return x / / 2\n", 2, "SyntaxError: invalid syntax"),
        ("bad", "\n\nbad = 1 / 0\n", 3, "ZeroDivisionError: division by zero"),
    ],
)
def test_a_shown_module_that_cannot_be_imported_is_named(book, name, text, line, reason):
    book.write(f"halves/{name}.py", text)
    book.page(f"```{{literalinclude}} ../halves/{name}.py\n```")
    told = f"WARNING: {reason}; nothing that needs it is run: other"
    assert book.build().says(f"halves/{name}.py:{line}: {told}")


# -- when a page is run again ---------------------------------------------------------------------


def test_nothing_is_read_again_without_a_change(book):
    book.build()
    assert "no targets are out of date" in book.build().said


@pytest.mark.parametrize("name", ["half", "ground"])
def test_a_changed_snippet_runs_its_pages_again_also_through_another_snippet(book, name):
    assert book.build().status == 0
    old, new = {"half": ("x / TWO", "x / TWO + 1"), "ground": ("2", "4")}[name]
    book.edit(f"halves/{name}.py", old, new)
    built = book.build()
    assert built.says("halving.md:", "the example does not hold")
    assert "0 added, 1 changed" in built.said


def test_a_failed_build_fails_again_without_a_change_and_passes_once_mended(book):
    book.page(WRONG)
    for _ in range(3):
        assert book.build().says("other.md:4", "the example does not hold")
    book.page(WRONG.replace("3", "2"))
    assert book.build().status == 0


@pytest.mark.parametrize("changed", ["a setting", "data"])
def test_what_all_examples_stand_on_runs_every_page_with_examples_again(book, changed):
    book.page("```{doctest}\n>>> 1\n1\n```")
    assert book.build().status == 0
    if changed == "data":
        book.write("halves/data/numbers.csv", "1,2\n")
    else:
        book.edit("conf.py", "project", "doctest_global_setup = 'extra = 1'\nproject")
    assert "2 changed" in book.build().said
    assert "0 changed" in book.build().said


def test_a_build_that_was_cut_off_is_not_taken_for_a_good_one(book):
    assert book.build().status == 0
    (book.root / "doctrees" / "running-html.json").touch()
    assert "5 changed" in book.build().said
    assert "0 changed" in book.build().said


def test_a_removed_page_is_missed_where_it_is_named(book):
    assert book.build().status == 0
    (book.root / "docs" / "other.md").unlink()
    assert book.build().says("index.md", "other")
    assert book.build().says("index.md", "other")


# -- and when not ---------------------------------------------------------------------------------

COUNTED = """Prose.

```{{doctest}}
>>> from halves.half import half
>>> with open({log!r}, "a") as log: _ = log.write("run ")
>>> half(4)
2.0
```
"""


@pytest.fixture
def counted(book):
    """A book that notes each run of its page's examples."""
    log = book.root / "log"
    book.page(COUNTED.format(log=str(log)))
    book.runs = lambda: len(log.read_text().split()) if log.exists() else 0
    assert book.build().status == 0
    assert book.runs() == 1
    return book


def test_an_edit_of_prose_runs_nothing_and_the_page_counts_as_before(counted):
    counted.edit("docs/other.md", "Prose.", "More\n\nprose.")
    built = counted.build()
    assert built.status == 0
    assert "0 added, 1 changed" in built.said
    assert "5 examples verified" in built.said
    assert "verified highlight" in counted.html("other")
    assert counted.runs() == 1


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("docs/other.md", ">>> half(4)", ">>> half(4.0)"),
        ("docs/other.md", "2.0\n", "2.0\n>>> 1\n1\n"),
        ("docs/other.md", "{doctest}\n", "{doctest}\n:options: +ELLIPSIS\n\n"),
        ("docs/other.md", "Prose.", "```{testsetup}\nx = 1\n```"),
        ("halves/half.py", "TWO\n\n", "TWO\n\n# a note\n\n"),
        ("halves/ground.py", "2", "1 + 1"),
        ("halves/__init__.py", "", "# a note"),
        ("conf.py", "project", "doctest_global_setup = 'extra = 1'\nproject"),
    ],
)
def test_any_other_edit_runs_it_again(counted, file, old, new):
    counted.edit(file, old, new)
    assert counted.build().status == 0
    assert counted.runs() == 2
    assert counted.build().status == 0
    assert counted.runs() == 2


def test_a_page_that_failed_is_run_again_and_told_at_its_new_line(counted):
    counted.edit("docs/other.md", "2.0", "2.5")
    assert counted.build().says("other.md:8: WARNING: the example does not hold")
    counted.edit("docs/other.md", "Prose.", "More\n\nprose.")
    assert counted.build().says("other.md:10: WARNING: the example does not hold")
    counted.edit("docs/other.md", "2.5", "2.0")
    assert counted.build().status == 0
    assert counted.runs() == 4


def test_parallel_readers_remember_too(counted):
    counted.edit("halves/ground.py", "2", "1 + 1")
    assert counted.build("-j", "2").status == 0
    assert counted.runs() == 2
    counted.edit("docs/other.md", "Prose.", "More prose.")
    assert counted.build("-j", "2").status == 0
    assert counted.runs() == 2


# -- in parallel ------------------------------------------------------------------------------


NUMBERED = """# Page {i}

:::{{translation}} s02 p{i}
It {{claim}}`is {i} <2.{i}>`, $x_{i}$.
:::

:::{{annotation}} 2.{i}
:verdict: opinion

By {{cite:p}}`poe2021third`.
:::

```{{doctest}}
>>> from halves.half import half
>>> half({double})
{number}.0
```
"""


def many_pages(book, broken=None):
    names = [f"page{i}" for i in range(12)]
    for i, name in enumerate(names):
        number = 0 if i == broken else i
        book.write(f"docs/{name}.md", NUMBERED.format(i=i, double=2 * i, number=number))
    book.write("paragraphs.txt", "".join(["s01 p1\n", *(f"s02 p{i}\n" for i in range(12))]))
    book.edit("docs/index.md", "halving\n", "\n".join(["halving", *names, ""]))


def test_a_parallel_build_writes_what_a_serial_one_writes(book):
    many_pages(book)
    assert book.build(out="serial", doctrees="d1").status == 0
    built = book.build("-j", "2", out="parallel", doctrees="d2")
    assert built.status == 0, built.said
    written = sorted(path.name for path in (book.root / "serial").glob("*.html"))
    assert len(written) > 15
    assert written == sorted(path.name for path in (book.root / "parallel").glob("*.html"))
    for name in written:
        serial, parallel = (
            (book.root / out / name).read_bytes() for out in ("serial", "parallel")
        )
        assert parallel.splitlines() == serial.splitlines(), name


def test_a_parallel_build_fails_where_a_serial_one_does(book):
    many_pages(book, broken=7)
    assert book.build("-j", "2").says("page7.md:15: WARNING: the example does not hold")
    assert book.build("-j", "2").says("page7.md:15: WARNING: the example does not hold")
