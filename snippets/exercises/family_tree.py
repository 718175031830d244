"""Exercises of entry 9: a mask, the targets behind it, texts in one row."""

import numpy as np

from snippets.exercises import exercise

# -- the mask ----------------------------------------------------------------


@exercise("write-prefix-mask")
def prefix_mask(n, p):
    """Who sees whom among n words, of which the first p are given.

    Rows look and columns are seen; the result has the shape (n, n) and the
    type bool.

    >>> prefix_mask(3, 2).astype(int).tolist()
    [[1, 1, 0], [1, 1, 0], [1, 1, 1]]
    """
    return np.tri(n, dtype=bool) | (np.arange(n) < p)


@prefix_mask.case
def two_written():
    """five words, three of them given"""
    return 5, 3


@prefix_mask.case
def nothing_given():
    """no word given, which is a decoder"""
    return 4, 0


@prefix_mask.case
def everything_given():
    """every word given, which is an encoder"""
    return 3, 3


@prefix_mask.wrong(
    "The given words see each other, in both directions: open the first p "
    "columns as well."
)
def causal_throughout(n, p):
    return np.tri(n, dtype=bool)


@prefix_mask.wrong(
    "The first p columns are those with j < p: with <= the first written "
    "word is shown to all, and can be copied."
)
def one_column_too_many(n, p):
    return np.tri(n, dtype=bool) | (np.arange(n) <= p)


@prefix_mask.wrong(
    "You opened rows: now the given words see what is still to be written. "
    "It is their columns that are open."
)
def opened_the_rows(n, p):
    return np.tri(n, dtype=bool) | (np.arange(n) < p)[:, None]


@prefix_mask.wrong(
    "The written words see each other too, backwards: join the open columns "
    "with the causal mask by “or”."
)
def forgot_the_written(n, p):
    return np.broadcast_to(np.arange(n) < p, (n, n)).copy()


@prefix_mask.wrong(
    "Joined by “and”, the masks hide more than either of them: use “or”."
)
def joined_by_and(n, p):
    return np.tri(n, dtype=bool) & (np.arange(n) < p)


# -- the targets -------------------------------------------------------------


@exercise("write-labels")
def labels(tokens, p):
    """What each position has to name, if the first p tokens are given.

    tokens has the shape (n,), and so has the result: the next token where
    that one is to be written, and -100 elsewhere.

    >>> labels(np.array([7, 3, 9, 4, 6]), 3).tolist()
    [-100, -100, 4, 6, -100]
    """
    result = np.full(len(tokens), -100)
    start = max(p - 1, 0)
    result[start:-1] = tokens[start + 1 :]
    return result


@labels.case
def nothing_given_at_all():
    """no token given, which is a decoder"""
    return np.array([5, 1, 2, 8]), 0


@labels.case
def one_given():
    """a single token given"""
    return np.array([5, 1, 2]), 1


@labels.case
def all_given():
    """every token given, so that nothing is asked"""
    return np.array([4, 4, 2]), 3


@labels.wrong(
    "Position i has to name token i + 1: as it stands, each position is asked "
    "for the token that it sees."
)
def did_not_shift(tokens, p):
    return np.where(np.arange(len(tokens)) < p, -100, tokens)


@labels.wrong(
    "The last given token is asked, too: what follows it is the first one "
    "that is written."
)
def left_out_the_last_given(tokens, p):
    result = np.append(tokens[1:], -100)
    result[:p] = -100
    return result


@labels.wrong(
    "Nothing is asked about what is given: set those targets to -100."
)
def asked_for_the_given(tokens, p):
    return np.append(tokens[1:], -100)


@labels.wrong(
    "`np.roll` brings the first token to the end: after the last token comes "
    "nothing that could be asked."
)
def rolled_around(tokens, p):
    result = np.roll(tokens, -1)
    result[: max(p - 1, 0)] = -100
    return result


# -- texts in one row --------------------------------------------------------


@exercise("write-packed-mask")
def packed_mask(text):
    """Who sees whom in a decoder whose row holds several texts.

    text has the shape (n,) and says to which text each position belongs; the
    result has the shape (n, n) and the type bool.

    >>> packed_mask(np.array([0, 0, 1, 1])).astype(int).tolist()
    [[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 1, 1]]
    """
    together = text[:, None] == text[None, :]
    return np.tri(len(text), dtype=bool) & together


@packed_mask.case
def three_texts():
    """three texts of unequal length"""
    return np.array([0, 1, 1, 1, 2, 2])


@packed_mask.case
def one_text():
    """a single text, which fills the row"""
    return np.array([3, 3, 3])


@packed_mask.wrong(
    "The texts see each other: a word may look only at words of its own text."
)
def forgot_the_texts(text):
    return np.tri(len(text), dtype=bool)


@packed_mask.wrong(
    "Within its text, each word still sees what comes after it: this is an "
    "encoder. Join with the causal mask."
)
def forgot_the_order(text):
    return text[:, None] == text[None, :]


@packed_mask.wrong(
    "Joined by “or”, the masks show what either of them shows: use “and”."
)
def joined_by_or(text):
    return np.tri(len(text), dtype=bool) | (text[:, None] == text[None, :])
