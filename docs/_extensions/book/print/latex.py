"""The PDF: the same pages, set by XeLaTeX, without anything to click open.

``bookstyle.sty`` styles the book's own boxes by the classes of their nodes.  Here is what
Sphinx's LaTeX writer leaves out (ids and classes of containers, paragraphs and inline text), how
the ledger's tables fit a page of paper, and how pages become parts and chapters.
"""

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders.latex.nodes import thebibliography
from sphinx.util.typing import ExtensionMetadata
from sphinx.writers.latex import CR, LaTeXTranslator

from ledger.markup import NUMBERS

# -- what the LaTeX writer leaves out -----------------------------------------------------------


class BookTranslator(LaTeXTranslator):
    """Sphinx's writer, with ids and classes where the book's boxes and chips have them."""

    def __init__(self, *args):
        super().__init__(*args)
        self.waiting = []  # ids of boxes, until the first line: above it, a page break loses them

    def put_targets(self, ids):
        if ids:
            labels = "".join(self.hypertarget(name, anchor=False) for name in ids)
            self.body.append(rf"\phantomsection{labels}%{CR}")

    def put_waiting(self):
        self.put_targets(self.waiting)
        self.waiting = []

    def visit_container(self, node):
        if "published" in node["classes"]:
            self.put_room(node)
        # a verdict comes first: it sets the colour of the box
        node["classes"].sort(key=lambda name: not name.startswith("verdict-"))
        super().visit_container(node)
        self.waiting += node["ids"]

    def depart_container(self, node):
        self.put_waiting()
        super().depart_container(node)
        self.body.append(CR)

    def visit_paragraph(self, node):
        if "cited-in" in node["classes"]:
            self.put_pages(node)
            raise nodes.SkipNode
        for name in node["classes"]:
            self.body.append(CR + rf"\begin{{sphinxuseclass}}{{{name}}}")
        super().visit_paragraph(node)
        self.put_waiting()

    def put_pages(self, node):
        """Where a work is cited first in each chapter: in print, a page number says it."""
        root = self.config.root_doc
        places = [
            link["refuri"][1:].replace("#", ":") if "refuri" in link else f"{root}:{link['refid']}"
            for link in node.findall(nodes.reference)
        ]
        pages = ", ".join(rf"\bkonpage{{\detokenize{{{place}}}}}" for place in places)
        self.body.append(CR + rf"\bkcitedon{{{pages}}}" + CR)

    def depart_paragraph(self, node):
        super().depart_paragraph(node)
        self.body += [r"\end{sphinxuseclass}" + CR for _ in node["classes"]]

    def visit_inline(self, node):
        if not (self.in_title or self.in_caption):  # TeX moves these about
            self.put_targets(node["ids"])
        super().visit_inline(node)

    def visit_reference(self, node):
        command = next((REFERENCES[name] for name in node["classes"] if name in REFERENCES), None)
        if command:
            self.body.append(f"\\{command}{{")
        super().visit_reference(node)
        if command:
            self.context[-1] += "}"

    def visit_literal_block(self, node):
        if not self.table:
            self.put_room(node)
        if "verified" not in node["classes"]:
            super().visit_literal_block(node)
            return
        self.body.append(CR + r"\begin{bkverified}")
        try:
            super().visit_literal_block(node)
        finally:
            self.body.append(r"\end{bkverified}" + CR)

    def put_room(self, node):
        self.body.append(CR + rf"\needspace{{{room(node)}\baselineskip}}" + CR)

    def visit_title(self, node):
        if isinstance(node.parent, nodes.section) and self.sectionlevel > 1:
            self.put_room(node.parent)
        super().visit_title(node)
        if node.parent.get("part"):
            self.body[-1] = r"\part{"

    def visit_table(self, node):
        if "ledger" in node["classes"]:
            abridge(node)
            gather(node)
            self.next_table_colspec = columns(node)
            if rows_of(node) > KEPT:
                node["classes"].append("longtable")
                for row in list(node.next_node(nodes.tbody).findall(nodes.row))[-4:-1]:
                    row["keep"] = True
        super().visit_table(node)

    def visit_row(self, node):
        super().visit_row(node)
        if node.get("heads"):
            self.body.append(r"\noalign{\vskip 3pt}" + CR)

    def depart_row(self, node):
        super().depart_row(node)
        if node.get("heads") or node.get("keep"):  # it stays with the row below
            self.body.append(r"\noalign{\nobreak}" + CR)

    def visit_thebibliography(self, node):
        self.body.append(CR + r"\begin{bkbibliography}" + CR)

    def depart_thebibliography(self, node):
        self.body.append(CR + r"\end{bkbibliography}" + CR)

    def visit_citation(self, node):
        self.body.append(CR + rf"\bkbibitem{{{self.encode(node[0].astext())}}}")
        name = f"{node['docname']}:{node['ids'][0]}"
        self.body.append(
            rf"\hypertarget{{cite.{name}}}{{}}" + self.hypertarget(name, withdoc=False)
        )


REFERENCES = {"claim-number": "bkclaimnumber", "back": "bkback"}


KEPT = 12  # lines of code, or rows of a table, that are not torn apart


def room(node):
    """The lines that must be free on a page for a node to begin there."""
    if isinstance(node, nodes.section):
        after = [child for child in node.children[1:] if not isinstance(child, nodes.target)]
        return 3 + (room(after[0]) if after else 0)
    if isinstance(node, nodes.container) and "published" in node["classes"]:
        return 2 + room(node.next_node(nodes.table) or nodes.paragraph())
    if isinstance(node, nodes.literal_block):
        lines = node.astext().count("\n") + 1
        return lines + 1 if lines <= KEPT else 7
    if isinstance(node, nodes.table):
        return rows_of(node) + 3 if rows_of(node) <= KEPT else 9
    return 4


def rows_of(table):
    return len(list(table.next_node(nodes.tbody).findall(nodes.row)))


def field(cell):
    """The field of a record that a cell or a column of a ledger shows."""
    return cell["classes"][0]


def marks_of(cell):
    """The targets in a cell, to which links lead."""
    return [mark for mark in cell.findall(nodes.inline) if mark["ids"] and not len(mark)]


def gather(table):
    """Gives the name of a number a line of its own, above the rows that it holds."""
    group = table.next_node(nodes.tgroup)
    specs = list(group.findall(nodes.colspec))
    if field(specs[0]) != "name":
        return
    group["cols"] -= 1
    group.remove(specs[0])
    for spec in specs[1:]:
        spec["colwidth"] = NUMBERS[field(spec)][1]
    body = group.next_node(nodes.tbody)
    for row in list(table.findall(nodes.row)):
        first = row.pop(0)
        if row.parent is body:
            name, marks = first.astext(), marks_of(first)
            for mark in marks:
                mark.parent.remove(mark)
            row[0].next_node(nodes.paragraph)[:0] = marks
            if name:
                head = nodes.row("", first, heads=True)
                first["morecols"] = group["cols"] - 1
                body.insert(body.index(row), head)


REPEATED = {"name": "", "key": "", "now": "″", "outcome": "″", "should": "″", "body": "″"}


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


def columns(table) -> str:
    """Columns that leave their right edge ragged; of numbers, the printed and the computed."""
    specs = list(table.findall(nodes.colspec))
    widths = [max(spec["colwidth"], 11) for spec in specs]  # nor does a claim's id
    right = {"printed", "computed"}
    kinds = [r"\bknumbers" if field(spec) in right else r"\bkcolumn" for spec in specs]
    return "".join(
        f"{kind}{{{width}}}{{{sum(widths)}}}" for kind, width in zip(kinds, widths, strict=True)
    )


# -- parts and chapters -------------------------------------------------------------------------


def arrange(app, doctree, docname):
    """Pages that open a captioned toctree become parts; the entries return to the bibliography."""
    if app.builder.name != "latex":
        return
    captions = captions_of(app.env)
    files = {sof["docname"]: sof for sof in doctree.findall(addnodes.start_of_file)}
    for first, count in captions.items():
        if first not in files:
            continue
        if count > 1:
            files[first].next_node(nodes.section)["part"] = True
        else:
            put_before(files[first], r"\bkcontentsgap")
    places = {name: place for place, name in enumerate(files)}
    for line in doctree.findall(nodes.paragraph):
        if "cited-in" in line["classes"]:
            links = list(line.findall(nodes.reference))
            line.children = sorted(links, key=lambda link: places.get(page_of(link), -1))
    if front := doctree.next_node(nodes.section):
        title = front.next_node(nodes.title)
        if title is not None and len(front) > 1 and isinstance(front[1], nodes.paragraph):
            put_before(front[1], r"\bkpreface")
    for entries in list(doctree.findall(thebibliography)):
        page = files.get(entries[0]["docname"]) if len(entries) else None
        if page is not None:
            entries.parent.remove(entries)
            page.next_node(nodes.section).append(entries)


def page_of(link):
    """The page that a link leads to, as LaTeX names it; none for the front page."""
    return link.get("refuri", "")[1:].partition("#")[0]


def captions_of(env):
    """For the first page of each captioned toctree of the front page, how many pages it has."""
    toctrees = env.get_doctree(env.config.root_doc).findall(addnodes.toctree)
    return {
        toc["entries"][0][1]: len(toc["entries"])
        for toc in toctrees
        if toc.get("caption") and toc["entries"]
    }


def put_before(node, command):
    raw = nodes.raw("", f"\n{command}\n\n", format="latex")
    node.parent.insert(node.parent.index(node), raw)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("doctree-resolved", arrange, priority=900)
    app.set_translator("latex", BookTranslator)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
