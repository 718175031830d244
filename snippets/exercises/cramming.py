"""What the reader writes for entry 11: a cycle, a mean, a loss, and steps."""

import numpy as np

from snippets.exercises import exercise
from snippets.layers import cross_entropy

# -- one cycle ---------------------------------------------------------------


@exercise("write-one-cycle")
def one_cycle(hours, budget, peak):
    """The learning rate when so many hours of a budget are over.

    It rises in a straight line from 0 to the peak in the middle of the
    budget, and falls back to 0 at its end.

    >>> [one_cycle(h, 24.0, 0.001) for h in (0.0, 6.0, 12.0, 24.0)]
    [0.0, 0.0005, 0.001, 0.0]
    """
    x = hours / budget
    return peak * min(2 * x, 2 - 2 * x)


@one_cycle.case
def late():
    """36 hours of a budget of 48"""
    return 36.0, 48.0, 0.002


@one_cycle.case
def the_very_end():
    """half an hour of half an hour"""
    return 0.5, 0.5, 1.0


@one_cycle.wrong(
    "This falls from the start, as the dive and the cosine do: one cycle "
    "begins at zero."
)
def only_fell(hours, budget, peak):
    return peak * (1 - hours / budget)


@one_cycle.wrong(
    "Both sides must reach the whole peak after *half* the budget: their "
    "slope is 2."
)
def half_the_peak(hours, budget, peak):
    x = hours / budget
    return peak * min(x, 1 - x)


@one_cycle.wrong("The lower of the two lines counts, not the higher.")
def took_the_higher(hours, budget, peak):
    x = hours / budget
    return peak * max(2 * x, 2 - 2 * x)


@one_cycle.wrong(
    "Hours are not a share: divide them by the budget first, and the same "
    "schedule fits any."
)
def forgot_the_budget(hours, budget, peak):
    return peak * min(2 * hours, 2 - 2 * hours)


# -- uneven micro-batches ----------------------------------------------------


@exercise("write-uneven-batches")
def mean_gradient(grads, sizes):
    """The gradient of the whole batch, from those of its micro-batches.

    grads has the shape (k, d), a row for each of k micro-batches: the
    gradient of the mean loss over its tokens. sizes, (k,), says how many
    tokens each of them has.

    >>> mean_gradient(np.array([[4.0, 0], [0, 8]]), np.array([3, 1])).tolist()
    [3.0, 2.0]
    """
    return sizes @ grads / sizes.sum()


@mean_gradient.case
def a_short_rest():
    """two full micro-batches and a short one"""
    return np.array([[1.0, -2], [3, 0], [9, 5]]), np.array([32, 32, 5])


@mean_gradient.case
def only_one():
    """a single micro-batch"""
    return np.array([[0.5, 0.25, -1]]), np.array([7])


@mean_gradient.wrong(
    "This is right for equal parts alone; a token of a short micro-batch "
    "would count for more than one of a long."
)
def counted_all_the_same(grads, sizes):
    return grads.mean(axis=0)


@mean_gradient.wrong(
    "This is the gradient of the *sum* of all losses: divide by the number of "
    "tokens."
)
def left_the_sum(grads, sizes):
    return sizes @ grads


@mean_gradient.wrong(
    "You divide by the number of micro-batches; what was weighed by tokens is "
    "divided by tokens."
)
def divided_by_the_parts(grads, sizes):
    return sizes @ grads / len(grads)


@mean_gradient.wrong(
    "A row is a mean already. To take part in the whole it is multiplied by "
    "its size first."
)
def did_not_weigh(grads, sizes):
    return grads.sum(axis=0) / sizes.sum()


# -- the loss at hidden tokens -----------------------------------------------


@exercise("write-sparse-loss")
def sparse_loss(states, table, targets):
    """The mean surprise at the hidden tokens, and how many scores it took.

    states has the shape (n, d), a row for each position; table (v, d), a row
    for each token of the vocabulary, and a score is a product of two rows.
    targets, (n,), has the token that was hidden, or -100 where none was.
    `cross_entropy(scores, targets)` is the mean surprise at targets, one for
    each row of scores.

    >>> states, table = np.zeros((4, 3)), np.ones((5, 3))
    >>> loss, scores = sparse_loss(states, table, np.array([-100, 2, -100, 0]))
    >>> round(loss, 3), scores
    (1.609, 10)
    """
    chosen = targets != -100
    scores = states[chosen] @ table.T
    return float(cross_entropy(scores, targets[chosen])), scores.size


def a_text(n, v, hidden):
    """States, a table and targets of n positions, a few of them hidden."""
    rng = np.random.default_rng(n)
    targets = np.full(n, -100)
    targets[hidden] = rng.integers(v, size=len(hidden))
    return rng.normal(size=(n, 4)), rng.normal(size=(v, 4)), targets


@sparse_loss.case
def one_word():
    """one hidden token among six"""
    return a_text(6, 9, [3])


@sparse_loss.case
def three_words():
    """three of eight tokens hidden, the first and the last among them"""
    return a_text(8, 5, [0, 2, 7])


@sparse_loss.wrong(
    "The loss is right, but you computed the scores of every position first: "
    "choose the rows before you multiply."
)
def threw_them_away_afterwards(states, table, targets):
    scores = states @ table.T
    return float(cross_entropy(scores, targets)), scores.size


@sparse_loss.wrong(
    "The mean goes over the hidden tokens; the others have no loss, and do "
    "not count as zeros."
)
def divided_by_all(states, table, targets):
    chosen = targets != -100
    scores = states[chosen] @ table.T
    share = chosen.mean()
    loss = float(cross_entropy(scores, targets[chosen]))
    return loss * float(share), scores.size


@sparse_loss.wrong("This is the sum of the surprises; the loss is their mean.")
def summed(states, table, targets):
    chosen = targets != -100
    scores = states[chosen] @ table.T
    loss = float(cross_entropy(scores, targets[chosen]))
    return loss * int(chosen.sum()), scores.size


@sparse_loss.wrong(
    "That many rows were chosen; each of them has a score for every token of "
    "the vocabulary."
)
def counted_rows(states, table, targets):
    chosen = targets != -100
    scores = states[chosen] @ table.T
    return float(cross_entropy(scores, targets[chosen])), len(scores)


# -- a batch that grows ------------------------------------------------------


@exercise("write-steps")
def steps(budget, most):
    """How many steps a budget makes with a batch that grows to `most`.

    The next step takes int(spent / budget * most) + 1 micro-batches, where
    spent is what went before it; it goes on until the budget is spent.

    >>> steps(36, 4)
    19
    """
    spent, count = 0, 0
    while spent < budget:
        spent += int(spent / budget * most) + 1
        count += 1
    return count


@steps.case
def to_the_paper_s_size():
    """a budget of 4200 micro-batches and a batch of 42"""
    return 4200, 42


@steps.case
def no_growth():
    """a batch that stays at one micro-batch"""
    return 7, 1


@steps.wrong("So many steps the full batch makes, without growing.")
def always_full(budget, most):
    return budget // most


@steps.wrong(
    "Half of the *budget* goes into batches below the middle size, and these "
    "make more than half of the steps: go step by step."
)
def took_the_mean_size(budget, most):
    return round(budget / ((1 + most) / 2))


@steps.wrong(
    "That is the number of micro-batches; a step takes several of them."
)
def counted_micro_batches(budget, most):
    return budget


@steps.wrong(
    "The size follows what was spent, not how many steps there have been: "
    "otherwise the batch is far from full when the budget is gone."
)
def grew_with_the_steps(budget, most):
    spent, count = 0, 0
    while spent < budget:
        spent += int(count / budget * most) + 1
        count += 1
    return count
