"""Figures of entry 10: waiting, a tile in fast memory, a softmax in parts."""

import numpy as np

from snippets.figures import COLOURS, INK, canvas
from snippets.figures.blocks import box, diagram, say, wire
from snippets.figures.matrices import matrix
from snippets.flash_attention import (
    WORDS,
    flash_accesses,
    small_case,
    standard_accesses,
    tiles,
    update,
)

PYTORCH = {128: 36, 256: 104, 512: 336, 1024: 1184, 2048: 4416, 4096: 17024}
FLASH = {
    128: 22, 256: 44, 512: 104, 1024: 209, 2048: 418, 4096: 836,
    8192: 1672, 16384: 3344, 32768: 6688, 65536: 13376,
}  # fmt: skip

STAYS, PASSES = COLOURS[2], COLOURS[1]


def figure_waiting():
    """What products and traffic of Figure 2 take at best, and the clock."""
    fig, ax = canvas(height=2.0)
    product = 2 * 1024 * 1024 * 64 * 16 * 64 / 312e9  # ms at 312 TFLOP/s
    names = ("computing, at best", "moving, at best", "by the clock")
    for offset, colour, name, times in (
        (0.2, COLOURS[1], "standard", (6 * product, 40.3 / 1.5, 41.7)),
        (-0.2, COLOURS[0], "FlashAttention", (7 * product, 4.4 / 1.5, 7.3)),
    ):
        places = np.arange(3)[::-1] + offset
        ax.barh(places, times, height=0.36, color=colour, label=name)
        for place, time in zip(places, times, strict=True):
            ax.text(time + 0.4, place, f"{time:.1f}", va="center")
    ax.set_yticks([2, 1, 0], names)
    ax.set(xlabel="milliseconds", xlim=(0, 46))
    ax.legend(loc="upper right")
    return fig


def state_before(rows, last):
    """O, l and m of each word of the small case before one tile is done.

    Tiles of two words; `rows` of the queries still miss the keys `last`.
    """
    q, k, v = small_case()
    state = np.zeros((4, 2)), np.zeros(4), np.full(4, -np.inf)
    for cols in tiles(4, 2):
        for part in tiles(4, 2):
            if (part, cols) != (rows, last):
                s = q[part] @ k[cols].T / np.sqrt(2)
                new = update(*(x[part] for x in state), s, v[cols])
                for x, y in zip(state, new, strict=True):
                    x[part] = y
    return state


def figure_tiles():
    """The last tile of the small case: what is loaded, and what stays."""
    from matplotlib.patches import Rectangle

    fig, ax = diagram(3.0)
    q, k, v = small_case()
    last = slice(2, 4)
    o, l, m = state_before(last, last)
    cells = {"cell": (0.28, 0.2), "digits": 1, "size": 6.5}
    thin = cells | {"digits": 2, "cell": (0.31, 0.2)}
    for x, width, title in (
        (0.02, 3.98, "slow memory, HBM"),
        (4.22, 2.06, "fast memory, SRAM"),
    ):
        frame = {"facecolor": "none", "edgecolor": INK, "linewidth": 0.8}
        ax.add_patch(Rectangle((x, 0.03), width, 2.76, **frame))
        say(ax, (x + width / 2, 2.9), title, weight="bold")
    left, top = 0.5, 2.42
    shown = (
        ("$Q$", q, cells, PASSES),
        ("$K$", k, cells, STAYS),
        ("$V$", v, cells, STAYS),
        ("$O$", o, cells, PASSES),
        ("$\\ell$", l[:, None], thin, PASSES),
        ("$m$", m[:, None], thin, PASSES),
    )
    for name, values, how, colour in shown:
        rows = WORDS if name == "$Q$" else ()
        place = matrix(ax, (left, top), values, name, "", rows, **how)
        edge(ax, place.left, place.bottom, place.right, top - 0.4, colour)
        left = place.right + 0.1
    grid(ax, (0.6, 1.2))
    for x, y, name, values, how, colour in (
        (4.34, 2.42, "$K_2$", k[last], cells, STAYS),
        (5.04, 2.42, "$V_2$", v[last], cells, STAYS),
        (4.34, 1.6, "$Q_2$", q[last], cells, PASSES),
        (4.94, 1.6, "$O_2$", o[last], cells, PASSES),
        (5.54, 1.6, "$\\ell_2$", l[last, None], thin, PASSES),
        (5.89, 1.6, "$m_2$", m[last, None], thin, PASSES),
    ):
        place = matrix(ax, (x, y), values, name, "", (), **how)
        edge(ax, x, place.bottom, place.right, y, colour)
    s = q[last] @ k[last].T / np.sqrt(2) + 0.0
    p = np.exp(s - s.max(axis=1, keepdims=True))
    matrix(ax, (4.34, 0.72), s, "$S_{22}$", "", (), **cells)
    matrix(ax, (5.04, 0.72), p, "$\\tilde P_{22}$", "", (), **thin)
    for y, text in (
        (1.89, "stay for the whole round"),
        (1.07, "come and go with each tile"),
        (0.19, "are computed and forgotten"),
    ):
        say(ax, (4.32, y), text, ha="left", size=7)
    wire(ax, (4.0, 2.22), (4.22, 2.22), colour=STAYS, width=1.3)
    wire(ax, (4.0, 1.46), (4.22, 1.46), colour=PASSES, width=1.3)
    wire(ax, (4.22, 1.34), (4.0, 1.34), colour=PASSES, width=1.3)
    return fig


def edge(ax, left, bottom, right, top, colour):
    """A coloured frame around what is in use."""
    from matplotlib.patches import Rectangle

    style = {"facecolor": "none", "edgecolor": colour, "linewidth": 1.8}
    ax.add_patch(
        Rectangle((left, bottom), right - left, top - bottom, **style)
    )


def grid(ax, at):
    """The 4 x 4 scores that are never written, with the order of the tiles."""
    from matplotlib.patches import Rectangle

    (x, y), width, height = at, 0.62, 0.46
    for step, (j, i) in enumerate(((0, 0), (0, 1), (1, 0), (1, 1)), 1):
        corner = x + j * width, y - (i + 1) * height
        now = step == 4
        style = {
            "facecolor": "white",
            "edgecolor": INK if now else COLOURS[5],
            "linewidth": 1.8 if now else 0.6,
            "linestyle": "-" if now else "--",
            "zorder": 3 if now else 2,
        }
        ax.add_patch(Rectangle(corner, width, height, **style))
        centre = corner[0] + width / 2, corner[1] + height / 2
        say(ax, centre, str(step), size=9, zorder=4)
    for i, word in enumerate(WORDS):
        side = x - 0.06, y - (i + 0.5) * height / 2
        say(ax, side, word, ha="right", size=6.5)
    for i, words in enumerate(("the old", "cat sleeps")):
        say(ax, (x + (i + 0.5) * width, y + 0.1), words, size=6.5)
    say(ax, (2.1, 0.95), "The 4 × 4 scores are", ha="left", size=7)
    say(ax, (2.1, 0.8), "never written: four tiles,", ha="left", size=7)
    say(ax, (2.1, 0.65), "one after the other.", ha="left", size=7)
    say(ax, (2.1, 0.44), "This is the fourth.", ha="left", size=7)


def figure_running():
    """The row of “sleeps” in two tiles: maximum, sum and output so far."""
    fig, ax = diagram(2.75)
    q, k, v = small_case()
    s = q[3] @ k.T / np.sqrt(2)
    state = np.zeros((1, 2)), np.zeros(1), np.full(1, -np.inf)
    cells = {"cell": (0.5, 0.2), "digits": 0, "most": 10.0}
    for j, (x, cols) in enumerate(zip((0.72, 2.2), tiles(4, 2), strict=True)):
        names = WORDS[cols]
        side = () if j else ("$e^s$",)
        matrix(ax, (x, 2.3), np.exp(s[cols]), "", "", side, names, **cells)
        matrix(ax, (x, 2.02), v[cols].T, "", "", (), **cells)
        alone = update(
            np.zeros((1, 2)),
            np.zeros(1),
            np.full(1, -np.inf),
            s[None, cols],
            v[cols],
        )
        state = update(*state, s[None, cols], v[cols])
        say(ax, (x + 0.5, 2.62), f"tile {j + 1}", weight="bold")
        box(ax, (x + 0.5, 1.14), told(alone), COLOURS[5], (1.22, 0.62))
        wire(ax, (x + 0.5, 1.6), (x + 0.5, 1.45))
        if not j:
            first = state
    say(ax, (0.66, 1.82), "$v$", ha="right", size=7)
    say(ax, (0.52, 1.14), "alone", ha="right")
    say(ax, (0.52, 0.35), "so far", ha="right")
    box(ax, (1.22, 0.35), told(first), COLOURS[0], (1.22, 0.62))
    box(ax, (2.7, 0.35), told(state), COLOURS[0], (1.22, 0.62))
    wire(ax, (1.22, 0.83), (1.22, 0.66))
    wire(ax, (1.83, 0.35), (2.09, 0.35))
    wire(ax, (2.7, 0.83), (2.7, 0.66))
    shrink = float(np.exp(first[2] - state[2])[0])
    (old,), (more,), (total,) = first[1], alone[1], state[1]
    e, total_e = np.exp(s), np.exp(s).sum()
    parts = [f"{w:g} · ({a:g}, {b:g})" for w, (a, b) in zip(e, v, strict=True)]
    lines = (
        (f"$O$ = ({parts[0]} + {parts[1]}", 2.34),
        (f"        + {parts[2]} + {parts[3]}) / {total_e:g}", 2.15),
        (f"     = {pair(state)}", 1.96),
        ("Now the maximum is ln 4: what was", 1.28),
        (f"gathered under ln 2 counts × {shrink:g}.", 1.11),
        (f"$\\ell$ = {shrink:g} · {old:g} + {more:g} = {total:g}", 0.84),
        (
            f"$O$ = ({shrink * old:g} · {pair(first)} + {more:g} · "
            f"{pair(alone)}) / {total:g}",
            0.61,
        ),
        (f"     = {pair(state)}", 0.42),
    )
    say(ax, (3.62, 2.62), "in one go", ha="left", weight="bold")
    say(ax, (3.62, 1.54), "in two tiles", ha="left", weight="bold")
    for text, y in lines:
        say(ax, (3.62, y), text, ha="left")
    return fig


def pair(state):
    """The output of one query with two numbers."""
    return "({:g}, {:g})".format(*(state[0][0].round(9) + 0.0))


def told(state):
    """Maximum, sum and output, below each other."""
    _, l, m = state
    top = f"$m$ = ln {np.exp(m[0]):g}"
    return f"{top}\n$\\ell$ = {l[0]:g}\n$O$ = {pair(state)}"


def figure_traffic():
    """Numbers moved against the tile, for the head of GPT-2 medium."""
    fig, axs = canvas(columns=2, height=2.5, sharey=True)
    n, d = 1024, 64
    sizes = 2 ** np.arange(3, 11)
    for ax, backward, title in zip(
        axs, (False, True), ("forward", "backward"), strict=True
    ):
        moved = [flash_accesses(n, d, int(b), backward) for b in sizes]
        ax.loglog(sizes, moved, color=COLOURS[0], marker="o", ms=3)
        ax.axhline(standard_accesses(n, d, backward), color=COLOURS[1])
        once = (8 if backward else 4) * n * d
        ax.axhline(once, color=INK, lw=0.6, ls=":")
        fits = 192 * 1024 // 2 // (4 * d)
        ax.axvline(fits, color=INK, lw=0.6)
        ax.text(fits * 0.9, 2e7, "192 KB", ha="right")
        ax.text(8, standard_accesses(n, d, backward) * 1.15, "standard")
        ax.text(18, moved[1] * 1.1, "tiled", color=COLOURS[0])
        ax.text(8, once * 1.1, "each number once")
        ax.set_title(title)
        ax.set_xlabel("keys in a tile, $B_c$")
        ax.set_xticks(sizes, [str(b) for b in sizes])
        ax.minorticks_off()
    axs[0].set_ylabel("numbers moved")
    return fig


def figure_memory():
    """Table 21 of the paper, and the two counts that reproduce it."""
    fig, ax = canvas(height=2.6)
    lengths = 2 ** np.arange(7, 17)
    heads, unit = 16 * 8, 2**20
    quadratic = heads * (4 * lengths**2 + 10 * lengths * 64) * 2 / unit
    tensors = np.where(lengths <= 256, 11, 13)
    linear = heads * (tensors * lengths * 64 * 2 + 2 * lengths * 4) / unit
    ax.loglog(lengths, quadratic, color=COLOURS[1])
    ax.loglog(lengths, linear, color=COLOURS[0])
    ax.loglog(*zip(*PYTORCH.items(), strict=True), "o", color=COLOURS[1])
    ax.loglog(*zip(*FLASH.items(), strict=True), "o", color=COLOURS[0])
    ax.axhline(40 * 1024, color=INK, lw=0.6, ls=":")
    ax.text(130, 48000, "the GPU's 40 GB")
    ax.text(900, 3500, "PyTorch", color=COLOURS[1], ha="right")
    ax.text(9000, 900, "FlashAttention", color=COLOURS[0])
    ax.set_ylim(10, 2e5)
    ax.set_xlabel("sequence length $N$")
    ax.set_ylabel("memory, MB")
    ax.set_xticks(lengths, [str(n) for n in lengths])
    ax.minorticks_off()
    return fig
