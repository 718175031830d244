"""The Sphinx configuration of the book.  Its pages are in docs/, its code in snippets/."""

import doctest
import gc
import os
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent
if not os.environ.get("SOURCE_DATE_EPOCH"):
    os.environ.pop("SOURCE_DATE_EPOCH", None)  # empty: nobody knows the date
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # small matrices: one thread is faster
gc.set_threshold(100_000, 50, 100)  # a build makes many nodes, and hardly a cycle to collect
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "_extensions")]
N_ = str  # marks a word that is offered to translators

project = "From Attention to RLHF"
version = release = "0.1"
author = "The founders of From Attention to RLHF"
copyright = "The founders; the translation renders others’ text"
language = "en"
root_doc = "index"
exclude_patterns = ["_*", "README.md"]

extensions = [
    "myst_parser",
    "sphinx_design",
    "sphinx_copybutton",
    "verified_book",
    "ledger",
    "book",
]

# Markdown
myst_enable_extensions = [
    "attrs_block",
    "attrs_inline",
    "colon_fence",
    "deflist",
    "dollarmath",
]
myst_heading_anchors = 3
myst_footnote_transition = False
smartquotes = True
nitpicky = True
numfig = True  # figures are numbered through the book
math_numfig = False  # equations are numbered by page, and in print by chapter
locale_dirs = [str(ROOT / "locales")]  # absolute: Sphinx would look under docs/
gettext_compact = False

# Examples: equal output, to the letter
doctest_default_flags = doctest.DONT_ACCEPT_TRUE_FOR_1
verified_package = "snippets"
search_aliases = "docs/aliases.toml"  # what readers call things that the pages call otherwise

# The ledger: every paragraph of the list is translated
ledger_paragraphs = "docs/source-paragraphs.txt"
ledger_faults = {"copy": N_("the Chinese copy"), "author": N_("the list’s author")}
ledger_lost = (N_("lost in the copy"), N_("what the copy lost or altered"))
ledger_documentation = "appendix/data"
OURS = "CC-BY-4.0"
THEIRS = (
    "The translation: CC-BY-4.0 as far as we can grant it; the rights of the authors of the list "
    "and of its Chinese copy are untouched."
)
ledger_licences = {
    "claims": {"words": THEIRS, "all else": OURS},
    "numbers": OURS,
    "errata": OURS,
}
citing_page = "appendix/about#cite-a-claim"
reporting_page = "appendix/about#corrections"
card_entry = N_("Entry {} of 19")
card_list = (N_("The list’s Chinese copy"), "appendix/about#whose-text-this-is")
reading_ground = "foundations"  # what every entry takes for granted

bibtex_bibfiles = ["references.bib"]
bibtex_default_style = "book"
bibtex_tooltips_style = "brief"
bibtex_reference_style = "author_year"
figures_package = "snippets.figures"

# Where the book is, and where its source is (https://github.com/OWNER/NAME).  Addresses are
# absolute only where the first is known; pages link to their source, history and issues only
# where the second is: without it, “report an error” leads to how to report one.
html_baseurl = os.environ.get("BOOK_URL") or os.environ.get("READTHEDOCS_CANONICAL_URL", "")
html_baseurl = html_baseurl and html_baseurl.rstrip("/") + "/"
repository_url = os.environ.get("BOOK_REPOSITORY", "")
citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
book_date = citation["date-released"]
book_subtitle = "An annotated, executable edition of a reading list: nineteen papers"
book_imprint = [
    f"Version {version}, released on {book_date}.",
    "The code is under the MIT licence; pages, annotations and figures are under the Creative "
    "Commons licence Attribution 4.0 (CC BY 4.0).",
    THEIRS,
    "Every example was run, and every number that is said to be computed was computed, by the "
    "build that made this book.",
    "Functions stand here with the first line of their docstrings, which the HTML has whole.",
    "This PDF has no tags for screen readers: the accessible edition is the EPUB, which is made "
    "from the same pages.",
]
print_in_columns = ["appendix/errata_zh"]
book_subjects = ["Transformers", "attention", "large language models", "RLHF", "NumPy"]

# HTML
html_theme = "furo"
html_math_renderer = "katex"
html_title = project
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/editions.html",
        "sidebar/scroll-end.html",
    ]
}
editions_files = [
    "build/pdf/from-attention-to-rlhf.pdf",
    "build/epub/from-attention-to-rlhf.epub",
]
html_favicon = str(ROOT / "docs" / "_static" / "mark.svg")
html_static_path = ["docs/_static"]
templates_path = ["docs/_templates"]
html_css_files = ["book.css"]
html_js_files = ["boxes.js", "late.js"]
pygments_style = "book.web.highlighting.Day"
pygments_dark_style = "book.web.highlighting.Night"
html_copy_source = False
html_use_index = False  # the glossary is its own index
html_show_sourcelink = False
copybutton_exclude = ".linenos, .gp, .go"
copybutton_only_copy_prompt_lines = True
