"""Entry 2, Attention Is All You Need (Vaswani et al. 2017).

Attention, heads, positions, blocks; the learning rate; counts and costs.
Shapes: b batch, n and m positions (queries and keys), d model width, h heads,
d_k and d_v head widths, f feed-forward width.
"""

from collections.abc import Callable
from typing import Any as Array

import autograd.numpy as np
from jaxtyping import Bool, Float

from snippets.layers import (
    Params,
    check_sizes,
    feed_forward,
    layer_norm,
    part,
    relu,
    softmax,
)

# -- one sentence, small enough for the hand ----------------------------------
#
# Every word is a row of six traits, and three matrices read them: the numbers
# are set by hand, where a model learns them.

WORDS = ["Ann", "drinks", "tea", "it", "steams"]
TRAITS = ["noun", "verb", "pronoun", "person", "thing", "hot"]
SENTENCE = np.array(
    [
        [1.0, 0, 0, 1, 0, 0],  # Ann is a noun and a person
        [0, 1, 0, 0, 0, 0],
        [1, 0, 0, 0, 1, 1],
        [0, 0, 1, 0, 1, 0],
        [0, 1, 0, 0, 0, 1],
    ]
)
W_Q = np.array([[0.0, 0], [3, 0], [3, 3], [0, 0], [0, 0], [0, 0]])
W_K = np.array([[1.0, 0], [0, 0], [0, 0], [0, 0], [0, 1], [0, 0]])
W_V = np.array([[0.0, 0], [0, 0], [0, 0], [1, 0], [0, 0], [0, 1]])

# -- attention ---------------------------------------------------------------


def attention(
    q: Float[Array, "*b n d_k"],
    k: Float[Array, "*b m d_k"],
    v: Float[Array, "*b m d_v"],
    mask: Bool[Array, "*#b #n #m"] | None = None,
) -> Float[Array, "*b n d_v"]:
    """Values averaged by how well their keys fit each query.

    Vaswani et al. 2017, eq. 1; mask: True where a query may look, §3.2.3.
    A query that may look nowhere gets zeros, a sum of nothing.
    """
    check_sizes("attention", 1, d_k=q.shape[-1])
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    return softmax(scores, mask=mask) @ v


def self_attention(
    x: Float[Array, "*b n d"],
    w_q: Float[Array, "d d_k"],
    w_k: Float[Array, "d d_k"],
    w_v: Float[Array, "d d_v"],
    mask: Bool[Array, "*#b #n #m"] | None = None,
) -> Float[Array, "*b n d_v"]:
    """One head: queries, keys and values are three projections of one x.

    Vaswani et al. 2017, head_i of §3.2.2, where all come from x, §3.2.3.
    """
    return attention(x @ w_q, x @ w_k, x @ w_v, mask)


def causal_mask(n: int) -> Bool[Array, "n n"]:
    """True where a position may look: at itself and at what came before.

    Vaswani et al. 2017, §3.2.3.
    """
    check_sizes("causal_mask", n=n)
    return np.tril(np.ones((n, n), dtype=bool))


def padding_mask(
    real: Bool[Array, "*b m"] | None = None,
) -> Bool[Array, "*b 1 m"]:
    """True where a key is a token and no padding, whatever the query.

    Without a batch of unequal lengths, None, every key is a token.
    """
    real = np.array([True]) if real is None else real
    return real[..., None, :]


def split_heads(x: Float[Array, "*b n d"], h: int) -> Float[Array, "*b h n k"]:
    """The width d cut into h heads of d / h."""
    *batch, n, d = x.shape
    if h < 1 or d % h:
        raise ValueError(
            f"split_heads: {h} heads do not divide a width of {d}"
        )
    return np.swapaxes(np.reshape(x, (*batch, n, h, d // h)), -3, -2)


def merge_heads(x: Float[Array, "*b h n k"]) -> Float[Array, "*b n d"]:
    """The heads side by side again: Concat of §3.2.2."""
    *batch, h, n, k = x.shape
    return np.reshape(np.swapaxes(x, -3, -2), (*batch, n, h * k))


def multi_head_attention(
    x_q: Float[Array, "*b n d"],
    x_kv: Float[Array, "*b m d"],
    w_q: Float[Array, "d d"],
    w_k: Float[Array, "d d"],
    w_v: Float[Array, "d d"],
    w_o: Float[Array, "d d"],
    h: int,
    mask: Bool[Array, "*#b #n #m"] | None = None,
) -> Float[Array, "*b n d"]:
    """h attentions in projections of their own, mixed by w_o.

    Vaswani et al. 2017, §3.2.2, with d_k = d_v = d / h; the columns of w_q,
    w_k and w_v hold the heads side by side.  All heads have the same mask.
    """
    mask = None if mask is None else mask[..., None, :, :]
    q, k, v = (
        split_heads(x @ w, h)
        for x, w in ((x_q, w_q), (x_kv, w_k), (x_kv, w_v))
    )
    return merge_heads(attention(q, k, v, mask)) @ w_o


def positional_encoding(n: int, d: int) -> Float[Array, "n d"]:
    """A code for each of n positions: sines and cosines of d / 2 frequencies.

    Vaswani et al. 2017, §3.5.
    """
    check_sizes("positional_encoding", n=n, d=d)
    if d % 2:
        raise ValueError(f"positional_encoding: the width {d} is not even")
    angles = np.arange(n)[:, None] / 10_000 ** (np.arange(0, d, 2) / d)
    return np.reshape(np.stack([np.sin(angles), np.cos(angles)], -1), (n, d))


def rotation(k: int, d: int) -> Float[Array, "d d"]:
    """The matrix that takes the code of any position to that k further on.

    Vaswani et al. 2017, §3.5: a fixed offset is a linear map.
    """
    check_sizes("rotation", 2, d=d)
    if d % 2:
        raise ValueError(f"rotation: the width {d} is not even")
    angles = k / 10_000 ** (np.arange(0, d, 2) / d)
    cos, sin = np.repeat(np.cos(angles), 2), np.sin(angles)
    off = np.zeros(d - 1)
    off[::2] = sin
    return np.diag(cos) + np.diag(off, 1) - np.diag(off, -1)


def init_block(
    rng: np.random.Generator, d: int, f: int, cross: bool = False
) -> dict[str, Array]:
    """Random parameters of one block, small enough to keep variances."""
    check_sizes("init_block", 1, d=d, f=f)
    attentions = ["", "cross."] if cross else [""]
    p = {
        f"{name}w_{w}": rng.normal(size=(d, d)) / np.sqrt(d)
        for name in attentions
        for w in "qkvo"
    }
    for norm in [*(f"{name}ln1" for name in attentions), "ln2"]:
        p |= {f"{norm}_gain": np.ones(d), f"{norm}_bias": np.zeros(d)}
    p |= {"w_1": rng.normal(size=(d, f)) / np.sqrt(d), "b_1": np.zeros(f)}
    p |= {"w_2": rng.normal(size=(f, d)) / np.sqrt(f), "b_2": np.zeros(d)}
    return p


def attend(
    x: Float[Array, "*b n d"],
    source: Float[Array, "*b m d"],
    p: Params,
    h: int,
    mask: Bool[Array, "*#b #n #m"] | None = None,
) -> Float[Array, "*b n d"]:
    """The attention sub-layer: LayerNorm(x + Sublayer(x)), §3.1."""
    weights = (p[f"w_{w}"] for w in "qkvo")
    out = multi_head_attention(x, source, *weights, h, mask)
    return layer_norm(x + out, p["ln1_gain"], p["ln1_bias"])


def think(
    x: Float[Array, "*n d"],
    p: Params,
    activation: Callable[[Array], Array] = relu,
) -> Float[Array, "*n d"]:
    """The feed-forward sub-layer: LayerNorm(x + Sublayer(x)), §3.1."""
    weights = (p[w] for w in ("w_1", "b_1", "w_2", "b_2"))
    out = feed_forward(x, *weights, activation)
    return layer_norm(x + out, p["ln2_gain"], p["ln2_bias"])


def encoder_block(
    x: Float[Array, "*b n d"],
    p: Params,
    h: int,
    real: Bool[Array, "*b n"] | None = None,
) -> Float[Array, "*b n d"]:
    """Self-attention, then feed-forward (Vaswani et al. 2017, §3.1).

    real: in a batch of unequal lengths, True at tokens, False at padding.
    """
    return think(attend(x, x, p, h, padding_mask(real)), p)


def decoder_block(
    x: Float[Array, "*b n d"],
    memory: Float[Array, "*b m d"],
    p: Params,
    h: int,
    real: Bool[Array, "*b n"] | None = None,
    read: Bool[Array, "*b m"] | None = None,
) -> Float[Array, "*b n d"]:
    """Masked self-attention, attention to the encoder's output, feed-forward.

    Vaswani et al. 2017, §3.1 and §3.2.3.  real: True at the tokens of x and
    False at padding; read: the same of what the encoder has read.
    """
    seen = causal_mask(x.shape[-2]) & padding_mask(real)
    x = attend(x, x, p, h, seen)
    cross = part(p, "cross.")
    return think(attend(x, memory, cross, h, padding_mask(read)), p)


def learning_rate(step: int, d_model: int, warmup: int = 4000) -> float:
    """Linear rise over the warm-up, then decay with the square root of step.

    Vaswani et al. 2017, eq. 3.
    """
    check_sizes("learning_rate", 1, step=step, d_model=d_model, warmup=warmup)
    return d_model**-0.5 * min(step**-0.5, step * warmup**-1.5)


def transformer_parameters(
    d_model: int = 512,
    d_ff: int = 2048,
    n_layers: int = 6,
    h: int = 8,
    d_k: int = 64,
    d_v: int = 64,
    vocabulary: int = 37_000,
) -> int:
    """How many numbers the model of §3 learns; the defaults are its base.

    One matrix embeds both languages and makes the logits (§3.4); attention
    has no biases (§3.2.2), the feed-forward layers have (eq. 2), and each
    LayerNorm has a gain and a bias.
    """
    sizes = {"d_model": d_model, "d_ff": d_ff, "n_layers": n_layers, "h": h}
    sizes |= {"d_k": d_k, "d_v": d_v, "vocabulary": vocabulary}
    check_sizes("transformer_parameters", **sizes)
    attention = 2 * d_model * h * (d_k + d_v)
    ffn = 2 * d_model * d_ff + d_ff + d_model
    norm = 2 * d_model
    encoder = attention + ffn + 2 * norm
    decoder = 2 * attention + ffn + 3 * norm
    return n_layers * (encoder + decoder) + vocabulary * d_model


def training_flops(
    seconds: float, devices: int, flops_per_second: float
) -> float:
    """Floating-point operations of a training run, by the clock.

    Vaswani et al. 2017, §6.1: time times devices times the speed of one.
    """
    return seconds * devices * flops_per_second
