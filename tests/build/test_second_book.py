"""A second book uses ``verified_book`` alone, and has all of it: nothing there is of this book."""

import re
import sys
from pathlib import Path

import pytest

from tests.build.conftest import ROOT, Book

FILES = {
    "conf.py": f"""
import sys
from pathlib import Path
sys.path[:0] = [str(Path(__file__).parent), {str(ROOT / "docs" / "_extensions")!r}]
extensions = ["myst_parser", "verified_book"]
project = "Circles"
myst_enable_extensions = ["colon_fence", "dollarmath"]
verified_package = "circles"
bibtex_bibfiles = ["works.bib"]
bibtex_default_style = "book"
bibtex_reference_style = "author_year"
""",
    "works.bib": """@book{euclid300elements, author = {Euclid}, title = {Elements}, year = {1908},
  publisher = {Dover}}
""",
    "circles/__init__.py": "",
    "circles/ring.py": "def around(radius):\n    return 2 * 3.14 * radius\n",
    "circles/figures/__init__.py": "",
    "circles/figures/index.py": """from matplotlib import pyplot

def figure_ring():
    figure, axes = pyplot.subplots(figsize=(3, 3))
    axes.plot([0, 1], [1, 0])
    return figure
""",
    "docs/index.md": """# Circles

All are alike {cite:p}`euclid300elements{book 3}`.

$$
c = 2 \\pi r
$$ (eq-around)

:::{drawn} ring
:alt: A line.

A line.
:::

```{doctest}
>>> from circles.ring import around
>>> round(around(1), 2)
6.28
```

```{toctree}
works
```
""",
    "docs/works.md": "# Works\n\n```{bibliography}\n```\n",
}


@pytest.fixture
def second(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return Book(tmp_path, capsys, FILES, "circles")


def test_it_is_verified_drawn_and_cited_and_its_maths_is_styled(second):
    built = second.build()
    assert built.status == 0, built.said
    page, static = second.html("index"), second.root / "out" / "_static"
    assert re.search(r'class="[^"]*\bverified\b', page)
    assert 'class="katex"' in page and "_static/katex/katex.css" in page
    style = static / "katex" / "katex.css"
    fonts = re.findall(r"url\(([^)]+\.woff2)\)", style.read_text("utf-8"))
    assert fonts and all((style.parent / font).exists() for font in fonts)
    picture = re.search(r'src="(_images/[^"]+\.svg)"', page)[1]
    assert (second.root / "out" / picture).read_bytes().startswith(b"<?xml")
    assert "Euclid 1908" in re.sub(r"<[^>]+>", "", second.html("works"))
    assert 'href="works.html#' in page


def test_a_wrong_digit_is_caught(second):
    second.edit("docs/index.md", "6.28", "6.29")
    assert second.build().says("index.md:17: WARNING: the example does not hold", "6.29", "6.28")


def test_it_asks_for_nothing_of_this_book(second):
    assert second.build().status == 0
    loaded = [path.name for path in (second.root / "out" / "_static").iterdir()]
    assert not {"ledger.css", "popups.css", "book.css"} & {*loaded}


def test_without_code_of_its_own_it_is_a_book_too(second):
    for name in ("circles/ring.py", "circles/figures/index.py"):
        Path(second.root, name).unlink()
    second.edit("conf.py", 'verified_package = "circles"\n', "")
    second.write("docs/index.md", "# Circles\n\n```{doctest}\n>>> 1 + 1\n2\n```\n\n"
                 "```{toctree}\nworks\n```\n")  # fmt: skip
    built = second.build()
    assert built.status == 0, built.said
