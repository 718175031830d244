"""Every ``>>>`` that a reader sees was run, however it came to the page.

Looked for in the source of each page, in what stands on it once all else is done (includes,
quotes, raw HTML, what other extensions wrote), and in the HTML, where they are counted again.

Stands on ``verified``, ``examples`` and ``page_notes``.
"""

import doctest
import html
import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.typing import ExtensionMetadata

from verified_book.examples import (
    blocks_of,
    examples_of,
    first_line,
    lines,
    source_of,
    text_of,
    unreadable,
)
from verified_book.page_notes import PageNotes
from verified_book.verified import Page, Verification

logger = logging.getLogger(__name__)

PROMPT = re.compile(r"^[ \t]*>>>.*", re.MULTILINE)
TAG = re.compile(r"<(?:[^<>\"']|\"[^\"]*\"|'[^']*')+>")


def refuse(place):
    logger.warning(
        "Sphinx would not run this `>>>`: put it into a {doctest} block",
        location=place,
        type="verified",
    )


# -- in the source --------------------------------------------------------------------------


def skipped(blocks, path):
    """Line numbers of `>>>` that stand in no example block: Sphinx would pass them unseen."""
    run = set()
    for node in blocks:
        if source_of(node) == path:
            start = first_line(node)
            run.update(range(start, start + len(text_of(node).split("\n"))))
    return [i + 1 for i, row in enumerate(lines(path)) if PROMPT.match(row) and i not in run]


def never_run(node):
    """Why an example block would not be run, or would not be seen; None if it is both."""
    if "skipif" in node or node["options"].get(doctest.SKIP) or "+SKIP" in text_of(node):
        return "is skipped: every example of the book is run, so mend it or take it out"
    if isinstance(node, nodes.comment) and node["testnodetype"] in {"doctest", "testcode"}:
        return "is hidden: show it, for what is verified must be seen"
    if reason := unreadable(node):
        return f"cannot be read: {reason}"
    return None


class Prompts(PageNotes):
    """The places of the prompts that were refused while each page was read."""

    kept_as = "verified_prompts"

    def process_doc(self, app, doctree):
        path, blocks = str(app.env.doc2path(app.env.docname)), blocks_of(doctree)
        places = [f"{path}:{line}" for line in skipped(blocks, path)]
        for place in places:
            refuse(place)
        for node in blocks:
            if reason := never_run(node):
                place = f"{source_of(node)}:{first_line(node) + 1}"
                logger.warning("this example %s", reason, location=place, type="verified")
        self.of(app.env)[app.env.docname] = set(places)


# -- on the page ----------------------------------------------------------------------------


def displayed(node):
    """The text of a node as a reader sees it."""
    if isinstance(node, nodes.raw):
        return html.unescape(TAG.sub("", node.astext()))
    return node.astext()


def prompts_of(env, docname, doctree):
    """The prompts at the starts of lines of a page: node, text, whether it was run."""
    docstrings = Verification.of(env).get(docname, Page()).docstrings
    for node in doctree.findall(nodes.TextElement):
        if isinstance(node, nodes.comment) or isinstance(node.parent, nodes.TextElement):
            continue
        if ">>>" not in (text := displayed(node)):
            continue
        run = prompts_run(node, docstrings)
        for found in PROMPT.finditer(text):
            yield node, found[0].strip(), found[0].strip() in run


def prompts_run(node, docstrings):
    """The first lines of the examples of a node that the build has run."""
    if {"verified", "failed"} & {*node.get("classes", ())}:
        sources = [example.source for example in examples_of(node)]
        return {f">>> {source.partition(chr(10))[0]}".strip() for source in sources}
    if shown := node.get("source"):
        stem = Path(shown).stem
        return {
            lines(shown)[line - 1].strip()
            for module, line in docstrings
            if module.rpartition(".")[2] == stem
        }
    return set()


def place_of(node, prompt, path):
    """Where a prompt stands, as well as it can be known."""
    shown, above = node.get("source"), node
    while above is not None and not above.source:
        above = above.parent
    file = shown or (above.source if above is not None else "") or path
    rows = lines(file) if Path(file).is_file() else []
    asked = {prompt, html.escape(prompt, quote=False)}
    first = 0 if shown or above is None else max((above.line or 1) - 2, 0)
    for i, row in [*enumerate(rows)][first:]:
        if any(text in row for text in asked):
            return f"{file}:{i + 1}"
    return f"{file}:{first + 1}"


def look_at_page(app, doctree, docname):
    path = str(app.env.doc2path(docname))
    refused = {*Prompts.of(app.env).get(docname, ())}
    lines.cache_clear()
    for node, prompt, run in prompts_of(app.env, docname, doctree):
        place = place_of(node, prompt, path) if not run else None
        if place and place not in refused:
            refused.add(place)
            refuse(place)


def count_again(app, docname, template, context, doctree):
    """A template or another extension may have added what no doctree holds."""
    if doctree is None:
        return
    shown = len(PROMPT.findall(html.unescape(TAG.sub("", context["body"]))))
    known = sum(1 for _ in prompts_of(app.env, docname, doctree))
    if shown > known:
        logger.warning(
            "the page shows %d `>>>`, and the build knows of %d: something adds them in the HTML",
            shown,
            known,
            location=docname,
            type="verified",
        )


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("verified_book.verified")
    app.add_env_collector(Prompts)
    app.connect("doctree-resolved", look_at_page, priority=900)
    app.connect("html-page-context", count_again)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
