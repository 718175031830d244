"""Entry 5, Universal Language Model Fine-tuning for Text Classification
(Howard and Ruder 2018).

Learning rates by step and by layer, thawing, pooling, and a small case.
T steps of training, n layers from the first (next to the words) to the last.
"""

from collections.abc import Callable
from math import floor
from typing import Any
from typing import Any as Array

import autograd.numpy as np
from autograd import grad
from jaxtyping import Bool, Float, Int

from snippets.layers import check_ids, check_sizes, cross_entropy, last, pad

Layers = Any  # a list of arrays, or autograd's box of one


def hat(t: int, rise: float, fall: float) -> float:
    """From 0 to 1 in the first steps, then down as steadily, by 1 / fall."""
    if not (rise > 0 and fall > 0):
        raise ValueError("hat: rise and fall must be positive")
    return t / rise if t < rise else 1 - (t - rise) / fall


def peak_step(T: int, cut_frac: float = 0.1) -> int:
    """The step at which the rate is highest, called cut in eq. 3."""
    if not 0 < cut_frac < 1:
        raise ValueError("peak_step: cut_frac must be between 0 and 1")
    cut = floor(T * cut_frac)
    if not 0 < cut < T:
        raise ValueError(f"peak_step: {T} steps leave none to rise or fall")
    return cut


def check_step(what: str, t: int, T: int, ratio: float) -> None:
    """A step of the training, and a highest rate no lower than the lowest."""
    if not (0 <= t <= T and ratio >= 1):
        raise ValueError(f"{what}: t must be 0 to {T}, and ratio 1 or more")


def stlr(
    t: int,
    T: int,
    eta_max: float = 0.01,
    cut_frac: float = 0.1,
    ratio: float = 32,
) -> float:
    """The slanted triangular learning rate at step t, as the paper prints it.

    Howard and Ruder 2018, §3.2, eq. 3.
    """
    check_step("stlr", t, T, ratio)
    cut = peak_step(T, cut_frac)
    p = hat(t, cut, cut * (1 / cut_frac - 1))
    return eta_max * (1 + p * (ratio - 1)) / ratio


def stlr_landing(
    t: int,
    T: int,
    eta_max: float = 0.01,
    cut_frac: float = 0.1,
    ratio: float = 32,
) -> float:
    """The same, but falling over the T - cut steps that there are.

    AllenNLP, slanted_triangular.py; equal to eq. 3 if cut = T * cut_frac.
    """
    check_step("stlr_landing", t, T, ratio)
    cut = peak_step(T, cut_frac)
    return eta_max * (1 + hat(t, cut, T - cut) * (ratio - 1)) / ratio


def discriminative_rates(
    eta: float, n: int, factor: float = 2.6
) -> Float[Array, " n"]:
    """The learning rate of each layer, the last one's being eta.

    Howard and Ruder 2018, §3.2: a layer's rate is that above it over 2.6.
    """
    check_sizes("discriminative_rates", n=n)
    if not factor > 0:
        raise ValueError("discriminative_rates: factor must be positive")
    return eta * float(factor) ** -np.arange(n)[::-1]


def discriminative_step(
    theta: list[Array], gradients: list[Array], rates: Float[Array, " n"]
) -> list[Array]:
    """One step of gradient descent, each layer at a rate of its own.

    Howard and Ruder 2018, §3.2, eq. 2.
    """
    if not len(theta) == len(gradients) == len(rates):
        raise ValueError("discriminative_step: one gradient, one rate a layer")
    return [
        layer - rate * g
        for layer, g, rate in zip(theta, gradients, rates, strict=True)
    ]


def gradual_unfreezing(epochs: int, n: int) -> Bool[Array, "epochs n"]:
    """True where a layer learns: the last one first, one more each epoch.

    Howard and Ruder 2018, §3.3.
    """
    check_sizes("gradual_unfreezing", epochs=epochs, n=n)
    return np.arange(n) >= n - 1 - np.arange(epochs)[:, None]


def concat_pool(
    h: Float[Array, "*b t d"], real: Bool[Array, "*b t"] | None = None
) -> Float[Array, "*b e"]:
    """The last hidden state, the maximum and the mean, one after the other.

    Howard and Ruder 2018, §3.3; e = 3d.  real: in a batch of unequal lengths,
    True at tokens, False at padding.
    """
    real = np.ones(h.shape[:-1], dtype=bool) if real is None else real
    if not np.all(np.any(real, axis=-1)):
        raise ValueError("concat_pool: an empty text has no hidden states")
    here = real[..., None]
    most = np.max(np.where(here, h, -np.inf), axis=-2)
    mean = np.sum(np.where(here, h, 0.0), axis=-2) / np.sum(here, axis=-2)
    return np.concatenate([last(h, real), most, mean], axis=-1)


def schedule(
    epochs: int,
    steps: int,
    n: int,
    eta_max: float = 0.01,
    factor: float = 2.6,
    unfreeze: bool = True,
) -> Float[Array, "t n"]:
    """The rate of every layer at every step, 0 while it is frozen.

    Howard and Ruder 2018, §3.2 and §3.3, put together as in AllenNLP: one
    triangle for each epoch with a frozen layer, then one for all the rest.
    """
    check_sizes("schedule", 1, n=n)
    check_sizes("schedule", epochs=epochs, steps=steps)
    if epochs < n and unfreeze:
        raise ValueError(f"schedule: {n} layers thaw in no fewer epochs")
    alone = n - 1 if unfreeze else 0
    spans = [steps] * alone + [steps * (epochs - alone)]
    triangles = [stlr_landing(t, T, eta_max) for T in spans for t in range(T)]
    awake = np.repeat(gradual_unfreezing(epochs, n), steps, axis=0)
    layers = discriminative_rates(1, n, factor)
    return np.array(triangles)[:, None] * layers * (awake | (not unfreeze))


# -- a small case ------------------------------------------------------------
#
# theta has three layers: vectors of the words, what a state hands on to the
# next, and a head that reads states.

GOOD, BAD = ("fine", "bright", "lovely"), ("grim", "dull", "bleak")
WORDS = [*GOOD, "gripping", *BAD, "stale"]
WORDS += ["day", "plot", "we", "smile", "sigh", "laugh", "yawn", "_"]
GENERAL = [f"{w} day we smile" for w in GOOD]
GENERAL += [f"{w} day we sigh" for w in BAD]
REVIEWS = [f"{w} plot we laugh" for w in ("fine", "gripping")]
REVIEWS += [f"{w} plot we yawn" for w in ("grim", "stale")]
LABELLED, LABELS = ["fine plot", "grim plot"], [1, 0]
UNSEEN = ["bright", "lovely", "gripping", "dull", "bleak", "stale"]
UNSEEN = [f"{w} plot" for w in UNSEEN]


def encode(texts: list[str]) -> tuple[Int[Array, "b t"], Bool[Array, "b t"]]:
    """The words of some texts as numbers, and which of them are real."""
    words = [[WORDS.index(word) for word in text.split()] for text in texts]
    return pad([np.array(ids) for ids in words], WORDS.index("_"))


def small_model(
    seed: int = 0, d: int = 6
) -> tuple[Layers, Float[Array, "e k"]]:
    """A language model that has read nothing, and a head for two classes."""
    check_sizes("small_model", 1, d=d)
    check_sizes("small_model", seed=seed)
    rng, v = np.random.default_rng(seed), len(WORDS)
    vectors = rng.normal(size=(v, d)) / 2
    recurrence = np.linalg.qr(rng.normal(size=(d, d)))[0]
    next_word = rng.normal(size=(d, v)) / 2
    return [vectors, recurrence, next_word], rng.normal(size=(3 * d, 2))


def states(
    theta: Layers,
    words: Int[Array, "*b t"],
    h: Float[Array, "*b d"] | None = None,
) -> Float[Array, "*b t d"]:
    """What a recurrent network has in mind after each word.

    Each state is made of a word and the state before; h is that before the
    first, zero at the beginning of a text.
    """
    if len(theta) < 2:
        raise ValueError("states: theta is vectors, recurrence and a read-out")
    check_sizes("states", 1, t=words.shape[-1])
    vectors, recurrence = theta[:2]
    check_ids("states: words", words, len(vectors))
    if h is not None and h.shape[-1] != len(recurrence):
        raise ValueError(f"states: h must be {len(recurrence)} wide")
    h, found = np.zeros(len(recurrence)) if h is None else h, []
    for t in range(words.shape[-1]):
        h = np.tanh(vectors[words[..., t]] + h @ recurrence)
        found.append(h)
    return np.stack(found, axis=-2)


def next_word_loss(
    theta: Layers, words: Int[Array, "b t"]
) -> Float[Array, ""]:
    """The mean surprise at each word but the first: stages 1 and 2."""
    check_sizes("next_word_loss", 2, t=words.shape[-1])
    h = states(theta, words[:, :-1])
    return cross_entropy(h @ theta[2], words[:, 1:])


def class_scores(
    theta: Layers,
    words: Int[Array, "*b t"],
    real: Bool[Array, "*b t"] | None = None,
) -> Float[Array, "*b k"]:
    """The head reads pooled states, and scores each class: stage 3."""
    return concat_pool(states(theta, words), real) @ theta[2]


def descend(
    loss: Callable[[Layers], Array],
    theta: Layers,
    rates: Float[Array, "t n"],
) -> Layers:
    """Gradient descent: one step for each row of rates, one rate a layer."""
    if len(theta) != rates.shape[1]:
        raise ValueError("descend: rates must have one for each layer")
    for row in rates:
        theta = discriminative_step(theta, grad(loss)(theta), row)
    return theta


def error_reduction(before: float, after: float) -> float:
    """By how many per cent an error rate fell."""
    if before == 0:
        raise ValueError("error_reduction: before is 0, so nothing can fall")
    return 100 * (before - after) / before
