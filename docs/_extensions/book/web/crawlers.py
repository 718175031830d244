"""Files at the root of the book for programs that read it.

``llms.txt`` says what the book has and where, ``robots.txt`` that all may be read.  Where
``html_baseurl`` says what address the book has, ``sitemap.xml`` lists its pages, and the other
files have whole addresses.  ``objects.inv``, which Sphinx makes, has equations and figures too.
``sphinx-sitemap`` would list only the pages that this build has written again.
"""

from html import escape
from pathlib import Path

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.domains import Domain, ObjType
from sphinx.domains.math import MathDomain
from sphinx.util.osutil import FileAvoidWrite
from sphinx.util.typing import ExtensionMetadata

from book import downloads
from book.web import share_picture
from book.web.meta import PageMeta
from ledger import export
from verified_book import figures
from verified_book.extra_files import is_web

# -- files ------------------------------------------------------------------------------------


def parts(app):
    """(heading, links) of each part of the book, as the front page has them."""
    for toctree in app.env.get_doctree(app.config.root_doc).findall(addnodes.toctree):
        names = [docname for _, docname in toctree["entries"] if docname in app.env.titles]
        pages = [PageMeta(app, docname) for docname in names]
        yield toctree["caption"] or "Pages", [(p.title, p.link, p.description) for p in pages]


CODE = "the code of all pages, its data, and the examples of each page as a file"


def beside(app):
    """(heading, links) of what the build makes beside the pages."""
    out, code = Path(app.outdir), downloads.name_of(app.config)
    data = [(f"{kind}.json", f"all {kind} of the book") for kind in export.KINDS]
    editions = [*sorted(out.glob("*.pdf")), *sorted(out.glob("*.epub"))]
    yield "Data", [(name, f"data/{name}", told) for name, told in data]
    yield "Code", [(Path(code).name, code, CODE)]
    yield "Optional", [(path.name, path.name, "the whole book") for path in editions]


def llms(app: Sphinx) -> str:
    """The book in brief, by the convention of llmstxt.org."""
    book = PageMeta(app, app.config.root_doc)
    lines = [f"# {book.title}", "", f"> {book.description}"]
    for heading, links in [*parts(app), *beside(app)]:
        if links:
            lines += ["", f"## {heading}", ""]
            lines += [f"- [{name}]({book.absolute(link)}): {told}" for name, link, told in links]
    return "\n".join(lines) + "\n"


def sitemap(app: Sphinx) -> str:
    pages = [PageMeta(app, docname) for docname in sorted(app.env.found_docs)]
    places = [f"<url><loc>{escape(page.absolute(page.link))}</loc></url>" for page in pages]
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    opening = f'<?xml version="1.0" encoding="utf-8"?>\n<urlset xmlns="{space}">'
    return "\n".join([opening, *places, "</urlset>\n"])


def robots(app: Sphinx) -> str:
    address = app.config.html_baseurl
    return "User-agent: *\nAllow: /\n" + (f"Sitemap: {address}sitemap.xml\n" if address else "")


def write(app, error):
    """Writes the files, those that have changed; those that need an address only with one."""
    if error or not is_web(app.builder):
        return
    files = {"llms.txt": llms(app), "robots.txt": robots(app)}
    if app.config.html_baseurl:
        files["sitemap.xml"] = sitemap(app)
        share_picture.draw(app)
    for name, text in files.items():
        with FileAvoidWrite(Path(app.outdir, name)) as file:
            file.write(text)
    for name in {"sitemap.xml", share_picture.NAME} if not app.config.html_baseurl else ():
        Path(app.outdir, name).unlink(missing_ok=True)


# -- names for objects.inv --------------------------------------------------------------------


class LabelledEquations(MathDomain):
    """Sphinx's domain of equations, which tells other books of those with a label."""

    object_types = {"equation": ObjType("equation", "eq")}

    def get_objects(self):
        for label, (docname, number) in self.equations.items():
            anchor = nodes.make_id(f"equation-{label}")
            yield label, f"equation {number}", "equation", docname, anchor, -1  # not in the search


class DrawnFigures(Domain):
    """The figures that snippets draw, as targets for other books."""

    name = "drawn"
    label = "Figures"
    object_types = {"figure": ObjType("figure")}

    def get_objects(self):
        for docname, names in figures.Pictures.of(self.env).items():
            stem = docname.rpartition("/")[2]
            for name in names:
                anchor = nodes.make_id(f"figure-{name}")
                yield f"{stem}-{name}", f"figure {name}", "figure", docname, anchor, -1

    def resolve_any_xref(self, env, fromdocname, builder, target, node, contnode):
        return []

    def merge_domaindata(self, docnames, otherdata): ...


def setup(app: Sphinx) -> ExtensionMetadata:
    for extension in ("book.web.meta", "ledger", "book.downloads", "verified_book.figures"):
        app.setup_extension(extension)
    app.add_domain(LabelledEquations, override=True)
    app.add_domain(DrawnFigures)
    app.connect("build-finished", write, priority=600)  # when the files that it names are there
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
