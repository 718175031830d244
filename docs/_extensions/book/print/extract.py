"""One entry alone, for a reading group: ``print_entry = NAME`` sets that page and what it cites.

Its page is the only chapter; its solutions and the works that it cites follow.  What leads to
other pages is text.
"""

from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders.latex.nodes import math_reference
from sphinx.errors import ConfigError
from sphinx.util.texescape import escape
from sphinx.util.typing import ExtensionMetadata

from book.messages import PRINT

BIBLIOGRAPHY = "appendix/bibliography"


def page_of(srcdir: Path, entry: str) -> str:
    """The page that ends in a name, as LaTeX's builder wants it."""
    found = [p for p in sorted(srcdir.rglob(f"{entry}.*")) if p.suffix in {".md", ".rst"}]
    if len(found) != 1:
        raise ConfigError(PRINT.text("no_page", entry))
    return found[0].relative_to(srcdir).with_suffix("").as_posix()


def configure(app, config):
    """Before the settings of print: one document, with the bibliography behind it."""
    if config.print_entry:
        page = page_of(Path(app.srcdir), config.print_entry)
        name = f"{config.print_entry}.tex"
        config.latex_documents = [(page, name, config.project, config.author, "manual")]
        config._raw_config.setdefault("latex_documents", config.latex_documents)
        if Path(app.srcdir, f"{BIBLIOGRAPHY}.md").exists():
            config.latex_appendices = [BIBLIOGRAPHY]


def extract(app, doctree, docname):
    """Makes chapters of the page and of its bibliography, which have no book around them."""
    if app.builder.name != "latex" or not app.config.print_entry:
        return
    pages = [doctree, *(node for node in doctree.children if isinstance(node, nodes.document))]
    files = [chapter(page) for page in pages]
    doctree.children = []
    doctree += nodes.section("", nodes.title("", app.config.project), *files)
    entry = escape(app.env.titles[docname].astext(), app.config.latex_engine)
    app.builder.context["preamble"] += rf"\renewcommand\bksubtitle{{{entry}}}"
    keep_cited(app.env, doctree, docname)
    for link in list(doctree.findall(math_reference)):
        if link["docname"] != docname:
            link.replace_self(link.children)


def chapter(page):
    """A page as the LaTeX writer takes it for one of a book."""
    parts = [part for part in page.children if not isinstance(part, nodes.document)]
    return addnodes.start_of_file("", *parts, docname=page["docname"])


def keep_cited(env, doctree, docname):
    """Leaves those works in the bibliography that the page cites, without their other places."""
    if BIBLIOGRAPHY not in env.all_docs:
        return
    cite = env.get_domain("cite")
    ids = {citation.key: citation.citation_id for citation in cite.citations}
    refs = [ref for ref in cite.citation_refs if ref.docname == docname]
    cited = {ids.get(target.key) for ref in refs for target in ref.targets}
    for work in list(doctree.findall(nodes.citation)):
        if not cited & {*work["ids"]}:
            work.parent.remove(work)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_config_value("print_entry", "", "", types=frozenset({str}))
    app.connect("config-inited", configure, priority=90)
    app.connect("doctree-resolved", extract, priority=890)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
