"""Links to the PDF and the EPUB on every HTML page, if they are there to be linked.

``editions_files`` names what ``make pdf`` and ``make epub`` leave.  Those that exist when the
HTML is built are copied beside it, and ``sidebar/editions.html`` links them; without them there
is no link, so none is ever dead.  When they come or go, the pages are written again.
"""

import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata


def find(app, config):
    """Notes which editions are there, as a setting on which the HTML depends."""
    config["editions_found"] = [
        path for path in config.editions_files if Path(app.confdir, path).is_file()
    ]


def link(app, pagename, templatename, context, doctree):
    context["editions"] = [
        (Path(path).suffix[1:].upper(), Path(path).name) for path in app.config.editions_found
    ]


def copy(app, error):
    if error is None and app.builder.name == "html":
        for path in app.config.editions_files:
            here = Path(app.outdir, Path(path).name)
            if path in app.config.editions_found:
                shutil.copyfile(Path(app.confdir, path), here)
            else:
                here.unlink(missing_ok=True)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_config_value("editions_files", [], "html", types=frozenset({list}))
    app.add_config_value("editions_found", [], "html", types=frozenset({list}))
    app.connect("config-inited", find)
    app.connect("html-page-context", link)
    app.connect("build-finished", copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
