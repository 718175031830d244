"""What an extension says to a writer, each with what it means and what mends it, in one place.

An extension keeps its messages in a ``Messages`` and says them by their code, which Sphinx shows
at the end: ``[verified.not-run]``.  ``tools/messages.py`` makes the table of CONTRIBUTING.md
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

VERIFIED = Messages(
    "verified",
    does_not_hold=(
        "the example does not hold\n%s",
        "Python printed something else than the page; *Expected* and *Got* follow",
        "if the page is right, mend the code; else put what was printed, once you understand it",
    ),
    not_run=(
        "Sphinx would not run this `>>>`: put it into a {doctest} block",
        "an example in an ordinary code block or an indented one, which nothing runs",
        "begin its fence with `{doctest}`",
    ),
    skipped=(
        "this example is skipped: every example of the book is run, so mend it or take it out",
        "it has `+SKIP` or `:skipif:`",
        "make it quick and certain, or say the thing in prose",
    ),
    hidden=(
        "this example is hidden: show it, for what is verified must be seen",
        "it has `:hide:`",
        "take `:hide:` away",
    ),
    unreadable=(
        "this example cannot be read: %s",
        "doctest cannot tell what is code and what is printed",
        "mend what the message names: mostly a blank that is missing, or one too many",
    ),
    out_of_time=(
        "this did not finish within %s s (verified_seconds): make it smaller",
        "an endless loop, or far too much work",
        "make it smaller: a page's examples run in half a second",
    ),
    broken_module=(
        "%s; nothing that needs it is run: %s",
        "a module has a syntax error, or stops with this error when it is imported; the pages "
        "that need it follow",
        "mend the module at this line",
    ),
    ends_process=(
        "code of a page may not end, replace or double the process that builds it",
        "an example calls `os._exit`, `os.fork` or the like, which would end the build",
        "show it in a process of its own, with `subprocess`",
    ),
    thread_left=(
        "a thread that the examples began is still running (%s): join it",
        "it would go on through the pages after this one",
        "`thread.join()` in the example",
    ),
    run_ended=(
        "the examples end the run of their page: %s: %s",
        "an example did something to the process that Sphinx cannot bear, such as closing "
        "`sys.stdout`",
        "leave the process alone",
    ),
    unknown_prompts=(
        "the page shows %d `>>>`, and the build knows of %d: something adds them in the HTML",
        "a template or another extension writes examples that nothing runs",
        "take them out there",
    ),
)
FIGURES = Messages(
    "figures",
    no_alt=(
        "figure %s has no :alt:, the text for those who cannot see it",
        "",
        "say in `:alt:` what the figure shows",
    ),
    out_of_time=(
        "figure %s did not finish within %s s (verified_seconds)",
        "as for an example",
        "draw less",
    ),
    link_in_caption=(
        "figure %s: TeX sets no link in a caption: put it into the text",
        "a citation or a term in a caption",
        "say it in the text beside the figure",
    ),
    not_drawn=(
        "figure %s: %s: %s",
        "`figure_NAME()` is not in the page's module of figures, or it raised this error",
        "mend it there",
    ),
    too_small=(
        "“%s” is smaller than %s points",
        "the figure has a word that nobody reads in print",
        "a larger `fontsize`, or fewer words",
    ),
    cut_at_side=(
        "“%s” is cut off at the side",
        "a word of the figure leaves its sheet",
        "move it, or make room",
    ),
    cut_above=(
        "“%s” is cut off above or below",
        "the same",
        "make the sheet higher",
    ),
    overlap=(
        "“%s” and “%s” overlap",
        "two words of the figure are written over each other",
        "move one",
    ),
)
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
SEARCH = Messages(
    "search",
    no_place=(
        "no page has a place %s, to which other names lead",
        "a page or a section of the file of other names is gone, or has another heading",
        "name the place as it is called now, or take the names out",
    ),
)
