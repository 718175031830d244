"""Figures of entry 4: errors of random features, capacity of a memory."""

import numpy as np

from snippets.fast_weights import capacity_loss, kernel_errors
from snippets.figures import COLOURS, canvas


def figure_features():
    """The relative error of each kind of features, against the angle."""
    angles = np.linspace(0, np.pi, 121)
    x = np.array([1.0, 0.0])
    rows = [
        (np.exp(2 * np.cos(a)), kernel_errors(x, y, m=1))
        for a in angles
        for y in [np.array([np.cos(a), np.sin(a)])]
    ]
    fig, ax = canvas(height=2.6)
    for kind, label, colour in (
        ("trig", "trigonometric", COLOURS[1]),
        ("plus", "positive", COLOURS[0]),
        ("hyper", "positive, each draw used twice", COLOURS[2]),
    ):
        error = np.sqrt([errors[kind] / sm2 for sm2, errors in rows])
        ax.plot(np.degrees(angles), error, color=colour, label=label)
    ax.set(xlabel="angle, in degrees", ylabel="relative error", ylim=(0, 8))
    ax.set_xticks(range(0, 181, 30))
    ax.legend()
    return fig


def figure_capacity():
    """The least loss of a memory, by formula and by least squares."""
    rng = np.random.default_rng(0)
    pairs = np.arange(1, 601)
    fig, ax = canvas(height=2.6)
    for c, colour in zip((64, 128, 256, 384), COLOURS, strict=False):
        bound = [capacity_loss(int(s), c) for s in pairs]
        ax.plot(pairs, bound, color=colour)
        ax.annotate(f"{c} features", (610, bound[-1]), va="center")
        for s in range(50, 601, 110):
            keys = rng.normal(size=(c, s))
            misses = np.eye(s) - np.linalg.pinv(keys) @ keys
            ax.plot(s, np.sum(misses**2) / (2 * s), ".", color=colour)
    ax.set(xlabel="pairs", ylabel="loss", xlim=(0, 720), ylim=(-0.01, 0.5))
    ax.set_xticks(range(0, 601, 100))
    return fig
