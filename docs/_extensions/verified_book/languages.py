"""The door to other languages: all that a reader reads can be translated, and no formula is.

``-b gettext``, with doctrees of its own, offers the pages' text, as Sphinx does; here are the
rest.  What an option says is looked up in the catalogue of its page before it is parsed, and
offered with that page (``OptionsInWords``).  Fixed words of an extension stand in ``_()``, and
join those of the templates in the catalogue ``sphinx``, which Sphinx knows by itself; a word
that is a key too, such as ``N_("slip")``, is shown through ``_``.

Ground floor: knows only Sphinx and Babel.
"""

import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from babel.messages.extract import extract_from_file
from docutils import nodes
from sphinx import locale
from sphinx.application import Sphinx
from sphinx.builders.gettext import MsgOrigin
from sphinx.locale import _
from sphinx.util.docutils import SphinxDirective
from sphinx.util.i18n import docname_to_domain
from sphinx.util.typing import ExtensionMetadata

from verified_book.assets import add_static
from verified_book.page_notes import PageNotes

__all__ = ["N_", "OptionsInWords", "_", "is_repeated", "said_with"]
EXTENSIONS = Path(__file__).resolve().parents[1]


def N_(word: str) -> str:
    """Marks a word that is offered here, and shown elsewhere by ``_(word)``."""
    return word


def said_with(sentence: str, *found: nodes.Node) -> list[nodes.Node]:
    """A sentence with nodes in the place of ``{}``."""
    before, after = sentence.split("{}")
    return [nodes.Text(before), *found, nodes.Text(after)]


def is_repeated(document: nodes.document) -> bool:
    """Whether a role is run for a text of which the page has told already, in another language."""
    return document["source"].endswith(":<translated>")


# -- what options say -----------------------------------------------------------------------------


class Options(PageNotes):
    """What the options of each page say: (text, line)."""

    kept_as = "languages_options"

    def process_doc(self, app, doctree): ...


class OptionsInWords(SphinxDirective):
    """A directive some of whose options are read, in the language of the book."""

    def told(self, text: str) -> str:
        """What is read for a text, which is offered to those who translate."""
        if not (said := " ".join(text.split())):
            return text
        config, here = self.config, self.env.docname
        Options.of(self.env).setdefault(here, []).append((said, self.lineno))
        domain = docname_to_domain(here, config.gettext_compact)
        if not locale.is_translator_registered(domain):
            folders = [Path(self.env.srcdir, folder) for folder in config.locale_dirs]
            locale.init(folders, config.language, domain)
        return locale.get_translator(domain).gettext(said)


def offer_options(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    if app.builder.name == "gettext":
        catalogue = app.builder.catalogs[docname_to_domain(docname, app.config.gettext_compact)]
        for text, line in Options.of(app.env).get(docname, ()):
            catalogue.add(text, MsgOrigin(str(app.env.doc2path(docname)), line))


# -- fixed words ----------------------------------------------------------------------------------


def modules(app: Sphinx) -> list[Path]:
    return [*Path(app.confdir).glob("conf.py"), *sorted(EXTENSIONS.rglob("*.py"))]


def scripts(app: Sphinx) -> list[Path]:
    folders = [Path(app.confdir, folder) for folder in app.config.html_static_path]
    found = [path for folder in folders for path in sorted(folder.rglob("*.js"))]
    return [path for path in found if not path.name.endswith(".min.js")]


def fixed_words(kind: str, files: list[Path]) -> Iterator[tuple[str, MsgOrigin]]:
    """The words that files mark, and where."""
    for path in files:
        for line, word, *_rest in extract_from_file(kind, path):
            yield word, MsgOrigin(str(path), line)


def offer_words(app: Sphinx) -> None:
    if app.builder.name == "gettext":
        found = fixed_words("python", modules(app)), fixed_words("javascript", scripts(app))
        for word, place in chain(*found):
            app.builder.catalogs["sphinx"].add(word, place)


def tell_scripts(app: Sphinx) -> None:
    """What scripts say in another language; Sphinx's own way is for pages that evaluate code."""
    if app.builder.name == "html" and app.config.language != "en":
        said = {word: _(word) for word, _place in fixed_words("javascript", scripts(app))}
        told = {"data-words": json.dumps(said, ensure_ascii=False)}
        app.add_js_file("languages.js", priority=300, **told)  # before those of the book


def setup(app: Sphinx) -> ExtensionMetadata:
    add_static(app, __file__)
    app.add_env_collector(Options)
    app.connect("doctree-resolved", offer_options)
    app.connect("builder-inited", offer_words, priority=900)
    app.connect("builder-inited", tell_scripts, priority=900)  # when all static folders are known
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
