"""What an extension says to a writer, each with what it means and what mends it, in one place.

An extension keeps its messages in a ``Messages`` and says them by their code, which Sphinx shows
at the end: ``[ledger.no-verdict]``.  ``tools/messages.py`` makes the table of CONTRIBUTING.md
from them all.
"""

import re
from dataclasses import dataclass
from typing import ClassVar

from sphinx.util import logging

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Message:
    """One message: its text, as ``%`` fills it in; what it means; what mends it."""

    text: str
    meaning: str
    remedy: str


class Messages(dict[str, Message]):
    """The messages of one extension, by code."""

    known: ClassVar[dict[str, "Messages"]] = {}

    def __init__(self, extension: str, **messages: tuple[str, str, str]):
        super().__init__({code: Message(*parts) for code, parts in messages.items()})
        self.extension, self.known[extension] = extension, self

    def text(self, code: str, *filled) -> str:
        return self[code].text % filled

    def warn(self, code: str, *filled, location=None) -> None:
        """Says a message at a place: Sphinx counts it, and the build fails."""
        told = {"type": self.extension, "subtype": code.replace("_", "-")}
        logger.warning(self[code].text, *filled, location=location, **told)


def table() -> str:
    """All messages that are known, for a Markdown page; … stands for what is filled in."""
    rows = ["| message | meaning | remedy |", "|---|---|---|"]
    for _, messages in sorted(Messages.known.items()):
        rows += [
            f"| {literal(m.text)} | {cell(m.meaning)} | {cell(m.remedy)} |"
            for m in messages.values()
        ]
    return "\n".join(rows) + "\n"


def literal(text: str) -> str:
    """A message as code: its first line, in as many backticks as it needs."""
    shown = cell(re.sub(r"%[sdr]", "…", text).partition("\n")[0])
    return f"`` {shown} ``" if "`" in shown else f"`{shown}`"


def cell(text: str) -> str:
    return text.replace("|", r"\|")


# -- what the extensions of this package say ------------------------------------------------------

CITATIONS = Messages(
    "citations",
    form=(
        "%s: write key{§1, eq. 2}, with no braces inside the locator",
        "a citation cannot be read",
        "one pair of braces, and none within",
    ),
)
STRICT = Messages(
    "strict",
    label_twice=(
        "the %s %s stands already in %s: rename one of them",
        "two pages have one name for a heading, an equation or a term",
        "rename the newer of the two",
    ),
)
