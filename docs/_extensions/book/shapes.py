"""What a shape such as ``"*b n d_k"`` means, told where code shows it.

The meanings of the letters stand on one page, in its tables with a column “in a shape”; where a
row names pages, its meaning is theirs alone, and theirs comes first.  Each shape that a page
shows carries its explanation as ``title``, the first time; ``static/popups.js`` shows it on
hover, focus and tap, there and at every later place.

Stands on ``page_notes`` and ``shown``; ``web.highlighting`` says what in a code is a shape.
"""

import re
from html import escape, unescape

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.util.typing import ExtensionMetadata

from book.messages import SHAPES
from verified_book.extra_files import is_web
from verified_book.languages import N_, _
from verified_book.page_notes import PageNotes

COLUMN = "in a shape"
IN_CODE = re.compile(r'\bArray,\s*"([^"]*)"')
ON_PAGE = re.compile(r'<span class="ss">((?:"|&quot;)(.*?)(?:"|&quot;))</span>')
LETTER = re.compile(r"[A-Za-z]\w*")
AXIS = {
    "": N_("a single number"),
    "...": N_("...: any number of axes"),
    "_": N_("_: a length that nothing else shares"),
}


class Letters(PageNotes):
    """The rows of the tables of letters: letters, meaning, and the pages for which they hold."""

    kept_as = "shape_letters"

    def process_doc(self, app, doctree):
        tables = [table for table in doctree.findall(nodes.table) if COLUMN in heads(table)]
        if rows := [row for table in tables for row in rows_of(table)]:
            self.of(app.env)[app.env.docname] = rows


def heads(table):
    head = table.next_node(nodes.thead)
    """The heads of a table as the page is written, whatever they are in the reader's language."""
    found = head.findall(nodes.entry) if head else ()
    return ["".join(part.rawsource for part in entry) for entry in found]


def rows_of(table):
    shape, meaning = (heads(table).index(name) for name in (COLUMN, "meaning"))
    for row in table.next_node(nodes.tbody).findall(nodes.row):
        letters = [literal.astext() for literal in row[shape].findall(nodes.literal)]
        links = row.findall(addnodes.pending_xref)
        yield letters, row[meaning].astext(), [link["reftarget"] for link in links]


class Shapes(PageNotes):
    """The shapes that the code of each page shows, and the lines where they stand first."""

    kept_as = "shapes_shown"

    def process_doc(self, app, doctree):
        found = {}
        for block in doctree.findall(nodes.literal_block):
            for shape in IN_CODE.findall(block.astext()):
                found.setdefault(shape, block.line)
        if found:
            self.of(app.env)[app.env.docname] = found


def meanings(env: BuildEnvironment, page: str) -> dict[str, str]:
    """What each letter of a shape means on a page."""
    rows = [row for rows in Letters.of(env).values() for row in rows]
    rows = [row for row in rows if not row[2] or page in row[2]]
    rows.sort(key=lambda row: bool(row[2]))  # its own come last, and win
    return {letter: meaning for letters, meaning, _ in rows for letter in letters}


def explained(shape: str, means: dict[str, str]) -> str:
    """What a shape says, a line for each of its axes."""
    axes = shape.split() or [""]
    return "\n".join(dict.fromkeys(axis_explained(axis, means) for axis in axes))


def axis_explained(axis, means):
    if axis in AXIS:
        return str(_(AXIS[axis]))
    if axis.isdigit():
        return _("{0}: just {0}").format(axis)
    bare = axis.lstrip("*#")
    told = "; ".join(
        means.get(letter, "?")
        if letter == bare
        else _("{} are {}").format(letter, means.get(letter, "?"))
        for letter in dict.fromkeys(LETTER.findall(bare))
    )
    signs = axis.removesuffix(bare)
    if "*" in signs:
        told = _("any number of axes, such as {}").format(told)
    if "#" in signs:
        told = _("{}, or 1 for all alike").format(told)
    return f"{axis}: {told}"


# -- on the page --------------------------------------------------------------------------------


def say_letters(app, shown):
    for page in Shapes.of(shown.env):
        shown.add(page, sorted(meanings(shown.env, page).items()))


def check(app, env):
    """Every letter that a page shows has a meaning, where the page with the tables is there."""
    if not Letters.of(env):
        return
    for page, shapes in sorted(Shapes.of(env).items()):
        means = meanings(env, page)
        for shape, line in shapes.items():
            for letter in LETTER.findall(shape):
                if letter not in means:
                    SHAPES.warn("no_meaning", letter, shape, location=(page, line))


def explain(app, pagename, templatename, context, doctree):
    """Makes each shape of a page something to point at, with its title where it stands first."""
    if not is_web(app.builder) or pagename not in Shapes.of(app.env):
        return
    means, seen = meanings(app.env, pagename), set()
    if not means:
        return

    def told(match):
        quoted, shape = match.groups()
        title = "" if shape in seen else f' title="{escape(explained(unescape(shape), means))}"'
        seen.add(shape)
        return f'<abbr class="ss" tabindex="0"{title}>{quoted}</abbr>'

    context["body"] = ON_PAGE.sub(told, context["body"])


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_env_collector(Letters)
    app.add_env_collector(Shapes)
    app.connect("pages-show", say_letters)
    app.connect("env-check-consistency", check)
    app.connect("html-page-context", explain)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
