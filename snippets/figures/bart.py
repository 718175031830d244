"""Figures of entry 8: the model, the noises, their cost, masks; spans."""

import math

import numpy as np

from snippets.bart import (
    WORDS,
    document_rotation,
    encode,
    fits,
    init_bart,
    sentence_permutation,
    small_case,
    split_sentences,
    surprises,
    text_infilling,
    token_deletion,
    token_masking,
)
from snippets.figures import COLOURS, INK, canvas
from snippets.figures.blocks import box, diagram, say, wire
from snippets.figures.matrices import matrix

START, MASK, STOP = range(3)
DOCUMENTS = small_case()
DOCUMENT = DOCUMENTS[0]
PARTED = len(split_sentences(DOCUMENT, STOP)[0])


def spoilt():
    """The page's document under each noise, and all that it could have been.

    Every name has the tokens that are left and the documents that fit.
    """

    def draw(seed):
        return np.random.default_rng(seed)

    def sentences(tokens):
        return sorted(part.tolist() for part in split_sentences(tokens, STOP))

    masked = token_masking(draw(35), DOCUMENT, 0.3, MASK)
    deleted = token_deletion(draw(3), DOCUMENT, 0.3)
    infilled, _ = text_infilling(draw(782), DOCUMENT, 0.4, MASK)
    shuffled = sentence_permutation(draw(3), DOCUMENT, STOP)
    turned = document_rotation(draw(1), DOCUMENT)
    gaps = np.insert(deleted, np.arange(len(deleted) + 1), MASK)
    tests = {
        "nothing lost": (DOCUMENT, lambda d: fits(d, DOCUMENT, MASK, "?")),
        "token masking": (masked, lambda d: fits(d, masked, MASK, "?")),
        "token deletion": (deleted, lambda d: fits(d, gaps, MASK, "*")),
        "text infilling": (infilled, lambda d: fits(d, infilled, MASK, "*")),
        "sentence permutation": (
            shuffled,
            lambda d: sentences(d) == sentences(shuffled),
        ),
        "document rotation": (
            turned,
            lambda d: any(
                np.array_equal(np.roll(d, k), turned) for k in range(len(d))
            ),
        ),
        "everything lost": (np.array([MASK]), lambda _: True),
    }
    return {
        name: (left, [d for d in DOCUMENTS if test(d)])
        for name, (left, test) in tests.items()
    }


INFILLED = spoilt()["text infilling"][0]
READ = np.insert(DOCUMENT[:-1], 0, START)


def words(tokens):
    """The words of some tokens."""
    return [WORDS[token] for token in tokens]


def token(ax, at, number, width=0.5, size=7):
    """A word in the colour of its sentence, and in a box if it is a mask."""
    second = np.isin(number, DOCUMENT[PARTED:-1])
    if number == MASK:
        box(ax, at, "[M]", COLOURS[5], (width - 0.08, 0.19), size=size)
        return
    colour = COLOURS[1] if second else COLOURS[0]
    plain = number in (START, STOP)
    say(ax, at, WORDS[number], color=INK if plain else colour, size=size)


def figure_case():
    """A spoilt text goes into the encoder, the decoder writes it whole."""
    fig, ax = diagram(2.5)
    params = init_bart(np.random.default_rng(5), len(WORDS), 8, 4, 8, 1)
    states = encode(params, INFILLED, 2)
    step, left, right = 0.44, 0.3, 3.08
    for i, number in enumerate(INFILLED):
        x = left + i * step
        token(ax, (x, 0.28), number, step)
        wire(ax, (x, 0.42), (x, 0.66), width=0.6)
        wire(ax, (x, 1.1), (x, 1.34), width=0.6)
        cell = {"cell": (0.26, 0.11), "most": 1.7, "size": 6.5}
        matrix(ax, (x - 0.13, 1.82), states[i][:, None], **cell)
    middle = left + 2.5 * step
    box(ax, (middle, 0.88), "encoder", COLOURS[2], (6 * step, 0.42), size=9)
    say(ax, (middle, 0.08), "what is left, $m = 6$", size=7)
    say(ax, (middle, 1.96), "a state for each token", size=7)
    for i, (seen, number) in enumerate(zip(READ, DOCUMENT, strict=True)):
        x = right + i * 0.49
        token(ax, (x, 0.28), seen, 0.49)
        wire(ax, (x, 0.42), (x, 1.36), width=0.6)
        wire(ax, (x, 1.8), (x, 2.04), width=0.6)
        token(ax, (x, 2.17), number, 0.49)
    middle = right + 3 * 0.49
    box(ax, (middle, 1.58), "decoder", COLOURS[3], (7 * 0.49, 0.42), size=9)
    say(ax, (middle, 0.08), "what it has written so far", size=7)
    say(ax, (middle, 2.38), "what comes next, $n = 7$", size=7)
    edge = left + 5.5 * step
    wire(ax, (edge, 1.58), (right - 0.5 * 0.49, 1.58))
    return fig


def figure_noise():
    """One document, what each noise leaves of it, and how many would fit."""
    fig, ax = diagram(2.1)
    rows = spoilt()
    rows = {"document": rows.pop("nothing lost"), **rows}
    rows.pop("everything lost")
    for i, (name, (left, fitting)) in enumerate(rows.items()):
        y = 1.72 - 0.29 * i - (0.09 if i else 0)
        bold = {} if i else {"weight": "bold"}
        say(ax, (1.42, y), name, ha="right", size=7.5, **bold)
        for j, number in enumerate(left):
            token(ax, (1.8 + 0.54 * j, y), number, 0.54, 7.5)
        if i:
            say(ax, (5.86, y), f"{len(fitting)} of {len(DOCUMENTS)}")
    wire(ax, (0.1, 1.53), (6.2, 1.53), width=0.5, head=False)
    say(ax, (5.86, 1.98), "could have", size=7)
    say(ax, (5.86, 1.84), "been it", size=7)
    return fig


def figure_costs():
    """What each token of the document costs a counting reader, in nats."""
    fig, ax = diagram(2.36)
    rows = spoilt()
    nats = np.array([surprises(DOCUMENT, fit) for _, fit in rows.values()])
    style = {"cell": (0.48, 0.26), "digits": 2, "most": 2.77}
    names = words(DOCUMENT)
    top = 2.04
    place = matrix(ax, (1.5, top), nats, "", "", list(rows), names, **style)
    total = matrix(
        ax,
        (place.right + 0.16, top),
        nats.sum(axis=1)[:, None],
        "",
        "",
        (),
        ["sum"],
        **style,
    )
    for i, (_, fit) in enumerate(rows.values()):
        y = top - 0.26 * (i + 0.5)
        say(ax, (total.right + 0.08, y), f"= ln {len(fit)}", ha="left", size=7)
    say(ax, (1.44, top + 0.09), "must write:", ha="right", size=7)
    return fig


def figure_masks():
    """Who sees whom: in the encoder, in the decoder, and across."""
    fig, ax = diagram(2.62)
    m, n = len(INFILLED), len(READ)
    top, style = 1.98, {"cell": (0.22, 0.22), "most": 1.6, "size": 6.5}
    titles = ("encoder", "decoder", "across")
    shapes = (f"$m \\times m$, {m} × {m}", f"$n \\times n$, {n} × {n}")
    shapes = (*shapes, f"$n \\times m$, {n} × {m}")
    seen = (np.ones((m, m)), np.tri(n), np.ones((n, m)))
    tops = (INFILLED, READ, INFILLED)
    sides = (INFILLED, READ, ())
    row = words(DOCUMENT).index("tea")
    for i, left in enumerate((0.46, 2.32, 4.02)):
        side = words(sides[i])
        place = matrix(ax, (left, top), seen[i], "", shapes[i], side, **style)
        for j, word in enumerate(words(tops[i])):
            spot = left + 0.22 * (j + 0.5), top + 0.05
            say(ax, spot, word, rotation=90, va="bottom", size=6.5)
        say(ax, (place.centre[0], 2.54), titles[i], weight="bold")
        if i:
            y = top - 0.22 * row
            corners = ((left, y), (place.right, y), (place.right, y - 0.22))
            corners = (*corners, (left, y - 0.22), (left, y))
            wire(ax, *corners, width=1.6, colour=COLOURS[1], head=False)
    say(ax, (5.5, 2.54), "must write", weight="bold", ha="left")
    for j, word in enumerate(words(DOCUMENT)):
        y = top - 0.22 * (j + 0.5)
        bold = {"weight": "bold", "color": COLOURS[1]} if j == row else {}
        say(ax, (5.6, y), word, ha="left", size=6.5, **bold)
    return fig


def figure_spans():
    """How long spans are in BART and in SpanBERT."""
    fig, ax = canvas(height=2.2)
    lengths = np.arange(12)
    poisson = [math.exp(-3) * 3**k / math.factorial(k) for k in lengths]
    geometric = np.where(
        (lengths > 0) & (lengths <= 10), 0.8 ** (lengths - 1.0), 0
    )
    geometric /= geometric.sum()
    ax.bar(
        lengths - 0.2,
        poisson,
        0.4,
        color=COLOURS[0],
        label="BART: Poisson, λ = 3",
    )
    ax.bar(
        lengths + 0.2,
        geometric,
        0.4,
        color=COLOURS[1],
        label="SpanBERT: geometric, p = 0.2",
    )
    ax.text(-0.2, poisson[0] + 0.008, "insertions", rotation=90, ha="center")
    ax.set(
        xlabel="length of a span",
        ylabel="probability",
        xticks=lengths,
        ylim=(0, 0.26),
    )
    ax.legend()
    return fig
