"""Entry 14, Gopher (Rae et al. 2021) and the layers that it is built from.

Which pages of the web are read; RMSNorm (Zhang and Sennrich 2019) and
BatchNorm (Ioffe and Szegedy 2015); relative positions (Dai et al. 2019); how
large the models are, what they cost and what size buys.
Shapes: b examples, n positions, d model width, k head width.
"""

from string import punctuation
from typing import Any as Array

import numpy as np
from jaxtyping import Float

from snippets.layers import check_sizes

# Rae et al. 2021, Table 1: layers, heads, key/value size, d_model.
TABLE_1 = {
    "44M": (8, 16, 32, 512),
    "117M": (12, 12, 64, 768),
    "417M": (12, 12, 128, 1536),
    "1.4B": (24, 16, 128, 2048),
    "7.1B": (32, 32, 128, 4096),
    "280B": (80, 128, 128, 16384),
}

# Table 2: billions of tokens, and the share of what is read, in %.
TABLE_2 = {
    "MassiveWeb": (506, 48),
    "Books": (560, 27),
    "C4": (182, 10),
    "News": (676, 10),
    "GitHub": (422, 3),
    "Wikipedia": (4, 2),
}

# Table 4: right answers in %, of 417M, 1.4B, 7.1B and 280B.
RACE = {"RACE-h": (27.2, 26.0, 30.6, 71.6), "RACE-m": (26.2, 25.0, 31.8, 75.1)}

# Appendix on efficient fine-tuning, its table, 0-shot: perplexities of 117M,
# 417M, 1.4B, 7.1B and 280B.
PERPLEXITIES = {
    "Wikitext103": (30.2, 19.4, 14.3, 10.8, 8.05),
    "Curation Corpus": (20.6, 13.9, 10.6, 8.81, 7.69),
    "Python": (3.71, 3.00, 2.59, 2.30, 1.91),
}

# -- which pages are read ----------------------------------------------------
#
# Six pages, much shorter than the real ones, one for each way to fail.

PAGES = {
    "story": "The fox and the dog came to a river.\n"
    "They had to be quick, for the boat was old.",
    "keywords": "shoes sale cheap shoes buy shoes online best shoes",
    "tags": "#fox and #dog in the #boat to the #river",
    "teaser": "The dog and the fox ...\n"
    "How to be quick in a boat with friends\n"
    "What the river told us of that day ...",
    "numbers": "the results of 2021 and 2022 with 1400 and 1750 points",
    "chorus": "Row the boat to the river.\n" * 3,
}

STOP_WORDS = frozenset(
    ["the", "be", "to", "of", "and", "that", "have", "with"]
)

# Appendix A.1.1, and the first line of its Table A1: the least and the most.
LIMITS = {
    "words": (50, 100_000),
    "word length": (3, 10),
    "symbols": (0, 0.1),
    "bullets": (0, 0.9),
    "cut lines": (0, 0.3),
    "lettered": (0.8, 1),
    "stop words": (2, 8),
    "repeated": (0, 0.3),
}


def page_measures(text: str) -> dict[str, float]:
    """What the filters of LIMITS count on a page; shares are of 1.

    Rae et al. 2021, appendix A.1.1; how a text is cut into words and lines,
    and what a bullet is, is our reading.
    """
    words, lines = text.split(), text.splitlines()
    if not words:
        raise ValueError("page_measures: an empty page has nothing to count")
    ellipses = text.count("...") + text.count("…")
    starts, ends = ("-", "•"), ("...", "…")
    return {
        "words": len(words),
        "word length": sum(map(len, words)) / len(words),
        "symbols": max(text.count("#"), ellipses) / len(words),
        "bullets": share([s.lstrip().startswith(starts) for s in lines]),
        "cut lines": share([s.rstrip().endswith(ends) for s in lines]),
        "lettered": share([any(map(str.isalpha, w)) for w in words]),
        "stop words": len(STOP_WORDS & bare_words(text)),
        "repeated": (len(lines) - len(set(lines))) / len(lines),
    }


def share(passed: list[bool]) -> float:
    """How many of them are true, as a share of 1."""
    if not passed:
        raise ValueError("share: there is nothing to count")
    return sum(passed) / len(passed)


def bare_words(text: str) -> set[str]:
    """The words of a text, small, without the punctuation around them."""
    return {word.strip(punctuation).lower() for word in text.split()}


def page_faults(text: str, least: int = 50) -> list[str]:
    """Why a page of the web is not read; an empty list lets it in.

    Rae et al. 2021, appendix A.1.1 and Table A1; least: how many words a page
    must have, fewer for small examples.
    """
    limits = LIMITS | {"words": (least, LIMITS["words"][1])}
    measured = page_measures(text).items()
    inside = {k: limits[k][0] <= v <= limits[k][1] for k, v in measured}
    return [name for name, fits in inside.items() if not fits]


# -- the layers --------------------------------------------------------------


def root_mean_square(
    a: Float[Array, "*n d"], eps: float
) -> Float[Array, "*n 1"]:
    """What rms_norm divides by; eps keeps it from being zero."""
    check_sizes("rms_norm", 1, d=a.shape[-1])
    mean_square = np.mean(a**2, axis=-1, keepdims=True)
    if np.any(mean_square + eps <= 0):
        raise ValueError("rms_norm: a zero vector needs an eps above 0")
    return np.sqrt(mean_square + eps)


def rms_norm(
    a: Float[Array, "*n d"], gain: Float[Array, " d"], eps: float = 1e-5
) -> Float[Array, "*n d"]:
    """Each vector divided by its root mean square, then scaled.

    Zhang and Sennrich 2019, eq. 4; eps, which keeps a zero vector finite,
    is not in the paper.
    """
    return gain * a / root_mean_square(a, eps)


def rms_norm_backward(
    dy: Float[Array, "*n d"],
    a: Float[Array, "*n d"],
    gain: Float[Array, " d"],
    eps: float = 1e-5,
) -> tuple[Float[Array, "*n d"], Float[Array, " d"]]:
    """The gradients of a and of gain, where dy is that of rms_norm(a, gain).

    By the chain rule from Zhang and Sennrich 2019, eq. 4.
    """
    rms = root_mean_square(a, eps)
    unit, du = a / rms, dy * gain
    da = (du - unit * np.mean(du * unit, axis=-1, keepdims=True)) / rms
    return da, np.sum(dy * unit, axis=tuple(range(a.ndim - 1)))


def batch_norm(
    x: Float[Array, "b d"],
    gain: Float[Array, " d"],
    bias: Float[Array, " d"],
    eps: float = 1e-5,
) -> Float[Array, "b d"]:
    """Each feature with mean 0 and variance 1 over the batch, in training.

    Ioffe and Szegedy 2015, Algorithm 1.
    """
    if not len(x):
        raise ValueError("batch_norm: an empty batch has no mean")
    centred = x - np.mean(x, axis=0)
    spread = np.mean(centred**2, axis=0) + eps
    if np.any(spread <= 0):
        raise ValueError("batch_norm: a constant feature needs an eps above 0")
    return gain * centred / np.sqrt(spread) + bias


# -- positions, sizes and costs ----------------------------------------------


def shift(by_distance: Float[Array, "n n"]) -> Float[Array, "n n"]:
    """Column j takes what stood at distance i - j, where j <= i.

    Dai et al. 2019, appendix B: a column of zeros, a new shape, a row less.
    What stands above the diagonal is of no use; the mask hides it.
    """
    n = len(by_distance)
    padded = np.concatenate([np.zeros((n, 1)), by_distance[:, ::-1]], axis=1)
    return np.reshape(padded, (n + 1, n))[1:]


def relative_scores(
    q: Float[Array, "n k"],
    keys: Float[Array, "n k"],
    r: Float[Array, "n k"],
    u: Float[Array, " k"],
    v: Float[Array, " k"],
) -> Float[Array, "n n"]:
    """How well key j fits query i, by content and by distance i - j.

    r: the encodings of distances 0 to n - 1, projected by their own matrix;
    u, v: learned, one for content, one for distance.  Dai et al. 2019, §3.3,
    the four terms of A^rel; right where j <= i.
    """
    return (q + u) @ keys.T + shift((q + v) @ r.T)


def gopher_parameters(
    layers: int,
    heads: int,
    key_size: int,
    d: int,
    f: int | None = None,
    vocabulary: int = 32_000,
) -> int:
    """How many numbers the model learns; f, if not given, is 4 d.

    Rae et al. 2021, §3.1 and Table 1.  The large terms are four projections
    for attention, a fifth for relative positions, and the feed-forward layer;
    how biases and gains make up the small ones is our reading.
    """
    hk, f = heads * key_size, 4 * d if f is None else f
    if min(layers, hk, d, f, vocabulary) < 1:
        raise ValueError("gopher_parameters: sizes count from 1")
    layer = 5 * d * hk + 2 * d * f + 6 * d + 5 * hk
    return layers * layer + vocabulary * d + d


def forward_flops(
    layers: int,
    heads: int,
    key_size: int,
    d: int,
    n: int = 2048,
    f: int | None = None,
    vocabulary: int = 0,
) -> int:
    """Floating-point operations of one forward pass over n tokens.

    Hoffmann et al. 2022, appendix F, with 3 for each score of the softmax.
    With a vocabulary, the embeddings and the last linear layer are counted
    too, as its text says.
    """
    hk, f = heads * key_size, 4 * d if f is None else f
    sizes = {"layers": layers, "d": d, "n": n, "vocabulary": vocabulary}
    check_sizes("forward_flops", heads=heads, key_size=key_size, f=f, **sizes)
    projections = 2 * 3 * n * d * hk + 2 * n * hk * d
    attention = 2 * n * n * hk + 3 * heads * n * n + 2 * n * n * hk
    dense = 2 * n * (d * f + d * f)
    ends = 2 * 2 * n * d * vocabulary
    return layers * (projections + attention + dense) + ends


def training_flops(
    forward: float, tokens: float, n: int = 2048, rematerialise: bool = False
) -> float:
    """Operations of a training run whose forward pass costs that of n tokens.

    A backward pass costs two forward passes (Hoffmann et al. 2022, appendix
    F); to rematerialise is to run the forward pass once more.
    """
    check_sizes("training_flops", 1, n=n)
    return forward * (4 if rematerialise else 3) * tokens / n
