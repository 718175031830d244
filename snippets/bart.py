"""Entry 8, BART: Denoising Sequence-to-Sequence Pre-training (Lewis 2020).

Five ways to spoil a document, what a counting reader makes of each, the loss
of restoring it, an encoder-decoder that is trained on it, and how many
parameters that has.
Shapes: b batch, n and m positions (document, spoilt), d model width, h heads,
f feed-forward width, v vocabulary.
"""

from fnmatch import fnmatchcase
from itertools import product
from typing import Any as Array

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
    gelu,
    layer_norm,
    n_layers,
    part,
    positions,
)
from snippets.transformer import (
    attend,
    causal_mask,
    init_block,
    padding_mask,
    think,
)

MOST = 1_000_000  # tokens, each with a letter of its own
WORDS = (
    *("<s>", "[M]", ".", "Ann", "Tom", "drinks", "hot"),
    *("tea", "milk", "she", "he", "sleeps", "smiles"),
)


def small_case() -> list[Int[Array, "_"]]:
    """The sixteen documents of a small language, in the numbers of WORDS.

    Ann or Tom, tea or milk, plain or hot, sleeps or smiles.
    """
    who, warmth = (("Ann", "she"), ("Tom", "he")), ("", "hot")
    ways = product(who, warmth, ("tea", "milk"), ("sleeps", "smiles"))
    texts = [
        f"{name} drinks {heat} {drink} . {pronoun} {does} ."
        for (name, pronoun), heat, drink, does in ways
    ]
    return [np.array([WORDS.index(w) for w in t.split()]) for t in texts]


def sample(rng: np.random.Generator, n: int, p: float) -> Int[Array, " k"]:
    """A share p of n positions, at random and in order."""
    check_sizes("sample", n=n)
    if not 0 <= p <= 1:
        raise ValueError(f"sample: the share {p} is not between 0 and 1")
    return np.sort(rng.choice(n, size=round(p * n), replace=False))


def token_masking(
    rng: np.random.Generator, tokens: Int[Array, " n"], p: float, mask: int
) -> Int[Array, " n"]:
    """A share p of the tokens becomes [MASK] (Lewis et al. 2020, §2.2)."""
    spoilt = tokens.copy()
    spoilt[sample(rng, len(tokens), p)] = mask
    return spoilt


def token_deletion(
    rng: np.random.Generator, tokens: Int[Array, " n"], p: float
) -> Int[Array, " m"]:
    """A share p of the tokens goes, without a trace.

    Lewis et al. 2020, §2.2.
    """
    return np.delete(tokens, sample(rng, len(tokens), p))


def span_lengths(
    rng: np.random.Generator, total: int, lam: float = 3.0
) -> Int[Array, " k"]:
    """Poisson lengths until they hide `total` tokens; the last is cut to fit.

    Lewis et al. 2020, §2.2; the cut is that of their code.
    """
    check_sizes("span_lengths", total=total)
    if not 1e-3 < lam < 1e9:
        raise ValueError(f"span_lengths: no mean length is {lam}")
    lengths = np.zeros(0, dtype=int)
    while lengths.sum() < total:
        lengths = np.append(lengths, rng.poisson(lam, size=total))
    ends = np.cumsum(lengths)
    count = np.searchsorted(ends, total) + 1
    return np.diff(np.minimum(ends[:count], total), prepend=0)


def text_infilling(
    rng: np.random.Generator,
    tokens: Int[Array, " n"],
    p: float,
    mask: int,
    lam: float = 3.0,
) -> tuple[Int[Array, " m"], list[Int[Array, "_"]]]:
    """Spans that hold a share p of the tokens become one [MASK] each.

    Lewis et al. 2020, §2.2; spans and kept tokens stand in random order.
    Returns the spoilt document and what each of its masks hides.
    """
    if not len(tokens) or not 0 <= p <= 1:
        raise ValueError("text_infilling: needs tokens, and p from 0 to 1")
    lengths = span_lengths(rng, round(p * len(tokens)), lam)
    kept = len(tokens) - lengths.sum()
    spoilt, spans, i = [], [], 0
    for slot in rng.permutation(kept + len(lengths)):
        if slot < kept:
            spoilt.append(tokens[i])
            i += 1
        else:
            spoilt.append(mask)
            spans.append(tokens[i : i + lengths[slot - kept]])
            i += len(spans[-1])
    return np.array(spoilt, dtype=tokens.dtype), spans


def split_sentences(
    tokens: Int[Array, " n"], stop: int
) -> list[Int[Array, "_"]]:
    """The document cut after each full stop (Lewis et al. 2020, §2.2)."""
    parts = np.split(tokens, np.flatnonzero(tokens == stop) + 1)
    return [part for part in parts if len(part)]


def sentence_permutation(
    rng: np.random.Generator, tokens: Int[Array, " n"], stop: int
) -> Int[Array, " n"]:
    """The sentences in random order (Lewis et al. 2020, §2.2)."""
    sentences = split_sentences(tokens, stop)
    order = rng.permutation(len(sentences))
    return np.concatenate([tokens[:0], *(sentences[i] for i in order)])


def document_rotation(
    rng: np.random.Generator, tokens: Int[Array, " n"]
) -> Int[Array, " n"]:
    """The document begins with a random one of its tokens, and wraps around.

    Lewis et al. 2020, §2.2.
    """
    if not len(tokens):
        raise ValueError("document_rotation: the document is empty")
    return np.roll(tokens, -rng.integers(len(tokens)))


def fill_in(
    spoilt: Int[Array, " m"], spans: list[Int[Array, "_"]], mask: int
) -> Int[Array, " n"]:
    """The document again, with each mask's span in its place.

    What a decoder must learn to do; undoes `text_infilling`.
    """
    if np.sum(spoilt == mask) != len(spans):
        raise ValueError("fill_in: there must be one span for each mask")
    left = iter(spans)
    pieces = [next(left) if t == mask else np.array([t]) for t in spoilt]
    return np.concatenate([spoilt[:0], *pieces])


def fits(
    document: Int[Array, " n"], spoilt: Int[Array, " m"], mask: int, wild: str
) -> bool:
    """Could this be the document, if masks stand for the wildcard `wild`?

    "?" is one token, as after masking, and "*" any number of them, none
    included, as after infilling.
    """
    if wild not in ("?", "*"):
        raise ValueError(f"fits: the wildcard is ? or *, not {wild!r}")
    check_ids("fits: document", document, MOST)
    check_ids("fits: spoilt", spoilt, MOST)
    text = "".join(chr(0x4E00 + t) for t in document)  # a letter for each
    shown = "".join(chr(0x4E00 + t) for t in spoilt)
    return fnmatchcase(text, shown.replace(chr(0x4E00 + mask), wild))


def surprises(
    document: Int[Array, " n"], candidates: list[Int[Array, "_"]]
) -> Float[Array, " n"]:
    """How much each token surprises a counting reader, in nats.

    To such a reader all candidates are equally likely, and those remain that
    begin as the document does: the terms of the loss (Lewis et al. 2020, §2).
    """
    nats, going = [], candidates
    for t, token in enumerate(document):
        right = [c for c in going if t < len(c) and c[t] == token]
        if not right:
            raise ValueError("surprises: no candidate is the document")
        nats.append(np.log(len(going) / len(right)))
        going = right
    return np.array(nats)


def init_bart(
    rng: np.random.Generator, v: int, n: int, d: int, f: int, n_layers: int
) -> Params:
    """Parameters at their start: matrices from N(0, 0.02).

    Lewis et al. 2020, §2.1; learned positions and a LayerNorm after each
    embedding are those of their code.
    """
    check_sizes("init_bart", 1, v=v, n=n, d=d, f=f)
    check_sizes("init_bart", n_layers=n_layers)
    params = {"tok_emb": np.zeros((v, d))}
    for side, cross in (("enc", False), ("dec", True)):
        params |= {f"{side}.pos_emb": np.zeros((n, d))}
        params |= {f"{side}.emb_gain": np.ones(d)}
        params |= {f"{side}.emb_bias": np.zeros(d)}
        for i in range(n_layers):
            block = init_block(rng, d, f, cross)
            params |= {f"{side}.b{i}.{k}": w for k, w in block.items()}
    return {
        k: 0.02 * rng.normal(size=w.shape) if w.ndim == 2 else w
        for k, w in params.items()
    }


def embed(
    params: Params,
    side: str,
    tokens: Int[Array, "*b n"],
    real: Bool[Array, "*b n"] | None = None,
) -> Float[Array, "*b n d"]:
    """Tokens and positions, normalised, for one side: "enc" or "dec".

    real: in a batch of unequal lengths, True at tokens, False at padding.
    """
    if side not in ("enc", "dec"):
        raise ValueError(f"embed: the side is enc or dec, not {side!r}")
    p, places = part(params, f"{side}."), positions(all_real(tokens, real))
    check_ids("embed: tokens", tokens, len(params["tok_emb"]))
    check_ids("embed: positions", places, len(p["pos_emb"]))
    x = params["tok_emb"][tokens] + p["pos_emb"][places]
    return layer_norm(x, p["emb_gain"], p["emb_bias"])


def blocks(params: Params, side: str) -> list[Params]:
    """The parameters of each block of one side, from the bottom up."""
    own = part(params, f"{side}.")
    return [block_params(own, i) for i in range(n_layers(own))]


def encode(
    params: Params,
    tokens: Int[Array, "*b m"],
    h: int,
    real: Bool[Array, "*b m"] | None = None,
) -> Float[Array, "*b m d"]:
    """The spoilt document, read in both directions (Lewis et al. 2020, §2).

    real as in `embed`.
    """
    x = embed(params, "enc", tokens, real)
    for p in blocks(params, "enc"):
        x = think(attend(x, x, p, h, padding_mask(real)), p, gelu)
    return x


def decode(
    params: Params,
    tokens: Int[Array, "*b n"],
    memory: Float[Array, "*b m d"],
    h: int,
    real: Bool[Array, "*b n"] | None = None,
    read: Bool[Array, "*b m"] | None = None,
) -> Float[Array, "*b n v"]:
    """Logits of each next token, from those before it and what was read.

    Lewis et al. 2020, §2 and §2.1: causal attention, then attention to the
    encoder's last states; the token embeddings make the logits.  real as in
    `embed`; read: the same of what the encoder has read.
    """
    x, mask = embed(params, "dec", tokens, real), padding_mask(read)
    seen = causal_mask(tokens.shape[-1]) & padding_mask(real)
    for p in blocks(params, "dec"):
        x = attend(x, x, p, h, seen)
        x = think(attend(x, memory, part(p, "cross."), h, mask), p, gelu)
    return x @ params["tok_emb"].T


def denoising_loss(
    params: Params,
    spoilt: Int[Array, "*b m"],
    document: Int[Array, "*b n"],
    h: int,
    start: int,
    real: Bool[Array, "*b n"] | None = None,
    read: Bool[Array, "*b m"] | None = None,
) -> Float[Array, ""]:
    """Cross-entropy of the document, given what is left of it.

    Lewis et al. 2020, §2.2, as a mean over the tokens where §2 has the sum;
    the decoder reads the document one step late.  real: which tokens of the
    document are no padding; read: the same of what is left.
    """
    real = all_real(document, real)
    memory = encode(params, spoilt, h, read)
    logits = decode(params, late(document, start, real), memory, h, real, read)
    return cross_entropy(logits, np.where(real, document, IGNORED))


def late(
    document: Int[Array, "*b n"], start: int, real: Bool[Array, "*b n"]
) -> Int[Array, "*b n"]:
    """What the decoder reads: start, and each token one place further on."""
    begins = positions(real) == 0
    return np.where(begins, start, np.roll(document, 1, axis=-1))


def stack_parameters(d: int, n_layers: int, cross: bool = False) -> int:
    """How many numbers a stack of layers learns, biases and norms included.

    Feed-forward width 4d; with cross, the second attention of a decoder
    (Lewis et al. 2020, §2.1).
    """
    check_sizes("stack_parameters", d=d, n_layers=n_layers)
    attention, norm = 4 * (d * d + d), 2 * d
    ffn = 2 * 4 * d * d + 4 * d + d
    return n_layers * ((1 + cross) * (attention + norm) + ffn + norm)


def bart_parameters(
    d: int, n_layers: int, vocabulary: int = 50_265, positions: int = 1026
) -> int:
    """How many numbers BART learns, with n_layers on each side.

    Lewis et al. 2020, §2.1; one token embedding, positions for each side and
    a norm after them; the defaults are those of the released models.
    """
    check_sizes("bart_parameters", vocabulary=vocabulary, positions=positions)
    embeddings = vocabulary * d + 2 * (positions * d + 2 * d)
    encoder = stack_parameters(d, n_layers)
    return embeddings + encoder + stack_parameters(d, n_layers, cross=True)
