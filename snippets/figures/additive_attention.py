"""What entry 1 draws."""

import numpy as np

from snippets.additive_attention import (
    ENGLISH,
    FRENCH,
    additive_attention,
    energies,
    gru,
    learn,
    small_case,
    translate,
    translation_loss,
    vectors,
)
from snippets.figures import COLOURS, INK, canvas
from snippets.figures.blocks import box, diagram, say, wire
from snippets.figures.matrices import matrix
from snippets.layers import softmax

PHRASE = "the European Economic Area"
READS, WRITES = COLOURS[0], COLOURS[1]


def figure_chain():
    """The source squeezed into one vector, and all of its states kept."""
    french, alignment = translate(PHRASE, *learn(40))
    fig, ax = diagram(2.95)
    for left, title in ((0.0, "one vector"), (3.25, "attention")):
        say(ax, (left + 1.55, 2.83), title, weight="bold", size=9)
        xs = [left + 0.42 + 0.75 * i for i in range(4)]
        for i, x in enumerate(xs):
            say(ax, (x, 0.13), PHRASE.split()[i], color=READS, size=7.5)
            wire(ax, (x, 0.22), (x, 0.4), colour=READS)
            name = f"$h_{i + 1}$"
            box(ax, (x, 0.56), name, READS, (0.4, 0.32))
            box(ax, (x, 2.14), f"$s_{i + 1}$", WRITES, (0.4, 0.32))
            wire(ax, (x, 2.3), (x, 2.48), colour=WRITES)
            say(ax, (x, 2.58), french[i], color=WRITES, size=7.5)
        for x in xs[:-1]:
            low = 0.61 if left else 0.56
            wire(ax, (x + 0.2, low), (x + 0.55, low), colour=READS)
            wire(ax, (x + 0.2, 2.14), (x + 0.55, 2.14), colour=WRITES)
            if left:
                wire(ax, (x + 0.55, 0.49), (x + 0.2, 0.49), colour=READS)
        middle = (xs[1], 1.42) if left else (xs[-1], 1.2)
        box(ax, middle, "$c_2$" if left else "$c$", INK, (0.36, 0.3))
        if left:
            seen(ax, xs, middle, alignment[1])
            wire(ax, (xs[1], 1.57), (xs[1], 1.98))
            turn = xs[0] + 0.1
            ask = (turn, 1.98), (turn, 1.42), (xs[1] - 0.18, 1.42)
            wire(ax, *ask, style=":")
            say(ax, (turn - 0.04, 1.62), "asks", ha="right", size=7)
        else:
            wire(ax, (xs[-1], 0.72), (xs[-1], 1.05))
            for x in xs:
                wire(ax, (xs[-1], 1.35), (x, 1.98))
    return fig


def seen(ax, xs, middle, alpha):
    """Lines from the annotations to a context, as wide as their weights."""
    for x, weight in zip(xs, alpha, strict=True):
        at = (middle[0] + 0.06 * np.sign(x - middle[0]), middle[1] - 0.15)
        width = max(0.5, 4 * weight)
        wire(ax, (x, 0.72), at, width=width, head=False, colour=READS)
        side = -0.17 if x < middle[0] else 0.17
        say(ax, (x + side, 0.82), f"{weight:.2f}", size=7)


def figure_one_step():
    """From the state to the chances of the second French word."""
    w_a, u_a, v_a, w_o = learn(40)
    h, s = vectors(PHRASE), np.eye(len(FRENCH) + 1)[0]
    e = energies(s, h, w_a, u_a, v_a)
    alpha, c = additive_attention(s, h, w_a, u_a, v_a)
    read, known = tuple(PHRASE.split()), (*FRENCH, "(start)")
    fig, ax = diagram(2.15)
    cells, middle = {"cell": (0.4, 0.26), "size": 7}, 1.02
    steps = (
        (0.72, s, "$s_1$, written last", known, {"digits": 0, "most": 1.0}),
        (2.06, e, "$e_{2j}$", read, {"digits": 2, "most": 6.0}),
        (3.06, alpha, "$\\alpha_{2j}$", (), {"digits": 2, "most": 1.0}),
        (4.36, c, "$c_2$, read", ENGLISH, {"digits": 2, "most": 1.0}),
        (5.82, softmax(w_o @ c), "to write", FRENCH, {"digits": 2, "most": 1}),
    )
    for left, values, name, rows, look in steps:
        top = middle + 0.13 * len(values)
        shape = f"{len(values)}"
        at, column = (left, top), values[:, None]
        matrix(ax, at, column, name, shape, rows, **cells | look)
    for left, right, words in (
        (1.16, 1.48, ""),
        (2.5, 3.02, "softmax"),
        (3.5, 3.74, "mean"),
        (4.8, 5.1, "$W_o$"),
    ):
        wire(ax, (left, middle), (right, middle))
        say(ax, ((left + right) / 2, middle + 0.12), words, size=6.5)
    return fig


def figure_gates():
    """How far two states are still apart after more and more words."""
    fig, ax = canvas(height=1.9)
    noise = np.random.default_rng(1).normal(size=(50, 1))
    words = np.hstack([noise, np.ones((50, 1))])
    one, no = np.ones((1, 1)), np.zeros((1, 1))
    for push, name, style in (
        (-4.0, "z = 0.02", "-"),
        (-2.0, "z = 0.12", "--"),
        (1e3, "z = 1: a plain network", ":"),
    ):
        p = {"w": np.array([[1.0, 0]]), "w_z": np.array([[0, push]])}
        p |= {"w_r": np.array([[0, 1e3]]), "u": one, "u_z": no, "u_r": no}
        high, low = (gru(words, np.array([s]), p)[:, 0] for s in (0.8, -0.8))
        apart = np.concatenate([[1.6], high - low])
        ax.plot(range(51), apart, linestyle=style, label=name)
    ax.set(xlabel="words read", ylabel="distance", xlim=(0, 50), ylim=(0, 1.7))
    ax.legend(loc="center right", bbox_to_anchor=(1, 0.43))
    return fig


def figure_learning():
    """The alignment of a phrase never seen, after more and more steps."""
    fig, ax = diagram(2.15)
    for steps, left in ((0, 0.33), (20, 2.35), (40, 4.37)):
        weights = learn(steps)
        french, alignment = translate(PHRASE, *weights)
        loss = float(translation_loss(*weights, *small_case()))
        place = matrix(
            ax,
            (left, 1.55),
            alignment,
            rows=("1st", "2nd", "3rd", "4th") if not steps else (),
            columns=PHRASE.split(),
            cell=(0.477, 0.27),
            digits=2,
            most=1.0,
            size=6.5,
        )
        x = place.centre[0]
        title = f"after {steps} steps" if steps else "at the start"
        say(ax, (x, 2.0), title, weight="bold")
        say(ax, (x, 1.83), f"loss {loss:.2f}", size=7)
        say(ax, (x, 0.3), "writes", size=6.5)
        say(ax, (x, 0.14), " ".join(french), size=6.5, color=WRITES)
    return fig


def figure_alignment():
    """Four French words against four English ones, with and without tanh."""
    english = ["the", "European", "Economic", "Area"]
    french = ["la", "zone", "économique", "européenne"]
    wanted, h = np.eye(4)[[0, 3, 2, 1]], np.eye(4)
    w_a, u_a, v_a = 20 * np.eye(4), 20 * np.eye(4), -np.log(17) * np.ones(4)
    bent = [additive_attention(s, h, w_a, u_a, v_a)[0] for s in wanted]
    straight = softmax((wanted @ w_a.T)[:, None] @ v_a + h @ u_a.T @ v_a)
    fig, axs = canvas(columns=2, height=2.5, sharey=True)
    titles = ["as in the paper", "without the tanh"]
    for ax, alpha, title in zip(axs, [bent, straight], titles, strict=True):
        image = ax.imshow(alpha, cmap="Greys", vmin=0, vmax=1)
        ax.set_xticks(range(4), english, rotation=30, ha="right")
        ax.set_yticks(range(4), french)
        ax.set(title=title)
        ax.spines[:].set_visible(False)
    fig.colorbar(image, ax=axs, label=r"weight $\alpha_{ij}$")
    return fig


def figure_training_set():
    """The sizes of the training set that five rounded rows allow."""
    runs = {
        "RNNenc-30": (8.46, 6.4),
        "RNNenc-50": (6.00, 4.5),
        "RNNsearch-30": (4.71, 3.6),
        "RNNsearch-50": (2.88, 2.2),
        "RNNsearch-50*": (6.67, 5.0),
    }
    low = [(u - 0.005) * 8 / (e + 0.05) for u, e in runs.values()]
    high = [(u + 0.005) * 8 / (e - 0.05) for u, e in runs.values()]
    fig, ax = canvas(height=2.0)
    rows = range(len(runs))
    ax.hlines(rows, low, high, color=COLOURS[0], linewidth=5)
    ax.axvspan(max(low), min(high), color=COLOURS[1], alpha=0.35, linewidth=0)
    ax.set_yticks(rows, list(runs))
    ax.margins(y=0.15)
    ax.invert_yaxis()
    ax.set(xlabel="sentence pairs of the training set, in millions")
    return fig
