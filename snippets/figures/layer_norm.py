"""Figures of entry 3: one vector, two places for the norm, and what depth
does to norms, gradients and directions.
"""

import numpy as np

from snippets.figures import COLOURS, INK, canvas
from snippets.figures.blocks import box, diagram, joint, say, wire
from snippets.figures.matrices import matrix
from snippets.layer_norm import (
    FEATURES,
    backward,
    init_theory,
    last_gradient,
    normalise,
    post_ln,
    small_case,
    states,
    theory_sublayers,
)

POST, PRE, BOTH = COLOURS[1], COLOURS[0], COLOURS[2]


def figure_one_vector():
    """LayerNorm in two steps, and again for the vector made louder."""
    bank, written = small_case()
    quiet = bank + written[0]
    fig, ax = diagram(1.42)
    width, gap = 4 * 0.38, 0.72
    lefts = [0.15 + i * (width + gap) for i in range(3)]
    for top, digits, vector in ((1.02, 2, quiet), (0.42, 1, 7 * quiet - 3)):
        centred, spread = vector - vector.mean(), vector.std()
        parts = (vector, centred, normalise(vector))
        for i, part in enumerate(parts):
            matrix(
                ax,
                (lefts[i], top),
                part,
                columns=FEATURES if vector is quiet else (),
                cell=(0.38, 0.3),
                digits=2 if i == 2 else 0,
                most=abs(part).max(),
            )
        for i, (words, number) in enumerate(
            (
                ("− μ", f"μ = {vector.mean():.0f}"),
                ("÷ σ", f"σ = {spread:.{digits}f}"),
            )
        ):
            right = lefts[i] + width
            wire(ax, (right + 0.1, top - 0.15), (right + 0.62, top - 0.15))
            say(ax, (right + gap / 2, top - 0.03), words)
            say(ax, (right + gap / 2, top - 0.27), number, size=7)
    for i, words in enumerate(("the sum $x$", "$x - \\mu$", "LN$(x)$")):
        say(ax, (lefts[i] + width / 2, 1.3), words, weight="bold")
    return fig


def figure_case():
    """The word bank through Post-LN and Pre-LN, and what comes back."""
    bank, written = small_case()
    fig, ax = diagram(2.9)
    g = np.array([0.0, 1, -1, 0])
    draw_post(ax, 0.1, bank, written, g)
    draw_pre(ax, 3.25, bank, written, g)
    return fig


ROWS = (2.45, 1.91, 1.37, 0.83, 0.29)  # the tops of the strips
STRIP = {"cell": (0.4, 0.22), "most": 3.0, "size": 6.5}


def draw_post(ax, x, bank, written, g):
    """Five states of the stream, each sum followed by its LN."""
    head(ax, x, "Post-LN", POST)
    stream = bank
    strip(ax, x, 0, stream, 0)
    come_back = [g]
    sums = [bank + written[0], post_ln(bank, lambda _: written[0])]
    sums.append(sums[1] + written[1])
    for total in (sums[2], sums[0]):
        come_back.append(backward(total, come_back[-1]))
    for row, part, words in (
        (1, sums[0], "+ attention"),
        (2, sums[1], divided(sums[0])),
        (3, sums[2], "+ feed-forward"),
        (4, normalise(sums[2]), divided(sums[2])),
    ):
        step(ax, x, row, words)
        strip(ax, x, row, part, 0 if row == 1 else 2)
    for row, part in zip((4, 3, 1), come_back, strict=True):
        back(ax, x, row, part)


def draw_pre(ax, x, bank, written, g):
    """Three states of a bare sum, LN beside it, and one LN at the end."""
    head(ax, x, "Pre-LN", PRE)
    first, total = bank + written[0], bank + written.sum(axis=0)
    came = backward(total, g)
    strip(ax, x, 0, bank, 0)
    step(ax, x, 1, "+ attention")
    strip(ax, x, 1, first, 0)
    wire(ax, (x + 0.2, ROWS[1] - 0.22), (x + 0.2, ROWS[3]))
    side = x + 0.62
    wire(ax, (side + 0.2, ROWS[1] - 0.22), (side + 0.2, ROWS[2]))
    say(ax, (side + 0.28, ROWS[2] + 0.16), divided(first), size=7, ha="left")
    strip(ax, side, 2, normalise(first), 2)
    wire(ax, (side + 0.2, ROWS[2] - 0.22), (side + 0.2, ROWS[3]))
    words = "+ feed-forward, which reads this"
    say(ax, (side + 0.28, ROWS[3] + 0.16), words, size=7, ha="left")
    strip(ax, x, 3, total, 0)
    step(ax, x, 4, divided(total))
    strip(ax, x, 4, normalise(total), 2)
    for row, part in ((4, g), (3, came), (1, came)):
        back(ax, x, row, part)


def head(ax, x, name, colour):
    say(ax, (x, 2.8), name, weight="bold", ha="left", color=colour)
    say(ax, (x + 1.72, 2.8), "gradient", size=7, ha="left", color=COLOURS[4])
    for j, word in enumerate(FEATURES):
        say(ax, (x + 0.4 * j + 0.2, 2.56), word, size=6.5)


def strip(ax, x, row, values, digits):
    matrix(ax, (x, ROWS[row]), values + 0.0, digits=digits, **STRIP)


def step(ax, x, row, words):
    """From the strip above to this one, and what is done on the way."""
    wire(ax, (x + 0.2, ROWS[row - 1] - 0.22), (x + 0.2, ROWS[row]))
    say(ax, (x + 0.28, ROWS[row] + 0.16), words, size=7, ha="left")


def divided(total):
    return f"LN: − {total.mean():.0f}, ÷ {total.std():.2f}"


def back(ax, x, row, g):
    """The gradient that arrives at a strip, beside it."""
    numbers = ", ".join(f"{value + 0.0:.2f}" for value in g)
    for long, short in (("0.00", "0"), ("1.00", "1"), ("-", "−")):
        numbers = numbers.replace(long, short)
    spot = x + 1.72, ROWS[row] - 0.11
    say(ax, spot, f"({numbers})", size=7, ha="left", color=COLOURS[4])


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
