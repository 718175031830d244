"""Figures of entry 19: the loop, one text at the gate, labels, ratings."""

import numpy as np

from snippets.figures import COLOURS, INK, canvas
from snippets.figures.blocks import box, diagram, say, wire
from snippets.figures.matrices import matrix
from snippets.self_instruct import (
    FIGURE_6,
    SEEDS,
    bigram_writer,
    bootstrap,
    input_first,
    output_first,
    rouge_l,
    sample_prompt,
    words,
)

PEOPLE, MODEL, AWAY = COLOURS[1], COLOURS[0], COLOURS[5]
TURNED_AWAY = "write a short poem about the sea in descending order."
LET_IN = "tell whether the city in descending order."


def figure_pool():
    """The loop in its third round, and who gets in in the first eighty."""
    rng = np.random.default_rng(1)
    _, admitted = bootstrap(rng, SEEDS, bigram_writer, 80)
    fig, ax = diagram(2.78)
    say(ax, (0.62, 2.66), "the pool", weight="bold")
    squares(ax, (0.17, 2.36), [PEOPLE] * 10, 5)
    squares(ax, (0.17, 1.99), [MODEL], 5)
    say(ax, (0.62, 1.55), "10 by people,\n1 by the model", size=7)
    say(ax, (1.98, 2.66), "prompt of 8", weight="bold")
    lines(ax, (1.5, 2.48))
    box(ax, (3.1, 2.2), "model", MODEL, (0.62, 0.36))
    text = "write a short poem about\nthe sea in descending order."
    say(ax, (4.87, 2.66), "a new text", weight="bold")
    box(ax, (4.87, 2.32), text, AWAY, (1.86, 0.4), size=7)
    asks = "ROUGE-L below 0.7\nwith every text of the pool?"
    box(ax, (4.87, 1.66), asks, COLOURS[2], (1.86, 0.4), size=7)
    wire(ax, (1.16, 2.2), (1.42, 2.2))
    wire(ax, (2.53, 2.2), (2.79, 2.2))
    wire(ax, (3.41, 2.2), (3.94, 2.2))
    wire(ax, (4.87, 2.12), (4.87, 1.86))
    wire(ax, (5.8, 1.66), (6.22, 1.66))
    say(ax, (6.0, 1.53), "no", size=7)
    wire(ax, (3.94, 1.5), (1.3, 1.5), (1.3, 1.95), (1.05, 1.95))
    say(ax, (3.75, 1.61), "yes", size=7)
    for row, part in enumerate(np.reshape(admitted, (4, 20))):
        y = 0.86 - 0.22 * row
        span = f"texts {20 * row + 1} to {20 * row + 20}"
        say(ax, (1.0, y + 0.07), span, ha="right", size=7)
        squares(ax, (1.1, y), [MODEL if good else None for good in part], 20)
        say(ax, (4.92, y + 0.07), f"{sum(part)} let in", ha="left", size=7)
    return fig


def squares(ax, at, colours, columns):
    """A square for each text, row by row; empty for one turned away."""
    from matplotlib.patches import Rectangle

    side, step = 0.14, 0.185
    for i, colour in enumerate(colours):
        row, column = divmod(i, columns)
        corner = at[0] + step * column, at[1] - step * row
        face = {"facecolor": colour or "white", "edgecolor": colour or AWAY}
        ax.add_patch(Rectangle(corner, side, side, linewidth=0.7, **face))


def lines(ax, at):
    """Eight numbered lines of a prompt, one by the model, and the ninth."""
    rng = np.random.default_rng(1)
    machine = []
    for _ in range(2):
        text = bigram_writer(rng, sample_prompt(rng, SEEDS, machine))
        machine += [text] * (text == LET_IN)
    for i, text in enumerate(sample_prompt(rng, SEEDS, machine)):
        y = at[1] - 0.115 * i
        colour = MODEL if text in machine else PEOPLE
        end = at[0] + 0.085 * len(words(text))
        ax.plot((at[0], end), (y, y), color=colour, linewidth=3.2)
    y = at[1] - 0.115 * 8
    ax.plot((at[0], at[0] + 0.3), (y, y), ":", color=INK, linewidth=1.2)


def figure_likeness():
    """Two new texts below their nearest, with the words in common."""
    fig, ax = diagram(2.4)
    pool = [*SEEDS, LET_IN]
    for top, text, others, verdict in (
        (2.36, TURNED_AWAY, pool, "turned away"),
        (1.1, LET_IN, SEEDS, "let in"),
    ):
        near = max(others, key=lambda other: rouge_l(text, other))
        m, n = len(words(text)), len(words(near))
        common = joined(ax, top, near.rstrip("."), text.rstrip("."))
        says = f"common {common}, of {n} and {m}:   "
        says += f"2 · {common} / ({n} + {m}) = {rouge_l(text, near):.2f}"
        say(ax, (0.52, top - 0.98), says, ha="left")
        say(ax, (6.2, top - 0.98), verdict, ha="right", weight="bold")
    return fig


def joined(ax, top, upper, lower):
    """Two texts as boxes of words, and wires between those in common."""
    places = []
    for y, name, text, colour in (
        (top - 0.16, "old", upper, PEOPLE),
        (top - 0.66, "new", lower, MODEL),
    ):
        x, row = 0.52, []
        say(ax, (0.08, y), name, ha="left", size=7)
        for word in text.split():
            width = 0.13 + 0.062 * len(word)
            box(ax, (x + width / 2, y), word, colour, (width, 0.24), size=7)
            row.append((x + width / 2, y))
            x += width + 0.06
        places.append(row)
    pairs = aligned(words(upper), words(lower))
    for i, j in pairs:
        (x, y), (u, v) = places[0][i], places[1][j]
        wire(ax, (x, y - 0.12), (u, v + 0.12), head=False)
    return len(pairs)


def aligned(a, b):
    """The places of a longest common subsequence, as pairs."""
    best = {(i, j): [] for i in range(len(a) + 1) for j in range(len(b) + 1)}
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            ends = [best[i, j + 1], best[i + 1, j]]
            ends += [[*best[i, j], (i, j)]] if x == y else []
            best[i + 1, j + 1] = max(ends, key=len)
    return best[len(a), len(b)]


SENTENCES = (
    "The cat sleeps.",
    "It is raining.",
    "We went home.",
    "He go home.",
    "Me is here.",
)
JOINT = np.array([[0.50, 0], [0.30, 0], [0.15, 0], [0, 0.04], [0, 0.01]])


def figure_orders():
    """What a model would write, and ten instances in either order."""
    fig, ax = diagram(2.15)
    spot = matrix(
        ax,
        (1.12, 1.68),
        JOINT,
        "chance",
        "",
        rows=SENTENCES,
        columns=("yes", "no"),
        cell=(0.45, 0.26),
        digits=2,
    )
    x = 2.75
    for y, name, draw in (
        (1.53, "input first: a sentence, then its label", input_first),
        (0.63, "output first: a label, then a sentence for it", output_first),
    ):
        say(ax, (x, y + 0.28), name, ha="left", weight="bold")
        pairs = draw(np.random.default_rng(0), JOINT, 10)
        for i, (sentence, label) in enumerate(pairs):
            place = x + 0.17 + 0.345 * i
            word, colour = (("yes", MODEL), ("no", PEOPLE))[label]
            box(ax, (place, y), word, colour, (0.31, 0.22), size=7)
            say(ax, (place, y - 0.22), str(sentence + 1), size=7)
    for i in range(5):
        say(ax, (spot.right + 0.12, 1.55 - 0.26 * i), str(i + 1), size=7)
    return fig


def figure_gate():
    """Likeness of new texts to the seeds alone and to the grown pool."""
    rng = np.random.default_rng(1)
    machine, _ = bootstrap(rng, SEEDS, bigram_writer, 80)
    prompts = [sample_prompt(rng, SEEDS, machine) for _ in range(120)]
    texts = [bigram_writer(rng, prompt) for prompt in prompts]
    fig, ax = canvas(height=2.4)
    bins = np.linspace(0, 1, 21)
    for label, pool, colour in (
        ("to the 10 seeds", SEEDS, COLOURS[0]),
        (f"to the pool of {10 + len(machine)}", SEEDS + machine, COLOURS[1]),
    ):
        nearest = [max(rouge_l(t, other) for other in pool) for t in texts]
        ax.hist(
            nearest, bins, histtype="step", color=colour, label=label, lw=1.4
        )
    ax.axvline(0.7, color=INK, linewidth=0.6, linestyle=":")
    ax.annotate("the gate", (0.7, 0), (0.71, 0.93), textcoords=ax.transAxes)
    ax.set(xlabel="ROUGE-L with the most similar text", ylabel="new texts")
    ax.set_ylim(0, 1.15 * ax.get_ylim()[1])
    ax.legend(loc="upper left")
    return fig


def figure_ratings():
    """Shares of the four ratings for eight models."""
    fig, ax = canvas(height=2.8)
    shares = np.array(list(FIGURE_6.values())) / 252 * 100
    starts = np.cumsum(shares, axis=1) - shares
    colours = [COLOURS[2], COLOURS[0], COLOURS[4], COLOURS[1]]
    for k, (rating, colour) in enumerate(zip("ABCD", colours, strict=True)):
        ax.barh(list(FIGURE_6), shares[:, k], 0.7, starts[:, k], color=colour)
        middle = starts[-2, k] + shares[-2, k] / 2
        ax.annotate(rating, (middle, 6), ha="center", va="center", color="w")
    ax.set(xlabel="answers in per cent", xlim=(0, 100))
    return fig
