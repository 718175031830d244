"""Entry 4, fast weights and linear attention.

Schmidhuber 1992 (fast weights), Katharopoulos et al. 2020 (linear attention),
Choromanski et al. 2021 (random features), Schlag et al. 2021 (delta rule).
All take one text: weights that are products of features have no -infinity to
hide a key with.
Shapes: n positions, d width of queries and keys, c features, m width of the
values or number of random features, as in the papers.
"""

from collections.abc import Callable
from typing import Any as Array

import numpy as np
from jaxtyping import Float

from snippets.layers import check_sizes, sigmoid

PEOPLE = ("Ann", "Ben", "Eve")
DRINKS = ("tea", "milk", "juice")


def small_case() -> tuple[Float[Array, "3 2"], Float[Array, "3 3"]]:
    """Keys and values of three sentences: who of PEOPLE drinks which DRINKS.

    Two numbers to a key, so the third cannot be at right angles to both of
    the others; the values are one-hot.
    """
    return np.array([[1.0, 0], [0, 1], [0.6, 0.8]]), np.eye(3)


def write(
    w: Float[Array, "m c"], k: Float[Array, " c"], v: Float[Array, " m"]
) -> Float[Array, "m c"]:
    """The memory with one more pair: w + v k^T.

    Schmidhuber 1992, eqs. 1 and 5, with sigma the plain sum; Schlag et al.
    2021, eq. 10.
    """
    return w + np.outer(v, k)


def fast_weights(
    q: Float[Array, "n c"],
    k: Float[Array, "n c"],
    v: Float[Array, "n m"],
    read_first: bool = False,
) -> Float[Array, "n m"]:
    """A matrix that is written at each step and asked at each step.

    Schlag et al. 2021, eqs. 10 and 11, write and then read; read_first is
    the order of Schmidhuber 1992, §2.
    """
    w, read = np.zeros((v.shape[1], k.shape[1])), []
    for q_i, k_i, v_i in zip(q, k, v, strict=True):
        before, w = w, write(w, k_i, v_i)
        read.append((before if read_first else w) @ q_i)
    return np.array(read).reshape(v.shape)


def elu_plus_one(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Positive features: x + 1 above zero, e^x below.

    Katharopoulos et al. 2020, eq. 7.
    """
    return np.where(x > 0, x + 1, np.exp(np.minimum(x, 0)))


def normalised(
    x: Float[Array, "*n m"], total: Float[Array, "*n"]
) -> Float[Array, "*n m"]:
    """Sums of values over the sums of their weights."""
    if np.any(total == 0):
        raise ValueError("normalised: the weights of a query sum to zero")
    return x / total[..., None]


def linear_attention(
    q: Float[Array, "n c"],
    k: Float[Array, "n c"],
    v: Float[Array, "n m"],
    causal: bool = False,
) -> Float[Array, "n m"]:
    """Attention with the weights q . k over their sum, n x n at once.

    Katharopoulos et al. 2020, eqs. 4 and 9; q and k are features already.
    """
    weights = q @ k.T
    if causal:
        weights = np.tril(weights)
    return normalised(weights @ v, weights.sum(axis=1))


def linear_attention_recurrent(
    q: Float[Array, "n c"], k: Float[Array, "n c"], v: Float[Array, "n m"]
) -> Float[Array, "n m"]:
    """The causal one, step by step, in a state of c (m + 1) numbers.

    Katharopoulos et al. 2020, eqs. 16 to 20.
    """
    s, z, out = np.zeros((k.shape[1], v.shape[1])), np.zeros(k.shape[1]), []
    for q_i, k_i, v_i in zip(q, k, v, strict=True):
        s, z = s + np.outer(k_i, v_i), z + k_i
        out.append(normalised(q_i @ s, q_i @ z))
    return np.array(out).reshape(v.shape)


def linear_attention_chunked(
    q: Float[Array, "n c"],
    k: Float[Array, "n c"],
    v: Float[Array, "n m"],
    size: int,
) -> Float[Array, "n m"]:
    """The causal one, size positions at a time: both forms in one."""
    check_sizes("linear_attention_chunked", 1, size=size)
    s, z, out = np.zeros((k.shape[1], v.shape[1])), np.zeros(k.shape[1]), []
    for i in range(0, len(q), size):
        q_i, k_i, v_i = (x[i : i + size] for x in (q, k, v))
        inside = np.tril(q_i @ k_i.T)
        total = q_i @ z + inside.sum(axis=1)
        out.append(normalised(q_i @ s + inside @ v_i, total))
        s, z = s + k_i.T @ v_i, z + k_i.sum(axis=0)
    return np.concatenate(out) if out else np.zeros(v.shape)


def softmax_kernel(
    x: Float[Array, "*n d"], y: Float[Array, "*n d"]
) -> Float[Array, "*n"]:
    """e^(x . y), what the softmax normalises (Choromanski et al., §2.3)."""
    return np.exp(np.sum(x * y, axis=-1))


def positive_features(
    x: Float[Array, "*n d"], omega: Float[Array, "m d"]
) -> Float[Array, "*n m"]:
    """Features whose dot product has the softmax kernel as its mean.

    Choromanski et al. 2021, eq. 7; the rows of omega are standard normal.
    """
    check_sizes("positive_features", 1, **{"rows of omega": len(omega)})
    norm = np.sum(x**2, axis=-1, keepdims=True) / 2
    return np.exp(x @ omega.T - norm) / np.sqrt(len(omega))


def hyperbolic_features(
    x: Float[Array, "*n d"], omega: Float[Array, "m d"]
) -> Float[Array, "*n 2*m"]:
    """The same with each draw used twice, as omega and -omega (eq. 7)."""
    both = np.concatenate([omega, -omega])
    return positive_features(x, both)


def trigonometric_features(
    x: Float[Array, "*n d"], omega: Float[Array, "m d"]
) -> Float[Array, "*n 2*m"]:
    """The older features, which may estimate a weight below zero.

    Choromanski et al. 2021, §2.3.
    """
    check_sizes("trigonometric_features", 1, **{"rows of omega": len(omega)})
    norm = np.sum(x**2, axis=-1, keepdims=True) / 2
    waves = [np.sin(x @ omega.T), np.cos(x @ omega.T)]
    return np.exp(norm) * np.concatenate(waves, -1) / np.sqrt(len(omega))


def kernel_errors(
    x: Float[Array, " d"], y: Float[Array, " d"], m: int
) -> dict[str, float]:
    """Mean squared errors of the three estimates, m draws each.

    Choromanski et al. 2021, Lemma 2, eq. 8, with z = x + y, delta = x - y.
    """
    check_sizes("kernel_errors", 1, m=m)
    log_sm, z2 = x @ y, np.sum((x + y) ** 2)
    delta2 = np.sum((x - y) ** 2)
    trig = np.exp(z2 - 2 * log_sm) * (1 - np.exp(-delta2)) ** 2 / (2 * m)
    plus = np.exp(z2 + 2 * log_sm) * (1 - np.exp(-z2)) / m
    hyper = (1 - np.exp(-z2)) * plus / 2
    return {"trig": float(trig), "plus": float(plus), "hyper": float(hyper)}


def delta_write(
    w: Float[Array, "m c"],
    k: Float[Array, " c"],
    v: Float[Array, " m"],
    beta: float = 1.0,
) -> Float[Array, "m c"]:
    """The memory with what it answered to k moved towards v.

    Schlag et al. 2021, eqs. 20 to 24: write only the difference.
    """
    return w + beta * np.outer(v - w @ k, k)


def dpfp(x: Float[Array, "*n d"], nu: int = 1) -> Float[Array, "*n c"]:
    """2 d nu features without chance: products of parts of x and -x.

    Schlag et al. 2021, eq. 37.
    """
    if not 1 <= nu < 2 * x.shape[-1]:
        raise ValueError(f"dpfp: nu is {nu}, not 1 to {2 * x.shape[-1] - 1}")
    r = np.maximum(0, np.concatenate([x, -x], axis=-1))
    rolled = [r * np.roll(r, j, axis=-1) for j in range(1, nu + 1)]
    return np.concatenate(rolled, axis=-1)


def capacity_loss(s: int, c: int) -> float:
    """The least mean loss of a memory of rank c for s pairs, half a square.

    No matrix of rank c comes closer to the identity of size s than this
    (Eckart and Young 1936).
    """
    check_sizes("capacity_loss", 1, s=s)
    check_sizes("capacity_loss", c=c)
    return max(0.0, (1 - c / s) / 2)


def flip_flop(
    rng: np.random.Generator, n: int, runs: int
) -> tuple[Float[Array, "n runs 3"], Float[Array, "n runs"]]:
    """Events A, B, C at random; the target is 1 at the first B after an A.

    Schmidhuber 1992, §3.1; several runs, each with its own events.
    """
    check_sizes("flip_flop", n=n, runs=runs)
    events = rng.integers(3, size=(n, runs))
    armed, targets = np.zeros(runs, dtype=bool), np.zeros((n, runs))
    for t, event in enumerate(events):
        targets[t] = (event == 1) & armed
        armed = (event == 0) | (armed & (event != 1))
    return np.eye(3)[events], targets


def squash(
    w: Float[Array, "*n"], change: Float[Array, "*n"], t: float = 10.0
) -> Float[Array, "*n"]:
    """A fast weight after a change, kept between 0 and 1.

    Schmidhuber 1992, eq. 7.
    """
    return sigmoid(t * (w + change - 0.5))


def each_weight(
    slow: Float[Array, "*b 3 3"], x: Float[Array, "*b 3"]
) -> tuple[Float[Array, "*b 3"], Float[Array, "*b 3 3 3"]]:
    """An output for each of three fast weights: changes, and their slopes.

    Schmidhuber 1992, eq. 4; the slopes are those by the slow weights.
    """
    slopes = np.eye(3)[..., None] * x[..., None, None, :]
    return np.einsum("...ij,...j->...i", slow, x), slopes


def from_to(
    slow: Float[Array, "*b 4 3"], x: Float[Array, "*b 3"]
) -> tuple[Float[Array, "*b 3"], Float[Array, "*b 3 4 3"]]:
    """Three outputs FROM times one TO: changes, and their slopes.

    Schmidhuber 1992, eqs. 5 and 6; the slopes are those by the slow weights.
    """
    s = np.einsum("...ij,...j->...i", slow, x)
    ours, to = s[..., :3, None], s[..., 3:, None]
    rows = to * np.eye(3, 4) + ours * np.eye(4)[3]
    return s[..., :3] * s[..., 3:], rows[..., None] * x[..., None, None, :]


def carry(
    w: Float[Array, "*b 3"],
    p: Float[Array, "*b 3 r 3"],
    change: Float[Array, "*b 3"],
    slopes: Float[Array, "*b 3 r 3"],
    t: float = 10.0,
) -> tuple[Float[Array, "*b 3"], Float[Array, "*b 3 r 3"]]:
    """The fast weights after a change, and their slopes by the slow ones.

    Schmidhuber 1992, eqs. 3 and 7: the slopes p are carried forward.
    """
    w = squash(w, change, t)
    return w, (t * w * (1 - w))[..., None, None] * (p + slopes)


def learn_flip_flop(
    program: Callable[[Array, Array], tuple[Array, Array]],
    slow: Float[Array, "runs r 3"],
    eta: float,
    x: Float[Array, "n runs 3"],
    target: Float[Array, "n runs"],
) -> Float[Array, " runs"]:
    """The step of each run at which 100 in a row were right, or infinity.

    Schmidhuber 1992, §3.1, eq. 2: no hidden units, and nothing is ever reset.
    """
    check_sizes("learn_flip_flop", 1, **{"events of x": len(x)})
    (w, p), right = program(slow, x[0]), np.zeros(len(slow))
    solved = np.full(len(slow), np.inf)
    for t in range(1, len(x)):
        error = target[t] - np.sum(w * x[t], axis=1)
        right = np.where(np.abs(error) <= 0.05, right + 1, 0)
        solved = np.where(right >= 100, np.minimum(solved, t), solved)
        slow = slow + eta * np.einsum("b,ba,baij->bij", error, x[t], p)
        w, p = carry(w, p, *program(slow, x[t]))
    return solved
