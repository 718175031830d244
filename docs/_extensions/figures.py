"""Figures that the snippets draw while the book is built: ``{drawn} NAME``.

The page STEM shows what ``figure_NAME()`` of ``snippets/figures/STEM.py`` returns, as SVG and,
for print, as PDF.  A figure is drawn again only when its code, a snippet that it uses, or the
snippets' data has changed, and always to the same bytes.

Stands on ``verified``, from which it borrows how snippets are imported afresh and tracked.
"""

import sys
from hashlib import blake2b
from importlib import import_module
from logging import getLogger
from os.path import relpath
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

import verified

logger = logging.getLogger(__name__)

REPRODUCIBLE = {"svg": {"Date": None, "Creator": None}, "pdf": {"CreationDate": None}}
SETTINGS = {"svg.hashsalt": "from attention to rlhf", "pdf.fonttype": 42}


class DrawnDirective(SphinxDirective):
    """A figure that the page's own snippet draws; the content is its caption."""

    required_arguments = 1
    has_content = True
    option_spec = {"alt": directives.unchanged_required}

    def run(self):
        name, stem = self.arguments[0], self.env.docname.rpartition("/")[2]
        if "alt" not in self.options:
            self.warn("figure %s has no :alt:, the text for those who cannot see it", name)
        try:
            path = self.draw(stem, name)
        except Exception as error:
            self.warn("figure %s: %s: %s", name, type(error).__name__, error)
            return []
        finally:
            verified.note_modules(self.env, self.config.verified_package)
        uri = "/" + relpath(path, self.env.srcdir).replace("\\", "/") + ".*"
        figure = nodes.figure("", nodes.image(uri=uri, alt=self.options.get("alt", "")))
        figure["classes"].append("drawn")
        self.set_source_info(figure)
        if caption := self.parse_content_to_nodes():
            figure += nodes.caption("", "", *caption[0].children)
        return [figure]

    def warn(self, message, *args):
        logger.warning(message, *args, location=(self.env.docname, self.lineno), type="figures")

    def draw(self, stem, name):
        """Draws the figure if it is not there as its code would draw it now; its path, bare."""
        verified.forget(self.config.verified_package)
        module = import_module(f"{self.config.figures_package}.{stem}")
        function = getattr(module, f"figure_{name}")
        digest = fingerprint(self.config.verified_package)
        path = Path(self.env.doctreedir) / "figures" / f"{stem}-{name}"
        mark = path.with_name(path.name + ".digest")
        if not mark.exists() or mark.read_text() != digest:
            path.parent.mkdir(parents=True, exist_ok=True)
            mark.unlink(missing_ok=True)
            save(function, path)
            mark.write_text(digest)
        return path


def fingerprint(package):
    """A digest of every module of the package that is loaded, and of the package's data."""
    data = Path(next(iter(sys.modules[package].__path__))) / "data"
    files = verified.files(package) | {path for path in data.rglob("*") if path.is_file()}
    digest = blake2b(digest_size=16)
    for path in sorted(files):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def save(function, path):
    import matplotlib
    from matplotlib import pyplot

    getLogger("fontTools").setLevel("WARNING")  # it tells of each table that it prunes
    with matplotlib.rc_context(SETTINGS):
        figure = function()
        for kind, metadata in REPRODUCIBLE.items():
            figure.savefig(f"{path}.{kind}", metadata=metadata, transparent=True)
        pyplot.close(figure)


def setup(app):
    app.setup_extension("verified")
    app.add_config_value("figures_package", "snippets.figures", "env")
    app.add_directive("drawn", DrawnDirective)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
