"""Figures of entry 2: attention in numbers, a layer, and what is measured."""

import numpy as np

from snippets.figures import COLOURS, INK, canvas
from snippets.figures.blocks import box, diagram, pale, say, wire
from snippets.figures.matrices import matrix
from snippets.layers import softmax
from snippets.transformer import (
    SENTENCE,
    TRAITS,
    W_K,
    W_Q,
    W_V,
    WORDS,
    attention,
    learning_rate,
    positional_encoding,
    rotation,
)

Q, K, V = (SENTENCE @ w for w in (W_Q, W_K, W_V))
WEIGHTS = attention(Q, K, np.eye(len(WORDS)))  # what mixes the identity
IT = WORDS.index("it")


def figure_look():
    """How much "it" looks at each word of the sentence."""
    fig, ax = diagram(1.92)
    places = [(0.9 + 1.12 * i, 0.42) for i in range(len(WORDS))]
    for (x, y), word, weight in zip(places, WORDS, WEIGHTS[IT], strict=True):
        colour = COLOURS[1] if word == "it" else COLOURS[0]
        box(ax, (x, y), word, colour, (0.86, 0.3), size=10)
        say(ax, (x, 0.12), f"{100 * weight:.0f} %", size=8)
    for i, weight in enumerate(WEIGHTS[IT]):
        if i != IT:
            arc(ax, places[IT], places[i], weight)
    return fig


def arc(ax, start, end, weight):
    """A bow from one word to another, as thick as the weight."""
    (x, y), (to, _) = start, end
    t = np.linspace(0, np.pi, 60)
    across, height = (x + to) / 2 + (x - to) / 2 * np.cos(t), abs(x - to) / 2.7
    bow = (across, y + 0.19 + height * np.sin(t))
    ax.plot(*bow, color=COLOURS[0], linewidth=0.6 + 7 * weight, alpha=0.8)


def figure_projections():
    """One x, three matrices, and the queries, keys and values they make.

    Rows of x meet columns of a matrix: each number stands where they cross.
    """
    fig, ax = diagram(3.84)
    top, low = 3.5, 1.4
    style = {"digits": 0, "most": 3, "cell": (0.3, 0.22)}
    short = ["noun", "verb", "pron.", "pers.", "thing", "hot"]
    matrix(ax, (0.62, low), SENTENCE, "$x$", "5 × 6", WORDS, short, **style)
    style |= {"cell": (0.42, 0.22)}
    roles = (
        ("Q", W_Q, Q, ("noun?", "thing?")),
        ("K", W_K, K, ("noun", "thing")),
        ("V", W_V, V, ("person", "hot")),
    )
    for i, (letter, w, made, columns) in enumerate(roles):
        x, name = 3.12 + 1.14 * i, f"$W^{letter}$"
        rows = [] if i else TRAITS
        matrix(ax, (x, top), w, name, "6 × 2", rows, **style)
        name = f"${letter} = x\\,W^{letter}$"
        matrix(ax, (x, low), made, name, "5 × 2", (), columns, **style)
    outline(ax, 3.12, low - 0.22 * IT, 0.84, 0.22)
    outline(ax, 3.12 + 1.14, low - 0.22 * WORDS.index("tea"), 0.84, 0.22)
    return fig


def figure_table():
    """Scores and weights of every word for every word, and what they mix."""
    fig, ax = diagram(2.06)
    top, style = 1.62, {"cell": (0.3, 0.25)}
    name = "scores, $Q K^\\top$"
    scores = matrix(
        ax,
        (0.62, top),
        Q @ K.T,
        name,
        "5 × 5",
        WORDS,
        WORDS,
        digits=0,
        **style,
    )
    style |= {"digits": 2, "rows": ()}
    weights = matrix(
        ax, (2.78, top), WEIGHTS, "weights", "5 × 5", columns=WORDS, **style
    )
    style |= {"columns": ("person", "hot")}
    values = matrix(ax, (4.6, top), V, "$V$", "5 × 2", **style | {"digits": 0})
    mixed = matrix(ax, (5.56, top), WEIGHTS @ V, "result", "5 × 2", **style)
    wire(ax, (scores.right + 0.06, 0.995), (weights.left - 0.06, 0.995))
    middle = (scores.right + weights.left) / 2
    say(ax, (middle, 1.2), "÷ √2,\nsoftmax", size=7)
    say(ax, ((weights.right + values.left) / 2, 0.995), "×", size=9)
    say(ax, ((values.right + mixed.left) / 2, 0.995), "=", size=9)
    for place in (scores, weights, mixed):
        outline(
            ax, place.left, top - 0.25 * IT, place.right - place.left, 0.25
        )
    return fig


def outline(ax, x, y, width, height):
    """A frame around some cells, from the top left corner."""
    right, end = x + width, y - height
    corners = [(x, y), (right, y), (right, end), (x, end), (x, y)]
    wire(ax, *corners, width=1.8, head=False)


def figure_heads():
    """What "drinks" fetches with one head and with two, in two sentences."""
    fig, ax = diagram(1.86)
    style = {"digits": 2, "most": 1, "cell": (0.3, 0.24)}
    codes = positional_encoding(len(WORDS), 6)
    for left, order in ((0.8, [0, 1, 2, 3, 4]), (3.78, [2, 1, 0, 3, 4])):
        words, values = [WORDS[i] for i in order], V[order]
        weights = [attention(Q[order], K[order], np.eye(5))[1:2]]
        for step in (-1, 1):
            queries = 60 * codes @ rotation(step, 6).T
            weights.append(attention(queries, codes, np.eye(5))[1:2])
        tops = (1.28, 0.72, 0.48)
        for y, row, label in zip(tops, weights, HEADS, strict=True):
            first = y == tops[0]
            names = [label] if left < 1 else []
            columns = words if first else ()
            matrix(ax, (left, y), row, "", "", names, columns, **style)
            columns = ("person", "hot") if first else ()
            at = left + 1.8, y
            matrix(ax, at, row @ values, "", "", (), columns, **style)
            wire(ax, (left + 1.54, y - 0.12), (left + 1.76, y - 0.12))
        title = " ".join(words[:3]) + ", it steams"
        say(ax, (left + 1.2, 1.68), title[:1].upper() + title[1:], size=8)
        outline(ax, left + 1.8, 0.72, 0.6, 0.48)
    return fig


HEADS = ("one head", "a step back", "a step on")


def figure_clocks():
    """The code of each position: three hands, as on a clock."""
    fig, ax = diagram(2.2)
    codes = positional_encoding(len(WORDS), 6).reshape(-1, 3, 2)
    for i, (word, hands) in enumerate(zip(WORDS, codes, strict=True)):
        x = 2.3 + 0.86 * i
        say(ax, (x, 2.06), f"{i}  {word}", size=8)
        for j, hand in enumerate(hands):
            y = 1.7 - 0.62 * j
            dial(ax, (x, y), hand)
    for j in range(3):
        around = 2 * np.pi * 10_000 ** (2 * j / 6)
        words = (
            f"columns {2 * j} and {2 * j + 1}:\nround in {around:,.0f} words"
        )
        say(ax, (0.95, 1.7 - 0.62 * j), words, size=7.5)
    return fig


def dial(ax, at, hand, radius=0.24):
    """A sine and a cosine, across and up: a hand that starts at twelve."""
    from matplotlib.patches import Circle

    face = {"facecolor": pale(COLOURS[0]), "edgecolor": COLOURS[5]}
    ax.add_patch(Circle(at, radius, linewidth=0.8, **face))
    end = tuple(at + 0.9 * radius * hand)
    wire(ax, at, end, colour=COLOURS[0], width=1.8, head=False)


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
    shown = axs[0].imshow(
        pe, cmap="RdBu", aspect="auto", interpolation="none", vmin=-1, vmax=1
    )
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
