"""The walk through a tree: docutils', which a page goes through some eighty times, in one loop.

Docutils walks with a generator in each node, one within another, so that a node ten levels deep
is handed on ten times.

Ground floor: knows only docutils.
"""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

walk_aside = nodes.Node.findall  # to siblings and ancestors, as docutils does it


def findall(self, condition=None, include_self=True, descend=True, siblings=False, ascend=False):
    """The nodes below this one in the order of the text, of those that fulfil a condition."""
    if siblings or ascend or not descend:
        return walk_aside(self, condition, include_self, descend, siblings, ascend)
    return walk(self, condition, include_self)


def walk(node, condition, include_self):
    is_kind, left = isinstance(condition, type), [node]
    if not include_self:
        left = [*reversed(node.children)]
    while left:
        node = left.pop()
        if condition is None or (isinstance(node, condition) if is_kind else condition(node)):
            yield node
        if children := node.children:
            left += reversed(children)


def setup(app: Sphinx) -> ExtensionMetadata:
    nodes.Node.findall = findall
    return {"parallel_read_safe": True, "parallel_write_safe": True}
