"""Figures of entry 14: where the norms send a cloud, and BatchNorm's noise."""

import numpy as np

from snippets.figures import COLOURS, INK, canvas
from snippets.gopher import batch_norm, rms_norm
from snippets.layers import layer_norm


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
    cloud = rng.normal(size=(300, 3)) * 0.9 + np.array([0.8, 0.5, 0.2])
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
