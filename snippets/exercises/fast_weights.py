"""What the reader writes for entry 4: a mean, a delta rule, a mask."""

import numpy as np

from snippets.exercises import exercise
from snippets.layers import softmax

# -- without the table -------------------------------------------------------


@exercise("write-without-the-table")
def attend(q, k, v):
    """Linear attention over the whole text, with no table of n × n.

    q and k, (n, c), are features already and positive; v is (n, m).  Every
    query sees every key, and its weights add up to one; the result is
    (n, m).

    >>> q, k = np.array([[1.0, 0], [1, 1]]), np.array([[3.0, 1], [1, 1]])
    >>> attend(q, k, np.array([[4.0], [8.0]])).round(9).tolist()
    [[5.0], [5.333333333]]
    """
    return q @ (k.T @ v) / (q @ k.sum(axis=0))[:, None]


def features(n, m, c, d):
    """Positive queries and keys, and values."""
    rng = np.random.default_rng(n)
    q, k = rng.uniform(0.1, 2, size=(n, c)), rng.uniform(0.1, 2, size=(m, c))
    return q, k, rng.normal(size=(m, d))


@attend.case
def a_wide_value():
    """9 positions, 3 features and values of width 5"""
    return features(9, 9, 3, 5)


@attend.case
def other_keys():
    """2 queries that look into another text, of 7 positions"""
    return features(2, 7, 4, 2)


@attend.wrong(
    "The weights of a query have to add up to one: divide by their sum, which "
    "is q times the sum of all keys."
)
def did_not_divide(q, k, v):
    return q @ (k.T @ v)


@attend.wrong(
    "A mean over n positions divides by n only if all weights are 1; here "
    "each query has its own sum of weights."
)
def divided_by_n(q, k, v):
    return q @ (k.T @ v) / len(k)


@attend.wrong(
    "Sum the keys over the positions, axis 0: what is left has c numbers, one "
    "for each feature of the query."
)
def summed_the_features(q, k, v):
    return q @ (k.T @ v) / (q * k.sum(axis=1).mean()).sum(axis=1)[:, None]


@attend.wrong(
    "That is softmax attention: it needs the whole table, for the exponential "
    "stands between q k^T and the sum. Here the weight is q . k itself."
)
def took_the_softmax(q, k, v):
    return softmax(q @ k.T) @ v


@attend.wrong(
    "Every query sees the whole text here. The running sums of the causal "
    "form are for a model that writes."
)
def summed_only_the_past(q, k, v):
    state = np.cumsum(k[:, :, None] * v[:, None, :], axis=0)[-len(q) :]
    total = np.cumsum(k, axis=0)[-len(q) :]
    read = np.einsum("nc,ncm->nm", q[-len(state) :], state)
    return read / np.sum(q[-len(state) :] * total, axis=1)[:, None]


# -- a memory that corrects --------------------------------------------------


@exercise("write-delta-memory")
def delta_memory(q, k, v, beta):
    """The answers of a memory written by the delta rule, step by step.

    q and k have the shape (n, c), v (n, m) and beta (n,), a strength for
    each step.  At each step the pair is written, then q is asked; the
    memory, (m, c), starts at zero, and the result is (n, m).

    >>> k = np.array([[1.0, 0], [1, 0]])
    >>> v = np.array([[2.0], [6.0]])
    >>> delta_memory(k, k, v, np.array([1.0, 0.5])).tolist()
    [[2.0], [4.0]]
    """
    w, answers = np.zeros((v.shape[1], k.shape[1])), []
    for q_i, k_i, v_i, b in zip(q, k, v, beta, strict=True):
        w = w + b * np.outer(v_i - w @ k_i, k_i)
        answers.append(w @ q_i)
    return np.array(answers).reshape(v.shape)


def a_text(n, c, m):
    """Queries, keys, values and strengths."""
    rng = np.random.default_rng(n)
    k = rng.normal(size=(n, c))
    k = k / np.linalg.norm(k, axis=1, keepdims=True)
    q, v = rng.normal(size=(n, c)), rng.normal(size=(n, m))
    return q, k, v, rng.uniform(0.2, 1, size=n)


@delta_memory.case
def more_pairs_than_directions():
    """8 pairs, keys of width 3 and values of width 2"""
    return a_text(8, 3, 2)


@delta_memory.case
def values_wider_than_keys():
    """5 pairs, keys of width 2 and values of width 4"""
    return a_text(5, 2, 4)


@delta_memory.wrong(
    "This is the sum rule. Ask the memory with the new key first, w @ k_i, "
    "and write only what is missing."
)
def added_everything(q, k, v, beta):
    w, answers = np.zeros((v.shape[1], k.shape[1])), []
    for q_i, k_i, v_i, b in zip(q, k, v, beta, strict=True):
        w = w + b * np.outer(v_i, k_i)
        answers.append(w @ q_i)
    return np.array(answers)


@delta_memory.wrong("The strength is missing: each step has its own beta.")
def wrote_with_full_strength(q, k, v, beta):
    w, answers = np.zeros((v.shape[1], k.shape[1])), []
    for q_i, k_i, v_i in zip(q, k, v, strict=True):
        w = w + np.outer(v_i - w @ k_i, k_i)
        answers.append(w @ q_i)
    return np.array(answers)


@delta_memory.wrong(
    "Compare with what the memory answers to the key that is written, not to "
    "the query."
)
def asked_with_the_query(q, k, v, beta):
    w, answers = np.zeros((v.shape[1], k.shape[1])), []
    for q_i, k_i, v_i, b in zip(q, k, v, beta, strict=True):
        w = w + b * np.outer(v_i - w @ q_i, k_i)
        answers.append(w @ q_i)
    return np.array(answers)


@delta_memory.wrong(
    "Here the question is asked before the pair is written, as in 1992: write "
    "first."
)
def read_before_writing(q, k, v, beta):
    w, answers = np.zeros((v.shape[1], k.shape[1])), []
    for q_i, k_i, v_i, b in zip(q, k, v, beta, strict=True):
        answers.append(w @ q_i)
        w = w + b * np.outer(v_i - w @ k_i, k_i)
    return np.array(answers)


@delta_memory.wrong(
    "(1 - beta) belongs to what the memory answers to this key. Here it "
    "shrinks the whole memory, and so every other pair."
)
def let_everything_fade(q, k, v, beta):
    w, answers = np.zeros((v.shape[1], k.shape[1])), []
    for q_i, k_i, v_i, b in zip(q, k, v, beta, strict=True):
        w = (1 - b) * w + b * np.outer(v_i, k_i)
        answers.append(w @ q_i)
    return np.array(answers)


# -- a mask that fades -------------------------------------------------------


@exercise("write-fading-mask")
def fading(q, k, v, gamma):
    """A memory that shrinks to gamma of itself before each write, as a table.

    The state is w = gamma * w + v k^T, written and then asked; here it is to
    be computed without a state, from the products of all queries and keys.
    q and k have the shape (n, c), v (n, m); the result is (n, m).

    >>> q = k = np.ones((3, 1))
    >>> v = np.array([[8.0], [0], [1]])
    >>> fading(q, k, v, 0.5).tolist()
    [[8.0], [4.0], [3.0]]
    """
    i = np.arange(len(q))
    age = np.maximum(i[:, None] - i, 0)  # yours
    mask = np.tril(gamma**age)  # yours
    return (mask * (q @ k.T)) @ v  # yours


@fading.case
def a_longer_text():
    """9 positions, keys of width 3 and gamma = 0.9"""
    rng = np.random.default_rng(0)
    return *rng.normal(size=(2, 9, 3)), rng.normal(size=(9, 2)), 0.9


@fading.case
def nothing_fades():
    """gamma = 1, which is plain linear attention"""
    rng = np.random.default_rng(1)
    return *rng.normal(size=(2, 4, 2)), rng.normal(size=(4, 3)), 1.0


@fading.wrong(
    "A position must not see what comes later: keep only the lower triangle."
)
def saw_the_future(q, k, v, gamma):
    i = np.arange(len(q))
    return (gamma ** np.abs(i[:, None] - i) * (q @ k.T)) @ v


@fading.wrong(
    "The pair that was just written has not faded yet: gamma to the power 0 "
    "on the diagonal."
)
def faded_at_once(q, k, v, gamma):
    i = np.arange(len(q))
    age = np.maximum(i[:, None] - i, 0)
    return (np.tril(gamma ** (age + 1)) * (q @ k.T)) @ v


@fading.wrong(
    "What fades is the distance of query and key, i - j; gamma to the power "
    "of j alone makes the first pair the strongest for ever."
)
def counted_from_the_start(q, k, v, gamma):
    i = np.arange(len(q))
    return (np.tril(gamma**i * np.ones((len(q), 1))) * (q @ k.T)) @ v


@fading.wrong(
    "One step back is gamma, two are gamma times gamma: a power, not a "
    "product with the distance."
)
def faded_in_a_line(q, k, v, gamma):
    i = np.arange(len(q))
    age = np.maximum(i[:, None] - i, 0)
    mask = np.tril(np.where(age > 0, gamma * age, 1.0))
    return (mask * (q @ k.T)) @ v
