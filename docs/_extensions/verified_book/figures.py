"""Figures that the book's code draws while the book is built: ``{drawn} NAME``.

The page STEM shows what ``figure_NAME()`` of ``figures/STEM.py`` in the package returns: as SVG,
and in print as PDF.  A figure is drawn again only when its code, a module that it uses, the
package's data, Matplotlib or this file has changed, or when the file no longer holds what was
drawn; and always to the same bytes, from Matplotlib's own settings.  One that has a word which is
cut off, tiny, or written over another is refused.

Stands on ``light_svg``, ``page_notes``, ``dependencies`` and ``alone``, and on ``verified``, which
tells of modules that cannot be used.
"""

import gc
import os
import re
import sys
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from io import BytesIO
from itertools import combinations
from logging import getLogger
from os.path import relpath
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from verified_book import dependencies, light_svg, verified
from verified_book.alone import OutOfTime, steady, time_limit, undone
from verified_book.dependencies import closure, version_of
from verified_book.extra_files import is_web
from verified_book.light_svg import light
from verified_book.messages import FIGURES
from verified_book.page_notes import PageNotes

TYPES = {"svg": "image/svg+xml", "pdf": "application/pdf"}
REPRODUCIBLE = {"svg": {"Date": None, "Creator": None}, "pdf": {"CreationDate": None}}
SIZE = re.compile(r' width="([\d.]+)pt" height="([\d.]+)pt"')
POINTS = 72  # in an inch; SVG and PDF are drawn in them
PIXELS = 96 / POINTS  # of CSS, in a point
TWO_SCREENS = 2000  # characters of text before a picture, about, on a phone
SEAMLESS = {"edgecolor": "face", "linewidth": 0.2}
LEAST = 6.5  # of a letter, in points
OWN = blake2b(b"".join(Path(m).read_bytes() for m in (__file__, light_svg.__file__))).hexdigest()


class DrawnDirective(SphinxDirective):
    """A figure that the page's own module draws; the content is its caption."""

    required_arguments = 1
    has_content = True
    option_spec = {"alt": directives.unchanged_required}

    def run(self):
        name = self.arguments[0]
        if "alt" not in self.options:
            self.warn("no_alt", name)
        try:
            path = draw(self.env, self.env.docname, name, "svg", self.get_location())
        except OutOfTime:
            limit = self.config.verified_seconds
            self.warn("out_of_time", name, limit)
            return []
        except Exception as error:
            self.warn("not_drawn", name, type(error).__name__, error)
            return []
        if path is None:
            return []
        Pictures.of(self.env).setdefault(self.env.docname, []).append(name)
        uri = "/" + relpath(path, self.env.srcdir).replace("\\", "/")
        image = nodes.image(uri=uri, alt=self.options.get("alt", ""), drawn=name)
        figure = nodes.figure("", image, classes=["drawn"], ids=[nodes.make_id(f"figure-{name}")])
        self.set_source_info(figure)
        if caption := self.parse_content_to_nodes():
            if next(caption[0].findall(addnodes.pending_xref), None):
                self.warn("link_in_caption", name)
            figure += nodes.caption(caption[0].rawsource, "", *caption[0].children)
            figure[-1].source, figure[-1].line = caption[0].source, caption[0].line
        return [figure]

    def warn(self, code, *filled):
        FIGURES.warn(code, *filled, location=(self.env.docname, self.lineno))


# -- drawing -----------------------------------------------------------------------------------


def draw(env, docname, name, kind, place):
    """Draws a figure unless it is there as its code would draw it now; returns its path.

    A page imports no module to learn this: what the figure stands on is read from its source.
    """
    config, stem = env.config, docname.rpartition("/")[2]
    package, root = config.verified_package, config.verified_root
    module = f"{config.figures_package or f'{package}.figures'}.{stem}"
    found = closure([module], package, root)
    verified.note_closure(env, found)
    if found.broken:
        return None
    path = path_of(env, docname, name, kind)
    data = dependencies.data_of(package, root)
    salt = config.project.lower()
    now = found.digest(name, salt, data, OWN, version_of("matplotlib"))
    if not is_whole(path, now):
        with ExitStack() as stack:
            stack.enter_context(time_limit(config.verified_seconds, place))
            stack.enter_context(steady())
            faults = stack.enter_context(dependencies.at_hand(found, [module], package, root))
            for fault in faults:
                verified.note_fault(env, fault)
                return None
            drawn = picture(getattr(sys.modules[module], f"figure_{name}"), kind, salt)
        path.parent.mkdir(parents=True, exist_ok=True)
        put(path, drawn)
        put(mark_of(path), f"{now} {blake2b(drawn).hexdigest()}".encode())
    return path


def path_of(env, docname, name, kind):
    return Path(env.doctreedir, "figures", f"{docname.rpartition('/')[2]}-{name}.{kind}")


def mark_of(path):
    return path.with_name(f"{path.name}.digest")


def is_whole(path, made_from=None):
    """Whether a file holds just the bytes that were drawn, and from what its code is now."""
    try:
        code, drawn = mark_of(path).read_text().split()
        return made_from in {None, code} and drawn == blake2b(path.read_bytes()).hexdigest()
    except (OSError, ValueError):
        return False


def put(path, data):
    """Writes aside and renames, for another build may read or draw the same at this moment."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_bytes(data)
    os.replace(aside, path)


def picture(function, kind, salt):
    """The bytes of a figure, drawn from Matplotlib's own settings, and checked."""
    import matplotlib
    from matplotlib import pyplot

    getLogger("fontTools").setLevel("WARNING")  # it tells of each table that it prunes
    with matplotlib.rc_context(), BytesIO() as file:
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({"svg.hashsalt": salt, "pdf.fonttype": 42})
        with undone():
            figure = function()
        try:
            lay_out(figure, kind)
            if kind == "pdf":
                as_cells(figure)
            with words_of(figure) as words:
                figure.savefig(file, format=kind, metadata=REPRODUCIBLE[kind], transparent=True)
            check(figure, words)
        finally:
            pyplot.close(figure)
            gc.collect(1)  # a figure refers to itself, and is large
        drawn = file.getvalue()
    return light(drawn.decode()).encode() if kind == "svg" else drawn


def lay_out(figure, kind):
    """Finds the places of all parts once; ``savefig`` would draw all of it to find them."""
    from matplotlib.backend_bases import get_registered_canvas_class

    get_registered_canvas_class(kind)(figure)
    if engine := figure.get_layout_engine():
        figure.dpi, dpi = POINTS, figure.dpi
        engine.execute(figure)
        figure.dpi = dpi
        figure.get_layout_engine = lambda: None  # it is done


def as_cells(figure):
    """Makes cells of heat maps: on paper a picture of few points is blurred, a cell is not."""
    import numpy as np

    for axes in figure.axes:
        for image in list(axes.images):
            rows, columns = image.get_array().shape[:2]
            left, right, *ends = image.get_extent()
            x = np.linspace(left, right, columns + 1)
            y = np.linspace(*(ends if image.origin == "lower" else ends[::-1]), rows + 1)
            bounds = axes.axis()
            look = {name: getattr(image, name) for name in ("cmap", "norm", "zorder")}
            axes.pcolormesh(x, y, image.get_array(), alpha=image.get_alpha(), **look)
            axes.axis(bounds)
            image.remove()
        for cells in axes.collections:
            cells.set(rasterized=False, **SEAMLESS if is_mesh(cells) else {})


def is_mesh(drawn):
    return type(drawn).__name__ == "QuadMesh"


# -- a figure can be read ------------------------------------------------------------------------


@contextmanager
def words_of(figure):
    """The words that are drawn while a figure is saved, each with its bounds; not hidden ticks."""
    from matplotlib.text import Text

    draw, places = Text.draw, {}

    def note(self, renderer):
        draw(self, renderer)
        if self.get_visible() and self.get_text().strip():
            places[self] = self.get_window_extent(renderer)

    Text.draw = note
    try:
        yield places
    finally:
        Text.draw = draw


def check(figure, words):
    """Raises ValueError where a word is too small, outside the sheet, or over another."""
    width, height = figure.get_size_inches() * POINTS
    for word, place in words.items():
        told = word.get_text()
        if word.get_fontsize() < LEAST:
            raise ValueError(FIGURES.text("too_small", told, LEAST))
        if place.x0 < -1 or place.x1 > width + 1:
            raise ValueError(FIGURES.text("cut_at_side", told))
        if place.y0 < -1 or place.y1 > height + 1:
            raise ValueError(FIGURES.text("cut_above", told))
    upright = [word for word in words if word.get_rotation() % 90 == 0]
    for one, other in combinations(upright, 2):
        here, there = words[one], words[other]
        width = min(here.x1, there.x1) - max(here.x0, there.x0)
        height = min(here.y1, there.y1) - max(here.y0, there.y0)
        if min(width, height) > 1:
            raise ValueError(FIGURES.text("overlap", one.get_text(), other.get_text()))


# -- one picture on the page, two files behind it ------------------------------------------------


class Pictures(PageNotes):
    """The names of the figures that each page shows.

    Tells Sphinx of the PDF behind each SVG, and draws it when LaTeX is to be written.
    """

    kept_as = "figures_drawn"

    def get_outdated_docs(self, app, env, added, changed, removed):
        """Pages with a broken picture; all that have one when what they stand on changed."""
        config = app.config
        data = dependencies.data_of(config.verified_package, config.verified_root)
        pages, before = self.of(env), getattr(env, "figures_ground", None)
        env.figures_ground = data, version_of("matplotlib")
        if before != env.figures_ground:
            return {docname for docname, names in pages.items() if names}
        return {
            docname
            for docname, names in pages.items()
            if not all(is_whole(path_of(env, docname, name, "svg")) for name in names)
        }

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
                    draw(env, docname, name, "pdf", docname)
        return []


def reserve(app, doctree, docname):
    """Says how large a picture is before it is there, and leaves those far down till one scrolls.

    LaTeX has sizes of its own, and an EPUB is all there.
    """
    if not is_web(app.builder):
        return
    read = 0
    for node in doctree.findall():
        if isinstance(node, nodes.Text):
            read += len(node)
        elif isinstance(node, nodes.image) and "drawn" in node:
            svg = path_of(app.env, docname, node["drawn"], "svg").read_text("utf-8")
            width, height = (round(float(side) * PIXELS) for side in SIZE.search(svg).groups())
            node["width"], node["height"] = str(width), str(height)
            if read > TWO_SCREENS:
                node["loading"] = "lazy"


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("verified_book.verified")
    app.add_config_value("figures_package", "", "env", types=frozenset({str}))
    app.add_directive("drawn", DrawnDirective)
    app.add_env_collector(Pictures)
    app.connect("doctree-resolved", reserve)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 4}
