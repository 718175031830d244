"""Entry 1, Neural Machine Translation by Jointly Learning to Align and
Translate (Bahdanau et al. 2015).

Additive attention, the recurrent network around it, and the plain
encoder-decoder that it was measured against, for one sentence at a time: a
batch of them would need a mask, as in entry 2.
Shapes: t_x and t_y words of the source and of the target, m embedding width,
n hidden width, c annotation width (2n), a alignment width (the paper's n').
"""

from typing import Any as Array

import autograd.numpy as np
from autograd import grad
from jaxtyping import Bool, Float, Int

from snippets.layers import check_sizes, cross_entropy, sigmoid, softmax

ENGLISH = ("the", "European", "Economic", "Area", "Policy")
FRENCH = ("la", "zone", "politique", "économique", "européenne")
PHRASES = (
    ("the European Area", "la zone européenne"),
    ("the Economic Area", "la zone économique"),
    ("the European Policy", "la politique européenne"),
    ("the Economic Policy", "la politique économique"),
    ("the European Economic Policy", "la politique économique européenne"),
)


def energies(
    s: Float[Array, " n"],
    h: Float[Array, "t_x c"],
    w_a: Float[Array, "a n"],
    u_a: Float[Array, "a c"],
    v_a: Float[Array, " a"],
) -> Float[Array, " t_x"]:
    """How well each annotation fits the decoder's last state.

    Bahdanau et al. 2015, §A.1.2: v_a tanh(W_a s + U_a h_j) for each j.
    """
    return np.tanh(w_a @ s + h @ u_a.T) @ v_a


def additive_attention(
    s: Float[Array, " n"],
    h: Float[Array, "t_x c"],
    w_a: Float[Array, "a n"],
    u_a: Float[Array, "a c"],
    v_a: Float[Array, " a"],
) -> tuple[Float[Array, " t_x"], Float[Array, " c"]]:
    """The weights of the annotations, and their mean under these weights.

    Bahdanau et al. 2015, eqs. 5 and 6.  Of no annotations the mean is zeros.
    """
    alpha = softmax(energies(s, h, w_a, u_a, v_a))
    return alpha, alpha @ h


def gru_step(
    s: Float[Array, " n"],
    x: Float[Array, " i"],
    w: Float[Array, "n i"],
    u: Float[Array, "n n"],
    w_z: Float[Array, "n i"],
    u_z: Float[Array, "n n"],
    w_r: Float[Array, "n i"],
    u_r: Float[Array, "n n"],
) -> Float[Array, " n"]:
    """The next state of a gated recurrent unit that reads x.

    Bahdanau et al. 2015, §A.2.2; there x is the last word's embedding and
    the context, one after the other, and w is W and C side by side.
    """
    z, r = sigmoid(w_z @ x + u_z @ s), sigmoid(w_r @ x + u_r @ s)
    proposal = np.tanh(w @ x + u @ (r * s))
    return (1 - z) * s + z * proposal


def init_gru(rng: np.random.Generator, n: int, i: int) -> dict[str, Array]:
    """Random weights of a unit of n states that reads i numbers."""
    check_sizes("init_gru", 1, n=n, i=i)
    sizes = {"w": i, "u": n, "w_z": i, "u_z": n, "w_r": i, "u_r": n}
    return {
        name: rng.normal(size=(n, size)) / np.sqrt(size)
        for name, size in sizes.items()
    }


def gru(
    xs: Float[Array, "t i"], s_0: Float[Array, " n"], p: dict[str, Array]
) -> Float[Array, "t n"]:
    """All states of a gated recurrent unit, from left to right."""
    if not len(xs):
        raise ValueError("gru: an empty sentence has no states")
    states, s = [], s_0
    for x in xs:
        s = gru_step(s, x, **p)
        states.append(s)
    return np.stack(states)


def annotations(
    xs: Float[Array, "t_x m"],
    forward: dict[str, Array],
    backward: dict[str, Array],
) -> Float[Array, "t_x c"]:
    """Each word with all that stands before it and all that comes after.

    Bahdanau et al. 2015, eq. 7 and §A.2.1.
    """
    s_0 = np.zeros(len(forward["u"]))
    ahead = gru(xs, s_0, forward)
    return np.concatenate([ahead, gru(xs[::-1], s_0, backward)[::-1]], -1)


def initial_state(
    h: Float[Array, "t_x c"], w_s: Float[Array, "n n"]
) -> Float[Array, " n"]:
    """The decoder starts from the backward state of the first word.

    Bahdanau et al. 2015, §A.2.2: s_0 = tanh(W_s h_1), the backward half.
    """
    if not len(h) or h.shape[1] != 2 * len(w_s):
        raise ValueError("initial_state: h holds no word, or not two halves")
    return np.tanh(w_s @ h[0, len(w_s) :])


def rnnsearch(
    ys: Float[Array, "t_y m"],
    h: Float[Array, "t_x c"],
    s_0: Float[Array, " n"],
    p: dict[str, Array],
    a: tuple[Array, Array, Array],
) -> tuple[Float[Array, "t_y n"], Float[Array, "t_y t_x"]]:
    """Decoder states, each with a context of its own; and the alignment.

    Bahdanau et al. 2015, §3.1 and §A.2.2; ys are the embeddings of the words
    so far, p the weights of the unit, a the three of the attention.
    """
    if not len(ys):
        raise ValueError("rnnsearch: an empty sentence has no states")
    states, alignment, s = [], [], s_0
    for y in ys:
        alpha, c = additive_attention(s, h, *a)
        s = gru_step(s, np.concatenate([y, c]), **p)
        states.append(s)
        alignment.append(alpha)
    return np.stack(states), np.stack(alignment)


def rnnencdec(
    ys: Float[Array, "t_y m"],
    c: Float[Array, " c"],
    s_0: Float[Array, " n"],
    p: dict[str, Array],
) -> Float[Array, "t_y n"]:
    """Decoder states with one context for the whole sentence.

    Bahdanau et al. 2015, §2.1 and the end of §A.2.2.
    """
    return gru(np.hstack([ys, np.tile(c, (len(ys), 1))]), s_0, p)


def maxout(t: Float[Array, " i"]) -> Float[Array, " l"]:
    """The larger one of each pair of neighbours.

    Bahdanau et al. 2015, §A.2.2, the definition of t_i.
    """
    if len(t) % 2:
        raise ValueError(f"maxout: {len(t)} numbers do not form pairs")
    return np.max(np.reshape(t, (-1, 2)), axis=-1)


def word_probabilities(
    s: Float[Array, " n"],
    y: Float[Array, " m"],
    c: Float[Array, " c"],
    u_o: Float[Array, "i n"],
    v_o: Float[Array, "i m"],
    c_o: Float[Array, "i c"],
    w_o: Float[Array, "v i//2"],
) -> Float[Array, " v"]:
    """How likely each word of the vocabulary is to come next.

    Bahdanau et al. 2015, §A.2.2; s is the state before this word, s_{i-1}.
    """
    return softmax(w_o @ maxout(u_o @ s + v_o @ y + c_o @ c))


def vectors(words: str) -> Float[Array, "t_x c"]:
    """A one-hot vector for each English word of a phrase."""
    unknown = set(words.split()) - set(ENGLISH)
    if unknown:
        raise ValueError(f"vectors: the case has no word {min(unknown)!r}")
    places = [ENGLISH.index(word) for word in words.split()]
    return np.eye(len(ENGLISH))[np.array(places, dtype=int)]


def small_case() -> tuple[
    Float[Array, "t_y n"],
    Float[Array, "t_y t_x c"],
    Bool[Array, "t_y t_x"],
    Int[Array, " t_y"],
]:
    """For each French word of PHRASES: state, annotations, which real, word.

    A state is the French word that was written last, or the start.
    """
    rows = []
    for english, french in PHRASES:
        h = vectors(english)
        padded = np.vstack([h, np.zeros((4 - len(h), len(ENGLISH)))])
        last = len(FRENCH)
        for word in map(FRENCH.index, french.split()):
            rows.append((last, padded, np.arange(4) < len(h), word))
            last = word
    last, h, real, words = map(np.array, zip(*rows, strict=True))
    return np.eye(len(FRENCH) + 1)[last], h, real, words


def translation_loss(
    w_a: Float[Array, "a n"],
    u_a: Float[Array, "a c"],
    v_a: Float[Array, " a"],
    w_o: Float[Array, "v c"],
    s: Float[Array, "t_y n"],
    h: Float[Array, "t_y t_x c"],
    real: Bool[Array, "t_y t_x"],
    words: Int[Array, " t_y"],
) -> Float[Array, ""]:
    """The mean surprise at the words, each with a context of its own.

    Bahdanau et al. 2015, §2 and §3.1; of §A.2.2 the read-out of c alone.
    """
    e = np.tanh((s @ w_a.T)[:, None] + h @ u_a.T) @ v_a
    alpha = softmax(e, mask=real)
    c = np.sum(alpha[:, :, None] * h, axis=1)
    return cross_entropy(c @ w_o.T, words)


def learn(
    steps: int, seed: int = 0, rate: float = 5.0, a: int = 8
) -> tuple[
    Float[Array, "a n"],
    Float[Array, "a c"],
    Float[Array, " a"],
    Float[Array, "v c"],
]:
    """W_a, U_a, v_a and W_o after gradient descent on the small case.

    v_a starts at zero (Bahdanau et al. 2015, §B.1), and here W_o as well.
    """
    check_sizes("learn", steps=steps, seed=seed, a=a)
    rng, case = np.random.default_rng(seed), small_case()
    n, c, v = len(FRENCH) + 1, len(ENGLISH), len(FRENCH)
    w_a, u_a = 0.7 * rng.normal(size=(a, n)), 0.7 * rng.normal(size=(a, c))
    weights = w_a, u_a, np.zeros(a), np.zeros((v, c))
    slopes = grad(translation_loss, (0, 1, 2, 3))
    for _ in range(steps):
        moves = slopes(*weights, *case)
        weights = tuple(
            w - rate * g for w, g in zip(weights, moves, strict=True)
        )
    return weights


def translate(
    words: str,
    w_a: Float[Array, "a n"],
    u_a: Float[Array, "a c"],
    v_a: Float[Array, " a"],
    w_o: Float[Array, "v c"],
) -> tuple[list[str], Float[Array, "t_x t_x"]]:
    """The likeliest French words, as many as are read; and the alignment."""
    h, last, french, rows = vectors(words), len(FRENCH), [], []
    sizes = len(h) > 0, w_a.shape[1], w_o.shape
    if sizes != (True, 6, (5, 5)):
        raise ValueError("translate: no word, or weights of another size")
    for _ in h:
        s = np.eye(len(FRENCH) + 1)[last]
        alpha, c = additive_attention(s, h, w_a, u_a, v_a)
        last = int(np.argmax(w_o @ c))
        french.append(FRENCH[last])
        rows.append(alpha)
    return french, np.stack(rows)


def rnn_parameters(
    search: bool = True,
    n: int = 1000,
    m: int = 620,
    l: int = 500,
    a: int = 1000,
    vocabulary: int = 30_000,
) -> int:
    """How many weights RNNsearch has, or RNNencdec if not search.

    Bahdanau et al. 2015, the shapes of §A.2 with the sizes of §A.2.3;
    biases left out, as in the paper's equations.
    """
    check_sizes("rnn_parameters", n=n, m=m, l=l, a=a, vocabulary=vocabulary)
    encoders, c = (2, 2 * n) if search else (1, n)
    embeddings = 2 * vocabulary * m
    encoder = encoders * 3 * n * (m + n)
    decoder = 3 * n * (m + n + c) + n * n
    alignment = a * (n + c + 1) if search else 0
    output = 2 * l * (n + m + c) + vocabulary * l
    return embeddings + encoder + decoder + alignment + output
