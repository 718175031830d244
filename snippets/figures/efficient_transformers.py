"""The drawings of the page on the two surveys."""

import numpy as np

from snippets.efficient_transformers import (
    block_mask,
    global_mask,
    local_mask,
    strided_mask,
)
from snippets.figures import COLOURS, DASHES, canvas
from snippets.transformer import causal_mask


def figure_patterns():
    """Five masks of 36 positions, those of a decoder below the diagonal."""
    n = 36
    past = causal_mask(n)
    masks = {
        "block, 6": block_mask(n, 6),
        "local, 5": local_mask(n, 5),
        "global, 4, and local": global_mask(n, 4) | local_mask(n, 2),
        "strided, 6, decoder": strided_mask(n, 6) & past,
        "strided and local": (strided_mask(n, 6) | local_mask(n, 5)) & past,
    }
    fig, axs = canvas(columns=5, height=1.6)
    for ax, (name, mask) in zip(axs, masks.items(), strict=True):
        ax.imshow(mask, cmap="binary", vmin=0, vmax=1.6, interpolation="none")
        ax.set_title(name, fontsize=7)
        ax.set_xticks([])
        ax.set_yticks([])
        ax.set_xlabel(f"{mask.sum()} scores", fontsize=7)
    axs[0].set_ylabel("query")
    return fig


def figure_costs():
    """Multiplications of one head against the length, by family."""
    fig, ax = canvas(height=2.6)
    n, d = 2.0 ** np.arange(7, 17), 64
    families = {
        "full: $2 N^2 d$": 2 * n * n * d,
        "strided and local: $2 N (2 \\sqrt{N} - 1) d$": (
            2 * n * (2 * np.sqrt(n) - 1) * d
        ),
        "low rank, $k = 256$: $4 N k d$": 4 * n * 256 * d,
        "local, $w = 64$: $2 N (2w + 1) d$": 2 * n * 129 * d,
        "kernel, $c = d$: $2 N d^2$": 2 * n * d * d,
    }
    for (name, cost), colour, dash in zip(
        families.items(), COLOURS, DASHES, strict=False
    ):
        ax.loglog(n, cost, color=colour, ls=dash, label=name)
    ax.set_xlabel("length $N$")
    ax.set_ylabel("multiplications")
    ax.set_xticks(n, [f"{int(x)}" for x in n])
    ax.minorticks_off()
    ax.legend()
    return fig
