"""Every ``>>>`` that a reader sees was run, however it came to the page."""

import pytest

FENCE = "```python\n>>> 1 + 1\n3\n```"
QUOTED = "\n".join(f"> {row}" for row in FENCE.split("\n"))


def not_run(place):
    return f"{place}: WARNING: Sphinx would not run this `>>>`"


@pytest.mark.parametrize(
    ("unseen", "line"),
    [
        (FENCE, 4),
        ("```pycon\n>>> 1 + 1\n3\n```", 4),
        ("```{code-block} python\n>>> 1 + 1\n3\n```", 4),
        ("    >>> 1 + 1\n    3", 3),
        ("- item\n\n      >>> 1 + 1\n      3", 5),
        (QUOTED, 4),
        (QUOTED.replace("> ", "> > "), 4),
        ("```{raw} html\n<p>Text</p>\n<pre>&gt;&gt;&gt; 1 + 1\n3</pre>\n```", 5),
        ("<pre>&gt;&gt;&gt; 1 + 1\n3</pre>", 3),
        (r"\>>> 1 + 1", 3),
        ("`>>> 1 + 1`", 3),
        ("| `>>> 1 + 1` |\n|---|\n| 2 |", 3),
        ("```{doctest}\n>>> 1\n1\n>>> # 1 + 1\n```", 6),
        ("```{math}\n>>> 1\n```", 4),
        ("% >>> 1 + 1", None),
    ],
)
def test_a_prompt_that_sphinx_would_not_run_is_refused_once_at_its_line(book, unseen, line):
    book.page(unseen)
    built = book.build()
    if line is None:  # a reader does not see it
        assert built.status == 0, built.said
        return
    assert built.says(not_run(f"other.md:{line}"))
    assert built.said.count("WARNING") == 1


@pytest.mark.filterwarnings("ignore:.*BuildEnvironment.app")  # MyST's include asks for it
def test_a_prompt_of_an_included_page_is_refused_in_its_file(book):
    book.write("fragment.txt", f"Text.\n\n{FENCE}\n")
    book.page("```{include} ../fragment.txt\n```")
    for _ in range(2):
        built = book.build()
        assert built.says(not_run("fragment.txt:4"))
        assert built.said.count("WARNING") == 1


@pytest.mark.parametrize("options", ["", ":lines: 2-3\n", ":linenos:\n"])
def test_a_prompt_of_a_file_that_is_shown_is_refused_in_that_file(book, options):
    book.write("session.txt", "Text.\n>>> 5 + 5\n11\n")
    book.page(f"```{{literalinclude}} ../session.txt\n{options}```")
    built = book.build()
    assert built.says(not_run("session.txt:2"))
    assert built.said.count("WARNING") == 1


def test_a_docstring_example_that_is_shown_was_run(book):
    docstring = '"""{0}.\n\n    >>> {0}(6)\n    2.0\n    """'.format
    functions = [
        f"def {n}(x):\n    {docstring(n)}\n    return x / 3\n" for n in ("third", "other")
    ]
    book.write("halves/third.py", "\n\n".join(functions))
    book.page("```{literalinclude} ../halves/third.py\n```")
    assert book.build().status == 0
    assert book.build(builder="latex", out="latex").status == 0
    book.edit("halves/third.py", "\n\ndef other", "\n# >>> other(6)\n\ndef other")
    assert not book.build().status


def test_what_an_extension_writes_late_is_refused_too(book):
    late = """
from docutils import nodes
def add(app, doctree, docname):
    if docname == "other":
        doctree += nodes.literal_block("", ">>> 1 + 1")
def setup(app):
    app.connect("doctree-resolved", add)
"""
    book.write("conf.py", (book.root / "conf.py").read_text() + late)
    assert book.build().says(not_run("other.md:1"))


def test_what_is_added_in_the_html_is_counted(book):
    late = """
def add(app, docname, template, context, doctree):
    if docname == "other":
        context["body"] += "<pre>\\n&gt;&gt;&gt; 1 + 1</pre>"
def setup(app):
    app.connect("html-page-context", add, priority=1)
"""
    book.write("conf.py", (book.root / "conf.py").read_text() + late)
    told = "the page shows 1 `>>>`, and the build knows of 0: something adds them in the HTML"
    assert book.build().says("other.md: WARNING: " + told)


@pytest.mark.parametrize(
    "seen",
    [
        "The prompt `>>>` stands in the line.",
        "```{doctest}\n>>> print('>>> 1')\n>>> 1\n>>> for i in range(1):\n...   print(i)\n0\n```",
        "```{doctest}\n>>> 1 # doctest: +ELLIPSIS\n1\n>>> print('a\\n\\nb')\na\n<BLANKLINE>\nb"
        "\n```",
        "```{code-block} python\nx >>> 1\n```",
    ],
)
def test_what_was_run_or_is_no_prompt_passes(book, seen):
    book.page(seen)
    built = book.build()
    assert built.status == (1 if "print('>>> 1')" in seen else 0), built.said


@pytest.mark.parametrize(
    "skipped",
    [
        "```{doctest}\n:options: +SKIP\n\n>>> 1 + 1\n3\n```",
        "```{doctest}\n:skipif: True\n\n>>> 1 + 1\n3\n```",
        "```{doctest}\n>>> 1 + 1 # doctest: +SKIP\n3\n```",
    ],
)
def test_a_skipped_example_is_rejected(book, skipped):
    book.page(skipped)
    assert book.build().says("other.md:", "this example is skipped")


def test_a_hidden_example_is_rejected(book):
    book.page("```{doctest}\n:hide:\n\n>>> 1 + 1\n2\n```")
    assert book.build().says("other.md:", "this example is hidden")


def test_an_example_that_doctest_cannot_read_is_told_at_its_line(book):
    book.page("```{doctest}\n>>> 1\n1\n>>>1\n1\n```\n\n```{doctest}\n>>> 1\n1\n```")
    built = book.build()
    assert built.says("other.md:6: WARNING: this example cannot be read", "blank after >>>")
    assert ".rst" not in built.said
    assert built.said.count("WARNING") == 1
