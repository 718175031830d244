"""What the reader writes for entry 5: rates, a triangle, pooling, a thaw."""

import numpy as np

from snippets.exercises import exercise

# -- the rates ---------------------------------------------------------------


@exercise("write-layer-rates")
def layer_rates(eta, n, factor):
    """The learning rates of n layers, the first layer's first.

    The last layer has the rate eta, each other one that of the layer above
    it, divided by factor.

    >>> layer_rates(8.0, 3, 2.0).tolist()
    [2.0, 4.0, 8.0]
    """
    return eta / factor ** np.arange(n - 1, -1, -1)


@layer_rates.case
def the_papers_factor():
    """five layers and a factor of 2.6"""
    return 0.01, 5, 2.6


@layer_rates.case
def a_single_layer():
    """one layer, which has the rate eta itself"""
    return 0.5, 1, 2.6


@layer_rates.wrong(
    "This is the order of the layers turned round: the word vectors, layer 1, "
    "learn most slowly, and the head has the rate eta."
)
def upside_down(eta, n, factor):
    return eta / factor ** np.arange(n)


@layer_rates.wrong(
    "The last layer itself has the rate eta; the division begins with the "
    "layer below it."
)
def divided_the_last_one_too(eta, n, factor):
    return eta / factor ** np.arange(n, 0, -1)


@layer_rates.wrong(
    "Each layer divides the rate of the layer above it, not eta: the powers "
    "of the factor grow, not its multiples."
)
def multiples_of_the_factor(eta, n, factor):
    return eta / np.maximum(1, factor * np.arange(n - 1, -1, -1))


# -- the triangle ------------------------------------------------------------


@exercise("write-triangle")
def triangle(t, T, eta_max, cut_frac, ratio):
    """The slanted triangular learning rate at step t of T.

    It is eta_max / ratio at step 0, eta_max at step cut, which is T times
    cut_frac rounded down, and eta_max / ratio again at step T, whatever T is.

    >>> [triangle(t, 8, 1.0, 0.3, 5.0) for t in (0, 1, 2, 5, 8)]
    [0.2, 0.6, 1.0, 0.6, 0.2]
    """
    cut = int(T * cut_frac)
    p = t / cut if t < cut else 1 - (t - cut) / (T - cut)  # yours
    return eta_max * (1 + p * (ratio - 1)) / ratio  # yours


@triangle.case
def the_end_of_19_steps():
    """the last of 19 steps, where cut is rounded down"""
    return 19, 19, 0.01, 0.1, 32.0


@triangle.case
def on_the_way_down():
    """step 60 of 105, with the paper's settings"""
    return 60, 105, 0.01, 0.1, 32.0


@triangle.wrong(
    "With p alone the rate starts and ends at zero. The lowest rate is "
    "eta_max / ratio: stretch p between 1 / ratio and 1."
)
def down_to_zero(t, T, eta_max, cut_frac, ratio):
    cut = int(T * cut_frac)
    return eta_max * (t / cut if t < cut else 1 - (t - cut) / (T - cut))


@triangle.wrong(
    "This is the equation as printed. Where cut was rounded down, cut times "
    "(1 / cut_frac - 1) is less than the steps that are left, T - cut."
)
def as_printed(t, T, eta_max, cut_frac, ratio):
    cut = int(T * cut_frac)
    p = t / cut if t < cut else 1 - (t - cut) / (cut * (1 / cut_frac - 1))
    return eta_max * (1 + p * (ratio - 1)) / ratio


@triangle.wrong(
    "The fall begins at step cut and lasts T - cut steps: count from cut, "
    "not from 0."
)
def fell_from_the_start(t, T, eta_max, cut_frac, ratio):
    cut = int(T * cut_frac)
    p = t / cut if t < cut else 1 - t / T
    return eta_max * (1 + p * (ratio - 1)) / ratio


# -- pooling -----------------------------------------------------------------


@exercise("write-masked-pool")
def masked_pool(h, real):
    """The maximum and the mean of the states of one text, padding left out.

    h has the shape (t, d) and real (t,), True at words; the result has (2, d),
    the maximum first.

    >>> h = np.array([[-1.0, 2], [-3, 0], [0, 0]])
    >>> masked_pool(h, np.array([True, True, False])).tolist()
    [[-1.0, 2.0], [-2.0, 1.0]]
    """
    return np.array([h[real].max(axis=0), h[real].mean(axis=0)])


@masked_pool.case
def padding_on_the_left():
    """two places of padding before three words"""
    h = np.random.default_rng(0).normal(size=(5, 4)) - 2
    return h, np.array([False, False, True, True, True])


@masked_pool.case
def no_padding():
    """a text that fills its row"""
    return np.random.default_rng(1).normal(size=(3, 2)), np.ones(3, dtype=bool)


@masked_pool.wrong(
    "Both must leave the padding out: here it is largest wherever all words "
    "are negative, and it counts in the mean."
)
def counted_the_padding(h, real):
    return np.array([h.max(axis=0), h.mean(axis=0)])


@masked_pool.wrong(
    "A state of zeros is still the largest where all words are negative: put "
    "-inf there for the maximum."
)
def a_maximum_of_zeros(h, real):
    shown = h * real[:, None]
    return np.array([shown.max(axis=0), shown.sum(axis=0) / real.sum()])


@masked_pool.wrong(
    "The mean is over the words, so divide by their number, real.sum(), and "
    "not by the length of the row."
)
def divided_by_the_row(h, real):
    mean = (h * real[:, None]).mean(axis=0)
    return np.array([h[real].max(axis=0), mean])
