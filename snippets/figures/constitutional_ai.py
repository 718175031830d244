"""Figures of entry 18: the two stages, labels and fitted scores."""

import numpy as np

from snippets.constitutional_ai import clamp, fit_scores, hard_label
from snippets.figures import COLOURS, INK, canvas
from snippets.figures.blocks import column, diagram, say, wire


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


MODEL, TRAINING = COLOURS[0], COLOURS[2]
STAGES = {  # where a column stands, its title and its boxes
    1.6: (
        "Stage 1",
        ("prompt that asks for harm, $x$", COLOURS[5]),
        ("the assistant answers, $y_0$", MODEL),
        ("it criticises its answer, $q_n$,\nas a principle asks", MODEL),
        ("it revises its answer, $y_n$", MODEL),
        ("a pretrained model\nlearns the revisions", TRAINING),
    ),
    4.7: (
        "Stage 2",
        ("the model of stage 1\ngives two answers, A and B", MODEL),
        ("a feedback model: which one\nfits a principle better?", MODEL),
        ("$p = P(A)\\;/\\;(P(A) + P(B))$", COLOURS[5]),
        (
            "a preference model learns $p$,\nand what people find helpful",
            TRAINING,
        ),
        ("the model of stage 1\nlearns by its scores", TRAINING),
    ),
}


def figure_stages():
    """Who asks whom in the two stages."""
    fig, ax = diagram(3.9)
    rows = (3.4, 2.65, 1.9, 1.15, 0.4)
    for x, (title, *boxes) in STAGES.items():
        say(ax, (x, 3.8), title, weight="bold")
        column(ax, x, rows, boxes, (2.1, 0.44))
    wire(ax, (0.55, 1.15), (0.3, 1.15), (0.3, 1.9), (0.55, 1.9))
    say(ax, (0.15, 1.52), "four times", rotation=90, size=7)
    later = {"style": "--", "colour": COLOURS[5]}
    wire(ax, (2.65, 0.4), (3.15, 0.4), (3.15, 3.4), (3.65, 3.4), **later)
    return fig


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
        ("overconfident", COLOURS[3], "-", lambda x: sigmoid(6 * x)),
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
