"""Figures that the snippets draw while the book is built: ``{drawn} NAME``.

The page STEM shows what ``figure_NAME()`` of ``snippets/figures/STEM.py`` returns: as SVG, and
in print as PDF.  A figure is drawn again only when its code, a snippet that it uses, or the
snippets' data has changed, and always to the same bytes.  One that has a word which is cut off,
tiny, or written over another is refused.

Stands on ``page_notes``, and on ``verified``, from which it borrows how snippets are imported
afresh and tracked.
"""

import re
import sys
from hashlib import blake2b
from importlib import import_module
from itertools import combinations
from logging import getLogger
from os.path import relpath
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective

from verified_book import modules, verified
from verified_book.page_notes import PageNotes

logger = logging.getLogger(__name__)

TYPES = {"svg": "image/svg+xml", "pdf": "application/pdf"}
REPRODUCIBLE = {"svg": {"Date": None, "Creator": None}, "pdf": {"CreationDate": None}}
LINE = re.compile(r' d="[^"]*"')
LEAST = 6.5  # of a letter, in points
SETTINGS = {"svg.hashsalt": "figures", "pdf.fonttype": 42}


class DrawnDirective(SphinxDirective):
    """A figure that the page's own snippet draws; the content is its caption."""

    required_arguments = 1
    has_content = True
    option_spec = {"alt": directives.unchanged_required}

    def run(self):
        name = self.arguments[0]
        if "alt" not in self.options:
            self.warn("figure %s has no :alt:, the text for those who cannot see it", name)
        try:
            path = draw(self.env, self.env.docname, name, "svg")
        except Exception as error:
            self.warn("figure %s: %s: %s", name, type(error).__name__, error)
            return []
        finally:
            verified.note_modules(self.env, self.config.verified_package)
        Pictures.of(self.env).setdefault(self.env.docname, []).append(name)
        uri = "/" + relpath(path, self.env.srcdir).replace("\\", "/")
        image = nodes.image(uri=uri, alt=self.options.get("alt", ""), drawn=name)
        figure = nodes.figure("", image, classes=["drawn"], ids=[nodes.make_id(f"figure-{name}")])
        self.set_source_info(figure)
        if caption := self.parse_content_to_nodes():
            if next(caption[0].findall(addnodes.pending_xref), None):
                self.warn("figure %s: TeX sets no link in a caption: put it into the text", name)
            figure += nodes.caption("", "", *caption[0].children)
        return [figure]

    def warn(self, message, *args):
        logger.warning(message, *args, location=(self.env.docname, self.lineno), type="figures")


# -- drawing -----------------------------------------------------------------------------------


def draw(env, docname, name, kind):
    """Draws a figure unless it is there as its code would draw it now; returns its path."""
    package, stem = env.config.verified_package, docname.rpartition("/")[2]
    if env.temp_data.get("figures_of") != docname:  # what a page imports is imported afresh
        modules.start_afresh(package)
        env.temp_data["figures_of"] = docname
    module = import_module(f"{env.config.figures_package}.{stem}")
    function = getattr(module, f"figure_{name}")
    digest = fingerprint(package)
    path = Path(env.doctreedir) / "figures" / f"{stem}-{name}.{kind}"
    mark = path.with_suffix(f".{kind}.digest")
    if not mark.exists() or mark.read_text() != digest:
        path.parent.mkdir(parents=True, exist_ok=True)
        mark.unlink(missing_ok=True)
        save(function, path, kind)
        mark.write_text(digest)
    return path


def fingerprint(package):
    """A digest of every module of the package that is loaded, and of the package's data."""
    data = Path(next(iter(sys.modules[package].__path__))) / "data"
    files = modules.files(package) | {path for path in data.rglob("*") if path.is_file()}
    digest = blake2b(digest_size=16)
    for path in sorted(files):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def save(function, path, kind):
    import matplotlib
    from matplotlib import pyplot

    getLogger("fontTools").setLevel("WARNING")  # it tells of each table that it prunes
    with matplotlib.rc_context(SETTINGS):
        figure = function()
        check(figure.bbox, words_of(figure))
        figure.savefig(path, metadata=REPRODUCIBLE[kind], transparent=True)
        pyplot.close(figure)
    if kind == "svg":
        path.write_text(LINE.sub(in_tenths, path.read_text("utf-8")), "utf-8")


def in_tenths(line):
    """A line of an SVG to a tenth of a point: the page is lighter, and no eye sees it."""
    return re.sub(r"(\d+\.\d)\d+", r"\1", line[0])


# -- a figure can be read ------------------------------------------------------------------------


def words_of(figure):
    """The words that are drawn, each with its bounds; ticks out of view are not."""
    from matplotlib.text import Text

    draw, drawn = Text.draw, {}

    def note(self, renderer):
        drawn[self] = None
        draw(self, renderer)

    Text.draw = note
    try:
        figure.canvas.draw()
    finally:
        Text.draw = draw
    return {word: word.get_window_extent() for word in drawn if word.get_text().strip()}


def check(sheet, words):
    """Raises ValueError where a word is too small, outside the sheet, or over another."""
    for word, place in words.items():
        told = f"“{word.get_text()}”"
        if word.get_fontsize() < LEAST:
            raise ValueError(f"{told} is smaller than {LEAST} points")
        if place.x0 < sheet.x0 - 1 or place.x1 > sheet.x1 + 1:
            raise ValueError(f"{told} is cut off at the side")
        if place.y0 < sheet.y0 - 1 or place.y1 > sheet.y1 + 1:
            raise ValueError(f"{told} is cut off above or below")
    upright = [word for word in words if word.get_rotation() % 90 == 0]
    for one, other in combinations(upright, 2):
        here, there = words[one], words[other]
        width = min(here.x1, there.x1) - max(here.x0, there.x0)
        height = min(here.y1, there.y1) - max(here.y0, there.y0)
        if min(width, height) > 1:
            raise ValueError(f"“{one.get_text()}” and “{other.get_text()}” overlap")


# -- one picture on the page, two files behind it ------------------------------------------------


class Pictures(PageNotes):
    """The names of the figures that each page shows.

    Tells Sphinx of the PDF behind each SVG, and draws it when LaTeX is to be written.
    """

    kept_as = "figures_drawn"

    def process_doc(self, app, doctree):
        for image in doctree.findall(nodes.image):
            if "drawn" in image:
                bare = image["candidates"]["*"].removesuffix(".svg")
                image["candidates"] = {TYPES[kind]: f"{bare}.{kind}" for kind in TYPES}
                for candidate in image["candidates"].values():
                    app.env.images.add_file(app.env.docname, candidate)

    def get_updated_docs(self, app, env):
        if app.builder.format == "latex":
            for docname, names in self.of(env).items():
                for name in names:
                    draw(env, docname, name, "pdf")
        return []


def setup(app):
    app.setup_extension("verified_book.verified")
    app.add_config_value("figures_package", "snippets.figures", "env")
    app.add_directive("drawn", DrawnDirective)
    app.add_env_collector(Pictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 3}
