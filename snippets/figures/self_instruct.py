"""Figures of entry 19: what the gate lets in, and how people rated."""

import numpy as np

from snippets.figures import COLOURS, INK, canvas
from snippets.self_instruct import (
    FIGURE_6,
    SEEDS,
    bigram_writer,
    bootstrap,
    rouge_l,
    sample_prompt,
)


def figure_gate():
    """Likeness of new texts to the seeds alone and to the grown pool."""
    rng = np.random.default_rng(0)
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
