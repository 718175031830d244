"""Figures of entry 3: where the norm stands, and what depth does to norms,
gradients and directions.
"""

import numpy as np

from snippets.figures import COLOURS, INK, canvas
from snippets.figures.blocks import box, diagram, joint, say, wire
from snippets.layer_norm import (
    init_theory,
    last_gradient,
    normalise,
    post_ln,
    states,
    theory_sublayers,
)

POST, PRE, BOTH = COLOURS[1], COLOURS[0], COLOURS[2]


def figure_orders():
    """Two sub-layers in each of the three orders, from below."""
    fig, ax = diagram(3.4)
    for x, name, colour in (
        (0.45, "Post-LN", POST),
        (2.5, "Pre-LN", PRE),
        (4.55, "ResiDual", BOTH),
    ):
        say(ax, (x, 3.3), name, weight="bold")
        say(ax, (x, 0.08), "$x$")
        wire(ax, (x, 0.18), (x, 3.15), colour=colour, width=2)
        for y in (0.35, 1.5):
            sub_layer(ax, x, y, name, colour)
    norm(ax, (2.5, 2.85), PRE)
    say(ax, (5.9, 0.08), "$x^d$")
    wire(ax, (5.9, 0.18), (5.9, 2.95), (4.64, 2.95), colour=BOTH, width=2)
    norm(ax, (5.9, 2.7), BOTH)
    for at in ((5.9, 0.91), (5.9, 2.06), (4.55, 2.95)):
        joint(ax, at)
    return fig


def sub_layer(ax, x, y, name, colour):
    """A sub-layer f beside the stream that it reads and adds to."""
    side, top = x + 0.7, y + 0.56
    wire(ax, (x, y), (side, y), (side, top), (x + 0.08, top))
    if name == "Pre-LN":
        norm(ax, (side, y + 0.16), colour)
        box(ax, (side, y + 0.42), "$f$", COLOURS[5], (0.4, 0.2))
    else:
        box(ax, (side, y + 0.28), "$f$", COLOURS[5], (0.4, 0.2))
        norm(ax, (x, y + 0.86), colour)
    if name == "ResiDual":
        wire(ax, (side, top), (5.82, top))
    joint(ax, (x, top))


def norm(ax, at, colour):
    box(ax, at, "LN", colour, (0.4, 0.2))


def figure_depth():
    """The stream's norm by layer, the last layer's gradient by depth."""
    depths = np.array([6, 8, 10, 12, 14, 18, 24])
    rng = np.random.default_rng(0)
    w, x = init_theory(rng, 64, 24, (24,)), rng.normal(size=(24, 16, 64))
    w_emb, targets = (
        rng.normal(size=(64, 64)) / 8,
        rng.integers(64, size=(24, 16)),
    )
    norms, gradients = {}, {}
    for kind in ("post", "pre"):
        stream = states(kind, x, theory_sublayers(w))[2::2]
        norms[kind] = [np.mean(s**2) for s in stream]
        gradients[kind] = [
            np.linalg.norm(
                last_gradient(kind, w[:n], x, w_emb, targets), axis=(1, 2)
            ).mean()
            for n in depths
        ]
    fig, axs = canvas(columns=2, height=2.5)
    layers = np.arange(1, 25)
    axs[0].fill_between(
        layers,
        1 + layers / 2,
        1 + 3 * layers / 2,
        color=PRE,
        alpha=0.15,
        linewidth=0,
    )
    axs[0].annotate("lemma 2", (20, 28), color=PRE, ha="right")
    for kind, colour, name in (
        ("pre", PRE, "Pre-LN"),
        ("post", POST, "Post-LN"),
    ):
        axs[0].plot(layers, norms[kind], color=colour, label=name)
        axs[1].plot(
            depths,
            gradients[kind],
            color=colour,
            marker="o",
            markersize=3,
            label=name,
        )
    law = gradients["pre"][0] * np.sqrt(depths[0] / depths)
    axs[1].plot(
        depths,
        law,
        color=INK,
        linewidth=1,
        linestyle=":",
        zorder=3,
        label="1/√L",
    )
    axs[0].set(xlabel="layer", ylabel="‖x‖² / d", ylim=(0, None))
    axs[1].set(
        xlabel="number of layers L",
        ylabel="gradient of the last W²",
        ylim=(0, None),
    )
    axs[0].legend(loc="upper left")
    axs[1].legend(loc="center right", bbox_to_anchor=(1, 0.62))
    return fig


def figure_collapse():
    """How alike the normalised streams of neighbouring layers are."""
    rng = np.random.default_rng(0)
    branches = rng.normal(size=(40, 200, 128))
    fig, ax = canvas(height=2.3)
    k = np.arange(1, 40)
    pre = normalise(np.cumsum(branches, axis=0))
    post = [normalise(branches[0])]
    for branch in branches[1:]:
        post.append(post_ln(post[-1], lambda x, branch=branch: branch))
    for stream, colour, name in (
        (pre, PRE, "Pre-LN"),
        (np.array(post), POST, "Post-LN"),
    ):
        cosines = np.mean(stream[1:] * stream[:-1], axis=(1, 2))
        ax.plot(k, cosines, color=colour, label=name)
    ax.plot(
        k,
        np.sqrt(k / (k + 1)),
        color=INK,
        linestyle=":",
        linewidth=0.9,
        label="closed forms",
    )
    ax.axhline(np.sqrt(1 / 2), color=INK, linestyle=":", linewidth=0.9)
    ax.set(
        xlabel="sub-layer k", ylabel="cosine with the next", ylim=(0.6, 1.01)
    )
    ax.legend(loc="center right")
    return fig
