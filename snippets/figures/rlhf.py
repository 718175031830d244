"""Figures of RLHF: a map, a case, the clip, the frontier, two leashes."""

import numpy as np
from autograd import grad

from snippets.figures import COLOURS, INK, canvas
from snippets.figures.blocks import box, diagram, say, wire
from snippets.figures.instructgpt import answers, chance_of
from snippets.figures.matrices import matrix
from snippets.instructgpt import load_aligned, prompts, ranking_loss, reward
from snippets.layers import softmax
from snippets.rlhf import (
    best_of_n,
    gae,
    kl,
    optimum,
    ppo_clip,
    rank_answers,
    td_errors,
)

PEOPLE, MODEL, TRAINING, LEASH = (COLOURS[i] for i in (1, 0, 2, 3))
DRAWS = (2, 4, 8, 16)


def figure_map():
    """PPO's two leashes, and three ways from rankings to answers."""
    fig, ax = diagram(2.55)
    say(ax, (1.4, 2.42), "PPO has two leashes", weight="bold")
    for y, text, colour in (
        (
            0.33,
            "$\\pi_\\mathrm{ref}$, the SFT model,\nnever moves",
            COLOURS[5],
        ),
        (
            1.15,
            "$\\pi_\\mathrm{old}$, which drew this batch;\n"
            "the next batch has a new one",
            MODEL,
        ),
        (1.97, "$\\pi_\\theta$, the policy in training", TRAINING),
    ):
        box(ax, (1.15, y), text, colour, (1.8, 0.42), size=7)
    wire(ax, (0.8, 1.36), (0.8, 1.76), head=False, colour=LEASH, width=1.6)
    clip = "clip: no gain beyond 1 ± ε"
    say(ax, (0.88, 1.56), clip, ha="left", size=7)
    long = [(2.05, 0.33), (2.25, 0.33), (2.25, 1.97), (2.05, 1.97)]
    wire(ax, *long, head=False, colour=LEASH, width=1.6)
    say(ax, (2.33, 1.15), "KL\npenalty,\n$\\beta$", ha="left", size=7)
    say(ax, (4.6, 2.42), "Three ways from rankings to answers", weight="bold")
    box(ax, (3.62, 1.97), "rankings\nby people", PEOPLE, (0.9, 0.42), size=7)
    box(ax, (3.62, 0.74), "reward\nmodel", MODEL, (0.9, 0.42), size=7)
    for y, text, colour in (
        (1.97, "DPO trains on the pairs;\nit draws no answers", TRAINING),
        (
            1.15,
            "PPO trains on answers that\nit draws, and their rewards",
            TRAINING,
        ),
        (
            0.33,
            "best of $n$ trains nothing;\nit draws $n$ and keeps one",
            MODEL,
        ),
    ):
        box(ax, (5.35, y), text, colour, (1.75, 0.42), size=7)
    wire(ax, (4.07, 1.97), (4.47, 1.97))
    wire(ax, (3.62, 1.76), (3.62, 0.95))
    for y in (1.15, 0.33):
        wire(ax, (4.07, 0.74), (4.27, 0.74), (4.27, y), (4.47, y))
    return fig


def four_answers():
    """The chances and rewards of very, once to four times, when asked for two.

    The chances are those of the SFT model, made to sum to one.
    """
    a = load_aligned()
    x = prompts(a["merges"], held_out=True)[5:6]  # Say very 2 times:
    tokens = np.concatenate([answers(x, times) for times in range(1, 5)])
    chances = chance_of(a["sft"], tokens, a["h"])
    return chances / chances.sum(), reward(a["reward"], tokens, a["h"])


def figure_four():
    """Four answers: their rewards, factors, chances, and chances at best."""
    (ref, r), beta = four_answers(), 5.0
    best, log_z = optimum(ref, r, beta)
    words = [f"{('very ' * times).strip()}." for times in range(1, 5)]
    columns = (
        ("reward", "$r(y)$", r, 1, words),
        ("factor", "$e^{r(y)/\\beta}$", np.exp(r / beta), 2, ()),
        ("chance", "$\\pi_\\mathrm{ref}(y)$", ref, 2, ()),
        ("at best", "$\\pi^*(y)$", best, 2, ()),
    )
    fig, ax = diagram(1.65)
    say(ax, (0.85, 1.42), "Say very 2 times:", weight="bold")
    for i, (name, shape, values, digits, rows) in enumerate(columns):
        look = {"rows": rows, "cell": (0.74, 0.24), "digits": digits}
        at = 1.85 + 1.13 * i, 1.25
        matrix(ax, at, values[:, None], name, shape, **look, size=8)
    wire(ax, (2.63, 0.77), (2.95, 0.77))
    say(ax, (3.92, 0.77), "×", size=11)
    wire(ax, (4.89, 0.77), (5.21, 0.77))
    say(ax, (5.05, 0.9), f"÷{float(np.exp(log_z)):.2f}", size=7)
    return fig


def figure_advantages():
    """Three tokens, from what each earned to its advantage."""
    earned, v = three_tokens()
    rows = {
        "earned $r_t$": earned,
        "value $V(s_t)$": v[:-1],
        "TD error $\\delta_t$": td_errors(earned, v, 1.0),
        "advantage $\\hat A_t$, λ = 0.95": gae(earned, v, 1.0, 0.95),
        "advantage $\\hat A_t$, λ = 1": gae(earned, v, 1.0, 1.0),
    }
    fig, ax = diagram(1.65)
    matrix(
        ax,
        (2.6, 1.42),
        np.stack(list(rows.values())),
        rows=list(rows),
        columns=("very", "very", "."),
        cell=(0.8, 0.26),
        digits=1,
        size=8,
    )
    return fig


def three_tokens():
    """What the tokens of very very. earn, and the value before each.

    The value is the SFT model's mean reward, over the four answers, from
    there on; after the last token it is 0.
    """
    ref, r = four_answers()
    v = [ref[i:] @ r[i:] / ref[i:].sum() for i in (0, 0, 1)]
    return np.array([0.0, 0.0, r[1]]), np.array([*v, 0.0])


def figure_clip():
    """The clipped objective against the ratio, for either sign of A."""
    ratio = np.linspace(0, 2, 201)
    fig, axs = canvas(columns=2, height=2.2)
    for ax, sign in zip(axs, (1.0, -1.0), strict=True):
        adv = np.full_like(ratio, sign)
        ax.plot(ratio, ratio * adv, "--", color=COLOURS[5], linewidth=0.9)
        ax.plot(ratio, ppo_clip(ratio, adv), color=COLOURS[0])
        ax.plot([1], [sign], "o", color=COLOURS[1], markersize=4)
        ax.set_title("$\\hat A = 1$" if sign > 0 else "$\\hat A = -1$")
        ax.axvline(1 + 0.2 * sign, color=INK, linewidth=0.5, linestyle=":")
        ax.set_xlabel("$\\rho_t(\\theta)$")
    axs[0].set_ylabel("objective")
    return fig


def figure_frontier():
    """Reward against KL: the optimum over beta, and the best of n draws."""
    fig, axs = canvas(columns=3, height=2.2)
    betas = np.geomspace(0.02, 50, 200)[:, None]
    for i, (ax, ref, r) in enumerate(zip(axs, *table(), strict=True)):
        order = np.argsort(-r)
        ref, r = ref[order], r[order]
        same = np.tile(ref, (len(betas), 1))
        best, _ = optimum(same, r / betas, 1.0)
        ax.plot(kl(best, same), (best - ref) @ r, color=COLOURS[0])
        drawn = np.stack([best_of_n(ref, n) for n in DRAWS])
        spot = kl(drawn, same[: len(DRAWS)]), (drawn - ref) @ r
        ax.plot(*spot, "o", color=COLOURS[1], markersize=4)
        for n, x, y in zip(DRAWS, *spot, strict=True):
            ax.annotate(str(n), (x, y), (5, -8), textcoords="offset points")
        ax.set(xlabel="KL from $\\pi_\\mathrm{ref}$", title=f"prompt {i + 1}")
        ax.set(xlim=(0, 1.15 * kl(best, same)[0]), ylim=(0, None))
    axs[0].set_ylabel("gain in reward")
    return fig


def table():
    """The page's SFT policy and fitted rewards of three prompts."""
    rng = np.random.default_rng(0)
    taste, habit = rng.normal(size=(2, 3, 6))
    counts = np.stack([rng.multinomial(60, softmax(row)) for row in habit]) + 1
    ranked = np.stack([rank_answers(row, 4, 500, rng) for row in taste])
    rows = np.arange(3)[:, None, None]
    slope = grad(lambda r: 3 * ranking_loss(r[rows, ranked]))
    r = np.zeros((3, 6))
    for _ in range(60):
        r = r - 4 * slope(r)
    return counts / counts.sum(axis=-1, keepdims=True), r


def figure_leash():
    """Reward, mistakes and KL of PPO on the tiny model, with two leashes."""
    a = load_aligned()
    fig, axs = canvas(columns=3, height=2.3)
    for label, name, colour in (
        ("β = 1", "history", COLOURS[0]),
        ("β = 0.02", "loose", COLOURS[1]),
    ):
        for ax, curve in zip(axs, a[name].T, strict=True):
            ax.plot(curve, color=colour, label=label)
    names = ("reward (proxy)", "mistakes (truth)", "KL from SFT, in nats")
    for ax, title in zip(axs, names, strict=True):
        ax.set_title(title)
        ax.set_xlabel("iteration")
    axs[1].set_ylim(0, None)
    axs[0].legend(loc="upper left")
    return fig
