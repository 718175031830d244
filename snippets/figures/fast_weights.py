"""Figures of entry 4: a memory written and asked, its errors and capacity."""

import numpy as np

from snippets.fast_weights import (
    DRINKS,
    PEOPLE,
    capacity_loss,
    delta_write,
    fast_weights,
    kernel_errors,
    small_case,
    write,
)
from snippets.figures import COLOURS, INK, canvas
from snippets.figures.blocks import diagram, say, wire
from snippets.figures.matrices import matrix

CELLS = {"cell": (0.29, 0.27), "digits": 1, "most": 1.3, "size": 6.5}


def figure_case():
    """Three outer products, their sum, and an answer that is read from it."""
    keys, values = small_case()
    fig, ax = diagram(1.92)
    top, w = 1.1, np.zeros((3, 2))
    for i, (k, v) in enumerate(zip(keys, values, strict=True)):
        left = 0.42 + 1.32 * i
        words = DRINKS if i == 0 else ()
        say(ax, (left + 0.47, 1.8), f"{PEOPLE[i]} drinks {DRINKS[i]}.")
        matrix(ax, (left, top), v[:, None], "$v$", "", words, **CELLS)
        matrix(ax, (left + 0.36, 1.54), k, **CELLS)
        say(ax, (left + 0.31, 1.4), "$k$", ha="right")
        shape = f"$v_{i + 1}\\, k_{i + 1}^\\top$"
        outer = matrix(
            ax, (left + 0.36, top), np.outer(v, k), "", shape, **CELLS
        )
        sign = "+" if i < 2 else "="
        say(ax, (outer.right + 0.15, outer.centre[1]), sign, size=11)
        w = write(w, k, v)
    memory = matrix(ax, (4.38, top), w, "$W$", "3 × 2", **CELLS)
    say(ax, (5.3, 1.8), "What does Ann drink?")
    middle = memory.centre[1]
    say(ax, (memory.right + 0.09, middle), "·", size=11)
    q = keys[0][:, None]
    asked = matrix(ax, (5.14, middle + 0.27), q, "$q$", "", **CELLS)
    say(ax, (asked.right + 0.13, middle), "=", size=11)
    answer = matrix(ax, (5.69, top), w @ q, "$Wq$", "", **CELLS)
    for i, word in enumerate(DRINKS):
        spot = answer.right + 0.05, answer.top - (i + 0.5) * 0.27
        say(ax, spot, word, ha="left", size=6.5)
    return fig


def arrows(ax, keys):
    """The keys in the plane, and what Eve's shares with the other two."""
    origin, unit = np.array([0.42, 0.36]), 1.12
    tips = [origin + unit * key for key in keys]
    sides = {"ha": "left"}, {"va": "bottom"}, {"ha": "left", "va": "bottom"}
    for name, tip, colour, side in zip(
        PEOPLE, tips, COLOURS[:3], sides, strict=True
    ):
        wire(ax, origin, tip, colour=colour, width=1.6)
        say(ax, tip + np.array([0.03, 0.02]), name, color=colour, **side)
    for shadow in ((keys[2, 0], 0.0), (0.0, keys[2, 1])):
        foot = origin + unit * np.array(shadow)
        wire(ax, tips[2], foot, head=False, style=":", colour=COLOURS[2])
    x, y = origin
    say(ax, (x + unit * 0.6, y - 0.11), "0.6", size=7)
    say(ax, (x - 0.06, y + unit * 0.8), "0.8", size=7, ha="right")


def figure_keys():
    """Three keys in a plane; the answers to all, with both rules."""
    keys, values = small_case()
    fig, ax = diagram(1.84)
    arrows(ax, keys)
    added, by_delta = np.zeros((3, 2)), np.zeros((3, 2))
    answers = []
    for k, v in zip(keys, values, strict=True):
        added, by_delta = write(added, k, v), delta_write(by_delta, k, v)
        answers.append(added @ keys.T)
    tables = (
        (2.3, "two pairs", answers[1][:, :2]),
        (3.6, "a third, added", answers[2]),
        (5.14, "a third, delta rule", by_delta @ keys.T),
    )
    say(ax, (2.24, 0.18), "best:", size=6.5, ha="right")
    for left, title, table in tables:
        words = DRINKS if left < 3 else ()
        asked = PEOPLE[: table.shape[1]]
        cells = CELLS | {"cell": (0.36, 0.3), "digits": 2}
        table = table.round(9) + 0.0
        spot = matrix(ax, (left, 1.22), table, "", "", words, asked, **cells)
        say(ax, (spot.centre[0], 1.64), title, weight="bold", size=7.5)
        for i, wanted in enumerate(DRINKS[: len(asked)]):
            best = DRINKS[int(table[:, i].argmax())]
            right = best == wanted
            font = {} if right else {"style": "italic", "color": COLOURS[1]}
            say(ax, (left + (i + 0.5) * 0.36, 0.18), best, size=6.5, **font)
    return fig


def hidden(ax, place, cell):
    """Greys what lies above the diagonal of a square table."""
    from matplotlib.patches import Rectangle

    width, height = cell
    n = round((place.right - place.left) / width)
    for i, j in zip(*np.triu_indices(n, k=1), strict=True):
        corner = place.left + j * width, place.top - (i + 1) * height
        look = {"facecolor": "#d9d9d9", "edgecolor": INK, "zorder": 5}
        ax.add_patch(Rectangle(corner, *cell, linewidth=0.4, **look))


def figure_routes():
    """A state that is carried along, and a table of all earlier positions."""
    keys, values = small_case()
    q = np.tile(keys[0], (3, 1))
    fig, ax = diagram(2.42)
    say(ax, (1.7, 2.31), "one after the other: a state", weight="bold")
    say(ax, (4.98, 2.31), "all at once: a table", weight="bold")
    cells = CELLS | {"cell": (0.25, 0.22)}
    w = np.zeros((3, 2))
    for i, read in enumerate(fast_weights(q, keys, values)):
        left = 0.66 + 1.0 * i
        w = write(w, keys[i], values[i])
        words = DRINKS if i == 0 else ()
        spot = matrix(ax, (left, 1.68), w, "", "", words, **cells)
        added = f"${{}}+v_{i + 1} k_{i + 1}^\\top$"
        say(ax, (left + 0.25, 2.07), added)
        wire(ax, (left + 0.25, 1.97), (left + 0.25, 1.71))
        if i:
            wire(ax, (left - 0.46, 1.35), (left - 0.04, 1.35))
        wire(ax, (left + 0.25, spot.bottom - 0.03), (left + 0.25, 0.76))
        say(ax, (left + 0.31, 0.89), f"$q_{i + 1}$", ha="left", size=7)
        y = matrix(ax, (left - 0.125, 0.73), read, "", "", **cells)
        say(ax, (y.centre[0], 0.39), f"$y_{i + 1}$")
    say(ax, (1.7, 0.12), "keeps 6 numbers, however long the text", size=7)
    grid = cells | {"cell": (0.31, 0.28)}
    names = {c: [f"${c}_{i}$" for i in (1, 2, 3)] for c in "qkv"}
    shape = "$q_i \\cdot k_j$, for $j \\leq i$"
    spot = matrix(
        ax, (4.0, 1.68), q @ keys.T, "", shape, names["q"], names["k"], **grid
    )
    hidden(ax, spot, grid["cell"])
    say(ax, (spot.right + 0.13, spot.centre[1]), "·", size=11)
    v_at = (5.3, 1.68)
    matrix(ax, v_at, values, "", "values $v_j$", names["v"], DRINKS, **grid)
    kept = "keeps every key and value:\n5 numbers more for each sentence"
    say(ax, (4.98, 0.2), kept, size=7)
    return fig


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
    for kind, label, colour, dash in (
        ("trig", "trigonometric", COLOURS[1], "-"),
        ("plus", "positive", COLOURS[0], "-"),
        ("hyper", "positive, each draw used twice", COLOURS[2], "--"),
    ):
        error = np.sqrt([errors[kind] / sm2 for sm2, errors in rows])
        ax.plot(np.degrees(angles), error, color=colour, ls=dash, label=label)
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
