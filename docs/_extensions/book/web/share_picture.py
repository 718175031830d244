"""The picture that a link to the book shows where it is shared: its name and what it counts.

Drawn once the pages are written, and again only when what it shows has changed; always to the
same bytes.
"""

from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

from book.palette import DAY
from verified_book import extra_files

NAME = "card.png"
SETTINGS = {"font.family": "DejaVu Sans", "savefig.facecolor": "#fbfaf7"}
INK, QUIET, ACCENT = DAY["ink"], DAY["quiet"], DAY["ours"]


def alt(config: Config) -> str:
    """The picture in words."""
    about = config.book_subtitle.partition(":")[0]
    return f"{config.project}: {about[:1].lower()}{about[1:]}" if about else config.project


def lines(app):
    """What the picture says: (text, height, size, colour)."""
    count = app.env.get_domain("ledger").count
    yield app.config.project, 0.70, 40, INK
    yield app.config.book_subtitle, 0.55, 20, QUIET
    yield f"{count('claims'):,} claims judged", 0.34, 22, ACCENT
    yield f"{count('numbers'):,} printed numbers recomputed", 0.24, 22, ACCENT
    yield f"{count('examples'):,} examples verified", 0.14, 22, ACCENT


def draw(app: Sphinx) -> None:
    """Draws the picture, 1200 by 630 pixels, where it says something else than before."""
    said = list(lines(app))
    ground = extra_files.Ground(app, NAME, said, Path(__file__).read_bytes())
    if ground.holds:
        return
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context({**matplotlib.rcParamsDefault, **SETTINGS}):
        figure = Figure(figsize=(12, 6.3), dpi=100)
        for text, height, size, colour in said:
            figure.text(0.07, height, text, size=size, color=colour)
        figure.savefig(ground.path, metadata={"Software": None})
    ground.note()
