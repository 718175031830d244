"""A build after any edit equals a clean one: the same bytes, the same warnings, the same status.

A small book has some forty places where it may be this or that, faults among them.  A seeded walk
changes a few at a time, builds the book as its writer would, and compares it with a clean build.
"""

import random
import re
import shutil

import pytest

# Each place with what may stand there: the first is as it should be, and may stand there anyway;
# what comes after None makes the build fail.
TABLE = ":::{table} Another\n:name: tab-another\n\n| a | b |\n|---|---|\n| 1 | 2 |\n:::\n"
PLACES = {
    "title": ["Halving", "To halve"],
    "entry": ["1", "7"],
    "verdict": ["holds", "imprecise"],
    "claim": ["halves the error", "halves every error"],
    "judged": ["So it prints", "So it says, as ever,"],
    "locator": ["§1", "eq. 2"],
    "printed": ["2.0", None, "3.0"],
    "two": ["2", "4 / 2"],
    "head": ["A heading", None, "A lost heading"],
    "more_heads": ["", "## Another heading\n"],
    "label": ["here", None, "there"],
    "second_label": ["second", "another", None, "here"],
    "labelled": ["One more", "One less"],
    "equation": ["eq-one", None, "eq-two"],
    "second_equation": ["eq-last", None, "eq-one"],
    "more_equations": ["", "$$\nz = 1\n$$ (eq-zero)\n"],
    "tex": ["x = y", "x = y^2", None, r"\fraq{1}{2}"],
    "term": ["half", None, "moiety"],
    "meaning": ["One of two equal parts.", "One of two parts."],
    "second_term": ["whole", "all", None, "half"],
    "year": ["2020", "1920"],
    "author": ["Lee, Ann", "Ley, Ann"],
    "key": ["lee2020half", "lee2020halves"],
    "cited": ["poe2021third", "poe2021fifth", None, "poe1999"],
    "works": ["Bibliography", "Works"],
    "figure": ["1", "3"],
    "data": ["5", "6"],
    "caption": ["A line", "One line"],
    "more_figures": ["", TABLE],
    "length": ["", "word " * 700],
    "order": ["halving\nother", "other\nhalving", "The other <other>\nhalving"],
    "part": ["Part", "Part 1"],
    "hidden": [":hidden:", ""],
    "nested": ["deep/down", "deep/up", None, "", "deep/down\ndeep/away"],
    "deep": ["Down", "Far down"],
    "link_down": ["", "[](deep/down.md)"],
    "included": ["Included.", "Included, too."],
    "picture": ["one", "two"],
    "css": ["p { color: red }", "p { color: blue }"],
    "template": ["", "<!-- ours -->"],
    "project": ["Halves", "Thirds"],
    "about": ["", "  html_meta:\n    description: All of it\n"],
}  # fmt: skip

CONF = """
extensions += ["book.glossary", "book.told", "book.repository"]
extensions += ["book.web.crawlers", "book.web.furo"]
project, author, html_theme = "{project}", "Us", "furo"
numfig, nitpicky = True, True
myst_heading_anchors = 3
html_static_path, templates_path, exclude_patterns = ["static"], ["templates"], ["part.txt"]
html_css_files = ["own.css"]
"""
HALVING = """---
myst:
  title_to_header: false
{about}---

# {title}

:::{{paper}} {key}
:entry: {entry}
:adds: Half of all {{cite:p}}`{key}{{§1}}`.
:::

:::{{translation}} s01 p1
The paper {{claim}}`{claim} <1.1>`.
:::

:::{{annotation}} 1.1
:verdict: {verdict}
:now: see {{term}}`half`

{judged} {{cite:p}}`{key}{{{locator}}}`.
:::

:::{{published}} {key}
:where: Table 1
:what: the half of four
:prints: {printed}

```{{doctest}}
>>> from halves.half import half
>>> print(half(4))
2.0
```
:::

## {head}

{more_heads}
{more_equations}
$$
{tex}
$$ ({equation})

({label})=
## {labelled}

{length}
"""
OTHER = """# Other

[It](halving.md#a-heading), [that](#here), {{ref}}`here`, {{eq}}`eq-one`, {{doc}}`halving`,
{{numref}}`tab-one`, {{term}}`half`, {{cite:t}}`{cited}`. {link_down}

```{{include}} part.txt
```

({second_label})=
## Second

$$
a = b
$$ ({second_equation})

{more_figures}
:::{{table}} One
:name: tab-one

| a | b |
|---|---|
| 1 | 2 |
:::

:::{{drawn}} line
:alt: A line.

{caption}.
:::

![a picture]({picture}.png)
"""
INDEX = """# Book

{{count}}`claims` claims, {{count}}`numbers` numbers. {{reading}}`halving`, {{reading}}`/`.

```{{toctree}}
:caption: {part}
{hidden}

{order}
```

```{{toctree}}
:hidden:

{nested}
glossary
ledger
bibliography
```
"""
GLOSSARY = """# Glossary

```{{glossary}}
{term}
  {meaning}

{second_term}
  All of it.
```
"""
BIB = """
@misc{{{key}, author = {{{author} and Poe, Bo}}, title = {{Halves}}, year = {{{year}}}, url = {{https://example.org/h}}}}
@misc{{poe2021third, author = {{Poe, Bo}}, title = {{Thirds}}, year = {{2021}}, url = {{https://example.org/t}}}}
@misc{{poe2021fifth, author = {{Poe, Bo}}, title = {{Fifths}}, year = {{2021}}, url = {{https://example.org/f}}}}
"""
FIGURE = """from pathlib import Path
from matplotlib import pyplot
from halves.half import half

def figure_line():
    fig, ax = pyplot.subplots(figsize=(2, 1))
    ax.plot([0, half({figure}), float((Path(__file__).parents[1] / "data" / "d.txt").read_text())])
    ax.set_axis_off()
    return fig
"""
DOT = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c6360000000020001e221bc330000000049454e44ae426082"
)


def files(book, place):
    """All files of the book as it is to be."""
    parts = {
        "conf.py": book.conf + CONF,
        "docs/halving.md": HALVING,
        "docs/other.md": OTHER,
        "docs/index.md": INDEX,
        "docs/glossary.md": GLOSSARY,
        "docs/part.txt": "{included}\n",
        "docs/bibliography.md": "# {works}\n\n```{{bibliography}}\n:all:\n```\n",
        "references.bib": BIB,
        "halves/ground.py": "TWO = {two}\n",
        "halves/figures/__init__.py": "",
        "halves/figures/other.py": FIGURE,
        "halves/data/d.txt": "{data}",
        "static/own.css": "{css}",
        "templates/page.html": '{{% extends "!page.html" %}}{{% block content %}}{template}'
        "{{{{ super() }}}}{{% endblock %}}",
    }
    made = {name: text.format(**place) for name, text in parts.items()}
    deep = {name for name in place["nested"].split() if name != "deep/away"}
    return made | {f"docs/{name}.md": f"# {place['deep']}\n" for name in deep}


def apply(book, made, before):
    for name in before.keys() - made.keys():
        (book.root / name).unlink()
    for name, text in made.items():
        if text != before.get(name):
            book.write(name, text)


def output(book, out):
    folder = book.root / out
    paths = (path for path in folder.rglob("*") if path.is_file() and path.name[0] != ".")
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def warnings(built):
    return sorted(re.findall(r".*(?:WARNING|ERROR).*", built.said))


def steps(seed):
    """What is changed at each step: each variant once, and at most one fault at a time."""
    dice, faults, edits = random.Random(seed), [], []
    for name, variants in PLACES.items():
        where = variants.index(None) if None in variants else len(variants)
        edits += [(name, variant) for variant in variants[1:where]]
        faults += [(name, variant) for variant in variants[where + 1 :]]
    dice.shuffle(faults)
    dice.shuffle(edits)
    share = -(-len(edits) // len(faults))
    for i, (name, fault) in enumerate(faults):
        good = dict(edits[i * share : (i + 1) * share])
        yield good | {name: fault}
        yield {name: PLACES[name][0]}
    yield {name: variants[0] for name, variants in PLACES.items()}


@pytest.fixture
def walk(book):
    """Builds the book after each step: as its writer does, and from nothing."""
    book.conf = (book.root / "conf.py").read_text()
    for name in ("one", "two"):
        (book.root / "docs" / f"{name}.png").write_bytes(DOT)
    place, before = {name: variants[0] for name, variants in PLACES.items()}, {}

    def step(changes):
        place.update(changes)
        made = files(book, place)
        apply(book, made, before)
        before.clear()
        before.update(made)
        built = book.build()
        clean = book.build(out="clean", doctrees="clean-doctrees")
        found = output(book, "out"), output(book, "clean")
        for folder in ("clean", "clean-doctrees"):
            shutil.rmtree(book.root / folder)
        return built, clean, *found

    return step


def is_faulty(changes):
    places = {name: PLACES[name] for name in changes if None in PLACES[name]}
    return any(vs.index(changes[name]) > vs.index(None) for name, vs in places.items())


@pytest.mark.filterwarnings("ignore::sphinx.deprecation.RemovedInSphinx11Warning")  # Furo
@pytest.mark.parametrize("seed", [1])
def test_an_incremental_build_equals_a_clean_one(walk, seed):
    wrong = []
    for changes in [{}, *steps(seed)]:
        built, clean, here, there = walk(changes)
        told = warnings(built)
        if clean.status != is_faulty(changes) or built.status != clean.status:
            wrong.append((changes, built.status, clean.status, told, warnings(clean)))
        elif told != warnings(clean):
            wrong.append((changes, told, warnings(clean)))
        names = here.keys() | there.keys()
        if files := [name for name in names if here.get(name) != there.get(name)]:
            wrong.append((changes, files))
    assert not wrong, "\n".join(map(str, wrong))


def test_two_processes_write_what_one_writes(book):
    book.conf = (book.root / "conf.py").read_text()
    for name in ("one", "two"):
        (book.root / "docs" / f"{name}.png").write_bytes(DOT)
    apply(book, files(book, {name: variants[0] for name, variants in PLACES.items()}), {})
    for name in ("docs/part/a.md", "docs/part/b.md"):
        book.write(name, "---\norphan: true\n---\n\n# More\n\n$x$ {cite:p}`lee2020half`\n")
    for jobs in ("1", "2"):
        built = book.build("-j", jobs, out=f"by-{jobs}", doctrees=f"doctrees-{jobs}")
        assert built.status == 0, built.said
    assert output(book, "by-1") == output(book, "by-2")
    book.edit("docs/part/a.md", "# More", "(here)=\n# More")
    for _ in range(2):
        built = book.build("-j", "2", out="by-2", doctrees="doctrees-2")
        assert built.says("part/a.md:6: WARNING: the label here stands already in halving.md:")
