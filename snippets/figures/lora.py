"""Figures of entry 12: loss against rank, and the counts of Table 4."""

import numpy as np

from snippets.figures import COLOURS, INK, canvas
from snippets.gpt import corpus, encode, gpt_loss, gpt_parameters, load_tiny
from snippets.lora import (
    adapter_parameters,
    best_update,
    bias_parameters,
    load_lora,
    lora_parameters,
    merge_lora,
    prefix_parameters,
)


def truncated(tiny, full, r):
    """The tiny model with the full update cut to rank r."""
    adapters = {}
    for name, delta in full.items():
        a, b = best_update(delta.T, r)
        adapters |= {f"{name}.a": a, f"{name}.b": b}
    return merge_lora(tiny, adapters, float(r))


def figure_ranks():
    """The loss in capitals: the full update cut to rank r, and LoRA."""
    tiny, merges, h = load_tiny()
    full, by_rank, alpha = load_lora()
    loud = corpus().split("CHAPTER XII")[1].upper()[:1500]
    text = np.array(encode(loud, merges)[: 3 * 65]).reshape(3, 65)

    def loss(params):
        return float(gpt_loss(params, text, h))

    ranks = [1, 2, 4, 8, 12, 16, 24, 32, 48, 64]
    fig, ax = canvas(height=2.5)
    ax.plot(
        ranks,
        [loss(truncated(tiny, full, r)) for r in ranks],
        "o-",
        color=COLOURS[0],
        markersize=3,
        label="the update of full training, cut to rank r",
    )
    ax.plot(
        list(by_rank),
        [loss(merge_lora(tiny, a, alpha)) for a in by_rank.values()],
        "s-",
        color=COLOURS[1],
        markersize=4,
        label="LoRA trained at rank r",
    )
    for level, words in (
        (loss(tiny), "untouched"),
        (loss(truncated(tiny, full, 64)), "full training"),
    ):
        ax.axhline(level, color=INK, linewidth=0.6, linestyle=":")
        ax.annotate(words, (1, level - 0.03), va="top")
    ax.set_xscale("log", base=2)
    ax.set(xlabel="rank r", ylabel="loss in nats per token")
    ax.set_xticks([1, 2, 4, 8, 16, 32, 64], [1, 2, 4, 8, 16, 32, 64])
    ax.set_ylim(2.2, 3.45)
    ax.legend(loc="upper right", bbox_to_anchor=(1, 0.9))
    return fig


def figure_counts():
    """The trained parameters of Table 4, printed and recomputed."""
    n, d = 96, 12_288
    rows = [
        ("PreEmbed", 3.2e6, prefix_parameters(d, 256, 8)),
        ("LoRA, small", 4.7e6, lora_parameters(n, d, 2)),
        ("Adapter, r = 1", 7.1e6, adapter_parameters(2 * n, d, 1)),
        ("BitFit", 14.2e6, bias_parameters(n, d)),
        ("PreLayer", 20.2e6, prefix_parameters(d, 8, 8, n)),
        ("LoRA, large", 37.7e6, lora_parameters(2 * n, d, 8)),
        ("Adapter, r = 8", 40.1e6, adapter_parameters(2 * n, d, 8)),
        ("fine-tuning", 175_255.8e6, gpt_parameters(50_257, 2048, d, n)),
    ]
    names, printed, counted = zip(*rows, strict=True)
    heights = range(len(rows))
    fig, ax = canvas(height=2.4)
    ax.plot(
        printed,
        heights,
        "o",
        color=INK,
        markerfacecolor="none",
        markersize=7,
        label="printed",
    )
    ax.plot(
        counted, heights, "o", color=COLOURS[1], markersize=3, label="counted"
    )
    ax.set_xscale("log")
    ax.set_yticks(heights, names)
    ax.grid(axis="x", linewidth=0.3)
    ax.set(xlabel="trained parameters of GPT-3")
    ax.legend(loc="center right")
    return fig
