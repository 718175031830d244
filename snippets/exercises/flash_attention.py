"""What the reader writes for entry 10: tiles forward, backward and counted."""

import numpy as np

from snippets.exercises import exercise

# -- the weights of a tile, once more ----------------------------------------


@exercise("write-weights-again")
def weights_again(q_i, k_j, m_i, l_i):
    """The weights of one tile, from the maxima and sums of whole rows.

    q_i has the shape (b_r, d), k_j (b_c, d), m_i and l_i (b_r,); the result
    has (b_r, b_c).

    >>> q_i, k_j = np.zeros((1, 4)), np.ones((2, 4))
    >>> weights_again(q_i, k_j, np.array([0.0]), np.array([8.0])).tolist()
    [[0.125, 0.125]]
    """
    s_ij = q_i @ k_j.T / np.sqrt(q_i.shape[1])
    return np.exp(s_ij - m_i[:, None]) / l_i[:, None]


def a_tile(seed, b_r, b_c, d, n):
    """Queries, one tile of their keys, and maxima and sums over all n."""
    rng = np.random.default_rng(seed)
    q_i, k = rng.normal(size=(b_r, d)), rng.normal(size=(n, d))
    s = q_i @ k.T / np.sqrt(d)
    m_i = s.max(axis=1)
    return q_i, k[:b_c], m_i, np.exp(s - m_i[:, None]).sum(axis=1)


@weights_again.case
def a_square_tile():
    """three queries and three of nine keys"""
    return a_tile(0, 3, 3, 4, 9)


@weights_again.case
def a_wide_tile():
    """two queries, five of six keys and scores in the thousands"""
    q_i, k_j, m_i, l_i = a_tile(1, 2, 5, 3, 6)
    return 1e4 * q_i, k_j, 1e4 * m_i, l_i


@weights_again.wrong(
    "A softmax over the tile gives rows that sum to one; but the tile has "
    "only a part of each row, and m and l tell of the whole."
)
def softmax_of_the_tile(q_i, k_j, m_i, l_i):
    s_ij = q_i @ k_j.T / np.sqrt(q_i.shape[1])
    p_ij = np.exp(s_ij - s_ij.max(axis=1, keepdims=True))
    return p_ij / p_ij.sum(axis=1, keepdims=True)


@weights_again.wrong(
    "The maximum is that of the whole row, m_i, and not that of the tile: "
    "l_i was summed under m_i."
)
def maximum_of_the_tile(q_i, k_j, m_i, l_i):
    s_ij = q_i @ k_j.T / np.sqrt(q_i.shape[1])
    p_ij = np.exp(s_ij - s_ij.max(axis=1, keepdims=True))
    return p_ij / l_i[:, None]


@weights_again.wrong(
    "The scores are divided by the root of the width before anything else."
)
def forgot_the_scale(q_i, k_j, m_i, l_i):
    return np.exp(q_i @ k_j.T - m_i[:, None]) / l_i[:, None]


@weights_again.wrong(
    "These weights sum to l_i over the whole row: divide by it."
)
def did_not_divide(q_i, k_j, m_i, l_i):
    s_ij = q_i @ k_j.T / np.sqrt(q_i.shape[1])
    return np.exp(s_ij - m_i[:, None])


@weights_again.wrong(
    "m_i and l_i have a number for each query, that is for each row: without "
    "a second axis, m_i[:, None], they are spread along the keys."
)
def along_the_keys(q_i, k_j, m_i, l_i):
    return np.exp(q_i @ k_j.T / np.sqrt(q_i.shape[1]) - m_i) / l_i


# -- a mean in parts ---------------------------------------------------------


@exercise("write-mean-in-parts")
def mean_in_parts(scores, values):
    """Attention of one query, in one pass over tiles of keys.

    scores is a list of arrays (b_c,), values a list of arrays (b_c, d), one
    for each tile; the result has the shape (d,).

    >>> scores = [np.log([1.0, 2.0]), np.log([4.0, 1.0])]
    >>> values = [np.array([[7.0], [10.0]]), np.array([[0.0], [5.0]])]
    >>> mean_in_parts(scores, values).round(9).tolist()
    [4.0]
    """
    m, l, o = -np.inf, 0.0, np.zeros(values[0].shape[1])
    for x, v in zip(scores, values, strict=True):
        m_new = max(m, x.max())
        shrink, p = np.exp(m - m_new), np.exp(x - m_new)
        m, l, o = m_new, shrink * l + p.sum(), shrink * o + p @ v
    return o / l


def parts(seed, sizes, d, scale):
    """Scores and values in tiles of some sizes."""
    rng = np.random.default_rng(seed)
    scores = [scale * rng.normal(size=size) for size in sizes]
    return scores, [rng.normal(size=(size, d)) for size in sizes]


@mean_in_parts.case
def unequal_tiles():
    """tiles of 3, 1 and 4 keys"""
    return parts(0, (3, 1, 4), 2, 1.0)


@mean_in_parts.case
def huge_scores():
    """scores in the thousands, the largest in the last tile"""
    scores, values = parts(1, (2, 2), 3, 1e3)
    return [scores[0], scores[1] + 5e3], values


@mean_in_parts.case
def falling_scores():
    """scores far below zero, the largest in the first tile"""
    scores, values = parts(2, (2, 3), 1, 1.0)
    return [scores[0] - 2e3, scores[1] - 3e3], values


@mean_in_parts.wrong(
    "The mean of the tiles' means gives each tile the same say: one that "
    "weighs more must count for more."
)
def mean_of_means(scores, values):
    means = []
    for x, v in zip(scores, values, strict=True):
        p = np.exp(x - x.max())
        means.append(p @ v / p.sum())
    return np.mean(means, axis=0)


@mean_in_parts.wrong(
    "Each tile's weights are measured from its own maximum: before two are "
    "added, shrink the one with the smaller maximum."
)
def forgot_to_shrink(scores, values):
    l, o = 0.0, 0.0
    for x, v in zip(scores, values, strict=True):
        p = np.exp(x - x.max())
        l, o = l + p.sum(), o + p @ v
    return o / l


@mean_in_parts.wrong(
    "The sum shrinks and the output does not: both were gathered under the "
    "old maximum."
)
def shrank_the_sum_alone(scores, values):
    m, l, o = -np.inf, 0.0, 0.0
    for x, v in zip(scores, values, strict=True):
        m_new = max(m, x.max())
        p = np.exp(x - m_new)
        l, o = np.exp(m - m_new) * l + p.sum(), o + p @ v
        m = m_new
    return o / l


@mean_in_parts.wrong(
    "Without a maximum this is right on paper, but the exponentials of large "
    "scores overflow, and all those of very low ones are zero."
)
def without_a_maximum(scores, values):
    l, o = 0.0, 0.0
    for x, v in zip(scores, values, strict=True):
        l, o = l + np.exp(x).sum(), o + np.exp(x) @ v
    return o / l


@mean_in_parts.wrong("What you return is a sum: divide by l at the end.")
def forgot_to_divide(scores, values):
    m, o = -np.inf, 0.0
    for x, v in zip(scores, values, strict=True):
        m_new = max(m, x.max())
        o = np.exp(m - m_new) * o + np.exp(x - m_new) @ v
        m = m_new
    return o


@mean_in_parts.wrong(
    "The factor is e to the old maximum minus the new one, which is at most "
    "1: what was gathered shrinks and never grows."
)
def grew(scores, values):
    m, l, o = scores[0].max(), 0.0, 0.0
    for x, v in zip(scores, values, strict=True):
        m_new = max(m, x.max())
        grow, p = np.exp(m_new - m), np.exp(x - m_new)
        m, l, o = m_new, grow * l + p.sum(), grow * o + p @ v
    return o / l


# -- the way back ------------------------------------------------------------


@exercise("write-score-gradients")
def score_gradients(p_ij, v_j, o_i, do_i):
    """The gradient of the loss by the scores of one tile.

    p_ij, (b_r, b_c), are the tile's weights, v_j, (b_c, d), its values; o_i
    and do_i, (b_r, d), are the output and its gradient.  The result has the
    shape (b_r, b_c).

    >>> p_ij, v_j = np.array([[0.5]]), np.array([[4.0]])
    >>> score_gradients(p_ij, v_j, np.array([[1.0]]), np.ones((1, 1))).tolist()
    [[1.5]]
    """
    dp_ij = do_i @ v_j.T
    d_i = np.sum(do_i * o_i, axis=1, keepdims=True)
    return p_ij * (dp_ij - d_i)


def back(seed, b_r, b_c, n, d):
    """A tile of the weights of n keys, with output and gradient."""
    rng = np.random.default_rng(seed)
    p, v = rng.dirichlet(np.ones(n), size=b_r), rng.normal(size=(n, d))
    return p[:, :b_c], v[:b_c], p @ v, rng.normal(size=(b_r, d))


@score_gradients.case
def half_of_the_keys():
    """three queries and three of six keys"""
    return back(0, 3, 3, 6, 3)


@score_gradients.case
def a_single_key():
    """four queries and one of seven keys"""
    return back(1, 4, 1, 7, 2)


@score_gradients.wrong(
    "A sum over the tile is only a part of D, which runs over all keys: take "
    "it from the output, do_i * o_i."
)
def summed_the_tile(p_ij, v_j, o_i, do_i):
    dp_ij = do_i @ v_j.T
    return p_ij * (dp_ij - (p_ij * dp_ij).sum(axis=1, keepdims=True))


@score_gradients.wrong(
    "D is missing: when one weight rises, the others of the row must fall, "
    "and D takes that into account."
)
def forgot_d(p_ij, v_j, o_i, do_i):
    return p_ij * (do_i @ v_j.T)


@score_gradients.wrong(
    "D belongs to a query, one number for each row: sum over the width, "
    "axis 1, and keep the axis."
)
def summed_over_the_queries(p_ij, v_j, o_i, do_i):
    return p_ij * (do_i @ v_j.T - np.sum(do_i * o_i))


@score_gradients.wrong(
    "P multiplies both: each weight times what its key gives more than the "
    "mean of all."
)
def forgot_the_brackets(p_ij, v_j, o_i, do_i):
    d_i = np.sum(do_i * o_i, axis=1, keepdims=True)
    return p_ij * (do_i @ v_j.T) - d_i


# -- the loops exchanged -----------------------------------------------------


@exercise("write-moved-by-swapped-loops")
def moved_swapped(n, d, b_r):
    """How many numbers the forward pass of FlashAttention-2 moves.

    A tile of b_r queries stays while all keys and values pass by; then its
    outputs are written, and one number for each of its rows.

    >>> moved_swapped(4, 2, 2)
    52
    """
    return 2 * n * d + n + 2 * n * d * -(-n // b_r)


@moved_swapped.case
def gpt_2():
    """a head of GPT-2 in tiles of 128"""
    return 1024, 64, 128


@moved_swapped.case
def a_rest():
    """10 positions in tiles of 4, the last of 2"""
    return 10, 3, 4


@moved_swapped.case
def one_tile():
    """a tile larger than the text"""
    return 7, 5, 100


@moved_swapped.wrong(
    "Each tile of queries reads all keys and values: they count once for each."
)
def read_the_keys_once(n, d, b_r):
    return 4 * n * d + n


@moved_swapped.wrong(
    "The last tile may be a smaller one, and it reads all keys too: round up."
)
def rounded_down(n, d, b_r):
    return 2 * n * d + n + 2 * n * d * (n // b_r)


@moved_swapped.wrong(
    "Besides the output one number is written for each row, m + log l."
)
def forgot_the_sums(n, d, b_r):
    return 2 * n * d + 2 * n * d * -(-n // b_r)


@moved_swapped.wrong(
    "That is the first order: there the output is read and written again in "
    "every round. Here it stays until it is complete."
)
def the_first_order(n, d, b_r):
    return 2 * n * d + -(-n // b_r) * (3 * n * d + 4 * n)


@moved_swapped.wrong(
    "Maximum and sum are merged into one number before they are written."
)
def two_numbers_for_each_row(n, d, b_r):
    return 2 * n * d + 2 * n + 2 * n * d * -(-n // b_r)
