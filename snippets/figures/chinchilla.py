"""Figures of entry 15: one valley and nine, why six, tokens per parameter."""

import numpy as np

from snippets.chinchilla import (
    BESIROGLU,
    PRINTED,
    UNROUNDED,
    optimum,
    power_law,
    runs,
    valley,
)
from snippets.figures import COLOURS, INK, canvas
from snippets.figures.blocks import diagram, say
from snippets.figures.matrices import matrix

LAWS = (
    ("eq. 10, as printed", PRINTED, COLOURS[1]),
    ("eq. 10, before rounding", UNROUNDED, COLOURS[4]),
    ("refit of 2024", BESIROGLU, COLOURS[0]),
)
MODELS = (
    ("GPT-3", 175e9, 300e9),
    ("Gopher", 280e9, 300e9),
    ("Chinchilla", 70e9, 1.4e12),
)


def kaplan_size(compute):
    """The best size by Kaplan et al. 2020, Table 6, for half the compute."""
    return 1.3e9 * (compute / 2 / 8.64e19) ** 0.73


def figure_valley():
    """The three parts of the loss along one budget, and the runs near it."""
    fit, budget = BESIROGLU, 6e18
    size = np.geomspace(0.018, 2.2, 60)
    text = budget / 6 / 1e18 / size
    floor = np.full(60, fit.E)
    small = floor + fit.A / (size * 1e9) ** fit.alpha
    whole = small + fit.B / (text * 1e9) ** fit.beta
    fig, ax = canvas(height=3.0)
    for low, high, colour in (
        (np.full(60, 1.5), floor, COLOURS[5]),
        (floor, small, COLOURS[0]),
        (small, whole, COLOURS[1]),
    ):
        face = {"color": colour, "alpha": 0.3, "linewidth": 0}
        ax.fill_between(size, low, high, **face)
    ax.plot(size, whole, color=INK)
    for x, y, words in (
        (0.2, 1.66, "what no model avoids: E = 1.82"),
        (0.024, 2.1, "the model is small: $A / N^\\alpha$"),
        (0.62, 2.6, "it has read little: $B / D^\\beta$"),
    ):
        ax.text(x, y, words, va="center", ha="left" if x < 0.1 else "center")
    n, d, losses = runs()
    near = (0.85 * budget < 6 * n * d) & (6 * n * d < 1.1 * budget)
    ax.plot(n[near] / 1e9, losses[near], "o", color=INK, markersize=3)
    best = optimum(budget, fit)[0] / 1e9
    ax.annotate(
        "0.2 × 5",
        (best, whole.min() + 0.02),
        (best, whole.min() + 0.35),
        ha="center",
        arrowprops={"arrowstyle": "-|>", "color": INK, "linewidth": 0.7},
    )
    ticks = [0.02, 0.05, 0.1, 0.2, 0.5, 1, 2]
    ax.set(xscale="log", xlim=(0.018, 2.2), ylim=(1.5, 3.62))
    ax.set(
        xlabel="size: billions of parameters", ylabel="loss, nats per token"
    )
    ax.set_xticks(ticks, [f"{x:g}" for x in ticks])
    ax.minorticks_off()
    above = ax.secondary_xaxis("top", functions=(inverse, inverse))
    above.set_xticks([1 / x for x in ticks], [f"{1 / x:g}" for x in ticks])
    above.minorticks_off()
    above.set_xlabel("text: billions of tokens")
    return fig


def inverse(x):
    """What one axis of the valley says in the words of the other."""
    return 1 / np.maximum(x, 1e-9)


def figure_six():
    """The three products that one matrix takes part in, with their numbers."""
    w = np.array([[1.0, 0, 2], [0, 1, -1]])
    x, g = np.array([[2.0], [1], [1]]), np.array([[1.0], [-1]])
    fig, ax = diagram(2.2)
    cells = {"cell": (0.24, 0.22), "digits": 0, "most": 3.0}
    for left, title, parts in (
        (
            0.08,
            "forward: $y = W x$",
            ((w, "$W$", "2 × 3"), (x, "$x$", "3"), (w @ x, "$y$", "2")),
        ),
        (
            2.1,
            "back to the layer before",
            (
                (w.T, "$W^\\top$", "3 × 2"),
                (g, "$g$", "2"),
                (w.T @ g, "for $x$", "3"),
            ),
        ),
        (
            3.95,
            "back to the weights",
            (
                (g, "$g$", "2"),
                (x.T, "$x^\\top$", "3"),
                (g @ x.T, "for $W$", "2 × 3"),
            ),
        ),
    ):
        say(ax, (left, 2.1), title, ha="left", weight="bold")
        at = left
        for i, (values, name, shape) in enumerate(parts):
            top = 1.36 + 0.11 * len(values)
            place = matrix(ax, (at, top), values + 0.0, name, shape, **cells)
            at = place.right + 0.27
            if i < 2:
                sign = "·="[i]
                say(ax, (place.right + 0.135, 1.36), sign, size=10)
        words = "6 multiplications, 6 additions"
        say(ax, (left, 0.6), words, ha="left", size=7)
        say(ax, (left, 0.4), "2 for each number of $W$", ha="left")
    words = "together 2 + 2 + 2 = 6"
    say(ax, (0.08, 0.12), words, ha="left", weight="bold")
    return fig


def figure_isoflops():
    """Losses of the runs near nine budgets, and the sizes of least loss."""
    n, d, losses = runs(drop=5)
    spent = 6 * n * d
    budgets = np.array([6e18, 1e19, 3e19, 6e19, 1e20, 3e20, 6e20, 1e21, 3e21])
    fig, axs = canvas(columns=2, height=2.8)
    vertices = []
    for i, c in enumerate(budgets):
        near = (0.85 * c < spent) & (spent < 1.1 * c)
        colour = COLOURS[i % len(COLOURS)]
        size, height = n[near], losses[near]
        vertices.append(valley(size, height))
        fine = np.geomspace(size.min(), size.max(), 60)
        curve = np.polyval(np.polyfit(np.log(size), height, 2), np.log(fine))
        axs[0].plot(size, height, ".", color=colour, markersize=3)
        axs[0].plot(fine, curve, color=colour, linewidth=0.9)
        above = c in (6e19, 3e20)
        axs[0].annotate(
            f"{c:.0e}".replace("e+", "e"),
            (fine[-1], curve[-1]),
            (0, 5) if above else (3, 0),
            textcoords="offset points",
            fontsize=6.5,
            color=colour,
            ha="center" if above else "left",
            va="center",
        )
    axs[0].set(xscale="log", xlabel="parameters", ylabel="loss")
    axs[0].set_xlim(4e7, 8e10)
    wide = np.geomspace(4e18, 8e23, 50)
    s, k = power_law(budgets, np.array(vertices))
    ax = axs[1]
    ax.plot(wide, kaplan_size(wide), color=COLOURS[3], linestyle="--")
    ax.plot(wide, k * wide**s, color=COLOURS[0])
    ax.plot(budgets, vertices, "o", color=COLOURS[0], markersize=3)
    ax.text(4e20, 6e9, "Kaplan et al.", color=COLOURS[3], ha="right")
    ax.text(3e21, 1.6e9, f"slope {s:.2f}", color=COLOURS[0], ha="left")
    for name, size, text in MODELS:
        spent = 6 * size * text
        ax.plot(spent, size, "o", color=INK, markersize=3.5)
        above = name == "Gopher"
        ax.annotate(
            name,
            (spent, size),
            (-4, 4) if above else (5, 0),
            textcoords="offset points",
            ha="right" if above else "left",
            va="bottom" if above else "center",
        )
    ax.set(xscale="log", yscale="log", xlabel="compute, FLOPs")
    ax.set(xlim=(3e18, 9e25), ylabel="parameters of least loss")
    return fig


def figure_tokens_per_parameter():
    """Tokens per parameter of five laws, and of three models."""
    wide = np.geomspace(1e19, 1e26, 60)
    fig, ax = canvas(height=2.8)
    for label, fit, colour in LAWS:
        pairs = [optimum(c, fit) for c in wide]
        look = {"color": colour, "ls": "-." if fit is BESIROGLU else "-"}
        ax.plot(wide, [d / n for n, d in pairs], label=label, **look)
    table = np.array([1.92e19, 1.21e20, 1.23e22, 3.85e24, 9.90e24, 1.27e26])
    sizes = np.array([0.4e9, 1e9, 1e10, 175e9, 280e9, 1e12])
    s, k = power_law(table, sizes)
    first = wide / 6 / (k * wide**s) ** 2
    ax.plot(wide, first, color=COLOURS[2], ls=":", label="approach 1, Table 3")
    each = wide / 6 / kaplan_size(wide) ** 2
    ax.plot(wide, each, color=COLOURS[3], ls="--", label="Kaplan et al.")
    for name, n, d in MODELS:
        ax.plot(6 * n * d, d / n, "o", color=INK, markersize=4)
        ax.annotate(
            name,
            (6 * n * d, d / n),
            (5, -3 if name == "Gopher" else 3),
            textcoords="offset points",
            va="top" if name == "Gopher" else "bottom",
        )
    ax.set(xscale="log", yscale="log", xlabel="compute, FLOPs")
    ax.set(ylabel="tokens per parameter", ylim=(0.5, 1000))
    ax.legend(ncols=3, fontsize=7, loc="upper left")
    return fig
