"""Style sheets, scripts and fonts that travel with the extension that needs them."""

from os.path import relpath
from pathlib import Path


def add_static(app, module_file):
    """Serves the folder ``static`` beside an extension's module; an EPUB has styles of its own."""
    folder = relpath(Path(module_file).with_name("static"), app.confdir)

    def serve(app):
        if app.builder.name != "epub" and folder not in app.config.html_static_path:
            app.config.html_static_path.insert(0, folder)

    app.connect("builder-inited", serve)
