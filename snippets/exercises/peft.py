"""What the reader writes for entry 13: an adapter, a merge, a prefix."""

import numpy as np

from snippets.exercises import exercise
from snippets.layers import softmax

# -- an adapter --------------------------------------------------------------


@exercise("write-adapter")
def adapter(x, w_down, b_down, w_up, b_up):
    """x, and what a narrow network with a ReLU makes of it.

    x has the shape (..., d), w_down (d, m) and w_up (m, d); the biases have
    (m,) and (d,), and the result has the shape of x.

    >>> down, up = np.array([[1.0], [-1]]), np.array([[-1.0, 1]])
    >>> x = np.array([[2.0, 1], [0, 2]])
    >>> adapter(x, down, np.zeros(1), up, np.zeros(2)).tolist()
    [[1.0, 2.0], [0.0, 2.0]]
    """
    inner = np.maximum(x @ w_down + b_down, 0)
    return x + inner @ w_up + b_up


@adapter.case
def three_states():
    """three states of width 5, a bottleneck of 2, and biases"""
    rng = np.random.default_rng(0)
    x, w_down, w_up = (rng.normal(size=s) for s in ((3, 5), (5, 2), (2, 5)))
    return x, w_down, rng.normal(size=2), w_up, rng.normal(size=5)


@adapter.case
def the_start():
    """a way up that is zero, for a batch of two texts"""
    rng = np.random.default_rng(1)
    x, w_down = rng.normal(size=(2, 4, 3)), rng.normal(size=(3, 1))
    return x, w_down, np.zeros(1), np.zeros((1, 3)), np.zeros(3)


@adapter.wrong(
    "Where is x itself? Without the connection around it, an adapter that "
    "starts at zero makes everything zero."
)
def forgot_the_connection(x, w_down, b_down, w_up, b_up):
    return np.maximum(x @ w_down + b_down, 0) @ w_up + b_up


@adapter.wrong(
    "The nonlinearity belongs in the middle, where it is narrow: an adapter "
    "may take away as well as add."
)
def bent_the_end(x, w_down, b_down, w_up, b_up):
    return x + np.maximum((x @ w_down + b_down) @ w_up + b_up, 0)


@adapter.wrong(
    "Without the nonlinearity it is one matrix of rank m, and could be merged."
)
def forgot_the_nonlinearity(x, w_down, b_down, w_up, b_up):
    return x + (x @ w_down + b_down) @ w_up + b_up


@adapter.wrong("Each map has its bias: b_down before the ReLU, b_up at last.")
def forgot_the_biases(x, w_down, b_down, w_up, b_up):
    return x + np.maximum(x @ w_down, 0) @ w_up


# -- a merge -----------------------------------------------------------------


@exercise("write-merge-ia3")
def merge_ia3(w_k, w_v, w_2, l_k, l_v, l_ff):
    """The three matrices that do alone what (IA)^3 does with its vectors.

    Inputs are rows: keys are x @ w_k, and the feed-forward layer ends in
    a @ w_2.  w_k and w_v have the shape (d, d), w_2 has (f, d); the vectors
    have (d,), (d,) and (f,).

    >>> w, l = np.ones((2, 2)), np.array([1.0, 2])
    >>> w_k, w_v, w_2 = merge_ia3(w, w, np.ones((2, 2)), l, 3 * l, l)
    >>> w_k.tolist(), w_2.tolist()
    ([[1.0, 2.0], [1.0, 2.0]], [[1.0, 1.0], [2.0, 2.0]])
    """
    return w_k * l_k, w_v * l_v, l_ff[:, None] * w_2


@merge_ia3.case
def a_wide_layer():
    """width 3 and a feed-forward layer of 7"""
    rng = np.random.default_rng(0)
    shapes = (3, 3), (3, 3), (7, 3), (3,), (3,), (7,)
    return tuple(rng.normal(size=s) for s in shapes)


@merge_ia3.case
def a_square_layer():
    """all widths 4, where nothing tells rows from columns"""
    rng = np.random.default_rng(1)
    shapes = 3 * [(4, 4)] + 3 * [(4,)]
    return tuple(rng.normal(size=s) for s in shapes)


@merge_ia3.wrong(
    "l_ff stands before w_2, so it scales what goes in: the rows, with "
    "l_ff[:, None]."
)
def scaled_columns_everywhere(w_k, w_v, w_2, l_k, l_v, l_ff):
    if len(l_ff) == w_2.shape[1]:
        return w_k * l_k, w_v * l_v, w_2 * l_ff
    return w_k * l_k, w_v * l_v, w_2 * np.mean(l_ff)


@merge_ia3.wrong(
    "l_k and l_v act on what comes out of w_k and w_v: on the columns, where "
    "inputs are rows."
)
def scaled_rows_everywhere(w_k, w_v, w_2, l_k, l_v, l_ff):
    return l_k[:, None] * w_k, l_v[:, None] * w_v, l_ff[:, None] * w_2


@merge_ia3.wrong(
    "The values have factors of their own: l_v goes into w_v, not l_k again."
)
def used_one_vector_twice(w_k, w_v, w_2, l_k, l_v, l_ff):
    return w_k * l_k, w_v * l_k, l_ff[:, None] * w_2


@merge_ia3.wrong(
    "`*=` writes into the caller's matrices, and the frozen model is lost."
)
def wrote_into_the_arguments(w_k, w_v, w_2, l_k, l_v, l_ff):
    w_k *= l_k
    w_v *= l_v
    w_2 *= l_ff[:, None]
    return w_k, w_v, w_2


# -- a prefix ----------------------------------------------------------------


@exercise("write-prefix-attention")
def prefix_attention(q, k, v, p_k, p_v):
    """Causal attention of one head over a prefix and a text.

    q, k and v have the shape (n, d_k), p_k and p_v have (m, d_k); each
    position sees all of the prefix and, of the text, what is not after it.

    >>> one, two = np.zeros((1, 2)), np.zeros((2, 2))
    >>> v, p_v = np.array([[2.0, 0], [4, 0]]), np.array([[0.0, 6]])
    >>> prefix_attention(two, two, v, one, p_v).round(6).tolist()
    [[1.0, 3.0], [2.0, 2.0]]
    """
    n, m = len(q), len(p_k)
    past = np.tril(np.ones((n, n), dtype=bool))
    seen = np.concatenate([np.ones((n, m), dtype=bool), past], axis=1)
    scores = q @ np.concatenate([p_k, k]).T / np.sqrt(q.shape[-1])
    weights = softmax(np.where(seen, scores, -np.inf))
    return weights @ np.concatenate([p_v, v])


def drawn(seed, n, m, d):
    """Queries, keys, values and a prefix."""
    rng = np.random.default_rng(seed)
    text, prefix = rng.normal(size=(3, n, d)), rng.normal(size=(2, m, d))
    return *text, *prefix


@prefix_attention.case
def five_words():
    """five words behind a prefix of three"""
    return drawn(0, 5, 3, 4)


@prefix_attention.case
def no_prefix():
    """no prefix at all: plain causal attention"""
    return drawn(1, 4, 0, 2)


@prefix_attention.case
def a_long_prefix():
    """one word behind a prefix of six"""
    return drawn(2, 1, 6, 3)


@prefix_attention.wrong(
    "The prefix is no future: every position sees all of it. The mask of the "
    "text gets m columns of True before it."
)
def hid_the_prefix(q, k, v, p_k, p_v):
    n, m = len(q), len(p_k)
    seen = np.tril(np.ones((n, n + m), dtype=bool))
    scores = q @ np.concatenate([p_k, k]).T / np.sqrt(q.shape[-1])
    weights = softmax(np.where(seen, scores, -np.inf))
    return weights @ np.concatenate([p_v, v])


@prefix_attention.wrong(
    "A position of the text must not see what comes after it: the prefix "
    "does not change that."
)
def showed_the_future(q, k, v, p_k, p_v):
    scores = q @ np.concatenate([p_k, k]).T / np.sqrt(q.shape[-1])
    return softmax(scores) @ np.concatenate([p_v, v])


@prefix_attention.wrong(
    "One softmax over prefix and text together: two of them, added, give "
    "weights that sum to two."
)
def took_two_softmaxes(q, k, v, p_k, p_v):
    root = np.sqrt(q.shape[-1])
    past = np.tril(np.ones((len(q), len(q)), dtype=bool))
    own = softmax(np.where(past, q @ k.T / root, -np.inf)) @ v
    return own + softmax(q @ p_k.T / root) @ p_v if len(p_k) else own


@prefix_attention.wrong(
    "Keys and values must stand in the same order: if the prefix is first in "
    "one, it is first in the other."
)
def mixed_up_the_order(q, k, v, p_k, p_v):
    n, m = len(q), len(p_k)
    past = np.tril(np.ones((n, n), dtype=bool))
    seen = np.concatenate([np.ones((n, m), dtype=bool), past], axis=1)
    scores = q @ np.concatenate([p_k, k]).T / np.sqrt(q.shape[-1])
    weights = softmax(np.where(seen, scores, -np.inf))
    return weights @ np.concatenate([v, p_v])


@prefix_attention.wrong("The scores are divided by the root of d_k, as ever.")
def forgot_the_root(q, k, v, p_k, p_v):
    n, m = len(q), len(p_k)
    past = np.tril(np.ones((n, n), dtype=bool))
    seen = np.concatenate([np.ones((n, m), dtype=bool), past], axis=1)
    scores = q @ np.concatenate([p_k, k]).T
    weights = softmax(np.where(seen, scores, -np.inf))
    return weights @ np.concatenate([p_v, v])
