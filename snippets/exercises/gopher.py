"""What the reader writes for entry 14: filter, norm, shift and measure."""

from string import punctuation

import numpy as np

from snippets.exercises import exercise
from snippets.gopher import STOP_WORDS

# -- stop words --------------------------------------------------------------


@exercise("write-stop-words")
def has_stop_words(text):
    """Whether a page has two different ones of the eight STOP_WORDS.

    A word is what stands between blanks, without punctuation around it;
    capitals do not matter.

    >>> has_stop_words("The shoes of a fox"), has_stop_words("cheap shoes")
    (True, False)
    """
    words = {word.strip(punctuation).lower() for word in text.split()}
    return len(words & STOP_WORDS) >= 2


@has_stop_words.case
def the_same_twice():
    """a page that says “of” three times, and no other stop word"""
    return "shoes of leather, shoes of quality, boots of rubber"


@has_stop_words.case
def in_capitals():
    """a page that shouts"""
    return "WITH SHOES TO RUN"


@has_stop_words.case
def beside_a_comma():
    """stop words with punctuation at them"""
    return "(that), he said, is what I have."


@has_stop_words.case
def inside_other_words():
    """stop words that are parts of longer ones"""
    return "because theories begin without standards"


@has_stop_words.wrong(
    "Two occurrences of one word are not two of the words. A well-known "
    "library counted this way until 2025."
)
def counted_occurrences(text):
    words = [word.strip(punctuation).lower() for word in text.split()]
    return sum(word in STOP_WORDS for word in words) >= 2


@has_stop_words.wrong(
    "STOP_WORDS are small, and “The” at the start of a sentence is none of "
    "them: lower() first."
)
def kept_the_capitals(text):
    words = {word.strip(punctuation) for word in text.split()}
    return len(words & STOP_WORDS) >= 2


@has_stop_words.wrong(
    "“that,” with its comma is another string than “that”: strip the "
    "punctuation."
)
def kept_the_punctuation(text):
    return len(set(text.lower().split()) & STOP_WORDS) >= 2


@has_stop_words.wrong(
    "`in` finds “be” in “because” and “the” in “theories”: cut the text into "
    "words first."
)
def searched_in_the_text(text):
    return sum(word in text.lower() for word in STOP_WORDS) >= 2


# -- the norm ----------------------------------------------------------------


@exercise("write-rms-norm")
def rms_norm(a, gain, eps):
    """Each row of a over the root of its mean square, times the gain.

    a has the shape (m, n) and gain (n,); eps is added under the root.

    >>> a = np.array([[3.0, 4], [2, 2]])
    >>> rms_norm(a, np.ones(2), 0.0).round(4).tolist()
    [[0.8485, 1.1314], [1.0, 1.0]]
    """
    mean_square = np.mean(a**2, axis=-1, keepdims=True)
    return gain * a / np.sqrt(mean_square + eps)


@rms_norm.case
def with_a_gain():
    """four vectors of six numbers and a gain that differs from one"""
    rng = np.random.default_rng(0)
    return rng.normal(size=(4, 6)) + 1, rng.normal(size=6), 0.0


@rms_norm.case
def a_zero_vector():
    """a zero vector, which eps keeps finite"""
    return np.array([[0.0, 0, 0], [0.1, -0.2, 0.1]]), np.ones(3), 0.01


@rms_norm.wrong(
    "This is LayerNorm without its shift: here the mean stays where it is."
)
def subtracted_the_mean(a, gain, eps):
    centred = a - np.mean(a, axis=-1, keepdims=True)
    variance = np.mean(centred**2, axis=-1, keepdims=True)
    return gain * centred / np.sqrt(variance + eps)


@rms_norm.wrong(
    "This divides by the length of the vector: the mean of the squares is "
    "their sum over n."
)
def divided_by_the_length(a, gain, eps):
    return gain * a / np.sqrt(np.sum(a**2, axis=-1, keepdims=True) + eps)


@rms_norm.wrong(
    "Over axis 0 each feature is normalised over the rows, as BatchNorm does: "
    "a row must not depend on its neighbours."
)
def over_the_batch(a, gain, eps):
    return gain * a / np.sqrt(np.mean(a**2, axis=0) + eps)


@rms_norm.wrong("Over the root of the mean square, not over the mean square.")
def forgot_the_root(a, gain, eps):
    return gain * a / (np.mean(a**2, axis=-1, keepdims=True) + eps)


@rms_norm.wrong(
    "Square first and take the mean then: the mean of numbers with both signs "
    "may be zero."
)
def squared_the_mean(a, gain, eps):
    return gain * a / np.sqrt(np.mean(a, axis=-1, keepdims=True) ** 2 + eps)


@rms_norm.wrong(
    "eps stands under the root, beside the mean square, where it changes "
    "small vectors alone."
)
def eps_outside_the_root(a, gain, eps):
    root = np.sqrt(np.mean(a**2, axis=-1, keepdims=True))
    return gain * a / (root + eps)


# -- the shift ---------------------------------------------------------------


@exercise("write-shift")
def shift(by_distance):
    """Scores by key, from scores by distance; zeros above the diagonal.

    by_distance has the shape (n, n): row i has what query i says to the
    distances 0, 1, …; in the result, column j has what it says to i - j.

    >>> shift(np.array([[1.0, 2], [3, 4]])).tolist()
    [[1.0, 0.0], [4.0, 3.0]]
    """
    n = len(by_distance)
    padded = np.concatenate([np.zeros((n, 1)), by_distance[:, ::-1]], axis=1)
    return np.tril(padded.reshape(n + 1, n)[1:])


@shift.case
def three_words():
    """three words, each with its row in tens and its distance in units"""
    return np.array([[0.0, 1, 2], [10, 11, 12], [20, 21, 22]])


@shift.case
def one_word():
    """a text of one word"""
    return np.array([[7.0]])


@shift.case
def five_words():
    """a text of five words"""
    return np.random.default_rng(0).normal(size=(5, 5))


@shift.wrong(
    "After the new shape the *first* row goes, [1:]; without the last one "
    "every score stands a row too low."
)
def dropped_the_last_row(by_distance):
    n = len(by_distance)
    padded = np.concatenate([np.zeros((n, 1)), by_distance[:, ::-1]], axis=1)
    return np.tril(padded.reshape(n + 1, n)[:-1])


@shift.wrong(
    "Columns are still distances here: in row i distance 0 belongs to key i, "
    "and key 0 is i away."
)
def moved_nothing(by_distance):
    return np.tril(by_distance)


@shift.wrong(
    "Turning the rows round is not enough: that puts the own word of each "
    "query last, where only the last query has it."
)
def only_turned_round(by_distance):
    return np.tril(by_distance[:, ::-1])


@shift.wrong(
    "What stands above the diagonal is left over from the next row: np.tril "
    "makes it zero."
)
def left_the_rest(by_distance):
    n = len(by_distance)
    padded = np.concatenate([np.zeros((n, 1)), by_distance[:, ::-1]], axis=1)
    return padded.reshape(n + 1, n)[1:]


# -- bits per byte -----------------------------------------------------------


@exercise("write-bits-per-byte")
def bits_per_byte(nats, tokens, text):
    """A mean loss in nats per token as bits per byte of the text.

    tokens: how many the text was cut into; bytes are those of UTF-8.

    >>> f"{bits_per_byte(2.0, 3, 'a small boat'):.4f}"
    '0.7213'
    """
    return nats * tokens / np.log(2) / len(text.encode())


@bits_per_byte.case
def one_byte_a_token():
    """as many tokens as bytes"""
    return np.log(2), 4, "abcd"


@bits_per_byte.case
def not_only_ascii():
    """letters of two bytes and a sign of three"""
    return 3.5, 5, "déjà vu €"


@bits_per_byte.wrong(
    "These are nats: a bit is ln 2 nats, so divide by np.log(2), about 0.69."
)
def forgot_the_bits(nats, tokens, text):
    return nats * tokens / len(text.encode())


@bits_per_byte.wrong(
    "len(text) counts characters, and “é” has two bytes: text.encode()."
)
def counted_characters(nats, tokens, text):
    return nats * tokens / np.log(2) / len(text)


@bits_per_byte.wrong(
    "The loss is a mean over tokens: times their number it is the surprise at "
    "the whole text."
)
def forgot_the_tokens(nats, tokens, text):
    return nats / np.log(2) / len(text.encode())


@bits_per_byte.wrong(
    "Upside down: fewer tokens for the same text mean fewer surprises, not "
    "more."
)
def upside_down(nats, tokens, text):
    return nats * len(text.encode()) / np.log(2) / tokens


@bits_per_byte.wrong(
    "A bit is ln 2 nats, less than one, so there are more bits than nats: "
    "divide by ln 2."
)
def multiplied_by_ln_2(nats, tokens, text):
    return nats * tokens * np.log(2) / len(text.encode())
