"""Figures of entry 13: where the edits stand, and what memory is made of."""

import numpy as np

from snippets.figures import COLOURS, HATCHES, INK, canvas
from snippets.figures.blocks import box, diagram, joint, say, wire
from snippets.lora import (
    adapter_parameters,
    lora_parameters,
    prefix_parameters,
)
from snippets.peft import training_bytes

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
