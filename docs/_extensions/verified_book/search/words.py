"""Which words are the same to the search: British and American spelling, and inflections.

The index has the words as ``Words.stem`` makes them, and ``words.js`` does the same to what a
reader types: a test compares the two on all words of the book.

Knows only Sphinx.
"""

import json
import re
from functools import cache
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.search.en import SearchEnglish
from sphinx.util.typing import ExtensionMetadata

FOLDS = {  # the page and the question are folded alike, so a fold too many does no harm
    "z": "s",  # initialize, initialise
    "(?<=[a-z]{3})our": "or",  # behaviour, behavior
    "(?<=[a-z]{3}[ae])ll(?=e[dr]|ing)": "l",  # labelled, labeled
    "(?<=cent)re(?=s?$)": "er",  # centre, center
    "(?<=cent)r(?=ed$|ing$)": "er",
    "(?<=defen|licen|offen)c(?=es?$)": "s",  # licence, license
    "(?<=alog)ue": "",  # dialogue, dialog
    "(?<=dg)e(?=ment)": "",  # judgement, judgment
    "^gray": "grey",
    "^artifact": "artefact",
    "(?<=program)me": "",
}
JS = Path(__file__).with_name("words.js")


@cache
def folded(word: str) -> str:
    """One spelling for a word that the British and the Americans spell in two."""
    for old, new in FOLDS.items():
        word = re.sub(old, new, word)
    return word


class Words(SearchEnglish):
    """English of both sides of the Atlantic; names of functions are words with strokes between."""

    _word_re = re.compile(r"[^\W_]+")
    js_splitter_code = (
        f"const FOLDS = {json.dumps([*FOLDS.items()], separators=(',', ':'))};\n"
        f"{JS.read_text('utf-8')}"
    )

    def stem(self, word: str) -> str:
        return super().stem(folded(word.lower()))


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_search_language(Words)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
