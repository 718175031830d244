"""What the book's own extensions say to a writer, and what mends it."""

from verified_book.messages import Messages

READING = Messages(
    "reading",
    no_page=(
        "{reading} knows no page “%s”: name a page or a folder/ of the book",
        "a page of the reading path is misspelt",
        "name it as in the toctree, or a folder with its stroke",
    ),
)
PAPER = Messages(
    "paper",
    no_entry=(
        "the bibliography has no entry %s to make the card from",
        "the key of `{paper}` is misspelt or new",
        "add the paper to `references.bib`",
    ),
)
