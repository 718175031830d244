"""The nodes that the ledger's boxes and tables are made of."""

from docutils import nodes
from sphinx import addnodes


def labelled(*parts, classes=()):
    return nodes.paragraph("", "", *parts, classes=["label", *classes])


def chip(text, *classes):
    return nodes.inline("", text, classes=["chip", *classes])


def of_class(*names):
    return lambda node: (
        isinstance(node, nodes.container) and bool({*names} & {*node.get("classes", ())})
    )


def table(heads, rows, classes, widths):
    """A plain table; cells are lists of inline nodes."""
    group = nodes.tgroup("", cols=len(heads))
    group += [nodes.colspec("", colwidth=width) for width in widths]
    group += nodes.thead("", row([[nodes.Text(head)] for head in heads]))
    group += nodes.tbody("", *map(row, rows))
    return nodes.table("", group, classes=["ledger", *classes])


def row(cells):
    """A row of cells; a cell is a list of inline nodes or of paragraphs and the like."""
    return nodes.row("", *(nodes.entry("", *blocks(cell)) for cell in cells))


def blocks(cell):
    inline = all(isinstance(node, nodes.Inline | nodes.Text) for node in cell)
    return [nodes.paragraph("", "", *cell)] if inline else cell


def row_mark(name):
    return nodes.inline("", "", ids=[f"row-{name}"])


def to_row(kind, name, which, content):
    """A link to a row of the ledger; the domain finds the page that shows it."""
    return addnodes.pending_xref(
        "", content, refdomain="ledger", reftype="row", reftarget=name, kind=kind, which=which
    )


def outcome(record):
    """A number's outcome, as a chip and the reason behind it."""
    return [chip(record.outcome, record.outcome), nodes.Text(" "), *copies(record.reason)]


def copies(found):
    """Copies of nodes for another place: no ids, which must stay unique, and no document."""
    made = [node.deepcopy() for node in found]
    for part in (part for node in made for part in node.findall()):
        part._document = None
        if isinstance(part, nodes.Element):
            part["ids"] = []
            part.attributes.pop("refdoc", None)  # links are those of the page that shows it
    return made


def numbers_table(records):
    """The rows of a {published}: chips lead to the ledger, and no reason is said twice running."""
    rows, said = [], None
    for r in records:
        shown, *reason = outcome(r)
        told = "".join(node.astext() for node in reason)
        name = [[nodes.Text(r.row)]] if r.row else []
        verdict = [to_row("numbers", r.name, r.outcome, shown), *(reason if told != said else [])]
        rows.append([*name, [nodes.Text(r.printed)], [nodes.Text(r.computed)], verdict])
        said = told
    heads, widths = ["row", "printed", "computed", "outcome"], [30, 15, 15, 40]
    width = len(rows[0])
    return table(heads[-width:], rows, ["numbers"], widths[-width:])
