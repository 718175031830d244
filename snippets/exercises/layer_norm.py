"""What the reader writes for entry 3: LayerNorm, a stack, the way back."""

import numpy as np

from snippets.exercises import exercise
from snippets.layer_norm import normalise

# -- LayerNorm ---------------------------------------------------------------


@exercise("write-layer-norm")
def layer_norm(x, gain, bias, eps=1e-5):
    """Each vector with mean 0 and spread 1, then times gain, plus bias.

    x has the shape (n, d), and so has the result; gain and bias have (d,).
    eps is added to the variance.

    >>> x = np.array([[3.0, 1, 1, -1]])
    >>> gain, bias = np.array([1.0, 1, 1, 10]), np.array([0.0, 5, 0, 0])
    >>> layer_norm(x, gain, bias, eps=0.0).round(3).tolist()
    [[1.414, 5.0, 0.0, -14.142]]
    """
    centred = x - x.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + eps)
    return gain * centred / spread + bias


@layer_norm.case
def three_words():
    """three words of width 4"""
    x = np.random.default_rng(0).normal(size=(3, 4))
    return x, np.array([1.0, 2, 3, 4]), np.ones(4)


@layer_norm.case
def as_many_words_as_features():
    """as many words as features, where no wrong axis raises an error"""
    x = np.random.default_rng(1).normal(size=(5, 5)) + np.arange(5)
    return x, np.ones(5), np.zeros(5)


@layer_norm.case
def a_constant_vector():
    """a word whose features are all alike, and a large eps"""
    return np.array([[2.0, 2, 2], [0, 0, 3]]), np.ones(3), np.ones(3), 0.5


@layer_norm.wrong(
    "Axis 0 runs over the words: that normalises each feature, as BatchNorm "
    "does. LayerNorm takes each word by itself: axis=-1."
)
def over_the_words(x, gain, bias, eps=1e-5):
    centred = x - x.mean(axis=0)
    return gain * centred / np.sqrt(x.var(axis=0) + eps) + bias


@layer_norm.wrong(
    "One mean and one spread for the whole text: each word needs its own, or "
    "one word changes another. axis=-1, keepdims=True."
)
def over_all(x, gain, bias, eps=1e-5):
    return gain * (x - x.mean()) / np.sqrt(x.var() + eps) + bias


@layer_norm.wrong(
    "The variance is a mean over d numbers, not over d - 1: `torch.std` and "
    "`ddof=1` divide by one less."
)
def divided_by_one_less(x, gain, bias, eps=1e-5):
    centred = x - x.mean(axis=-1, keepdims=True)
    variance = x.var(axis=-1, keepdims=True, ddof=1)
    return gain * centred / np.sqrt(variance + eps) + bias


@layer_norm.wrong(
    "eps is added to the variance, below the root, not to its root."
)
def eps_outside_the_root(x, gain, bias, eps=1e-5):
    centred = x - x.mean(axis=-1, keepdims=True)
    return gain * centred / (x.std(axis=-1, keepdims=True) + eps) + bias


@layer_norm.wrong(
    "Divide by the standard deviation: the root of the variance is missing."
)
def forgot_the_root(x, gain, bias, eps=1e-5):
    centred = x - x.mean(axis=-1, keepdims=True)
    return gain * centred / (x.var(axis=-1, keepdims=True) + eps) + bias


@layer_norm.wrong(
    "Without the mean taken away this is RMSNorm: subtract it first."
)
def kept_the_mean(x, gain, bias, eps=1e-5):
    square = (x**2).mean(axis=-1, keepdims=True)
    return gain * x / np.sqrt(square + eps) + bias


@layer_norm.wrong("The bias is added last: it is not multiplied by the gain.")
def scaled_the_bias(x, gain, bias, eps=1e-5):
    centred = x - x.mean(axis=-1, keepdims=True)
    spread = np.sqrt(x.var(axis=-1, keepdims=True) + eps)
    return gain * (centred / spread + bias)


# -- a stack -----------------------------------------------------------------


@exercise("write-pre-ln-stack")
def pre_ln_stack(x, weights):
    """What leaves a Pre-LN stack whose sub-layers are f(h) = tanh(h w).

    x has the shape (n, d), weights has (l, d, d), one w for each sub-layer;
    the result has (n, d).  `normalise` is LN.

    >>> x = np.array([[1.0, 1, -1, -1]])
    >>> pre_ln_stack(x, np.zeros((2, 4, 4))).tolist()
    [[1.0, 1.0, -1.0, -1.0]]
    """
    for w in weights:
        x = x + np.tanh(normalise(x) @ w)
    return normalise(x)


def stack_of(n_sublayers, n, d):
    rng = np.random.default_rng(n_sublayers)
    x = 3 * rng.normal(size=(n, d)) + 1
    return x, rng.normal(size=(n_sublayers, d, d))


@pre_ln_stack.case
def one_sublayer():
    """one sub-layer and two words"""
    return stack_of(1, 2, 4)


@pre_ln_stack.case
def six_sublayers():
    """six sub-layers"""
    return stack_of(6, 3, 5)


@pre_ln_stack.case
def none_at_all():
    """no sub-layer at all, where the last LN is all there is"""
    return stack_of(0, 2, 6)


@pre_ln_stack.wrong(
    "What leaves the stack is the bare sum, which grows with every sub-layer: "
    "one more LN stands at its end."
)
def forgot_the_last_norm(x, weights):
    for w in weights:
        x = x + np.tanh(normalise(x) @ w)
    return x


@pre_ln_stack.wrong(
    "`x = normalise(x)` overwrites the stream, and its normalised copy is "
    "added: only f reads LN(x), and x itself is what the result is added to."
)
def lost_the_stream(x, weights):
    for w in weights:
        x = normalise(x)
        x = x + np.tanh(x @ w)
    return normalise(x)


@pre_ln_stack.wrong(
    "LN of the sum, on the stream, is Post-LN. Here LN stands before f."
)
def after_the_sum(x, weights):
    for w in weights:
        x = normalise(x + np.tanh(x @ w))
    return normalise(x)


@pre_ln_stack.wrong(
    "LN of what f has written is a third arrangement: here it is f's input "
    "that is normalised."
)
def after_the_sublayer(x, weights):
    for w in weights:
        x = x + normalise(np.tanh(x @ w))
    return normalise(x)


@pre_ln_stack.wrong(
    "The wire around the sub-layer is missing: x plus what f writes."
)
def forgot_the_residual(x, weights):
    for w in weights:
        x = np.tanh(normalise(x) @ w)
    return normalise(x)


# -- the way back ------------------------------------------------------------


@exercise("write-layer-norm-backward")
def layer_norm_backward(x, g):
    """The gradient by x, from the gradient g by LN(x): g times the Jacobian.

    x and g have the shape (n, d), and so has the result.  No matrix of
    d x d is needed.

    >>> x, g = np.array([[3.0, 1, 1, -1]]), np.array([[0.0, 4, 0, 0]])
    >>> layer_norm_backward(x, g).round(3).tolist()
    [[-0.707, 2.121, -0.707, -0.707]]
    """
    y = normalise(x)
    along = y * np.mean(g * y, axis=-1, keepdims=True)
    rest = g - along - np.mean(g, axis=-1, keepdims=True)
    return rest / np.std(x, axis=-1, keepdims=True)


@layer_norm_backward.case
def a_batch():
    """three words of width 8"""
    x, g = np.random.default_rng(0).normal(size=(2, 3, 8))
    return 5 * x + 1, g


@layer_norm_backward.case
def along_the_output():
    """a gradient along LN(x), of which nothing is left"""
    x = np.random.default_rng(1).normal(size=(1, 6))
    return x, 3 * normalise(x)


@layer_norm_backward.wrong(
    "A louder x gives the same LN(x), so the slope must fall as x grows: "
    "divide by the standard deviation of x."
)
def forgot_to_divide(x, g):
    y = normalise(x)
    along = y * np.mean(g * y, axis=-1, keepdims=True)
    return g - along - np.mean(g, axis=-1, keepdims=True)


@layer_norm_backward.wrong(
    "The standard deviation depends on x, too: the part of g along LN(x) "
    "has to go."
)
def took_the_spread_for_a_constant(x, g):
    rest = g - np.mean(g, axis=-1, keepdims=True)
    return rest / np.std(x, axis=-1, keepdims=True)


@layer_norm_backward.wrong(
    "The mean depends on x, too: the mean of g has to go."
)
def took_the_mean_for_a_constant(x, g):
    y = normalise(x)
    rest = g - y * np.mean(g * y, axis=-1, keepdims=True)
    return rest / np.std(x, axis=-1, keepdims=True)


@layer_norm_backward.wrong(
    "LN(x) has the length of the root of d: the part of g along it is LN(x) "
    "times the mean of g * LN(x), not times the sum."
)
def took_the_sum(x, g):
    y = normalise(x)
    along = y * np.sum(g * y, axis=-1, keepdims=True)
    rest = g - along - np.mean(g, axis=-1, keepdims=True)
    return rest / np.std(x, axis=-1, keepdims=True)


@layer_norm_backward.wrong(
    "The part along the *output*: project on LN(x), whose mean is 0, and not "
    "on x."
)
def projected_on_the_input(x, g):
    share = np.sum(g * x, axis=-1, keepdims=True)
    along = x * share / np.sum(x * x, axis=-1, keepdims=True)
    rest = g - along - np.mean(g, axis=-1, keepdims=True)
    return rest / np.std(x, axis=-1, keepdims=True)
