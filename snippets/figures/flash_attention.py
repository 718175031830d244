"""The drawings of entry 10."""

import numpy as np

from snippets.figures import COLOURS, INK, canvas
from snippets.flash_attention import flash_accesses, standard_accesses

PYTORCH = {128: 36, 256: 104, 512: 336, 1024: 1184, 2048: 4416, 4096: 17024}
FLASH = {
    128: 22, 256: 44, 512: 104, 1024: 209, 2048: 418, 4096: 836,
    8192: 1672, 16384: 3344, 32768: 6688, 65536: 13376,
}  # fmt: skip


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
