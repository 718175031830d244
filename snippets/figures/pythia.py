"""Figures of entry 16: the suite, one changed run, rotations, memorising."""

import numpy as np

from snippets.figures import COLOURS, INK, canvas
from snippets.figures.blocks import box, diagram, joint, say, wire
from snippets.gpt import corpus
from snippets.layers import softmax
from snippets.pythia import (
    SUITE,
    checkpoints,
    decay,
    dispersion,
    draw_pairs,
    frequencies,
    frequent_words,
    memorised,
    quantiles,
    rotate,
    train_pairs,
)


def figure_suite():
    """Sizes by checkpoints, twice, and what can be compared."""
    fig, ax = canvas(height=2.5)
    steps = checkpoints(143_000)
    apart = np.array([s for s in steps if s <= 20_000])  # then they touch
    for row in range(len(SUITE)):
        for up, colour in ((0.17, COLOURS[0]), (-0.17, COLOURS[1])):
            y, size = row + up, 0.13
            marks = np.array([[x, x, np.nan] for x in apart]).ravel()
            ends = np.tile([y - size, y + size, np.nan], len(apart))
            ax.plot(marks, ends, color=colour, linewidth=1)
            ax.fill_between(
                [20_000, 143_000],
                y - size,
                y + size,
                color=colour,
                linewidth=0,
            )
    ax.set_xscale("symlog", linthresh=1, linscale=0.4)
    ax.set_xticks(
        [0, 1, 10, 100, 1000, 10_000, 143_000],
        ["0", "1", "10", "100", "1,000", "10,000", "143,000"],
    )
    ax.minorticks_off()
    ax.set_yticks(range(len(SUITE)), SUITE)
    ax.set(xlabel="steps of training", xlim=(-0.35, 3.2e6), ylim=(-0.6, 7.6))
    ax.spines["bottom"].set_bounds(0, 143_000)
    arrow = {
        "arrowstyle": "<->",
        "color": INK,
        "linewidth": 1.1,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    edge = {
        "boxstyle": "round,pad=0.15",
        "facecolor": "white",
        "edgecolor": "none",
    }
    for start, end, words, spot in (
        ((22, 3.5), (22, 6.5), "size", (22, 5)),
        ((1.4, 1.5), (400, 1.5), "time", (24, 1.5)),
    ):
        ax.annotate("", start, end, arrowprops=arrow)
        ax.text(
            *spot, words, ha="center", va="center", weight="bold", bbox=edge
        )
    ax.annotate(
        "",
        (170_000, 4.2),
        (170_000, 3.8),
        arrowprops=arrow | {"linewidth": 0.8},
    )
    ax.text(2.1e5, 4, "data", va="center", weight="bold")
    ax.text(2.1e5, 7.35, "the Pile", va="center", color=COLOURS[0])
    ax.text(2.1e5, 6.65, "deduplicated", va="center", color=COLOURS[1])
    return fig


def figure_pronouns():
    """The suite in miniature: losses of three sizes, and one changed run."""
    names, words = frequent_words(corpus(), 40)
    batches = draw_pairs(np.random.default_rng(0), words, 144, 128)
    and_, she, he = (names.index(word) for word in ("and", "she", "he"))
    swap = np.arange(40)
    swap[[she, he]] = he, she
    changed = np.concatenate([batches[:112], swap[batches[112:]]])
    counts = np.zeros((40, 40))
    np.add.at(counts, (words[:-1], words[1:]), 1)
    every = list(range(145))
    fig, axs = canvas(columns=2, height=2.4)
    for (d, look), colour in zip(
        {1: ":", 4: "--", 16: "-"}.items(),
        (COLOURS[5], COLOURS[2], COLOURS[0]),
        strict=True,
    ):
        runs = train_pairs(batches, 40, d, checkpoints(144, 16))
        loss = [
            -(counts * np.log(softmax(s))).sum() / counts.sum()
            for s in runs.values()
        ]
        axs[0].plot(
            list(runs),
            loss,
            look,
            marker="o",
            markersize=2.5,
            color=colour,
            label=f"d = {d}, in the end {loss[-1]:.2f}",
        )
    axs[0].set_xscale("symlog", linthresh=1, linscale=0.4)
    axs[0].set_xticks([0, 1, 10, 100], ["0", "1", "10", "100"])
    axs[0].minorticks_off()
    axs[0].set(
        xlabel="steps of training",
        ylabel="surprise at the next word, nats",
        ylim=(1.95, 4.6),
    )
    axs[0].legend(title="three sizes, the same batches")
    for data, colour, look, label in (
        (batches, COLOURS[0], "-", "as in the book"),
        (changed, COLOURS[1], "--", "she and he swapped from step 112"),
    ):
        runs = train_pairs(data, 40, 16, every)
        odds = [s[and_, she] - s[and_, he] for s in runs.values()]
        axs[1].plot(every, odds, look, color=colour, label=label)
    book = float(np.log(counts[and_, she] / counts[and_, he]))
    axs[1].axhline(book, color=INK, linewidth=0.6, linestyle=":")
    axs[1].annotate("the book itself", (1, book + 0.04))
    axs[1].axvspan(112, 144, color=COLOURS[1], alpha=0.12, linewidth=0)
    axs[1].set(
        xlabel="steps of training",
        ylabel="log odds of she to he after and",
        ylim=(0, 2.1),
    )
    axs[1].legend(
        loc="lower right", title="d = 16, two runs", bbox_to_anchor=(0.99, 0.0)
    )
    return fig


def figure_turning():
    """Query and key of “and she said”, turned by their positions."""
    fig, ax = diagram(2.2)
    q, k = np.array([2.0, 0.0]), 2 * np.array([np.cos(1), np.sin(1)])
    cases = (
        ("as learned", None, None),
        ("and she said", 1, 2),
        ("and so she said", 2, 3),
        ("and she then said", 1, 3),
    )
    for i, (words, n, m) in enumerate(cases):
        x, y = 0.82 + 1.56 * i, 1.21
        circle(ax, (x, y), 0.55)
        say(ax, (x, 2.1), words, weight="bold")
        turned = (q, k)
        if n is not None:
            turned = (
                rotate(q[None], np.array([m]))[0],
                rotate(k[None], np.array([n]))[0],
            )
        for vector, colour, width in zip(
            turned, COLOURS, (2.6, 1.3), strict=False
        ):
            tip = x + 0.55 * vector[0] / 2, y + 0.55 * vector[1] / 2
            wire(ax, (x, y), tip, colour=colour, width=width)
        labels(ax, (x, y), turned, n is not None and m - n == 1)
        if n is None:
            say(
                ax,
                (x, 0.36),
                f"said: q = ({q[0]:.0f}, {q[1]:.0f})",
                size=7,
                color=COLOURS[0],
            )
            say(
                ax,
                (x, 0.15),
                f"she: k = ({k[0]:.2f}, {k[1]:.2f})",
                size=7,
                color=COLOURS[1],
            )
        else:
            say(ax, (x, 0.36), f"she at {n}, said at {m}", size=7)
            score = float(turned[0] @ turned[1])
            say(ax, (x, 0.15), f"score {score:.2f}", weight="bold")
    return fig


def labels(ax, centre, turned, together):
    """The names of both arrows beyond their tips, or one for both."""
    names = [("said", COLOURS[0]), ("she", COLOURS[1])]
    for (name, colour), vector in zip(names, turned, strict=True):
        spot = [
            c + 0.72 * part / 2 for c, part in zip(centre, vector, strict=True)
        ]
        if together:
            spot[1] += 0.075 if name == "said" else -0.075
            spot[0] -= 0.04
        say(ax, spot, name, color=colour, size=7)


def circle(ax, at, radius):
    """A thin circle on which the tips of the arrows lie."""
    from matplotlib.patches import Circle

    ax.add_patch(
        Circle(
            at, radius, facecolor="none", edgecolor=COLOURS[5], linewidth=0.5
        )
    )


def figure_block():
    """One block, its halves one after the other and side by side."""
    fig, ax = diagram(1.55)
    green, blue = COLOURS[2], COLOURS[0]
    wire(ax, (0.25, 0.15), (2.85, 0.15))
    say(ax, (0.12, 0.15), "$x$")
    say(ax, (2.97, 0.15), "$y$")
    say(ax, (1.5, 1.43), "one after the other", weight="bold")
    for x, name, colour in (
        (0.82, "attention", blue),
        (2.02, "feed-forward", green),
    ):
        branch(ax, x, 0.15, 0.78, name, colour)
    say(ax, (4.85, 1.43), "side by side", weight="bold")
    wire(ax, (3.6, 0.15), (6.05, 0.15))
    say(ax, (3.47, 0.15), "$x$")
    say(ax, (6.17, 0.15), "$y$")
    for y, name, colour in (
        (0.64, "attention", blue),
        (1.1, "feed-forward", green),
    ):
        wire(ax, (3.8, 0.15), (3.8, y), (4.1, y))
        box(ax, (4.6, y), name, colour, (0.96, 0.34), size=7)
        wire(ax, (5.08, y), (5.5, y), (5.5, 0.23), head=y < 0.8)
    joint(ax, (5.5, 0.15))
    return fig


def branch(ax, x, low, high, name, colour):
    """A sublayer above the line, read from it and added to it."""
    wire(ax, (x - 0.38, low), (x - 0.38, high - 0.17))
    box(ax, (x, high), name, colour, (0.96, 0.34), size=7)
    wire(ax, (x + 0.38, high - 0.17), (x + 0.38, low + 0.08))
    joint(ax, (x + 0.38, low))


def figure_rotations():
    """The cosine of each pair over distance, and the bound on a score."""
    distances = np.arange(256.0)
    fig, axs = canvas(columns=2, height=2.6)
    turns = np.cos(distances[:, None] * frequencies(128)).T
    look = {"cmap": "RdBu", "aspect": "auto", "interpolation": "none"}
    shown = axs[0].imshow(turns[::2], vmin=-1, vmax=1, **look)
    axs[0].set(xlabel="distance", ylabel="every second pair")
    fig.colorbar(shown, ax=axs[0], ticks=[-1, 0, 1])
    curves = {
        "score of two vectors of ones": turns.sum(axis=0),
        "mean of $|S_j|$, the bound's shape": decay(distances, 128),
    }
    for (name, curve), colour in zip(curves.items(), COLOURS, strict=False):
        axs[1].plot(distances, curve / curve[0], color=colour, label=name)
    axs[1].axhline(0, color=INK, linewidth=0.5)
    axs[1].set(xlabel="distance", ylabel="relative to distance 0")
    axs[1].legend()
    return fig


def figure_pairs():
    """Which coordinates turn together, of eight: two conventions."""
    fig, ax = diagram(1.5)
    first = np.arange(4)
    conventions = {
        "neighbours": (2 * first, 2 * first + 1),
        "halves": (first, first + 4),
    }
    for y, (name, pairs) in zip((1.0, 0.2), conventions.items(), strict=True):
        say(ax, (0.1, y), name, ha="left")
        for turn, pair in enumerate(zip(*pairs, strict=True)):
            for place in pair:
                at = (1.5 + 0.6 * place, y)
                box(ax, at, f"$x_{place + 1}$", COLOURS[turn], (0.5, 0.26))
            arc(ax, *(1.5 + 0.6 * place for place in pair), y + 0.13, turn)
    return fig


def arc(ax, left, right, y, turn):
    """A bow over two coordinates, the higher the farther apart they are."""
    t = np.linspace(0, np.pi, 60)
    middle, reach = (left + right) / 2, (right - left) / 2
    bow = (
        middle + reach * np.cos(t),
        y + (0.1 + 0.2 * reach / 1.2) * np.sin(t),
    )
    ax.plot(*bow, color=COLOURS[turn], linewidth=1)


def figure_quantiles():
    """Q-Q plots of memorised sequences: an even rate, and a rising one."""
    rng, t = np.random.default_rng(0), 20_000
    even = np.full(t, 8 / 512)
    cases = {
        "even rate": even,
        "rate rising from 0": even * 2 * np.arange(t) / t,
    }
    fig, axs = canvas(columns=2, height=2.7, sharex=True, sharey=True)
    for ax, (name, rate), colour in zip(
        axs, cases.items(), COLOURS, strict=False
    ):
        counts = memorised(rng, rate)
        points, often = np.unique(
            np.stack(quantiles(counts)), axis=1, return_counts=True
        )
        size = 3 + 60 * often / often.max()
        ax.plot([0, 25], [0, 25], color=INK, linewidth=0.5)
        ax.scatter(*points, s=size, color=colour, alpha=0.7, linewidths=0)
        ax.set(title=f"{name}: variance / mean = {dispersion(counts):.2f}")
        ax.set(xlabel="Poisson quantile")
    axs[0].set(ylabel="memorised in a batch")
    return fig
