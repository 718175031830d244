"""Exercises of entry 7, the GPT papers."""

from collections import Counter
from itertools import pairwise

import numpy as np

from snippets.exercises import exercise
from snippets.layers import log_softmax, softmax

# -- the loss ----------------------------------------------------------------


@exercise("write-next-token-loss")
def next_token_loss(logits, tokens):
    """The mean surprise at each token that follows another, in nats.

    logits has the shape (n, v): row i is what the model says after it has
    read tokens 0 to i.  tokens has the shape (n,).  The result is a number.

    >>> p = np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]])
    >>> float(next_token_loss(np.log(p), np.array([0, 1, 2])).round(4))
    1.8444
    """
    log_p = log_softmax(logits[:-1])
    return -np.mean(log_p[np.arange(len(log_p)), tokens[1:]])


@next_token_loss.case
def five_tokens_of_seven():
    """five tokens, and logits that are no logarithms of chances"""
    rng = np.random.default_rng(0)
    return rng.normal(size=(5, 7)) * 3 + 1, np.array([3, 0, 6, 6, 2])


@next_token_loss.case
def far_apart():
    """logits that lie thousands apart"""
    logits = np.array([[0.0, 2000, -2000], [5, 0, 0], [1, 1, 1]])
    return logits, np.array([1, 2, 0])


@next_token_loss.wrong(
    "Row i is what comes after token i. Compare it with token i + 1: this "
    "asks the model to repeat what it has just read."
)
def not_shifted(logits, tokens):
    log_p = log_softmax(logits)
    return -np.mean(log_p[np.arange(len(log_p)), tokens])


@next_token_loss.wrong(
    "Shifted the wrong way: this asks for the token before. Leave out the "
    "last row of the logits and the first of the tokens."
)
def shifted_backwards(logits, tokens):
    log_p = log_softmax(logits[1:])
    return -np.mean(log_p[np.arange(len(log_p)), tokens[:-1]])


@next_token_loss.wrong(
    "Shifted twice: this asks for the token after the next. It happens when "
    "the targets are shifted in the data and once more in the loss."
)
def shifted_twice(logits, tokens):
    log_p = log_softmax(logits[:-2])
    return -np.mean(log_p[np.arange(len(log_p)), tokens[2:]])


@next_token_loss.wrong(
    "np.roll brings the first token round to the end, where nobody can "
    "predict it. The last row has no target: leave it out."
)
def rolled(logits, tokens):
    log_p = log_softmax(logits)
    return -np.mean(log_p[np.arange(len(log_p)), np.roll(tokens, -1)])


@next_token_loss.wrong(
    "Logits are no logarithms of chances until log_softmax has made the "
    "chances of each row sum to one."
)
def forgot_the_softmax(logits, tokens):
    rows = logits[:-1]
    return -np.mean(rows[np.arange(len(rows)), tokens[1:]])


@next_token_loss.wrong(
    "The softmax of a logit far below the best one is exactly 0, and its "
    "logarithm is minus infinity. log_softmax never takes that logarithm."
)
def log_of_the_softmax(logits, tokens):
    p = softmax(logits[:-1])
    return -np.mean(np.log(p[np.arange(len(p)), tokens[1:]]))


@next_token_loss.wrong(
    "This is the loss of the whole text. The mean over its tokens is asked "
    "for, so that a long text and a short one can be compared."
)
def summed(logits, tokens):
    return next_token_loss.solution(logits, tokens) * (len(tokens) - 1)


# -- sampling ----------------------------------------------------------------


@exercise("write-top-k")
def top_k_chances(logits, k, temperature):
    """The chances from which the next token is drawn, at a temperature.

    Only the k tokens with the largest logits may be drawn; where there are
    no more than k, all may.  logits has the shape (v,), and so has the
    result, which sums to one.  No two logits are equal.

    >>> logits = np.log([0.1, 0.2, 0.3, 0.4])
    >>> top_k_chances(logits, 2, 1.0).round(3).tolist()
    [0.0, 0.0, 0.429, 0.571]
    >>> top_k_chances(logits, 2, 0.5).round(3).tolist()
    [0.0, 0.0, 0.36, 0.64]
    """
    least = np.sort(logits)[-min(k, len(logits))]
    return softmax(np.where(logits >= least, logits, -np.inf) / temperature)


@top_k_chances.case
def hot():
    """three tokens of six, at a temperature of 2"""
    return np.array([0.3, -1, 4, 2.5, 0, -3]), 3, 2.0


@top_k_chances.case
def more_than_there_are():
    """a k that is larger than the vocabulary"""
    return np.array([1.0, -2, 0.5]), 50, 0.7


@top_k_chances.case
def only_the_best():
    """k = 1, which leaves nothing to chance"""
    return np.array([-1.0, -3, -2]), 1, 1.0


@top_k_chances.wrong(
    "Divide by the temperature: below 1 it makes the differences between the "
    "logits larger, and the best token likelier."
)
def multiplied(logits, k, temperature):
    return top_k_chances.solution(logits, k, 1 / temperature)


@top_k_chances.wrong(
    "The temperature divides the logits. If it divides the chances, "
    "normalising them takes it out again."
)
def cooled_the_chances(logits, k, temperature):
    chances = top_k_chances.solution(logits, k, 1.0) / temperature
    return chances / chances.sum()


@top_k_chances.wrong(
    "A logit of 0 is not a chance of 0: exp(0) is 1. Which logit has the "
    "chance 0?"
)
def masked_with_zero(logits, k, temperature):
    least = np.sort(logits)[-min(k, len(logits))]
    return softmax(np.where(logits >= least, logits, 0) / temperature)


@top_k_chances.wrong(
    "What is left must sum to one again: cut the logits before the softmax, "
    "or divide by the sum of what you keep."
)
def forgot_to_normalise(logits, k, temperature):
    least = np.sort(logits)[-min(k, len(logits))]
    return np.where(logits >= least, softmax(logits / temperature), 0)


@top_k_chances.wrong(
    "One token too few: the k-th largest is kept too. Compare with >=."
)
def one_too_few(logits, k, temperature):
    least = np.sort(logits)[-min(k, len(logits))]
    return softmax(np.where(logits > least, logits, -np.inf) / temperature)


@top_k_chances.wrong(
    "np.sort goes upwards, so that [k] counts from the smallest: the k-th "
    "largest is [-k]. And a k above the length asks for what is not there."
)
def counted_from_the_smallest(logits, k, temperature):
    least = np.sort(logits)[k]
    return softmax(np.where(logits >= least, logits, -np.inf) / temperature)


@top_k_chances.wrong(
    "With fewer than k tokens there is no k-th largest: take the smaller of "
    "k and the length."
)
def k_out_of_bounds(logits, k, temperature):
    least = np.sort(logits)[-k]
    return softmax(np.where(logits >= least, logits, -np.inf) / temperature)


# -- tokens ------------------------------------------------------------------


@exercise("write-merge-step")
def merge_step(tokens, new):
    """One step of training a byte-pair encoding: (pair, tokens after it).

    tokens is a list of integers.  The pair is the most frequent of all
    neighbours, each position counted, and of equals the lowest.  From the
    left, each such pair becomes the one token new.

    >>> merge_step([1, 2, 3, 1, 2], 9)
    ((1, 2), [9, 3, 9])
    """
    counts = Counter(pairwise(tokens))
    best = min(counts, key=lambda pair: (-counts[pair], pair))
    merged = []
    for token in tokens:
        merged.append(token)
        if tuple(merged[-2:]) == best:
            merged[-2:] = [new]
    return best, merged


@merge_step.case
def a_tie():
    """two pairs that are equally frequent, the lower of them later"""
    return [5, 6, 0, 5, 6, 2, 3, 2, 3], 9


@merge_step.case
def a_run():
    """five equal tokens in a row, and another"""
    return [4, 4, 4, 4, 4, 7], 9


@merge_step.case
def overlaps_that_count():
    """a run in which overlapping pairs decide"""
    return [1, 1, 1, 1, 2, 1, 2, 1, 2], 9


@merge_step.wrong(
    "A token can be merged once: after a pair has been found, go on two "
    "places further, not one."
)
def merged_twice(tokens, new):
    best, _ = merge_step.solution(tokens, new)
    pairs = list(pairwise(tokens))
    last = [] if pairs[-1] == best else [tokens[-1]]
    return best, [new if p == best else p[0] for p in pairs] + last


@merge_step.wrong(
    "The last token has no right neighbour and still belongs to the text: a "
    "loop over pairs loses it."
)
def lost_the_last_token(tokens, new):
    best, merged = merge_step.solution(tokens, new)
    return best, merged if merged[-1] == new else merged[:-1]


@merge_step.wrong(
    "Counter.most_common takes the pair that it met first. Of equals the "
    "lowest is asked for, so that every run gives the same merges."
)
def the_first_of_equals(tokens, new):
    best = Counter(pairwise(tokens)).most_common(1)[0][0]
    return best, replaced(tokens, best, new)


@merge_step.wrong(
    "Of equals the lowest pair: max with the pair itself as the second key "
    "takes the highest."
)
def the_highest_of_equals(tokens, new):
    counts = Counter(pairwise(tokens))
    best = max(counts, key=lambda pair: (counts[pair], pair))
    return best, replaced(tokens, best, new)


@merge_step.wrong("Each such pair is merged, not the first one alone.")
def merged_the_first_alone(tokens, new):
    best, _ = merge_step.solution(tokens, new)
    i = list(pairwise(tokens)).index(best)
    return best, [*tokens[:i], new, *tokens[i + 2 :]]


@merge_step.wrong(
    "Here each position counts, overlaps too: in 4, 4, 4 the pair (4, 4) "
    "stands twice. Some tokenisers count it once, and so learn other merges."
)
def counted_without_overlaps(tokens, new):
    counts = {
        pair: replaced(tokens, pair, -1).count(-1) for pair in pairwise(tokens)
    }
    best = min(counts, key=lambda pair: (-counts[pair], pair))
    return best, replaced(tokens, best, new)


def replaced(tokens, pair, new):
    """The tokens with a given pair merged, for the wrong answers above."""
    merged = []
    for token in tokens:
        merged.append(token)
        if tuple(merged[-2:]) == pair:
            merged[-2:] = [new]
    return merged


# -- padding -----------------------------------------------------------------


@exercise("write-last-token")
def last_states(states, real):
    """The state at the last token of each text in a padded batch.

    states has the shape (b, n, d); real (b, n) is True at tokens and False
    at padding, which may stand on either side.  The result is (b, d).

    >>> states = np.arange(6.0).reshape(2, 3, 1)
    >>> real = np.array([[True, True, False], [True, True, True]])
    >>> last_states(states, real).tolist()
    [[1.0], [5.0]]
    """
    b, n = real.shape
    last = n - 1 - np.argmax(real[:, ::-1], axis=1)
    return states[np.arange(b), last]


@last_states.case
def padded_on_the_left():
    """padding on the left"""
    real = np.array([[False, False, True, True], [True, True, True, True]])
    return np.arange(16.0).reshape(2, 4, 2), real


@last_states.case
def three_lengths():
    """three lengths, padded on the right"""
    real = np.arange(5) < np.array([[2], [5], [1]])
    return np.random.default_rng(0).normal(size=(3, 5, 2)), real


@last_states.wrong(
    "That is the last column. In a text that is padded on the right there "
    "stands padding, and a state that nobody has trained."
)
def the_last_column(states, real):
    return states[:, -1]


@last_states.wrong(
    "The number of tokens less one is the place of the last token only if "
    "the text begins in column 0, with no padding on the left."
)
def counted_the_tokens(states, real):
    return states[np.arange(len(states)), real.sum(axis=1) - 1]


@last_states.wrong(
    "argmax finds the first True, which is the first token: look from the "
    "other end."
)
def the_first_token(states, real):
    return states[np.arange(len(states)), np.argmax(real, axis=1)]


@last_states.wrong(
    "This is the mean over the text. GPT reads the class from one state, the "
    "only one that has seen all the tokens."
)
def the_mean(states, real):
    kept = np.where(real[..., None], states, 0)
    return kept.sum(axis=1) / real.sum(axis=1)[:, None]
