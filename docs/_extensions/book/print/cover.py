"""The cover of both editions: the title, and the triangle of causal attention under it.

That of the PDF is set by TeX, which needs the triangle alone.
"""

import textwrap
from collections.abc import Iterator
from pathlib import Path

from book.palette import DAY


def triangle(n: int = 9) -> Iterator[tuple[int, int, float]]:
    """The squares of a triangle of attention: (column, row, how bright)."""
    for row in range(n):
        scores = [1 + 2 * (column * 5 % 3) for column in range(row + 1)]
        for column, score in enumerate(scores):
            yield column, row, 0.15 + 0.85 * (score / sum(scores)) ** 0.5


def draw_cover(path: Path, title: str, subtitle: str, author: str) -> None:
    import matplotlib
    from matplotlib.figure import Figure

    with matplotlib.rc_context(matplotlib.rcParamsDefault):
        figure = Figure(figsize=(8, 12), facecolor=DAY["ours"])
        page = figure.add_axes((0, 0, 1, 1))
        page.set(xlim=(0, 8), ylim=(0, 12))
        page.axis("off")
        words = {"color": "white", "va": "top", "linespacing": 1.3}
        page.text(0.8, 10.8, textwrap.fill(title, 16), fontsize=46, fontweight="bold", **words)
        page.text(0.8, 7.9, textwrap.fill(subtitle, 38), fontsize=19, **words)
        page.text(0.8, 1.0, author, fontsize=15, **words)
        for column, row, tone in triangle():
            corner = (0.8 + column * 0.5, 6.2 - row * 0.5)
            square = matplotlib.patches.Rectangle(
                corner, 0.42, 0.42, color="white", alpha=tone, linewidth=0
            )
            page.add_patch(square)
        figure.savefig(path, dpi=160, metadata={"Software": None})


def latex_cover() -> str:
    """The triangle as commands of ``bookpage.sty``."""
    squares = (rf"\bksquare{{{x}}}{{{-y}}}{{{tone:.0%}}}" for x, y, tone in triangle())
    return rf"\newcommand\bktriangle{{{''.join(squares)}}}".replace("%", "")
