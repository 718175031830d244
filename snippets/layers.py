"""The ground: what every paper of the list takes for granted.

Pure functions on float64 arrays; autograd can differentiate each of them.
Every other snippet module may import this one; it imports none.
"""

from collections.abc import Callable
from typing import Any
from typing import Any as Array  # NumPy's, or the box in which autograd has it

import autograd.numpy as np
from jaxtyping import Bool, Float, Int

Params = Any  # a dict of arrays by name, or autograd's box of one
IGNORED = -100  # a target that no loss counts, as in PyTorch

# -- functions of numbers ----------------------------------------------------


def softmax(
    x: Float[Array, "..."],
    axis: int = -1,
    mask: Bool[Array, "..."] | None = None,
) -> Float[Array, "..."]:
    """Positive weights that sum to one along an axis.

    Where the mask is False the weight is 0; where all is hidden, all are.

    >>> softmax(np.array([0.0, np.log(3)])).round(2).tolist()
    [0.25, 0.75]
    """
    if not x.size:
        return x
    x = x if mask is None else np.where(mask, x, -np.inf)
    top = np.max(x, axis=axis, keepdims=True)
    e = np.exp(x - np.where(top == -np.inf, 0.0, top))
    total = np.sum(e, axis=axis, keepdims=True)
    return e / np.where(total == 0, 1.0, total)


def log_softmax(x: Float[Array, "*n v"]) -> Float[Array, "*n v"]:
    """The logarithm of softmax(x), without a step that overflows."""
    if not x.size:
        return x
    shifted = x - np.max(x, axis=-1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))


def sigmoid(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """The logistic function, from 0 to 1; tanh keeps it from overflowing."""
    return (1 + np.tanh(x / 2)) / 2


def layer_norm(
    x: Float[Array, "*n d"],
    gain: Float[Array, " d"],
    bias: Float[Array, " d"],
    eps: float = 1e-5,
) -> Float[Array, "*n d"]:
    """Each vector with mean 0 and variance 1, then scaled and shifted.

    Ba et al. 2016, eqs. 3 and 4; eps, which keeps a constant vector finite,
    is not in the paper.
    """
    centred = x - np.mean(x, axis=-1, keepdims=True)
    spread = np.mean(centred**2, axis=-1, keepdims=True) + eps
    if np.any(spread <= 0):
        raise ValueError("layer_norm: a constant vector needs an eps above 0")
    return gain * centred / np.sqrt(spread) + bias


def relu(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """What is positive of x, and zero elsewhere."""
    return np.maximum(0, x)


def gelu(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """x times (nearly) the chance that a standard normal falls below x.

    Hendrycks and Gimpel 2016, §2, the approximation with tanh.
    """
    inner = np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)
    return 0.5 * x * (1 + np.tanh(inner))


# -- layers and losses -------------------------------------------------------


def feed_forward(
    x: Float[Array, "*n d"],
    w_1: Float[Array, "d f"],
    b_1: Float[Array, " f"],
    w_2: Float[Array, "f d"],
    b_2: Float[Array, " d"],
    activation: Callable[[Array], Array] = relu,
) -> Float[Array, "*n d"]:
    """Two linear maps with a bend between, at each position alone.

    Vaswani et al. 2017, eq. 2, where the bend is a ReLU.
    """
    return activation(x @ w_1 + b_1) @ w_2 + b_2


def picked(x: Float[Array, "*n v"], i: Int[Array, "*n"]) -> Float[Array, "*n"]:
    """Of each row the number at its own place, which counts from 0."""
    check_ids("picked: i", i, x.shape[-1])
    rows = np.reshape(x, (-1, x.shape[-1]))
    return np.reshape(rows[np.arange(i.size), np.reshape(i, -1)], i.shape)


def cross_entropy(
    logits: Float[Array, "*n v"], targets: Int[Array, "*n"]
) -> Float[Array, ""]:
    """Mean surprise at the targets, in nats: -log softmax(logits)[target].

    A target of -100 is not counted.

    >>> float(cross_entropy(np.zeros((1, 4)), np.array([2])).round(4))
    1.3863
    """
    counted = targets != IGNORED
    if not np.any(counted):
        raise ValueError("cross_entropy: targets has none to predict")
    check_ids("cross_entropy: targets", targets[counted], logits.shape[-1])
    log_p = log_softmax(logits)[counted]
    return -np.mean(picked(log_p, targets[counted]))


# -- texts of unequal length -------------------------------------------------
#
# A batch is one array, so its short texts are padded, on either side.  One
# mask, real, says which tokens are none of the padding.


def pad(
    texts: list[Int[Array, "_"]], token: int = 0, left: bool = False
) -> tuple[Int[Array, "b n"], Bool[Array, "b n"]]:
    """Texts as the rows of one array, and which of its tokens are real.

    >>> pad([np.array([5, 6, 7]), np.array([8])], left=True)[0].tolist()
    [[5, 6, 7], [0, 0, 8]]
    """
    if not texts:
        raise ValueError("pad: texts is empty")
    lengths = np.array([len(text) for text in texts])
    place = np.arange(np.max(lengths))
    real = (place[::-1] if left else place) < lengths[:, None]
    tokens = np.full(real.shape, token)
    tokens[real] = np.concatenate(texts)
    return tokens, real


def all_real(
    tokens: Array, real: Bool[Array, "*b n"] | None = None
) -> Bool[Array, "*b n"]:
    """The mask of a batch: without one, every token is real."""
    return np.ones(tokens.shape, dtype=bool) if real is None else real


def positions(real: Bool[Array, "*b n"]) -> Int[Array, "*b n"]:
    """The place of each token in its own text: padding does not count.

    >>> positions(np.array([False, False, True, True])).tolist()
    [0, 0, 0, 1]
    """
    return np.maximum(np.cumsum(real, axis=-1) - 1, 0)


def first(
    x: Float[Array, "*b n d"], real: Bool[Array, "*b n"]
) -> Float[Array, "*b d"]:
    """What stands at the first token of each text."""
    if not np.all(np.any(real, axis=-1)):
        raise ValueError("first: real leaves a text without a token")
    here = real & (np.cumsum(real, axis=-1) == 1)
    return np.sum(np.where(here[..., None], x, 0.0), axis=-2)


def last(
    x: Float[Array, "*b n d"], real: Bool[Array, "*b n"]
) -> Float[Array, "*b d"]:
    """What stands at the last token of each text."""
    if not np.all(np.any(real, axis=-1)):
        raise ValueError("last: real leaves a text without a token")
    return first(x[..., ::-1, :], real[..., ::-1])


# -- what is refused ---------------------------------------------------------


def check_ids(what: str, ids: Int[Array, "..."], size: int) -> None:
    """Refuse what is no row of a table: to NumPy, -1 would be the last."""
    wrong = ids[(ids < 0) | (ids >= size)]
    if wrong.size:
        raise ValueError(f"{what} must be 0 to {size - 1}, one is {wrong[0]}")


def check_sizes(what: str, least: int = 0, **sizes: int) -> None:
    """Refuse a number of things below the least."""
    for name, size in sizes.items():
        if size < least:
            raise ValueError(f"{what}: {name} must be {least} or more")


# -- parameters by name ------------------------------------------------------
#
# In a block of any model: w_q, w_k, w_v, w_o and ln1_gain, ln1_bias for the
# attention to itself, the same after "cross." for that to another text, w_1,
# b_1, w_2, b_2 and ln2_gain, ln2_bias for the feed-forward layer; b_q and so
# on where an attention has biases.  Block i of a model is named "b{i}.".


def part(params: Params, head: str) -> Params:
    """The parameters whose names begin with head, called without it."""
    named = {k: w for k, w in params.items() if k.startswith(head)}
    return {k[len(head) :]: w for k, w in named.items()}


def n_layers(params: Params) -> int:
    """How many blocks the parameters hold."""
    return sum(name.endswith(".w_1") for name in params)


def block_params(params: Params, i: int) -> Params:
    """The parameters of block i, under their names in the block."""
    return part(params, f"b{i}.")
