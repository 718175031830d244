"""Exercises of entry 2, Attention Is All You Need."""

import numpy as np

from snippets.exercises import exercise
from snippets.layers import softmax

# -- one query ---------------------------------------------------------------


@exercise("write-attention")
def attention(q, k, v):
    """What one query fetches: the values, weighted by how well keys fit.

    q has the shape (d_k,), k (m, d_k), v (m, d_v); the result has (d_v,).

    >>> k = np.array([[1.0, 0, 0, 0], [0, 1, 0, 0]])
    >>> v = np.array([[10.0, 0], [0, 10]])
    >>> attention(np.array([0.0, 2, 0, 0]), k, v).round(3).tolist()
    [2.689, 7.311]
    """
    weights = softmax(k @ q / np.sqrt(q.size))
    return weights @ v


@attention.case
def a_wide_query():
    """a query of width 64 and three keys"""
    rng = np.random.default_rng(1)
    return (
        rng.normal(size=64),
        rng.normal(size=(3, 64)),
        np.array([[1.0, 0], [0, 1], [1, 1]]),
    )


@attention.case
def one_key():
    """a single key, which takes all the weight"""
    return np.array([3.0, -1]), np.array([[2.0, 5]]), np.array([[7.0, 8, 9]])


@attention.wrong(
    "The variance of the scores grows with the width: divide by its root."
)
def forgot_the_scale(q, k, v):
    return softmax(k @ q) @ v


@attention.wrong(
    "The standard deviation of the scores is √d_k, not d_k: divide by that."
)
def divided_by_the_width(q, k, v):
    return softmax(k @ q / q.size) @ v


@attention.wrong(
    "d_k is the width of a query, q.size; len(k) counts the keys."
)
def took_the_number_of_keys(q, k, v):
    return softmax(k @ q / np.sqrt(len(k))) @ v


@attention.wrong(
    "Scale the scores, then take the softmax: dividing the weights makes "
    "their sum less than one."
)
def scaled_the_weights(q, k, v):
    return softmax(k @ q) / np.sqrt(q.size) @ v


@attention.wrong(
    "The scores are not weights yet: they may be negative, and their sum is "
    "anything. The softmax turns them into weights."
)
def forgot_the_softmax(q, k, v):
    return k @ q / np.sqrt(q.size) @ v


# -- the mask ----------------------------------------------------------------


@exercise("write-causal-weights")
def causal_weights(scores):
    """The attention weights of a decoder, which must not see the future.

    scores has the shape (n, n), a row for each query, and so has the result:
    each row sums to one, with exact zeros where a key comes after its query.

    >>> causal_weights(np.zeros((3, 3))).round(2).tolist()
    [[1.0, 0.0, 0.0], [0.5, 0.5, 0.0], [0.33, 0.33, 0.33]]
    """
    n = len(scores)
    future = np.triu(np.ones((n, n), dtype=bool), k=1)  # yours
    return softmax(np.where(future, -np.inf, scores))  # yours


@causal_weights.case
def scores_of_all_sizes():
    """scores that differ, some of them negative"""
    return np.array([[1.0, 9, 2], [-1, 0, 5], [2, -3, 1]])


@causal_weights.case
def one_position():
    """a text of one word"""
    return np.array([[-4.0]])


@causal_weights.wrong(
    "Mask before the softmax: afterwards the weights of a row no longer sum "
    "to one, and the future has had its say in the denominator."
)
def masked_after_the_softmax(scores):
    return np.tril(softmax(scores))


@causal_weights.wrong(
    "A score of 0 is no mask, for exp(0) is 1: which score has the weight 0?"
)
def masked_with_zero(scores):
    return softmax(np.tril(scores))


@causal_weights.wrong(
    "A score that is 0 by itself is hidden here too: decide by the place of "
    "a key, not by the number that stands there."
)
def hid_every_zero(scores):
    scores = np.tril(scores)
    return softmax(np.where(scores == 0, -np.inf, scores))


@causal_weights.wrong(
    "Each query has a row, so the softmax runs along the last axis."
)
def softmax_over_the_queries(scores):
    n = len(scores)
    future = np.triu(np.ones((n, n), dtype=bool), k=1)
    return softmax(np.where(future, -np.inf, scores), axis=0)


@causal_weights.wrong(
    "A position may look at itself: the diagonal is not masked. Without it "
    "the first one has nothing to look at, and 0/0 is nan."
)
def masked_the_diagonal(scores):
    n = len(scores)
    future = np.triu(np.ones((n, n), dtype=bool))
    return softmax(np.where(future, -np.inf, scores))


@causal_weights.wrong(
    "This hides the past and shows the future: a key comes after its query "
    "where the column is greater than the row, above the diagonal."
)
def masked_the_past(scores):
    n = len(scores)
    past = np.tril(np.ones((n, n), dtype=bool), k=-1)
    return softmax(np.where(past, -np.inf, scores))


# -- heads -------------------------------------------------------------------


@exercise("write-heads")
def heads(x, h):
    """The columns of x cut into h heads, each with all the words.

    x has the shape (n, d), and h divides d; the result has (h, n, d / h).

    >>> heads(np.array([[1.0, 2, 3, 4], [5, 6, 7, 8]]), 2).tolist()
    [[[1.0, 2.0], [5.0, 6.0]], [[3.0, 4.0], [7.0, 8.0]]]
    """
    n, d = x.shape
    return np.swapaxes(x.reshape(n, h, d // h), 0, 1)


@heads.case
def five_words_and_three_heads():
    """5 words, a width of 6 and 3 heads"""
    return np.arange(30.0).reshape(5, 6), 3


@heads.case
def one_head():
    """a single head"""
    return np.arange(8.0).reshape(2, 4), 1


@heads.wrong(
    "Now a head holds pieces of different words: reshape reads the numbers "
    "row by row. Cut each row first, then swap two axes."
)
def reshaped_at_once(x, h):
    n, d = x.shape
    return x.reshape(h, n, d // h)


@heads.wrong(
    "The words come first and the heads second: swap these two axes, or the "
    "words will attend to heads instead of words."
)
def forgot_to_swap(x, h):
    n, d = x.shape
    return x.reshape(n, h, d // h)


@heads.wrong(
    "Each head has every h-th column; it should have columns that stand side "
    "by side: (n, h, d // h), not (n, d // h, h)."
)
def took_every_hth_column(x, h):
    n, d = x.shape
    return np.moveaxis(x.reshape(n, d // h, h), -1, 0)


@heads.wrong(
    "In each head the words are columns; a word should stay a row, with the "
    "width of the head as the last axis."
)
def left_the_words_in_columns(x, h):
    n, d = x.shape
    return x.T.reshape(h, d // h, n)


# -- positions ---------------------------------------------------------------


@exercise("write-positions")
def positions(n, d):
    """The code of each of n positions, counted from 0; d is even.

    The result has the shape (n, d): a sine and a cosine for each frequency.

    >>> positions(2, 4).round(4).tolist()
    [[0.0, 1.0, 0.0, 1.0], [0.8415, 0.5403, 0.01, 1.0]]
    """
    code = np.zeros((n, d))
    angles = np.arange(n)[:, None] / 10_000 ** (np.arange(0, d, 2) / d)
    code[:, 0::2] = np.sin(angles)
    code[:, 1::2] = np.cos(angles)
    return code


@positions.case
def three_frequencies():
    """5 positions and a width of 6"""
    return 5, 6


@positions.case
def one_frequency():
    """a width of 2"""
    return 4, 2


@positions.wrong(
    "Sine and cosine of one frequency stand side by side: sines go to the "
    "even columns, cosines to the odd ones. Many codes put one half behind "
    "the other; the paper's formula does not."
)
def one_half_behind_the_other(n, d):
    angles = np.arange(n)[:, None] / 10_000 ** (np.arange(0, d, 2) / d)
    return np.concatenate([np.sin(angles), np.cos(angles)], axis=1)


@positions.wrong(
    "2i is the column already: with columns 0, 2, 4, … as 2i, doubling them "
    "again makes the waves too slow."
)
def doubled_the_exponent(n, d):
    code = np.zeros((n, d))
    angles = np.arange(n)[:, None] / 10_000 ** (2 * np.arange(0, d, 2) / d)
    code[:, 0::2], code[:, 1::2] = np.sin(angles), np.cos(angles)
    return code


@positions.wrong(
    "A sine and its cosine share one frequency: column 2i + 1 has the "
    "exponent 2i/d too, not one of its own."
)
def a_frequency_for_each_column(n, d):
    angles = np.arange(n)[:, None] / 10_000 ** (np.arange(d) / d)
    code = np.zeros((n, d))
    code[:, 0::2] = np.sin(angles[:, 0::2])
    code[:, 1::2] = np.cos(angles[:, 1::2])
    return code


@positions.wrong("Positions count from 0: the first row is 0, 1, 0, 1, …")
def counted_from_one(n, d):
    return positions(n + 1, d)[1:]


@positions.wrong("Even columns have the sine, odd ones the cosine.")
def cosine_first(n, d):
    return positions(n, d).reshape(n, -1, 2)[:, :, ::-1].reshape(n, d)
