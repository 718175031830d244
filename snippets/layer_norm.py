"""Entry 3, On Layer Normalization in the Transformer Architecture (2020).

LayerNorm and its Jacobian; Post-LN, Pre-LN and ResiDual; the gradient of the
last layer.  The theory's setting (Xiong et al. 2020, §3.3): one head, uniform
attention, every matrix d x d, gains 1 and biases 0.  Uniform attention has
no mask, so a stack takes one text, or several of equal length.
Shapes: n positions, d model width, l layers, v vocabulary, b models.
"""

from collections.abc import Callable
from typing import Any as Array

import autograd.numpy as np
from jaxtyping import Float, Int

from snippets.layers import (
    IGNORED,
    check_ids,
    check_sizes,
    cross_entropy,
    layer_norm,
    relu,
    softmax,
)

Sublayer = Callable[[Array], Array]
FEATURES = ("shore", "money", "water", "land")


def small_case() -> tuple[Float[Array, " 4"], Float[Array, "2 4"]]:
    """The word bank, by its FEATURES, and what two sub-layers write to it.

    Alone it may be a shore or a place for money.  Attention has seen river,
    and writes shore and water; the feed-forward layer adds that a shore is
    land.
    """
    bank = np.array([1.0, 1, -1, -1])
    return bank, np.array([[2.0, 0, 2, 0], [2, 0, 0, 2]])


def normalise(x: Float[Array, "*n d"]) -> Float[Array, "*n d"]:
    """LayerNorm with gain 1, bias 0 and nothing added to the variance.

    Xiong et al. 2020, §3.3: the LN of the theory.
    """
    d = x.shape[-1]
    return layer_norm(x, np.ones(d), np.zeros(d), eps=0.0)


def jacobian(x: Float[Array, " d"]) -> Float[Array, "d d"]:
    """How each entry of LN(x) moves with each entry of x.

    Xiong et al. 2020, appendix D; y is x without its mean.
    """
    d, y = len(x), x - np.mean(x)
    if not np.any(y):
        raise ValueError("jacobian: LN has none at a constant vector")
    across = np.eye(d) - np.outer(y, y) / (y @ y)
    return np.sqrt(d / (y @ y)) * across @ (np.eye(d) - 1 / d)


def jacobian_norm(x: Float[Array, "*n d"]) -> Float[Array, "*n"]:
    """The spectral norm of that Jacobian: one over the standard deviation.

    Xiong et al. 2020, lemma 3, with an equality in place of its O(); d >= 3.
    """
    if x.shape[-1] < 3:
        raise ValueError("jacobian_norm: in fewer than 3 dimensions it is 0")
    spread = np.std(x, axis=-1)
    if not np.all(spread):
        raise ValueError("jacobian_norm: LN has none at a constant vector")
    return 1 / spread


def backward(
    x: Float[Array, "*n d"], g: Float[Array, "*n d"]
) -> Float[Array, "*n d"]:
    """The gradient before LN, from the gradient g after it: g times J.

    Xiong et al. 2020, appendix D, without building the matrix.
    """
    y = normalise(x)
    across = g - y * np.mean(g * y, axis=-1, keepdims=True)
    centred = across - np.mean(g, axis=-1, keepdims=True)
    return centred / np.std(x, axis=-1, keepdims=True)


def post_ln(x: Float[Array, "*n d"], f: Sublayer) -> Float[Array, "*n d"]:
    """Add, then normalise (Xiong et al. 2020, table 1, left)."""
    return normalise(x + f(x))


def pre_ln(x: Float[Array, "*n d"], f: Sublayer) -> Float[Array, "*n d"]:
    """Normalise what the sub-layer reads (Xiong et al. 2020, table 1, right).

    The sum itself stays bare until a last LN at the top.
    """
    return x + f(normalise(x))


def residual(
    x: Float[Array, "*n d"], dual: Float[Array, "*n d"], f: Sublayer
) -> tuple[Float[Array, "*n d"], Float[Array, "*n d"]]:
    """A Post-LN step, beside a second stream that only adds.

    Xie et al. 2023, as in their code, ResiDualEncoderLayer.
    """
    out = f(x)
    return normalise(x + out), dual + out


def states(
    kind: str, x: Float[Array, "*n d"], sublayers: list[Sublayer]
) -> list[Float[Array, "*n d"]]:
    """The stream x at the start and after each sub-layer, "post" or "pre"."""
    if kind not in ("post", "pre"):
        raise ValueError(f"states: the kind is post or pre, not {kind!r}")
    step = post_ln if kind == "post" else pre_ln
    found = [x]
    for f in sublayers:
        found.append(step(found[-1], f))
    return found


def output(
    kind: str, x: Float[Array, "*n d"], sublayers: list[Sublayer]
) -> Float[Array, "*n d"]:
    """What leaves the stack: "post", "pre" or "residual".

    Pre-LN has one more LN at the top (Xiong et al. 2020, table 1); ResiDual
    adds LN of its second stream to the first (Xie et al. 2023, code).
    """
    if kind != "residual":
        top = states(kind, x, sublayers)[-1]
        return top if kind == "post" else normalise(top)
    dual = x
    for f in sublayers:
        x, dual = residual(x, dual, f)
    return x + normalise(dual)


def init_theory(
    rng: np.random.Generator, d: int, n_layers: int, models: tuple = ()
) -> Float[Array, "l 3 *b d d"]:
    """W^V, W^1 and W^2 of each layer at their start: Xavier, variance 1 / d.

    Xiong et al. 2020, §3.3; W^Q and W^K are zero there.  With models=(b,) it
    makes b models at once.
    """
    check_sizes("init_theory", 1, d=d)
    check_sizes(
        "init_theory", n_layers=n_layers, models=min(models, default=0)
    )
    return rng.normal(size=(n_layers, 3, *models, d, d)) / np.sqrt(d)


def theory_sublayers(w: Float[Array, "l 3 *b d d"]) -> list[Sublayer]:
    """Attention and feed-forward of each layer, as the theory has them.

    Xiong et al. 2020, §3.3: with W^Q = W^K = 0 every position attends to
    all alike, so attention is the mean, times W^V.
    """
    found = []
    for w_v, w_1, w_2 in w:
        found += [
            lambda x, w_v=w_v: (
                np.mean(x, axis=-2, keepdims=True) @ w_v + np.zeros_like(x)
            ),
            lambda x, w_1=w_1, w_2=w_2: relu(x @ w_1) @ w_2,
        ]
    return found


def loss(
    kind: str,
    w: Float[Array, "l 3 d d"],
    x: Float[Array, "n d"],
    w_emb: Float[Array, "v d"],
    targets: Int[Array, " n"],
) -> Float[Array, ""]:
    """The mean cross-entropy of what the stack puts out.

    Xiong et al. 2020, §3.3; the rows of w_emb are the tokens' embeddings.
    """
    h = output(kind, x, theory_sublayers(w))
    return cross_entropy(h @ w_emb.T, targets)


def errors(
    logits: Float[Array, "*b n v"], targets: Int[Array, "*b n"]
) -> Float[Array, "*b n v"]:
    """The gradient of `cross_entropy` by the logits of each text.

    Probability less target, over the number of targets; -100 is none.
    """
    counted = targets != IGNORED
    if not np.all(np.any(counted, axis=-1)):
        raise ValueError("errors: targets has none to predict")
    check_ids("errors: targets", targets[counted], logits.shape[-1])
    hot = np.eye(logits.shape[-1])[np.where(counted, targets, 0)]
    share = counted / np.sum(counted, axis=-1, keepdims=True)
    return share[..., None] * (softmax(logits) - hot)


def last_gradient(
    kind: str,
    w: Float[Array, "l 3 *b d d"],
    x: Float[Array, "*b n d"],
    w_emb: Float[Array, "v d"],
    targets: Int[Array, "*b n"],
) -> Float[Array, "*b d d"]:
    """The loss's gradient for W^2 of the last layer, by hand.

    Xiong et al. 2020, appendix E: the loss, one LN, and the ReLU's output.
    """
    if not len(w):
        raise ValueError("last_gradient: w has no layer")
    x_3 = states(kind, x, theory_sublayers(w))[-2]
    w_1, w_2 = w[-1, 1:]
    hidden = relu((x_3 if kind == "post" else normalise(x_3)) @ w_1)
    before_ln = x_3 + hidden @ w_2
    logits = normalise(before_ln) @ w_emb.T
    g = backward(before_ln, errors(logits, targets) @ w_emb)
    return np.swapaxes(hidden, -1, -2) @ g
