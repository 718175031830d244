"""Figures of entry 14: what size buys, what is read, and what is learned."""

import numpy as np

from snippets.figures import COLOURS, INK, canvas
from snippets.figures.blocks import diagram, pale, say, wire
from snippets.figures.matrices import paint
from snippets.gopher import (
    LIMITS,
    PAGES,
    PERPLEXITIES,
    RACE,
    TABLE_1,
    TABLE_2,
    batch_norm,
    gopher_parameters,
    page_faults,
    page_measures,
    relative_scores,
    rms_norm,
)
from snippets.layers import layer_norm
from snippets.transformer import positional_encoding

SIZES = {name: gopher_parameters(*row) for name, row in TABLE_1.items()}
# Right answers of 280B in %: Hoffmann et al. 2022, Table A6, column Gopher.
MATHS = {"High School Mathematics": 23.7, "Abstract Algebra": 25.0}


def figure_scale():
    """What size buys: right answers in three kinds of task, and perplexity."""
    fig, axs = canvas(columns=2, height=2.75)
    names = list(TABLE_1)
    for (task, right), mark in zip(RACE.items(), "os", strict=True):
        sizes = [SIZES[name] for name in names[-len(right) :]]
        style = {"color": COLOURS[0], "markersize": 4}
        axs[0].plot(sizes, right, f"{mark}-", label=task, **style)
    figure_of_speech = (16.8, 52.7)
    ends = [SIZES["7.1B"], SIZES["280B"]]
    word = "Figure of Speech"
    axs[0].plot(ends, figure_of_speech, "^-", color=COLOURS[2], label=word)
    for (task, right), mark in zip(MATHS.items(), "xD", strict=True):
        style = {"color": COLOURS[1], "markersize": 5, "linestyle": "none"}
        axs[0].plot(ends[1:], [right], mark, label=task, **style)
    axs[0].axhline(25, color=INK, linewidth=0.6, linestyle=":")
    axs[0].annotate("one in four", (3e8, 22.6), va="top")
    axs[0].set(ylim=(0, 82), ylabel="right answers in %")
    axs[0].legend(loc="upper left", fontsize=7)
    for (text, values), mark, colour in zip(
        PERPLEXITIES.items(), "os^", (0, 1, 2), strict=True
    ):
        sizes = [SIZES[name] for name in names[-len(values) :]]
        style = {"color": COLOURS[colour], "markersize": 4}
        axs[1].plot(sizes, values, f"{mark}-", label=text, **style)
    axs[1].set_yscale("log")
    axs[1].set_yticks([2, 4, 8, 16, 32], ["2", "4", "8", "16", "32"])
    axs[1].set(ylabel="perplexity")
    axs[1].legend(loc="upper right", fontsize=7)
    for ax, shown in zip(axs, (names[2:], names[1:]), strict=True):
        ax.set_xscale("log")
        ax.minorticks_off()
        ax.set_xticks([SIZES[name] for name in shown], shown)
        ax.set(
            xlabel="parameters", xlim=(7e7 if ax is axs[1] else 2.5e8, 6e11)
        )
    return fig


COUNTED = {
    "word length": "letters\nper word",
    "symbols": "# or …\nper word",
    "cut lines": "lines\ncut off",
    "lettered": "words with\na letter",
    "stop words": "stop\nwords",
    "repeated": "lines said\nbefore",
}


def asked(least, most):
    """The limits of a measure, in words."""
    if most in {1, 8}:
        return f"{least:g} or more"
    return f"{least:g} to {most:g}" if least else f"up to {most:g}"


def figure_filter():
    """The six pages, what is counted on each, and which of them is read."""
    from matplotlib.patches import Rectangle

    fig, ax = diagram(2.62)
    left, width, height, top = 2.16, 0.6, 0.27, 2.0
    for j, (name, words) in enumerate(COUNTED.items()):
        x = left + (j + 0.5) * width
        say(ax, (x, top + 0.32), words, size=7)
        say(ax, (x, top - 6.5 * height), asked(*LIMITS[name]), size=7)
    say(ax, (0.06, top - 6.5 * height), "asked for", size=7, ha="left")
    say(ax, (left + 6.45 * width, top + 0.32), "read?", size=7)
    for i, (page, text) in enumerate(PAGES.items()):
        y = top - (i + 0.5) * height
        first = " ".join(text.split()[:4])
        say(ax, (0.06, y), page, size=8, ha="left", weight="bold")
        say(
            ax,
            (0.78, y),
            f"{first} …".replace("... …", "…"),
            size=7,
            ha="left",
        )
        faults, measured = page_faults(text, least=8), page_measures(text)
        for j, name in enumerate(COUNTED):
            corner = left + j * width, top - (i + 1) * height
            colour = COLOURS[1] if name in faults else COLOURS[5]
            face = {"facecolor": pale(colour), "edgecolor": INK}
            ax.add_patch(
                Rectangle(corner, width, height, linewidth=0.4, **face)
            )
            number = f"{measured[name]:.2g}"
            weight = "bold" if name in faults else "normal"
            say(ax, (corner[0] + width / 2, y), number, size=8, weight=weight)
        say(
            ax,
            (left + 6.45 * width, y),
            "no" if faults else "yes",
            weight="bold",
        )
    return fig


def figure_mixture():
    """For each source its share of what there is, and of what is read."""
    fig, ax = canvas(height=2.5)
    names = list(TABLE_2)
    tokens, shares = np.array(list(TABLE_2.values()), dtype=float).T
    there, rows = 100 * tokens / tokens.sum(), np.arange(len(names))[::-1]
    bars = {"height": 0.36, "linewidth": 0}
    ax.barh(
        rows + 0.2, there, color=COLOURS[5], label="of 2,350 there are", **bars
    )
    ax.barh(
        rows - 0.2,
        shares,
        color=COLOURS[0],
        label="of 300 that are read",
        **bars,
    )
    for row, a, b, n in zip(rows, there, shares, tokens, strict=True):
        ax.annotate(f"{n:,.0f}", (a + 0.5, row + 0.2), va="center", fontsize=7)
        read = 3 * b
        told = f"{read:.0f}: {read / n:.2g} times"
        ax.annotate(told, (b + 0.5, row - 0.2), va="center", fontsize=7)
    ax.set_yticks(rows, names)
    ax.set(xlabel="share in %, with billions of tokens", xlim=(0, 60))
    ax.legend(loc="lower right")
    return fig


KINDS = (
    ("queries, keys, values, output", 4, COLOURS[0]),
    ("distances", 1, COLOURS[1]),
    ("feed-forward", 8, COLOURS[2]),
)


def rounded(count):
    """A number of parameters in millions or billions."""
    if count < 1e9:
        return f"{count / 1e6:.1f} M"
    return f"{count / 1e9:.{1 if count < 1e11 else 0}f} B"


def figure_model():
    """A layer of three models to scale, in squares, and the sum of all."""
    fig, ax = diagram(1.95)
    for name, y in (("280B", 1.02), ("1.4B", 0.42), ("44M", 0.12)):
        layers, _, _, d = TABLE_1[name]
        side = 0.38 * d / 16_384
        say(ax, (0.06, y + side / 2), name, weight="bold", ha="left")
        squares(ax, (0.62, y), side, name == "280B")
        one, table = 13 * d * d, 32_000 * d
        words = f"13 · {d:,}² = {rounded(one)} a layer;  "
        words += f"{layers} layers, {rounded(layers * one)};  "
        words += f"embeddings, {rounded(table)}"
        below = (0.62, y - 0.2) if name == "280B" else (1.6, y + side / 2)
        say(ax, below, words, size=7, ha="left")
    return fig


def squares(ax, at, side, named):
    """The thirteen matrices of a layer, each as wide as the model."""
    from matplotlib.patches import Rectangle

    x, y = at
    for words, count, colour in KINDS:
        start = x
        for _ in range(count):
            face = {"facecolor": pale(colour), "edgecolor": colour}
            width = 0.9 if named else 0.4
            ax.add_patch(
                Rectangle((x, y), side, side, linewidth=width, **face)
            )
            x += side * 1.06
        if named:
            low = words == "distances"
            spot = (start + x) / 2, y + side + (0.38 if low else 0.15)
            say(ax, spot, words, size=7, color=INK)
            if low:
                wire(ax, (spot[0], spot[1] - 0.08), (spot[0], y + side + 0.03))
        x += side * 0.15


def text_twice():
    """Scores of a text read twice, by distances and by added positions."""
    rng = np.random.default_rng(14)
    n, width, k = 6, 16, 4
    words = np.tile(rng.normal(size=(3, width)), (2, 1))
    codes = positional_encoding(n, width)
    w_q, w_e, w_r = rng.normal(size=(3, k, width)) / 4
    u, v = rng.normal(size=(2, k))
    by_distance = relative_scores(
        words @ w_q.T, words @ w_e.T, codes @ w_r.T, u, v
    )
    placed = words + codes
    return by_distance, (placed @ w_q.T) @ (placed @ w_e.T).T


def steps(ax, corner, cell, first):
    """A thick line around the scores of one reading, from itself to itself."""
    (x, y), (width, height) = corner, cell
    edge = [(first, first)]
    for i in range(first, first + 3):
        edge += [(i + 1, i), (i + 1, i + 1)]
    edge += [(first, first + 3), (first, first)]
    points = [(x + i * width, y - j * height) for i, j in edge]
    ax.plot(*zip(*points, strict=True), color=INK, linewidth=1.6)


def figure_twice():
    """The scores of a text read twice: is the second half the first again?"""
    fig, ax = diagram(2.6)
    words = ["no", "dog", "barks"] * 2
    relative, absolute = text_twice()
    for left, scores, name in (
        (0.62, absolute, "positions added to the input"),
        (3.8, relative, "distances between them"),
    ):
        most = np.abs(np.tril(scores)).max()
        cell = (0.38, 0.3)
        for i in range(6):
            y = 2.1 - (i + 0.5) * cell[1]
            say(ax, (left - 0.06, y), words[i], size=7, ha="right")
            say(ax, (left + (i + 0.5) * cell[0], 2.2), words[i], size=7)
            for j in range(i + 1):
                corner = left + j * cell[0], 2.1 - (i + 1) * cell[1]
                paint(ax, corner, cell, scores[i, j], most, 1, 7)
        for first in (0, 3):
            steps(ax, (left, 2.1), cell, first)
        say(ax, (left + 1.14, 2.45), name, size=8, weight="bold")
    return fig


def slant(x):
    """Two coordinates of points in space, seen from above the diagonal."""
    across = np.array([1, -1, 0]) / np.sqrt(2)
    diagonal = np.ones(3) / np.sqrt(3)
    depth = np.array([1, 1, -2]) / np.sqrt(6)
    up = 0.85 * diagonal - np.sqrt(1 - 0.85**2) * depth
    return x @ across, x @ up


def figure_geometry():
    """A cloud in three dimensions, after RMSNorm and after LayerNorm."""
    rng = np.random.default_rng(0)
    cloud = rng.normal(size=(120, 3)) * 0.9 + np.array([0.8, 0.5, 0.2])
    one, zero = np.ones(3), np.zeros(3)
    turn = np.linspace(0, 2 * np.pi, 200)
    fig, axs = canvas(columns=3, height=2.3)
    for ax, points, title, colour in (
        (axs[0], cloud, "as they are", COLOURS[5]),
        (axs[1], rms_norm(cloud, one), "RMSNorm", COLOURS[0]),
        (axs[2], layer_norm(cloud, one, zero), "LayerNorm", COLOURS[1]),
    ):
        radius = np.sqrt(3)
        ax.plot(
            radius * np.cos(turn),
            radius * np.sin(turn),
            color=INK,
            linewidth=0.5,
        )
        ax.plot(*slant(points), ".", color=colour, markersize=3)
        ax.set(title=title, xlim=(-3, 3), ylim=(-2.4, 2.8), aspect="equal")
        ax.axis("off")
    return fig


def figure_batch_noise():
    """The spread of one example's result over batches, against their size."""
    rng = np.random.default_rng(0)
    one, zero = np.ones(32), np.zeros(32)
    example = rng.normal(size=(1, 32))
    sizes = 2 ** np.arange(2, 9)
    spread = []
    for b in sizes:
        results = [
            batch_norm(
                np.concatenate([example, rng.normal(size=(b - 1, 32))]),
                one,
                zero,
            )[0]
            for _ in range(60)
        ]
        spread.append(np.std(results, axis=0).mean())
    fig, ax = canvas(height=2.2)
    ax.plot(sizes, spread, "o-", color=COLOURS[0], markersize=3)
    ax.plot(sizes, 1.2 / np.sqrt(sizes), ":", color=INK, linewidth=0.8)
    ax.annotate("$\\propto 1/\\sqrt{b}$", (sizes[4], 1.35 / np.sqrt(sizes[4])))
    ax.annotate(
        "LayerNorm and RMSNorm: 0", (0.02, 0.06), xycoords="axes fraction"
    )
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    ax.set_xticks(sizes, [str(b) for b in sizes])
    ax.set_yticks([0.1, 0.2, 0.5], ["0.1", "0.2", "0.5"])
    ax.minorticks_off()
    ax.set(xlabel="batch size b", ylabel="spread of one result")
    return fig
