"""Figures of RLHF: the clip, and the tiny model on a leash and without."""

import numpy as np

from snippets.figures import COLOURS, INK, canvas
from snippets.instructgpt import load_aligned
from snippets.rlhf import ppo_clip


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
        ax.set_xlabel("$r_t(\\theta)$")
    axs[0].set_ylabel("objective")
    return fig


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
