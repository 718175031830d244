"""The walk through a tree gives what docutils' own gives, in its order."""

from itertools import product

import pytest
from docutils import nodes
from docutils.core import publish_doctree

from verified_book.walk import findall, walk_aside

TREE = publish_doctree("""
Title
=====

Words, *stressed*, and more.

- one

  - two

- three ``four``
""")
CONDITIONS = (None, nodes.Text, nodes.paragraph, lambda node: "e" in node.astext())


@pytest.mark.parametrize("condition", CONDITIONS)
def test_it_gives_the_same_nodes_in_the_same_order(condition):
    for node, *ways in product(TREE.findall(), *[(True, False)] * 4):
        ours, theirs = findall(node, condition, *ways), walk_aside(node, condition, *ways)
        assert [*map(id, ours)] == [*map(id, theirs)]
