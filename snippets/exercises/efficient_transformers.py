"""What the reader writes for the surveys: a window, and a sum for a table."""

import numpy as np

from snippets.exercises import exercise

# -- the window of a decoder -------------------------------------------------


@exercise("write-causal-window")
def causal_window(n, w):
    """True where one of n positions may look: itself and the w - 1 before.

    The result has the shape (n, n), a row for each position that looks.

    >>> causal_window(4, 2).astype(int).tolist()
    [[1, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]]
    """
    i = np.arange(n)
    back = i[:, None] - i
    return (back >= 0) & (back < w)


@causal_window.case
def three_of_seven():
    """7 positions and a window of 3"""
    return 7, 3


@causal_window.case
def only_itself():
    """5 positions and a window of 1"""
    return 5, 1


@causal_window.case
def wider_than_the_text():
    """3 positions and a window of 10"""
    return 3, 10


@causal_window.wrong(
    "One position too many: w counts the position itself, so the farthest is "
    "w - 1 back. Libraries have disagreed about this very one."
)
def one_too_many(n, w):
    i = np.arange(n)
    back = i[:, None] - i
    return (back >= 0) & (back <= w)


@causal_window.wrong(
    "This window looks ahead as well, as an encoder's may. How far back a "
    "position looks must not be negative."
)
def looks_ahead(n, w):
    i = np.arange(n)
    return np.abs(i[:, None] - i) < w


@causal_window.wrong(
    "This one looks ahead alone: rows look, columns are looked at, so it is "
    "the row less the column that must not be negative."
)
def the_wrong_way(n, w):
    i = np.arange(n)
    ahead = i - i[:, None]
    return (ahead >= 0) & (ahead < w)


@causal_window.wrong(
    "This is the whole past: what is w or more back has to go too."
)
def forgot_the_window(n, w):
    return np.tril(np.ones((n, n), dtype=bool))


@causal_window.wrong(
    "These are blocks: each position sees its block, and not the w - 1 "
    "positions before it, which may lie in the block before."
)
def blocks(n, w):
    i = np.arange(n)
    return (i[:, None] // w == i // w) & (i[:, None] >= i)


# -- a sum in place of the table ---------------------------------------------


@exercise("write-kernel-attention")
def summed(q, k, v):
    """Means of the values, with the weights q . k, and no table of them.

    q and k have positive features and the shape (n, c), v has (n, d); so has
    the result.

    >>> q = np.array([[1.0, 0], [1, 1]])
    >>> k, v = np.array([[1.0, 2], [3, 2]]), np.array([[8.0], [0]])
    >>> summed(q, k, v).tolist()
    [[2.0], [3.0]]
    """
    return (q @ (k.T @ v)) / (q @ k.sum(axis=0))[:, None]


def positive(seed, n, c, d):
    """Positive features and any values."""
    rng = np.random.default_rng(seed)
    q, k = rng.random((2, n, c)) + 0.1
    return q, k, rng.normal(size=(n, d))


@summed.case
def six_words():
    """6 positions, 4 features and values of width 3"""
    return positive(0, 6, 4, 3)


@summed.case
def one_word():
    """a text of one word, which can only see itself"""
    return positive(1, 1, 2, 5)


@summed.case
def long():
    """50 positions and 2 features"""
    return positive(2, 50, 2, 2)


@summed.wrong(
    "The weights of a query must sum to one: divide by their sum, which is "
    "the query times the sum of all keys."
)
def not_divided(q, k, v):
    return q @ (k.T @ v)


@summed.wrong(
    "The weights are q . k and do not sum to n: divide by their own sum, "
    "another one for each query."
)
def divided_by_n(q, k, v):
    return q @ (k.T @ v) / len(k)


@summed.wrong(
    "That is the sum of all weights of all queries; each query has a sum of "
    "its own."
)
def one_sum_for_all(q, k, v):
    return q @ (k.T @ v) / (q @ k.sum(axis=0)).sum()


@summed.wrong(
    "Here the weights are e^(q . k), as in full attention: the features take "
    "the place of the exponential, so that the keys can be summed first."
)
def with_a_softmax(q, k, v):
    weights = np.exp(q @ k.T)
    return weights @ v / weights.sum(axis=1, keepdims=True)
