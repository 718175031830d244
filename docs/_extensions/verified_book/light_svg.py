"""Matplotlib's SVG made light, as a page has to fetch it; no eye sees the difference.

Lines are kept to a tenth of a point, letters to a 400th part of their size.  A path goes on by
steps, which are shorter numbers than places.  What no reader is shown is left out.
"""

import re

PATH = re.compile(r'(?<= d=")([^"]*)("(?: transform="scale\(0\.015625\))?)')
LETTER = ' transform="scale(0.015625)'  # in 6400 parts of its size
COARSER = 16
PART = re.compile(r"([MLQCz])([^MLQCz]*)")
UNREAD = re.compile(r"<!--.*?-->|<!DOCTYPE[^>]*>|<metadata>.*?</metadata>", re.DOTALL)
GROUP = re.compile(r'(?<=<g) id="[^"]*"')
LEADING_ZERO = re.compile(r"(?<![\d.])0(?=\.)")
BETWEEN = re.compile(r"(?<=>)\s+(?=<)")


def light(svg: str) -> str:
    """An SVG of Matplotlib's with the same picture in it."""
    return BETWEEN.sub("", GROUP.sub("", UNREAD.sub("", PATH.sub(lighter, svg))))


def lighter(found: re.Match) -> str:
    path, after = found.groups()
    if not after.endswith(LETTER):
        return in_steps(path, 10) + after
    return in_steps(path, 1 / COARSER, unit=1) + f'" transform="scale({0.015625 * COARSER})'


def in_steps(path: str, grain: float, unit: int = 10) -> str:
    """A path whose points are kept to a grain, each told from the one before, in units."""
    at = start = (0, 0)
    parts = []
    for command, numbers in PART.findall(path):
        points = [round(float(number) * grain) for number in numbers.split()]
        steps = (f"{(n - at[i % 2]) / unit:g}" for i, n in enumerate(points))
        parts.append(command.lower() + " ".join(steps))
        at = tuple(points[-2:]) or start
        start = at if command == "M" else start
    return LEADING_ZERO.sub("", "".join(parts)).replace(" -", "-")
