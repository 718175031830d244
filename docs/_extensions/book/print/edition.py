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
import textwrap
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

ABOUT = {
    "en": "An annotated, executable edition of a reading list: nineteen papers",
    "zh": "一份论文阅读清单的注释与可执行版本：十九篇论文",
}
SUBJECTS = ["Transformers", "attention", "large language models", "RLHF", "NumPy"]

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
    own = Path(__file__).with_name("bookstyle.sty")
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
        "epub_description": ABOUT[language],
        "epub_contributor": config.author,
        "epub_publisher": config.author,
        "epub_identifier": identifier,
        "epub_uid": identifier,  # the same: one table of contents names the one, one the other
        "epub_css_files": [OWN_STYLE.name],
        "epub_show_urls": "no",
        "epub_use_index": False,
        "epub_tocscope": "includehidden",
        "epub_tocdup": False,
        "epub_tocdepth": 3,
        "epub_cover": (f"_static/{COVER}", "epub-cover.html"),
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
        f"pdfsubject={{{ABOUT[language]}}},pdfkeywords={{{', '.join(SUBJECTS)}}},"
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
        if "published" in node["classes"]:
            self.put_room(node)
        # a verdict comes first: it sets the colour of the box
        node["classes"].sort(key=lambda name: not name.startswith("verdict-"))
        super().visit_container(node)
        self.waiting += node["ids"]

    def depart_container(self, node):
        self.put_waiting()
        super().depart_container(node)
        self.body.append(CR)

    def visit_paragraph(self, node):
        if "cited-in" in node["classes"]:
            self.put_pages(node)
            raise nodes.SkipNode
        for name in node["classes"]:
            self.body.append(CR + rf"\begin{{sphinxuseclass}}{{{name}}}")
        super().visit_paragraph(node)
        self.put_waiting()

    def put_pages(self, node):
        """Where a work is cited first in each chapter: in print, a page number says it."""
        root = self.config.root_doc
        places = [
            link["refuri"][1:].replace("#", ":") if "refuri" in link else f"{root}:{link['refid']}"
            for link in node.findall(nodes.reference)
        ]
        pages = ", ".join(rf"\bkonpage{{\detokenize{{{place}}}}}" for place in places)
        self.body.append(CR + rf"\bkcitedon{{{pages}}}" + CR)

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
        if not self.table:
            self.put_room(node)
        if "verified" not in node["classes"]:
            super().visit_literal_block(node)
            return
        self.body.append(CR + r"\begin{bkverified}")
        try:
            super().visit_literal_block(node)
        finally:
            self.body.append(r"\end{bkverified}" + CR)

    def put_room(self, node):
        self.body.append(CR + rf"\needspace{{{room(node)}\baselineskip}}" + CR)

    def visit_title(self, node):
        if isinstance(node.parent, nodes.section) and self.sectionlevel > 1:
            self.put_room(node.parent)
        super().visit_title(node)
        if node.parent.get("part"):
            self.body[-1] = r"\part{"

    def visit_table(self, node):
        if "ledger" in node["classes"]:
            abridge(node)
            if "numbers" in node["classes"]:
                gather(node)
            widths = [spec["colwidth"] for spec in node.findall(nodes.colspec)]
            self.next_table_colspec = columns(widths, "numbers" in node["classes"])
            if rows_of(node) > KEPT:
                node["classes"].append("longtable")
                for row in list(node.next_node(nodes.tbody).findall(nodes.row))[-4:-1]:
                    row["keep"] = True
        super().visit_table(node)

    def visit_row(self, node):
        super().visit_row(node)
        if node.get("heads"):
            self.body.append(r"\noalign{\vskip 3pt}" + CR)

    def depart_row(self, node):
        super().depart_row(node)
        if node.get("heads") or node.get("keep"):  # it stays with the row below
            self.body.append(r"\noalign{\nobreak}" + CR)

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


KEPT = 12  # lines of code, or rows of a table, that are not torn apart


def room(node):
    """The lines that must be free on a page for a node to begin there."""
    if isinstance(node, nodes.section):
        after = [child for child in node.children[1:] if not isinstance(child, nodes.target)]
        return 3 + (room(after[0]) if after else 0)
    if isinstance(node, nodes.container) and "published" in node["classes"]:
        return 2 + room(node.next_node(nodes.table) or nodes.paragraph())
    if isinstance(node, nodes.literal_block):
        lines = node.astext().count("\n") + 1
        return lines + 1 if lines <= KEPT else 7
    if isinstance(node, nodes.table):
        return rows_of(node) + 3 if rows_of(node) <= KEPT else 9
    return 4


def rows_of(table):
    return len(list(table.next_node(nodes.tbody).findall(nodes.row)))


def gather(table):
    """Gives the name of a number a line of its own, above the rows that it holds."""
    group = table.next_node(nodes.tgroup)
    names = [row[0].astext() for row in table.findall(nodes.row)]
    if group["cols"] < 5:
        return
    group["cols"] -= 1
    group.remove(group.next_node(nodes.colspec))
    for spec, width in zip(group.findall(nodes.colspec), (30, 15, 15, 40), strict=True):
        spec["colwidth"] = width
    body = group.next_node(nodes.tbody)
    for row, name in zip(list(table.findall(nodes.row)), names, strict=True):
        first = row.pop(0)
        if row.parent is body:
            marks = [mark for mark in first.findall(nodes.inline) if mark["ids"] and not len(mark)]
            for mark in marks:
                mark.parent.remove(mark)
            row[0].next_node(nodes.paragraph)[:0] = marks
            if name:
                head = nodes.row("", first, heads=True)
                first["morecols"] = group["cols"] - 1
                body.insert(body.index(row), head)


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
    places = {name: place for place, name in enumerate(files)}
    for line in doctree.findall(nodes.paragraph):
        if "cited-in" in line["classes"]:
            links = list(line.findall(nodes.reference))
            line.children = sorted(links, key=lambda link: places.get(page_of(link), -1))
    if front := doctree.next_node(nodes.section):
        title = front.next_node(nodes.title)
        if title is not None and len(front) > 1 and isinstance(front[1], nodes.paragraph):
            put_before(front[1], r"\bkpreface")
    for entries in list(doctree.findall(thebibliography)):
        page = files.get(entries[0]["docname"]) if len(entries) else None
        if page is not None:
            entries.parent.remove(entries)
            page.next_node(nodes.section).append(entries)


def page_of(link):
    """The page that a link leads to, as LaTeX names it; none for the front page."""
    return link.get("refuri", "")[1:].partition("#")[0]


def pages_below(env):
    """The pages that stand below the first page of their captioned toctree."""
    toctrees = env.get_doctree(env.config.root_doc).findall(addnodes.toctree)
    return {page for toc in toctrees if toc.get("caption") for _, page in toc["entries"][1:]}


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
        "All is text: equations are MathML, figures have descriptions, and verdicts are told by "
        "word as well as by colour.",
    ),
]


def draw_cover(path, title, subtitle, author):
    """A typographic cover: the title, and the triangle of causal attention under it."""
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(matplotlib.rcParamsDefault):
        figure = Figure(figsize=(8, 12), facecolor="#1f5f8b")
        page = figure.add_axes((0, 0, 1, 1))
        page.set(xlim=(0, 8), ylim=(0, 12))
        page.axis("off")
        words = {"color": "white", "va": "top", "linespacing": 1.3}
        page.text(0.8, 10.8, textwrap.fill(title, 16), fontsize=46, fontweight="bold", **words)
        page.text(0.8, 7.9, textwrap.fill(subtitle, 38), fontsize=19, **words)
        page.text(0.8, 1.0, author, fontsize=15, **words)
        for row in range(9):
            scores = [1 + 2 * (column * 5 % 3) for column in range(row + 1)]
            for column, score in enumerate(scores):
                corner = (0.8 + column * 0.5, 6.2 - row * 0.5)
                tone = 0.15 + 0.85 * (score / sum(scores)) ** 0.5
                square = matplotlib.patches.Rectangle(
                    corner, 0.42, 0.42, color="white", alpha=tone, linewidth=0
                )
                page.add_patch(square)
        figure.savefig(path, dpi=160, metadata={"Software": None})


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
        """The pages of a part stand below it, as in print."""
        super().get_toc()
        below = pages_below(self.env)
        for node in self.refnodes:
            if self.docname_of(node["refuri"]) in below:
                node["level"] += 1

    def docname_of(self, refuri):
        return refuri.partition("#")[0].removesuffix(self.out_suffix)

    def make_id(self, name):
        return "id-" + re.sub(r"[^\w.-]", "-", name)

    def copy_image_files(self):
        """Makes Matplotlib's pictures valid: no foreign document type, no empty path."""
        super().copy_image_files()
        for path in Path(self.outdir, self.imagedir).glob("*.svg"):
            text = re.sub(r"<!DOCTYPE[^>]*>\s*", "", path.read_text("utf-8"), count=1)
            path.write_text(re.sub(r"<path (?![^>]*\bd=)", '<path d="M0 0" ', text), "utf-8")

    def build_content(self):
        for name in (".buildinfo.bak", self.coverpage_name):  # left by the build before
            Path(self.outdir, name).unlink(missing_ok=True)
        super().build_content()
        path = self.outdir / "content.opf"
        manifest = self.declare_contents(path.read_text("utf-8"))
        told = [f"<dc:subject>{subject}</dc:subject>" for subject in SUBJECTS]
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
