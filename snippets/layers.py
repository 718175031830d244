"""The ground: what every paper of the list takes for granted.

Pure functions on float64 arrays; autograd can differentiate each of them.
Every other snippet module may import this one; it imports none.
"""

from typing import Any as Array

import autograd.numpy as np
from jaxtyping import Float, Int


def softmax(x: Float[Array, "..."], axis: int = -1) -> Float[Array, "..."]:
    """Positive weights that sum to one along an axis.

    >>> softmax(np.array([0.0, np.log(3)])).round(2).tolist()
    [0.25, 0.75]
    """
    e = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return e / np.sum(e, axis=axis, keepdims=True)


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


def cross_entropy(
    logits: Float[Array, "*n v"], targets: Int[Array, "*n"]
) -> Float[Array, ""]:
    """Mean surprise at the targets, in nats: -log softmax(logits)[target].

    >>> float(cross_entropy(np.zeros((1, 4)), np.array([2])).round(4))
    1.3863
    """
    shifted = logits - np.max(logits, axis=-1, keepdims=True)
    log_z = np.log(np.sum(np.exp(shifted), axis=-1))
    one_hot = np.eye(logits.shape[-1])[targets]
    return np.mean(log_z - np.sum(shifted * one_hot, axis=-1))
