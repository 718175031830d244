"""Solutions stand at the end of a printed book, linked both ways with pages."""

from collections.abc import Callable

from docutils import nodes
from sphinx import addnodes

from book.exercises import exercise, fold
from verified_book.languages import _


def gather(
    doctree: nodes.document,
    files: dict[str, nodes.Element],
    name_of: Callable[[str], str],
) -> None:
    """Moves all solutions into a chapter before the bibliography, or at the end."""
    found = {page: solutions_of(page, file) for page, file in files.items()}
    if not any(found.values()):
        return
    chapter = nodes.section("", nodes.title("", _("Solutions")), ids=["solutions"])
    for page, boxes in found.items():
        if boxes:
            title = nodes.title("", name_of(page))
            section = nodes.section("", title, *boxes, ids=["solutions-of-the-page"])
            chapter += addnodes.start_of_file("", section, docname=page)
    put_before_bibliography(
        doctree, files, addnodes.start_of_file("", chapter, docname="solutions")
    )


def put_before_bibliography(doctree, files, chapter):
    last = next((f for f in files.values() if any(f.findall(nodes.citation))), None)
    if last is None:
        doctree += chapter
    else:
        last.parent.insert(last.parent.index(last), chapter)


def solutions_of(page, file):
    """Takes the solutions out of the exercises of a page, each as a box with its way back."""
    boxes = []
    for box in list(file.findall(exercise)):
        solution = next((n for n in box if isinstance(n, fold) and n["kind"] == "solution"), None)
        if solution is not None:
            box.remove(solution)
            place = f"solution-{box['exercise']}"
            where = rf"\bksolutionat{{\detokenize{{{page}:{place}}}}}"
            box.next_node(nodes.paragraph).append(nodes.raw("", where, format="latex"))
            boxes.append(answer(page, box, place, solution[1:]))
    return boxes


def answer(page, box, place, content):
    """A solution, under the name of its exercise and the page on which that stands."""
    name = box.next_node(nodes.paragraph).astext().partition(" · ")[0]
    back = nodes.reference("", name, refid=box["ids"][0], internal=True, classes=["back"])
    where = rf"\bkonpageof{{\detokenize{{{page}:{box['ids'][0]}}}}}"
    label = nodes.paragraph("", "", back, nodes.raw("", where, format="latex"), classes=["label"])
    return nodes.container("", label, *content, ids=[place], classes=["answer"])
