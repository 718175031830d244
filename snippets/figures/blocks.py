"""Diagrams of what models are made of: boxes, wires between them, and sums.

The unit is the inch, so that a box is as large in print as it says here.
Stands on `snippets.figures`; the figures of the entries stand on it.
"""

from snippets.figures import INK, canvas


def diagram(height):
    """An empty sheet as wide as the text, and what to draw on."""
    fig, ax = canvas(height=height)
    fig.set_layout_engine("none")
    ax.set_position((0, 0, 1, 1))
    ax.set(xlim=(0, 6.3), ylim=(0, height))
    ax.axis("off")
    return fig, ax


def box(ax, at, text, colour, extent, **font):
    """A labelled box, its centre at a point; extent is (width, height)."""
    from matplotlib.patches import FancyBboxPatch

    (x, y), (width, height) = at, extent
    ax.add_patch(
        FancyBboxPatch(
            (x - width / 2, y - height / 2),
            width,
            height,
            boxstyle="round,pad=0,rounding_size=0.05",
            facecolor=pale(colour),
            edgecolor=colour,
            linewidth=0.9,
            zorder=3,
        )
    )
    say(ax, at, text, zorder=4, **font)


def column(ax, x, rows, boxes, extent=(1.72, 0.46)):
    """Boxes below each other, each leading to the next: (text, colour)."""
    for y, (text, colour) in zip(rows, boxes, strict=True):
        box(ax, (x, y), text, colour, extent, size=7)
    half = extent[1] / 2
    for i in range(len(rows) - 1):
        wire(ax, (x, rows[i] - half), (x, rows[i + 1] + half))


def pale(colour):
    """A colour thinned with white, which covers what lies below."""
    from matplotlib.colors import to_rgb

    return tuple(1 - 0.12 * (1 - part) for part in to_rgb(colour))


def say(ax, at, text, **font):
    """Words, centred on a point unless told otherwise."""
    ax.text(*at, text, **{"ha": "center", "va": "center"} | font)


def wire(ax, *points, colour=INK, width=0.9, head=True, style="-"):
    """A line through some points, with an arrow at its end."""
    line = {"color": colour, "linewidth": width, "linestyle": style}
    ax.plot(*zip(*points, strict=True), solid_capstyle="butt", **line)
    if head:
        arrow = {
            "arrowstyle": "-|>,head_width=0.15,head_length=0.3",
            "color": colour,
            "linewidth": width,
            "shrinkA": 0,
            "shrinkB": 0,
        }
        ax.annotate("", points[-1], points[-2], arrowprops=arrow)


def joint(ax, at, sign="+"):
    """Where two wires meet, and how: added, or multiplied."""
    from matplotlib.patches import Circle

    ax.add_patch(
        Circle(
            at, 0.08, facecolor="white", edgecolor=INK, linewidth=0.9, zorder=3
        )
    )
    say(ax, at, sign, zorder=4)
