"""Figures of entry 6: who sees whom, what goes in, what is read; counts."""

import numpy as np

from snippets.bert import (
    SPECIALS,
    bert_parameters,
    between,
    init_bert,
    mask_tokens,
    neighbours,
    numbers,
    pack,
    word_list,
)
from snippets.figures import COLOURS, INK, canvas
from snippets.figures.blocks import box, diagram, pale, say, wire
from snippets.figures.matrices import matrix
from snippets.gpt import corpus

KINDS = (
    ("[MASK]", COLOURS[0]),
    ("random token", COLOURS[1]),
    ("unchanged", COLOURS[2]),
)


PAD, UNK, CLS, SEP, MASK = range(len(SPECIALS))


def small_case():
    """The page's case: vocabulary, chances of neighbours, and one pair."""
    told, _ = corpus().split("CHAPTER XII")
    words = word_list(told, 1000)
    p = neighbours(numbers(told, words), 1000)
    a, b = (
        numbers(text, words).tolist()
        for text in ("There isn't any", "said the March Hare")
    )
    ids, segments, special = pack(a, b, CLS, SEP)
    rng = np.random.default_rng(187)
    shown, _ = mask_tokens(rng, ids, special, 1000, MASK)
    return words, p, ids, segments, shown


def figure_sides():
    """Who sees whom under the masks of GPT and BERT, and what each guesses."""
    words, p, ids, _, shown = small_case()
    the, march, hare = ids[6:9]
    both = between(p, np.array(the), np.array(hare))
    fig, ax = diagram(2.72)
    cells = {"cell": (0.4, 0.22), "most": 1.6, "size": 6.5}
    for left, title, tokens, seen, row, question, chances in (
        (0.5, "GPT", ids, np.tri(4), 1, "what follows “the”?", p[the]),
        (3.72, "BERT", shown, np.ones((4, 4)), 2, "what is hidden?", both),
    ):
        names = [words[i] for i in tokens[5:9]]
        place = matrix(ax, (left, 2.2), seen, "", "", names, names, **cells)
        say(ax, (left, 2.6), title, weight="bold", ha="left")
        frame(ax, place, row)
        say(ax, (left, 1.14), question, ha="left", size=7)
        guesses(ax, left, words, chances, march)
    return fig


def frame(ax, place, row, cell=0.22):
    """A frame round one row of a table."""
    from matplotlib.patches import Rectangle

    corner = place.left, place.top - (row + 1) * cell
    size = place.right - place.left, cell
    line = {"edgecolor": COLOURS[1], "linewidth": 1.6, "zorder": 5}
    ax.add_patch(Rectangle(corner, *size, facecolor="none", **line))


def guesses(ax, left, words, chances, march):
    """Bars of the likeliest words, and of the right one."""
    from matplotlib.patches import Rectangle

    best = [*np.argsort(-chances, kind="stable")[:4], march]
    best = list(dict.fromkeys(best))[:5]
    for i, word in enumerate(best):
        y, right = 0.92 - 0.2 * i, word == march
        colour = COLOURS[1] if right else COLOURS[0]
        say(ax, (left + 0.4, y), words[word], ha="right", size=7)
        width = 1.4 * float(chances[word])
        corner = left + 0.46, y - 0.07
        ax.add_patch(Rectangle(corner, width, 0.14, facecolor=colour))
        number = f"{chances[word]:.3f}"
        say(ax, (left + 0.5 + width, y), number, ha="left", size=7)


def figure_input():
    """The packed pair, and the three embeddings of each of its tokens."""
    words, _, ids, segments, shown = small_case()
    params = init_bert(np.random.default_rng(0), v=1000, n=10, d=3, l=0)
    n = len(ids)
    strips = {
        "token": params["tok_emb"][shown],
        "piece": params["seg_emb"][segments],
        "position": params["pos_emb"][:n],
    }
    strips["$x_i$, the sum"] = sum(strips.values())
    fig, ax = diagram(2.9)
    left, width, height = 0.98, 0.42, 0.13
    step = width + 0.1
    most = np.abs(strips["$x_i$, the sum"]).max()
    for i, token in enumerate(shown):
        x = left + i * step + width / 2
        changed = token != ids[i]
        colour = COLOURS[1] if changed else INK
        say(ax, (x, 2.62), words[token], color=colour, size=7)
        if changed:
            say(ax, (x, 2.78), f"({words[ids[i]]})", size=6.5)
    for row, (name, values) in enumerate(strips.items()):
        top = 2.48 - row * 0.6
        middle = top - 1.5 * height
        sign = "" if row == 0 else "=" if row == 3 else "+"
        say(ax, (0.1, middle), sign, size=10)
        say(ax, (left - 0.1, middle), name, ha="right", size=7)
        for i in range(n):
            at = left + i * step, top
            column = values[i][:, None]
            cell = {"cell": (width, height), "most": most, "size": 6.5}
            matrix(ax, at, column, **cell)
    for i, name in enumerate("AAAAABBBBB"):
        x = left + i * step + width / 2
        say(ax, (x, 1.41), name, size=6.5)
        say(ax, (x, 0.81), str(i), size=6.5)
    return fig


def figure_shares():
    """What becomes of a hundred tokens, and of the fifteen that are chosen."""
    from matplotlib.patches import Rectangle

    fig, ax = diagram(1.62)
    left, whole = 0.2, 5.9
    cut = left + 0.85 * whole
    grey, line = COLOURS[5], {"edgecolor": INK, "linewidth": 0.5}
    for x, width, y, colour in (
        (left, 0.85 * whole, 1.2, pale(grey)),
        (cut, 0.15 * whole, 1.2, pale(COLOURS[1])),
        (left, 0.8 * whole, 0.42, pale(COLOURS[0])),
        (left + 0.8 * whole, 0.1 * whole, 0.42, pale(COLOURS[1])),
        (left + 0.9 * whole, 0.1 * whole, 0.42, pale(COLOURS[2])),
    ):
        corner = x, y
        ax.add_patch(Rectangle(corner, width, 0.3, facecolor=colour, **line))
    thin = {"width": 0.5, "head": False, "style": ":"}
    wire(ax, (cut, 1.2), (left, 0.72), **thin)
    wire(ax, (left + whole, 1.2), (left + whole, 0.72), **thin)
    for x, y, text in (
        (left + 0.425 * whole, 1.35, "85 not chosen, and not asked for"),
        (cut + 0.075 * whole, 1.35, "15 chosen"),
        (left + 0.4 * whole, 0.57, "12 become [MASK]"),
        (left + 0.85 * whole, 0.57, "1.5"),
        (left + 0.95 * whole, 0.57, "1.5"),
        (left + 0.4 * whole, 0.26, "march → [MASK]"),
        (left + 0.85 * whole, 0.26, "any → air"),
        (left + 0.85 * whole, 0.1, "random"),
        (left + 0.95 * whole, 0.26, "stay"),
    ):
        say(ax, (x, y), text, size=7)
    return fig


def figure_outputs():
    """One encoder, and which of its states each task reads."""
    words, _, ids, _, shown = small_case()
    fig, ax = diagram(2.62)
    places = [0, None, 3, None, 7, 8, 9]
    tokens = ["…" if i is None else words[shown[i]] for i in places]
    read = {0: ("next?", "yes"), 2: ("word?", words[ids[3]])}
    read[4] = ("word?", words[ids[7]])
    asked = [
        "[CLS]",
        "who",
        "said",
        "it",
        "[SEP]",
        "the",
        "march",
        "hare",
        "[SEP]",
    ]
    for left, title, names, at, heads in (
        (0.1, "pretraining", tokens, places, read),
        (
            3.3,
            "fine-tuning, to find an answer",
            asked,
            range(len(asked)),
            {5: ("$S$", "start"), 7: ("$E$", "end")},
        ),
    ):
        step = 2.9 / len(names)
        say(ax, (left, 2.5), title, weight="bold", ha="left")
        box(ax, (left + 1.45, 0.93), "encoder", COLOURS[0], (2.9, 0.4))
        for i, (name, place) in enumerate(zip(names, at, strict=True)):
            x = left + (i + 0.5) * step
            say(ax, (x, 0.2), name, size=6.5)
            wire(ax, (x, 0.32), (x, 0.73), width=0.6)
            wire(ax, (x, 1.13), (x, 1.36), width=0.6)
            if place is not None:
                state = f"$T_{place}$" if place else "$C$"
                say(ax, (x, 1.46), state, size=7)
        for i, (question, result) in heads.items():
            x = left + (i + 0.5) * step
            wire(ax, (x, 1.57), (x, 1.74), width=0.6)
            wide = 0.06 * len(question) + 0.14 if question[0] != "$" else 0.3
            box(ax, (x, 1.89), question, COLOURS[2], (wide, 0.3), size=7)
            say(ax, (x, 2.18), result, size=7, color=COLOURS[1])
    return fig


def figure_hidden():
    """The tokens chosen in 40 epochs: ten masks in turn, or always new."""
    rng, n, v, mask = np.random.default_rng(0), 48, 30_522, 103
    ids = rng.integers(1000, v, size=n)
    special = np.isin(np.arange(n), [0, n // 2, n - 1])
    draws = [mask_tokens(rng, ids, special, v, mask) for _ in range(40)]
    panels = {
        "static: ten masks, each four times": [k % 10 for k in range(40)],
        "dynamic: a new mask in each epoch": range(40),
    }
    fig, axs = canvas(columns=2, height=2.9)
    for ax, (name, order) in zip(axs, panels.items(), strict=True):
        points = {label: [] for label, _ in KINDS}
        for epoch, k in enumerate(order):
            shown, chosen = draws[k]
            for i in np.flatnonzero(chosen):
                kind = (
                    0 if shown[i] == mask else 2 if shown[i] == ids[i] else 1
                )
                points[KINDS[kind][0]].append((i, epoch))
        for label, colour in KINDS:
            x, y = np.array(points[label]).T
            ax.scatter(x, y, s=5, marker="s", color=colour, label=label)
        ax.set(title=name, xlabel="position", ylabel="epoch")
        ax.set(xlim=(-1, n), ylim=(40, -1))
    handles, labels = axs[0].get_legend_handles_labels()
    fig.legend(handles, labels, loc="outside lower center", ncols=3)
    return fig


def figure_parameters():
    """What the parameters of four models are spent on, in millions."""
    models = {
        "RoBERTa large": (50_265, 514, 1024, 24, 1),
        "BERT large": (30_522, 512, 1024, 24, 2),
        "RoBERTa base": (50_265, 514, 768, 12, 1),
        "BERT base": (30_522, 512, 768, 12, 2),
    }
    fig, ax = canvas(height=1.9)
    for row, (v, n, d, l, segments) in enumerate(models.values()):
        parts = {
            "token embedding": v * d,
            "attention": l * 4 * (d**2 + d),
            "feed-forward": l * (8 * d**2 + 5 * d),
        }
        whole = bert_parameters(v, n, d, l, segments)
        parts["other"] = whole - sum(parts.values())
        left = 0
        for colour, (name, count) in zip(COLOURS, parts.items(), strict=False):
            label = name if row == 0 else None
            ax.barh(row, count / 1e6, left=left, color=colour, label=label)
            left += count / 1e6
        ax.text(left + 4, row, f"{left:.0f}", va="center")
    ax.set_yticks(range(4), list(models))
    ax.set(xlabel="parameters in millions", xlim=(0, 400))
    fig.legend(loc="outside upper center", ncols=4)
    return fig
