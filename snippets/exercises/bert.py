"""What the reader writes for entry 6: packing, hiding, loss and answer."""

import numpy as np

from snippets.exercises import exercise
from snippets.layers import log_softmax

CLS, SEP = 2, 3

# -- what goes in ------------------------------------------------------------


@exercise("write-pack")
def pack(a, b=()):
    """[CLS] a [SEP], and b [SEP] where there is a b; and all pieces.

    a and b are lists of tokens.  Returns two arrays of integers: the tokens,
    and 0 or 1 for each, which is its piece.

    >>> ids, pieces = pack([7, 8], [9])
    >>> ids.tolist(), pieces.tolist()
    ([2, 7, 8, 3, 9, 3], [0, 0, 0, 0, 1, 1])
    """
    second = [*b, SEP] if len(b) else []
    first = [CLS, *a, SEP]
    pieces = [0] * len(first) + [1] * len(second)
    return np.array(first + second), np.array(pieces)


@pack.case
def one_piece():
    """one piece alone"""
    return [11, 12, 13], []


@pack.case
def a_long_second_piece():
    """a second piece longer than the first"""
    return [5], [6, 7, 8, 9]


@pack.wrong("After B, too, stands a [SEP].")
def no_last_sep(a, b=()):
    ids = [CLS, *a, SEP, *b]
    return np.array(ids), np.array([0] * (len(a) + 2) + [1] * len(b))


@pack.wrong("The [SEP] after A is still A's: B begins with its first word.")
def first_sep_is_of_b(a, b=()):
    second = [*b, SEP] if len(b) else []
    pieces = [0] * (len(a) + 1) + [1] * (len(second) + 1)
    return np.array([CLS, *a, SEP, *second]), np.array(pieces)


@pack.wrong("Where there is no B, nothing follows the first [SEP].")
def an_empty_second_piece(a, b=()):
    ids = [CLS, *a, SEP, *b, SEP]
    return np.array(ids), np.array([0] * (len(a) + 2) + [1] * (len(b) + 1))


@pack.wrong("There is one [CLS], at the front, and none before B.")
def a_second_cls(a, b=()):
    second = [CLS, *b, SEP] if len(b) else []
    pieces = [0] * (len(a) + 2) + [1] * len(second)
    return np.array([CLS, *a, SEP, *second]), np.array(pieces)


# -- what is hidden ----------------------------------------------------------


@exercise("write-hide")
def hide(ids, chosen, u, other, mask):
    """What the model is shown.

    ids, chosen, u and other have the shape (n,).  A chosen token becomes
    mask where u is below 0.8, the token in other where u is from 0.8 to 0.9,
    and stays as it is from 0.9 on.

    >>> ids, other = np.array([11, 12, 13, 14]), np.array([21, 22, 23, 24])
    >>> chosen = np.array([True, True, True, False])
    >>> hide(ids, chosen, np.array([0.1, 0.85, 0.95, 0.2]), other, 4).tolist()
    [4, 22, 13, 14]
    """
    changed = np.where(u < 0.8, mask, np.where(u < 0.9, other, ids))
    return np.where(chosen, changed, ids)


def dice(seed, n, rate):
    """Tokens, choice and dice of a text of n tokens."""
    rng = np.random.default_rng(seed)
    ids, other = rng.integers(5, 1000, size=(2, n))
    return ids, rng.random(n) < rate, rng.random(n), other, 4


@hide.case
def a_long_text():
    """a text of 200 tokens"""
    return dice(0, 200, 0.3)


@hide.case
def nothing_chosen():
    """no token chosen, and another number for [MASK]"""
    return *dice(1, 30, 0.0)[:4], 103


@hide.wrong("A token that was not chosen is shown as it is, whatever its u.")
def forgot_the_choice(ids, chosen, u, other, mask):
    return np.where(u < 0.8, mask, np.where(u < 0.9, other, ids))


@hide.wrong("Not every chosen token becomes [MASK]: u decides.")
def always_mask(ids, chosen, u, other, mask):
    return np.where(chosen, mask, ids)


@hide.wrong(
    "From 0.9 on the token stays as it is: 10% are random, not the whole rest."
)
def the_rest_is_random(ids, chosen, u, other, mask):
    changed = np.where(u < 0.8, mask, other)
    return np.where(chosen, changed, ids)


@hide.wrong(
    "The random tokens have u from 0.8 to 0.9, and the last tenth stays."
)
def exchanged_the_tenths(ids, chosen, u, other, mask):
    changed = np.where(u < 0.8, mask, np.where(u < 0.9, ids, other))
    return np.where(chosen, changed, ids)


@hide.wrong(
    "`ids[...] = ...` writes into the caller's text: make a new array."
)
def wrote_into_the_argument(ids, chosen, u, other, mask):
    ids[chosen & (u < 0.8)] = mask
    some = chosen & (u >= 0.8) & (u < 0.9)
    ids[some] = other[some]
    return ids


# -- what it costs -----------------------------------------------------------


@exercise("write-mlm-loss")
def mlm_loss(logits, ids, chosen):
    """The mean surprise at the chosen tokens, in nats.

    logits has the shape (n, v), ids and chosen have (n,); ids are the true
    tokens.

    >>> logits, chosen = np.zeros((3, 4)), np.array([True, False, False])
    >>> round(float(mlm_loss(logits, np.array([2, 0, 1]), chosen)), 4)
    1.3863
    """
    log_p = log_softmax(logits)
    surprises = -log_p[np.arange(len(ids)), ids]
    return surprises[chosen].mean()


def text(seed, n, v, rate):
    """Logits, true tokens and choice of a text."""
    rng = np.random.default_rng(seed)
    chosen = rng.random(n) < rate
    chosen[0] = True
    return rng.normal(size=(n, v)) * 3, rng.integers(v, size=n), chosen


@mlm_loss.case
def a_text_of_thirty():
    """30 tokens, some of them chosen"""
    return text(0, 30, 11, 0.2)


@mlm_loss.case
def large_logits():
    """logits in the thousands"""
    logits, ids, chosen = text(1, 5, 3, 0.5)
    return 1000 * logits, ids, chosen


@mlm_loss.wrong("Only the chosen tokens count; the others were in sight.")
def all_tokens(logits, ids, chosen):
    return -log_softmax(logits)[np.arange(len(ids)), ids].mean()


@mlm_loss.wrong(
    "Divide by the number of chosen tokens, not by that of all: the zeros "
    "count in a mean, too."
)
def divided_by_all(logits, ids, chosen):
    surprises = -log_softmax(logits)[np.arange(len(ids)), ids]
    return np.where(chosen, surprises, 0.0).mean()


@mlm_loss.wrong("A mean is asked for: divide by the number of chosen tokens.")
def took_the_sum(logits, ids, chosen):
    return -log_softmax(logits)[np.arange(len(ids)), ids][chosen].sum()


@mlm_loss.wrong(
    "Logits are no logarithms of chances yet: `log_softmax` makes them so."
)
def forgot_the_softmax(logits, ids, chosen):
    return -logits[np.arange(len(ids)), ids][chosen].mean()


@mlm_loss.wrong(
    "The exponential of a large logit is infinite: `log_softmax` has no such "
    "step."
)
def overflowed(logits, ids, chosen):
    e = np.exp(logits)
    p = e / e.sum(axis=-1, keepdims=True)
    return -np.log(p[np.arange(len(ids)), ids][chosen]).mean()


# -- an answer ---------------------------------------------------------------


@exercise("write-short-answer")
def short_answer(s, e, t, longest):
    """The span (i, j) with the highest s.T_i + e.T_j, of 1 to longest tokens.

    s and e have the shape (H,), t has (n, H).  j is i or later, and no span
    has position 0.  Returns two Python integers.

    >>> t = np.array([[9.0, 9], [4, 0], [0, 0], [0, 4], [3, 2]])
    >>> s, e = np.array([1.0, 0]), np.array([0.0, 1])
    >>> short_answer(s, e, t, 3), short_answer(s, e, t, 2)
    ((1, 3), (4, 4))
    """
    n = len(t)
    i, j = np.arange(n)[:, None], np.arange(n)
    allowed = (i > 0) & (i <= j) & (j < i + longest)
    sums = np.where(allowed, (t @ s)[:, None] + t @ e, -np.inf)
    start, end = divmod(int(sums.argmax()), n)
    return start, end


def passage(seed, n, d):
    """Two vectors and the states of a passage."""
    rng = np.random.default_rng(seed)
    return *rng.normal(size=(2, d)), rng.normal(size=(n, d))


@short_answer.case
def two_tokens():
    """answers of one or two tokens"""
    return *passage(43, 9, 3), 2


@short_answer.case
def one_token():
    """answers of a single token"""
    return *passage(0, 12, 3), 1


@short_answer.case
def negative_scores():
    """scores that are all below zero"""
    t = -1 - np.random.default_rng(2).random((8, 2))
    return np.array([1.0, 0]), np.array([0.0, 1]), t, 3


@short_answer.wrong(
    "The best start and the best end, each for itself, need not make a span."
)
def each_for_itself(s, e, t, longest):
    return 1 + int((t @ s)[1:].argmax()), 1 + int((t @ e)[1:].argmax())


@short_answer.wrong("An answer cannot end before it begins: j is i or later.")
def may_end_before_it_begins(s, e, t, longest):
    n = len(t)
    i, j = np.arange(n)[:, None], np.arange(n)
    allowed = (i > 0) & (j > 0) & (abs(j - i) < longest)
    sums = np.where(allowed, (t @ s)[:, None] + t @ e, -np.inf)
    return divmod(int(sums.argmax()), n)


@short_answer.wrong("No answer is longer than `longest` tokens.")
def no_limit(s, e, t, longest):
    n = len(t)
    i, j = np.arange(n)[:, None], np.arange(n)
    sums = np.where((i > 0) & (i <= j), (t @ s)[:, None] + t @ e, -np.inf)
    return divmod(int(sums.argmax()), n)


@short_answer.wrong(
    "From i to j there are j - i + 1 tokens: j = i is a span of one."
)
def one_too_long(s, e, t, longest):
    n = len(t)
    i, j = np.arange(n)[:, None], np.arange(n)
    allowed = (i > 0) & (i <= j) & (j <= i + longest)
    sums = np.where(allowed, (t @ s)[:, None] + t @ e, -np.inf)
    return divmod(int(sums.argmax()), n)


@short_answer.wrong("Position 0 is [CLS]: it is not in the text.")
def took_cls(s, e, t, longest):
    n = len(t)
    i, j = np.arange(n)[:, None], np.arange(n)
    allowed = (i <= j) & (j < i + longest)
    sums = np.where(allowed, (t @ s)[:, None] + t @ e, -np.inf)
    return divmod(int(sums.argmax()), n)


@short_answer.wrong(
    "What is forbidden gets minus infinity: a zero wins where all sums are "
    "below it."
)
def zero_where_forbidden(s, e, t, longest):
    n = len(t)
    i, j = np.arange(n)[:, None], np.arange(n)
    allowed = (i > 0) & (i <= j) & (j < i + longest)
    sums = allowed * ((t @ s)[:, None] + t @ e)
    return divmod(int(sums.argmax()), n)
