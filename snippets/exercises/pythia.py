"""What the reader writes for entry 16: texts, checkpoints, scores, weights."""

import numpy as np

from snippets.exercises import exercise
from snippets.pythia import frequencies

# -- known by heart ----------------------------------------------------------


@exercise("write-known-by-heart")
def known_by_heart(texts, written):
    """Which texts of the training data a model goes on with word for word.

    texts has the shape (n, 2 k), the tokens of n texts.  The model was given
    the first k of each, and wrote the k tokens in written, (n, k).  The
    result has n truth values.

    >>> texts = np.array([[3, 1, 4, 1], [2, 7, 1, 8]])
    >>> known_by_heart(texts, np.array([[4, 1], [8, 1]])).tolist()
    [True, False]
    """
    k = written.shape[1]
    return np.all(texts[:, k:] == written, axis=1)


@known_by_heart.case
def one_token_is_wrong():
    """texts of six tokens, of which one model misses the last"""
    texts = np.arange(18).reshape(3, 6)
    return texts, texts[:, 3:] - np.array([[0] * 3, [0, 0, 1], [1, 0, 0]])


@known_by_heart.case
def a_repeated_start():
    """a model that repeats what it was given"""
    texts = np.array([[5, 6, 7, 8], [5, 6, 5, 6]])
    return texts, texts[:, :2].copy()


@known_by_heart.wrong(
    "Compare with the second half of a text: the first is what the model "
    "was given."
)
def compared_with_the_prompt(texts, written):
    return np.all(texts[:, : written.shape[1]] == written, axis=1)


@known_by_heart.wrong(
    "All tokens must be right, in their places: one miss, and the text is "
    "not memorised."
)
def one_right_token_was_enough(texts, written):
    return np.any(texts[:, written.shape[1] :] == written, axis=1)


@known_by_heart.wrong(
    "One truth value for each text: `np.all` needs the axis of the tokens."
)
def all_texts_at_once(texts, written):
    return np.all(texts[:, written.shape[1] :] == written)


@known_by_heart.wrong(
    "The share of right tokens is a memorisation score, between 0 and 1; "
    "memorised are the texts that reach 1."
)
def the_share_of_right_tokens(texts, written):
    return np.mean(texts[:, written.shape[1] :] == written, axis=1)


# -- the last fresh checkpoint -----------------------------------------------


@exercise("write-last-fresh-checkpoint")
def last_fresh_checkpoint(tokens, batch, every):
    """The last evenly spaced checkpoint that has read no text twice.

    The corpus has this many tokens, a step reads batch of them, and a model
    is saved whenever `every` steps have passed.

    >>> last_fresh_checkpoint(tokens=1050, batch=10, every=25)
    100
    """
    return tokens // batch // every * every


@last_fresh_checkpoint.case
def the_deduplicated_pile():
    """the deduplicated Pile and Pythia's batches"""
    return 207_000_000_000, 2_097_152, 1000


@last_fresh_checkpoint.case
def an_end_at_a_checkpoint():
    """a corpus that ends just at a checkpoint"""
    return 600, 2, 100


@last_fresh_checkpoint.case
def a_small_corpus():
    """a corpus that is read through before the first checkpoint"""
    return 5000, 10, 1000


@last_fresh_checkpoint.wrong(
    "This is the last step that reads something new; the model was saved "
    "only at multiples of `every`."
)
def the_last_step(tokens, batch, every):
    return tokens // batch


@last_fresh_checkpoint.wrong(
    "Rounding may go up, to a checkpoint that has begun its second epoch: "
    "divide with //, which rounds down."
)
def rounded(tokens, batch, every):
    return round(tokens / batch / every) * every


@last_fresh_checkpoint.wrong(
    "This is how many checkpoints there are; the model is named by its step."
)
def counted_checkpoints(tokens, batch, every):
    return tokens // batch // every


@last_fresh_checkpoint.wrong(
    "The next checkpoint is too late, whether the corpus ends before it or "
    "just there."
)
def one_too_late(tokens, batch, every):
    return (tokens // batch // every + 1) * every


# -- a score from the distance -----------------------------------------------


@exercise("write-score-from-distance")
def score_from_distance(q, k, distance):
    """The score of a rotated query and key, without rotating them.

    q and k have the shape (d,), neighbours are a pair; distance is the
    position of the query less that of the key.

    >>> q, k = np.array([2.0, 0]), np.array([0, 2.0])
    >>> [round(score_from_distance(q, k, n), 2) for n in (0, 1, -1)]
    [0.0, 3.37, -3.37]
    """
    angle = distance * frequencies(len(q))
    (a, b), (c, e) = (z.reshape(-1, 2).T for z in (q, k))
    along, across = a * c + b * e, a * e - b * c
    return float(np.sum(along * np.cos(angle) + across * np.sin(angle)))


@score_from_distance.case
def six_wide():
    """three pairs at a distance of 5"""
    q, k = np.random.default_rng(0).normal(size=(2, 6))
    return q, k, 5


@score_from_distance.case
def far_ahead():
    """a key that stands 1000 positions after the query"""
    q, k = np.random.default_rng(1).normal(size=(2, 16))
    return q, k, -1000


@score_from_distance.wrong(
    "This turns the other way: a key that is ahead by an angle fits a query "
    "that stands after it, for the later one is turned farther."
)
def turned_the_other_way(q, k, distance):
    return score_from_distance.solution(q, k, -distance)


@score_from_distance.wrong(
    "The cosine goes with what q and k have in common, a c + b e; what they "
    "are apart, a e - b c, goes with the sine."
)
def forgot_the_sine(q, k, distance):
    angle = distance * frequencies(len(q))
    along = (q * k).reshape(-1, 2).sum(axis=1)
    return float(np.sum(along * np.cos(angle)))


@score_from_distance.wrong(
    "Each pair has a speed of its own: `frequencies(len(q))` has them all."
)
def one_speed_for_all(q, k, distance):
    (a, b), (c, e) = (z.reshape(-1, 2).T for z in (q, k))
    along, across = np.sum(a * c + b * e), np.sum(a * e - b * c)
    return float(along * np.cos(distance) + across * np.sin(distance))


@score_from_distance.wrong(
    "These are pairs of halves, as in the code of GPT-NeoX: here the first "
    "two coordinates turn together, then the next two."
)
def took_halves(q, k, distance):
    q, k = (z.reshape(2, -1).T.ravel() for z in (q, k))
    return score_from_distance.solution(q, k, distance)


# -- from neighbours to halves -----------------------------------------------


@exercise("write-to-halves")
def to_halves(w, h):
    """A weight matrix for code that turns halves instead of neighbours.

    w has the shape (d, h * d_k) and makes the queries or keys of h heads
    side by side, x @ w.  With the result and `rotate_halves` all scores are
    what they were with w and `rotate`.

    >>> to_halves(np.arange(8.0)[None], h=2).tolist()
    [[0.0, 2.0, 1.0, 3.0, 4.0, 6.0, 5.0, 7.0]]
    """
    heads = w.reshape(len(w), h, -1)
    both = [heads[..., 0::2], heads[..., 1::2]]
    return np.concatenate(both, axis=-1).reshape(w.shape)


@to_halves.case
def one_head():
    """one head of width 8"""
    return np.random.default_rng(0).normal(size=(3, 8)), 1


@to_halves.case
def heads_of_six():
    """three heads of width 6, from an input of width 18"""
    return np.random.default_rng(1).normal(size=(18, 18)), 3


@to_halves.wrong(
    "This mixes the heads: each has its own pairs, so take w apart by heads "
    "first."
)
def across_the_heads(w, h):
    return np.concatenate([w[:, 0::2], w[:, 1::2]], axis=1)


@to_halves.wrong(
    "This is the way back, from halves to neighbours; with heads of width 4 "
    "the two are the same."
)
def the_way_back(w, h):
    heads = w.reshape(len(w), h, 2, -1)
    return np.swapaxes(heads, -1, -2).reshape(w.shape)


@to_halves.wrong(
    "The rows of w read the input; what turns are its columns, the "
    "coordinates of the queries."
)
def reordered_the_rows(w, h):
    return np.concatenate([w[0::2], w[1::2]])


@to_halves.wrong(
    "Inside a head, first all the even columns, then all the odd ones: only "
    "then is the partner of a coordinate half a head away."
)
def swapped_the_neighbours(w, h):
    return w.reshape(len(w), -1, 2)[..., ::-1].reshape(w.shape)
