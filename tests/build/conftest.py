"""A small book of its own for each test, built by the real Sphinx with the book's extensions."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import pytest
from sphinx.cmd.build import main
from sphinx.highlighting import lexer_classes

ROOT = Path(__file__).resolve().parents[2]
CONF = f"""
import subprocess
import sys
from pathlib import Path
ROOT = Path(__file__).parent
sys.path[:0] = [str(ROOT), {str(ROOT / "docs" / "_extensions")!r}]
extensions = ["myst_parser", "verified_book", "ledger", "book.card"]
project, version, copyright = "Halves", "1", "Ours"
myst_enable_extensions = ["colon_fence", "dollarmath"]
html_theme = "basic"
html_math_renderer = "katex"
verified_package = "halves"
figures_package = "halves.figures"
ledger_paragraphs = "paragraphs.txt"
bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "book"
bibtex_reference_style = "author_year"
"""
PAGE = """# Halving

:::{paper} lee2020half
:entry: 1
:adds: Half of everything {cite:p}`lee2020half{§1}`.
:::

:::{translation} s01 p1
The paper {claim}`halves the error <1.1>`.
:::

:::{annotation} 1.1
:verdict: holds

So it prints {cite:p}`lee2020half{§1}`.
:::

:::{published} lee2020half
:where: Table 1
:what: the half of four
:prints: 2.0

```{doctest}
>>> from halves.half import half
>>> print(half(4))
2.0
```
:::
"""
FILES = {
    "conf.py": CONF,
    "paragraphs.txt": "s01 p1\n",
    "references.bib": """@misc{lee2020half,
  author = {Lee, Ann and Poe, Bo}, title = {Halves}, year = {2020}, url = {https://example.org/h}}
@misc{poe2021third,
  author = {Poe, Bo}, title = {Thirds}, year = {2021}, url = {https://example.org/t}}
""",
    "halves/__init__.py": "",
    "halves/half.py": "from halves.ground import TWO\n\ndef half(x):\n    return x / TWO\n",
    "halves/ground.py": "TWO = 2\n",
    "docs/index.md": """# Halves

{count}`claims` claims, {count}`numbers` numbers, {count}`examples` examples.

```{toctree}
halving
other
ledger
bibliography
```
""",
    "docs/halving.md": PAGE,
    "docs/other.md": "# Other\n\nNothing.\n",
    "docs/ledger.md": """# Ledger

```{ledger} claims
```
```{ledger} numbers reproduced
```
```{ledger} numbers different
```
```{ledger} errata
```
```{ledger} lost
```
""",
    "docs/bibliography.md": "# Bibliography\n\n```{bibliography}\n:all:\n```\n",
}


@dataclass
class Built:
    """How a build ended, and all that it said."""

    status: int
    said: str

    def says(self, *parts):
        return self.status != 0 and all(part in self.said for part in parts)


class Book:
    """The files of a small book, and its builds."""

    def __init__(self, root, capsys, files=FILES, package="halves"):
        self.root, self.capsys, self.package = root, capsys, package
        for name, text in files.items():
            self.write(name, text)

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def edit(self, name, old, new):
        text = (self.root / name).read_text("utf-8")
        assert old in text
        self.write(name, text.replace(old, new))

    def page(self, text):
        """Another page with this text."""
        self.write("docs/other.md", f"# Other\n\n{text}\n")

    def build(self, *options, builder="html", out="out", doctrees="doctrees"):
        self.capsys.readouterr()
        folders = ["-c", self.root, "-d", self.root / doctrees, self.root / "docs"]
        options += ("-W", "--no-color", *map(str, folders), str(self.root / out))
        if "-j" in options:  # readers are forked, which JAX in this process does not allow
            command = [sys.executable, "-m", "sphinx", "-b", builder, *options]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            return Built(done.returncode, done.stdout + done.stderr)
        with patch.dict(lexer_classes):  # Sphinx keeps what a book adds for the whole process
            status = main(["-b", builder, *options])
        for name in [n for n in sys.modules if n.partition(".")[0] == self.package]:
            del sys.modules[name]
        told = self.capsys.readouterr()
        return Built(status, told.out + told.err)

    def html(self, page, out="out"):
        return (self.root / out / f"{page}.html").read_text("utf-8")


@pytest.fixture
def book(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    return Book(tmp_path, capsys)
