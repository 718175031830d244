"""Figures of entry 2: a layer, saturation, positions, learning rate."""

import numpy as np

from snippets.figures import COLOURS, INK, canvas
from snippets.figures.blocks import box, diagram, say, wire
from snippets.layers import softmax
from snippets.transformer import learning_rate, positional_encoding


def figure_saturation():
    """The largest of ten weights, and the softmax's gradient, against d_k."""
    rng = np.random.default_rng(0)
    widths = 2 ** np.arange(1, 11)
    fig, axs = canvas(columns=2, height=2.4)
    for label, scaled, colour in (
        ("without the scale", False, COLOURS[1]),
        ("divided by √d_k", True, COLOURS[0]),
    ):
        largest, gradient = [], []
        for d_k in widths:
            q = rng.normal(size=(400, d_k))
            k = rng.normal(size=(400, 10, d_k))
            scores = (k @ q[..., None])[..., 0]
            scores = scores / (np.sqrt(d_k) if scaled else 1)
            p = softmax(scores)
            jacobian = np.eye(10) * p[:, None] - p[:, None] * p[..., None]
            largest.append(p.max(-1).mean())
            gradient.append(np.linalg.norm(jacobian, axis=(1, 2)).mean())
        axs[0].plot(widths, largest, color=colour, label=label)
        axs[1].plot(widths, gradient, color=colour, label=label)
    axs[0].set(ylabel="largest weight", ylim=(0, 1))
    axs[1].set(ylabel="norm of the softmax's Jacobian", ylim=(0, None))
    for ax in axs:
        ax.set_xscale("log", base=2)
        ax.set_xlabel("$d_k$")
    axs[1].legend(loc="lower left")
    return fig


def figure_positions():
    """The codes of 128 positions, and their products by distance."""
    pe = positional_encoding(128, 64)
    fig, axs = canvas(columns=2, height=2.6)
    shown = axs[0].imshow(pe, cmap="RdBu", aspect="auto", interpolation="none")
    axs[0].set(xlabel="dimension", ylabel="position")
    fig.colorbar(shown, ax=axs[0], ticks=[-1, 0, 1])
    products = pe[:127] @ pe[63]
    axs[1].plot(np.arange(127) - 63, products, color=COLOURS[0])
    axs[1].axhline(0, color=INK, linewidth=0.5)
    axs[1].set(xlabel="distance", ylabel="product of two codes")
    return fig


def figure_learning_rate():
    """The learning rate of the base model and of the big one."""
    steps = np.arange(1, 20_001, 20)
    fig, ax = canvas(height=2.2)
    for label, d, colour in (
        ("base, d = 512", 512, COLOURS[0]),
        ("big, d = 1024", 1024, COLOURS[1]),
    ):
        rates = [1e4 * learning_rate(int(step), d) for step in steps]
        ax.plot(steps, rates, color=colour, label=label)
    ax.axvline(4000, color=INK, linewidth=0.5, linestyle=":")
    ax.annotate("end of the warm-up", (4000, 0.3), (4300, 0.3), va="center")
    ax.set(xlabel="step", ylabel="learning rate, in $10^{-4}$", ylim=(0, None))
    ax.legend()
    return fig


def figure_layers():
    """One layer of the encoder beside one of the decoder, from below."""
    fig, ax = diagram(4.22)
    ffn = ("feed-forward, 512 → 2048 → 512", COLOURS[1])
    encoder = [("self-attention", COLOURS[0]), ffn]
    decoder = [
        ("self-attention, masked", COLOURS[0]),
        ("attention to the source", COLOURS[0]),
        ffn,
    ]
    for x, tokens, n, layer in (
        (1.5, "source", "n", encoder),
        (4.8, "target, so far", "m", decoder),
    ):
        say(ax, (x, 0.1), tokens)
        wire(ax, (x, 0.18), (x, 0.29))
        box(ax, (x, 0.42), "embedding + position", COLOURS[2], (2.2, 0.26))
        wire(ax, (x, 0.55), (x, 0.96))
        say(ax, (x + 0.06, 0.64), f"${n}$ × 512", ha="left", size=7)
        frame(ax, (x, 0.78), 0.86 * len(layer) + 0.12)
        for i, (name, colour) in enumerate(layer):
            sub_layer(ax, x, 0.84 + 0.86 * i, name, colour)
    wire(ax, (1.5, 2.46), (1.5, 2.78), (3.16, 2.78), (3.16, 1.97), (3.7, 1.97))
    say(
        ax,
        (2.33, 2.98),
        "keys and values for\nevery layer of the decoder",
        size=7,
    )
    wire(ax, (4.8, 3.32), (4.8, 3.62))
    box(ax, (4.8, 3.75), "linear, softmax", COLOURS[2], (2.2, 0.26))
    wire(ax, (4.8, 3.88), (4.8, 4.02))
    say(ax, (4.8, 4.12), "the next token, at each position")
    return fig


def sub_layer(ax, x, y, name, colour):
    """A sub-layer, the wire around it, and the norm of their sum."""
    wire(ax, (x, y), (x, y + 0.12))
    box(ax, (x, y + 0.27), name, colour, (2.2, 0.3))
    wire(ax, (x, y + 0.42), (x, y + 0.52))
    box(ax, (x, y + 0.64), "add, LayerNorm", COLOURS[5], (2.2, 0.24))
    side = x + 1.25
    wire(ax, (x, y), (side, y), (side, y + 0.64), (x + 1.1, y + 0.64))
    wire(ax, (x, y + 0.76), (x, y + 0.86), head=False)


def frame(ax, at, height, width=2.9):
    """What stands six times, one above the other."""
    x, y = at
    left, right = x - width / 2, x + width / 2
    corners = [(left, y), (right, y), (right, y + height), (left, y + height)]
    wire(ax, *corners, corners[0], colour=COLOURS[5], head=False, style=":")
    say(ax, (left + 0.1, y + height - 0.12), "6 ×", ha="left", size=7)
