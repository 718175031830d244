"""Entry 14, Gopher (Rae et al. 2021) and the layers that it is built from.

RMSNorm (Zhang and Sennrich 2019) and BatchNorm (Ioffe and Szegedy 2015);
relative positions (Dai et al. 2019); how large the models are and what they
cost.  Shapes: b examples, n positions, d model width, k head width.
"""

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

    Hoffmann et al. 2022, appendix F.  With a vocabulary, the embeddings and
    the last linear layer are counted too, as its text says.
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
