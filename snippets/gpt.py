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

import autograd.numpy as np
from jaxtyping import Bool, Float, Int

from snippets.layers import (
    Params,
    block_params,
    cross_entropy,
    feed_forward,
    gelu,
    layer_norm,
    n_layers,
    softmax,
)
from snippets.transformer import (
    attention,
    causal_mask,
    merge_heads,
    split_heads,
)

DATA = Path(__file__).parent / "data"
Merges = list[tuple[int, int]]

# -- tokens ------------------------------------------------------------------

PIECES = re.compile(
    rb"'(?:s|t|re|ve|m|ll|d)"  # English endings
    rb"| ?[A-Za-z\x80-\xff]+"  # letters; so counts what is not ASCII
    rb"| ?[0-9]+"
    rb"| ?[^\sA-Za-z0-9\x80-\xff]+"
    rb"|\s+(?!\S)|\s+"
)


def pieces(data: bytes) -> list[bytes]:
    """The data cut where no merge may reach across; nothing is lost.

    Radford et al. 2019, §2.2: letters, digits and signs apart, each with the
    space before it.

    >>> pieces(b"It's 3 o'clock!")
    [b'It', b"'s", b' 3', b' o', b"'", b'clock', b'!']
    """
    return PIECES.findall(data)


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


def train_bpe(data: bytes, n_merges: int) -> Merges:
    """The pairs to merge, each the most frequent when its turn comes.

    Sennrich et al. 2016, §3.2, on bytes (Radford et al. 2019, §2.2): tokens
    0 to 255 are the bytes, 256 + i is merge i.  Of equals, the lowest pair.
    """
    words = Counter(tuple(piece) for piece in pieces(data))
    merges = []
    for new in range(256, 256 + n_merges):
        pairs = Counter()
        for word, count in words.items():
            for pair in pairwise(word):
                pairs[pair] += count
        if not pairs:
            raise ValueError(f"train_bpe: only {len(merges)} pairs to merge")
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        words = {
            merge(w, best, new) if best in pairwise(w) else w: count
            for w, count in words.items()
        }
    return merges


def encode(text: bytes | str, merges: Merges) -> list[int]:
    """The tokens of a text: each piece merged in the order of training."""
    new = {(chr(a), chr(b)): chr(256 + i) for i, (a, b) in enumerate(merges)}

    @cache
    def tokens(piece: bytes) -> list[int]:
        word = piece.decode("latin-1")  # a character for each token
        while known := [(new[p], p) for p in pairwise(word) if p in new]:
            first, pair = min(known)
            word = word.replace("".join(pair), first)
        return [ord(token) for token in word]

    data = text.encode() if isinstance(text, str) else text
    return [token for piece in pieces(data) for token in tokens(piece)]


def vocabulary(merges: Merges) -> list[bytes]:
    """The bytes that each token stands for."""
    words = [bytes([byte]) for byte in range(256)]
    for left, right in merges:
        words.append(words[left] + words[right])
    return words


def decode(tokens: list[int] | Int[Array, " n"], merges: Merges) -> bytes:
    """The bytes of the tokens, one after the other."""
    words = vocabulary(merges)
    return b"".join(words[token] for token in tokens)


# -- the model ---------------------------------------------------------------


def init_gpt(
    rng: np.random.Generator, v: int, n: int, d: int, h: int, l: int
) -> Params:
    """Random parameters: N(0, 0.02), smaller where a residual sum is fed.

    Radford et al. 2018, §4.1; the factor 1 / sqrt(2 l) of w_o and w_2 from
    Radford et al. 2019, §2.3.  Attention has no biases here.
    """
    if d % h:
        raise ValueError(f"init_gpt: {h} heads do not divide a width of {d}")

    def normal(*shape: int, std: float = 0.02) -> Array:
        return rng.normal(size=shape) * std

    p = {"tok_emb": normal(v, d), "pos_emb": normal(n, d)}
    for b in (f"b{i}." for i in range(l)):
        p |= {b + "ln1_gain": np.ones(d), b + "ln1_bias": np.zeros(d)}
        p |= {b + w: normal(d, d) for w in ("w_q", "w_k", "w_v")}
        p |= {b + "w_o": normal(d, d, std=0.02 / np.sqrt(2 * l))}
        p |= {b + "ln2_gain": np.ones(d), b + "ln2_bias": np.zeros(d)}
        p |= {b + "w_1": normal(d, 4 * d), b + "b_1": np.zeros(4 * d)}
        p |= {b + "w_2": normal(4 * d, d, std=0.02 / np.sqrt(2 * l))}
        p |= {b + "b_2": np.zeros(d)}
    return p | {"lnf_gain": np.ones(d), "lnf_bias": np.zeros(d)}


def gpt_block(
    x: Float[Array, "*b n d"],
    p: Params,
    h: int,
    past: tuple[Array, Array] | None = None,
) -> tuple[Float[Array, "*b n d"], tuple[Array, Array]]:
    """Masked attention, then feed-forward, each on normalised inputs.

    Radford et al. 2019, §2.3.  past: keys and values of earlier positions;
    they come back with those of x added, for the next call.
    """
    y = layer_norm(x, p["ln1_gain"], p["ln1_bias"])
    q, k, v = (split_heads(y @ p[w], h) for w in ("w_q", "w_k", "w_v"))
    if past is not None:
        k = np.concatenate([past[0], k], axis=-2)
        v = np.concatenate([past[1], v], axis=-2)
    mask = causal_mask(k.shape[-2])[-q.shape[-2] :]
    x = x + merge_heads(attention(q, k, v, mask)) @ p["w_o"]
    y = layer_norm(x, p["ln2_gain"], p["ln2_bias"])
    y = feed_forward(y, p["w_1"], p["b_1"], p["w_2"], p["b_2"], gelu)
    return x + y, (k, v)


def embed(
    params: Params, tokens: Int[Array, "*b n"], start: int = 0
) -> Float[Array, "*b n d"]:
    """Token plus position: h_0 of Radford et al. 2018, eq. 2."""
    end = start + tokens.shape[-1]
    v, n = len(params["tok_emb"]), len(params["pos_emb"])
    if end > n:
        raise ValueError(f"embed: {end} positions, the model knows only {n}")
    if tokens.size and not (tokens.min() >= 0 and tokens.max() < v):
        raise ValueError(f"embed: a token is outside the vocabulary of {v}")
    return params["tok_emb"][tokens] + params["pos_emb"][start:end]


def hidden(
    params: Params, tokens: Int[Array, "*b n"], h: int
) -> Float[Array, "*b n d"]:
    """The last states, normalised: h_n of Radford et al. 2018, eq. 2."""
    x = embed(params, tokens)
    for i in range(n_layers(params)):
        x, _ = gpt_block(x, block_params(params, i), h)
    return layer_norm(x, params["lnf_gain"], params["lnf_bias"])


def gpt(
    params: Params, tokens: Int[Array, "*b n"], h: int
) -> Float[Array, "*b n v"]:
    """Logits of the token after each position, through the embedding again.

    Radford et al. 2018, eq. 2.
    """
    return hidden(params, tokens, h) @ params["tok_emb"].T


def gpt_loss(
    params: Params, tokens: Int[Array, "*b n"], h: int
) -> Float[Array, ""]:
    """Mean surprise at each token after the first, in nats.

    Radford et al. 2018, eq. 1, as a mean and with the sign turned.
    """
    if tokens.shape[-1] < 2:
        raise ValueError("gpt_loss: one token alone leaves none to predict")
    return cross_entropy(gpt(params, tokens[..., :-1], h), tokens[..., 1:])


def classify(
    params: Params,
    w_y: Float[Array, "d k"],
    tokens: Int[Array, "*b n"],
    h: int,
) -> Float[Array, "*b k"]:
    """Logits of k classes, read at the last position.

    Radford et al. 2018, eq. 3.
    """
    return hidden(params, tokens, h)[..., -1, :] @ w_y


def finetune_loss(
    params: Params,
    w_y: Float[Array, "d k"],
    tokens: Int[Array, "*b n"],
    labels: Int[Array, "*b"],
    h: int,
    lam: float = 0.5,
) -> Float[Array, ""]:
    """Surprise at the labels plus lam times that at the tokens.

    Radford et al. 2018, eqs. 4 and 5, as means and with the sign turned.
    """
    task = cross_entropy(classify(params, w_y, tokens, h), labels)
    return task + lam * gpt_loss(params, tokens, h)


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
    zero = {k: np.zeros_like(w) for k, w in params.items()}
    state = state or {"t": 0, "m": zero, "v": zero}
    t, m, v = state["t"] + 1, state["m"], state["v"]
    m = {k: beta_1 * m[k] + (1 - beta_1) * g for k, g in grads.items()}
    v = {k: beta_2 * v[k] + (1 - beta_2) * g**2 for k, g in grads.items()}
    rate = {
        k: (m[k] / (1 - beta_1**t)) / (np.sqrt(v[k] / (1 - beta_2**t)) + eps)
        for k in grads
    }
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
    if temperature <= 0:
        raise ValueError("draw: the temperature must be positive")
    if rng is None:
        return np.argmax(logits, axis=-1)
    chances = np.cumsum(softmax(logits / temperature), axis=-1)
    below = chances < rng.random((*logits.shape[:-1], 1)) * chances[..., -1:]
    return np.sum(below, axis=-1)


def generate(
    params: Params,
    prompt: Int[Array, "*b n"],
    n_new: int,
    h: int,
    rng: np.random.Generator | None = None,
    temperature: float = 1.0,
) -> Int[Array, "*b m"]:
    """The prompt and n_new tokens more, each computed from the last alone.

    The keys and values of what was read before are kept.
    """
    if prompt.shape[-1] == 0:
        raise ValueError("generate: an empty prompt leaves nothing to go on")
    tokens, new, past = prompt, prompt, [None] * n_layers(params)
    for _ in range(n_new):
        x = embed(params, new, tokens.shape[-1] - new.shape[-1])
        for i in range(len(past)):
            x, past[i] = gpt_block(x, block_params(params, i), h, past[i])
        x = layer_norm(x[..., -1, :], params["lnf_gain"], params["lnf_bias"])
        new = draw(x @ params["tok_emb"].T, rng, temperature)[..., None]
        tokens = np.concatenate([tokens, new], axis=-1)
    return tokens


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
    alone = (np.bincount(learn, minlength=v) + 1) / (len(learn) + v)
    pairs = np.bincount(learn[:-1] * v + learn[1:], minlength=v * v)
    pairs = np.reshape(pairs, (v, v))
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
    return (v + n) * d + l * (12 * d**2 + 13 * d) + 2 * d * final_norm


def train_flops(parameters: int, tokens: int, active: float = 1.0) -> float:
    """Operations of a training: 6 for each active parameter and token.

    Brown et al. 2020, app. D: an addition and a multiplication forward, and
    twice that backward.
    """
    return 6 * active * parameters * tokens
