"""Every figure can be read without colour: what a legend tells apart differs in more than a hue.

Two lines of a legend differ in their dashes, their markers, their width or their lightness; two
areas in their hatches or their lightness.  What is labelled where it stands needs no legend.
"""

import importlib
from itertools import combinations
from pathlib import Path

import matplotlib
import pytest
from matplotlib import colors, pyplot

FIGURES = Path(__file__).resolve().parents[2] / "snippets" / "figures"
NAMES = [
    (path.stem, line.removeprefix("def ").partition("(")[0])
    for path in sorted(FIGURES.glob("[!_]*.py"))
    for line in path.read_text("utf-8").splitlines()
    if line.startswith("def figure_")
]
STEP = 15  # of CIE lightness, which runs from 0 to 100


def lightness(colour):
    red, green, blue = (
        u / 12.92 if u <= 0.04045 else ((u + 0.055) / 1.055) ** 2.4 for u in colors.to_rgb(colour)
    )
    grey = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return 116 * grey ** (1 / 3) - 16 if grey > 0.008856 else 903.3 * grey


def line_look(line):
    return line.get_linestyle(), line.get_marker(), round(line.get_linewidth(), 1)


def area_look(area):
    return area.get_hatch()


def alike(one, other, look, colour):
    return (
        colors.to_rgb(colour(one)) != colors.to_rgb(colour(other))
        and look(one) == look(other)
        and abs(lightness(colour(one)) - lightness(colour(other))) < STEP
    )


def confused(axes):
    """The pairs of a legend that are one grey."""
    legend = axes.get_legend()
    handles = [] if legend is None else legend.legend_handles
    lines = [h for h in handles if hasattr(h, "get_linestyle") and hasattr(h, "get_marker")]
    areas = [h for h in handles if hasattr(h, "get_hatch") and hasattr(h, "get_facecolor")]
    for group, look, colour in (
        (lines, line_look, lambda line: line.get_color()),
        (areas, area_look, lambda area: area.get_facecolor()),
    ):
        for one, other in combinations(group, 2):
            if alike(one, other, look, colour):
                yield one.get_label(), other.get_label()


@pytest.mark.parametrize(("stem", "name"), NAMES)
def test_what_a_legend_tells_apart_is_told_apart_in_grey(stem, name):
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        figure = getattr(importlib.import_module(f"snippets.figures.{stem}"), name)()
        try:
            assert [pair for axes in figure.axes for pair in confused(axes)] == []
        finally:
            pyplot.close(figure)
