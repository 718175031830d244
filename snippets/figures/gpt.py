"""Figures of entry 7, the GPT papers."""

import numpy as np

from snippets.figures import COLOURS, INK, canvas
from snippets.gpt import (
    banded_mask,
    bigram_loss,
    corpus,
    encode,
    gpt,
    load_tiny,
)
from snippets.transformer import causal_mask


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
