"""The PDF and the EPUB: the same pages, without scripts, screens or anything to click open.

The PDF is set by XeLaTeX with ``docs/_latex/bookstyle.sty``, which styles the book's own boxes
by the classes of their nodes; here are the settings, what Sphinx's LaTeX writer leaves out
(ids and classes of containers, paragraphs and inline text), and how pages become parts and
chapters.  The EPUB is Sphinx's, with valid MathML and the same bytes from the same book.

Ground floor: knows the classes of nodes, but no other extension.
"""

import os
import re
import shutil
import time
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from docutils import nodes
from sphinx import addnodes
from sphinx.builders.epub3 import Epub3Builder
from sphinx.builders.latex.nodes import thebibliography
from sphinx.writers.latex import CR, LaTeXTranslator

# -- settings of the PDF ----------------------------------------------------------------------

FONTS = r"""
\xeCJKsetup{AutoFallBack=true}
\setmainfont{texgyrepagella}[Extension=.otf,UprightFont=*-regular,ItalicFont=*-italic,
  BoldFont=*-bold,BoldItalicFont=*-bolditalic]
\setsansfont{texgyreheros}[Extension=.otf,UprightFont=*-regular,ItalicFont=*-italic,
  BoldFont=*-bold,BoldItalicFont=*-bolditalic,Scale=MatchLowercase]
\setmonofont{DejaVu Sans Mono}[Scale=0.76]
\setmathfont{texgyrepagella-math.otf}
\setCJKmainfont{Noto Serif CJK SC}[ItalicFont={[FandolKai-Regular.otf]}]
\setCJKfallbackfamilyfont{\CJKrmdefault}{Noto Serif CJK SC}
\setCJKsansfont{Noto Sans CJK SC}[ItalicFont=Noto Sans CJK SC]
\setCJKmonofont{Noto Sans Mono CJK SC}[ItalicFont=Noto Sans Mono CJK SC,Scale=0.85]
"""

LANGUAGES = {
    # quotes and dashes are Latin here, though xeCJK is there for Chinese names
    "en": r"""
\renewcommand\bksubtitle{An annotated, executable edition of a reading list:\\nineteen papers}
\addto\captionsenglish{\renewcommand{\contentsname}{Contents}}
\xeCJKDeclareCharClass{Default}{"2013,"2014,"2018,"2019,"201C,"201D,"2025,"2026,"2027,"00B7}
""",
    "zh": r"""
\addto\captionsenglish{\renewcommand{\contentsname}{目录}}
\renewcommand\bkprefacename{写在前面}
\usepackage{indentfirst}
\linespread{1.25}\setlength{\parindent}{2em}\setlength{\parskip}{.25em plus .1em}
\xeCJKsetup{CheckSingle=true,PunctStyle=quanjiao}
""",
}

SPHINXSETUP = {
    "hmargin": "{25mm,25mm}",
    "vmargin": "{27mm,25mm}",
    "marginpar": "10mm",
    "TitleColor": "{HTML}{1F5F8B}",
    "InnerLinkColor": "{HTML}{1F5F8B}",
    "OuterLinkColor": "{HTML}{0B6E4F}",
    "VerbatimColor": "{HTML}{F6F8FA}",
    "VerbatimBorderColor": "{HTML}{D8DEE4}",
    "VerbatimHighlightColor": "{HTML}{FFF3C4}",
    "pre_border-width": "0.4pt",
    "pre_border-radius": "0pt",
    "pre_padding": "5pt",
    "verbatimforcewraps": "true",
}

ADMONITIONS = {
    "note": "1F5F8B",
    "hint": "1B7340",
    "tip": "1B7340",
    "important": "1F5F8B",
    "seealso": "5B6470",
    "todo": "5B6470",
    "warning": "8A5A00",
    "caution": "8A5A00",
    "attention": "8A5A00",
    "danger": "B3261E",
    "error": "B3261E",
}


def sphinxsetup():
    options = [f"{name}={value}" for name, value in SPHINXSETUP.items()]
    for kind, colour in ADMONITIONS.items():
        look = {
            "border-width": "0pt",
            "border-left-width": "2.5pt",
            "border-radius": "0pt",
            "padding-left": "10pt",
            "box-decoration-break": "slice",
            "border-TeXcolor": f"{{HTML}}{{{colour}}}",
            "background-TeXcolor": "{HTML}{F6F8FA}",
            "title-background-TeXcolor": "{HTML}{E8EEF4}",
            "title-foreground-TeXcolor": f"{{HTML}}{{{colour}}}",
        }
        options += [f"div.{kind}_{name}={value}" for name, value in look.items()]
    return ",\n".join(options)


def configure(app, config):
    """Fills in the settings of both editions; what conf.py sets itself stays."""
    language = "zh" if config.language.startswith("zh") else "en"
    own = Path(__file__).resolve().parents[1] / "_latex" / "bookstyle.sty"
    identifier = f"{basename(config)}-{config.language}"
    settings = {
        "latex_engine": "xelatex",
        "latex_use_xindy": False,
        "latex_domain_indices": False,
        "latex_show_urls": "no",
        "latex_table_style": ["booktabs"],
        "latex_additional_files": [os.path.relpath(own, app.confdir)],
        "latex_documents": [
            (config.root_doc, f"{basename(config)}.tex", config.project, config.author, "manual")
        ],
        "numfig_secnum_depth": 0,  # chapters have no numbers, so figures count through the book
        "epub_basename": basename(config),
        "epub_description": config.project,
        "epub_contributor": config.author,
        "epub_publisher": config.author,
        "epub_identifier": identifier,
        "epub_uid": identifier,  # the same: one table of contents names the one, one the other
        "epub_css_files": [OWN_STYLE.name],
        "epub_show_urls": "no",
        "epub_use_index": False,
        "epub_tocdup": False,
        "epub_tocdepth": 2,
        "version": "1",
        "today_fmt": "%d %B %Y" if language == "en" else None,
    }
    for name, value in settings.items():
        if name not in config._raw_config and name not in config.overrides:
            config[name] = value
    config.latex_elements = {
        "papersize": "a4paper",
        "pointsize": "11pt",
        "extraclassoptions": "openany,oneside",
        "babel": r"\usepackage[english]{babel}",
        "polyglossia": "",
        "fontenc": "\\usepackage{fontspec}\n\\usepackage{xeCJK}",
        "amsmath": "\\usepackage{amsmath}\n\\usepackage{unicode-math}",
        "fontpkg": FONTS,
        # maths in headings, together with unicode-math
        "passoptionstopackages": r"\PassOptionsToPackage{psdextra}{hyperref}",
        "fncychap": "",
        "fvset": r"\fvset{fontsize=auto,formatcom=\xeCJKVerbAddon}",
        "extrapackages": "\\usepackage{caption}\n\\usepackage{tcolorbox}\n"
        "\\usepackage[protrusion=true]{microtype}\n\\usepackage{xurl}",
        "sphinxsetup": sphinxsetup(),
        "preamble": "\\usepackage{bookstyle}\n"
        f"\\hypersetup{{pdftitle={{{config.project}}},pdfauthor={{{config.author}}},"
        f"pdflang={{{config.language}}}}}\n{LANGUAGES[language]}",
        "maketitle": r"\bkmaketitle",
        "printindex": "",
        "makeindex": "",
        "figure_align": "H",
        **config.latex_elements,
    }


def basename(config):
    return nodes.make_id(config.project)


# -- what the LaTeX writer leaves out -----------------------------------------------------------


class BookTranslator(LaTeXTranslator):
    """Sphinx's writer, with ids and classes where the book's boxes and chips have them."""

    def __init__(self, *args):
        super().__init__(*args)
        self.waiting = []  # ids of boxes, until the first line: above it, a page break loses them

    def put_targets(self, ids):
        if ids:
            labels = "".join(self.hypertarget(name, anchor=False) for name in ids)
            self.body.append(rf"\phantomsection{labels}%{CR}")

    def put_waiting(self):
        self.put_targets(self.waiting)
        self.waiting = []

    def visit_container(self, node):
        # a verdict comes first: it sets the colour of the box
        node["classes"].sort(key=lambda name: not name.startswith("verdict-"))
        super().visit_container(node)
        self.waiting += node["ids"]

    def depart_container(self, node):
        self.put_waiting()
        super().depart_container(node)
        self.body.append(CR)

    def visit_paragraph(self, node):
        for name in node["classes"]:
            self.body.append(CR + rf"\begin{{sphinxuseclass}}{{{name}}}")
        super().visit_paragraph(node)
        self.put_waiting()

    def depart_paragraph(self, node):
        super().depart_paragraph(node)
        self.body += [r"\end{sphinxuseclass}" + CR for _ in node["classes"]]

    def visit_inline(self, node):
        if not (self.in_title or self.in_caption):  # TeX moves these about
            self.put_targets(node["ids"])
        super().visit_inline(node)

    def visit_reference(self, node):
        command = next((REFERENCES[name] for name in node["classes"] if name in REFERENCES), None)
        if command:
            self.body.append(f"\\{command}{{")
        super().visit_reference(node)
        if command:
            self.context[-1] += "}"

    def visit_literal_block(self, node):
        if "verified" not in node["classes"]:
            super().visit_literal_block(node)
            return
        self.body.append(CR + r"\begin{bkverified}")
        try:
            super().visit_literal_block(node)
        finally:
            self.body.append(r"\end{bkverified}" + CR)

    def visit_title(self, node):
        super().visit_title(node)
        if node.parent.get("part"):
            self.body[-1] = r"\part{"

    def visit_table(self, node):
        if "ledger" in node["classes"]:
            abridge(node)
            widths = [spec["colwidth"] for spec in node.findall(nodes.colspec)]
            self.next_table_colspec = columns(widths, "numbers" in node["classes"])
            if len(list(node.findall(nodes.row))) > 7:
                node["classes"].append("longtable")
        super().visit_table(node)

    def visit_thebibliography(self, node):
        self.body.append(CR + r"\begin{bkbibliography}" + CR)

    def depart_thebibliography(self, node):
        self.body.append(CR + r"\end{bkbibliography}" + CR)

    def visit_citation(self, node):
        self.body.append(CR + rf"\bkbibitem{{{self.encode(node[0].astext())}}}")
        name = f"{node['docname']}:{node['ids'][0]}"
        self.body.append(
            rf"\hypertarget{{cite.{name}}}{{}}" + self.hypertarget(name, withdoc=False)
        )


REFERENCES = {"claim-number": "bkclaimnumber", "back": "bkback"}


def abridge(table):
    """Leaves out what a row repeats of the one above, in the first column and in the last."""
    above = {}
    for row in table.next_node(nodes.tbody).findall(nodes.row):
        for place in (0, len(row) - 1):
            cell, text = row[place], row[place].astext()
            repeats = above.get(place) == text and len(text) > 20
            above[place] = text
            if repeats:
                marks = [
                    mark for mark in cell.findall(nodes.inline) if mark["ids"] and not len(mark)
                ]
                cell.children = []
                cell += nodes.paragraph("", "", *marks, nodes.Text("″" if place else ""))


def columns(widths, numbers):
    """Columns that leave their right edge ragged; of numbers, the printed and the computed."""
    if numbers and len(widths) == 5:
        widths = [50, 34, 29, 29, 58]  # a model's name does not break
    widths = [max(width, 11) for width in widths]  # nor does a claim's id
    right = {len(widths) - 2, len(widths) - 3} if numbers else set()
    kinds = [r"\bknumbers" if i in right else r"\bkcolumn" for i in range(len(widths))]
    return "".join(
        f"{kind}{{{width}}}{{{sum(widths)}}}" for kind, width in zip(kinds, widths, strict=True)
    )


# -- parts and chapters -------------------------------------------------------------------------


def arrange(app, doctree, docname):
    """Pages that open a captioned toctree become parts; the entries return to the bibliography."""
    if app.builder.name != "latex":
        return
    captions = captions_of(app.env)
    files = {sof["docname"]: sof for sof in doctree.findall(addnodes.start_of_file)}
    for first, count in captions.items():
        if first not in files:
            continue
        if count > 1:
            files[first].next_node(nodes.section)["part"] = True
        else:
            put_before(files[first], r"\bkcontentsgap")
    if front := doctree.next_node(nodes.section):
        title = front.next_node(nodes.title)
        if title is not None and len(front) > 1 and isinstance(front[1], nodes.paragraph):
            put_before(front[1], r"\bkpreface")
    for entries in list(doctree.findall(thebibliography)):
        page = files.get(entries[0]["docname"]) if len(entries) else None
        if page is not None:
            entries.parent.remove(entries)
            page.next_node(nodes.section).append(entries)


def captions_of(env):
    """For the first page of each captioned toctree of the front page, how many pages it has."""
    toctrees = env.get_doctree(env.config.root_doc).findall(addnodes.toctree)
    return {
        toc["entries"][0][1]: len(toc["entries"])
        for toc in toctrees
        if toc.get("caption") and toc["entries"]
    }


def put_before(node, command):
    raw = nodes.raw("", f"\n{command}\n\n", format="latex")
    node.parent.insert(node.parent.index(node), raw)


# -- the EPUB -----------------------------------------------------------------------------------

OWN_STYLE = Path(__file__).resolve().parents[1] / "_epub" / "book-epub.css"
STYLES = {"pygments.css", "epub.css", OWN_STYLE.name}
SUPPORT = {"basic.css", "file.png"}  # what those ask for


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

    def make_id(self, name):
        return "id-" + re.sub(r"[^\w.-]", "-", name)

    def copy_image_files(self):
        """Makes Matplotlib's pictures valid: no foreign document type, no empty path."""
        super().copy_image_files()
        for path in Path(self.outdir, self.imagedir).glob("*.svg"):
            text = re.sub(r"<!DOCTYPE[^>]*>\s*", "", path.read_text("utf-8"), count=1)
            path.write_text(re.sub(r"<path (?![^>]*\bd=)", '<path d="M0 0" ', text), "utf-8")

    def build_content(self):
        super().build_content()
        path = self.outdir / "content.opf"
        path.write_text(self.declare_mathml(path.read_text("utf-8")), "utf-8")

    def declare_mathml(self, manifest):
        for name in self.files:
            if name.endswith(self.out_suffix) and "<math" in Path(self.outdir, name).read_text(
                "utf-8"
            ):
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
                book.writestr(info, Path(self.outdir, name).read_bytes())
        half.replace(path)


def has_mathml(path):
    return "<math" in path.read_text("utf-8")


def simplify(app, doctree, docname):
    """Drops the icons of what folds: drawn into the page, they are no valid XHTML."""
    if app.builder.name == "epub":
        for icon in [raw for raw in doctree.findall(nodes.raw) if "<svg" in raw.astext()]:
            icon.parent.remove(icon)


NAMED_OPERATOR = re.compile(r"(<mo[^>]*>)<mrow>((?:<mi[^>]*>\w</mi>)+)</mrow></mo>")


def finish_page(app, pagename, templatename, context, doctree):
    """No scripts, the EPUB's own styles, and operators that are words (KaTeX spells them)."""
    if app.builder.name == "epub":
        context["body"] = NAMED_OPERATOR.sub(
            lambda found: f"{found[1]}{re.sub('<[^>]+>', '', found[2])}</mo>",
            context.get("body", ""),
        )
        context["script_files"] = []
        styles = [css for css in context["css_files"] if Path(css.filename).name in STYLES]
        context["css_files"] = styles


def setup(app):
    app.connect("config-inited", configure, priority=100)
    app.connect("doctree-resolved", arrange, priority=900)
    app.connect("doctree-resolved", simplify, priority=900)
    app.connect("html-page-context", finish_page, priority=900)
    app.set_translator("latex", BookTranslator)
    app.add_builder(BookEpub, override=True)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
