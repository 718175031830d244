"""Figures of entry 17: the alignment tax, and the tiny model's answers."""

import numpy as np

from snippets.figures import COLOURS, INK, canvas
from snippets.gpt import generate
from snippets.instructgpt import (
    ANSWER,
    demonstrate,
    load_aligned,
    mistakes,
    prompts,
)


def figure_tax():
    """GPT-3, PPO and PPO-ptx on four tasks, in per cent of GPT-3."""
    scores = {
        "SQuADv2": (64.30, 43.68, 59.85),
        "DROP": (27.53, 13.08, 15.23),
        "French to English": (38.92, 24.16, 34.28),
        "HellaSwag": (0.781, 0.743, 0.807),
    }
    fig, ax = canvas(height=2.4)
    place = np.arange(len(scores))
    for i, label in enumerate(("GPT-3", "PPO", "PPO-ptx")):
        height = [100 * row[i] / row[0] for row in scores.values()]
        colour = (COLOURS[5], COLOURS[1], COLOURS[0])[i]
        ax.bar(place + 0.26 * (i - 1), height, 0.24, label=label, color=colour)
    ax.axhline(100, color=INK, linewidth=0.5, linestyle=":")
    ax.set_xticks(place, list(scores))
    ax.set(ylabel="per cent of GPT-3", ylim=(0, 135))
    ax.legend(ncols=3, loc="upper left")
    return fig


def figure_steps():
    """How far off the answers are: demonstrators, SFT, and PPO."""
    a = load_aligned()
    fig, axs = canvas(columns=2, height=2.4)
    for ax, held_out in zip(axs, (False, True), strict=True):
        x = np.repeat(prompts(a["merges"], held_out), 10, axis=0)
        rng = np.random.default_rng(0)
        answers = {"demonstrators": demonstrate(x, 0.4, rng)}
        for label, name in (("SFT", "sft"), ("PPO", "ppo")):
            answers[label] = generate(a[name], x, ANSWER, a["h"], rng)
        for i, (label, tokens) in enumerate(answers.items()):
            share = np.bincount(mistakes(tokens), minlength=6) / len(x)
            colour = (COLOURS[5], COLOURS[1], COLOURS[0])[i]
            place = np.arange(6) + 0.26 * (i - 1)
            ax.bar(place, 100 * share, 0.24, label=label, color=colour)
        ax.set_xticks(range(6), ["0", "1", "2", "3", "4", "no\nanswer"])
        ax.set(xlabel="words too many or too few", ylim=(0, 100))
        ax.set_title("prompts held out" if held_out else "prompts trained on")
    axs[0].set_ylabel("per cent of the answers")
    axs[0].legend()
    return fig
