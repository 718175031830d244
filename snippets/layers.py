"""The ground: what every paper of the list takes for granted.

Pure functions on float64 arrays; autograd can differentiate each of them.
Every other snippet module may import this one; it imports none.
"""

from collections.abc import Callable
from typing import Any
from typing import Any as Array  # NumPy's, or the box in which autograd has it

import autograd.numpy as np
from jaxtyping import Float, Int

Params = Any  # a dict of arrays by name, or autograd's box of one

# -- functions of numbers ----------------------------------------------------


def softmax(x: Float[Array, "..."], axis: int = -1) -> Float[Array, "..."]:
    """Positive weights that sum to one along an axis.

    >>> softmax(np.array([0.0, np.log(3)])).round(2).tolist()
    [0.25, 0.75]
    """
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


def log_softmax(x: Float[Array, "*n v"]) -> Float[Array, "*n v"]:
    """The logarithm of softmax(x), without a step that overflows."""
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
    variance = np.mean(centred**2, axis=-1, keepdims=True)
    return gain * centred / np.sqrt(variance + eps) + bias


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
    """Of each row the number at its own place."""
    rows = np.reshape(x, (-1, x.shape[-1]))
    return np.reshape(rows[np.arange(i.size), np.reshape(i, -1)], i.shape)


def cross_entropy(
    logits: Float[Array, "*n v"], targets: Int[Array, "*n"]
) -> Float[Array, ""]:
    """Mean surprise at the targets, in nats: -log softmax(logits)[target].

    >>> float(cross_entropy(np.zeros((1, 4)), np.array([2])).round(4))
    1.3863
    """
    return -np.mean(picked(log_softmax(logits), targets))


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
