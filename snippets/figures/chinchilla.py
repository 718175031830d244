"""Figures of entry 15: nine valleys, and tokens per parameter."""

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

LAWS = (
    ("eq. 10, as printed", PRINTED, COLOURS[1]),
    ("eq. 10, before rounding", UNROUNDED, COLOURS[4]),
    ("refit of 2024", BESIROGLU, COLOURS[0]),
)


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
    wide = np.geomspace(4e18, 2e24, 50)
    for label, fit, colour in LAWS:
        best = [optimum(c, fit)[0] for c in wide]
        axs[1].plot(wide, best, color=colour, label=label)
    axs[1].plot(budgets, vertices, "o", color=INK, markersize=3)
    axs[1].set(xscale="log", yscale="log", xlabel="compute, FLOPs")
    axs[1].set_ylabel("parameters of least loss")
    axs[1].legend(fontsize=7, loc="upper left")
    return fig


def figure_tokens_per_parameter():
    """Tokens per parameter of five laws, and of three models."""
    wide = np.geomspace(1e19, 1e26, 60)
    fig, ax = canvas(height=2.8)
    for label, fit, colour in LAWS:
        pairs = [optimum(c, fit) for c in wide]
        ax.plot(wide, [d / n for n, d in pairs], color=colour, label=label)
    table = np.array([1.92e19, 1.21e20, 1.23e22, 3.85e24, 9.90e24, 1.27e26])
    sizes = np.array([0.4e9, 1e9, 1e10, 175e9, 280e9, 1e12])
    s, k = power_law(table, sizes)
    first = wide / 6 / (k * wide**s) ** 2
    ax.plot(wide, first, color=COLOURS[2], label="approach 1, Table 3")
    kaplan = 1.3e9 * (wide / 2 / 8.64e19) ** 0.73
    ax.plot(
        wide, wide / 6 / kaplan**2, color=COLOURS[3], label="Kaplan et al."
    )
    for name, n, d in (
        ("GPT-3", 175e9, 300e9),
        ("Gopher", 280e9, 300e9),
        ("Chinchilla", 70e9, 1.4e12),
    ):
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
