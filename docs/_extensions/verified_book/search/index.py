"""The search index of a build that wrote one page is that of a build that wrote them all.

Sphinx reads the index of the last build and adds to it: words that no page has any more stay, and
the entries of the pages that are not written again are lost.  An object that is named as its
place and shown under another name would lead to the top of its page, since Sphinx's script takes
what it shows for the place.

Knows only Sphinx.
"""

from html import escape

from sphinx.application import Sphinx
from sphinx.util.index_entries import split_index_msg
from sphinx.util.typing import ExtensionMetadata


def mend(app):
    """Takes lost words out, and gives each page its entries, once all pages are written."""
    if not (index := getattr(app.builder, "indexer", None)):
        return []
    for pages_of_words in (index._mapping, index._title_mapping):
        for word in [word for word, pages in pages_of_words.items() if not pages]:
            del pages_of_words[word]
    entries = app.env.domains.index_domain.entries
    index._index_entries = {page: sorted(names(entries[page])) for page in sorted(entries)}
    pages = index._all_titles.items()  # a section is an object already: each once is enough
    index._all_titles = {page: [t for t in titles if t[1] is None] for page, titles in pages}
    theirs = index.get_objects
    index.get_objects = lambda numbers: placed(app.env, theirs(numbers), numbers)
    return []


def names(entries):
    """The (name, anchor, "main" or nothing) of entries, as Sphinx takes them from a page."""
    return {
        (name, anchor or "", main)
        for kind, value, anchor, main, _ in entries
        for name in split_index_msg(kind, value)
    }


def placed(env, objects, numbers):
    """The objects of the index, each with its place where Sphinx left it out."""
    places = {
        (numbers[page], escape(title)): anchor
        for domain in env.domains.sorted()
        for name, title, _, page, anchor, priority in domain.get_objects()
        if name == anchor != title and priority >= 0 and page in numbers
    }
    return {
        prefix: [
            (page, kind, priority, place or places.get((page, whole(prefix, name)), ""), name)
            for page, kind, priority, place, name in found
        ]
        for prefix, found in objects.items()
    }


def whole(prefix, name):
    return f"{prefix}.{name}" if prefix else name


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("html-collect-pages", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
