"""What the book says of itself, in every edition: conf.py's subtitle, subjects, date, imprint."""

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_config_value("book_subtitle", "", "html", types=frozenset({str}))
    app.add_config_value("book_subjects", [], "html", types=frozenset({list}))
    app.add_config_value("book_imprint", [], "html", types=frozenset({list}))
    app.add_config_value("book_date", "", "html", types=frozenset({str}))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
