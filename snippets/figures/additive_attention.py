"""What entry 1 draws."""

import numpy as np

from snippets.additive_attention import additive_attention
from snippets.figures import COLOURS, canvas
from snippets.layers import softmax


def figure_alignment():
    """Four French words against four English ones, with and without tanh."""
    english = ["the", "European", "Economic", "Area"]
    french = ["la", "zone", "économique", "européenne"]
    wanted, h = np.eye(4)[[0, 3, 2, 1]], np.eye(4)
    w_a, u_a, v_a = 20 * np.eye(4), 20 * np.eye(4), -np.log(17) * np.ones(4)
    bent = [additive_attention(s, h, w_a, u_a, v_a)[0] for s in wanted]
    straight = softmax((wanted @ w_a.T)[:, None] @ v_a + h @ u_a.T @ v_a)
    fig, axs = canvas(columns=2, height=2.5, sharey=True)
    titles = ["as in the paper", "without the tanh"]
    for ax, alpha, title in zip(axs, [bent, straight], titles, strict=True):
        image = ax.imshow(alpha, cmap="Greys", vmin=0, vmax=1)
        ax.set_xticks(range(4), english, rotation=30, ha="right")
        ax.set_yticks(range(4), french)
        ax.set(title=title)
        ax.spines[:].set_visible(False)
    fig.colorbar(image, ax=axs, label=r"weight $\alpha_{ij}$")
    return fig


def figure_training_set():
    """The sizes of the training set that five rounded rows allow."""
    runs = {
        "RNNenc-30": (8.46, 6.4),
        "RNNenc-50": (6.00, 4.5),
        "RNNsearch-30": (4.71, 3.6),
        "RNNsearch-50": (2.88, 2.2),
        "RNNsearch-50*": (6.67, 5.0),
    }
    low = [(u - 0.005) * 8 / (e + 0.05) for u, e in runs.values()]
    high = [(u + 0.005) * 8 / (e - 0.05) for u, e in runs.values()]
    fig, ax = canvas(height=2.0)
    rows = range(len(runs))
    ax.hlines(rows, low, high, color=COLOURS[0], linewidth=5)
    ax.axvspan(max(low), min(high), color=COLOURS[1], alpha=0.35, linewidth=0)
    ax.set_yticks(rows, list(runs))
    ax.margins(y=0.15)
    ax.invert_yaxis()
    ax.set(xlabel="sentence pairs of the training set, in millions")
    return fig
