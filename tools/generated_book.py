"""A book of any size with the measures of ours, to time the build on and to try it at scale.

A page has about 1200 words, ten equations on lines of their own and ten in the text, 14 examples
in five blocks, six citations, a table, and a snippet of its own that stands on two others.
The same sources build with our extensions, with stock ones, or as notebooks of MyST-NB.
"""

import random
import re
import textwrap
from pathlib import Path

BOOK = Path(__file__).resolve().parent.parent
EXAMPLES_ON_A_PAGE = 14
PAGES_ON_A_BASE = 5

WORDS = re.findall(
    r"\w+",
    """
    attention query key value token position layer width head mask score weight matrix product
    sum mean variance gradient step loss reward policy model paper table figure author claim
    sentence word sequence encoder decoder embedding vocabulary batch epoch parameter estimate
    computes shows gives takes holds moves reads writes adds scales keeps loses learns grows
    small large early late plain deep wide narrow sparse dense linear causal frozen trained
    the a each every one this that its for with without over under between before after when
    """,
)

DISPLAYED = [
    r"\operatorname{{softmax}}\left(\frac{{Q_{{{k}}} K_{{{k}}}^\top}}{{\sqrt{{d_k}}}}\right) V",
    r"\mathcal{{L}}_{{{k}}} = -\sum_{{t=1}}^{{n}} \log p_\theta(x_t \mid x_{{<t}})",
    r"y = \gamma_{{{k}}} \odot \frac{{x - \mu}}{{\sqrt{{\sigma^2 + \epsilon}}}} + \beta",
    r"\begin{{aligned}} h &= W_{{{k}}} \max(0, W_1 x + b_1) \\ y &= x + h \end{{aligned}}",
    r"\mathbb{{E}}_{{D_{{{k}}}}}\left[ r(x, y) - \beta \log \frac{{\pi(y|x)}}{{\rho(y|x)}}\right]",
]
INLINE = [
    r"x_{{{k}}} \in \mathbb{{R}}^{{n \times d}}",
    r"O(n^2 d_{{{k}}})",
    r"\alpha_{{{k}}} = 1/\sqrt{{d_k}}",
]

GROUND = '''
"""What every snippet stands on."""
import numpy as np


def softmax(x):
    """Rows of weights that sum to one."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)
'''

BASE = '''
"""What five pages share."""
import numpy as np

from snippets.ground import softmax


def attend(q, k, v):
    """Scaled dot-product attention."""
    return softmax(q @ k.T / np.sqrt(k.shape[-1])) @ v
'''

SNIPPET = '''
"""The snippet of page {k}."""
import numpy as np

from snippets.base{base} import attend


def tokens(n, d=8, seed={k}):
    """A sequence of n random vectors."""
    return np.random.default_rng(seed).normal(size=(n, d))


def block(x, steps={steps}):
    """Attention to itself, some steps deep, with a residual."""
    for _ in range(steps):
        x = x + attend(x, x, x)
    return x
'''

EXAMPLES = [
    """
    >>> import numpy as np
    >>> from snippets.{page} import attend, block, tokens
    >>> from snippets.ground import softmax
    """,
    """
    >>> x = tokens(64)
    >>> x.shape
    (64, 8)
    >>> np.allclose(softmax(x).sum(axis=-1), 1)
    True
    """,
    """
    >>> order = np.random.default_rng(0).permutation(64)
    >>> np.allclose(block(x[order]), block(x)[order])
    True
    >>> np.allclose(block(x), block(x + 0.1))
    False
    """,
    """
    >>> one = attend(x[:1], x[:1], x[:1])
    >>> np.array_equal(one, x[:1])
    True
    >>> print(f"{{np.abs(attend(0 * x, x, x) - x.mean(axis=0)).max():.9f}}")
    0.000000000
    """,
    """
    >>> y = block(x, steps=3)
    >>> [bool(np.isfinite(y).all()), y.dtype.name]
    [True, 'float64']
    """,
]

TABLE = """
| model | layers | width |
|---|---|---|
| small | {k} | 512 |
| large | {double} | 1024 |
"""

ENTRY = """@article{{author{k:03},
  author = {{Author{k}, Anna and Writer{k}, Boris and Third, Carl}},
  title = {{Paper {k}: {title}}},
  journal = {{Journal of Examples}},
  volume = {{{k}}},
  year = {{{year}}},
  url = {{https://example.org/{k}}},
}}
"""

# The book’s own settings, for pages that stand in another folder.
OURS = """
import sys
from pathlib import Path
BOOK = Path({book!r})
sys.path.insert(0, str(BOOK))
from conf import *
ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))
ledger_paragraphs = ""
ledger_to_come = set()
citing_page = reporting_page = ledger_documentation = ""  # it has no such pages
reading_ground = search_aliases = ""
html_static_path = [str(BOOK / path) for path in html_static_path]
templates_path = [str(BOOK / path) for path in templates_path]
"""

STOCK = """
import sys
from pathlib import Path
sys.path.insert(0, str(Path(__file__).resolve().parent))
project = "A generated book"
extensions = ["myst_parser", "sphinx_design", "sphinx_copybutton", "sphinx.ext.mathjax",
              "sphinx.ext.doctest", "sphinxcontrib.bibtex"]
myst_enable_extensions = ["attrs_block", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
bibtex_bibfiles = ["references.bib"]
html_theme = "furo"
exclude_patterns = ["_*"]
"""

NOTEBOOKS = (
    STOCK.replace('"myst_parser"', '"myst_nb"')
    + """
import os
os.environ["PYTHONPATH"] = os.path.dirname(__file__)  # for the kernels
nb_execution_mode = "cache"
nb_execution_raise_on_error = True
"""
)

HEADER = """---
file_format: mystnb
kernelspec:
  name: python3
---
"""


def sentence(rng):
    words = rng.choices(WORDS, k=rng.randint(8, 16))
    return " ".join(words).capitalize() + "."


def paragraph(rng, words):
    """Sentences, one on a line, of about so many words."""
    lines = []
    while sum(len(line.split()) for line in lines) < words:
        lines.append(sentence(rng))
    return lines


def page(k, entries, notebook=False):
    """The source of page k."""
    rng, name = random.Random(k), f"page{k:03}"
    block = "{code-cell} python" if notebook else "{doctest}"
    parts = [f"({name})=\n# Page {k}", "\n".join(paragraph(rng, 90))]
    for part, example in enumerate(EXAMPLES):
        code = textwrap.dedent(example).strip().format(page=name)
        if notebook:
            code = "\n".join(row[4:] for row in code.split("\n") if row.startswith(">>>"))
        parts.append(f"## Part {part}")
        for half in range(2):
            text = paragraph(rng, 95)
            n = 100 * k + 10 * part + half
            text[0] += f" Here ${INLINE[n % len(INLINE)].format(k=n)}$."
            if 2 * part + half < 6:
                where = f"author{rng.randrange(entries):03}{{§{part + 1}}}"
                text[-1] = f"{text[-1][:-1]} {{cite:p}}`{where}`."
            parts.append("\n".join(text))
            parts.append(f"$$\n{DISPLAYED[(n + half) % len(DISPLAYED)].format(k=n)}\n$$")
        parts.append(f"```{block}\n{code}\n```")
    parts.append(TABLE.strip().format(k=k + 1, double=2 * k + 2))
    parts.append(f"```{{literalinclude}} ../snippets/{name}.py\n:pyobject: block\n```")
    return (HEADER if notebook else "") + "\n\n".join(parts) + "\n"


def index(pages):
    names = [f"page{k:03}" for k in range(pages)]
    return "\n".join(["# A generated book", "", "```{toctree}", *names, "bibliography", "```", ""])


def sources(pages, entries=150, notebook=False):
    """Every file of the book but conf.py: its path, its text."""
    rng = random.Random(entries)
    yield "docs/index.md", index(pages)
    yield "docs/bibliography.md", "# Bibliography\n\n```{bibliography}\n:all:\n```\n"
    yield (
        "references.bib",
        "\n".join(
            ENTRY.format(k=k, title=sentence(rng)[:-1], year=1990 + k % 35) for k in range(entries)
        ),
    )
    yield "snippets/__init__.py", '"""One module for each page."""\n'
    yield "snippets/ground.py", GROUND.lstrip()
    for base in range(-(-pages // PAGES_ON_A_BASE)):
        yield f"snippets/base{base}.py", BASE.lstrip()
    for k in range(pages):
        base = k // PAGES_ON_A_BASE
        yield f"snippets/page{k:03}.py", SNIPPET.lstrip().format(k=k, base=base, steps=k % 3 + 2)
        yield f"docs/page{k:03}.md", page(k, entries, notebook)


def generate(root, pages=25, conf=OURS, notebook=False):
    """Writes the book; returns its folder."""
    root = Path(root)
    for name, text in sources(pages, notebook=notebook):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    configure(root, conf)
    return root


def configure(root, conf):
    Path(root, "conf.py").write_text(conf.replace("{book!r}", repr(str(BOOK))), "utf-8")
