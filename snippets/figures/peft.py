"""Figures of entry 13: what edits do, where they stand, what they cost."""

import numpy as np

from snippets.figures import COLOURS, HATCHES, INK, canvas
from snippets.figures.blocks import box, diagram, joint, pale, say, wire
from snippets.lora import (
    adapter_parameters,
    lora_parameters,
    prefix_parameters,
)
from snippets.peft import moved, small_case, training_bytes

LORA, ADAPTER, PREFIX, PROMPT, IA3, BITFIT = *COLOURS[:5], INK
FROZEN = COLOURS[5]
LEGEND = (
    (ADAPTER, "adapter", "a narrow network behind each sub-layer", "stays"),
    (IA3, "(IA)³", "three vectors that multiply", "becomes part of the maps"),
    (PREFIX, "prefix", "keys and values that no token made", "stays"),
    (LORA, "LoRA", "a thin product beside a matrix", "becomes part of it"),
    (BITFIT, "BitFit", "the biases that are there", "nothing was added"),
    (PROMPT, "prompt", "vectors before those of the text", "stays"),
)


COLOUR = {
    "BitFit": BITFIT,
    "(IA)3": IA3,
    "prefix": PREFIX,
    "LoRA": LORA,
    "adapter": ADAPTER,
}
DOES = (
    "adds the same",
    "multiplies",
    "pulls to a point",
    "one direction",
    "... and a bend",
)
UNIT = 0.25 / 64  # inches for a number


def figure_plane():
    """Where five edits take points of the plane, and three texts."""
    texts, p = small_case()
    side = np.arange(4.0)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    fig, axes = canvas(columns=5, height=2.2, sharey=True)
    moves, pale_moves = moved(texts, p), moved(grid, p)
    for ax, name, does in zip(axes, moves, DOES, strict=True):
        ax.plot([-5, 8], [-5, 8], "--", color=FROZEN, linewidth=0.7)
        arrows(ax, grid, pale_moves[name], "#b4b9bf", 0.7)
        arrows(ax, texts, moves[name], COLOUR[name], 1.5)
        ax.plot(*texts.T, "o", color=COLOUR[name], markersize=4, zorder=5)
        ax.set(xlim=(-1.4, 4.6), ylim=(-0.9, 6.4), xticks=[0, 2, 4])
        ax.set_aspect("equal")
        title = name.replace("3", "³")
        ax.set_title(title, weight="bold", color=COLOUR[name])
        ax.set_xlabel(f"yes\n{does}")
    axes[0].set(ylabel="YES", yticks=[0, 2, 4, 6])
    return fig


def arrows(ax, starts, ends, colour, width):
    """From each point to where it goes; a ring where it stays."""
    far = np.abs(ends - starts).max(axis=1) > 0.05
    for start, end in zip(starts[far], ends[far], strict=True):
        style = {
            "arrowstyle": "-|>,head_width=0.13,head_length=0.26",
            "color": colour,
            "linewidth": width,
            "shrinkA": 0,
            "shrinkB": 0,
        }
        ax.annotate("", end, start, arrowprops=style)
    ax.plot(*starts[~far].T, "o", color=colour, markersize=3, mfc="none")


def figure_sizes():
    """What one block of the tiny GPT has, and what is trained, to scale."""
    fig, ax = diagram(3.0)
    d, f, m, r, n = 64, 256, 4, 4, 5
    block = {f"$W_{x}$": (d, d) for x in "QKVO"}
    block |= {"$W_1$": (d, f), "$W_2$": (f, d)}
    whole = sum(rows * columns for rows, columns in block.values())
    say(ax, (0.05, 2.83), "one block", ha="left", weight="bold", color=FROZEN)
    say(ax, (0.95, 2.38), f"four {d} × {d}, one {d} × {f}", ha="left")
    say(ax, (0.95, 2.22), f"and one {f} × {d},", ha="left")
    say(ax, (0.95, 2.06), "frozen, and never written to", ha="left")
    say(ax, (5.7, 2.83), f"{whole:,}", ha="right", weight="bold")
    frozen_strips(ax, (0.95, 2.95), block)
    add = {"W_{down}": (d, m), "b": (1, m), "W_{up}": (m, d), "b'": (1, d)}
    rows = (
        ("BitFit", 1, {"b_1": (1, f), "b_2": (1, d), "\\beta": (1, 2 * d)}),
        ("(IA)3", 1, {"l_k": (1, d), "l_v": (1, d), "l_{ff}": (1, f)}),
        ("prompt", 1, {"P": (n, d)}),
        ("prefix", 1, {"P_K": (n, d), "P_V": (n, d)}),
        ("LoRA", 2, {"B": (d, r), "A": (r, d)}),
        ("adapter", 2, add),
    )
    for i, (name, times, arrays) in enumerate(rows):
        y = 1.72 - 0.31 * i
        colour = (COLOUR | {"prompt": PROMPT})[name]
        title = name.replace("3", "³")
        say(ax, (0.05, y), title, ha="left", weight="bold", color=colour)
        if times > 1:
            say(ax, (0.86, y), f"{times} ×", ha="right")
        strips(ax, (0.95, y), arrays, colour)
        total = times * sum(a * b for a, b in arrays.values())
        say(ax, (5.7, y), f"{total:,}", ha="right", weight="bold")
    return fig


def frozen_strips(ax, at, arrays):
    """Arrays to scale beside each other, their names inside."""
    x, y = at
    for name, (rows, columns) in arrays.items():
        height, width = rows * UNIT, columns * UNIT
        rectangle(ax, (x, y - height), (width, height), FROZEN, pale(FROZEN))
        say(ax, (x + width / 2, y - height / 2), name, size=7)
        x += width + 0.1


def strips(ax, at, arrays, colour):
    """Arrays to scale, each with its name and its shape behind it."""
    x, y = at
    for name, (rows, columns) in arrays.items():
        height, width = rows * UNIT, columns * UNIT
        corner = x, y - height / 2
        rectangle(ax, corner, (width, height), colour, colour)
        shape = f"{columns}" if rows == 1 else f"{rows} × {columns}"
        at_words = x + width + 0.05, y
        say(ax, at_words, f"${name}$  {shape}", ha="left", size=7)
        x += width + 0.3 + 0.055 * (len(shape) + 3 * (len(name) > 3))


def rectangle(ax, corner, extent, edge, face):
    """A matrix to scale."""
    from matplotlib.patches import Rectangle

    style = {"facecolor": face, "edgecolor": edge, "linewidth": 0.5}
    ax.add_patch(Rectangle(corner, *extent, **style))


def figure_places():
    """Where the edits stand in one block, from below."""
    fig, ax = diagram(4.95)
    x, far = 1.75, 0.9

    say(ax, (x, 0.1), "tokens")
    wire(ax, (x, 0.2), (x, 0.33))
    box(ax, (x, 0.45), "embedding", FROZEN, (1.0, 0.24))
    box(ax, (0.5, 0.45), "prompt", PROMPT, (0.7, 0.24))
    wire(ax, (0.85, 0.45), (x - 0.5, 0.45), colour=PROMPT)
    wire(ax, (x, 0.57), (x, 0.96))
    for at, letter in ((x - far, "Q"), (x, "K"), (x + far, "V")):
        wire(ax, (x, 0.82), (at, 0.82), (at, 0.96))
        wire(ax, (at, 1.2), (at, 2.0))
        frozen(ax, (at, 1.08), f"$W_{letter}$")
        if letter != "K":
            box(ax, (at + 0.33, 1.08), "$BA$", LORA, (0.26, 0.24))
        if letter != "Q":
            scale(ax, (at, 1.42), f"$l_{letter.lower()}$")
            box(ax, (at + 0.32, 1.74), f"$P_{letter}$", PREFIX, (0.3, 0.22))
            wire(ax, (at + 0.17, 1.74), (at, 1.74), colour=PREFIX)
    box(ax, (x, 2.12), "attention", FROZEN, (2.3, 0.24))
    wire(ax, (x, 2.24), (x, 2.92), head=False)
    box(ax, (x, 2.48), "adapter", ADAPTER, (0.7, 0.22))
    around(ax, x, 0.7, 2.76)
    wire(ax, (x, 2.84), (x, 4.88))
    frozen(ax, (x, 3.12), "$W_1$")
    box(ax, (x, 3.46), "$\\gamma$", FROZEN, (0.4, 0.22))
    scale(ax, (x, 3.74), "$l_{ff}$")
    frozen(ax, (x, 4.04), "$W_2$")
    box(ax, (x, 4.37), "adapter", ADAPTER, (0.7, 0.22))
    around(ax, x, 2.92, 4.64)

    for i, (colour, name, what, then) in enumerate(LEGEND):
        y = 4.2 - 0.68 * i
        say(ax, (3.7, y), name, ha="left", weight="bold", color=colour)
        say(ax, (3.7, y - 0.17), what, ha="left")
        say(ax, (3.7, y - 0.33), then, ha="left", style="italic")
    return fig


def frozen(ax, at, name):
    """A map of the model, with the bias that BitFit trains."""
    x, y = at
    box(ax, (x - 0.28, y), "$b$", BITFIT, (0.16, 0.24))
    box(ax, at, name, FROZEN, (0.4, 0.24))


def scale(ax, at, vector):
    """Where (IA)³ multiplies by a vector of its own."""
    x, y = at
    wire(ax, (x + 0.28, y), (x + 0.09, y), colour=IA3)
    say(ax, (x + 0.32, y), vector, ha="left", color=IA3)
    joint(ax, at, "⊙")


def around(ax, x, below, above):
    """The residual connection around a sub-layer."""
    side = x - 1.45
    wire(ax, (x, below), (side, below), (side, above), (x - 0.08, above))
    joint(ax, (x, above))


def figure_memory():
    """Bytes for weights, gradients and moments of GPT-3, by method."""
    n, d, whole = 96, 12_288, 175 * 10**9
    methods = {  # what is trained, and what of it is new
        "prefix, 8": 2 * [prefix_parameters(d, 8, 0, 2 * n)],
        "LoRA, r = 8": 2 * [lora_parameters(2 * n, d, 8)],
        "adapters, m = 64": 2 * [adapter_parameters(2 * n, d, 64)],
        "top 2 layers": [2 * (12 * d**2 + 13 * d), 0],
        "fine-tuning": [whole, 0],
    }
    trained, new = np.array(list(methods.values())).T
    parts = {
        "weights": training_bytes(whole, 0) + 2 * new,
        "gradients": 2 * trained,
        "Adam's moments": 4 * trained,
    }
    fig, ax = canvas(height=2.2)
    left = np.zeros(len(methods))
    for (label, size), colour, hatch in zip(
        parts.items(), COLOURS, HATCHES, strict=False
    ):
        look = {"color": colour, "hatch": hatch, "edgecolor": "white"}
        ax.barh(list(methods), size / 1e9, left=left, label=label, **look)
        left = left + size / 1e9
    for row, total in enumerate(left):
        ax.annotate(f" {total:,.0f}", (total, row), va="center")
    ax.set(xlabel="GB", xlim=(0, 1600))
    ax.legend(loc="lower right")
    return fig
