"""The nodes that the ledger's boxes and tables are made of."""

import re
from collections.abc import Callable, Iterable

from docutils import nodes
from sphinx import addnodes

from verified_book.languages import N_, _

Cell = list[nodes.Node]  # inline nodes, or paragraphs and the like


def labelled(*parts: nodes.Node) -> nodes.paragraph:
    return nodes.paragraph("", "", *parts, classes=["label"])


def chip(text: str, *classes: str) -> nodes.inline:
    return nodes.inline("", text, classes=["chip", *classes])


def of_class(*names: str) -> Callable[[nodes.Node], bool]:
    """Whether a node is a container of one of these classes."""
    return lambda node: (
        isinstance(node, nodes.container) and bool({*names} & {*node.get("classes", ())})
    )


def table(
    columns: dict[str, tuple[str, int]], rows: Iterable[dict[str, Cell]], *classes: str
) -> nodes.table:
    """A table of fields: {field: (its head, its width)}; each cell has its field for a class."""
    group = nodes.tgroup("", cols=len(columns))
    group += [
        nodes.colspec("", colwidth=width, classes=[name]) for name, (_, width) in columns.items()
    ]
    group += nodes.thead(
        "", row({name: [nodes.Text(_(head))] for name, (head, _width) in columns.items()})
    )
    group += nodes.tbody("", *(row({name: cells[name] for name in columns}) for cells in rows))
    return nodes.table("", group, classes=["ledger", *classes])


def row(cells: dict[str, Cell]) -> nodes.row:
    entries = (nodes.entry("", *blocks(cell), classes=[name]) for name, cell in cells.items())
    return nodes.row("", *entries)


def blocks(cell: Cell) -> Cell:
    inline = all(isinstance(node, nodes.Inline | nodes.Text) for node in cell)
    return [nodes.paragraph("", "", *cell)] if inline else cell


def indexed(claim: str, anchor: str) -> addnodes.index:
    """What makes the search lead from the number of a claim to a place."""
    return addnodes.index("", entries=[("single", claim, anchor, "main", None)], inline=True)


def row_mark(name: str) -> nodes.inline:
    return nodes.inline("", "", ids=[f"row-{name}"])


def to_row(kind: str, name: str, which: str, content: nodes.Node) -> nodes.Element:
    """A link to a row of the ledger; the domain finds the page that shows it."""
    return addnodes.pending_xref(
        "", content, refdomain="ledger", reftype="row", reftarget=name, kind=kind, which=which
    )


def outcome(record) -> Cell:
    """A number's outcome, as a chip and the reason behind it."""
    return [chip(_(record.outcome), record.outcome), nodes.Text(" "), *copies(record.reason)]


ADDRESS = re.compile(r"(https://\S+)")


def linked(text: str) -> Cell:
    """Words in which an address is a link, which print can break."""
    parts = enumerate(ADDRESS.split(text))
    return [nodes.reference(s, s, refuri=s) if i % 2 else nodes.Text(s) for i, s in parts if s]


def copies(found: Iterable[nodes.Node]) -> list[nodes.Node]:
    """Copies of nodes for another place: no ids, which must stay unique, and no document."""
    copied = [node.deepcopy() for node in found]
    for part in (part for node in copied for part in node.findall()):
        part._document = None
        if isinstance(part, nodes.Element):
            part["ids"] = []
            part.attributes.pop("refdoc", None)  # links are those of the page that shows it
    return copied


NUMBERS = {
    "row": (N_("row"), 30),
    "printed": (N_("printed"), 15),
    "computed": (N_("computed"), 15),
    "outcome": (N_("outcome"), 40),
}


def numbers_table(records):
    """The rows of a {published}: chips lead to the ledger, and no reason is said twice running."""
    rows, said = [], None
    for r in records:
        shown, *reason = outcome(r)
        told = "".join(node.astext() for node in reason)
        verdict = [to_row("numbers", r.name, r.outcome, shown), *(reason if told != said else [])]
        rows.append(numbers_row(r, verdict))
        said = told
    named = NUMBERS.items() if records[0].row else list(NUMBERS.items())[1:]
    made = table(dict(named), rows, "numbers")
    for line, record in zip(made.next_node(nodes.tbody), records, strict=True):
        line["reproduced"] = record.reproduced
        line.next_node(nodes.paragraph).insert(0, nodes.inline("", "", ids=[record.line_anchor]))
    return made


def numbers_row(record, verdict: Cell) -> dict[str, Cell]:
    texts = {name: [nodes.Text(getattr(record, name))] for name in ("row", "printed", "computed")}
    return {**texts, "outcome": verdict}
