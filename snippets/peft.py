"""Entry 13, the guide to parameter-efficient fine-tuning (Lialin et al. 2023).

Adapters, prompts, prefixes, (IA)^3 and BitFit as edits of one model, the tiny
GPT; how each starts and which of them merge; what they cost.
Shapes: n positions, d width, f feed-forward width, m bottleneck, l_p prefix.
"""

from typing import Any as Array

import autograd.numpy as np
from jaxtyping import Bool, Float, Int

from snippets.gpt import embed
from snippets.layers import (
    Params,
    all_real,
    block_params,
    check_sizes,
    feed_forward,
    gelu,
    layer_norm,
    n_layers,
    positions,
)
from snippets.lora import lora
from snippets.transformer import (
    attention,
    causal_mask,
    merge_heads,
    padding_mask,
    split_heads,
)

# What an edit of a block is called: all arrays of a row, or none.
EDITS = (
    ("l_k", "l_v"),
    ("l_ff",),
    ("prefix_k", "prefix_v"),
    ("att_down", "att_down_bias", "att_up", "att_up_bias"),
    ("ffn_down", "ffn_down_bias", "ffn_up", "ffn_up_bias"),
)

# -- a small case ------------------------------------------------------------


def small_case() -> tuple[Float[Array, "n d"], dict[str, Array]]:
    """Three texts, and five edits that make the first answer in capitals.

    A row has how much speaks for "yes" and how much for "YES".
    """
    texts = np.array([[2.0, 1], [4, 0], [0, 2]])
    return texts, {
        "bias": np.array([-1.0, 1]),
        "factors": np.array([0.5, 2]),
        "prefix_k": np.array([[1.0, 1]]),
        "prefix_v": np.array([[0.0, 3]]),
        "a": np.array([[1.0, -1]]),
        "b": np.array([[-1.0], [1]]),
        "down": np.array([[4.0], [-4]]),
        "up": np.array([[-0.25, 0.25]]),
    }


def moved(x: Float[Array, "n d"], p: Params) -> dict[str, Array]:
    """Where each of the five edits of the small case takes the texts x.

    A text is one word, which the query likes as much as the prefix.
    """
    one = np.ones((len(x), 1, x.shape[-1]))
    keys = preceded(one, p["prefix_k"])
    values = preceded(x[:, None], p["prefix_v"])
    return {
        "BitFit": x + p["bias"],
        "(IA)3": scaled(x, p["factors"]),
        "prefix": attention(one, keys, values)[:, 0],
        "LoRA": lora(x, np.eye(x.shape[-1]), p["a"], p["b"], alpha=1.0),
        "adapter": adapter(x, p["down"], np.zeros(1), p["up"], np.zeros(2)),
    }


# -- the edits ---------------------------------------------------------------


def adapter(
    x: Float[Array, "*n d"],
    w_down: Float[Array, "d m"],
    b_down: Float[Array, " m"],
    w_up: Float[Array, "m d"],
    b_up: Float[Array, " d"],
) -> Float[Array, "*n d"]:
    """x, and what a narrow network makes of it.

    Houlsby et al. 2019, §2.1, fig. 2.
    """
    return x + feed_forward(x, w_down, b_down, w_up, b_up, gelu)


def scaled(
    x: Float[Array, "*n d"], factors: Float[Array, "*#n d"]
) -> Float[Array, "*n d"]:
    """(IA)^3: each feature times a factor of its own.

    Liu et al. 2022, §3.3.
    """
    return factors * x


def preceded(
    x: Float[Array, "*b n d"], first: Float[Array, "*#b m d"]
) -> Float[Array, "*b mn d"]:
    """x behind m trained vectors, which all texts of a batch may share.

    Before the embeddings they are a prompt (Lester et al. 2021, §2), before
    keys and values a prefix (Li and Liang 2021, §4.2).
    """
    shared = np.zeros((*x.shape[:-2], 1, 1)) + first
    return np.concatenate([shared, x], axis=-2)


def seen_before(mask: Bool[Array, "*b n"], n: int) -> Bool[Array, "*b m"]:
    """The mask of n positions of which the first were put before a text."""
    check_sizes("seen_before", mask.shape[-1], n=n)
    seen = np.ones((*mask.shape[:-1], n - mask.shape[-1]), dtype=bool)
    return np.concatenate([seen, mask], axis=-1)


def edited_attention(
    y: Float[Array, "*b n d"],
    p: Params,
    edits: Params,
    h: int,
    real: Bool[Array, "*b n"] | None = None,
) -> Float[Array, "*b n d"]:
    """Masked attention with l_k and l_v, and with prefix_k and prefix_v.

    Every position sees the whole prefix.  real: which positions are tokens
    and no padding.
    """
    q, k, v = (y @ p[w] for w in ("w_q", "w_k", "w_v"))
    mask = causal_mask(y.shape[-2]) & padding_mask(real)
    if "l_k" in edits:
        k, v = scaled(k, edits["l_k"]), scaled(v, edits["l_v"])
    if "prefix_k" in edits:
        k, v = preceded(k, edits["prefix_k"]), preceded(v, edits["prefix_v"])
        mask = seen_before(mask, k.shape[-2])
    heads = (split_heads(x, h) for x in (q, k, v))
    out = attention(*heads, mask[..., None, :, :])
    return merge_heads(out) @ p["w_o"]


def edited_block(
    x: Float[Array, "*b n d"],
    p: Params,
    edits: Params,
    h: int,
    real: Bool[Array, "*b n"] | None = None,
) -> Float[Array, "*b n d"]:
    """A block of the GPT with whatever edits there are.

    Adapters after both sub-layers, before the residual sum (Houlsby et al.
    2019, fig. 2); l_ff on the feed-forward layer (Liu et al. 2022, §3.3).
    """
    y = layer_norm(x, p["ln1_gain"], p["ln1_bias"])
    y = edited_attention(y, p, edits, h, real)
    x = x + (adapter(y, *parts(edits, "att")) if "att_down" in edits else y)
    y = layer_norm(x, p["ln2_gain"], p["ln2_bias"])
    y = gelu(y @ p["w_1"] + p["b_1"])
    y = scaled(y, edits["l_ff"]) if "l_ff" in edits else y
    y = y @ p["w_2"] + p["b_2"]
    return x + (adapter(y, *parts(edits, "ffn")) if "ffn_down" in edits else y)


def parts(edits: Params, place: str) -> list[Array]:
    """The four arrays of the adapter at a place, in their order."""
    if place not in ("att", "ffn"):
        raise ValueError(f"parts: place is {place!r}, not att or ffn")
    names = ("down", "down_bias", "up", "up_bias")
    return [edits[f"{place}_{name}"] for name in names]


def check_edits(edits: Params, layers: int) -> None:
    """Refuse what names no edit of a block, and half an edit."""
    left = set(edits) - {"prompt"}
    for i in range(layers):
        for edit in EDITS:
            names = {f"b{i}.{name}" for name in edit}
            left = left - names if names <= left else left
    if left:
        raise ValueError(f"edits: {min(left)} is no edit, or a part of one")


def edited_gpt(
    params: Params,
    edits: Params,
    tokens: Int[Array, "*b n"],
    h: int,
    real: Bool[Array, "*b n"] | None = None,
) -> Float[Array, "*b n v"]:
    """Logits of the GPT with edits; without any, those of the GPT itself.

    Edits of block i are called b{i}.l_k and so on; `prompt` is put before
    the embeddings, without positions, and its own outputs are dropped.
    real: in a batch of unequal lengths, True at tokens, False at padding.
    """
    check_edits(edits, n_layers(params))
    real = all_real(tokens, real)
    x = embed(params, tokens, positions(real))
    if "prompt" in edits:
        x = preceded(x, edits["prompt"])
        real = seen_before(real, x.shape[-2])
    for i in range(n_layers(params)):
        own = block_params(edits, i)
        x = edited_block(x, block_params(params, i), own, h, real)
    x = layer_norm(x, params["lnf_gain"], params["lnf_bias"])
    text = x[..., x.shape[-2] - tokens.shape[-1] :, :]
    return text @ params["tok_emb"].T


# -- how they start ----------------------------------------------------------


def init_adapters(
    rng: np.random.Generator, params: Params, m: int
) -> dict[str, Array]:
    """Two adapters a block, with w_up zero: the model starts unchanged.

    Houlsby et al. 2019, §2, ask for nearly the identity; this is it exactly.
    """
    if m < 1:
        raise ValueError("init_adapters: the bottleneck must be at least 1")
    d, edits = params["tok_emb"].shape[1], {}
    for i in range(n_layers(params)):
        for b in (f"b{i}.att_", f"b{i}.ffn_"):
            edits[b + "down"] = rng.normal(size=(d, m)) / np.sqrt(d)
            edits |= {b + "down_bias": np.zeros(m), b + "up_bias": np.zeros(d)}
            edits[b + "up"] = np.zeros((m, d))
    return edits


def init_ia3(params: Params) -> dict[str, Array]:
    """Three vectors of ones a block: the model starts unchanged.

    Liu et al. 2022, §3.3.
    """
    edits = {}
    for i in range(n_layers(params)):
        edits[f"b{i}.l_k"] = np.ones(params[f"b{i}.w_k"].shape[1])
        edits[f"b{i}.l_v"] = np.ones(params[f"b{i}.w_v"].shape[1])
        edits[f"b{i}.l_ff"] = np.ones(params[f"b{i}.w_1"].shape[1])
    return edits


def init_prefix(
    rng: np.random.Generator, params: Params, l_p: int
) -> dict[str, Array]:
    """l_p random keys and values a block; they change the model at once.

    Li and Liang 2021, §4.2, without the network that made them in training.
    """
    if l_p < 1:
        raise ValueError("init_prefix: the prefix must have a vector at least")
    d = params["tok_emb"].shape[1]
    return {
        f"b{i}.prefix_{kind}": rng.normal(size=(l_p, d))
        for i in range(n_layers(params))
        for kind in "kv"
    }


# -- which merge -------------------------------------------------------------


def merge_ia3(params: Params, edits: Params) -> Params:
    """The plain model that computes what (IA)^3 does.

    Liu et al. 2022, §3.3: a scaled activation meets a matrix on one side or
    the other.  Keys and values scale the columns of w_k and w_v; l_ff stands
    behind the nonlinearity, so it scales the rows of w_2.
    """
    if edits.keys() != init_ia3(params).keys():
        raise ValueError("merge_ia3: edits must be those of (IA)^3 alone")
    merged = dict(params)
    for i in range(n_layers(params)):
        b = f"b{i}."
        merged[b + "w_k"] = params[b + "w_k"] * edits[b + "l_k"]
        merged[b + "w_v"] = params[b + "w_v"] * edits[b + "l_v"]
        merged[b + "w_2"] = edits[b + "l_ff"][:, None] * params[b + "w_2"]
    return merged


def biases(params: Params) -> dict[str, Array]:
    """What BitFit trains: the biases that the model has.

    Ben-Zaken et al. 2022, abstract.
    """
    return {
        name: w
        for name, w in params.items()
        if name.endswith("_bias") or name.split(".")[-1] in ("b_1", "b_2")
    }


# -- counts and costs --------------------------------------------------------


def count(edits: Params) -> int:
    """How many numbers a set of arrays holds."""
    return sum(w.size for w in edits.values())


def ia3_parameters(n_encoder: int, n_decoder: int, d: int, f: int) -> int:
    """Those of (IA)^3; a decoder block attends twice, and so pays twice.

    Liu et al. 2022, §3.3, with d_k = d_v = d summed over the heads.
    """
    sizes = {"n_encoder": n_encoder, "n_decoder": n_decoder, "d": d, "f": f}
    check_sizes("ia3_parameters", **sizes)
    return n_encoder * (2 * d + f) + n_decoder * (4 * d + f)


def training_bytes(
    frozen: int, trained: int, weight: int = 2, state: int = 3
) -> int:
    """Bytes for weights, and for gradients and Adam's state of the trained.

    Lialin et al. 2023, §3.1: a byte of trained weight asks for one more for
    its gradient and two for the moments.  Activations come on top.
    """
    sizes = {"frozen": frozen, "trained": trained}
    check_sizes("training_bytes", weight=weight, state=state, **sizes)
    return weight * (frozen + trained * (1 + state))


def fewshot_flops(parameters: float, tokens: int, halves: int = 1) -> float:
    """Operations to read so many tokens: 2 for a parameter and token.

    Liu et al. 2022, §4.2; halves = 2 for an encoder and decoder, where each
    token meets one half of the parameters.
    """
    check_sizes("fewshot_flops", 1, halves=halves)
    if parameters < 0 or tokens < 0:
        raise ValueError("fewshot_flops: parameters or tokens is negative")
    return 2 * parameters * tokens / halves


def t5_parameters(d: int, f: int, h: int, n_layers: int) -> int:
    """How many numbers T5 version 1.1 has, with h heads of 64.

    The repository of T5, t5/models/gin/models/t5.1.1.*.gin: a gated
    feed-forward layer, no biases, 32,128 tokens embedded twice, a gain for
    each norm, and 32 relative positions in encoder and decoder.
    """
    check_sizes("t5_parameters", d=d, f=f, h=h, n_layers=n_layers)
    attention, ffn = 4 * d * 64 * h, 3 * d * f
    encoder = n_layers * (attention + ffn + 2 * d)
    decoder = n_layers * (2 * attention + ffn + 3 * d)
    return encoder + decoder + 2 * d + 2 * 32 * h + 2 * 32_128 * d
