"""The HTML folds what one need not read at first; every other edition shows it.

An annotation is a line: mark, number, verdict, and how it begins.  Those that hold of a title, an
author, a year or a link share one line.  Of a table of numbers the examples that compute it are
folded, and of a long one all rows but those that differ, or the first.

``static/notes.js`` adds what opens all annotations at once.
"""

from itertools import groupby

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.typing import ExtensionMetadata

from ledger.markup import chip, copies, of_class
from verified_book import verified
from verified_book.folds import folded
from verified_book.languages import _

FORMAL = {"title", "author", "year", "link"}  # kinds of claims: what a list says of a paper
TEASER = 110  # characters
LONG, FIRST = 6, 3  # rows of a table


class Folds(SphinxPostTransform):
    """Folds annotations and tables, before references are resolved."""

    default_priority = 9
    builders = ("html",)

    def run(self):
        for box in list(self.document.findall(of_class("reading"))):
            join_formal(box)
        for box in list(self.document.findall(of_class("reading"))):
            fold_notes(box[-1])
        for box in list(self.document.findall(of_class("published"))):
            fold_table(box)
            fold_examples(box)


# -- annotations ----------------------------------------------------------------------------------


def join_formal(box):
    """Puts a text whose claims are all formal above the next one: their notes share one line."""
    at = box.parent.index(box)
    after = box.parent[at + 1] if at + 1 < len(box.parent) else None
    if after is not None and of_class("reading")(after) and all(map(is_formal, box[-1])):
        *texts, notes = box.children
        after.insert(0, texts)
        after[-1].insert(0, notes.children)
        box.parent.remove(box)


def fold_notes(notes):
    """Each behind its line; those of formal claims come first, and share one."""
    boxes = notes.children
    row = nodes.container("", *map(formal_note, filter(is_formal, boxes)), classes=["formal"])
    others = [note(box) for box in boxes if not is_formal(box)]
    notes.children = []
    notes += [row, *others] if len(row) else others


def is_formal(box):
    return box.get("kind") in FORMAL and "verdict-holds" in box["classes"]


def note(box):
    """An annotation, or a loss: its number, its verdict, and how it begins."""
    label, *body = box.children
    (named,) = [part.deepcopy() for part in label.findall(is_chip)]
    number = nodes.inline("", f"{box.get('claim', '')} ", classes=["number"])
    begins = nodes.inline("", "", *teaser(body), classes=["teaser"])
    return behind([number, named, nodes.Text(" "), begins], box)


def formal_note(box):
    """An annotation that holds: its number, and what it is of."""
    hidden = nodes.inline("", _("holds"), classes=["visually-hidden"])
    line = [chip("", "verdict"), nodes.Text(f"{box['claim']} {_(box['kind'])} "), hidden]
    return behind(line, box, "chipped")


def behind(line, box, *classes):
    """A box behind a line, with its links at its end."""
    label = box.pop(0)
    label["classes"].append("note-links")
    box += label
    tone = [name for name in box["classes"] if name.startswith("verdict-") or name == "lost"]
    return folded(line, box, classes=["note", *tone, *classes])


def is_chip(node):
    return isinstance(node, nodes.inline) and "chip" in node["classes"]


def teaser(body):
    """How a text begins, without its citations, numbers of equations, and links."""
    first = next((node for node in body if isinstance(node, nodes.paragraph)), None)
    found, length = [], 0
    for node in first.children if first else ():
        if is_citation(node):
            if found and isinstance(found[-1], nodes.Text):
                found[-1] = nodes.Text(found[-1].astext().rstrip())
        elif length < TEASER:
            found.append(unlinked(node))
            length += len(node.astext())
    return found


def is_citation(node):
    """A citation, or the number of an equation."""
    return isinstance(node, addnodes.pending_xref) and node["refdomain"] in {"cite", "math"}


def unlinked(node):
    """Text in a line: short, and no link."""
    if isinstance(node, nodes.Text):
        return nodes.Text(shortened(node.astext().replace("\n", " ")))
    if isinstance(node, nodes.math | nodes.literal | nodes.emphasis):
        (copied,) = copies([node])
        return copied
    return nodes.Text(node.astext())


def shortened(text):
    return text if len(text) <= TEASER else text[:TEASER].rpartition(" ")[0] + " …"


# -- tables of numbers ----------------------------------------------------------------------------


def fold_table(box):
    """Of a long table the rows that differ stay in sight; where few do, the first."""
    table = box.next_node(nodes.table)
    body = table.next_node(nodes.tbody)
    rows = list(body.children)
    if len(rows) <= LONG:
        return
    differ = [row for row in rows if not row["reproduced"]]
    shown = differ if 0 < len(differ) <= LONG else rows[:FIRST]
    rest = table.deepcopy()
    rest_body = rest.next_node(nodes.tbody)
    body.children, rest_body.children = [], []
    body += shown
    rest_body += [row for row in rows if row not in shown]
    as_printed = len(differ) == len(shown) or not differ
    line = _("The other {} rows, all as printed") if as_printed else _("The other {} rows")
    line = nodes.Text(line.format(len(rows) - len(shown)))
    table.parent.insert(table.parent.index(table) + 1, folded([line], rest))


def fold_examples(box):
    """The examples that compute a table, unless one of them failed."""
    content = list(box.children)
    box.children = []
    for computes, run in groupby(content, is_computation):
        found = list(run)
        if computes and not any("failed" in node["classes"] for node in found):
            lines = sum(len(node.astext().splitlines()) for node in found)
            line = nodes.Text(_("The computation ({} lines)").format(lines))
            box += folded([line], *found)
        else:
            box += found


def is_computation(node):
    return verified.is_example(node) or isinstance(node, nodes.comment)


def add_script(app, pagename, templatename, context, doctree):
    if '<details class="note' in context.get("body", ""):
        app.add_js_file("notes.js", loading_method="defer")


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("verified_book.folds")
    app.add_post_transform(Folds)
    app.connect("html-page-context", add_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
