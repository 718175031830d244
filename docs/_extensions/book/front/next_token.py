"""A model that writes, one token after another: ``{next-token} NAME``.

The page's module of figures has a function ``tokens_NAME()``, which returns the text to go on
from, and for each token that is written what could have come, the likeliest first, each with its
probability; the first of them is written.  On the web one sees the chances of the token that one
touches, without a script; other editions have a list.

Stands on ``dependencies`` and ``verified``, as figures do.
"""

import sys
from html import escape
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from book.messages import FRONT
from verified_book import dependencies, verified
from verified_book.alone import steady, time_limit
from verified_book.dependencies import closure
from verified_book.extra_files import is_web
from verified_book.languages import _

INPUT = '<input type="radio" name="{name}" id="{name}-{i}"{checked}>'
LABEL = '<label for="{name}-{i}">{token}</label>'
PANEL = '<div class="chances"><p>{after}</p><ul>{rows}</ul></div>'
LAST = 32  # letters of the text so far, above its chances
ROW = '<li><code>{token}</code> <span class="bar" style="width:{width:.1f}%"></span> {chance}</li>'


class next_token(nodes.General, nodes.Element):
    """Stands where a model writes: ``start`` and ``steps``."""


class NextTokenDirective(SphinxDirective):
    """The page's own model, writing."""

    required_arguments = 1

    def run(self):
        name = self.arguments[0]
        try:
            start, steps = self.written(name)
        except Exception as error:
            where = (self.env.docname, self.lineno)
            FRONT.warn("not_written", name, type(error).__name__, error, location=where)
            return []
        return [next_token(name=name, start=start, steps=steps, classes=["no-search"])]

    def written(self, name):
        config, stem = self.config, self.env.docname.rpartition("/")[2]
        package, root = config.verified_package, config.verified_root
        module = f"{config.figures_package or f'{package}.figures'}.{stem}"
        found = closure([module], package, root)
        verified.note_closure(self.env, found)
        for path in sorted(Path(root, package).rglob("*")):
            if dependencies.is_data(path.relative_to(Path(root, package)), path):
                self.env.note_dependency(str(path))
        with (
            time_limit(config.verified_seconds, self.get_location()),
            steady(),
            dependencies.at_hand(found, [module], package, root) as faults,
        ):
            for fault in faults:
                raise RuntimeError(fault.why)
            return getattr(sys.modules[module], f"tokens_{name}")()


def fill(app, doctree, docname):
    """Buttons on the web, a list elsewhere."""
    for node in list(doctree.findall(next_token)):
        node.replace_self(web(**node.attributes) if is_web(app.builder) else listed(node))


def web(name, start, steps, **_rest):
    """Each token is a button, which shows the chances that it was taken from."""
    parts, text = [], start
    for i, chances in enumerate(steps):
        first = chances[0][0]
        rows = "".join(
            ROW.format(token=shown(token), width=70 * p, chance=percent(p)) for token, p in chances
        )
        form = {"name": name, "i": i, "checked": "" if i else " checked"}
        parts += [INPUT.format(**form), LABEL.format(**form, token=shown(first))]
        last = text if len(text) <= LAST else f"… {text[-LAST:].partition(' ')[2]}"
        after = _("After “{}”").format(escape(last))
        parts.append(PANEL.format(after=after, rows=rows))
        text += first
    legend = _("What the model writes: touch a token to see what else it could be")
    html = f'<fieldset class="next-token"><legend>{legend}</legend>'
    html += f"<span>{escape(start)}</span>{''.join(parts)}"
    return nodes.raw("", f"{html}</fieldset>", format="html", classes=["no-search"])


def listed(node):
    """“… said the | C 19 %, …”, line by line."""
    items, text = [], node["start"]
    for chances in node["steps"]:
        found = ", ".join(f"“{token}” {percent(p)}" for token, p in chances)
        items.append(nodes.list_item("", nodes.paragraph("", f"{text} … {found}")))
        text += chances[0][0]
    return nodes.bullet_list("", *items)


def shown(token):
    """A token as one sees it: a blank in it is marked."""
    return escape(token.replace(" ", "␣").replace("\n", "⏎"))


def percent(p):
    return f"{100 * p:.0f}\u00a0%"


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("verified_book.figures")
    app.add_node(next_token)
    app.add_directive("next-token", NextTokenDirective)
    app.connect("doctree-resolved", fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
