"""What nodes say, as plain text: maths as TeX, a citation as the label of its paper and the place.

A text is kept in pieces, in which a citation is (role, [(key, place), ...]), until it is told:
how a paper is called may change without the page.
"""

from collections.abc import Callable, Iterable, Iterator

from docutils import nodes
from sphinx import addnodes

from verified_book import citations

Piece = str | tuple[str, list[tuple[str, str]]]
Label = Callable[[str], str]


def plain(label: Label, *found: nodes.Node) -> str:
    """Nodes as plain text."""
    return told(label, (piece for node in found for piece in pieces(node)))


def told(label: Label, said: Iterable[Piece]) -> str:
    """Pieces as plain text."""
    texts = (piece if isinstance(piece, str) else cite(label, *piece) for piece in said)
    return "".join(texts).strip()


def cite(label: Label, role: str, places: list[tuple[str, str]]) -> str:
    cited = [", ".join(filter(None, (label(key), at))) for key, at in places]
    return "; ".join(cited) if role == "t" else f"({'; '.join(cited)})"


def pieces(node: nodes.Node) -> Iterator[Piece]:
    """The text of a node in pieces."""
    if isinstance(node, nodes.Text):
        yield node.astext().replace("\n", " ")
    elif isinstance(node, nodes.math | nodes.math_block):
        mark = "$" if isinstance(node, nodes.math) else "$$"
        yield f"{mark}{node.astext()}{mark}"
    elif isinstance(node, nodes.literal_block):
        yield node.astext()
    elif isinstance(node, addnodes.pending_xref) and node["refdomain"] == "cite":
        yield node["reftype"], citations.cited(node)
    else:
        yield from joined(node.children, not isinstance(node, nodes.TextElement))


def joined(found: Iterable[nodes.Node], apart: bool) -> Iterator[Piece]:
    """The pieces of nodes that follow each other, blocks with a blank line between."""
    for i, child in enumerate(found):
        if i and apart:
            yield "\n\n"
        yield from pieces(child)
