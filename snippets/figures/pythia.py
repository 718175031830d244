"""Figures of entry 16: rotations, two ways to pair, memorised sequences."""

import numpy as np

from snippets.figures import COLOURS, INK, canvas
from snippets.figures.blocks import box, diagram, say
from snippets.pythia import (
    decay,
    dispersion,
    frequencies,
    memorised,
    quantiles,
)


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
