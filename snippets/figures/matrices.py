"""Matrices and vectors as coloured strips, with their shapes and numbers.

Blue is above zero and orange below, the deeper the farther from it; a cell
below zero has a minus, so that it is told apart in print without colour.
The unit is the inch.  Stands on `snippets.figures.blocks`.
"""

from dataclasses import dataclass

import numpy as np

from snippets.figures import COLOURS, INK
from snippets.figures.blocks import say


@dataclass
class Place:
    """Where something stands on the sheet, to lead wires there."""

    left: float
    right: float
    bottom: float
    top: float

    @property
    def centre(self):
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2

    def side(self, name):
        """The middle of one side: "left", "right", "top" or "bottom"."""
        x, y = self.centre
        if name in {"left", "right"}:
            return getattr(self, name), y
        return x, getattr(self, name)


def tint(value, most):
    """The colour of a number: pale near zero, deep at ± most."""
    from matplotlib.colors import to_rgb

    strength = 0.75 * min(abs(value) / most, 1) if most else 0
    colour = to_rgb(COLOURS[0] if value >= 0 else COLOURS[1])
    return tuple(1 - strength * (1 - part) for part in colour)


def matrix(
    ax,
    at,
    values,
    name="",
    shape="",
    rows=(),
    columns=(),
    cell=(0.34, 0.2),
    digits=None,
    most=None,
    size=7,
):
    """Draws numbers as cells, the top left corner at a point.

    The name stands above and the shape below; rows and columns may have
    words beside them.  With digits each number is printed in its cell.
    Returns the Place of the cells.
    """
    values = np.atleast_2d(np.asarray(values, dtype=float))
    most = most or np.abs(values).max()
    (x, y), (width, height) = at, cell
    n, m = values.shape
    for (i, j), value in np.ndenumerate(values):
        corner = x + j * width, y - (i + 1) * height
        paint(ax, corner, cell, value, most, digits, size)
    place = Place(x, x + m * width, y - n * height, y)
    middle = place.centre[0]
    for i, word in enumerate(rows):
        spot = x - 0.06, y - (i + 0.5) * height
        say(ax, spot, word, ha="right", size=size)
    for j, word in enumerate(columns):
        say(ax, (x + (j + 0.5) * width, y + 0.09), word, size=size)
    above = y + (0.28 if len(columns) else 0.11)
    if name:
        say(ax, (middle, above), name, size=size + 1)
    if shape:
        say(ax, (middle, place.bottom - 0.11), shape, size=size)
    return place


def paint(ax, corner, cell, value, most, digits, size):
    """One cell, with its number or, below zero, a minus."""
    from matplotlib.patches import Rectangle

    colour, deep = tint(value, most), bool(most) and value > 0.8 * most
    ax.add_patch(
        Rectangle(
            corner, *cell, facecolor=colour, edgecolor=INK, linewidth=0.4
        )
    )
    text = "−" if value < 0 else ""
    if digits is not None:
        text = f"{value:.{digits}f}".replace("-", "−")
    if text:
        centre = corner[0] + cell[0] / 2, corner[1] + cell[1] / 2
        say(ax, centre, text, size=size, color="white" if deep else INK)
