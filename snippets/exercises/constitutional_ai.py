"""Exercises of entry 18: critique and revision, labels, both orders."""

import numpy as np

from snippets.constitutional_ai import critique, revise
from snippets.exercises import exercise
from snippets.layers import sigmoid

# -- stage 1 -----------------------------------------------------------------


@exercise("write-critique-revision")
def critique_revision(response, constitution, draws):
    """The first response and one revision for each principle drawn, in order.

    response is a list of words, constitution a list of principles, and draws
    says by their numbers which of them come.

    >>> chain = [{"idiot": "fool"}, {"fool": "friend"}]
    >>> critique_revision(["idiot"], chain, [0, 1])
    [['idiot'], ['fool'], ['friend']]
    """
    versions = [response]  # yours
    for c in draws:  # yours
        faults = critique(versions[-1], constitution[c])  # yours
        revised = revise(versions[-1], faults, constitution[c])  # yours
        versions.append(revised)  # yours
    return versions  # yours


@critique_revision.case
def one_principle_twice():
    """four draws, one principle of them twice, one never"""
    laws = [{"a": "b"}, {"b": "c"}, {"x": "y"}, {"c": "d"}]
    return ["a", "x", "b"], laws, [1, 0, 1, 3]


@critique_revision.case
def no_draw():
    """no draw at all"""
    return ["a", "b"], [{"a": "b"}], []


@critique_revision.wrong(
    "Each round begins from the last revision: here the principles are asked "
    "about the first response again and again."
)
def revised_the_first(response, constitution, draws):
    laws = [constitution[c] for c in draws]
    return [
        response,
        *(revise(response, critique(response, p), p) for p in laws),
    ]


@critique_revision.wrong(
    "The critique has to read the last version too: what an earlier revision "
    "put in was not in the first response."
)
def criticised_the_first(response, constitution, draws):
    versions = [response]
    for c in draws:
        faults = critique(response, constitution[c])
        versions.append(revise(versions[-1], faults, constitution[c]))
    return versions


@critique_revision.wrong(
    "The paper fine-tunes on the revisions of all rounds: keep each of them, "
    "and the first response before them."
)
def kept_the_last(response, constitution, draws):
    return critique_revision(response, constitution, draws)[-1:]


@critique_revision.wrong("The first response is a version as well.")
def forgot_the_first(response, constitution, draws):
    return critique_revision(response, constitution, draws)[1:]


@critique_revision.wrong(
    "draws says which principle comes: some come twice, and others never."
)
def took_every_principle(response, constitution, draws):
    return critique_revision(response, constitution, range(len(constitution)))


# -- labels ------------------------------------------------------------------


@exercise("write-soft-label")
def soft_label(log_p):
    """How far (A) is preferred to (B), between 0 and 1.

    log_p has the shape (n, 2): the log-probabilities of (A) and of (B) for
    each of n comparisons.  The result has the shape (n,).

    >>> soft_label(np.log([[0.3, 0.1], [0.02, 0.02]])).round(6).tolist()
    [0.75, 0.5]
    """
    return sigmoid(log_p[:, 0] - log_p[:, 1])


@soft_label.case
def one_comparison():
    """one comparison, which (B) wins"""
    return np.array([[-4.0, -0.5]])


@soft_label.case
def tiny_probabilities():
    """log-probabilities near -2000"""
    return np.array([[-2000.0, -2001.0], [-1999.0, -2003.0], [-0.1, -3.0]])


@soft_label.wrong(
    "The two need not add up to one, for other tokens have their share: "
    "divide by their sum."
)
def forgot_to_normalise(log_p):
    return np.exp(log_p[:, 0])


@soft_label.wrong(
    "Logarithms are normalised by subtraction; a ratio of logarithms is no "
    "probability."
)
def divided_the_logarithms(log_p):
    return log_p[:, 0] / log_p.sum(axis=1)


@soft_label.wrong("This is the label of (B).")
def took_the_other(log_p):
    return sigmoid(log_p[:, 1] - log_p[:, 0])


@soft_label.wrong(
    "exp(-2000) is zero, and zero by zero is nan: take the difference of the "
    "logarithms first."
)
def underflowed(log_p):
    p = np.exp(log_p)
    return p[:, 0] / p.sum(axis=1)


@soft_label.wrong(
    "Each comparison is a row: normalise over its two options, not over the "
    "comparisons."
)
def normalised_over_the_comparisons(log_p):
    p = np.exp(log_p - log_p.max(axis=0))
    return p[:, 0] / p[:, 0].sum()


@soft_label.wrong("That rounds to a hard label: how sure was the judge?")
def rounded(log_p):
    return (log_p[:, 0] > log_p[:, 1]).astype(float)


# -- both orders -------------------------------------------------------------


@exercise("write-both-orders")
def both_orders(first, second):
    """The label of an answer without the favour for the first place.

    first and second are the labels for (A) in two orders: in the first the
    answer stands as (A), in the second as (B).  Both have the shape (n,), and
    so has the result, how far the answer is preferred to the other one.

    >>> first, second = np.array([0.9, 0.8]), np.array([0.5, 0.8])
    >>> both_orders(first, second).round(6).tolist()
    [0.75, 0.5]
    """
    log_odds = np.log(first / (1 - first)), np.log(second / (1 - second))
    return sigmoid((log_odds[0] - log_odds[1]) / 2)


@both_orders.case
def a_strong_favour():
    """a judge who nearly always prefers what stands first"""
    return np.array([0.99, 0.97, 0.999]), np.array([0.95, 0.99, 0.6])


@both_orders.case
def no_favour():
    """a judge without any favour"""
    return np.array([0.2]), np.array([0.8])


@both_orders.wrong(
    "The mean of the probabilities still depends on b, and lies too near to "
    "one half: add where b is added, in the log odds."
)
def averaged_the_labels(first, second):
    return (first + 1 - second) / 2


@both_orders.wrong(
    "The second label speaks for the other answer: turn its log odds round."
)
def did_not_turn_back(first, second):
    log_odds = np.log(first / (1 - first)) + np.log(second / (1 - second))
    return sigmoid(log_odds / 2)


@both_orders.wrong("A sum of two log odds is twice too sure: take their mean.")
def did_not_halve(first, second):
    return sigmoid(np.log(first / (1 - first)) - np.log(second / (1 - second)))


@both_orders.wrong("These are the log odds; the label is their sigmoid.")
def left_the_log_odds(first, second):
    return (np.log(first / (1 - first)) - np.log(second / (1 - second))) / 2


@both_orders.wrong(
    "Add logarithms of odds, not odds: b multiplies the odds by e to the b in "
    "one order, and divides them by it in the other."
)
def averaged_the_odds(first, second):
    odds = (first / (1 - first) + (1 - second) / second) / 2
    return odds / (1 + odds)
