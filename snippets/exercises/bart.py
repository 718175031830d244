"""What the reader writes for entry 8: the decoder's input, and infilling."""

import numpy as np

from snippets.exercises import exercise

IGNORED = -100

# -- what the decoder reads --------------------------------------------------


@exercise("write-decoder-input")
def decoder_input(targets, start, pad):
    """What the decoder reads in training: start, then the targets, late.

    targets has the shape (b, n), and so has the result; padding is -100 in
    the targets, and pad in the result.

    >>> targets = np.array([[11, 12, 13], [14, 15, -100]])
    >>> decoder_input(targets, start=2, pad=1).tolist()
    [[2, 11, 12], [2, 14, 15]]
    """
    late = np.roll(targets, 1, axis=1)
    late[:, 0] = start
    return np.where(late == IGNORED, pad, late)


@decoder_input.case
def two_places_of_padding():
    """a text two tokens shorter than the other"""
    return np.array([[5, 6, 7, 8], [9, 4, IGNORED, IGNORED]]), 3, 0


@decoder_input.case
def one_long_row():
    """a single text that needs no padding"""
    return np.arange(20, 29)[None], 0, 1


@decoder_input.wrong(
    "The decoder sees its own position: without the shift it reads the very "
    "token that it must write."
)
def forgot_the_shift(targets, start, pad):
    return np.where(targets == IGNORED, pad, targets)


@decoder_input.wrong(
    "The other way: each token moves one place on, and the last one is never "
    "read, only written."
)
def shifted_to_the_left(targets, start, pad):
    late = np.roll(targets, -1, axis=1)
    late[:, -1] = start
    return np.where(late == IGNORED, pad, late)


@decoder_input.wrong(
    "-100 tells the loss what to leave out; to the decoder it is no token: "
    "put pad there."
)
def left_the_ignored(targets, start, pad):
    late = np.roll(targets, 1, axis=1)
    late[:, 0] = start
    return late


@decoder_input.wrong(
    "`np.roll` brings the last column to the front: write start over it."
)
def rolled_only(targets, start, pad):
    late = np.roll(targets, 1, axis=1)
    return np.where(late == IGNORED, pad, late)


@decoder_input.wrong(
    "The result has the shape of the targets: what is put in front pushes "
    "the last column out."
)
def one_column_more(targets, start, pad):
    column = np.full((len(targets), 1), start)
    late = np.concatenate([column, targets], axis=1)
    return np.where(late == IGNORED, pad, late)


@decoder_input.wrong(
    "The loss still needs the targets as they were: write into a new array."
)
def wrote_into_the_argument(targets, start, pad):
    targets[:, 1:] = targets[:, :-1].copy()
    targets[:, 0] = start
    targets[targets == IGNORED] = pad
    return targets


# -- one mask for a span -----------------------------------------------------


@exercise("write-hide-spans")
def hide_spans(tokens, spans, mask):
    """The tokens with one mask in place of each span.

    tokens has the shape (n,); spans is a list of pairs, the place in tokens
    where a span begins and its length, in order and apart.  A span of length
    0 puts a mask before the token at its place.

    >>> hide_spans(np.array([11, 12, 13, 14]), [(0, 0), (1, 2)], 1).tolist()
    [1, 11, 1, 14]
    """
    spoilt, place = [], 0
    for begin, length in spans:
        spoilt += [*tokens[place:begin], mask]
        place = begin + length
    return np.array([*spoilt, *tokens[place:]])


@hide_spans.case
def a_span_at_the_end():
    """a span at each end"""
    return np.arange(20, 29), [(0, 2), (6, 3)], 4


@hide_spans.case
def neighbours():
    """two spans side by side, and one insertion behind them"""
    return np.arange(10, 17), [(1, 2), (3, 1), (5, 0)], 1


@hide_spans.case
def no_spans():
    """no span at all"""
    return np.arange(5, 9), [], 1


@hide_spans.wrong(
    "One mask for a span, however long it is: the number of tokens must not "
    "be told."
)
def as_many_masks(tokens, spans, mask):
    spoilt, place = [], 0
    for begin, length in spans:
        spoilt += [*tokens[place:begin], *[mask] * length]
        place = begin + length
    return np.array([*spoilt, *tokens[place:]])


@hide_spans.wrong("A span of length 0 hides nothing, and has a mask as well.")
def skipped_the_empty(tokens, spans, mask):
    return hide_spans.solution(tokens, [s for s in spans if s[1]], mask)


@hide_spans.wrong("What stands behind the last span belongs to the text.")
def forgot_the_rest(tokens, spans, mask):
    spoilt, place = [], 0
    for begin, length in spans:
        spoilt += [*tokens[place:begin], mask]
        place = begin + length
    return np.array(spoilt)


@hide_spans.wrong(
    "The places are those in the whole text: once a span is replaced, all "
    "behind it has moved. Go from the last to the first, or build a new list."
)
def replaced_in_place(tokens, spans, mask):
    spoilt = list(tokens)
    for begin, length in spans:
        spoilt[begin : begin + length] = [mask]
    return np.array(spoilt)


@hide_spans.wrong("A span of length 2 is two tokens, begin and the next one.")
def one_token_too_many(tokens, spans, mask):
    spoilt, place = [], 0
    for begin, length in spans:
        spoilt += [*tokens[place:begin], mask]
        place = begin + length + 1
    return np.array([*spoilt, *tokens[place:]])


@hide_spans.wrong(
    "A deletion leaves no trace: here a mask stands where the span was."
)
def deleted_them(tokens, spans, mask):
    gone = [i for begin, length in spans for i in range(begin, begin + length)]
    return np.delete(tokens, np.array(gone, dtype=int))
