"""Figures of entry 18: a dialogue, the stages, a judge, labels and scores."""

import numpy as np

from snippets.constitutional_ai import (
    clamp,
    critique,
    critique_revision,
    fit_scores,
    hard_label,
    log_odds,
    small_case,
    soft_label,
)
from snippets.figures import COLOURS, INK, canvas
from snippets.figures.blocks import box, column, diagram, pale, say, wire

MODEL, TRAINING = COLOURS[0], COLOURS[2]
FOUND, NEW = COLOURS[1], COLOURS[2]
PRINCIPLES = ("commit no crime", "show respect", "keep the peace")
QUESTION = "How do I get even with the owner of a dog that barks all night?"
STAGES = {  # where a column stands, its title and its boxes
    1.6: (
        "Stage 1",
        ("prompt that asks for harm, $x$", COLOURS[5]),
        ("the assistant answers, $y_0$", MODEL),
        ("it criticises its answer, $q_n$,\nas a principle asks", MODEL),
        ("it revises its answer, $y_n$", MODEL),
        ("a pretrained model learns\nthe revisions: SL-CAI", TRAINING),
    ),
    4.7: (
        "Stage 2",
        ("SL-CAI gives two answers,\nA and B", MODEL),
        ("a feedback model: which one\nfits a principle better?", MODEL),
        ("$p = P(A)\\;/\\;(P(A) + P(B))$", COLOURS[5]),
        (
            "a preference model learns $p$,\nand what people find helpful",
            TRAINING,
        ),
        ("SL-CAI learns by its scores", TRAINING),
    ),
}


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def figure_dialogue():
    """An answer as it is criticised and revised, word by word."""
    answer, constitution = small_case()
    versions = critique_revision(answer, constitution, [0, 1, 2])
    fig, ax = diagram(1.95)
    say(ax, (0.1, 1.83), f"$x$   “{QUESTION}”", ha="left")
    for x, title in ((0.36, "answer"), (3.6, "principle"), (4.95, "critique")):
        say(ax, (x, 1.53), title, ha="left", weight="bold")
    before = versions[0]
    for n, version in enumerate(versions):
        y = 1.22 - 0.36 * n
        say(ax, (0.1, y), f"$y_{n}$", ha="left")
        found = critique(version, constitution[n]) if n < 3 else []
        marks = [
            FOUND if word in found else NEW if word != old else None
            for word, old in zip(version, before, strict=True)
        ]
        sentence(ax, (0.36, y), version, marks)
        if n < 3:
            say(ax, (3.6, y), PRINCIPLES[n], ha="left")
            words = " and ".join(f"“{word}”" for word in found)
            say(ax, (4.95, y), f"$q_{n + 1}$  {words}", ha="left", size=7)
        before = version
    return fig


def sentence(ax, at, words, marks, size=8):
    """Words in a row; a mark is the colour of a frame around one of them."""
    from matplotlib.patches import Rectangle
    from matplotlib.textpath import TextPath

    x, y = at
    for word, colour in zip(words, marks, strict=True):
        width = TextPath((0, 0), word, size=size).get_extents().x1 / 72
        if colour:
            frame = {"facecolor": pale(colour), "edgecolor": colour}
            line = "--" if colour == FOUND else "-"
            corner = x - 0.025, y - 0.11
            ax.add_patch(
                Rectangle(corner, width + 0.05, 0.22, linestyle=line, **frame)
            )
        say(ax, (x, y), word, ha="left", va="center_baseline", size=size)
        x += width + 0.07


def figure_stages():
    """Who asks whom in the two stages."""
    fig, ax = diagram(3.1)
    rows = (2.65, 2.05, 1.45, 0.85, 0.25)
    for x, (title, *boxes) in STAGES.items():
        say(ax, (x, 3.0), title, weight="bold")
        column(ax, x, rows, boxes, (2.1, 0.4))
    wire(ax, (0.55, 0.85), (0.3, 0.85), (0.3, 1.45), (0.55, 1.45))
    say(ax, (0.15, 1.15), "four times", rotation=90, size=7)
    later = {"style": "--", "colour": COLOURS[5]}
    wire(ax, (2.65, 0.25), (3.15, 0.25), (3.15, 2.65), (3.65, 2.65), **later)
    return fig


ASKED = """[the question, as it was put]

Which of these answers keeps the peace better?
Options:
(A) walk the dog or ask the neighbour who owns it
(B) walk the dog or sue the neighbour who owns it
The answer is:"""


def figure_judge():
    """A multiple choice, what comes next, and what four labels ask for."""
    log_p = np.array([[-1.2, -2.3], [-0.1, -5.0]])
    chance = [*np.exp(log_p[0]), 1 - np.exp(log_p[0]).sum()]
    fig, ax = diagram(2.4)
    box(ax, (1.72, 1.72), "", COLOURS[5], (3.3, 1.2))
    say(ax, (0.17, 1.72), ASKED, ha="left", size=7.5, zorder=4)
    say(ax, (4.32, 2.25), "the next token", weight="bold", ha="left")
    wire(ax, (3.39, 1.72), (3.65, 1.72))
    names, shades = ("(A)", "(B)", "any other"), (0, 1, 5)
    for i, (name, p) in enumerate(zip(names, chance, strict=True)):
        y = 2.0 - 0.25 * i
        say(ax, (4.24, y), name, ha="right")
        bar(ax, (4.32, y), p * 2.2, COLOURS[shades[i]])
        say(ax, (4.38 + p * 2.2, y), f"{p:.2f}", ha="left")
    words = f"$p$ = {chance[0]:.2f} / ({chance[0]:.2f} + {chance[1]:.2f})"
    say(ax, (4.32, 1.2), f"{words} = {soft_label(log_p[0]):.2f}", ha="left")
    gaps(ax, *soft_label(log_p))
    return fig


def bar(ax, at, length, colour):
    from matplotlib.patches import Rectangle

    corner = at[0], at[1] - 0.07
    ax.add_patch(Rectangle(corner, length, 0.14, facecolor=colour))


def gaps(ax, soft, sure):
    """A line of score gaps, and where each label comes to rest on it."""
    start, unit, y = 0.5, 0.88, 0.42
    wire(ax, (start, y), (6.2, y))
    for gap in range(6):
        x = start + unit * gap
        wire(ax, (x, y - 0.04), (x, y + 0.04), head=False)
        say(ax, (x, y - 0.14), str(gap))
    say(ax, (start, 0.09), "score of (A) less score of (B)", ha="left", size=7)
    for p, name, colour in (
        (clamp(sure), "clamped", 2),
        (soft, "soft", 0),
        (sure, "after an argument", 3),
    ):
        x = start + unit * float(log_odds(p))
        ax.plot(x, y, "o", color=COLOURS[colour], zorder=4)
        digits = 2 if p < 0.99 else 3
        words = f"{name}\n$p$ = {p:.{digits}f}"
        say(ax, (x, y + 0.26), words, size=7)
    say(ax, (6.2, y + 0.26), "hard, $p$ = 1:\nwithout end", ha="right", size=7)


def figure_labels():
    """Left, four labels by true preference; right, the scores they give."""
    gap = np.linspace(-4, 4, 401)
    truth = sigmoid(gap)
    answers = np.linspace(-1.5, 1.5, 7)
    gaps = answers[:, None] - answers[None, :]
    fig, axs = canvas(columns=2, height=2.7)
    for label, colour, style, make in (
        ("soft", COLOURS[0], "-", sigmoid),
        ("hard", COLOURS[1], "-", lambda x: hard_label(sigmoid(x))),
        ("overconfident", COLOURS[3], "-.", lambda x: sigmoid(6 * x)),
        ("clamped", COLOURS[2], "--", lambda x: clamp(sigmoid(6 * x))),
    ):
        axs[0].plot(truth, make(gap), style, color=colour, label=label)
        scores = fit_scores(make(gaps), steps=500)
        axs[1].plot(answers, scores, style, color=colour, marker=".")
    axs[0].set(
        xlabel="how often (A) is the better answer", ylabel="label for (A)"
    )
    axs[1].axline((0, 0), slope=1, color=INK, linewidth=0.5, linestyle=":")
    axs[1].set(xlabel="true score", ylabel="fitted score", ylim=(-5, 5))
    axs[0].legend(loc="upper left")
    return fig
