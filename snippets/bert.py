"""Entry 6, BERT (Devlin et al. 2019) and RoBERTa (Liu et al. 2019).

A hidden word by its neighbours; hidden tokens, pairs of sentences, the encoder
and its two losses, answers as spans; counts.  Shapes: n positions, d width
(the papers' H), h heads, v vocabulary, l layers.  The papers number no
equations.
"""

import re
from collections import Counter
from typing import Any
from typing import Any as Array

import autograd.numpy as np
from jaxtyping import Bool, Float, Int

from snippets.layers import (
    Params,
    all_real,
    block_params,
    check_ids,
    check_sizes,
    cross_entropy,
    feed_forward,
    first,
    gelu,
    layer_norm,
    n_layers,
    positions,
)
from snippets.transformer import (
    attention,
    merge_heads,
    padding_mask,
    split_heads,
)

EPS = 1e-12  # of every LayerNorm, in the authors' code
SPECIALS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORD = r"[a-z]+(?:'[a-z]+)?"

# -- a hidden word by its neighbours -----------------------------------------


def word_list(text: str, v: int) -> list[str]:
    """A vocabulary of v: the special tokens, then the most frequent words.

    Whole words stand in for the WordPieces of Devlin et al. 2019, §3.
    """
    check_sizes("word_list", len(SPECIALS), v=v)
    counts = Counter(re.findall(WORD, text.lower()))
    if v > len(SPECIALS) + len(counts):
        raise ValueError(f"word_list: the text has {len(counts)} words")
    frequent = counts.most_common(v - len(SPECIALS))
    return SPECIALS + [word for word, _ in frequent]


def numbers(text: str, words: list[str]) -> Int[Array, " n"]:
    """The place of each word in the list; that of [UNK] for all others."""
    if "[UNK]" not in words:
        raise ValueError("numbers: words must have [UNK]")
    place = {word: i for i, word in enumerate(words)}
    unknown = place["[UNK]"]
    found = re.findall(WORD, text.lower())
    return np.array([place.get(word, unknown) for word in found], dtype=int)


def neighbours(
    ids: Int[Array, " n"], v: int, extra: float = 0.1
) -> Float[Array, "v v"]:
    """For each word, a row: the chances of the word that follows, counted.

    extra is added to each count, so that nothing is impossible.
    """
    check_ids("neighbours: ids", ids, v)
    if extra <= 0:
        raise ValueError("neighbours: extra must be above 0")
    pairs = np.bincount(ids[:-1] * v + ids[1:], minlength=v * v)
    counts = pairs.reshape(v, v) + extra
    return counts / counts.sum(axis=1, keepdims=True)


def between(
    p: Float[Array, "v v"], left: Int[Array, "*n"], right: Int[Array, "*n"]
) -> Float[Array, "*n v"]:
    """Chances of a hidden word from the word before it and the one after it.

    Bayes' rule, where each word depends on the one before it alone: the
    chance after the left one, times the chance that the right one follows.
    """
    check_ids("between: left", left, len(p))
    check_ids("between: right", right, len(p))
    scores = p[left] * p.T[right]
    if not (scores.sum(axis=-1) > 0).all():
        raise ValueError("between: no word can stand between two of these")
    return scores / scores.sum(axis=-1, keepdims=True)


# -- data --------------------------------------------------------------------


def mask_tokens(
    rng: np.random.Generator,
    ids: Int[Array, " n"],
    special: Bool[Array, " n"],
    v: int,
    mask: int,
    rate: float = 0.15,
) -> tuple[Int[Array, " n"], Bool[Array, " n"]]:
    """What the model is shown, and which tokens it has to predict.

    Devlin et al. 2019, §3.1, task 1: of the chosen, 80% become the token
    mask and 10% a random one; special tokens are never chosen.  One text;
    padding, if it has any, is special too.
    """
    check_ids("mask_tokens: ids", ids, v)
    check_ids("mask_tokens: mask", np.array([mask]), v)
    if np.all(special):
        raise ValueError("mask_tokens: every token is special")
    if not 0 < rate <= 1:
        raise ValueError(f"mask_tokens: {rate} is no share above 0, up to 1")
    n = len(ids)
    count = min(max(1, round(rate * n)), n - int(np.sum(special)))
    order = np.where(special, np.inf, rng.random(n))
    chosen = order <= np.sort(order)[count - 1]
    u, other = rng.random(n), rng.integers(v, size=n)
    replaced = np.where(u < 0.8, mask, np.where(u < 0.9, other, ids))
    return np.where(chosen, replaced, ids), chosen


def sentence_pair(
    rng: np.random.Generator, documents: list[list[Any]], i: int, j: int
) -> tuple[Any, Any, bool]:
    """Sentence j of document i, a second one, and whether it is the next.

    Devlin et al. 2019, §3.1, task 2.  A last sentence has no next, so its
    partner is always random, from another document, as in the authors' code.
    """
    if len(documents) < 2:
        raise ValueError("sentence_pair: one document alone has no other")
    if not all(documents):
        raise ValueError("sentence_pair: one of the documents is empty")
    check_ids("sentence_pair: i", np.array([i]), len(documents))
    check_ids("sentence_pair: j", np.array([j]), len(documents[i]))
    first, document = documents[i][j], documents[i]
    if j + 1 < len(document) and rng.random() < 0.5:
        return first, document[j + 1], True
    other = documents[(i + rng.integers(1, len(documents))) % len(documents)]
    return first, other[rng.integers(len(other))], False


def pack(
    a: list[int], b: list[int], cls: int, sep: int
) -> tuple[Int[Array, " n"], Int[Array, " n"], Bool[Array, " n"]]:
    """[CLS] a [SEP] b [SEP]: tokens, segments, and which are special.

    Devlin et al. 2019, §3, input/output representations.
    """
    ids = np.array([cls, *a, sep, *b, sep])
    if np.any(ids < 0):
        raise ValueError(f"pack: no token is {np.min(ids)}, they count from 0")
    segments = np.array([0] * (len(a) + 2) + [1] * (len(b) + 1))
    special = np.isin(np.arange(len(ids)), [0, len(a) + 1, len(ids) - 1])
    return ids, segments, special


# -- the model ---------------------------------------------------------------


def init_layer(rng: np.random.Generator, d: int) -> Params:
    """Random parameters of one layer; it is four times as wide inside."""
    check_sizes("init_layer", 1, d=d)
    shapes = {w: (d, d) for w in "qkvo"} | {"1": (d, 4 * d), "2": (4 * d, d)}
    p = {f"w_{w}": rng.normal(size=s) * 0.02 for w, s in shapes.items()}
    p |= {f"b_{w}": np.zeros(s[1]) for w, s in shapes.items()}
    p |= {"ln1_gain": np.ones(d), "ln1_bias": np.zeros(d)}
    return p | {"ln2_gain": np.ones(d), "ln2_bias": np.zeros(d)}


def init_bert(
    rng: np.random.Generator, v: int, n: int, d: int, l: int
) -> Params:
    """Random parameters of embeddings, l layers and both heads."""
    check_sizes("init_bert", 1, v=v, n=n, d=d)
    check_sizes("init_bert", l=l)
    tables = {"tok_emb": v, "seg_emb": 2, "pos_emb": n}
    p = {k: rng.normal(size=(m, d)) * 0.02 for k, m in tables.items()}
    p |= {"emb_gain": np.ones(d), "emb_bias": np.zeros(d)}
    for i in range(l):
        p |= {f"b{i}.{k}": w for k, w in init_layer(rng, d).items()}
    p |= {w: rng.normal(size=(d, d)) * 0.02 for w in ("w_pool", "w_mlm")}
    p |= {b: np.zeros(d) for b in ("b_pool", "b_mlm", "mlm_bias")}
    p |= {"mlm_gain": np.ones(d), "b_tok": np.zeros(v)}
    return p | {"w_nsp": rng.normal(size=(d, 2)) * 0.02, "b_nsp": np.zeros(2)}


def embed(
    params: Params,
    ids: Int[Array, "*b n"],
    segments: Int[Array, "*b n"],
    real: Bool[Array, "*b n"] | None = None,
) -> Float[Array, "*b n d"]:
    """Token plus segment plus position, normalised.

    Devlin et al. 2019, §3, fig. 2; the LayerNorm is in the code alone.  real:
    in a batch of unequal lengths, True at tokens, False at padding.
    """
    places = positions(all_real(ids, real))
    check_ids("embed: ids", ids, len(params["tok_emb"]))
    check_ids("embed: segments", segments, len(params["seg_emb"]))
    check_ids("embed: positions", places, len(params["pos_emb"]))
    x = params["tok_emb"][ids] + params["seg_emb"][segments]
    x = x + params["pos_emb"][places]
    return layer_norm(x, params["emb_gain"], params["emb_bias"], EPS)


def encoder_layer(
    x: Float[Array, "*b n d"],
    p: Params,
    h: int,
    real: Bool[Array, "*b n"] | None = None,
) -> Float[Array, "*b n d"]:
    """Attention to all tokens, then feed-forward; both with biases.

    Vaswani et al. 2017, §3.1, with the GELU of Devlin et al. 2019, app. A.2;
    real as in `embed`.
    """
    q, k, v = (split_heads(x @ p[f"w_{w}"] + p[f"b_{w}"], h) for w in "qkv")
    seen = padding_mask(real)[..., None, :, :]  # the same for all heads
    out = merge_heads(attention(q, k, v, seen)) @ p["w_o"] + p["b_o"]
    x = layer_norm(x + out, p["ln1_gain"], p["ln1_bias"], EPS)
    out = feed_forward(x, p["w_1"], p["b_1"], p["w_2"], p["b_2"], gelu)
    return layer_norm(x + out, p["ln2_gain"], p["ln2_bias"], EPS)


def encode(
    params: Params,
    ids: Int[Array, "*b n"],
    segments: Int[Array, "*b n"],
    h: int,
    real: Bool[Array, "*b n"] | None = None,
) -> Float[Array, "*b n d"]:
    """The last states: C at the first token, then T_1, T_2, ...

    Devlin et al. 2019, §3, fig. 1; real as in `embed`.
    """
    x = embed(params, ids, segments, real)
    for i in range(n_layers(params)):
        x = encoder_layer(x, block_params(params, i), h, real)
    return x


# -- two losses --------------------------------------------------------------


def mlm_logits(
    params: Params, t: Float[Array, "*n d"]
) -> Float[Array, "*n v"]:
    """Logits of the token at each position, through the embedding again.

    Devlin et al. 2019, §3.1, task 1; the layer before it is in the code.
    """
    x = gelu(t @ params["w_mlm"] + params["b_mlm"])
    x = layer_norm(x, params["mlm_gain"], params["mlm_bias"], EPS)
    return x @ params["tok_emb"].T + params["b_tok"]


def nsp_logits(
    params: Params,
    t: Float[Array, "*b n d"],
    real: Bool[Array, "*b n"] | None = None,
) -> Float[Array, "*b 2"]:
    """Logits of “next” and “not next”, from the first state alone.

    Devlin et al. 2019, §3.1, task 2; the layer before it is in the code.
    """
    real = np.ones(t.shape[:-1], dtype=bool) if real is None else real
    c = first(t, real)
    c = np.tanh(c @ params["w_pool"] + params["b_pool"])
    return c @ params["w_nsp"] + params["b_nsp"]


def pretraining_loss(
    params: Params,
    shown: Int[Array, "*b n"],
    segments: Int[Array, "*b n"],
    ids: Int[Array, "*b n"],
    chosen: Bool[Array, "*b n"],
    is_next: bool | Bool[Array, "*b"],
    h: int,
    real: Bool[Array, "*b n"] | None = None,
) -> Float[Array, ""]:
    """Mean surprise at the chosen tokens, plus that at the pairs.

    Devlin et al. 2019, app. A.2; real as in `embed`.
    """
    if not np.any(chosen):
        raise ValueError("pretraining_loss: no token has to be predicted")
    if np.any(chosen & ~all_real(chosen, real)):
        raise ValueError("pretraining_loss: chosen holds padding")
    t = encode(params, shown, segments, h, real)
    mlm = cross_entropy(mlm_logits(params, t)[chosen], ids[chosen])
    labels = np.where(is_next, 0, np.ones(ids.shape[:-1], dtype=int))
    return mlm + cross_entropy(nsp_logits(params, t, real), labels)


# -- answers -----------------------------------------------------------------


def answer(
    s: Float[Array, " d"],
    e: Float[Array, " d"],
    t: Float[Array, "n d"],
    tau: float = 0.0,
) -> tuple[int, int] | None:
    """The best span of one text, or None where no answer scores better.

    Devlin et al. 2019, §4.2 and §4.3: s.T_i + e.T_j with j >= i, against
    s.C + e.C + tau; C is the state at position 0, which no span may use.
    """
    if len(t) < 2:
        raise ValueError("answer: no position after the first")
    start, end = t @ s, t @ e
    scores = start[1:, None] + end[None, 1:]
    scores = np.where(np.tri(len(t) - 1).T > 0, scores, -np.inf)
    i, j = divmod(int(np.argmax(scores)), len(t) - 1)
    found = scores[i, j] > start[0] + end[0] + tau
    return (i + 1, j + 1) if found else None


# -- counts ------------------------------------------------------------------


def layer_parameters(d: int) -> int:
    """How many numbers one layer learns: 12 d^2 weights, 13 d others."""
    check_sizes("layer_parameters", d=d)
    return 12 * d**2 + 13 * d


def bert_parameters(
    v: int, n: int, d: int, l: int, segments: int = 2, pooler: bool = True
) -> int:
    """How many numbers the encoder learns: embeddings, l layers, the pooler.

    Devlin et al. 2019, §3; a LayerNorm after the embeddings and a dense
    layer (pooler) on the first state are in the code.
    """
    check_sizes("bert_parameters", v=v, n=n, l=l, segments=segments)
    embeddings = (v + segments + n) * d + 2 * d
    return embeddings + l * layer_parameters(d) + pooler * (d**2 + d)


def head_parameters(v: int, d: int) -> int:
    """How many numbers both losses add: their matrix to v tokens is tied."""
    check_sizes("head_parameters", v=v, d=d)
    mlm = d**2 + d + 2 * d + v
    return mlm + 2 * d + 2
