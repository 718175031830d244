"""Figures of entry 6: which tokens are hidden, and what is counted."""

import numpy as np

from snippets.bert import bert_parameters, mask_tokens
from snippets.figures import COLOURS, canvas

KINDS = (
    ("[MASK]", COLOURS[0]),
    ("random token", COLOURS[1]),
    ("unchanged", COLOURS[2]),
)


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
