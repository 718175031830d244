"""Annotations beside the words of the list: in the margin where they fit, below them otherwise.

A note of code, or one too long to be read in a narrow column, stands below.  Of the others the
shortest go into the margin, as many as there is room for beside the words and beside the notes
that stay below.  Heights are estimated in points; what TeX finds other than estimated makes a
note slide down, never over another.  Code that runs on into the margin keeps it free.
"""

from docutils import nodes

from ledger.markup import of_class

MARGIN = {"letters": 38, "line": 10.3, "between": 10}
BELOW = {"letters": 81, "line": 10.8, "between": 16}
WORDS = {"letters": 70, "line": 11.8, "between": 22}
LONGEST = 600  # letters of a note in the margin
SPILL = 45  # points that notes may reach beyond what they stand beside
COLUMNS = 64  # of code in a note that do not run on into the margin
NOT_NARROW = (nodes.literal_block, nodes.math_block, nodes.table, nodes.figure, nodes.bullet_list)


def set_aside(doctree: nodes.document) -> None:
    """Marks the notes that go into the margin, and puts them before the words they are about."""
    parent, late = None, 0.0
    for reading in list(doctree.findall(of_class("reading"))):
        if reading.parent is not parent:
            parent, late = reading.parent, 0.0
        *words, notes = reading.children
        chosen, late = choose(notes.children, sum(height(box, **WORDS) for box in words), late)
        beside = [note for note in notes.children if note in chosen]
        for note in beside:
            notes.remove(note)
        for note in filter(runs_on, list(notes)):
            note["classes"].append("runs-on")
        if not len(notes):
            reading.remove(notes)
        reading[:0] = [nodes.container("", note, classes=["beside"]) for note in beside]


def choose(notes, words: float, late: float) -> tuple[list[nodes.Node], float]:
    """The notes that fit beside some words, and how far they reach beyond what is there."""
    free = [note for note in notes if not runs_on(note)]
    chosen, taken, room = [], late, words + sum(height(note, **BELOW) for note in free)
    for note in sorted(filter(is_narrow, notes), key=lambda note: len(note.astext())):
        taken_then = taken + height(note, **MARGIN)
        room_then = room - height(note, **BELOW)
        if taken_then <= room_then + SPILL:
            chosen, taken, room = [*chosen, note], taken_then, room_then
    return chosen, max(0.0, taken - room)


def is_narrow(note) -> bool:
    """Whether a note can be read in a column of a few words."""
    return len(note.astext()) <= LONGEST and not any(
        isinstance(node, NOT_NARROW) for node in note.findall()
    )


def runs_on(note) -> bool:
    """Whether code in a note is too wide for the column of text."""
    blocks = note.findall(nodes.literal_block)
    return any(len(line) > COLUMNS for block in blocks for line in block.astext().splitlines())


def height(box: nodes.Node, letters: int, line: float, between: float) -> float:
    """How high a box of text will be, about."""
    texts = [node.astext() for node in box.findall(nodes.paragraph)]
    code = sum(len(node.astext().splitlines()) for node in box.findall(nodes.literal_block))
    lines = sum(-(-max(1, len(text)) // letters) for text in texts) + code
    return lines * line + between
