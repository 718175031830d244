"""The drawings of the page on the two surveys."""

import numpy as np

from snippets.efficient_transformers import (
    WORDS,
    block_mask,
    checkpointed,
    global_mask,
    hash_mask,
    kernel_attention,
    local_mask,
    low_rank_attention,
    small_case,
    sparse_attention,
    strided_mask,
)
from snippets.fast_weights import elu_plus_one
from snippets.figures import COLOURS, DASHES, INK, canvas
from snippets.figures.blocks import diagram, say
from snippets.figures.matrices import matrix, tint
from snippets.transformer import causal_mask

ASKS, DOG, TOWN = (WORDS.index(word) for word in ("barked", "dog", "town"))
THIRDS = np.repeat(np.eye(3), 3, axis=1) / 3


def small_masks():
    """Who sees whom among the nine words, for each of the patterns."""
    q, k, _ = small_case()
    return {
        "full": np.ones((9, 9), dtype=bool),
        "window, ±2": local_mask(9, 2),
        "stride of 3": strided_mask(9, 3),
        "buckets": hash_mask(q, k, np.eye(3)),
    }


def figure_cells():
    """Which cells of the table of nine words each family computes."""
    fig, ax = diagram(3.1)
    side, cell = 1.14, 1.14 / 9
    tables = [(name, mask, cell) for name, mask in small_masks().items()]
    tables.append(("low rank, 3 mixtures", np.ones((9, 3)), side / 3))
    places = [(0.85 + 1.95 * j, y) for y in (2.88, 1.36) for j in range(3)]
    for (x, top), (name, mask, width) in zip(places, tables, strict=False):
        cells = [
            (x + j * width, top - i * cell, width, i == ASKS)
            for i, j in zip(*np.nonzero(mask), strict=True)
        ]
        fill(ax, cells, cell)
        square(ax, x, top, side)
        title(ax, (x, top), side, name, f"{len(cells)} scores")
        name_rows(ax, (x, top), cell)
    x, top = places[-1]
    square(ax, x, top, side, style="--")
    centre = x + side / 2, top - side / 2 - 0.13
    square(ax, centre[0] - 0.19, centre[1] + 0.19, 0.38, COLOURS[2])
    say(ax, centre, "Σ", size=11)
    say(ax, (centre[0], top - 0.24), "no table, one sum", size=7)
    title(ax, (x, top), side, "kernel", "0 scores")
    return fig


def name_rows(ax, at, cell):
    """The nine words beside the rows of a table."""
    x, top = at
    for i, word in enumerate(WORDS):
        weight = "bold" if i == ASKS else "normal"
        spot = x - 0.05, top - (i + 0.5) * cell
        say(ax, spot, word, ha="right", size=7.5, weight=weight)


def title(ax, at, side, name, scores):
    """A family's name above its table, and its scores below."""
    x, top = at[0] + side / 2, at[1]
    say(ax, (x, top + 0.1), name)
    say(ax, (x, top - side - 0.1), scores, size=7.5)


def fill(ax, cells, height):
    """Computed cells, one path a colour; those of one row are deeper."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    for deep, colour in ((False, tint(0.55, 1)), (True, COLOURS[1])):
        corners = [
            [
                (x, y),
                (x + width, y),
                (x + width, y - height),
                (x, y - height),
                (x, y),
            ]
            for x, y, width, row in cells
            if bool(row) == deep
        ]
        paths = [Path(c, closed=True) for c in corners]
        ax.add_patch(
            PathPatch(
                Path.make_compound_path(*paths),
                facecolor=colour,
                edgecolor="white",
                linewidth=0.5,
            )
        )


def square(ax, x, y, side, colour=INK, style="-"):
    """The frame of a table, its upper left corner at a point."""
    from matplotlib.patches import Rectangle

    look = {"facecolor": "none", "edgecolor": colour, "linewidth": 0.7}
    ax.add_patch(Rectangle((x, y - side), side, side, linestyle=style, **look))


def weights_of_the_row():
    """For each family, the shares of the nine words in what "barked" gets."""
    q, k, _ = small_case()
    one_hot = np.eye(9)

    def shares(attend):
        """Nine words in values three wide, as the keys are."""
        parts = (attend(one_hot[:, j : j + 3]) for j in (0, 3, 6))
        return np.concatenate([part[ASKS] for part in parts])

    rows = {
        name: shares(lambda v, m=mask: sparse_attention(q, k, v, m)[0])
        for name, mask in small_masks().items()
    }
    rows["low rank, 3"] = shares(
        lambda v: low_rank_attention(q, k, v, THIRDS, THIRDS)
    )
    features = elu_plus_one(q), elu_plus_one(k)
    rows["kernel"] = kernel_attention(*features, one_hot)[ASKS]
    return rows


def figure_row():
    """What "barked" gets of each word, family by family."""
    fig, ax = diagram(1.85)
    rows = weights_of_the_row()
    cell = 0.53, 0.24
    for j, word in enumerate(WORDS):
        bold = "bold" if j in {DOG, TOWN} else "normal"
        say(ax, (1.2 + (j + 0.5) * cell[0], 1.72), word, weight=bold)
    for i, (name, shares) in enumerate(rows.items()):
        y = 1.6 - i * 0.26
        say(ax, (1.13, y - 0.12), name, ha="right")
        for j, share in enumerate(shares):
            x = 1.2 + j * cell[0]
            if share:
                matrix(ax, (x, y), [[share]], cell=cell, digits=2, most=0.8)
    return fig


def figure_patterns():
    """Five masks of 36 positions, those of a decoder below the diagonal."""
    n = 36
    past = causal_mask(n)
    masks = {
        "block, 6": block_mask(n, 6),
        "local, 5": local_mask(n, 5),
        "global, 4, and local": global_mask(n, 4) | local_mask(n, 2),
        "strided, 6, decoder": strided_mask(n, 6) & past,
        "strided and local": (strided_mask(n, 6) | local_mask(n, 5)) & past,
    }
    fig, axs = canvas(columns=5, height=1.6)
    for ax, (name, mask) in zip(axs, masks.items(), strict=True):
        ax.imshow(mask, cmap="binary", vmin=0, vmax=1.6, interpolation="none")
        ax.set_title(name, fontsize=7)
        ax.set_xticks([])
        ax.set_yticks([])
        ax.set_xlabel(f"{mask.sum()} scores", fontsize=7)
    axs[0].set_ylabel("query")
    return fig


def figure_costs():
    """Multiplications of one head against the length, by family."""
    fig, ax = canvas(height=2.6)
    n, d = 2.0 ** np.arange(7, 17), 64
    families = {
        "full: $2 N^2 d$": 2 * n * n * d,
        "strided and local: $2 N (2 \\sqrt{N} - 1) d$": (
            2 * n * (2 * np.sqrt(n) - 1) * d
        ),
        "low rank, $k = 256$: $4 N k d$": 4 * n * 256 * d,
        "local, $w = 64$: $2 N (2w + 1) d$": 2 * n * 129 * d,
        "kernel, $c = d$: $2 N d^2$": 2 * n * d * d,
    }
    for (name, cost), colour, dash in zip(
        families.items(), COLOURS, DASHES, strict=False
    ):
        ax.loglog(n, cost, color=colour, ls=dash, label=name)
    ax.set_xlabel("length $N$")
    ax.set_ylabel("multiplications")
    ax.set_xticks(n, [f"{int(x)}" for x in n])
    ax.minorticks_off()
    ax.legend()
    return fig


def figure_held():
    """Most activations held at once, against how seldom one is kept."""
    fig, ax = canvas(height=1.9)
    rng = np.random.default_rng(0)
    w, (x, dy) = rng.normal(size=(36, 2, 2)), rng.normal(size=(2, 1, 2))
    every = np.arange(1, 37)
    held = [checkpointed(w, x, dy, int(m))[1] for m in every]
    kept = np.ceil(36 / every)
    ax.bar(every, kept, color=COLOURS[0], label="kept: one in $m$")
    ax.bar(
        every,
        held - kept,
        bottom=kept,
        color=COLOURS[1],
        label="of one segment, computed again",
    )
    ax.text(6, 13, "12", ha="center")
    ax.text(1, 38, "37", ha="center")
    ax.text(36, 38, "37", ha="center")
    ax.set(xlabel="$m$", ylabel="held at once", ylim=(0, 43))
    ax.set_xticks([1, 6, 12, 18, 24, 30, 36])
    ax.legend(loc="upper center")
    return fig
