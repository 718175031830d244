"""Figures and tables get their numbers again only where one has come, gone or moved.

Sphinx reads every page's doctree in every build to number them.  Each page notes, while it is
read, what would be numbered and in what order; where all pages say what they said, and sections
have their old numbers, the figures have theirs.

Stands on ``page_notes``; knows only Sphinx.
"""

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.environment.collectors.toctree import TocTreeCollector
from sphinx.util.typing import ExtensionMetadata

from verified_book.page_notes import PageNotes

assign = TocTreeCollector.assign_figure_numbers


class Numbered(PageNotes):
    """The sections, contents and numbered things of each page, in order."""

    kept_as = "numbering_noted"

    def process_doc(self, app, doctree):
        self.of(app.env)[app.env.docname] = list(marks(app.env, doctree))


def marks(env, doctree):
    domains = list(env.domains.sorted())
    numbered = tuple(kind for domain in domains for kind in domain.enumerable_nodes)
    for node in doctree.findall(
        lambda n: isinstance(n, (nodes.section, addnodes.toctree, *numbered))
    ):
        if isinstance(node, nodes.section):
            yield node["ids"][0], len(list(ancestors(node)))
        elif isinstance(node, addnodes.toctree):
            yield [page for _, page in node["entries"]]
        else:
            titled = bool(env.domains.standard_domain.get_numfig_title(node))
            yield [d.get_enumerable_node_type(node) for d in domains], node["ids"][:1], titled


def ancestors(node):
    while node := node.parent:
        yield node


def assign_where_changed(self, env):
    settings = env.config.numfig, env.config.numfig_secnum_depth
    told = repr((sorted(Numbered.of(env).items()), sorted(env.toc_secnumbers.items()), settings))
    before, numbers = getattr(env, "numbering_done", (None, {}))
    if told == before:
        env.toc_fignumbers = {page: dict(found) for page, found in numbers.items()}
        return []
    changed = assign(self, env)
    env.numbering_done = told, {page: dict(found) for page, found in env.toc_fignumbers.items()}
    return changed


def setup(app: Sphinx) -> ExtensionMetadata:
    TocTreeCollector.assign_figure_numbers = assign_where_changed
    app.add_env_collector(Numbered)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
