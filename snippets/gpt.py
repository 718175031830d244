"""Entry 7, the GPT papers (Radford et al. 2018, 2019; Brown et al. 2020).

Byte-level BPE, the causal language model, its training and fine-tuning,
sampling with a cache; counts and costs; and the book's own tiny GPT.
Shapes: b batch, n positions, d width, h heads, l layers, v vocabulary.
"""

import re
from collections import Counter
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from typing import Any as Array
from unicodedata import category

import autograd.numpy as np
from jaxtyping import Bool, Float, Int

from snippets.layers import (
    IGNORED,
    Params,
    all_real,
    block_params,
    check_ids,
    check_sizes,
    cross_entropy,
    feed_forward,
    gelu,
    last,
    layer_norm,
    n_layers,
    positions,
    softmax,
)
from snippets.transformer import (
    attention,
    causal_mask,
    merge_heads,
    padding_mask,
    split_heads,
)

DATA = Path(__file__).parent / "data"
Merges = list[tuple[int, int]]

# -- tokens ------------------------------------------------------------------

PIECES = re.compile(
    r"'(?:s|t|re|ve|m|ll|d)"  # English endings
    r"| ?[A-Za-z]+"
    r"| ?[0-9]+"
    r"| ?[^\sA-Za-z0-9]+"
    r"|\s+(?!\S)|\s+",
    re.ASCII,
)


def ascii_like(char: str) -> str:
    """An ASCII character of the same kind: letter, digit, space or sign."""
    if char.isascii():
        return char
    return "\t" if char.isspace() else LIKE.get(category(char)[0], "!")


LIKE = {"L": "x", "N": "0"}  # Unicode's letters, and its numbers


def pieces(data: bytes) -> list[bytes]:
    """The data cut where no merge may reach across; nothing is lost.

    Radford et al. 2019, §2.2: letters, digits and signs apart, each with the
    space before it, in any script; bytes that are no UTF-8 count as signs.

    >>> pieces(b"It's 3 o'clock!")
    [b'It', b"'s", b' 3', b' o', b"'", b'clock', b'!']
    """
    text = data.decode(errors="surrogateescape")
    kinds = text.translate({ord(c): ascii_like(c) for c in set(text)})
    spans = [found.span() for found in PIECES.finditer(kinds)]
    return [text[a:b].encode(errors="surrogateescape") for a, b in spans]


def merge(
    tokens: tuple[int, ...], pair: tuple[int, int], new: int
) -> tuple[int, ...]:
    """The tokens with every pair, from the left, replaced by the new one."""
    out, i = [], 0
    while i < len(tokens):
        found = tokens[i : i + 2] == pair
        out.append(new if found else tokens[i])
        i += 2 if found else 1
    return tuple(out)


def count_pairs(words: Counter) -> Counter:
    """How often each two tokens are neighbours, in words that are counted."""
    pairs = Counter()
    for word, count in words.items():
        for pair in pairwise(word):
            pairs[pair] += count
    return pairs


def train_bpe(data: bytes, n_merges: int) -> Merges:
    """The pairs to merge, each the most frequent when its turn comes.

    Sennrich et al. 2016, §3.2, on bytes (Radford et al. 2019, §2.2): tokens
    0 to 255 are the bytes, 256 + i is merge i.  Of equals, the lowest pair.
    """
    check_sizes("train_bpe", n_merges=n_merges)
    words = Counter(tuple(piece) for piece in pieces(data))
    merges = []
    for new in range(256, 256 + n_merges):
        pairs = count_pairs(words)
        if not pairs:
            raise ValueError(f"train_bpe: only {len(merges)} pairs to merge")
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        words = Counter(
            {merge(word, best, new): n for word, n in words.items()}
        )
    return merges


def encode(text: bytes | str, merges: Merges) -> list[int]:
    """The tokens of a text: each piece merged in the order of training."""
    check_merges(merges)
    new = {(chr(a), chr(b)): chr(256 + i) for i, (a, b) in enumerate(merges)}

    @cache
    def tokens(piece: bytes) -> list[int]:
        word = piece.decode("latin-1")  # a character for each token
        while known := [(new[p], p) for p in pairwise(word) if p in new]:
            first, pair = min(known)  # of all merges the earliest
            word = word.replace("".join(pair), first)
        return [ord(token) for token in word]

    whole = isinstance(text, bytes)
    data = text if whole else text.encode(errors="surrogatepass")
    return [token for piece in pieces(data) for token in tokens(piece)]


def check_merges(merges: Merges) -> None:
    """Merge i may join bytes, and what the merges before it have made."""
    for i, pair in enumerate(merges):
        if not 0 <= min(pair) <= max(pair) < 256 + i:
            raise ValueError(f"merges: number {i} joins {pair}, not yet made")


def vocabulary(merges: Merges) -> list[bytes]:
    """The bytes that each token stands for."""
    check_merges(merges)
    words = [bytes([byte]) for byte in range(256)]
    for left, right in merges:
        words.append(words[left] + words[right])
    return words


def decode(tokens: list[int] | Int[Array, " n"], merges: Merges) -> bytes:
    """The bytes of the tokens, one after the other."""
    words = vocabulary(merges)
    check_ids("decode: tokens", np.array(tokens, dtype=int), len(words))
    return b"".join(words[token] for token in tokens)


# -- the model ---------------------------------------------------------------


def init_gpt(
    rng: np.random.Generator, v: int, n: int, d: int, h: int, l: int
) -> Params:
    """Random parameters: N(0, 0.02), smaller where a residual sum is fed.

    Radford et al. 2018, §4.1; the factor 1 / sqrt(2 l) of w_o and w_2 from
    Radford et al. 2019, §2.3.  Attention has no biases here.
    """
    check_sizes("init_gpt", 1, v=v, n=n, d=d, h=h)
    check_sizes("init_gpt", l=l)
    if d % h:
        raise ValueError(f"init_gpt: {h} heads do not divide a width of {d}")

    p = {"tok_emb": rng.normal(size=(v, d)) * 0.02}
    p |= {"pos_emb": rng.normal(size=(n, d)) * 0.02}
    for i in range(l):
        p |= {f"b{i}.{k}": w for k, w in init_gpt_block(rng, d, l).items()}
    return p | {"lnf_gain": np.ones(d), "lnf_bias": np.zeros(d)}


def init_gpt_block(rng: np.random.Generator, d: int, l: int) -> Params:
    """Random parameters of one of l blocks, for `init_gpt`."""
    check_sizes("init_gpt_block", 1, d=d, l=l)
    std, small = 0.02, 0.02 / np.sqrt(2 * l)
    p = {f"w_{w}": rng.normal(size=(d, d)) * std for w in "qkv"}
    p |= {"w_o": rng.normal(size=(d, d)) * small}
    p |= {"w_1": rng.normal(size=(d, 4 * d)) * std, "b_1": np.zeros(4 * d)}
    p |= {"w_2": rng.normal(size=(4 * d, d)) * small, "b_2": np.zeros(d)}
    p |= {"ln1_gain": np.ones(d), "ln1_bias": np.zeros(d)}
    return p | {"ln2_gain": np.ones(d), "ln2_bias": np.zeros(d)}


def gpt_block(
    x: Float[Array, "*b n d"],
    p: Params,
    h: int,
    past: tuple[Array, Array] | None = None,
    real: Bool[Array, "*b m"] | None = None,
) -> tuple[Float[Array, "*b n d"], tuple[Array, Array]]:
    """Masked attention, then feed-forward, each on normalised inputs.

    Radford et al. 2019, §2.3.  past: keys and values of earlier positions;
    they come back with those of x added, for the next call.  real: which of
    all these positions are tokens and no padding.
    """
    y = layer_norm(x, p["ln1_gain"], p["ln1_bias"])
    q, k, v = (split_heads(y @ p[w], h) for w in ("w_q", "w_k", "w_v"))
    if past is not None:
        k = np.concatenate([past[0], k], axis=-2)
        v = np.concatenate([past[1], v], axis=-2)
    if real is not None and real.shape[-1] != k.shape[-2]:
        raise ValueError("gpt_block: real must cover past and new positions")
    mask = causal_mask(k.shape[-2])[k.shape[-2] - x.shape[-2] :]
    mask = (mask & padding_mask(real))[..., None, :, :]
    x = x + merge_heads(attention(q, k, v, mask)) @ p["w_o"]
    y = layer_norm(x, p["ln2_gain"], p["ln2_bias"])
    y = feed_forward(y, p["w_1"], p["b_1"], p["w_2"], p["b_2"], gelu)
    return x + y, (k, v)


def embed(
    params: Params,
    tokens: Int[Array, "*b n"],
    places: Int[Array, "*#b n"] | None = None,
) -> Float[Array, "*b n d"]:
    """Token plus position: h_0 of Radford et al. 2018, eq. 2.

    places: where each token stands in its text; without them 0, 1, 2, ...
    """
    places = np.arange(tokens.shape[-1]) if places is None else places
    check_ids("embed: tokens", tokens, len(params["tok_emb"]))
    check_ids("embed: places", places, len(params["pos_emb"]))
    return params["tok_emb"][tokens] + params["pos_emb"][places]


def hidden(
    params: Params,
    tokens: Int[Array, "*b n"],
    h: int,
    real: Bool[Array, "*b n"] | None = None,
) -> Float[Array, "*b n d"]:
    """The last states, normalised: h_n of Radford et al. 2018, eq. 2.

    real: in a batch of unequal lengths, True at tokens, False at padding.
    """
    real = all_real(tokens, real)
    x = embed(params, tokens, positions(real))
    for i in range(n_layers(params)):
        x, _ = gpt_block(x, block_params(params, i), h, real=real)
    return layer_norm(x, params["lnf_gain"], params["lnf_bias"])


def gpt(
    params: Params,
    tokens: Int[Array, "*b n"],
    h: int,
    real: Bool[Array, "*b n"] | None = None,
) -> Float[Array, "*b n v"]:
    """Logits of the token after each position, through the embedding again.

    Radford et al. 2018, eq. 2; real as in `hidden`.
    """
    return hidden(params, tokens, h, real) @ params["tok_emb"].T


def gpt_loss(
    params: Params,
    tokens: Int[Array, "*b n"],
    h: int,
    real: Bool[Array, "*b n"] | None = None,
) -> Float[Array, ""]:
    """Mean surprise at each token that follows another, in nats.

    Radford et al. 2018, eq. 1, as a mean and with the sign turned; real as
    in `hidden`.
    """
    if tokens.shape[-1] < 2:
        raise ValueError("gpt_loss: one token alone leaves none to predict")
    real = all_real(tokens, real)
    logits = gpt(params, tokens[..., :-1], h, real[..., :-1])
    follows = real[..., :-1] & real[..., 1:]
    return cross_entropy(logits, np.where(follows, tokens[..., 1:], IGNORED))


def classify(
    params: Params,
    w_y: Float[Array, "d k"],
    tokens: Int[Array, "*b n"],
    h: int,
    real: Bool[Array, "*b n"] | None = None,
) -> Float[Array, "*b k"]:
    """Logits of k classes, read at the last token.

    Radford et al. 2018, eq. 3; real as in `hidden`.
    """
    states = hidden(params, tokens, h, real)
    return last(states, all_real(tokens, real)) @ w_y


def finetune_loss(
    params: Params,
    w_y: Float[Array, "d k"],
    tokens: Int[Array, "*b n"],
    labels: Int[Array, "*b"],
    h: int,
    lam: float = 0.5,
    real: Bool[Array, "*b n"] | None = None,
) -> Float[Array, ""]:
    """Surprise at the labels plus lam times that at the tokens.

    Radford et al. 2018, eqs. 4 and 5, as means and with the sign turned; real
    as in `hidden`.
    """
    task = cross_entropy(classify(params, w_y, tokens, h, real), labels)
    return task + lam * gpt_loss(params, tokens, h, real)


# -- training ----------------------------------------------------------------


def adam(
    params: Params,
    grads: Params,
    state: dict[str, Any] | None,
    lr: float,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    eps: float = 1e-8,
    decay: float = 0.0,
) -> tuple[Params, dict[str, Any]]:
    """One step of Adam; None is the state before the first.

    Kingma and Ba 2015, algorithm 1.  decay pulls matrices, not gains and
    biases, towards zero (Loshchilov and Hutter 2019, algorithm 2).
    """
    if not (0 <= beta_1 < 1 and 0 <= beta_2 < 1 and eps > 0):
        raise ValueError("adam: beta_1 and beta_2 in [0, 1), and eps above 0")
    if params.keys() != grads.keys():
        raise ValueError("adam: grads must have the names of params")
    zero = {k: np.zeros_like(w) for k, w in params.items()}
    state = state or {"t": 0, "m": zero, "v": zero}
    t, m, v = state["t"] + 1, state["m"], state["v"]
    m = {k: beta_1 * m[k] + (1 - beta_1) * g for k, g in grads.items()}
    v = {k: beta_2 * v[k] + (1 - beta_2) * g**2 for k, g in grads.items()}
    size = {k: np.sqrt(v[k] / (1 - beta_2**t)) + eps for k in grads}
    rate = {k: m[k] / (1 - beta_1**t) / size[k] for k in grads}
    pull = {k: decay * w * (np.ndim(w) > 1) for k, w in params.items()}
    new = {k: w - lr * (rate[k] + pull[k]) for k, w in params.items()}
    return new, {"t": t, "m": m, "v": v}


# -- sampling ----------------------------------------------------------------


def draw(
    logits: Float[Array, "*b v"],
    rng: np.random.Generator | None = None,
    temperature: float = 1.0,
) -> Int[Array, "*b"]:
    """A token from the softmax of logits / temperature; no rng: the best."""
    if not 0 < temperature < np.inf:
        raise ValueError("draw: the temperature must be positive and finite")
    check_sizes("draw", 1, v=logits.shape[-1])
    top = np.max(logits, axis=-1, keepdims=True)
    if not np.all(np.isfinite(top)):
        raise ValueError("draw: the largest of logits is no finite number")
    if rng is None:
        return np.argmax(logits, axis=-1)
    chances = np.cumsum(softmax((logits - top) / temperature), axis=-1)
    below = chances < rng.random((*logits.shape[:-1], 1)) * chances[..., -1:]
    return np.sum(below, axis=-1)  # the first sum that is not below


def generate(
    params: Params,
    prompt: Int[Array, "*b n"],
    n_new: int,
    h: int,
    rng: np.random.Generator | None = None,
    temperature: float = 1.0,
    real: Bool[Array, "*b n"] | None = None,
) -> Int[Array, "*b m"]:
    """The prompt and n_new tokens more, each computed from the last alone.

    real: True at the tokens of prompts of unequal length, False at padding.
    """
    check_sizes("generate", n_new=n_new)
    real, past = all_real(prompt, real), [None] * n_layers(params)
    if not np.all(np.any(real, axis=-1)):
        raise ValueError("generate: an empty prompt leaves nothing to go on")
    tokens = new = prompt
    for _ in range(n_new):
        logits, past = next_logits(params, new, h, past, real)
        new = draw(logits, rng, temperature)[..., None]
        tokens = np.concatenate([tokens, new], axis=-1)
        real = np.concatenate([real, np.ones(new.shape, dtype=bool)], axis=-1)
    return tokens


def next_logits(
    params: Params,
    new: Int[Array, "*b n"],
    h: int,
    past: list[tuple[Array, Array] | None],
    real: Bool[Array, "*b m"],
) -> tuple[Float[Array, "*b v"], list[tuple[Array, Array]]]:
    """Logits of the token to come, and the keys and values of each block.

    past: those of what was read before, so that only new is read now; real:
    which of all positions, read before or now, are tokens and no padding.
    """
    now, cache = np.arange(real.shape[-1])[-new.shape[-1] :], []
    x = embed(params, new, positions(real)[..., now])
    for i, before in enumerate(past):
        x, pair = gpt_block(x, block_params(params, i), h, before, real)
        cache.append(pair)
    x = last(x, real[..., now])
    x = layer_norm(x, params["lnf_gain"], params["lnf_bias"])
    return x @ params["tok_emb"].T, cache


# -- the tiny model ----------------------------------------------------------


def corpus() -> str:
    """The text that the tiny model learns: Alice's Adventures in Wonderland.

    Its last chapter is held out.
    """
    return (DATA / "corpus.txt").read_text("ascii")


def load_tiny() -> tuple[Params, Merges, int]:
    """The tiny model: parameters, merges and the number of heads."""
    with np.load(DATA / "tiny.npz") as stored:
        arrays = {k: stored[k] for k in stored}
    merges = [(int(a), int(b)) for a, b in arrays.pop("merges")]
    h = int(arrays.pop("h"))
    return {k: w.astype(np.float64) for k, w in arrays.items()}, merges, h


def bigram_loss(
    learn: Int[Array, " n"], test: Int[Array, " m"], v: int, k: float
) -> float:
    """Mean surprise of a table of pairs, in nats: the bar for a model.

    The chance of a pair is mixed with that of its second token alone, which
    weighs as much as k sightings; a large k leaves only the latter.
    """
    check_ids("bigram_loss: learn", learn, v)
    check_ids("bigram_loss: test", test, v)
    if len(test) < 2 or not k > 0:
        raise ValueError("bigram_loss: needs a pair in test, and k above 0")
    alone = (np.bincount(learn, minlength=v) + 1) / (len(learn) + v)
    both = np.ravel_multi_index((learn[:-1], learn[1:]), (v, v))
    pairs = np.reshape(np.bincount(both, minlength=v * v), (v, v))
    seen = np.sum(pairs, axis=-1, keepdims=True)
    chances = (pairs + k * alone) / (seen + k)
    return float(-np.mean(np.log(chances[test[:-1], test[1:]])))


# -- prompts and masks -------------------------------------------------------


def few_shot_prompt(
    description: str, examples: list[tuple[str, str]], query: str
) -> str:
    """A task told and shown in text, for the model to go on with.

    Brown et al. 2020, fig. 2.1.
    """
    shown = [f"{asked} => {answer}" for asked, answer in examples]
    return "\n".join([description, *shown, f"{query} =>"])


def banded_mask(n: int, w: int) -> Bool[Array, "n n"]:
    """True where a position may look: at itself and the w - 1 before it.

    Brown et al. 2020, §2.1, names such bands and not their width.
    """
    check_sizes("banded_mask", n=n)
    if w < 1:
        raise ValueError("banded_mask: a position must see at least itself")
    return causal_mask(n) & ~np.tril(np.ones((n, n), dtype=bool), -w)


# -- counts ------------------------------------------------------------------


def gpt_parameters(
    v: int, n: int, d: int, l: int, final_norm: bool = True
) -> int:
    """How many numbers a GPT learns: embeddings, l blocks, the last LayerNorm.

    A block: 12 d^2 of weights (attention 4, feed-forward 8) and 13 d of
    biases and gains.  GPT-1 has no last LayerNorm (Radford et al. 2019, §2.3).
    """
    check_sizes("gpt_parameters", v=v, n=n, d=d, l=l)
    return (v + n) * d + l * (12 * d**2 + 13 * d) + 2 * d * final_norm


def train_flops(parameters: int, tokens: int, active: float = 1.0) -> float:
    """Operations of a training: 6 for each active parameter and token.

    Brown et al. 2020, app. D: an addition and a multiplication forward, and
    twice that backward.
    """
    return 6 * active * parameters * tokens
