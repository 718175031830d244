"""Equations, rendered while the book is built: no script on the page, and bad TeX stops the build.

KaTeX (vendored in ``katex/``) is run by V8 from a wheel; aligned rows get more room than it
gives them, since fractions would touch.  Each page notes its equations when it
is read; those not yet known are rendered together, once, before pages are written.  HTML gets
KaTeX's HTML with MathML behind it, the EPUB gets MathML, LaTeX sets its own.

Stands on ``page_notes``; knows only Sphinx.
"""

import json
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.math import get_node_equation_number
from sphinx.util.typing import ExtensionMetadata

from verified_book.assets import add_static
from verified_book.languages import _
from verified_book.page_notes import PageNotes

logger = logging.getLogger(__name__)

KATEX = Path(__file__).with_name("katex") / "katex.min.js"
ROWS = "d=3*m,g=e.arraystretch", "d=7*m,g=e.arraystretch"  # points between aligned rows
RENDER = """
((todo) => JSON.stringify(todo.map(([tex, displayMode, output]) => {
  try {
    return [katex.renderToString(tex, {displayMode, output, strict: 'ignore'}), ''];
  } catch (error) {
    return ['', String(error.message)];
  }
})))
"""


def equation(node):
    """(TeX, displayed?) of a node; lines divided by \\\\ are aligned as Sphinx does it."""
    tex, displayed = node.astext().strip(), isinstance(node, nodes.math_block)
    if displayed and "\\\\" in tex and "\\begin{" not in tex:
        tex = f"\\begin{{split}}{tex}\\end{{split}}"
    return tex, displayed


def render(todo):
    """(HTML, error) of each (TeX, displayed, output)."""
    from py_mini_racer import MiniRacer

    racer = MiniRacer()
    racer.eval("var self = this;" + KATEX.read_text("utf-8").replace(*ROWS) + "; 0")
    return json.loads(racer.eval(f"{RENDER}({json.dumps(todo)})"))


def is_math(node):
    return isinstance(node, nodes.math | nodes.math_block)


def line_of(node):
    while node is not None and not node.line:
        node = node.parent
    return node.line if node is not None else 0


class Equations(PageNotes):
    """Notes the equations of each page, and the line where each stands first; renders the new."""

    kept_as = "equations_noted"

    def process_doc(self, app, doctree):
        here = self.of(app.env).setdefault(app.env.docname, {})
        for node in doctree.findall(is_math):
            here.setdefault(equation(node), line_of(node))
            node["translatable"] = False  # it is the same in every language

    def get_updated_docs(self, app, env):
        output = output_of(app.builder)
        where = {
            (*found, output): (docname, line)
            for docname, there in self.of(env).items()
            for found, line in there.items()
        }
        kept = getattr(env, "equations_rendered", {})
        if todo := [key for key in where if key not in kept] if output else []:
            for key, (html, error) in zip(todo, render(todo), strict=True):
                kept[key] = html
                if error:
                    del kept[key]
                    logger.warning("%s", error, location=where[key], type="equations")
        others = {key: html for key, html in kept.items() if key[2] != output}
        env.equations_rendered = others | {key: kept[key] for key in where if key in kept}
        return []


def output_of(builder):
    """What KaTeX is to make for a builder; None where TeX itself is wanted."""
    if builder.format != "html":
        return None
    return "mathml" if builder.name == "epub" else "htmlAndMathml"


def rendered(self, node):
    key = (*equation(node), output_of(self.builder))
    found = self.builder.env.equations_rendered.get(key)
    return found or f"<code>{self.encode(key[0])}</code>"  # it was warned of


def visit_inline(self, node):
    self.body.append(f'<span class="math">{rendered(self, node)}</span>')
    raise nodes.SkipNode


def visit_displayed(self, node):
    self.body.append(self.starttag(node, "div", CLASS="math"))
    if node["number"]:
        self.body.append(f'<span class="eqno">({get_node_equation_number(self, node)})')
        self.add_permalink_ref(node, _("Link to this equation"))
        self.body.append("</span>")
    self.body.append(rendered(self, node) + "</div>\n")
    raise nodes.SkipNode


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_env_collector(Equations)
    app.add_html_math_renderer("katex", (visit_inline, None), (visit_displayed, None))
    add_static(app, __file__)
    app.add_css_file("katex/katex.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 2}
