"""Figures of entry 11: a budget, a day, what was gained, and five widths."""

import numpy as np

from snippets.cramming import (
    LAYERS,
    N,
    V,
    cosine,
    curves,
    dive,
    flops_per_token,
    micro_batches,
    triangle,
)
from snippets.figures import COLOURS, DASHES, INK, canvas
from snippets.figures.blocks import diagram, pale, say


def figure_budget():
    """Each width's tokens by the cost of one: five areas of one size."""
    from matplotlib.patches import Rectangle

    fig, ax = diagram(2.8)
    floor, left = 0.5, 0.52
    for d, run in curves("flops").items():
        tokens, loss = run[-1, 1], run[-1, 4]
        cost = flops_per_token(V, N, d, LAYERS)
        width, height = 1.38 * cost / 1e6, 1.38 * tokens / 1e6
        centre = left + max(width, 0.66) / 2
        best = loss < 1.9
        colour = COLOURS[2] if best else COLOURS[5]
        corner = centre - width / 2, floor
        face = {"facecolor": pale(colour), "edgecolor": colour}
        ax.add_patch(Rectangle(corner, width, height, **face))
        say(ax, (centre, floor + height + 0.11), f"{tokens:,.0f}", size=7)
        say(ax, (centre, 0.37), f"width {d}", weight="bold")
        say(ax, (centre, 0.23), f"{cost:,}", size=7)
        say(ax, (centre, 0.09), f"loss {loss:.2f}", color=colour)
        left += max(width, 0.66) + 0.2
    ax.plot([0.4, 6.28], [floor, floor], color=INK, linewidth=0.6)
    say(ax, (0.4, 0.23), "cost", size=7, style="italic", ha="right")
    words = "up: tokens\nacross: operations a token\narea: the budget"
    say(ax, (3.2, 2.2), words, ha="left", linespacing=1.5)
    return fig


def figure_one_day():
    """A schedule that fits a day and one that does not; steps that grow."""
    fig, axs = canvas(columns=2, height=2.3)
    hours = np.linspace(0, 96, 961)
    day = hours <= 24
    axs[0].plot(hours, triangle(hours / 96, 0.0, 0.99), color=COLOURS[1])
    axs[0].plot(hours[day], triangle(hours[day] / 24), color=COLOURS[0])
    axs[0].axvline(24, color=INK, linewidth=0.6, linestyle=":")
    rate = triangle(0.25, 0.0, 0.99)
    axs[0].plot(24, rate, "o", color=COLOURS[1], markersize=4)
    axs[0].annotate(f"after a day: {rate:.2f}", (27, rate + 0.03))
    axs[0].annotate("for four days", (62, 0.42), color=COLOURS[1])
    axs[0].annotate("for one day", (25.5, 0.06), color=COLOURS[0])
    axs[0].set(xlabel="hours", ylabel="learning rate, in peaks")
    axs[0].set(xlim=(0, 96), ylim=(0, 1.1), xticks=[0, 24, 48, 72, 96])
    spent, growing = 0, []
    while spent < 36:
        growing.append(micro_batches(spent / 36, 4))
        spent += growing[-1]
    axs[1].axis("off")
    axs[1].set(xlim=(0, 18.2), ylim=(0, 8.6))
    for y, name, sizes in (
        (7.4, "four micro-batches a step: 9 steps", [4] * 9),
        (3.1, f"from one to four: {len(growing)} steps", growing),
    ):
        say(axs[1], (0, y + 0.9), name, ha="left")
        steps(axs[1], y, sizes)
    return fig


def steps(ax, top, sizes):
    """Micro-batches as cells in two lines of 18, each step in one shade."""
    from matplotlib.patches import Rectangle

    spent = 0
    for step, size in enumerate(sizes, 1):
        for i in range(spent, spent + size):
            corner = i % 18, top - 0.9 - 1.5 * (i // 18)
            colour = COLOURS[0] if step % 2 else COLOURS[1]
            cell = {"facecolor": pale(colour), "edgecolor": colour}
            ax.add_patch(Rectangle(corner, 0.9, 1.1, **cell, linewidth=0.7))
            middle = corner[0] + 0.45, corner[1] + 0.52
            say(ax, middle, str(step), size=6.5)
        spent += size


def figure_gains():
    """What each group of changes gained, by the paper's own ablation."""
    from matplotlib.patches import Rectangle

    fig, ax = diagram(1.65)
    for y, name, points, shown, changes, colour in (
        (
            1.42,
            "architecture",
            2,
            "about 2",
            "no biases, a gate in the feed-forward\n"
            "layer, scaled sinusoids, a lighter head",
            COLOURS[0],
        ),
        (
            0.86,
            "data",
            1,
            "about 1",
            "another source, filtered for what com-\n"
            "presses well, likely sequences first",
            COLOURS[2],
        ),
        (
            0.38,
            "training",
            0.5,
            "about ½",
            "one cycle, a batch that grows, no dropout",
            COLOURS[1],
        ),
    ):
        say(ax, (0.92, y), name, ha="right", weight="bold")
        face = {"facecolor": colour, "edgecolor": colour}
        ax.add_patch(Rectangle((1.0, y - 0.13), 0.75 * points, 0.26, **face))
        say(ax, (1.06 + 0.75 * points, y), shown, ha="left")
        say(ax, (3.3, y), changes, ha="left", size=7.5)
    ax.plot([1, 1], [0.15, 1.65], color=INK, linewidth=0.6)
    say(ax, (1.0, 0.07), "points of GLUE", ha="left", size=7)
    return fig


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
