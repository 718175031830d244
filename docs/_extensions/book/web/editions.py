"""Links to the PDF and the EPUB on every HTML page, if they are there to be linked.

``editions_files`` names what ``make pdf`` and ``make epub`` leave.  Those that exist when the
HTML is built are copied beside it, and ``sidebar/editions.html`` links them; without them there
is no link, so none is ever dead.  When they come or go, the pages are written again.  A link says
how large its file is and, where ``tools/typeset.py`` noted it, how many pages it has.  A PDF of
one entry that lies beside that of the book is linked from the entry's page.
"""

import os
import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata


def find(app, config):
    """Notes which editions are there and how large, a setting on which the HTML depends."""
    files = [Path(app.confdir, path) for path in config.editions_files]
    config["editions_found"] = {
        path: extent(file)
        for path, file in zip(config.editions_files, files, strict=True)
        if file.is_file()
    }
    beside = {path.parent for path in files if path.suffix == ".pdf"}
    config["editions_extracts"] = {
        file.stem: (os.path.relpath(file, app.confdir), extent(file))
        for folder in sorted(beside)
        for file in sorted(folder.glob("*.pdf"))
        if file not in files
    }


def extent(file: Path) -> str:
    """How large a file is, as in “440 pages, 3.1 MB”."""
    size, noted = f"{file.stat().st_size / 1e6:.1f} MB", file.with_suffix(".pages")
    if file.suffix == ".pdf" and noted.is_file():
        return f"{int(noted.read_text())} pages, {size}"
    return size


def link(app, pagename, templatename, context, doctree):
    context["editions"] = [
        (Path(path).suffix[1:].upper(), Path(path).name, size)
        for path, size in app.config.editions_found.items()
    ]
    path, size = app.config.editions_extracts.get(pagename.rpartition("/")[2], ("", ""))
    if path:
        context["editions"].append(("This page as a PDF", Path(path).name, size))


def copy(app, error):
    if error is None and app.builder.name == "html":
        extracts = [path for path, _ in app.config.editions_extracts.values()]
        for path in [*app.config.editions_files, *extracts]:
            here = Path(app.outdir, Path(path).name)
            if path in app.config.editions_found or path in extracts:
                shutil.copyfile(Path(app.confdir, path), here)
            else:
                here.unlink(missing_ok=True)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_config_value("editions_files", [], "html", types=frozenset({list}))
    for found in ("editions_found", "editions_extracts"):
        app.add_config_value(found, {}, "html", types=frozenset({dict}))
    app.connect("config-inited", find)
    app.connect("html-page-context", link)
    app.connect("build-finished", copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
