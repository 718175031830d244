"""Figures of entry 18: labels and fitted scores against the truth."""

import numpy as np

from snippets.constitutional_ai import clamp, fit_scores, hard_label
from snippets.figures import COLOURS, INK, canvas


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


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
