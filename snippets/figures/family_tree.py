"""Figures of entry 9: the tree, the masks, what they train, how they join."""

import numpy as np

from snippets.family_tree import (
    full_mask,
    permutation_mask,
    prefix_mask,
    read_tree,
)
from snippets.figures import COLOURS, INK, canvas
from snippets.figures.blocks import box, diagram, say, wire
from snippets.figures.matrices import paint
from snippets.transformer import (
    SENTENCE,
    W_K,
    W_Q,
    W_V,
    WORDS,
    attention,
    causal_mask,
)

LANES = {"encoder": 0, "encoder-decoder": 1, "one stack": 1, "decoder": 2}
SIGNS = {"full": "s", "prefix": "^", "causal": "o", "permutation": "D"}


def when(month):
    """The middle of a month, in years."""
    year, number = map(int, month.split("-"))
    return year + (number - 0.5) / 12


def figure_tree():
    """The 27 models by month and kind, on three branches."""
    models = read_tree()
    fig, ax = canvas(height=6.2)
    root = when("2017-06")
    for lane, name in enumerate(("encoder", "both, or a prefix", "decoder")):
        own = [m for m in models if LANES.get(m.stack) == lane]
        top = max(when(m.month) for m in own)
        start = when(own[0].month) - 0.4
        ax.plot([1, lane, lane], [root, start, top], color=COLOURS[lane], lw=2)
        ax.text(lane, 2023.75, name, ha="center", color=COLOURS[lane])
        free = {-1: 0.0, 1: 0.0}  # from where on a side has room for a name
        for m in own:
            style = {"color": COLOURS[lane], "markersize": 6}
            ax.plot(lane, when(m.month), SIGNS[m.mask], **style)
            side = min(free, key=free.get)
            height = max(when(m.month), free[side])
            free[side] = height + 0.14
            align = "left" if side == 1 else "right"
            place = lane + 0.07 * side, height
            ax.text(*place, m.name, ha=align, va="center")
    at = {m.name: (LANES.get(m.stack, 0.5), when(m.month)) for m in models}
    for m in models:
        if m.parent:
            arc = {"arrowstyle": "-", "lw": 0.5, "color": INK}
            arc["connectionstyle"] = "arc3,rad=-0.25"
            ax.annotate("", at[m.name], at[m.parent], arrowprops=arc)
    ax.plot(0.5, at["ELMo"][1], "x", color=INK)
    ax.text(0.57, at["ELMo"][1], "ELMo (LSTM)", va="center")
    ax.plot(1, root, "*", color=INK, markersize=9)
    ax.text(1.07, root, "Transformer", va="center")
    for mask, sign in SIGNS.items():
        ax.plot([], [], sign, color=INK, label=f"{mask} mask")
    ax.legend(loc="lower right")
    ax.set(xlim=(-0.6, 2.6), ylim=(2017.2, 2024), xticks=[])
    ax.set_yticks(range(2018, 2024))
    ax.spines["bottom"].set_visible(False)
    return fig


def figure_masks():
    """Four masks side by side."""
    order = np.random.default_rng(4).permutation(8)
    fig, axs = canvas(columns=4, height=1.8)
    for ax, (name, mask) in zip(
        axs,
        {
            "full": full_mask(8),
            "prefix": prefix_mask(8, 4),
            "causal": causal_mask(8),
            "permutation": permutation_mask(order),
        }.items(),
        strict=True,
    ):
        shades = np.where(mask[..., None], (0.12, 0.42, 0.65, 1), 0.0)
        ax.imshow(shades, interpolation="none", extent=(0, 8, 8, 0))
        ax.set(title=name, xticks=[], yticks=[], xlabel="key")
        for i in range(9):
            ax.axhline(i, color=INK, linewidth=0.2)
            ax.axvline(i, color=INK, linewidth=0.2)
    axs[0].set_ylabel("query")
    return fig


SIGHTS = {
    "encoder": full_mask(5),
    "decoder": causal_mask(5),
    "prefix of three": prefix_mask(5, 3),
}


def figure_views():
    """The weights of one sentence under three masks, and what they fetch."""
    q, k, v = SENTENCE @ W_Q, SENTENCE @ W_K, SENTENCE @ W_V
    fig, ax = diagram(1.98)
    (width, height), top, drinks = (0.34, 0.24), 1.54, WORDS.index("drinks")
    for i, (name, mask) in enumerate(SIGHTS.items()):
        left = 0.58 + 1.95 * i
        middle = left + 2.5 * width
        say(ax, (middle, 1.88), name, weight="bold")
        weights = attention(q, k, np.eye(5), mask)
        for (row, column), seen in np.ndenumerate(mask):
            corner = left + column * width, top - (row + 1) * height
            cell(ax, corner, (width, height), weights[row, column], seen)
        for j, word in enumerate(WORDS):
            say(ax, (left + (j + 0.5) * width, top + 0.09), word, size=6.5)
            if i == 0:
                spot = left - 0.06, top - (j + 0.5) * height
                say(ax, spot, word, ha="right", size=7)
        outline(ax, left, top - drinks * height, 5 * width, height)
        person, hot = weights[drinks] @ v
        text = f"“drinks”: person {person:.2f}, hot {hot:.2f}"
        say(ax, (middle, 0.14), text, size=7)
    return fig


def cell(ax, corner, extent, weight, seen):
    """A weight in its cell, or grey where nothing may be seen."""
    from matplotlib.patches import Rectangle

    if seen:
        return paint(ax, corner, extent, weight, 1, 2, 6.5)
    style = {"facecolor": "#d4d4d4", "edgecolor": INK, "linewidth": 0.4}
    return ax.add_patch(Rectangle(corner, *extent, **style))


def figure_trained():
    """What goes into each family, and what it is asked."""
    fig, ax = diagram(2.02)
    hidden = ["Ann", "drinks", "[MASK]", "it", "steams"]
    shifted = [*WORDS[1:], ""]
    for y, name, fed, asked, given in (
        (1.84, "encoder", hidden, ["", "", "tea", "", ""], 5),
        (1.16, "decoder", WORDS, shifted, 0),
        (0.48, "prefix of three", WORDS, ["", "", *shifted[2:]], 3),
    ):
        say(ax, (0.05, y), name, ha="left", weight="bold")
        for i, (word, question) in enumerate(zip(fed, asked, strict=True)):
            x, colour = 1.62 + 0.86 * i, COLOURS[0 if i < given else 1]
            box(ax, (x, y), word, colour, (0.72, 0.24))
            if question:
                wire(ax, (x, y - 0.13), (x, y - 0.27))
                say(ax, (x, y - 0.35), question, weight="bold")
        n = sum(map(bool, asked))
        count = f"{n} question{'s' * (n > 1)}"
        say(ax, (6.25, y - 0.35), count, ha="right", size=7)
    return fig


def figure_joins():
    """Two layers of an encoder-decoder beside two of a prefix model."""
    fig, ax = diagram(2.95)
    for x, title in (
        (1.5, "encoder-decoder: two sets of weights"),
        (4.8, "prefix model: one set of weights"),
    ):
        say(ax, (x, 2.84), title, weight="bold")
        for at, text in ((x - 0.82, "given"), (x + 0.82, "written")):
            say(ax, (at, 0.1), text)
            wire(ax, (at, 0.2), (at, 2.62))
        for y in (0.42, 1.46):
            softmax_over(ax, (x - 0.82, y + 0.42), "given", COLOURS[0])
    for y in (0.42, 1.46):
        softmax_over(ax, (2.32, y + 0.22), "written", COLOURS[1])
        softmax_over(ax, (2.32, y + 0.64), "given", COLOURS[1])
        wire(ax, (1.5, y + 0.64), (1.69, y + 0.64))
        softmax_over(ax, (5.62, y + 0.42), "both", COLOURS[0])
        corner = (4.8, y + 0.08)
        wire(ax, (3.98, y + 0.08), corner, (4.8, y + 0.42), (4.99, y + 0.42))
        say(ax, (4.8, y), "from its own height", size=7)
    wire(ax, (0.68, 2.42), (1.5, 2.42), (1.5, 1.06), head=False)
    say(ax, (1.5, 2.51), "from the last layer", size=7)
    return fig


def softmax_over(ax, at, text, colour):
    """An attention, named by what its softmax runs over."""
    box(ax, at, f"softmax over {text}", colour, (1.26, 0.28), size=7)


def outline(ax, x, y, width, height):
    """A frame around some cells, from the top left corner."""
    right, end = x + width, y - height
    corners = [(x, y), (right, y), (right, end), (x, end), (x, y)]
    wire(ax, *corners, width=1.8, head=False)
