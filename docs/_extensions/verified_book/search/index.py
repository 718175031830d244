"""The search index of a build that wrote one page is that of a build that wrote them all.

Sphinx reads the index of the last build and adds to it: words that no page has any more stay, and
the entries of the pages that are not written again are lost.  An entry of a place that the index
has by name would be a second result for it.

Knows only Sphinx.
"""

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
    objects = [one for domain in app.env.domains.sorted() for one in domain.get_objects()]
    places = {(page, anchor) for *_, page, anchor, priority in objects if priority >= 0}
    index._index_entries = {
        page: sorted(entry for entry in names(entries[page]) if (page, entry[1]) not in places)
        for page in sorted(entries)
    }
    return []


def names(entries):
    """The (name, anchor, "main" or nothing) of entries, as Sphinx takes them from a page."""
    return {
        (name, anchor or "", main)
        for kind, value, anchor, main, _ in entries
        for name in split_index_msg(kind, value)
    }


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("html-collect-pages", mend)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
