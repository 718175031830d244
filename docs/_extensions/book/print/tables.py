"""The ledger's tables on a page of paper: narrower, with nothing said twice, and with pages."""

import math
import re

from docutils import nodes

from ledger.markup import NUMBERS

WIDTHS = {
    "claims": {"id": 9, "words": 66, "verdict": 25},
    "errata": {"key": 17, "where": 16, "reads": 30, "should": 37},
}
PAGED = {"claims", "numbers", "errata"}  # their rows lead to a place in the book
PAGE = 8  # the width of a page number's column
FULL, TEXT = 476, 311  # points from edge to edge of a table, with the margin and without
NUMBER = re.compile(r"[\d.,+−-]+")
DIGIT, GAP = 4.5, 12  # points of a digit, and of what stands beside a column
REPEATED = {"name": "", "key": "", "now": "″", "outcome": "″", "should": "″", "body": "″"}


def set_on_paper(table: nodes.table) -> None:
    """Gives a ledger's table the form that it has in print."""
    merge_now(table)
    abridge(table)
    add_pages(table)
    gather(table)


def shows(table: nodes.table) -> list[str]:
    """What a ledger's table was asked to show, as in ``claims wrong``."""
    return table.get("shows", [""])


def rows_of(table: nodes.table) -> list[nodes.row]:
    return list(table.next_node(nodes.tbody).findall(nodes.row))


def field(cell: nodes.Element) -> str:
    """The field of a record that a cell or a column of a ledger shows."""
    return cell["classes"][0]


def marks_of(cell: nodes.Element) -> list[nodes.inline]:
    """The targets in a cell, to which links lead."""
    return [mark for mark in cell.findall(nodes.inline) if mark["ids"] and not len(mark)]


def specs_of(table: nodes.table) -> list[nodes.colspec]:
    return list(table.findall(nodes.colspec))


def drop_column(table: nodes.table, name: str) -> list[nodes.entry]:
    """Takes a column out; the cells that it had, from the head on."""
    group = table.next_node(nodes.tgroup)
    for spec in specs_of(table):
        if field(spec) == name:
            group.remove(spec)
            group["cols"] -= 1
    cells = [cell for cell in table.findall(nodes.entry) if field(cell) == name]
    for cell in cells:
        cell.parent.remove(cell)
    return cells


def merge_now(table):
    """What has become of a claim stands below its words: few have such a note."""
    if shows(table)[0] != "claims":
        return
    for row, now in zip(rows_of(table), drop_column(table, "now")[1:], strict=True):
        if now.astext():
            words = next(cell for cell in row if field(cell) == "words")
            first = now.next_node(nodes.paragraph)
            first.insert(0, nodes.inline("", "now: ", classes=["now"]))
            words += now.children
    for spec in specs_of(table):
        spec["colwidth"] = WIDTHS["claims"][field(spec)]


def abridge(table):
    """Leaves out what a row repeats of the one above, or puts a mark of repetition there."""
    above = {}
    for cell in table.next_node(nodes.tbody).findall(nodes.entry):
        name, text = field(cell), cell.astext()
        repeats = above.get(name) == text and len(text) > 20
        above[name] = text
        if repeats and name in REPEATED:
            marks = marks_of(cell)
            cell.children = []
            cell += nodes.paragraph("", "", *marks, nodes.Text(REPEATED[name]))


def add_pages(table):
    """A last column says on which page each row's place stands."""
    if shows(table)[0] not in PAGED:
        return
    for spec in specs_of(table):
        spec["colwidth"] = WIDTHS.get(shows(table)[0], {}).get(field(spec), spec["colwidth"])
    group = table.next_node(nodes.tgroup)
    group["cols"] += 1
    group.insert(
        group.index(specs_of(table)[-1]) + 1, nodes.colspec("", colwidth=PAGE, classes=["page"])
    )
    for row in table.findall(nodes.row):
        is_head = isinstance(row.parent, nodes.thead)
        shown = nodes.Text("page") if is_head else page_of(row.next_node(nodes.reference))
        row += nodes.entry("", nodes.paragraph("", "", *filter(None, [shown])), classes=["page"])


def page_of(link):
    """The page to which a link leads: printed where LaTeX knows it; nothing without a link."""
    label = label_of(link) if link is not None else None
    return label and nodes.raw("", rf"\bkonpage{{\detokenize{{{label}}}}}", format="latex")


def label_of(link: nodes.reference) -> str | None:
    """The label of the place to which a link leads, if another page of the book has it."""
    uri = link.get("refuri", "")
    if not uri.startswith("%"):
        return None
    page, _, anchor = uri[1:].partition("#")
    return f"{page}:{anchor or ':doc'}"


def gather(table):
    """Gives the name of a number a line of its own, above the rows that it holds."""
    if field(specs_of(table)[0]) != "name":
        return
    group = table.next_node(nodes.tgroup)
    names = drop_column(table, "name")[1:]
    for spec in specs_of(table):
        spec["colwidth"] = NUMBERS.get(field(spec), ("", PAGE))[1]
    body = group.next_node(nodes.tbody)
    for row, first in zip(rows_of(table), names, strict=True):
        name, marks = first.astext(), marks_of(first)
        for mark in marks:
            mark.parent.remove(mark)
        row[0].next_node(nodes.paragraph)[:0] = marks
        if name:
            head = nodes.row("", first, heads=True)
            first["morecols"] = group["cols"] - 1
            body.insert(body.index(row), head)


def columns(table: nodes.table, width: int = FULL) -> str:
    """Columns that leave their right edge ragged; those of numbers as narrow as they can be."""
    specs = specs_of(table)
    needs = [need(table, field(spec), width) for spec in specs]
    texts = [max(spec["colwidth"], 11) for spec in specs]
    free = (100 - sum(filter(None, needs))) / sum(
        text for text, least in zip(texts, needs, strict=True) if not least
    )
    return "".join(
        rf"\bknumbers{{{least}}}{{100}}" if least else rf"\bkcolumn{{{text * free:.0f}}}{{100}}"
        for text, least in zip(texts, needs, strict=True)
    )


def need(table: nodes.table, name: str, width: int) -> int:
    """The hundredths of a width that a column of numbers needs, which are not broken; else 0."""
    if name not in {"printed", "computed", "page"}:
        return 0
    cells = (cell for row in rows_of(table) for cell in row if field(cell) == name != "page")
    words = (word for cell in cells for word in cell.astext().split())
    longest = max([8, *(len(word) for word in words if NUMBER.fullmatch(word))])
    return math.ceil(100 * (DIGIT * longest + GAP) / width)


# -- what is left to the data files ---------------------------------------------------------------


def leave_out_reproduced(doctree: nodes.document, told: nodes.Node) -> set[str]:
    """Puts a sentence in the place of numbers that are as printed; the ids that go with them."""
    gone = set()
    for table in list(doctree.findall(nodes.table)):
        if shows(table) == ["numbers", "reproduced"]:
            gone |= {id_ for node in table.findall(nodes.Element) for id_ in node["ids"]}
            table.replace_self(nodes.paragraph("", "", told.deepcopy()))
    return gone


def unlink(doctree: nodes.document, gone: set[str]) -> None:
    """Makes text of what led to places that are not printed."""
    for link in list(doctree.findall(nodes.reference)):
        if {link.get("refuri", "").rpartition("#")[2], link.get("refid")} & gone:
            link.replace_self(link.children)
