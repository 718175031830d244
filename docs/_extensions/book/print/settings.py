"""Settings of both editions in print: fonts, colours, names of files; what conf.py sets stays.

What the book says of itself, ``book_subtitle`` and ``book_subjects``, stands in conf.py.
"""

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.texescape import escape
from sphinx.util.typing import ExtensionMetadata

from book.palette import DAY
from book.print.cover import latex_cover

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


def tone(name):
    """A colour as sphinxsetup takes it."""
    return f"{{HTML}}{{{DAY[name][1:].upper()}}}"


SPHINXSETUP = {
    "TitleColor": tone("ours"),
    "InnerLinkColor": tone("ours"),
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
    "note": "ours",
    "hint": "holds",
    "tip": "holds",
    "important": "ours",
    "seealso": "quiet",
    "todo": "quiet",
    "warning": "imprecise",
    "caution": "imprecise",
    "attention": "imprecise",
    "danger": "wrong",
    "error": "wrong",
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
            "border-TeXcolor": tone(colour),
            "background-TeXcolor": "{HTML}{F6F8FA}",
            "title-background-TeXcolor": "{HTML}{E8EEF4}",
            "title-foreground-TeXcolor": tone(colour),
        }
        options += [f"div.{kind}_{name}={value}" for name, value in look.items()]
    return ",\n".join(options)


def basename(config: Config) -> str:
    """What the files of the editions are called."""
    return nodes.make_id(config.project)


def subtitle(config):
    """The command of the title page, where a colon ends a line; nothing without a subtitle."""
    broken = config.book_subtitle.replace(": ", r":\\")
    return rf"\renewcommand\bksubtitle{{{broken}}}"


def imprint(config):
    """The command of the page behind the title: version, licence, whose it is."""
    lines = "".join(
        rf"\bkimprintline{{{escape(line, config.latex_engine)}}}" for line in config.book_imprint
    )
    return rf"\renewcommand\bkimprint{{{lines}}}"


def uuid(name):
    """A name as XMP has it: the same for the same name."""
    return uuid5(NAMESPACE_URL, name).urn.removeprefix("urn:")


def dates(made):
    """When a PDF was made, for TeX takes the time of its files for that."""
    moment = f"{{{made:%Y-%m-%dT%H:%M:%SZ}}}"
    pdf = f"{{D:{made:%Y%m%d%H%M%S}Z}}"
    return f"pdfdate={moment},pdfmetadate={moment},pdfcreationdate={pdf},pdfmoddate={pdf}"


def configure(app, config):
    """Fills in the settings of both editions; what conf.py sets itself stays."""
    language = "zh" if config.language.startswith("zh") else "en"
    styles = sorted(Path(__file__).parent.glob("*.sty"))
    identifier = f"{basename(config)}-{config.language}"
    made = datetime.fromtimestamp(int(os.environ.get("SOURCE_DATE_EPOCH") or time.time()), UTC)
    settings = {
        "latex_engine": "xelatex",
        "latex_use_xindy": False,
        "latex_domain_indices": False,
        "latex_show_urls": "no",
        "latex_use_latex_multicolumn": True,
        "latex_table_style": ["booktabs"],
        "latex_additional_files": [os.path.relpath(path, app.confdir) for path in styles],
        "latex_documents": [
            (config.root_doc, f"{basename(config)}.tex", config.project, config.author, "manual")
        ],
        "numfig_secnum_depth": 0,  # chapters have no numbers, so figures count through the book
        "epub_basename": basename(config),
        "epub_description": config.book_subtitle or config.project,
        "epub_contributor": config.author,
        "epub_publisher": config.author,
        "epub_identifier": identifier,
        "epub_uid": identifier,  # the same: one table of contents names the one, one the other
        "epub_css_files": ["book-epub.css"],
        "epub_show_urls": "no",
        "epub_use_index": False,
        "epub_tocscope": "includehidden",
        "epub_tocdup": False,
        "epub_tocdepth": 3,
        "epub_cover": ("_static/cover.png", "epub-cover.html"),
        "version": "1",
        "today_fmt": "%d %B %Y" if language == "en" else None,
    }
    for name, value in settings.items():
        if name not in config._raw_config and name not in config.overrides:
            config[name] = value
    config.latex_elements = {
        "papersize": "a4paper",
        "pointsize": "10pt",
        "extraclassoptions": "openany,twoside",
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
        "preamble": "\\usepackage{hyperxmp}\n\\usepackage{bookpage}\n\\usepackage{bookstyle}\n"
        f"\\hypersetup{{pdftitle={{{config.project}}},pdfauthor={{{config.author}}},"
        f"pdfsubject={{{config.book_subtitle}}},pdfkeywords={{{', '.join(config.book_subjects)}}},"
        f"pdflang={{{config.language}}},pdfdisplaydoctitle=true,keeppdfinfo,"
        f"pdfdocumentid={{{uuid(identifier)}}},pdfinstanceid={{{uuid(f'{identifier} {made}')}}},"
        f"{dates(made)}}}\n{latex_cover()}{subtitle(config)}{imprint(config)}"
        f"{LANGUAGES[language]}",
        "maketitle": r"\bkmaketitle",
        "makeindex": r"\makeindex",
        "printindex": r"\printindex",
        "tableofcontents": r"\bkcontents",
        "figure_align": "H",
        **config.latex_elements,
    }


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("book.about")
    app.connect("config-inited", configure, priority=100)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
