"""What entry 5 draws."""

import numpy as np

from snippets.figures import COLOURS, INK, canvas
from snippets.figures.blocks import box, diagram, say, wire
from snippets.figures.matrices import matrix
from snippets.layers import cross_entropy, softmax
from snippets.ulmfit import (
    GENERAL,
    LABELLED,
    LABELS,
    REVIEWS,
    UNSEEN,
    class_scores,
    concat_pool,
    descend,
    discriminative_rates,
    encode,
    hat,
    next_word_loss,
    schedule,
    small_model,
    states,
    stlr,
    stlr_landing,
)

FROZEN, TRAINED, NEW = COLOURS[5], COLOURS[2], COLOURS[1]
READING, TUNING = 2.0, 8.0  # the highest rates of stages 1 and 2
CAREFUL = schedule(3, 10, 3, eta_max=2.0)
EQUAL = np.full((30, 3), 2.0)


def loss_of(texts):
    words = encode(texts)[0]
    return lambda theta: next_word_loss(theta, words)


def read():
    """The small model at the start, after stage 1, and after stage 2."""
    theta, _ = small_model()
    general = descend(loss_of(GENERAL), theta, np.full((20, 3), READING))
    rates = schedule(1, 30, 3, eta_max=TUNING, unfreeze=False)
    return theta, general, descend(loss_of(REVIEWS), general, rates)


def classifier(theta, rates):
    """Stage 3: a new head on a model that has read, and two labels."""
    (words, _), labels = encode(LABELLED), np.array(LABELS)

    def loss(theta):
        return cross_entropy(class_scores(theta, words), labels)

    return descend(loss, [*theta[:2], small_model()[1]], rates)


def figure_stages():
    """Three stages of one model: what it reads, what moves, and how fast."""
    models = read()
    general, reviews = loss_of(GENERAL), loss_of(REVIEWS)
    fast = discriminative_rates(TUNING, 3), discriminative_rates(2.0, 3)
    columns = (
        (
            "1. general text",
            "bright day we …",
            ("next word: smile", "recurrence", "word vectors"),
            [f"{READING:.1f}"] * 3,
            [float(general(theta)) for theta in models[:2]],
        ),
        (
            "2. the task’s text",
            "gripping plot we …",
            ("next word: laugh", "recurrence", "word vectors"),
            [f"{rate:.1f}" for rate in fast[0][::-1]],
            [float(reviews(theta)) for theta in models[1:]],
        ),
        (
            "3. the classifier",
            "fine plot",
            ("for or against", "recurrence", "word vectors"),
            [
                f"{rate:.1f}, epoch {i + 1} on"
                for i, rate in enumerate(fast[1][::-1])
            ],
            None,
        ),
    )
    fig, ax = diagram(2.82)
    for i, (title, text, layers, rates, losses) in enumerate(columns):
        x = 1.05 + 2.1 * i
        say(ax, (x, 2.7), title, weight="bold")
        for y, layer, rate in zip(
            (2.2, 1.58, 0.96), layers, rates, strict=True
        ):
            new = i == 2 and y == 2.2
            label = f"{layer}\nrate {rate}"
            box(
                ax, (x, y), label, NEW if new else TRAINED, (1.5, 0.44), size=7
            )
        say(ax, (x, 0.46), f"“{text}”")
        for low in (0.56, 1.18, 1.8):
            wire(ax, (x, low), (x, low + 0.18))
        words = "2 labels" if losses is None else "loss {:.2f} → {:.2f}"
        say(ax, (x, 0.2), words.format(*(losses or ())), size=7)
        for y in (0.96, 1.58):
            if i < 2:
                wire(ax, (x + 0.75, y), (x + 1.35, y), colour=FROZEN)
        if not i:
            wire(ax, (x + 0.75, 2.2), (x + 1.35, 2.2), colour=FROZEN)
    return fig


def figure_verdicts():
    """The chance of "for" for six reviews after four ways of training."""
    from matplotlib.patches import Rectangle

    (words, _), (theta, general, reviews) = encode(UNSEEN), read()
    ways = {
        "from scratch": classifier(theta, CAREFUL),
        "no stage 2": classifier(general, CAREFUL),
        "all at once": classifier(reviews, EQUAL),
        "ULMFiT": classifier(reviews, CAREFUL),
    }
    chances = [
        softmax(class_scores(way, words))[:, 1] for way in ways.values()
    ]
    chances = np.array(chances).T
    fig, ax = diagram(2.3)
    cell, corner = (0.92, 0.26), (1.5, 1.9)
    look = {"cell": cell, "digits": 2, "most": 1.0, "size": 8}
    place = matrix(ax, corner, chances, "", "", UNSEEN, tuple(ways), **look)
    for i, row in enumerate(chances):
        truth = i < len(UNSEEN) // 2
        spot = place.right + 0.1, corner[1] - (i + 0.5) * cell[1]
        say(ax, spot, "for" if truth else "against", ha="left")
        for j, chance in enumerate(row):
            if (chance > 0.5) != truth:
                left = corner[0] + j * cell[0], corner[1] - (i + 1) * cell[1]
                line = {"facecolor": "none", "edgecolor": NEW, "linewidth": 2}
                ax.add_patch(Rectangle(left, *cell, zorder=5, **line))
    right = (chances > 0.5) == (np.arange(6) < 3)[:, None]
    for j, count in enumerate(right.sum(axis=0)):
        spot = corner[0] + (j + 0.5) * cell[0], place.bottom - 0.16
        say(ax, spot, f"{count} of 6 right", size=7)
    return fig


def figure_strips():
    """The rates of three layers over three epochs, as strips of numbers."""
    from matplotlib.patches import Rectangle

    steps = [10 * epoch + t for epoch in range(3) for t in (0, 1, 4, 7)]
    wide, left, top = 0.41, 1.0, 1.12
    fig, ax = diagram(1.5)
    look = {"cell": (wide, 0.28), "digits": 2, "most": 2.4, "size": 7}
    for row, name in enumerate(("head", "recurrence", "word vectors")):
        y, start = top - 0.28 * row, 4 * row
        say(ax, (left - 0.06, y - 0.14), name, ha="right", size=7)
        shown = CAREFUL[steps[start:], 2 - row]
        matrix(ax, (left + start * wide, y), shown, **look)
        if row:
            extent = start * wide, 0.28
            face = {"facecolor": FROZEN, "edgecolor": INK, "linewidth": 0.4}
            ax.add_patch(Rectangle((left, y - 0.28), *extent, **face))
            spot = left + extent[0] / 2, y - 0.14
            say(ax, spot, "frozen", color="white", size=7)
    for j, t in enumerate(steps):
        say(ax, (left + (j + 0.5) * wide, top + 0.1), str(t), size=7)
        if j % 4 == 0:
            spot = left + (j + 2) * wide, top + 0.29
            say(ax, spot, f"epoch {j // 4 + 1}", weight="bold")
    say(ax, (left - 0.06, top + 0.1), "step", ha="right", size=7)
    return fig


def figure_pooling():
    """A review of two words beside padding, pooled with a mask and without."""
    model = classifier(read()[2], CAREFUL)
    words, real = encode(["lovely plot", "stale plot we yawn"])
    h = states(model, words)[0]
    fig, ax = diagram(2.3)
    look = {"cell": (0.34, 0.26), "digits": 1, "most": 1.0, "size": 6.5}
    names = ("lovely", "plot", "padding", "padding")
    left = matrix(ax, (0.78, 1.64), h, "$H$", "4 × 6", names, (), **look)
    for top, title, mask in (
        (1.96, "by the mask", real[0]),
        (0.82, "padding counted in", np.ones(4, dtype=bool)),
    ):
        pooled = concat_pool(h, mask).reshape(3, 6)
        parts = ("last", "max", "mean")
        matrix(ax, (3.96, top), pooled, "", "", parts, (), **look)
        say(ax, (3.96, top + 0.13), title, ha="left")
        wire(ax, (left.right + 0.1, left.centre[1]), (3.48, top - 0.39))
    say(ax, (6.1, 1.57), "$h_c$", size=9)
    return fig


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
