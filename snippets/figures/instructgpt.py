"""Figures of entry 17: the three steps, the tax, the tiny model's answers."""

import numpy as np

from snippets.figures import COLOURS, HATCHES, INK, canvas
from snippets.figures.blocks import column, diagram, say, wire
from snippets.figures.matrices import matrix
from snippets.instructgpt import (
    ANSWER,
    PROMPT,
    answer,
    asked,
    load_aligned,
    mistakes,
    prompts,
    reward,
    reward_loss,
    token_log_probs,
)
from snippets.layers import sigmoid

PEOPLE, MODEL, TRAINING = COLOURS[1], COLOURS[0], COLOURS[2]
STEPS = {  # where a column stands, and its boxes
    0.93: [
        ("prompt $x$", COLOURS[5]),
        ("a labeller\nwrites an answer $y$", PEOPLE),
        ("the model learns $y$,\nand is now the SFT model", TRAINING),
    ],
    3.15: [
        ("models\nwrite $K$ answers", MODEL),
        ("a labeller\nranks them", PEOPLE),
        ("the reward model $r_\\theta$\nlearns the order", TRAINING),
    ],
    5.3: [
        ("the policy, at first the\nSFT model, writes $y$", MODEL),
        (
            "$r_\\theta(x, y)$, less $\\beta$ × log\nratio to the SFT model",
            MODEL,
        ),
        ("PPO changes the policy\nto earn more of it", TRAINING),
    ],
}


def figure_three_steps():
    """Who writes, who judges and what is trained, step by step."""
    fig, ax = diagram(2.6)
    rows = (2.0, 1.2, 0.4)
    for i, (x, boxes) in enumerate(STEPS.items()):
        say(ax, (x, 2.48), f"Step {i + 1}", weight="bold")
        column(ax, x, rows, boxes)
    later = {"style": "--", "colour": COLOURS[5]}
    wire(ax, (1.79, 0.4), (2.04, 0.4), (2.04, 2.0), (2.29, 2.0), **later)
    wire(ax, (4.01, 0.4), (4.22, 0.4), (4.22, 1.2), (4.44, 1.2), **later)
    wire(ax, (6.16, 0.4), (6.25, 0.4), (6.25, 2.0), (6.16, 2.0))
    return fig


def figure_one_prompt():
    """Four answers to one prompt: imitated, judged, and learned."""
    a = load_aligned()
    x = prompts(a["merges"], held_out=True)[5:6]  # Say very 2 times:
    tokens = np.concatenate([answers(x, times) for times in range(1, 5)])
    columns = (
        ("step 1: imitate", chance_of(a["sft"], tokens, a["h"]), 2),
        ("step 2: judge", reward(a["reward"], tokens, a["h"]), 1),
        ("step 3: write", chance_of(a["ppo"], tokens, a["h"]), 2),
    )
    shapes = ("chance $π^{SFT}$", "reward $r_θ$", "chance $π^{RL}$")
    words = [("very " * times).strip() + "." for times in range(1, 5)]
    fig, ax = diagram(1.65)
    say(ax, (0.95, 1.42), "Say very 2 times:", weight="bold")
    for i, (name, values, digits) in enumerate(columns):
        matrix(
            ax,
            (2.2 + 1.4 * i, 1.25),
            values[:, None],
            name,
            shapes[i],
            rows=words if i == 0 else (),
            cell=(0.9, 0.24),
            digits=digits,
            size=8,
        )
    wire(ax, (3.14, 0.77), (3.56, 0.77))
    wire(ax, (4.54, 0.77), (4.96, 0.77))
    return fig


def figure_odds():
    """What a difference of rewards says: a chance, and a surprise."""
    gap = np.linspace(-6, 8, 200)
    pairs = {"equal rewards": 0.0, "three times in four": np.log(3)}
    pairs["8.2 and 2.2"] = 6.0
    fig, axs = canvas(columns=2, height=2.4)
    chance = sigmoid(gap)
    surprise = [float(reward_loss(g[None], np.zeros(1))) for g in gap]
    for ax, curve in zip(axs, (chance, surprise), strict=True):
        ax.plot(gap, curve, color=COLOURS[0])
        ax.set(xlabel="better answer's reward, less the worse one's")
    for name, at in pairs.items():
        p = sigmoid(np.array(at))
        axs[0].plot(at, p, "o", color=COLOURS[1])
        side, place = ("left", (5, -10)) if at < 6 else ("center", (0, -14))
        font = {"ha": side, "textcoords": "offset points"}
        axs[0].annotate(name, (at, p), xytext=place, **font)
        axs[1].plot(at, -np.log(p), "o", color=COLOURS[1])
    axs[0].set(ylabel="chance of that order", ylim=(0, 1.05))
    axs[1].set(ylabel="surprise at it, in nats", ylim=(0, None))
    return fig


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
        look = {"color": colour, "hatch": HATCHES[i], "edgecolor": "white"}
        ax.bar(place + 0.26 * (i - 1), height, 0.24, label=label, **look)
    ax.axhline(100, color=INK, linewidth=0.5, linestyle=":")
    ax.set_xticks(place, list(scores))
    ax.set(ylabel="per cent of GPT-3", ylim=(0, 135))
    ax.legend(ncols=3, loc="upper left")
    return fig


def figure_steps():
    """How far off answers are, in exact chances: demonstrators, SFT, PPO."""
    a = load_aligned()
    fig, axs = canvas(columns=2, height=2.4)
    for ax, held_out in zip(axs, (False, True), strict=True):
        x = prompts(a["merges"], held_out)
        bars = {"demonstrators": shares(x, demonstrated)}
        for label, name in (("SFT", "sft"), ("PPO", "ppo")):
            bars[label] = shares(x, chance_by(a[name], a["h"]))
        for i, (label, share) in enumerate(bars.items()):
            colour = (COLOURS[5], COLOURS[1], COLOURS[0])[i]
            place = np.arange(6) + 0.26 * (i - 1)
            look = {"color": colour, "hatch": HATCHES[i], "edgecolor": "white"}
            ax.bar(place, 100 * share, 0.24, label=label, **look)
        ax.set_xticks(range(6), ["0", "1", "2", "3", "4", "no\nanswer"])
        ax.set(xlabel="words too many or too few", ylim=(0, 100))
        ax.set_title("prompts held out" if held_out else "prompts trained on")
    axs[0].set_ylabel("per cent of the answers")
    axs[0].legend()
    return fig


def answers(x, times):
    """Each prompt with its word said so many times."""
    rows = [[*prompt, *answer(asked(prompt)[0], times)] for prompt in x]
    return np.array(rows)


def chance_of(params, tokens, h):
    """How likely each answer is as a whole."""
    return np.exp(token_log_probs(params, tokens, PROMPT, h).sum(axis=-1))


def demonstrated(x, times):
    """The chance that a demonstrator says it so often: 0.6, or 0.2 beside."""
    off = (times - np.array([asked(row)[1] for row in x])) % (ANSWER - 1)
    return np.select([off == 0, (off == 1) | (off == ANSWER - 2)], [0.6, 0.2])


def chance_by(params, h):
    """The same of a model."""

    def chance(x, times):
        return chance_of(params, answers(x, times), h)

    return chance


def shares(x, chance):
    """The mean chance of being off by 0 to 4, and of no answer at all."""
    share = np.zeros(6)
    for times in range(1, ANSWER):
        off = mistakes(answers(x, times))
        np.add.at(share, off, chance(x, times) / len(x))
    share[5] = 1 - share.sum()
    return share
