"""The EPUB: Sphinx's, without scripts, with valid MathML and the same bytes from the same book."""

import os
import re
import shutil
import time
import unicodedata
from html import escape
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.builders.epub3 import Epub3Builder
from sphinx.util.typing import ExtensionMetadata

from book.print.arrange import leave_out_boxes
from book.print.cover import draw_cover

OWN_STYLE = Path(__file__).with_name("book-epub.css")
STYLES = {"pygments.css", "epub.css", OWN_STYLE.name}
SUPPORT = {"basic.css", "file.png"}  # what those ask for
COVER = "cover.png"
ACCESSIBILITY = [
    ("accessMode", "textual"),
    ("accessMode", "visual"),
    ("accessModeSufficient", "textual"),
    *(
        ("accessibilityFeature", feature)
        for feature in (
            "alternativeText",
            "displayTransformability",
            "MathML",
            "readingOrder",
            "structuralNavigation",
            "tableOfContents",
        )
    ),
    ("accessibilityHazard", "none"),
    (
        "accessibilitySummary",
        "This is the accessible edition of the book. All is text: equations are MathML, "
        "figures have descriptions, and verdicts are told by "
        "word as well as by colour.",
    ),
]


def parts_of(env):
    """The first page of each captioned toctree that has more, with the pages below it."""
    toctrees = env.get_doctree(env.config.root_doc).findall(addnodes.toctree)
    entries = [[page for _, page in toc["entries"]] for toc in toctrees if toc.get("caption")]
    return {first: below for first, *below in entries if below}


class BookEpub(Epub3Builder):
    """Sphinx's EPUB without scripts, valid, and the same file from the same book."""

    def copy_static_files(self):
        """Only what pages of an EPUB use: no script, no font, nothing of the HTML edition's."""
        super().copy_static_files()
        static = Path(self.outdir, "_static")
        for path in sorted(static.rglob("*"), reverse=True):
            if path.is_dir():
                path.rmdir()
            elif path.name not in STYLES | SUPPORT:
                path.unlink()
        shutil.copyfile(OWN_STYLE, static / OWN_STYLE.name)
        config = self.config
        draw_cover(static / COVER, config.epub_title, config.epub_description, config.epub_author)

    def get_toc(self):
        """The pages of a part stand below it, as in print; a part has the name of its page."""
        super().get_toc()
        parts = parts_of(self.env)
        below = {page for pages in parts.values() for page in pages}
        for node in self.refnodes:
            page, _, place = node["refuri"].partition("#")
            page = page.removesuffix(self.out_suffix)
            if page in below:
                node["level"] += 1
            elif page in parts and not place:
                node["text"] = escape(self.env.titles[page].astext())

    def make_id(self, name):
        return "id-" + re.sub(r"[^\w.-]", "-", name)

    def copy_image_files(self):
        """Makes Matplotlib's pictures valid, and leaves none that no page shows any longer."""
        super().copy_image_files()
        shown = {name for _pages, name in self.env.images.values()}
        for path in Path(self.outdir, self.imagedir).glob("*.svg"):
            if path.name not in shown:
                path.unlink()
                continue
            text = re.sub(r"<!DOCTYPE[^>]*>\s*", "", path.read_text("utf-8"), count=1)
            path.write_text(re.sub(r"<path (?![^>]*\bd=)", '<path d="M0 0" ', text), "utf-8")

    def build_content(self):
        for name in (".buildinfo.bak", self.coverpage_name):  # left by the build before
            Path(self.outdir, name).unlink(missing_ok=True)
        super().build_content()
        path = self.outdir / "content.opf"
        manifest = self.declare_contents(path.read_text("utf-8"))
        told = [f"<dc:subject>{subject}</dc:subject>" for subject in self.config.book_subjects]
        told += [f'<meta property="schema:{name}">{value}</meta>' for name, value in ACCESSIBILITY]
        told = "".join(f"  {line}\n  " for line in told)
        path.write_text(manifest.replace("</metadata>", f"{told}</metadata>", 1), "utf-8")

    def declare_contents(self, manifest):
        cover = f'<item id="{self.make_id(f"_static/{COVER}")}"'
        manifest = manifest.replace(cover, f'{cover} properties="cover-image"')
        for name in self.files:
            path = Path(self.outdir, name)
            if name.endswith(self.out_suffix) and has_mathml(path):
                item = f'<item id="{self.make_id(name)}"'
                manifest = manifest.replace(item, f'{item} properties="mathml"')
        return manifest

    def build_epub(self):
        """A zip with the book's date, written aside and put in place when it is whole."""
        seconds = max(int(os.environ.get("SOURCE_DATE_EPOCH", time.time())), 315_532_800)  # 1980
        date = time.gmtime(seconds)[:6]
        path = Path(self.outdir, f"{self.config.epub_basename}.epub")
        half = path.with_suffix(".part")
        names = ["mimetype", "META-INF/container.xml", "content.opf", "toc.ncx", *self.files]
        with ZipFile(half, "w") as book:
            for name in names:
                info = ZipInfo(name, date)
                info.compress_type = ZIP_STORED if name == "mimetype" else ZIP_DEFLATED
                info.external_attr = 0o644 << 16
                book.writestr(info, self.in_its_language(Path(self.outdir, name)))
        half.replace(path)

    def in_its_language(self, path):
        """A file's bytes; a page says its language, which Sphinx leaves out."""
        language = self.config.language.replace("_", "-")
        bare = b'<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub='
        told = bare.replace(b"<html", f'<html lang="{language}" xml:lang="{language}"'.encode())
        return path.read_bytes().replace(bare, told, 1)


def has_mathml(path: Path) -> bool:
    return "<math" in path.read_text("utf-8")


def simplify(app, doctree, docname):
    """Drops what is true of the web alone, and icons: drawn into the page, they are no XHTML."""
    if app.builder.name == "epub":
        leave_out_boxes(doctree, "web-only")
        for icon in [raw for raw in doctree.findall(nodes.raw) if "<svg" in raw.astext()]:
            icon.parent.remove(icon)


INSET = re.compile(r' style="--in:\d+"')  # of a line of code: no reader wraps by it
LETTER = re.compile(r'<mi mathvariant="(double-struck|script)">([A-Za-z])</mi>')
APPLIED = re.compile("(<mo>\u2061</mo>)(?!<m(?:row|o)[^>]*>(?:<mo[^>]*>)?[(\\[])")
NAMED_OPERATOR = re.compile(r"(<mo[^>]*>)<mrow>((?:<mi[^>]*>\w</mi>)+)</mrow></mo>")


def readable(html: str) -> str:
    """MathML that readers draw as TeX does: they know no letter by its variant."""
    html = NAMED_OPERATOR.sub(lambda m: f"{m[1]}{re.sub('<[^>]+>', '', m[2])}</mo>", html)
    html = LETTER.sub(lambda m: f'<mi mathvariant="normal">{letter(*m.groups())}</mi>', html)
    return APPLIED.sub(r'\1<mspace width=".167em"/>', html)


def letter(variant: str, plain: str) -> str:
    """The character of a double-struck or a script letter."""
    case = "CAPITAL" if plain.isupper() else "SMALL"
    name = f"{variant.upper()} {case} {plain.upper()}"
    try:
        return unicodedata.lookup(name)
    except KeyError:
        return unicodedata.lookup(f"MATHEMATICAL {name}")


def finish_page(app, pagename, templatename, context, doctree):
    """No scripts, the EPUB's own styles, and operators that are words (KaTeX spells them)."""
    if app.builder.name == "epub":
        context["body"] = readable(INSET.sub("", context.get("body", "")))
        context["script_files"] = []
        styles = [css for css in context["css_files"] if Path(css.filename).name in STYLES]
        context["css_files"] = styles


def setup(app: Sphinx) -> ExtensionMetadata:
    app.connect("doctree-resolved", simplify, priority=900)
    app.connect("html-page-context", finish_page, priority=900)
    app.add_builder(BookEpub, override=True)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
