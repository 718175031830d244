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
TOLD = Messages(
    "told",
    form=(
        "write {told}`ID VERDICT`, with a VERDICT of %s, not “%s”",
        "",
        "as in `` {told}`4.1 imprecise` ``",
    ),
    other_verdict=(
        "claim %s is told as %s, and its verdict is %s",
        "the page in Chinese and the annotation differ",
        "put the one right that is wrong",
    ),
    left_out=(
        "claim %s is %s, and this page leaves it out: add {told}`%s %s`",
        "something is amiss in a claim, and the page in Chinese does not say it",
        "say it in a line of [中文版勘误](docs/appendix/errata_zh.md)",
    ),
)
