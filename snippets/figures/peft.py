"""Figure of entry 13: what the memory for training is made of."""

import numpy as np

from snippets.figures import COLOURS, canvas
from snippets.lora import (
    adapter_parameters,
    lora_parameters,
    prefix_parameters,
)
from snippets.peft import training_bytes


def figure_memory():
    """Bytes for weights, gradients and moments of GPT-3, by method."""
    n, d, whole = 96, 12_288, 175 * 10**9
    methods = {  # what is trained, and what of it is new
        "prefix, 8": 2 * [prefix_parameters(d, 8, 0, 2 * n)],
        "LoRA, r = 8": 2 * [lora_parameters(2 * n, d, 8)],
        "adapters, m = 64": 2 * [adapter_parameters(2 * n, d, 64)],
        "top 2 layers": [2 * (12 * d**2 + 13 * d), 0],
        "fine-tuning": [whole, 0],
    }
    trained, new = np.array(list(methods.values())).T
    parts = {
        "weights": training_bytes(whole, 0) + 2 * new,
        "gradients": 2 * trained,
        "Adam's moments": 4 * trained,
    }
    fig, ax = canvas(height=2.2)
    left = np.zeros(len(methods))
    for (label, size), colour in zip(parts.items(), COLOURS, strict=False):
        ax.barh(
            list(methods), size / 1e9, left=left, color=colour, label=label
        )
        left = left + size / 1e9
    for row, total in enumerate(left):
        ax.annotate(f" {total:,.0f}", (total, row), va="center")
    ax.set(xlabel="GB", xlim=(0, 1600))
    ax.legend(loc="lower right")
    return fig
