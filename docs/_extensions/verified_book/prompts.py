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
from sphinx.util.typing import ExtensionMetadata

from verified_book.examples import (
    blocks_of,
    examples_of,
    first_line,
    is_example,
    lines,
    source_of,
    text_of,
    unreadable,
)
from verified_book.messages import VERIFIED
from verified_book.page_notes import PageNotes
from verified_book.verified import Verification

PROMPT = re.compile(r"^[ \t]*>>>.*", re.MULTILINE)
TAG = re.compile(r"<(?:[^<>\"']|\"[^\"]*\"|'[^']*')+>")


# -- in the source --------------------------------------------------------------------------


def skipped(blocks, path):
    """Line numbers of `>>>` that stand in no example block: Sphinx would pass them unseen."""
    run = set()
    for node in blocks:
        if source_of(node) == path:
            start = first_line(node)
            run.update(range(start, start + len(rows_of(node))))
    return [i + 1 for i, row in enumerate(lines(path)) if PROMPT.match(row) and i not in run]


def rows_of(node):
    return text_of(node).split("\n")


def never_run(node):
    """Why an example block would not be run, or would not be seen: (its line, message, words)."""
    if "skipif" in node or node["options"].get(doctest.SKIP) or "+SKIP" in text_of(node):
        return 1, "skipped", ()
    if isinstance(node, nodes.comment) and node["testnodetype"] in {"doctest", "testcode"}:
        return 1, "hidden", ()
    if fault := unreadable(node):
        return fault[0], "unreadable", (f"it {fault[1]}",)
    return None


class Prompts(PageNotes):
    """The places of the prompts that were refused while each page was read."""

    kept_as = "verified_prompts"

    def get_outdated_docs(self, app, env, added, changed, removed):
        return {docname for docname, refused in self.of(env).items() if refused}

    def process_doc(self, app, doctree):
        path, blocks = str(app.env.doc2path(app.env.docname)), blocks_of(doctree)
        refused = self.of(app.env)[app.env.docname] = set()
        for line in skipped(blocks, path):
            refused.add(f"{path}:{line}")
            VERIFIED.warn("not_run", location=f"{path}:{line}")
        for node in blocks:
            if fault := never_run(node):
                file, start, (line, code, words) = source_of(node), first_line(node), fault
                refused |= {f"{file}:{start + i + 1}" for i, _ in enumerate(rows_of(node))}
                VERIFIED.warn(code, *words, location=f"{file}:{start + line}")
        look_at_page(app, doctree, app.env.docname)


# -- on the page ----------------------------------------------------------------------------


def displayed(node):
    """The text of a node as a reader sees it."""
    if isinstance(node, nodes.raw):
        return html.unescape(TAG.sub("", node.astext()))
    return node.astext()


def prompts_of(env, doctree):
    """The prompts at the starts of lines of a page: node, text, whether it was run."""
    pages = Verification.of(env).values()  # all: print sets them as one document
    docstrings = set().union(*(page.docstrings for page in pages))
    for node in doctree.findall(nodes.TextElement):
        if isinstance(node, nodes.comment) or isinstance(node.parent, nodes.TextElement):
            continue
        if ">>>" not in (text := displayed(node)):
            continue
        rows, run = text.split("\n"), rows_run(node, docstrings)
        for i in [i for i, row in enumerate(rows) if PROMPT.match(row)]:
            yield node, rows[i].strip(), i in run or rows[i].strip() in run


def rows_run(node, docstrings):
    """The examples of a node that the build has run: the numbers of their rows, or the rows."""
    if is_example(node):
        return {example.lineno for example in examples_of(node)}
    if "ran" in node:  # by another extension, which vouches for them
        return {*node["ran"]}
    shown = node.get("source", "")
    here = [line for module, line in docstrings if module.endswith(f".{Path(shown).stem}")]
    return {lines(shown)[line - 1].strip() for line in here}


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
    refused = Prompts.of(app.env).setdefault(docname, set())
    for node, prompt, run in prompts_of(app.env, doctree):
        place = place_of(node, prompt, path) if not run else None
        if place and place not in refused:
            refused.add(place)
            VERIFIED.warn("not_run", location=place)


def count_again(app, docname, template, context, doctree):
    """A template or another extension may have added what no doctree holds."""
    if doctree is None:
        return
    shown = len(PROMPT.findall(html.unescape(TAG.sub("", context["body"]))))
    known = sum(1 for _ in prompts_of(app.env, doctree))
    if shown > known:
        VERIFIED.warn("unknown_prompts", shown, known, location=docname)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("verified_book.verified")
    app.add_env_collector(Prompts)
    app.connect("doctree-resolved", look_at_page, priority=900)
    app.connect("html-page-context", count_again)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
