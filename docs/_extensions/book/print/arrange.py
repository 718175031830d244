"""How pages become a book of parts and chapters, and what of them paper leaves out."""

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders.latex.nodes import thebibliography
from sphinx.util.typing import ExtensionMetadata

from book.exercises import exercise, fold
from book.print import marginal, solutions, tables
from ledger.folding import FIRST, LONG, is_computation
from ledger.markup import of_class
from verified_book.languages import _, said_with


def arrange(app, doctree, docname):
    """Makes parts and chapters of the pages, with names that fit a running head."""
    if app.builder.name != "latex":
        return
    files = {sof["docname"]: sof for sof in doctree.findall(addnodes.start_of_file)}
    captions, names = captions_of(app.env), names_of(app.env)
    if appendix := next((page for page in files if page.startswith("appendix/")), None):
        put_before(files[appendix], r"\bkappendix")
    for page, file in files.items():
        section = file.next_node(nodes.section)
        if captions.get(page, 0) > 1:
            section["part"] = True
        elif page in captions:
            put_before(file, r"\bkcontentsgap")
        if page in names:
            section["short"] = names[page]
    for page in app.config.print_in_columns:
        if page in files:
            in_columns(files[page].next_node(nodes.section))
    order_citing(doctree, files)
    open_preface(doctree)
    return_bibliography(doctree, files)
    leave_out(app, doctree)
    solutions.gather(doctree, files, lambda page: name_of(page, files, names))
    for label in list(doctree.findall(is_label)):
        run_in(label)
    marginal.set_aside(doctree)


def name_of(page, files, names):
    return names.get(page) or files[page].next_node(nodes.title).astext()


def toctrees_of(env):
    return env.get_doctree(env.config.root_doc).findall(addnodes.toctree)


def captions_of(env):
    """For the first page of each captioned toctree of the front page, how many pages it has."""
    return {
        toc["entries"][0][1]: len(toc["entries"])
        for toc in toctrees_of(env)
        if toc.get("caption") and toc["entries"]
    }


def names_of(env):
    """What the toctrees of the front page call its chapters, as in “7 · GPT”."""
    captions = captions_of(env)
    return {
        page: title
        for toc in toctrees_of(env)
        for title, page in toc["entries"]
        if title and captions.get(page, 0) < 2
    }


def order_citing(doctree, files):
    """Pages on which a work is cited, in their order in print."""
    places = {name: place for place, name in enumerate(files)}
    for line in doctree.findall(nodes.paragraph):
        if "cited-in" in line["classes"]:
            links = list(line.findall(nodes.reference))
            line.children = sorted(links, key=lambda link: places.get(page_of(link), -1))


def open_preface(doctree):
    """What the front page says after its title is a preface."""
    if front := doctree.next_node(nodes.section):
        title = front.next_node(nodes.title)
        if title is not None and len(front) > 1 and isinstance(front[1], nodes.paragraph):
            put_before(front[1], r"\bkpreface")


def return_bibliography(doctree, files):
    """Entries that Sphinx gathered at the end of the book return to their page."""
    for entries in list(doctree.findall(thebibliography)):
        page = files.get(entries[0]["docname"]) if len(entries) else None
        if page is not None:
            entries.parent.remove(entries)
            page.next_node(nodes.section).append(entries)


def page_of(link):
    """The page that a link leads to, as LaTeX names it; none for the front page."""
    return link.get("refuri", "")[1:].partition("#")[0]


def put_before(node, command):
    raw = nodes.raw("", f"\n{command}\n\n", format="latex")
    node.parent.insert(node.parent.index(node), raw)


def in_columns(section):
    """Sets what stands below a heading in two columns, over the margin too: of short notes."""
    begin, end = (
        nodes.raw("", rf"\{word}{{bkcolumns}}", format="latex") for word in ("begin", "end")
    )
    section[1:] = [begin, *section[1:], end]


# -- what is left to the other editions -----------------------------------------------------------


def leave_out(app, doctree):
    """Numbers that come out as printed, and what computes a table that shows the results."""
    gone = leave_out_boxes(doctree, "screen-only", "web-only")
    gone |= tables.leave_out_reproduced(doctree, where_reproduced(app))
    for box in list(doctree.findall(of_class("published"))):
        gone |= leave_out_computation(box) | leave_out_rows(box)
    tables.unlink(doctree, gone)
    for hint in doctree.findall(fold):
        if hint["kind"] == "hint":
            name = nodes.strong("", f"{hint[0].astext()}: ")
            hint[0].replace_self(nodes.paragraph("", "", name, classes=["label"]))


def leave_out_boxes(doctree, *names):
    """Takes away boxes of these classes, as what only a screen makes true; their ids."""
    boxes = list(doctree.findall(of_class(*names)))
    for box in boxes:
        box.parent.remove(box)
    return {id_ for box in boxes for node in box.findall(nodes.Element) for id_ in node["ids"]}


def where_reproduced(app):
    """Where the numbers stand that the book does not list."""
    page = getattr(app.config, "ledger_documentation", "")  # a book may have no ledger
    said = _("They stand on their pages, each beside what the paper prints.")
    told = nodes.inline("", said)
    if page in app.env.all_docs:
        link = nodes.reference("", app.env.titles[page].astext(), refuri=f"%{page}", internal=True)
        told += [nodes.Text(" "), *said_with(_("A list of them is in the files of {}."), link)]
    return told


def leave_out_computation(box):
    """Takes away the examples that compute a table; the ids that go with them."""
    ran = [node for node in box if is_computation(node) and not isinstance(node, nodes.comment)]
    lines = sum(len(node.astext().splitlines()) for node in ran)
    gone = {id_ for node in ran for id_ in node["ids"]}
    for node in ran:
        box.remove(node)
    said = next((n for n in box if "comes-out" in n.get("classes", ())), None)
    if ran and said is not None:
        told = _("The computation (lines: {}) is in the HTML.").format(lines)
        said += nodes.inline("", f" {told}", classes=["left-out"])
    return gone


def leave_out_rows(box):
    """Of a long table those rows that differ are printed, or the first; the ids of the others."""
    table = box.next_node(nodes.table)
    rows = tables.rows_of(table) if table is not None else []
    if len(rows) <= LONG:
        return set()
    shown = [row for row in rows if not row.get("reproduced")] or rows[:FIRST]
    rest = [row for row in rows if row not in shown]
    for row in rest:
        row.parent.remove(row)
    if rest:
        told = _("Rows that are left out here, all as printed: {}.").format(len(rest))
        box.insert(box.index(table) + 1, nodes.paragraph("", told, classes=["left-out"]))
    return {id_ for row in rest for node in row.findall(nodes.Element) for id_ in node["ids"]}


def is_label(node):
    return isinstance(node, nodes.paragraph) and "label" in node["classes"]


def run_in(label):
    """The name of a note, an answer or a hint begins its first line, which it has anyway."""
    after = label.next_node(descend=False, siblings=True)
    if isinstance(after, nodes.paragraph) and not isinstance(label.parent, exercise):
        label.parent.remove(label)
        after.insert(0, nodes.inline("", "", *label.children, classes=["run-in"]))


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_config_value("print_in_columns", (), "", types=frozenset({list, tuple}))
    app.connect("doctree-resolved", arrange, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
