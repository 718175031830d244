"""Figures of entry 12: a case in numbers, its gradients, ranks and counts."""

import numpy as np

from snippets.figures import COLOURS, INK, canvas
from snippets.figures.blocks import box, diagram, joint, say, wire
from snippets.figures.matrices import matrix
from snippets.gpt import corpus, encode, gpt_loss, gpt_parameters, load_tiny
from snippets.layers import softmax
from snippets.lora import (
    ANSWERS,
    adapter_parameters,
    best_update,
    bias_parameters,
    load_lora,
    lora,
    lora_grads,
    lora_parameters,
    merge_lora,
    prefix_parameters,
    small_case,
)

FEATURES = ("yes?", "no?", "stop?", "loud?")
LOUD_YES = 3  # “DO YOU AGREE?” among the texts of the small case


def figure_case():
    """W_0 beside B A, with their numbers, and what becomes of a loud text."""
    x, w_0, a, b = small_case()
    text = x[LOUD_YES]
    fig, ax = diagram(2.92)
    top, middle, below = 2.48, 1.49, 0.16
    cells = {"cell": (0.34, 0.33), "digits": 0, "most": 2.0}
    wide = cells | {"columns": FEATURES}
    left = matrix(ax, (0.46, top), w_0, "$W_0$", "6 × 4", ANSWERS, **wide)
    column = matrix(ax, (2.14, top), b, "$B$", "6 × 1", **cells)
    row = matrix(ax, (2.72, middle + 0.165), a, "$A$", "1 × 4", **wide)
    matrix(
        ax,
        (4.5, middle + 0.66),
        text[:, None],
        "$x$",
        "4",
        rows=FEATURES,
        **cells,
    )
    say(ax, (left.right + 0.16, middle), "+", size=11)
    say(ax, (column.right + 0.12, middle), "·", size=11)
    say(ax, (left.centre[0], below), f"{w_0.size} numbers, frozen")
    trained = f"{b.size} + {a.size} = {b.size + a.size} numbers, trained"
    say(ax, ((column.left + row.right) / 2, below), trained)
    for left, scores, name in (
        (5.14, w_0 @ text, "$W_0 x$"),
        (5.78, lora(text, w_0, a, b, 1.0), "$h$"),
    ):
        spot = matrix(ax, (left, top), scores[:, None], name, "6", **cells)
        best = ANSWERS[int(scores.argmax())]
        say(ax, (spot.centre[0], below), f"“{best}”", weight="bold")
    return fig


def figure_gradients():
    """The gradient of a matrix as an outer product, and what B and A get."""
    x, w_0, a, b = small_case()
    text = x[LOUD_YES]
    g = softmax(lora(text, w_0, a, b, 1.0)) - np.eye(6)[LOUD_YES]
    by_a, by_b = lora_grads(g[None], text[None], a, b, 1.0)
    fig, ax = diagram(3.26)
    top, middle = 2.22, 1.23
    cells = {"cell": (0.38, 0.33), "digits": 2, "most": 0.6, "size": 6.5}
    wide = cells | {"columns": FEATURES}
    matrix(ax, (1.12, 2.72), text, "", "", **wide | {"digits": 0})
    say(ax, (1.02, 2.555), "$x^\\top$", ha="right")
    matrix(ax, (0.46, top), g[:, None], "$g$", "6", ANSWERS, **cells)
    outer = "$g\\,x^\\top$, 6 × 4"
    matrix(ax, (1.12, top), np.outer(g, text) + 0.0, "", outer, **cells)
    matrix(
        ax, (3.5, top), by_b, "for $B$", "$g\\,(Ax)^\\top$, 6 × 1", (), **cells
    )
    matrix(
        ax,
        (4.42, middle + 0.165),
        by_a,
        "for $A$",
        "$B^\\top g\\,x^\\top$, 1 × 4",
        **wide,
    )
    say(ax, (0.46, 3.15), f"full fine-tuning: {w_0.size} numbers", ha="left")
    say(ax, (3.5, 3.15), f"LoRA: {b.size} + {a.size} numbers", ha="left")
    return fig


def figure_learning():
    """A and B of the small case at the start and after some steps."""
    x, w_0, _, _ = small_case()
    a, b = np.random.default_rng(0).normal(size=(1, 4)) / 2, np.zeros((6, 1))
    fig, ax = diagram(3.29)
    cells = {"cell": (0.32, 0.3), "digits": 1, "most": 3.0, "size": 6.5}
    shown = dict(zip((0, 5, 10, 40), (0.06, 1.64, 3.22, 4.8), strict=True))
    for step in range(41):
        p = softmax(lora(x, w_0, a, b, 1.0))
        if step in shown:
            left = shown[step]
            title = f"after {step} steps" if step else "at the start"
            say(ax, (left + 0.64, 3.2), title, weight="bold")
            matrix(ax, (left, 2.74), a, "$A$", "", (), FEATURES, **cells)
            place = (left + 0.56, 2.18)
            matrix(ax, place, b + 0.0, "$B$", "", ANSWERS, **cells)
            loss = -np.mean(np.log(np.diag(p)))
            say(ax, (left + 0.64, 0.14), f"loss {loss:.2f}")
        by_a, by_b = lora_grads((p - np.eye(6)) / 6, x, a, b, 1.0)
        a, b = a - 2 * by_a, b - 2 * by_b
    return fig


FROZEN, TRAINED = COLOURS[5], COLOURS[2]


def figure_life():
    """One matrix at the start, in training, merged, and with another task."""
    fig, ax = diagram(2.5)
    for x, title, parts in (
        (0.08, "start", ("random", "zero")),
        (1.78, "training", ("moves", "moves")),
    ):
        say(ax, (x + 0.75, 2.38), title, weight="bold")
        beside(ax, x, parts, title == "training")
    for x, title, text in (
        (4.32, "merged", "$W_0 + \\frac{\\alpha}{r} BA$"),
        (5.63, "another task", "$W_0 + \\frac{\\alpha}{r} B'A'$"),
    ):
        say(ax, (x, 2.38), title, weight="bold")
        wire(ax, (x, 0.3), (x, 0.95))
        box(ax, (x, 1.2), text, FROZEN, (1.12, 0.5))
        wire(ax, (x, 1.45), (x, 2.05))
        say(ax, (x, 0.18), "$x$")
        say(ax, (x, 2.16), "$h$")
    return fig


def beside(ax, x, parts, moving):
    """W_0 and, beside it, A and then B, each with what is to be said of it."""
    side, top = x + 1.05, 1.86
    wire(ax, (x + 0.3, 0.3), (x + 0.3, 0.95))
    wire(ax, (x + 0.3, 0.42), (side, 0.42), (side, 0.6))
    box(ax, (x + 0.3, 1.15), "$W_0$\nfrozen", FROZEN, (0.62, 0.4))
    for y, name, part in zip((0.79, 1.41), "AB", parts, strict=True):
        text = f"${name}$, {part}"
        box(ax, (side, y), text, TRAINED, (0.78, 0.36), size=7)
    wire(ax, (side, 0.97), (side, 1.23))
    wire(ax, (side, 1.59), (side, top), (x + 0.38, top))
    say(ax, (side + 0.05, top + 0.12), "$\\times\\, \\alpha / r$", ha="right")
    wire(ax, (x + 0.3, 1.35), (x + 0.3, top - 0.08))
    joint(ax, (x + 0.3, top))
    wire(ax, (x + 0.3, top + 0.08), (x + 0.3, 2.1), head=False)
    say(ax, (x + 0.3, 0.18), "$x$")
    say(ax, (x + 0.3, 2.2), "$h$")
    if moving:
        right = x + 1.62
        line = {"style": "--", "colour": COLOURS[1]}
        wire(ax, (right, 2.2), (right, 0.79), (side + 0.39, 0.79), **line)
        wire(ax, (right, 1.41), (side + 0.39, 1.41), **line)
        wire(ax, (x + 0.42, 2.2), (right, 2.2), head=False, **line)
        say(ax, (x + 1.2, 2.12), "gradient", size=7)


def figure_scale():
    """Three matrices with their B and A, drawn to scale, and their counts."""
    from matplotlib.patches import Rectangle

    fig, ax = diagram(2.9)
    for x, name, d, k, r in (
        (0.42, "the matrix that shouts", 6, 4, 1),
        (2.44, "the tiny GPT’s", 64, 64, 8),
        (4.48, "GPT-3’s", 12_288, 12_288, 4),
    ):
        unit = 1.6 / d
        height, width, thin = 1.6, k * unit, r * unit
        for corner, size, colour in (
            ((x, 0.62), (width, height), FROZEN),
            ((x - 0.08 - thin, 0.62), (thin, height), TRAINED),
            ((x, 2.3), (width, thin), TRAINED),
        ):
            face = {"facecolor": colour, "edgecolor": colour, "linewidth": 0.4}
            ax.add_patch(Rectangle(corner, *size, **face))
        say(ax, (x - 0.08 - thin / 2, 0.52), "$B$")
        say(ax, (x + width + 0.11, 2.3 + thin / 2), "$A$")
        say(ax, (x + width / 2, 1.42), "$W_0$", color="white", size=9)
        say(ax, (x, 2.78), name, weight="bold", ha="left")
        words = f"{d:,} × {k:,}, r = {r}"
        say(ax, (x, 0.46), words, ha="left", size=7)
        say(ax, (x, 0.29), f"$d k$ = {d * k:,}", ha="left", size=7)
        trained = r * (d + k)
        say(ax, (x, 0.12), f"$r (d + k)$ = {trained:,}", ha="left", size=7)
    return fig


def truncated(tiny, full, r):
    """The tiny model with the full update cut to rank r."""
    adapters = {}
    for name, delta in full.items():
        a, b = best_update(delta.T, r)
        adapters |= {f"{name}.a": a, f"{name}.b": b}
    return merge_lora(tiny, adapters, float(r))


def figure_ranks():
    """The loss in capitals: the full update cut to rank r, and LoRA."""
    tiny, merges, h = load_tiny()
    full, by_rank, alpha = load_lora()
    loud = corpus().split("CHAPTER XII")[1].upper()[:1500]
    text = np.array(encode(loud, merges)[: 3 * 65]).reshape(3, 65)

    def loss(params):
        return float(gpt_loss(params, text, h))

    ranks = [1, 2, 4, 8, 12, 16, 24, 32, 48, 64]
    fig, ax = canvas(height=2.5)
    ax.plot(
        ranks,
        [loss(truncated(tiny, full, r)) for r in ranks],
        "o-",
        color=COLOURS[0],
        markersize=3,
        label="the update of full training, cut to rank r",
    )
    ax.plot(
        list(by_rank),
        [loss(merge_lora(tiny, a, alpha)) for a in by_rank.values()],
        "s-",
        color=COLOURS[1],
        markersize=4,
        label="LoRA trained at rank r",
    )
    for level, words in (
        (loss(tiny), "untouched"),
        (loss(truncated(tiny, full, 64)), "full training"),
    ):
        ax.axhline(level, color=INK, linewidth=0.6, linestyle=":")
        ax.annotate(words, (1, level - 0.03), va="top")
    ax.set_xscale("log", base=2)
    ax.set(xlabel="rank r", ylabel="loss in nats per token")
    ax.set_xticks([1, 2, 4, 8, 16, 32, 64], [1, 2, 4, 8, 16, 32, 64])
    ax.set_ylim(2.2, 3.45)
    ax.legend(loc="upper right", bbox_to_anchor=(1, 0.9))
    return fig


def figure_counts():
    """The trained parameters of Table 4, printed and recomputed."""
    n, d = 96, 12_288
    rows = [
        ("PreEmbed", 3.2e6, prefix_parameters(d, 256, 8)),
        ("LoRA, small", 4.7e6, lora_parameters(n, d, 2)),
        ("Adapter, r = 1", 7.1e6, adapter_parameters(2 * n, d, 1)),
        ("BitFit", 14.2e6, bias_parameters(n, d)),
        ("PreLayer", 20.2e6, prefix_parameters(d, 8, 8, n)),
        ("LoRA, large", 37.7e6, lora_parameters(2 * n, d, 8)),
        ("Adapter, r = 8", 40.1e6, adapter_parameters(2 * n, d, 8)),
        ("fine-tuning", 175_255.8e6, gpt_parameters(50_257, 2048, d, n)),
    ]
    names, printed, counted = zip(*rows, strict=True)
    heights = range(len(rows))
    fig, ax = canvas(height=2.4)
    ax.plot(
        printed,
        heights,
        "o",
        color=INK,
        markerfacecolor="none",
        markersize=7,
        label="printed",
    )
    ax.plot(
        counted, heights, "o", color=COLOURS[1], markersize=3, label="counted"
    )
    ax.set_xscale("log")
    ax.set_yticks(heights, names)
    ax.grid(axis="x", linewidth=0.3)
    ax.set(xlabel="trained parameters of GPT-3")
    ax.legend(loc="center right")
    return fig
