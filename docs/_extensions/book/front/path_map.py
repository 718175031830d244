"""A map of the pages and of what each stands on: ``{path-map}``, drawn from ``reading``.

Each page is a box with a link, below all that it stands on; a line leads down from each of those,
beside the boxes that lie between.  A box that is pointed at shows its own lines.  The map is for
the web; the list of the pages, which says the same in words, stands beside it on the page.

Stands on ``reading``.
"""

from functools import lru_cache
from html import escape
from itertools import pairwise, permutations

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from book import reading
from verified_book.extra_files import is_web
from verified_book.languages import _

SLOTS, WIDE, HIGH, ACROSS, DOWN, LINE = 4, 80, 46, 92, 76, 12.5
GAPS = [slot + 0.5 for slot in range(SLOTS - 1)]
LETTERS = 14  # in a line of a box

Places = dict[str, tuple[int, int]]  # the row and the slot of each page


class path_map(nodes.General, reading.shows_path):
    """Stands where the map will be."""


class PathMapDirective(SphinxDirective):
    """The map of the pages."""

    def run(self):
        return [path_map()]


# -- where each page stands ----------------------------------------------------------------------


def places(needs: dict[str, list[str]]) -> Places:
    """A row below all that a page stands on, and a slot that keeps the lines short and clear."""
    return _places(tuple((page, tuple(on)) for page, on in needs.items()))


@lru_cache(maxsize=8)
def _places(needs):
    rows = []
    found = {}
    for page, on in needs:
        row = max((found[other][0] + 1 for other in on), default=0)
        while row < len(rows) and len(rows[row]) == SLOTS:
            row += 1
        rows += [[] for _ in range(row + 1 - len(rows))]
        found[page] = row, len(rows[row])
        rows[row].append(page)
    while True:  # each row in turn, until no row is better otherwise
        before = cost(found, needs)
        for row in rows:
            options = (
                {**found, **{p: (found[p][0], slot) for p, slot in zip(row, slots, strict=True)}}
                for slots in permutations(range(SLOTS), len(row))
            )
            found = min(options, key=lambda option: cost(option, needs))
        if cost(found, needs) >= before:
            return found


def cost(found, needs):
    """How far the lines go aside, and a little for each gap that they squeeze through."""
    taken, total = set(found.values()), 0
    for page, on in needs:
        for other in on:
            slots = way(found[other], found[page], taken)
            total += sum((b - a) ** 2 for a, b in pairwise(slots))
            total += 0.5 * sum(slot in GAPS for slot in slots)
    return total


def way(above, below, taken):
    """The slots of a line, row by row: where a box is in its way, it takes the nearest gap."""
    (row, slot), (last, end) = above, below
    slots = [slot]
    while (row := row + 1) < last:
        straight = slots[-1] + (end - slots[-1]) / (last - row + 1)
        free = [slot for slot in range(SLOTS) if (row, slot) not in taken]
        slots.append(min([*free, *GAPS], key=lambda slot: (abs(slot - straight), slot)))
    return [*slots, end]


# -- the drawing ---------------------------------------------------------------------------------


def drawn(needs, names, links):
    """The map as SVG: lines, and above them the boxes with their links."""
    found = places(needs)
    height = DOWN * max((row for row, _ in found.values()), default=0) + HIGH + 4
    taken = set(found.values())
    lines = {
        page: [line(found[other][0], way(found[other], found[page], taken)) for other in on]
        for page, on in needs.items()
    }
    below = "".join(f'<path d="{d}"/>' for drawn in lines.values() for d in drawn)
    boxes = "".join(box(names[page], links[page], found[page], lines[page]) for page in needs)
    width = ACROSS * (SLOTS - 1) + WIDE + 4
    label = _("Map: what each page stands on")
    return (
        f'<svg class="path-map" viewBox="0 0 {width} {height}" role="group" aria-label="{label}">'
        f'<g class="lines" aria-hidden="true">{below}</g>{boxes}</svg>'
    )


def corner(place):
    return 2 + ACROSS * place[1], 2 + DOWN * place[0]


def line(first, slots):
    """From the foot of one box to the head of another, past the rows between."""
    drawn, bend = "", (DOWN - HIGH) * 0.8
    for row, (before, slot) in enumerate(pairwise(slots), first):
        (x, y), (to_x, to_y) = corner((row, before)), corner((row + 1, slot))
        x, to_x, y = x + WIDE / 2, to_x + WIDE / 2, y + HIGH
        drawn += f"V{y:g}" if drawn else f"M{x:g} {y:g}"
        drawn += f"C{x:g} {y + bend:g} {to_x:g} {to_y - bend:g} {to_x:g} {to_y:g}"
    return drawn


def box(name, link, place, lines):
    x, y = corner(place)
    rows = in_lines(name)
    texts = " ".join(
        f'<text x="{x + WIDE // 2}" y="{y + HIGH / 2 + 4 + LINE * (i - len(rows) / 2 + 0.5):.1f}">'
        f"{escape(row)}</text>"
        for i, row in enumerate(rows)
    )
    own = "".join(f'<path d="{d}"/>' for d in lines)
    part = escape(link.partition("/")[0])
    return (
        f'<a href="{escape(link)}" class="{part}" aria-label="{escape(" ".join(rows))}">{own}'
        f'<rect x="{x}" y="{y}" width="{WIDE}" height="{HIGH}" rx="3"/>{texts}</a>'
    )


def in_lines(name):
    """The number of a page, if it has one, and its name in a line or two."""
    number, _, title = name.rpartition(" · ")
    breaks = [i for i, letter in enumerate(title) if letter == " "] if len(title) > LETTERS else []
    at = min(breaks, key=lambda i: max(i, len(title) - i - 1), default=len(title))
    return [*filter(None, (number, title[:at], title[at + 1 :]))]


# -- on the page ---------------------------------------------------------------------------------


def fill(app, doctree, docname):
    """The map on the web; nothing elsewhere."""
    for node in list(doctree.findall(path_map)):
        if not is_web(app.builder):
            node.parent.remove(node)
            continue
        needs = reading.standing_on(app.env)
        links = {page: app.builder.get_relative_uri(docname, page) for page in needs}
        svg = drawn(needs, reading.short_names(app.env), links)
        node.replace_self(nodes.raw("", svg, format="html", classes=["no-search"]))


def setup(app: Sphinx) -> ExtensionMetadata:
    app.setup_extension("book.reading")
    app.add_node(path_map)
    app.add_directive("path-map", PathMapDirective)
    app.connect("doctree-resolved", fill)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
