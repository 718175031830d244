"""Figures of entry 8: the five noises, and the lengths of hidden spans."""

import math

import numpy as np

from snippets.bart import (
    document_rotation,
    sentence_permutation,
    text_infilling,
    token_deletion,
    token_masking,
)
from snippets.figures import COLOURS, INK, canvas

MASK = ord("_")


def figure_noise():
    """One short document, and what each noise makes of it."""
    document = np.array([ord(c) for c in "ABC.DE.FGHI."])
    rng = np.random.default_rng(49)
    rows = {
        "document": document,
        "token masking": token_masking(rng, document, 0.25, MASK),
        "token deletion": token_deletion(rng, document, 0.25),
        "text infilling": text_infilling(rng, document, 0.35, MASK, 2.0)[0],
        "sentence permutation": sentence_permutation(rng, document, ord(".")),
        "document rotation": document_rotation(rng, document),
    }
    sentence = {"F": 2, "G": 2, "H": 2, "I": 2, "D": 1, "E": 1}
    fig, ax = canvas(height=2.3)
    for y, (name, tokens) in enumerate(rows.items()):
        ax.text(-0.8, y, name, ha="right", va="center")
        for x, token in enumerate(map(chr, tokens)):
            colour = COLOURS[sentence.get(token, 0)]
            ax.text(
                x,
                y,
                "·" if token == "." else token,
                ha="center",
                va="center",
                fontfamily="monospace",
                color=INK if token in "._" else colour,
                bbox={
                    "boxstyle": "square,pad=0.3",
                    "facecolor": "none",
                    "edgecolor": INK if token == "_" else "none",
                    "linewidth": 0.6,
                },
            )
    ax.set(xlim=(-5.5, 13), ylim=(5.6, -0.6))
    ax.axis("off")
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
