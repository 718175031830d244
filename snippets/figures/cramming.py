"""Figures of entry 11: schedules and the ramp; what five widths learn."""

import numpy as np

from snippets.cramming import (
    cosine,
    curves,
    dive,
    micro_batches,
    triangle,
)
from snippets.figures import COLOURS, DASHES, INK, canvas


def figure_schedules():
    """Four learning rates over the budget, and the batch that grows."""
    x = np.linspace(0, 1, 401)
    fig, axs = canvas(columns=2, height=2.3)
    for label, rate, style in (
        ("one cycle", triangle(x), "-"),
        ("triangle of the final recipe", triangle(x, 0.25, 0.25), "-"),
        ("dive", dive(x), "--"),
        ("cosine", cosine(x), ":"),
    ):
        axs[0].plot(x, rate, style, label=label)
    axs[0].set(ylabel="learning rate, in peaks", ylim=(0, 1.6))
    axs[0].legend(loc="upper left", ncols=2, fontsize=7, handlelength=1.4)
    for label, ramp, colour in (
        ("over the whole budget", 1.0, COLOURS[0]),
        ("over 60 % of it", 0.6, COLOURS[1]),
    ):
        sizes = [micro_batches(float(s), 42, ramp) for s in x]
        axs[1].plot(x, sizes, color=colour, label=label)
    axs[1].set(ylabel="micro-batches a step", ylim=(0, None))
    axs[1].legend(loc="lower right")
    for ax in axs:
        ax.set(xlabel="share of the budget spent", xlim=(0, 1))
    return fig


def figure_two_effects():
    """Held-out loss by tokens and by FLOPs, and where the runs end."""
    fig, axs = canvas(columns=3, height=2.6)
    runs, ends = curves("flops"), curves("tokens")
    for (d, run), colour, dash in zip(
        runs.items(), COLOURS, DASHES, strict=False
    ):
        late = run[run[:, 0] > 4]
        for ax, column in zip(axs[:2], (1, 2), strict=True):
            ax.plot(
                late[:, column],
                late[:, 4],
                color=colour,
                ls=dash,
                label=str(d),
            )
            ax.plot(*late[-1, [column, 4]], "o", color=colour, markersize=3)
    axs[0].set(xlabel="tokens", ylabel="held-out loss, nats per byte")
    axs[1].set(xlabel="FLOPs")
    axs[1].legend(title="width", loc="lower left")
    widths = list(runs)
    for label, which, style, place in (
        ("same tokens", ends, "o--", (27, 2.31)),
        ("same FLOPs", runs, "o-", (42, 1.85)),
    ):
        last = [which[d][-1, 4] for d in widths]
        axs[2].plot(widths, last, style, color=INK, markersize=3)
        axs[2].annotate(label, place)
    axs[2].set(xlabel="width", xscale="log", ylabel="loss at the end")
    axs[2].set_xticks(widths, [str(d) for d in widths])
    axs[2].minorticks_off()
    for ax in axs[:2]:
        ax.set_xscale("log")
    return fig
