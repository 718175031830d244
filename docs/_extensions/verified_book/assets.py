"""Style sheets, scripts and fonts that travel with the extension that needs them."""

from os.path import relpath
from pathlib import Path


def add_static(app, module_file):
    """Serves the folder ``static`` beside an extension's module with the book's own files."""
    folder = relpath(Path(module_file).with_name("static"), app.confdir)
    app.connect("config-inited", lambda app, config: config.html_static_path.insert(0, folder))
