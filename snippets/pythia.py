"""Entry 16, Pythia (Biderman et al. 2023), with the rotary embedding.

A suite in miniature, positions as rotations (Su et al. 2021, RoFormer; its
equations are cited), the block whose halves run side by side, the sizes of
the suite, and how many sequences of each batch a model memorises.
Shapes: b batch, n positions, d width (of a head, where it rotates), h heads,
v words.
"""

import re
from collections import Counter
from typing import Any as Array

import autograd.numpy as np
from jaxtyping import Bool, Float, Int

from snippets.bert import layer_parameters
from snippets.layers import (
    Params,
    check_ids,
    check_sizes,
    feed_forward,
    gelu,
    layer_norm,
    softmax,
)
from snippets.transformer import (
    attention,
    causal_mask,
    merge_heads,
    padding_mask,
    split_heads,
)

# Biderman et al. 2023, Table 1 and app. E: layers, width, heads, shards.
SUITE = {
    "70M": (6, 512, 8, 1),
    "160M": (12, 768, 12, 1),
    "410M": (24, 1024, 16, 1),
    "1.0B": (16, 2048, 8, 1),
    "1.4B": (24, 2048, 16, 1),
    "2.8B": (32, 2560, 32, 1),
    "6.9B": (32, 4096, 32, 2),
    "12B": (36, 5120, 40, 4),
}

# -- a suite in miniature ----------------------------------------------------


def checkpoints(steps: int, every: int = 1000) -> list[int]:
    """The steps after which a model is saved: doubling at first, then even.

    Biderman et al. 2023, §2.4: the start, 1, 2, 4, ..., and each thousand.
    """
    check_sizes("checkpoints", steps=steps)
    check_sizes("checkpoints", 1, every=every)
    early = (2**i for i in range(every.bit_length()))
    early = {step for step in early if step <= min(every, steps)}
    return sorted(early | {*range(0, steps + 1, every)})


def frequent_words(text: str, v: int) -> tuple[list[str], Int[Array, " n"]]:
    """The v - 1 commonest words and an … for the rest, and the text in ids."""
    check_sizes("frequent_words", 1, v=v)
    words = re.findall("[a-z]+", text.lower())
    names = [name for name, _ in Counter(words).most_common(v - 1)] + ["…"]
    ids = {name: i for i, name in enumerate(names)}
    rest = len(names) - 1
    return names, np.fromiter((ids.get(w, rest) for w in words), int)


def draw_pairs(
    rng: np.random.Generator, words: Int[Array, " n"], steps: int, b: int
) -> Int[Array, "steps b 2"]:
    """Batches of words with the word after each, in the order of training."""
    check_sizes("draw_pairs", 2, words=len(words))
    check_sizes("draw_pairs", steps=steps, b=b)
    at = rng.integers(len(words) - 1, size=(steps, b))
    return np.stack([words[at], words[at + 1]], axis=-1)


def train_pairs(
    batches: Int[Array, "steps b 2"],
    v: int,
    d: int,
    saved: list[int],
    rate: float = 2.5,
) -> dict[int, Float[Array, "v v"]]:
    """The scores A B of each next word, a row per word, after saved steps.

    Gradient descent on the surprise at the next word; the rate falls evenly
    to a tenth.  Start, data and order are those of every model of a size.
    """
    check_pairs("train_pairs", batches, v, d)
    rng, eye = np.random.default_rng(0), np.eye(v)
    a, b = rng.normal(size=(v, d)) / 4, rng.normal(size=(d, v)) / 4
    kept = {0: a @ b}
    for step, batch in enumerate(batches, 1):
        now, after = batch.T
        g = (softmax(a[now] @ b) - eye[after]) / len(batch)
        lr = rate * (1 - 0.9 * step / len(batches))
        a, b = a - lr * eye[now].T @ (g @ b.T), b - lr * a[now].T @ g
        kept |= {step: a @ b} if step in saved else {}
    return {step: kept[step] for step in saved if step in kept}


def check_pairs(
    what: str, batches: Int[Array, "steps b 2"], v: int, d: int
) -> None:
    """Refuse words that are not there, and batches without a pair."""
    check_sizes(what, 1, pairs=batches.shape[1], v=v, d=d)
    check_ids(f"{what}: words", batches, v)


# -- rotary position embedding -----------------------------------------------


def frequencies(d: int, base: float = 10_000.0) -> Float[Array, " half"]:
    """The angles by which d / 2 pairs turn from one position to the next.

    RoFormer, eq. 15: base to the power of -2 (i - 1) / d.
    """
    check_sizes("frequencies", d=d)
    if d % 2:
        raise ValueError(f"frequencies: the width {d} is not even")
    if not 0 < base < np.inf:
        raise ValueError("frequencies: base must be positive and finite")
    return base ** (-np.arange(0, d, 2) / d)


def rotate(
    x: Float[Array, "*b n d"], positions: Int[Array, "*#b n"]
) -> Float[Array, "*b n d"]:
    """Each pair of neighbours turned by position times frequency.

    RoFormer, eq. 34.  All texts have the same positions, or each its own.
    """
    angle = positions[..., None] * frequencies(x.shape[-1])
    cos, sin = np.cos(angle), np.sin(angle)
    a, b = x[..., 0::2], x[..., 1::2]
    turned = np.stack([a * cos - b * sin, b * cos + a * sin], axis=-1)
    return np.reshape(turned, x.shape)


def rotate_halves(
    x: Float[Array, "*b n d"], positions: Int[Array, "*#b n"]
) -> Float[Array, "*b n d"]:
    """The same with pairs (i, i + d/2), as in the code of GPT-NeoX."""
    angle = positions[..., None] * frequencies(x.shape[-1])
    cos, sin = np.cos(angle), np.sin(angle)
    a, b = np.split(x, 2, axis=-1)
    return np.concatenate([a * cos - b * sin, b * cos + a * sin], axis=-1)


def rotate_part(
    x: Float[Array, "*b n d"],
    positions: Int[Array, "*#b n"],
    share: float = 0.25,
) -> Float[Array, "*b n d"]:
    """Only the first share of the width turned, the rest as it was.

    Biderman et al. 2023, app. E, rotary-pct; cut to a whole number.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"rotate_part: {share} is no share between 0 and 1")
    width = int(round(x.shape[-1] * share, 9))  # 0.58 of 100 are not 57.999
    if width % 2:
        raise ValueError(f"rotate_part: share leaves {width}, an odd width")
    turned = rotate_halves(x[..., :width], positions)
    return np.concatenate([turned, x[..., width:]], axis=-1)


def decay(distances: Float[Array, " n"], d: int) -> Float[Array, " n"]:
    """Mean size of the partial sums S_1 ... S_{d/2} of turning arrows.

    RoFormer, eq. 37 and fig. 2: a bound on scores, up to a factor.
    """
    check_sizes("decay", 2, d=d)
    arrows = np.exp(1j * distances[:, None] * frequencies(d))
    return np.mean(np.abs(np.cumsum(arrows, axis=-1)), axis=-1)


# -- the block ---------------------------------------------------------------


def neox_block(
    x: Float[Array, "*b n d"],
    p: Params,
    h: int,
    parallel: bool = True,
    share: float = 0.25,
    real: Bool[Array, "*b n"] | None = None,
) -> Float[Array, "*b n d"]:
    """Attention and feed-forward side by side, or one after the other.

    Black et al. 2022, §2.1.2, with the two LayerNorms of the code.  real: in
    a batch of unequal lengths, True at tokens; only distances count, so
    padding on the left needs no positions of its own.
    """
    places = np.arange(x.shape[-2])
    mask = causal_mask(len(places)) & padding_mask(real)
    y = layer_norm(x, p["ln1_gain"], p["ln1_bias"])
    q, k, v = (split_heads(y @ p[f"w_{w}"] + p[f"b_{w}"], h) for w in "qkv")
    q, k = (rotate_part(z, places, share) for z in (q, k))
    out = attention(q, k, v, mask[..., None, :, :])
    attended = merge_heads(out) @ p["w_o"] + p["b_o"]
    y = x if parallel else x + attended
    y = layer_norm(y, p["ln2_gain"], p["ln2_bias"])
    thought = feed_forward(y, p["w_1"], p["b_1"], p["w_2"], p["b_2"], gelu)
    return x + attended + thought


# -- sizes -------------------------------------------------------------------


def padded(vocabulary: int, shards: int = 1) -> int:
    """The vocabulary filled up to a multiple of 128 for each shard.

    So does the code of GPT-NeoX, to share the table among GPUs.
    """
    if shards < 1:
        raise ValueError("padded: a table is on one GPU at least")
    check_sizes("padded", vocabulary=vocabulary)
    return -(-vocabulary // (128 * shards)) * 128 * shards


def pythia_parameters(
    l: int, d: int, shards: int = 1, vocabulary: int = 50_277
) -> tuple[int, int]:
    """How many numbers a model learns: without and with its embeddings.

    Biderman et al. 2023, §2.3: two tables, not tied; positions have none.
    """
    check_sizes("pythia_parameters", l=l, d=d)
    blocks = l * layer_parameters(d) + 2 * d
    return blocks, blocks + 2 * padded(vocabulary, shards) * d


# -- memorisation ------------------------------------------------------------


def memorised(
    rng: np.random.Generator, rate: Float[Array, " t"], batch: int = 512
) -> Int[Array, " t"]:
    """How many sequences of each batch are memorised, each by chance.

    Biderman et al. 2023, §3.2: a batch is a slice of time; rate may change
    from one slice to the next.
    """
    check_sizes("memorised", batch=batch)
    if not np.all((rate >= 0) & (rate <= 1)):
        raise ValueError("memorised: rate must lie between 0 and 1")
    return rng.binomial(batch, rate)


def poisson(rate: float, most: int) -> Float[Array, " k"]:
    """The chances of 0, 1, ..., most events at a mean rate."""
    if not 0 < rate < np.inf:
        raise ValueError("poisson: the rate must be positive and finite")
    check_sizes("poisson", most=most)
    log_factorials = np.cumsum(np.log(np.arange(1, most + 1)))
    log_factorials = np.concatenate([[0.0], log_factorials])
    return np.exp(np.arange(most + 1) * np.log(rate) - rate - log_factorials)


def quantiles(
    counts: Int[Array, " t"],
) -> tuple[Int[Array, " t"], Int[Array, " t"]]:
    """Quantiles of the best Poisson fit, and the counts in order.

    Biderman et al. 2023, fig. 3: the two axes of a Q-Q plot.
    """
    check_counts("quantiles", counts)
    n, rate = len(counts), float(np.mean(counts))
    if rate > 1e6:
        raise ValueError("quantiles: counts are too many to add up chances")
    below = np.cumsum(poisson(rate, int(5 * rate + 50)))
    expected = np.searchsorted(below, (np.arange(n) + 0.5) / n)
    return expected, np.sort(counts)


def check_counts(what: str, counts: Int[Array, " t"]) -> None:
    """Refuse counts without an event, and what is no count."""
    if not np.any(counts):
        raise ValueError(f"{what}: nothing was counted")
    check_sizes(what, counts=int(np.min(counts)))


def dispersion(counts: Int[Array, " t"]) -> float:
    """Variance over mean: one for a Poisson distribution."""
    check_counts("dispersion", counts)
    return float(np.var(counts) / np.mean(counts))
