"""What entry 5 draws."""

import numpy as np

from snippets.figures import COLOURS, DASHES, INK, canvas
from snippets.ulmfit import hat, schedule, stlr, stlr_landing


def figure_triangles():
    """The slanted triangle with three denominators, over 1000 steps and 19."""

    def before(t, T):
        return 0.01 * (1 + hat(t, T // 10, T // 10 * 31) * 31) / 32

    fig, axs = canvas(columns=2, height=2.5)
    for ax, T in zip(axs, (1000, 19), strict=True):
        t = range(T + 1)
        for rate, label, style in (
            (before, r"$\mathit{cut} \cdot (\mathit{ratio} - 1)$", ":"),
            (stlr, r"eq. 3, version 5", "-"),
            (stlr_landing, r"$T - \mathit{cut}$", "--"),
        ):
            ax.plot(t, [rate(i, T) for i in t], style, label=label)
        ax.axhline(0, color=INK, linewidth=0.6)
        ax.set(xlabel="step", title=f"{T} steps", ylim=(-0.0105, 0.0105))
    axs[0].set_ylabel("learning rate")
    axs[0].legend(title="denominator", loc="lower left")
    return fig


def figure_rates():
    """Four layers, six epochs: triangles, rates and the staircase."""
    n, epochs, steps = 4, 6, 100
    rates = schedule(epochs, steps, n)
    fig, ax = canvas(height=2.7)
    t = np.arange(epochs * steps) / steps
    for layer in reversed(range(n)):
        shown = np.where(rates[:, layer] > 0, rates[:, layer], np.nan)
        look = {"color": COLOURS[layer], "ls": DASHES[layer]}
        ax.plot(t, shown, label=f"layer {layer + 1}", **look)
    ax.set(xlabel="epoch", ylabel="learning rate", yscale="log")
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5))
    return fig
