"""Figures of the foundations: from a text to the next token, and learning."""

import numpy as np
from autograd import grad

from snippets.figures import COLOURS, INK, canvas
from snippets.figures.blocks import box, diagram, say, wire
from snippets.figures.matrices import matrix
from snippets.gpt import adam, decode, encode, gpt, load_tiny
from snippets.layers import log_softmax, picked, sigmoid, softmax

BEGUN = "'Why,' said the"
SENTENCE = f"{BEGUN} Mock Turtle."
SMALL = {"size": 7}


def words(tokens, merges):
    """Each token as text, its space as a mark that can be seen."""
    found = [decode([int(token)], merges).decode() for token in tokens]
    return [word.replace(" ", "␣") for word in found]


# -- from a text to the next token -------------------------------------------


def figure_next_token():
    """Text, tokens, vectors, the model, scores, chances."""
    params, merges, h = load_tiny()
    tokens = np.array(encode(BEGUN, merges))
    scores = gpt(params, tokens, h)[-1]
    best = np.argsort(-scores)[:6]
    fig, ax = diagram(2.55)
    rows = 1.95 - 0.26 * np.arange(len(tokens))
    for y, word, token in zip(
        rows, words(tokens, merges), tokens, strict=True
    ):
        box(ax, (0.4, y), word, COLOURS[1], (0.62, 0.21), **SMALL)
        say(ax, (1.0, y), str(token), **SMALL)
        vector, at = params["tok_emb"][token, :6], (1.36, y + 0.09)
        place = matrix(ax, at, vector, cell=(0.15, 0.18), most=0.3)
        say(ax, (place.right + 0.12, y), "…", **SMALL)
        wire(ax, (place.right + 0.24, y), (2.88, y))
    box(ax, (3.28, rows.mean()), "model", COLOURS[0], (0.78, 1.8))
    strip = matrix(
        ax,
        (4.66, 1.9),
        scores[best][:, None],
        rows=words(best, merges),
        cell=(0.38, 0.24),
        digits=1,
    )
    ahead = strip.centre[1]
    wire(ax, (3.67, ahead), (4.15, ahead))
    bars(ax, strip, softmax(scores)[best])
    heads = {0.4: "tokens", 1.0: "number", 1.9: "vectors"}
    for x, text in (heads | {4.72: "scores", 5.55: "chances"}).items():
        say(ax, (x, 2.36), text, weight="bold")
    say(ax, (1.9, 0.1), "6 of 64 numbers each", **SMALL)
    say(ax, (5.1, 0.1), "the 6 best of 512 tokens", **SMALL)
    return fig


def bars(ax, strip, chances):
    """The chances that belong to a strip of scores, to its right."""
    height = (strip.top - strip.bottom) / len(chances)
    for i, chance in enumerate(chances):
        y, left = strip.top - (i + 0.5) * height, strip.right + 0.1
        ax.barh(y, 2 * chance, 0.6 * height, left=left, color=COLOURS[0])
        spot = left + 2 * chance + 0.05, y
        say(ax, spot, f"{100 * chance:.0f} %", ha="left", **SMALL)


def figure_embedding():
    """A one-hot vector times a table is a row of the table."""
    params, merges, _ = load_tiny()
    tokens = np.array(encode(BEGUN, merges))[3:]
    table, hot = params["tok_emb"][tokens, :6], np.eye(len(tokens))[2]
    names, font = words(tokens, merges), {"cell": (0.38, 0.22)}
    fig, ax = diagram(1.6)
    at = 0.1, 0.87
    left = matrix(ax, at, hot, columns=names, digits=0, **font)
    say(ax, (left.centre[0], left.top + 0.28), "one-hot", size=8)
    font |= {"digits": 2, "most": 0.4}
    middle = matrix(ax, (2.3, 1.2), table, "table", rows=names, **font)
    at = middle.right + 0.24, middle.centre[1] + 0.09
    font = {"cell": (0.22, 0.22), "most": 0.4}
    right = matrix(ax, at, hot @ table, names[2], **font)
    y = right.centre[1]
    say(ax, ((left.right + 1.8) / 2, y), "@")
    say(ax, ((middle.right + right.left) / 2, y), "=")
    for place, text in ((left, "1 × 4"), (middle, "4 × 6"), (right, "1 × 6")):
        say(ax, (place.centre[0], 0.16), text, **SMALL)
    return fig


# -- surprise ----------------------------------------------------------------


def figure_surprise():
    """The surprise of the tiny model at each token of a sentence."""
    params, merges, h = load_tiny()
    tokens = np.array(encode(SENTENCE, merges))
    log_p = log_softmax(gpt(params, tokens[:-1], h))
    surprise = -picked(log_p, tokens[1:])
    fig, ax = canvas(height=2.1)
    place = np.arange(len(surprise))
    blank = {"facecolor": "white", "edgecolor": "none", "pad": 1}
    over = SMALL | {"bbox": blank}
    ax.bar(place, surprise, 0.7, color=COLOURS[0])
    for x, height in zip(place, surprise, strict=True):
        ax.text(x, height + 0.08, f"{height:.1f}", ha="center", **over)
    mean, last = surprise.mean(), len(place) - 0.4
    ax.axhline(mean, color=COLOURS[1], linewidth=1, linestyle="--")
    colour = {"color": COLOURS[1], "va": "center"}
    ax.text(last + 0.1, mean, f"mean\n{mean:.2f}", **colour)
    ax.set_xticks(place, words(tokens[1:], merges))
    ax.set(ylabel="surprise in nats", ylim=(0, 3.6), xlim=(-0.6, last))
    return fig


# -- learning ----------------------------------------------------------------


def figure_backpropagation():
    """One unit, forward and backward, with its numbers."""
    w, x, b = np.array([1.5, 2.0, -1.0])
    z = w * x + b
    p = sigmoid(z)
    dz = p - 1
    fig, ax = diagram(2.0)
    nodes = {
        "w": ((0.6, 1.5), "$w$", w, dz * x),
        "x": ((0.6, 0.5), "$x$", x, dz * w),
        "b": ((2.0, 0.42), "$b$", b, dz),
        "wx": ((2.0, 1.2), "$wx$", w * x, dz),
        "z": ((3.4, 1.2), "$z = wx + b$", z, dz),
        "p": ((4.7, 1.2), "$p = σ(z)$", p, -1 / p),
        "loss": ((5.8, 1.2), "$-\\ln p$", -np.log(p), 1.0),
    }
    links = ("w", "wx"), ("x", "wx"), ("wx", "z"), ("b", "z"), ("z", "p")
    for start, end in (*links, ("p", "loss")):
        wire(ax, edge(nodes, start, end, 1), edge(nodes, end, start, -1))
    for at, name, value, slope in nodes.values():
        unit(ax, at, name, value, slope)
    say(ax, (3.4, 0.36), "forward: the values", ha="left", weight="bold")
    backward = {"ha": "left", "weight": "bold", "color": COLOURS[1]}
    say(ax, (3.4, 0.14), "backward: the slopes of the loss", **backward)
    return fig


def edge(nodes, one, other, sign):
    """Where a wire leaves a box on its way to another."""
    (x, y), (_, aim) = nodes[one][0], nodes[other][0]
    return x + sign * 0.46, y + 0.08 * np.sign(aim - y)


def unit(ax, at, name, value, slope):
    """A box with a name; its value above, its slope below."""
    box(ax, at, name, COLOURS[0], (0.9, 0.26))
    x, y = at
    say(ax, (x, y + 0.24), f"{value:.3g}".replace("-", "−"))
    text = f"{slope:.3g}".replace("-", "−")
    say(ax, (x, y - 0.24), text, color=COLOURS[1])


def valley(w):
    """A long narrow valley, a hundred times as steep across as along.

    Across, a step leads to 1 - 100 lr times the place, so beyond lr = 0.02
    gradient descent climbs out.
    """
    return (w[0] ** 2 + 100 * w[1] ** 2) / 2


def figure_valley():
    """Gradient descent and Adam on their way down a narrow valley."""
    start, slope = np.array([-9.0, 1.0]), grad(valley)
    fig, axs = canvas(columns=2, height=2.1, sharey=True)
    steps = {
        "gradient descent, η = 0.019": descend(start, slope, 0.019),
        "Adam, η = 0.3": by_adam(start, slope, 0.3),
    }
    x, y = np.meshgrid(np.linspace(-10, 2, 80), np.linspace(-1.3, 1.3, 60))
    for ax, (name, path) in zip(axs, steps.items(), strict=True):
        levels = [0.5, 3, 10, 25, 50, 90]
        height = valley(np.stack([x, y]))
        ax.contour(x, y, height, levels, colors=COLOURS[5], linewidths=0.5)
        ax.plot(*path.T, "o-", color=COLOURS[0], markersize=2, linewidth=0.8)
        ax.plot(0, 0, "+", color=COLOURS[1], markersize=9, markeredgewidth=2)
        ax.set_title(f"{name}: loss {valley(path[-1]):.2g} after 40 steps")
        ax.set_xlabel("first parameter")
    axs[0].set_ylabel("second parameter")
    return fig


def descend(w, slope, lr, n=40):
    """The way of gradient descent, step by step."""
    path = [w]
    for _ in range(n):
        path.append(path[-1] - lr * slope(path[-1]))
    return np.array(path)


def by_adam(w, slope, lr, n=40):
    """The way of Adam."""
    params, state, path = {"w": w}, None, [w]
    for _ in range(n):
        grads = {"w": slope(params["w"])}
        params, state = adam(params, grads, state, lr)
        path.append(params["w"])
    return np.array(path)


# -- two distributions -------------------------------------------------------


def figure_divergence():
    """Two distributions, and what each token adds to KL, either way."""
    p, q = np.array([0.5, 0.4, 0.1]), np.array([0.25, 0.25, 0.5])
    fig, axs = canvas(columns=3, height=1.9)
    place = np.arange(3)
    for i, (name, chances) in enumerate((("p", p), ("q", q))):
        colour, x = COLOURS[i], place + 0.4 * i - 0.2
        axs[0].bar(x, chances, 0.36, color=colour, label=f"${name}$")
    axs[0].legend(loc="upper center", ncols=2)
    axs[0].set(title="chances", ylim=(0, 0.68))
    ways = ("p", "q", p * np.log(p / q)), ("q", "p", q * np.log(q / p))
    for i, (ax, (one, other, parts)) in enumerate(
        zip(axs[1:], ways, strict=True)
    ):
        ax.bar(place, parts, 0.6, color=COLOURS[i])
        ax.axhline(0, color=INK, linewidth=0.5)
        ax.set_ylim(-0.35, 0.9)
        ax.set_title(f"KL$({one}\\,\\|\\,{other})$: sum {parts.sum():.2f}")
    for ax in axs:
        ax.set_xticks(place, ["A", "B", "C"])
    return fig
