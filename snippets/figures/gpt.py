"""Figures of entry 7, the GPT papers."""

import numpy as np

from snippets.figures import COLOURS, INK, canvas
from snippets.figures.blocks import box, diagram, joint, pale, say, wire
from snippets.figures.matrices import matrix, paint
from snippets.gpt import (
    banded_mask,
    bigram_loss,
    corpus,
    decode,
    draw,
    embed,
    encode,
    gpt,
    gpt_block,
    hidden,
    load_tiny,
    vocabulary,
)
from snippets.layers import block_params, layer_norm, picked, softmax
from snippets.transformer import causal_mask, split_heads

LINE = "'I don't know,' said Alice"


def line():
    """The tiny model and the line of the page, as tokens and as words."""
    params, merges, h = load_tiny()
    tokens = encode(LINE, merges)
    words = [decode([token], merges).decode() for token in tokens]
    words = [word.replace(" ", "␣") for word in words]
    return params, h, np.array(tokens), words


def figure_shifted():
    """A line above itself a place further on, and what the model gave it."""
    params, h, tokens, words = line()
    chances = picked(softmax(gpt(params, tokens[:-1], h)), tokens[1:])
    surprise = -np.log(chances)
    fig, ax = diagram(height=2.95)
    x = 1.3 + 0.7 * np.arange(7)
    say(ax, (0.05, 2.75), "the model\nreads", ha="left", size=8)
    say(ax, (0.05, 1.97), "it should say", ha="left", size=8)
    say(ax, (0.05, 1.05), "chance that\nit gives this", ha="left", size=8)
    say(ax, (0.05, 0.16), "surprise, in nats", ha="left", size=8)
    for i in range(6):
        ends = (x[i + 1] - 0.2, 2.6), (x[i] + 0.2, 2.12)
        wire(ax, *ends, colour=COLOURS[5], head=False, style=":")
    for i, at in enumerate(x):
        box(ax, (at, 2.75), words[i], COLOURS[0], (0.6, 0.3), size=9)
        box(ax, (at, 1.97), words[i + 1], COLOURS[1], (0.6, 0.3), size=9)
        wire(ax, (at - 0.14, 2.6), (at - 0.14, 2.12))
        ax.bar(at, 1.05 * chances[i], 0.4, 0.4, color=COLOURS[0])
        top = 0.48 + 1.05 * chances[i]
        say(ax, (at, top), f"{100 * chances[i]:.0f} %", size=8)
        say(ax, (at, 0.16), f"{surprise[i]:.2f}", size=8)
    ax.plot([x[0] - 0.3, x[-1] + 0.3], [0.4, 0.4], color=INK, linewidth=0.6)
    mean = f"mean\n{surprise.mean():.2f}"
    say(ax, (6.02, 0.16), mean, size=8, weight="bold")
    return fig


def looking(params, tokens, h, block, head):
    """How much each position looks at each other, in one head."""
    x = embed(params, tokens)
    for i in range(block):
        x, _ = gpt_block(x, block_params(params, i), h)
    p = block_params(params, block)
    y = layer_norm(x, p["ln1_gain"], p["ln1_bias"])
    q, k = (split_heads(y @ p[name], h)[head] for name in ("w_q", "w_k"))
    mask = causal_mask(len(tokens))
    return softmax(q @ k.T / np.sqrt(q.shape[-1]), mask=mask)


def figure_looking():
    """Who looks at whom, how much, and where the answers are hidden."""
    params, h, tokens, words = line()
    weights = looking(params, tokens[:-1], h, 1, 3)
    fig, ax = diagram(height=2.9)
    left, top, cell = 1.35, 2.34, (0.46, 0.32)
    say(ax, (left + 3.5 * cell[0], top + 0.36), "looks at", size=8)
    for i, word in enumerate(words[:-1]):
        y = top - (i + 0.5) * cell[1]
        say(ax, (left + (i + 0.5) * cell[0], top + 0.12), word, size=8)
        say(ax, (left - 0.08, y), word, ha="right", size=8)
        wire(ax, (left + 7 * cell[0] + 0.08, y), (left + 3.55, y))
        say(ax, (left + 3.63, y), words[i + 1], ha="left", size=8)
        for j in range(i + 2 if i < 6 else 7):
            corner = left + j * cell[0], y - cell[1] / 2
            if j <= i:
                paint(ax, corner, cell, weights[i, j], 1, 2, 8)
            else:
                hidden_cell(ax, corner, cell)
    say(ax, (0.1, top - 3.5 * cell[1]), "this\nposition", ha="left", size=8)
    note = (left + 4.3, top - 3.5 * cell[1])
    say(ax, note, "is what it\nshould say", ha="left", size=8)
    return fig


def hidden_cell(ax, corner, cell):
    """A cell that may not be seen: the answer."""
    from matplotlib.patches import Rectangle

    edge = {"edgecolor": COLOURS[1], "linewidth": 0.9, "linestyle": "--"}
    face = {"facecolor": pale(COLOURS[1]), "zorder": 3}
    ax.add_patch(Rectangle(corner, *cell, **edge, **face))
    centre = corner[0] + cell[0] / 2, corner[1] + cell[1] / 2
    say(ax, centre, "hidden", size=6.5, zorder=4)


def figure_written():
    """Three tokens drawn, each from the chances that the text so far has."""
    params, h, tokens, words = line()
    names = vocabulary(load_tiny()[1])
    rng = np.random.default_rng(8)
    fig, ax = diagram(height=2.85)
    for x in (0.1, 2.2, 4.3):
        logits = gpt(params, tokens, h)[-1]
        p, drawn = softmax(logits), int(draw(logits, rng))
        tail = " ".join(["…", *words[-3:]])
        box(ax, (x + 0.95, 2.64), tail, COLOURS[0], (1.8, 0.3), size=8.5)
        wire(ax, (x + 0.95, 2.49), (x + 0.95, 2.22))
        for i, token in enumerate(p.argsort()[::-1][:5]):
            y = 2.0 - 0.43 * i
            ours = token == drawn
            colour = COLOURS[1] if ours else COLOURS[0]
            word = spelled(names[token])
            weight = "bold" if ours else "normal"
            say(ax, (x + 0.45, y), word, ha="right", size=8.5, weight=weight)
            ax.barh(y, 1.8 * p[token], 0.24, x + 0.52, color=colour)
            at = x + 0.58 + 1.8 * p[token], y
            share = f"{100 * p[token]:.0f} %" + (" – drawn" if ours else "")
            say(ax, at, share, ha="left", size=8.5, weight=weight)
        tokens, words = (
            np.append(tokens, drawn),
            [*words, spelled(names[drawn])],
        )
    for x in (2.1, 4.2):
        wire(ax, (x - 0.15, 2.64), (x + 0.15, 2.64))
    return fig


def spelled(token):
    """The bytes of a token as a word, with a sign for its space."""
    return token.decode().replace(" ", "␣")


def figure_told():
    """How each of the three models is told what to do."""
    fig, ax = diagram(height=3.0)
    rows = (2.28, 1.6, 0.68)
    titles = {1.65: "the task, as a text", 3.8: "goes into"}
    titles |= {4.85: "which gives", 5.8: "parameters"}
    for x, title in titles.items():
        say(ax, (x, 2.8), title, size=8.5, color=COLOURS[5])
    for y, name in zip(rows, ("GPT-1", "GPT-2", "GPT-3"), strict=True):
        box(ax, (3.8, y), name, COLOURS[2], (0.62, 0.4), size=8.5)
        wire(ax, (3.25, y), (3.49, y))
        wire(ax, (4.11, y), (4.38, y))
    parts = ("start", "premise", "$", "hypothesis", "extract")
    edges = 0.1 + 1.07 * np.array([0, 0.45, 1.15, 1.4, 2.3, 2.9])
    for left, right, part in zip(edges[:-1], edges[1:], parts, strict=True):
        middle, extent = (left + right) / 2, (right - left - 0.04, 0.36)
        own = COLOURS[0] if part in {"premise", "hypothesis"} else COLOURS[5]
        text = part.replace("$", r"\$")
        box(ax, (middle, rows[0]), text, own, extent, size=8.5)
    prompt = (
        "Translate English to French:\nsea otter => loutre de mer\n"
        "peppermint => menthe poivrée\ncheese =>"
    )
    box(
        ax,
        (1.65, rows[1]),
        "an article … TL;DR:",
        COLOURS[0],
        (3.1, 0.36),
        size=8.5,
    )
    box(ax, (1.65, rows[2]), prompt, COLOURS[0], (3.1, 1.0), size=8.5)
    said = ("by $W_y$, one of\nthree classes", "a summary", "a French word")
    learns = ("all of them\nlearn on", "none change", "none change")
    for y, *texts in zip(rows, said, learns, strict=True):
        for x, text in zip((4.42, 5.42), texts, strict=True):
            say(ax, (x, y), text, ha="left", size=8.5)
    return fig


def figure_opened():
    """The model opened: from seven tokens to seven distributions."""
    params, h, tokens, words = line()
    read, chances = tokens[:-1], softmax(gpt(params, tokens[:-1], h))
    fig, ax = diagram(height=3.2)
    top, cell = 2.6, (0.09, 0.26)
    middle = top - 3.5 * cell[1]
    rows = {"cell": cell, "size": 7}
    tok = params["tok_emb"][read][:, :6]
    pos = params["pos_emb"][:7, :6]
    a = matrix(ax, (0.55, top), tok, "$U W_e$", "7 × 64", words[:-1], **rows)
    b = matrix(ax, (1.38, top), pos, "$W_p$", "7 × 64", **rows)
    joint(ax, ((a.right + b.left) / 2, middle))
    box(ax, (2.5, middle), "2\nblocks", COLOURS[2], (0.5, 1.82), size=8)
    wire(ax, (b.right + 0.05, middle), (2.25, middle))
    states = hidden(params, read, h)[:, :6]
    c = matrix(ax, (3.02, top), states, "$h_n$", "7 × 64", **rows)
    wire(ax, (2.75, middle), (c.left, middle))
    table = chances[:, tokens[1:]]
    cell = (0.3, 0.26)
    d = matrix(ax, (3.96, top), table, cell=cell, digits=2, size=6.5)
    say(ax, (d.centre[0], d.bottom - 0.11), "7 of 512 columns", size=7)
    wire(ax, (c.right, middle), (d.left, middle))
    say(ax, (3.75, middle + 0.24), "$W_e^\\top$,", size=7.5)
    say(ax, (3.75, middle + 0.1), "softmax", size=6.5)
    for i, word in enumerate(words[1:]):
        spot = d.left + (i + 0.5) * cell[0], top + 0.05
        say(ax, spot, word, size=7, rotation=55, ha="left", va="bottom")
    last = c.bottom + 0.11
    ends = (c.right, last), (c.right + 0.12, last), (c.right + 0.12, 0.3)
    wire(ax, *ends, (4.05, 0.3))
    say(ax, (3.86, 0.42), "$W_y$", size=7.5)
    text = "a class of the whole text, from its last state"
    say(ax, (4.1, 0.3), text, ha="left", size=7)
    return fig


def figure_context():
    """Loss of the tiny model by position, against tables of tokens."""
    params, merges, h = load_tiny()
    learned, unseen = (
        np.array(encode(text, merges))
        for text in corpus().split("CHAPTER XII")
    )
    starts = np.random.default_rng(0).integers(len(unseen) - 64, size=200)
    windows = unseen[starts[:, None] + np.arange(65)]
    logits = gpt(params, windows[:, :-1], h)
    log_z = np.log(np.exp(logits).sum(axis=-1))
    hit = np.take_along_axis(logits, windows[:, 1:, None], axis=-1)[..., 0]
    fig, axes = canvas(columns=1, height=2.6)
    axes.plot(np.arange(1, 65), (log_z - hit).mean(axis=0), color=COLOURS[0])
    axes.text(64, 3.0, "tiny GPT", ha="right", va="top", color=COLOURS[0])
    lines = (("single tokens", 1e9, COLOURS[1]), ("pairs", 30, COLOURS[2]))
    for name, k, colour in lines:
        bar = bigram_loss(learned, unseen, 512, k)
        axes.axhline(bar, color=colour, linewidth=0.9)
        axes.text(64, bar + 0.04, name, ha="right", va="bottom", color=colour)
    axes.set_xlabel("tokens read before")
    axes.set_ylabel("loss in nats per token")
    axes.set(xlim=(0, 65), ylim=(2.8, 5.6))
    return fig


def figure_masks():
    """Which position sees which: dense, banded, twice banded."""
    n, w = 24, 6
    band = banded_mask(n, w)
    panels = {
        "dense": causal_mask(n),
        f"banded, w = {w}": band,
        "two banded layers": band.astype(int) @ band.astype(int) > 0,
    }
    fig, axs = canvas(columns=3, height=2.3)
    for axes, (name, mask) in zip(axs, panels.items(), strict=True):
        shade = np.ones((n, n, 4))
        shade[mask] = (
            *[int(COLOURS[0][i : i + 2], 16) / 255 for i in (1, 3, 5)],
            1,
        )
        shade[~mask, 3] = 0
        axes.imshow(shade, interpolation="nearest")
        axes.set_title(f"{name}: {int(mask.sum())} pairs", color=INK)
        axes.set_xlabel("position seen")
        axes.set_xticks([0, n - 1], ["1", str(n)])
        axes.set_yticks([0, n - 1], ["1", str(n)])
        axes.spines[["top", "right"]].set_visible(True)
    axs[0].set_ylabel("position that sees")
    return fig
