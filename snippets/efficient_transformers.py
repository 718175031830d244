"""The two surveys that open part 2, in small.

Tay et al. 2022: one attention of each kind that is cheaper than the full
one, on one head of one text.  Zhuang et al. 2023: training with less memory.
Shapes: n positions, d width of a head, k rows of a projection, c features,
r directions of a hash, l layers, b examples of a batch.
"""

from typing import Any as Array

import numpy as np
from jaxtyping import Bool, Float

from snippets.fast_weights import normalised
from snippets.layers import check_sizes, softmax
from snippets.transformer import attention

WORDS = ("the", "dog", "that", "we", "saw", "in", "town", "barked", "loudly")


def small_case() -> tuple[
    Float[Array, "9 3"], Float[Array, "9 3"], Float[Array, "9 3"]
]:
    """Queries, keys and values of the nine WORDS.

    Keys: a noun, a verb, a little word; queries: who, or does what.
    Values: the dog, the town, anything else.
    """
    little, noun, verb = np.eye(3)[[2, 0, 1]]
    k = [little, 3 * noun, little, noun, 2 * verb, little, 2 * noun]
    who, what = np.sqrt(3) * np.log(2) * np.eye(3)[:2]
    q = [who, what, who, what, who, who, what, who, what]
    v = np.eye(3)[[2, 0, 2, 2, 2, 2, 1, 2, 2]]
    return np.array(q), np.array([*k, 3 * verb, little]), v


def local_mask(n: int, w: int) -> Bool[Array, "n n"]:
    """True where two positions are at most w apart (Tay et al., §3.1)."""
    check_sizes("local_mask", n=n, w=w)
    i = np.arange(n)
    return np.abs(i[:, None] - i) <= w


def block_mask(n: int, b: int) -> Bool[Array, "n n"]:
    """True inside blocks of b positions (Tay et al., §3.1)."""
    check_sizes("block_mask", n=n)
    check_sizes("block_mask", 1, b=b)
    i = np.arange(n) // b
    return i[:, None] == i


def strided_mask(n: int, s: int) -> Bool[Array, "n n"]:
    """True for each s-th position, before and after (Tay et al., §3.1)."""
    check_sizes("strided_mask", n=n)
    check_sizes("strided_mask", 1, s=s)
    i = np.arange(n)
    return (i[:, None] - i) % s == 0


def global_mask(n: int, g: int) -> Bool[Array, "n n"]:
    """True for g first positions that see all and that all see (§3.2.6)."""
    check_sizes("global_mask", n=n, g=g)
    first = np.arange(n) < g
    return first[:, None] | first


def hash_mask(
    q: Float[Array, "n d"], k: Float[Array, "n d"], r: Float[Array, "d r"]
) -> Bool[Array, "n n"]:
    """True where query and key lie in one bucket, the largest of (x R, -x R).

    Kitaev et al. 2020 (Reformer), fig. 1; Tay et al. 2022, §3.1.
    """
    check_sizes("hash_mask", 1, r=r.shape[1])
    ours, theirs = (np.hstack([x @ r, -x @ r]).argmax(axis=1) for x in (q, k))
    return ours[:, None] == theirs


def sparse_attention(
    q: Float[Array, "n d"],
    k: Float[Array, "n d"],
    v: Float[Array, "n d"],
    mask: Bool[Array, "n n"],
) -> tuple[Float[Array, "n d"], int]:
    """Attention that computes only the scores it needs, and their number.

    Tay et al. 2022, §3.1: any fixed pattern, and all combinations.
    """
    out = np.zeros(v.shape)
    for i, seen in enumerate(mask):
        out[i] = attention(q[i : i + 1], k[seen], v[seen])[0]
    return out, int(mask.sum())


def local_attention(
    q: Float[Array, "n d"],
    k: Float[Array, "n d"],
    v: Float[Array, "n d"],
    w: int,
) -> Float[Array, "n d"]:
    """Each query and the keys at most w away, in n (2w + 1) scores.

    Tay et al. 2022, §3.2.8, sliding window; all rows at once.
    """
    check_sizes("local_attention", w=w)
    (n, d), w = q.shape, min(w, len(q))
    at = np.arange(n)[:, None] + np.arange(-w, w + 1)
    inside = (at >= 0) & (at < n)
    at = np.clip(at, 0, n - 1)
    scores = np.einsum("nd,nwd->nw", q, k[at]) / np.sqrt(d)
    return np.einsum("nw,nwd->nd", softmax(scores, mask=inside), v[at])


def block_attention(
    q: Float[Array, "n d"],
    k: Float[Array, "n d"],
    v: Float[Array, "n d"],
    b: int,
) -> Float[Array, "n d"]:
    """Attention inside blocks of b positions, in n b scores.

    Tay et al. 2022, §3.2.1, local attention span.
    """
    check_sizes("block_attention", 1, b=b)
    n, d = q.shape
    if n % b:
        raise ValueError(f"block_attention: blocks of {b} do not divide {n}")
    blocks = (x.reshape(n // b, b, d) for x in (q, k, v))
    return attention(*blocks).reshape(n, d)


def low_rank_attention(
    q: Float[Array, "n d"],
    k: Float[Array, "n d"],
    v: Float[Array, "n d"],
    e: Float[Array, "k n"],
    f: Float[Array, "k n"],
) -> Float[Array, "n d"]:
    """Attention to k mixtures of the n positions, in n k scores.

    Tay et al. 2022, eq. 5; Wang et al. 2020 (Linformer).
    """
    return attention(q, e @ k, f @ v)


def kernel_attention(
    q: Float[Array, "n c"], k: Float[Array, "n c"], v: Float[Array, "n d"]
) -> Float[Array, "n d"]:
    """Attention with weights q . k of features, without any score.

    Tay et al. 2022, §3.2.14, unmasked: the sums over the keys come first.
    """
    return normalised(q @ (k.T @ v), q @ k.sum(axis=0))


def exponential_features(
    x: Float[Array, "n d"], degree: int
) -> Float[Array, "n c"]:
    """Features whose dot product is the series of e^(x . y) to a degree.

    Our own: the products of j coordinates, over the root of j factorial.
    """
    check_sizes("exponential_features", degree=degree)
    power, parts = np.ones((len(x), 1)), []
    for j in range(degree + 1):
        parts.append(power)
        power = power[:, :, None] * x[:, None, :] / np.sqrt(j + 1)
        power = power.reshape(len(x), power.shape[1] * x.shape[1])
    return np.concatenate(parts, axis=1)


def ffn_share(n: int, d: int) -> float:
    """The feed-forward part of a layer's multiplications, with f = 4 d.

    Per position: 8 d^2 in that part, 4 d^2 in the four projections of
    attention, 2 n d in its scores and its mean.
    """
    check_sizes("ffn_share", 1, n=n, d=d)
    return 8 * d / (12 * d + 2 * n)


def activations(
    w: Float[Array, "l d d"], x: Float[Array, "b d"]
) -> list[Float[Array, "_ d"]]:
    """What goes into each layer of tanh(x w), and what leaves the last."""
    inputs = [x]
    for layer in w:
        inputs.append(np.tanh(inputs[-1] @ layer))
    return inputs


def backward(
    w: Float[Array, "l d d"],
    inputs: list[Float[Array, "b d"]],
    dy: Float[Array, "b d"],
) -> tuple[list[Float[Array, "d d"]], Float[Array, "b d"]]:
    """Gradients of each layer and of the input, from what each layer got."""
    if len(inputs) != len(w) + 1:
        raise ValueError(
            f"backward: {len(w)} layers have {len(w) + 1} inputs and outputs, "
            f"not {len(inputs)}"
        )
    grads = []
    for t in reversed(range(len(w))):
        ds = dy * (1 - inputs[t + 1] ** 2)
        grads.append(inputs[t].T @ ds)
        dy = ds @ w[t].T
    return grads[::-1], dy


def checkpointed(
    w: Float[Array, "l d d"],
    x: Float[Array, "b d"],
    dy: Float[Array, "b d"],
    every: int,
) -> tuple[Float[Array, "l d d"], int, int]:
    """Gradients, most activations held at once, and layers computed.

    Chen et al. 2016, §4.3: keep one activation in so many, and compute the
    others again, segment by segment, on the way back.
    """
    if not 1 <= every <= len(w):
        raise ValueError(f"checkpointed: one in {every} of {len(w)} layers")
    starts, kept, y = range(0, len(w), every), [], x
    for start in starts:
        kept.append(y)
        y = activations(w[start : start + every], y)[-1]
    grads, most, computed = [], 0, len(w)
    for start in reversed(starts):
        segment = w[start : start + every]
        inputs = activations(segment, kept.pop())
        most = max(most, len(kept) + len(inputs))
        computed += len(segment)
        new, dy = backward(segment, inputs, dy)
        grads = new + grads
    return np.array(grads), most, computed


def half(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """The nearest numbers of 16 bits; infinite what is beyond the largest."""
    with np.errstate(over="ignore"):
        return np.asarray(x, dtype=np.float16).astype(float)


def descend(
    w: Float[Array, "..."],
    gradients: Float[Array, "t ..."],
    lr: float,
    master: bool,
) -> Float[Array, "..."]:
    """Weights of 16 bits after some steps, with or without a master copy.

    Micikevicius et al. 2018, §3.1: the copy has more digits and takes the
    updates, the rounded weights are what the network sees.
    """
    for g in gradients:
        w = w - lr * half(g)
        w = w if master else half(w)
    return half(w)


def scaled_gradient(
    g: Float[Array, "..."], scale: float
) -> Float[Array, "..."]:
    """A gradient computed in 16 bits from a loss times a scale.

    Micikevicius et al. 2018, §3.2: divided again before the update.
    """
    if not 0 < scale < np.inf:
        raise ValueError(f"scaled_gradient: a scale of {scale}")
    return half(g * scale) / scale


def adam_bytes(parameters: float) -> float:
    """Memory of mixed-precision training with Adam, without activations.

    Rajbhandari et al. 2020, §3.1: weight and gradient of two bytes; weight,
    momentum and variance of four.
    """
    if parameters < 0:
        raise ValueError(f"adam_bytes: {parameters} parameters")
    return (2 + 2 + 4 + 4 + 4) * parameters
