"""The PDF: the same pages, set by XeLaTeX, without anything to click open.

``bookstyle.sty`` styles the book's own boxes by the classes of their nodes.  Here is what
Sphinx's LaTeX writer leaves out: ids and classes of containers, paragraphs and inline text, and
the page beside a link to another chapter.  ``arrange`` makes a book of the pages, ``tables`` fits
the ledger's tables to a page.
"""

import re

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata
from sphinx.writers.latex import CR, LaTeXTranslator

from book.print import functions, tables


class BookTranslator(LaTeXTranslator):
    """Sphinx's writer, with ids and classes where the book's boxes and chips have them."""

    def __init__(self, *args):
        super().__init__(*args)
        self.waiting = []  # ids of boxes, until the first line: above it, a page break loses them
        self.told = set()  # places whose page the paragraph has named
        self.labels = 0  # open first lines of boxes, in which links have no page

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
        node["classes"].sort(key=from_outside)
        super().visit_container(node)
        self.waiting += node["ids"]

    def depart_container(self, node):
        self.put_waiting()
        super().depart_container(node)
        self.body.append(CR)

    def visit_paragraph(self, node):
        self.told = set()
        if "cited-in" in node["classes"]:
            self.put_pages(node)
            raise nodes.SkipNode
        self.labels += "label" in node["classes"]
        if leads_in(node):
            lines = 2 + room(node.next_node(descend=False, siblings=True))
            self.body.append(CR + rf"\needspace{{{lines}\baselineskip}}" + CR)
        for name in node["classes"]:
            self.body.append(CR + rf"\begin{{sphinxuseclass}}{{{name}}}")
        super().visit_paragraph(node)
        self.put_waiting()

    def put_pages(self, node):
        """Where a work is cited first in each chapter: in print, a page number says it."""
        root = self.document.settings._docname
        places = [
            link["refuri"][1:].replace("#", ":") if "refuri" in link else f"{root}:{link['refid']}"
            for link in node.findall(nodes.reference)
        ]
        pages = ", ".join(rf"\bkonpage{{\detokenize{{{place}}}}}" for place in places)
        self.body.append(CR + rf"\bkcitedon{{{pages}}}" + CR)

    def depart_paragraph(self, node):
        super().depart_paragraph(node)
        self.labels -= "label" in node["classes"]
        self.body += [r"\end{sphinxuseclass}" + CR for _ in node["classes"]]
        if leads_in(node) or "label" in node["classes"]:
            self.body.append(r"\bkstay" + CR)

    def visit_inline(self, node):
        if not (self.in_title or self.in_caption):  # TeX moves these about
            self.put_targets(node["ids"])
        self.labels += "run-in" in node["classes"]
        super().visit_inline(node)

    def depart_inline(self, node):
        super().depart_inline(node)
        self.labels -= "run-in" in node["classes"]

    def visit_reference(self, node):
        command = next((REFERENCES[name] for name in node["classes"] if name in REFERENCES), None)
        if command:
            self.body.append(f"\\{command}{{")
        super().visit_reference(node)
        if term := self.term_of(node):
            self.body.append(index_entry(term))
        self.context[-1] += "}" if command else self.page_of(node)

    def term_of(self, node):
        """The term of the glossary to which a link leads, where TeX can note its page."""
        place, terms = node.get("refuri", "").rpartition("#")[2], self.builder.env.domaindata
        if is_sorted(node) and not (self.in_title or self.in_caption or self.table):
            named = terms.get("glossary", {}).get("names", {}).values()
            return next((names[place] for names in named if place in names), None)
        return None

    def visit_number_reference(self, node):
        page = self.page_of(node)
        try:
            super().visit_number_reference(node)
        finally:
            self.body.append(page)

    def visit_math_reference(self, node):
        label = f"equation:{node['docname']}:{node['target']}"
        page = "" if node["docname"] == self.curfilestack[-1] else self.page_at(label)
        try:
            super().visit_math_reference(node)
        finally:
            self.body.append(page)

    def page_of(self, node):
        """The page of a place in another chapter; alphabets lead to terms and to works."""
        label = tables.label_of(node)
        elsewhere = label and label.partition(":")[0] != self.curfilestack[-1]
        return self.page_at(label) if elsewhere and not is_sorted(node) else ""

    def page_at(self, label):
        if self.in_title or self.in_caption or self.table or self.labels or label in self.told:
            return ""
        self.told.add(label)
        return rf"\bkpage{{\detokenize{{{label}}}}}"

    def visit_literal_block(self, node):
        if self.table or self.in_footnote or node.rawsource != node.astext():
            super().visit_literal_block(node)
            return
        if node.get("language") in ("python", "default") or "language" not in node:
            node.rawsource = functions.on_paper(node.astext())
            node.children = [nodes.Text(node.rawsource)]
        verified = "verified" in node["classes"]
        whole = node.astext().count("\n") < WHOLE
        start = len(self.body)
        try:
            super().visit_literal_block(node)
        finally:
            options = ("bkverified" if verified else "bkplain") + (",samepage" if whole else "")
            self.body[start:] = [set_as_code("".join(self.body[start:]), options)]

    def put_room(self, node):
        self.body.append(CR + rf"\needspace{{{room(node)}\baselineskip}}" + CR)

    def visit_title(self, node):
        section = node.parent if isinstance(node.parent, nodes.section) else {}
        if section and self.sectionlevel > 1:
            self.put_room(section)
        super().visit_title(node)
        if section.get("part"):
            self.body[-1] = r"\part{"
        elif short := section.get("short"):
            number, mark, _ = short.partition(" · ")
            opening = rf"\bkopening{{{number if mark else ''}}}"
            self.body[-1] = rf"{opening}\chapter[{self.encode(short)}]{{"

    def visit_table(self, node):
        if "ledger" in node["classes"]:
            tables.set_on_paper(node)
            rows = tables.rows_of(node)
            width = tables.FULL if is_wide(node) else tables.TEXT
            self.next_table_colspec = tables.columns(node, width)
            if len(rows) > KEPT:
                node["classes"].append("longtable")
                for row in [*rows[:2], *rows[-4:-1]]:
                    row["keep"] = True
        if is_wide(node):
            self.body.append(CR + r"\begin{bkfull}" + CR)
        super().visit_table(node)

    def depart_table(self, node):
        super().depart_table(node)
        if is_wide(node):
            self.body.append(CR + r"\end{bkfull}" + CR)

    def visit_row(self, node):
        super().visit_row(node)
        if node.get("heads"):
            self.body.append(r"\noalign{\vskip 3pt}" + CR)

    def depart_row(self, node):
        super().depart_row(node)
        if node.get("heads") or node.get("keep"):  # it stays with the row below
            self.body.append(r"\noalign{\nobreak}" + CR)

    def visit_figure(self, node):
        start, floats = len(self.body), runs_wide(node)
        super().visit_figure(node)
        if floats:
            begun = "".join(self.body[start:]).replace("[H]", "[!htbp]", 1)
            self.body[start:] = [begun, r"\begin{bkfigure}"]

    def visit_caption(self, node):
        super().visit_caption(node)
        if isinstance(node.parent, nodes.figure) and self.body[-1] == r"\caption{":
            self.body[-1] = rf"\caption[{self.begins(node)}]{{"

    def begins(self, caption):
        """How a caption begins, for the list of figures: a sentence, or what fits a line."""
        parts, room = [], LINE
        for node in caption.children:
            text = node.astext()
            said = text if isinstance(node, nodes.math) else SENTENCE.split(text)[0]
            if len(said) > room:
                parts.append(self.encode(said[:room].rpartition(" ")[0] + " …"))
                break
            parts.append(f"${said}$" if isinstance(node, nodes.math) else self.encode(said))
            room -= len(said)
            if said != text:
                break
        return "".join(parts)

    def depart_figure(self, node):
        if runs_wide(node):
            self.body.append(r"\end{bkfigure}" + CR)
        super().depart_figure(node)

    def visit_index(self, node):
        """The index is made of the glossary's terms; what the search finds is not in it."""
        raise nodes.SkipNode

    def visit_term(self, node):
        super().visit_term(node)
        if "glossary" in node.parent.parent.get("classes", ()) and node["ids"]:
            self.body.append(index_entry(node.astext(), "|bkmain"))

    def visit_glossary(self, node):
        self.body.append(CR + r"\begin{bkcolumns}" + CR)

    def depart_glossary(self, node):
        self.body.append(CR + r"\end{bkcolumns}" + CR)

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


def from_outside(name):
    """Sorts the classes of a box: what frees its margin, what gives it a colour, what it is."""
    return 0 if name == "runs-on" else 1 if name.startswith("verdict-") else 2


REFERENCES = {"claim-number": "bkclaimnumber", "back": "bkback"}


def index_entry(term, look=""):
    quoted = re.sub(r'(["!@|])', r'"\1', term)
    return rf"\index{{{quoted}{look}}}"


def is_sorted(link):
    """Whether a link leads to something that its name finds: a term, a work."""
    names = {name for node in link.findall(nodes.inline) for name in node["classes"]}
    parents = {*link.parent.get("classes", ())} if link.parent else set()
    return "std-term" in names or "bibtex-citation" in parents


def leads_in(paragraph):
    """Whether a paragraph ends in a colon, and what it leads to comes next."""
    after = paragraph.next_node(descend=False, siblings=True)
    shown = after is not None and not isinstance(after, nodes.math_block)  # TeX keeps those itself
    return shown and paragraph.astext().rstrip().endswith(":")


def runs_wide(node):
    """Whether something may use the margin too: not in a box or in a list."""
    while node := node.parent:
        if isinstance(node, nodes.list_item | nodes.container) and "published" not in node.get(
            "classes", ()
        ):
            return False
    return True


def is_wide(table):
    """Whether a table uses the margin too: the ledger's, and those of many columns."""
    many = table.next_node(nodes.tgroup)["cols"] > 3
    return runs_wide(table) and (many or "ledger" in table["classes"])


SENTENCE = re.compile(r"(?<=[a-z)])[.:;](?:\s|$)")  # where one ends
LINE = 84  # letters in the list of figures
KEPT = 12  # rows of a table that are not torn apart
WHOLE = 60  # lines of code that are not: as many as a page holds


def set_as_code(latex, options):
    """Code as the book sets it: without a frame that would part it from its page."""
    begin, end = r"\begin{sphinxVerbatim}[", r"\end{sphinxVerbatim}"
    return latex.replace(begin, rf"\begin{{bkcode}}[{options},").replace(end, r"\end{bkcode}")


def room(node):
    """The lines that must be free on a page for a node to begin there."""
    if isinstance(node, nodes.section):
        after = [child for child in node.children[1:] if not isinstance(child, nodes.target)]
        return 3 + (room(after[0]) if after else 0)
    if isinstance(node, nodes.container) and "published" in node["classes"]:
        return 3 + room(node.next_node(nodes.table) or nodes.paragraph())
    if isinstance(node, nodes.literal_block):
        lines = node.astext().count("\n") + 1
        return (
            1 + lines * 4 // 5 if lines <= WHOLE else 9
        )  # its lines are lower than those of text
    if isinstance(node, nodes.table):
        rows = len(tables.rows_of(node))
        return rows + 3 if rows <= KEPT else 9
    return 4


def setup(app: Sphinx) -> ExtensionMetadata:
    app.set_translator("latex", BookTranslator)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
