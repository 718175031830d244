"""Exercises of the foundations."""

import numpy as np

from snippets.exercises import exercise

# -- softmax -----------------------------------------------------------------


@exercise("write-softmax")
def softmax(x):
    """The chances that belong to scores, each row for itself.

    x has the shape (n, v), and so has the result: each row sums to one.

    >>> softmax(np.array([[2.0, 1, 0], [0, 0, 0]])).round(3).tolist()
    [[0.665, 0.245, 0.09], [0.333, 0.333, 0.333]]
    """
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@softmax.case
def large_scores():
    """scores of a thousand, whose exponential is too large for a float"""
    return np.array([[1000.0, 999, 0], [-1000, -1001, -1002]])


@softmax.case
def one_row():
    """a single row"""
    return np.array([[0.5, -0.5, 2, 0]])


@softmax.case
def as_many_rows_as_scores():
    """as many rows as columns"""
    return np.array([[1.0, 2], [5, 3]])


@softmax.wrong(
    "exp(1000) is inf, and inf / inf is nan: subtract the largest score of a "
    "row from all its scores first, which changes no chance."
)
def forgot_to_subtract_the_largest(x):
    e = np.exp(x)
    return e / e.sum(axis=-1, keepdims=True)


@softmax.wrong(
    "Each row sums to one for itself: sum along the last axis, not over all."
)
def forgot_the_axis(x):
    e = np.exp(x - x.max())
    return e / e.sum()


@softmax.wrong(
    "This makes the columns sum to one; a row is one set of scores, so the "
    "axis is the last one."
)
def took_the_columns(x):
    e = np.exp(x - x.max(axis=0))
    return e / e.sum(axis=0)


@softmax.wrong(
    "The sums are now a vector of n numbers, which NumPy puts beside the "
    "columns: keepdims=True keeps them a column, one number for each row."
)
def forgot_to_keep_the_axis(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1)


@softmax.wrong(
    "Chances are positive: take the exponential before you divide by the sum."
)
def forgot_the_exponential(x):
    return x / x.sum(axis=-1, keepdims=True)


# -- the loss ----------------------------------------------------------------


@exercise("write-cross-entropy")
def cross_entropy(logits, targets):
    """The mean surprise, in nats, at the tokens that came.

    logits has the shape (n, v), a row of scores for each position, and
    targets (n,), the number of the token that came there.

    >>> logits = np.log([[0.5, 0.25, 0.25], [0.125, 0.125, 0.75]])
    >>> round(float(cross_entropy(logits, np.array([0, 1]))), 4)
    1.3863
    """
    x = logits - logits.max(axis=-1, keepdims=True)
    log_p = x - np.log(np.exp(x).sum(axis=-1, keepdims=True))
    return -log_p[np.arange(len(targets)), targets].mean()


@cross_entropy.case
def scores_that_are_no_logs():
    """three positions, and scores that no softmax has seen yet"""
    logits = np.array([[3.0, 1, 0, 2], [0, 0, 0, 0], [-1, 4, 2, 2]])
    return logits, np.array([0, 3, 2])


@cross_entropy.case
def one_position():
    """a single position"""
    return np.array([[1.0, 2]]), np.array([0])


@cross_entropy.case
def scores_far_apart():
    """a score that is so low that its chance is 0 to the computer"""
    return np.array([[0.0, 1000], [2, 1]]), np.array([0, 0])


def log_chances(logits):
    """What most of the wrong answers have right."""
    x = logits - logits.max(axis=-1, keepdims=True)
    return x - np.log(np.exp(x).sum(axis=-1, keepdims=True))


@cross_entropy.wrong(
    "The chance is so small that it is rounded to 0, and its logarithm is "
    "-inf. The logarithm of a softmax needs none: x - log(sum(exp(x)))."
)
def took_the_log_of_the_chances(logits, targets):
    e = np.exp(logits - logits.max(axis=-1, keepdims=True))
    p = e / e.sum(axis=-1, keepdims=True)
    return -np.log(p[np.arange(len(targets)), targets]).mean()


@cross_entropy.wrong(
    "log_p[:, targets] takes the columns of all targets from every row, "
    "n × n numbers. One number from each row needs two lists of indices: "
    "log_p[np.arange(n), targets]."
)
def took_all_targets_from_each_row(logits, targets):
    return -log_chances(logits)[:, targets].mean()


@cross_entropy.wrong(
    "The surprises were added: the loss is their mean, so that a long text "
    "and a short one can be compared."
)
def summed(logits, targets):
    return -log_chances(logits)[np.arange(len(targets)), targets].sum()


@cross_entropy.wrong(
    "These are bits: the unit is the nat, and so the logarithm is natural."
)
def in_bits(logits, targets):
    rows = np.arange(len(targets))
    return -log_chances(logits)[rows, targets].mean() / np.log(2)


@cross_entropy.wrong(
    "The sign is turned: the logarithm of a chance is never positive, and a "
    "surprise is never negative."
)
def forgot_the_minus(logits, targets):
    return log_chances(logits)[np.arange(len(targets)), targets].mean()


@cross_entropy.wrong(
    "The scores went in as they are: only after the softmax are they chances, "
    "whose logarithms say something."
)
def forgot_the_softmax(logits, targets):
    return -logits[np.arange(len(targets)), targets].mean()


@cross_entropy.wrong(
    "The mean went over all n × v entries of the one-hot product; only the n "
    "positions count, so divide by n."
)
def mean_over_the_vocabulary(logits, targets):
    one_hot = np.eye(logits.shape[-1])[targets]
    return -(one_hot * log_chances(logits)).mean()


# -- two distributions -------------------------------------------------------


@exercise("write-kl")
def kl(p, q):
    """How far the chances q are from the chances p, in nats.

    Both have the shape (v,), and q is positive.  Where p is 0, nothing is
    added.

    >>> round(float(kl(np.array([0.5, 0.5]), np.array([0.25, 0.75]))), 4)
    0.1438
    """
    some = p > 0
    return np.sum(p[some] * np.log(p[some] / q[some]))


@kl.case
def what_p_never_does():
    """a token that p never writes"""
    return np.array([0.0, 0.25, 0.75]), np.array([0.2, 0.3, 0.5])


@kl.case
def alike():
    """two distributions that are the same"""
    return np.full(4, 0.25), np.full(4, 0.25)


@kl.wrong(
    "This is KL(q ‖ p): the mean is taken over what the first distribution "
    "writes, so p stands before the logarithm and above the bar."
)
def the_other_way_round(p, q):
    some = p > 0
    return np.sum(q[some] * np.log(q[some] / p[some]))


@kl.wrong(
    "0 times log 0 is nan to NumPy, and 0 in the sum: leave out the tokens "
    "that p never writes."
)
def forgot_the_zeros(p, q):
    return np.sum(p * np.log(p / q))


@kl.wrong(
    "This is the cross-entropy; KL is how much of it is more than the entropy "
    "of p, and it is 0 where the two are alike."
)
def the_whole_cross_entropy(p, q):
    return -np.sum(p * np.log(q))


@kl.wrong("The chances p are the weights of the mean: a plain mean has none.")
def a_plain_mean(p, q):
    some = p > 0
    return np.mean(np.log(p[some] / q[some]))


@kl.wrong(
    "A single term may be negative: without its sign the sum is no longer "
    "the divergence."
)
def took_sizes(p, q):
    some = p > 0
    return np.sum(np.abs(p[some] * np.log(p[some] / q[some])))


# -- Adam --------------------------------------------------------------------


@exercise("write-adam")
def adam_step(w, g, m, v, t, lr, beta_1=0.9, beta_2=0.999, eps=1e-8):
    """Step number t of Adam, counted from 1: the new w, m and v.

    w, the gradient g and the running means m and v have one shape; before
    the first step m and v are zero.

    >>> w, g = np.array([1.0, 1.0]), np.array([100.0, -0.01])
    >>> w, m, v = adam_step(w, g, np.zeros(2), np.zeros(2), t=1, lr=0.1)
    >>> w.round(4).tolist()
    [0.9, 1.1]
    """
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    m_hat = m / (1 - beta_1**t)
    v_hat = v / (1 - beta_2**t)
    return w - lr * m_hat / (np.sqrt(v_hat) + eps), m, v


@adam_step.case
def the_second_step():
    """the second step, with the means of the first"""
    m, v = np.array([0.2, -0.1, 0.0]), np.array([0.004, 0.001, 0.0])
    return np.zeros(3), np.array([-1.0, 3.0, 0.5]), m, v, 2, 0.01


@adam_step.case
def a_gradient_of_nothing():
    """a gradient that is zero from the beginning"""
    none = np.zeros((2, 2))
    return np.ones((2, 2)), none, none, none, 1, 0.01


@adam_step.case
def many_steps():
    """the thousandth step, when the correction is almost over"""
    m, v = np.array([0.3]), np.array([2.0])
    return np.array([5.0]), np.array([0.1]), m, v, 1000, 0.5


@adam_step.wrong(
    "The means began at zero and are too small at first: divide them by "
    "1 - beta**t before you use them."
)
def forgot_the_correction(
    w, g, m, v, t, lr, beta_1=0.9, beta_2=0.999, eps=1e-8
):
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    return w - lr * m / (np.sqrt(v) + eps), m, v


@adam_step.wrong(
    "The corrected means are for this step alone: what is handed on to the "
    "next are m and v as they were."
)
def handed_on_the_corrected_means(
    w, g, m, v, t, lr, beta_1=0.9, beta_2=0.999, eps=1e-8
):
    m = (beta_1 * m + (1 - beta_1) * g) / (1 - beta_1**t)
    v = (beta_2 * v + (1 - beta_2) * g**2) / (1 - beta_2**t)
    return w - lr * m / (np.sqrt(v) + eps), m, v


@adam_step.wrong("Both means began at zero: v has to be corrected as m is.")
def corrected_one_mean(w, g, m, v, t, lr, beta_1=0.9, beta_2=0.999, eps=1e-8):
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    return w - lr * m / (1 - beta_1**t) / (np.sqrt(v) + eps), m, v


@adam_step.wrong(
    "t counts from 1; with t - 1 the first step divides by 1 - beta**0, "
    "which is 0."
)
def counted_from_zero(w, g, m, v, t, lr, beta_1=0.9, beta_2=0.999, eps=1e-8):
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    m_hat, v_hat = m / (1 - beta_1 ** (t - 1)), v / (1 - beta_2 ** (t - 1))
    return w - lr * m_hat / (np.sqrt(v_hat) + eps), m, v


@adam_step.wrong(
    "v is a mean of squares, so its root has the size of a gradient: divide "
    "by the root."
)
def forgot_the_root(w, g, m, v, t, lr, beta_1=0.9, beta_2=0.999, eps=1e-8):
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    m_hat, v_hat = m / (1 - beta_1**t), v / (1 - beta_2**t)
    return w - lr * m_hat / (v_hat + eps), m, v


@adam_step.wrong("A step goes against the gradient: subtract it.")
def went_uphill(w, g, m, v, t, lr, beta_1=0.9, beta_2=0.999, eps=1e-8):
    m = beta_1 * m + (1 - beta_1) * g
    v = beta_2 * v + (1 - beta_2) * g**2
    m_hat, v_hat = m / (1 - beta_1**t), v / (1 - beta_2**t)
    return w + lr * m_hat / (np.sqrt(v_hat) + eps), m, v
