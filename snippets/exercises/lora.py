"""What the reader writes for entry 12: forward, start, switch and count."""

import numpy as np

from snippets.exercises import exercise

# -- forward -----------------------------------------------------------------


@exercise("write-lora")
def lora(x, w_0, a, b, alpha):
    """h = W_0 x + (alpha / r) B A x, for each row of x.

    x has the shape (n, k), w_0 (d, k), a (r, k) and b (d, r); the result
    has (n, d).

    >>> x, w_0 = np.array([[3.0, 4]]), np.array([[1.0, 0], [0, 1], [1, 1]])
    >>> a, b = np.array([[1.0, 1]]), np.array([[1.0], [0], [0]])
    >>> lora(x, w_0, a, b, 2.0).tolist()
    [[17.0, 4.0, 7.0]]
    """
    return x @ w_0.T + alpha / len(a) * (x @ a.T) @ b.T


@lora.case
def rank_three():
    """a rank of 3 in a matrix of 4 × 4"""
    rng = np.random.default_rng(0)
    x, w_0, a = (rng.normal(size=(n, 4)) for n in (5, 4, 3))
    return x, w_0, a, rng.normal(size=(4, 3)), 16.0


@lora.case
def a_small_alpha():
    """a rank of 2 in a matrix of 6 × 5, and alpha = 1/2"""
    rng = np.random.default_rng(1)
    x, w_0, a = (rng.normal(size=(n, 5)) for n in (1, 6, 2))
    return x, w_0, a, rng.normal(size=(6, 2)), 0.5


@lora.wrong(
    "The update is B A times a factor: where is alpha? It counts when you "
    "merge, too: many a merged model has lost it."
)
def forgot_alpha(x, w_0, a, b, alpha):
    return x @ w_0.T + (x @ a.T) @ b.T


@lora.wrong(
    "alpha alone is r times too much. Divide it by the rank: that is the "
    "number of rows of A."
)
def did_not_divide(x, w_0, a, b, alpha):
    return x @ w_0.T + alpha * (x @ a.T) @ b.T


@lora.wrong(
    "The rank is the side that A and B share: the rows of A, the columns of "
    "B. The rows of B are the outputs."
)
def divided_by_the_outputs(x, w_0, a, b, alpha):
    return x @ w_0.T + alpha / len(b) * (x @ a.T) @ b.T


@lora.wrong(
    "The factor belongs to the update alone; W_0 x is what it was before."
)
def scaled_the_frozen_part(x, w_0, a, b, alpha):
    return alpha / len(a) * (x @ w_0.T + (x @ a.T) @ b.T)


@lora.wrong(
    "w_0 has the shape (d, k), and each row of x is multiplied from the "
    "right: x @ w_0.T. Where d = k, forgetting it raises no error."
)
def did_not_transpose(x, w_0, a, b, alpha):
    return x @ w_0 + alpha / len(a) * (x @ a.T) @ b.T


# -- the start ---------------------------------------------------------------


@exercise("write-start")
def start(rng, d, k, r):
    """A and B before the first step, for a matrix of the shape (d, k).

    A, (r, k), is drawn from a Gaussian of variance 1 / k; B, (d, r), is zero.

    >>> a, b = start(np.random.default_rng(0), d=3, k=4, r=1)
    >>> a.round(3).tolist(), b.tolist()
    ([[0.063, -0.066, 0.32, 0.052]], [[0.0], [0.0], [0.0]])
    """
    return rng.normal(size=(r, k)) / np.sqrt(k), np.zeros((d, r))


@start.case
def a_wide_matrix():
    """9 outputs, 2 inputs and a rank of 2"""
    return np.random.default_rng(1), 9, 2, 2


@start.case
def a_tall_matrix():
    """2 outputs, 100 inputs and a rank of 3"""
    return np.random.default_rng(2), 2, 100, 3


@start.wrong(
    "With both at zero nothing ever moves: the gradient by A has the factor "
    "B, and that by B the factor A x."
)
def both_zero(rng, d, k, r):
    return np.zeros((r, k)), np.zeros((d, r))


@start.wrong(
    "With both random, B A is not zero, and the model is another one before "
    "the first step."
)
def both_random(rng, d, k, r):
    a = rng.normal(size=(r, k)) / np.sqrt(k)
    return a, rng.normal(size=(d, r)) / np.sqrt(r)


@start.wrong(
    "B A is zero this way too, and the authors' code starts so for "
    "embeddings; but here A is to be random and B zero."
)
def the_other_way_round(rng, d, k, r):
    return np.zeros((r, k)), rng.normal(size=(d, r)) / np.sqrt(r)


@start.wrong(
    "Of variance 1, A would make numbers that are √k times as large as those "
    "of x: divide by the root."
)
def of_variance_one(rng, d, k, r):
    return rng.normal(size=(r, k)), np.zeros((d, r))


@start.wrong(
    "1 / k is the variance, and `normal` is scaled by the standard deviation: "
    "divide by the root of k."
)
def took_the_variance_for_the_deviation(rng, d, k, r):
    return rng.normal(size=(r, k)) / k, np.zeros((d, r))


@start.wrong(
    "A comes first, so it has one column for each input: (r, k). B has one "
    "row for each output: (d, r)."
)
def exchanged_the_shapes(rng, d, k, r):
    return rng.normal(size=(k, r)) / np.sqrt(k), np.zeros((r, d))


# -- another task ------------------------------------------------------------


@exercise("write-switch")
def switch(w, old, new, alpha):
    """A merged matrix with the update `old` taken out and `new` put in.

    w has the shape (d, k); old and new are pairs (a, b), whose ranks may
    differ; alpha is that of both.

    >>> one = np.array([[1.0, 0]]), np.array([[2.0], [0]])
    >>> other = np.array([[0.0, 1]]), np.array([[0.0], [3]])
    >>> switch(np.array([[2.0, 0], [0, 0]]), one, other, alpha=1.0).tolist()
    [[0.0, 0.0], [0.0, 3.0]]
    """
    (a, b), (new_a, new_b) = old, new
    out, put = alpha / len(a) * b @ a, alpha / len(new_a) * new_b @ new_a
    return w - out + put


def merged(d, k, ranks, alpha):
    """A matrix with the first of two updates in it, and both updates."""
    rng = np.random.default_rng(d)
    old, new = [
        (rng.normal(size=(r, k)), rng.normal(size=(d, r))) for r in ranks
    ]
    w_0 = rng.normal(size=(d, k))
    return w_0 + alpha / ranks[0] * old[1] @ old[0], old, new, alpha


@switch.case
def one_rank():
    """two updates of rank 2 and alpha = 8"""
    return merged(3, 4, (2, 2), 8.0)


@switch.case
def two_ranks():
    """an update of rank 1 that makes room for one of rank 4"""
    return merged(5, 5, (1, 4), 2.0)


@switch.wrong("The old update is still in: subtract it first.")
def kept_the_old(w, old, new, alpha):
    return w + alpha / len(new[0]) * new[1] @ new[0]


@switch.wrong(
    "Each update was merged with its factor alpha / r, and is taken out with "
    "it as well."
)
def forgot_the_factors(w, old, new, alpha):
    return w - old[1] @ old[0] + new[1] @ new[0]


@switch.wrong(
    "Two updates have two ranks: the factor of the new one is alpha divided "
    "by the rows of its own A."
)
def one_factor_for_both(w, old, new, alpha):
    return w + alpha / len(old[0]) * (new[1] @ new[0] - old[1] @ old[0])


@switch.wrong(
    "`-=` and `+=` write into the caller's matrix, which may be in use "
    "elsewhere: compute a new one."
)
def wrote_into_the_argument(w, old, new, alpha):
    w -= alpha / len(old[0]) * old[1] @ old[0]
    w += alpha / len(new[0]) * new[1] @ new[0]
    return w


# -- the count ---------------------------------------------------------------


@exercise("write-trainable")
def trainable(shapes, r):
    """How many numbers LoRA of rank r trains in arrays of these shapes.

    shapes has a tuple for each name; only matrices get an A and a B.

    >>> trainable({"w": (6, 4)}, 1)
    10
    """
    matrices = [shape for shape in shapes.values() if len(shape) == 2]
    return sum(r * (d + k) for d, k in matrices)


@trainable.case
def gpt_3():
    """queries and values of GPT-3 and a rank of 4"""
    names = [f"b{i}.{name}" for i in range(96) for name in ("w_q", "w_v")]
    return dict.fromkeys(names, (12_288, 12_288)), 4


@trainable.case
def with_biases():
    """a feed-forward layer with its biases and a rank of 8"""
    layer = {"w_1": (256, 64), "b_1": (256,), "w_2": (64, 256), "b_2": (64,)}
    return layer, 8


@trainable.wrong(
    "This is the size of the matrices themselves, as full fine-tuning would "
    "train them: A and B are thin."
)
def the_matrices_themselves(shapes, r):
    return sum(int(np.prod(shape)) for shape in shapes.values())


@trainable.wrong(
    "2 d r holds where a matrix is square, as in the paper's §5.1: here A "
    "has as many columns as there are inputs, B as many rows as outputs."
)
def as_if_square(shapes, r):
    return sum(2 * s[0] * r for s in shapes.values() if len(s) == 2)


@trainable.wrong(
    "A bias is a vector: it has no A and no B, and stays frozen like the rest."
)
def adapted_the_biases(shapes, r):
    return sum(r * sum(shape) for shape in shapes.values())


@trainable.wrong(
    "A has r rows and B has r columns: each input and each output counts r "
    "times."
)
def forgot_the_rank(shapes, r):
    return sum(sum(s) for s in shapes.values() if len(s) == 2)
