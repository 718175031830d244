"""What the reader writes for entry 15: a split, a cost, and a long reading."""

import math

from snippets.exercises import exercise

# -- a budget and a ratio ----------------------------------------------------


@exercise("write-split")
def split(c, ratio):
    """Parameters and tokens that spend c FLOPs, 6 N D = c, with D / N = ratio.

    >>> n, d = split(6e18, 25.0)
    >>> round(n), round(d)
    (200000000, 5000000000)
    """
    n = math.sqrt(c / (6 * ratio))
    return n, ratio * n


@split.case
def chinchilla_itself():
    """Chinchilla's compute and its twenty tokens for each parameter"""
    return 5.88e23, 20.0


@split.case
def gpt_3_like():
    """fewer than two tokens for each parameter"""
    return 3.15e23, 1.7


@split.wrong("Where is the six? Parameters times tokens make a sixth of c.")
def forgot_the_six(c, ratio):
    n = math.sqrt(c / ratio)
    return n, ratio * n


@split.wrong(
    "Tokens are `ratio` times the parameters, so c = 6 ratio N²: N is a root."
)
def forgot_the_root(c, ratio):
    n = c / (6 * ratio)
    return n, ratio * n


@split.wrong(
    "These are as many tokens as parameters: `ratio` has to be used. "
    "A half in the exponent says how both grow, not that they are equal."
)
def equal_halves(c, ratio):
    return math.sqrt(c / 6), math.sqrt(c / 6)


@split.wrong("First the parameters, then the tokens.")
def tokens_first(c, ratio):
    n = math.sqrt(c / (6 * ratio))
    return ratio * n, n


@split.wrong("Twenty is no law: `ratio` says how many tokens each gets.")
def always_twenty(c, ratio):
    n = math.sqrt(c / 120)
    return n, 20 * n


# -- the cost of training ----------------------------------------------------


@exercise("write-training-flops")
def training_flops(shapes, tokens):
    """What training costs in FLOPs: three products for each matrix but one.

    A token's vector goes through matrices of these shapes, (outputs,
    inputs), from the first to the last.  What enters the first is data, so
    that nobody needs the gradient by it.

    >>> training_flops([(2, 3)], tokens=1)
    24
    >>> training_flops([(4, 3), (2, 4)], tokens=10)
    960
    """
    sizes = [outputs * inputs for outputs, inputs in shapes]
    return tokens * (6 * sum(sizes) - 2 * sizes[0])


@training_flops.case
def a_deep_network():
    """a hundred matrices of 8 × 8"""
    return [(8, 8)] * 100, 5


@training_flops.case
def a_wide_entrance():
    """a first matrix that is larger than all the others"""
    return [(16, 1000), (16, 16), (4, 16)], 3


@training_flops.wrong(
    "6 holds for a matrix with others before it. For the first one nobody "
    "needs the gradient by what comes in: 4."
)
def six_for_all(shapes, tokens):
    return 6 * tokens * sum(d * k for d, k in shapes)


@training_flops.wrong(
    "That is the way forward. The way back has two products more."
)
def forward_only(shapes, tokens):
    return 2 * tokens * sum(d * k for d, k in shapes)


@training_flops.wrong(
    "Back there are two products: one for the weights, and, except in the "
    "first matrix, one for what came in."
)
def four_for_all(shapes, tokens):
    return 4 * tokens * sum(d * k for d, k in shapes)


@training_flops.wrong(
    "A multiplication and an addition are two operations, so each product "
    "costs two for each number of the matrix."
)
def counted_pairs(shapes, tokens):
    sizes = [outputs * inputs for outputs, inputs in shapes]
    return tokens * (3 * sum(sizes) - sizes[0])


@training_flops.wrong("Each token goes through all of it: times `tokens`.")
def one_token(shapes, tokens):
    sizes = [outputs * inputs for outputs, inputs in shapes]
    return 6 * sum(sizes) - 2 * sizes[0]


# -- a small model that reads on ---------------------------------------------


@exercise("write-tokens-needed")
def tokens_needed(n, target, fit):
    """How many tokens n parameters must read until the loss is `target`.

    fit holds the constants E, A, B, alpha and beta.  A model that is too
    small never gets there: then it is float("inf").

    >>> tokens_needed(100.0, 3.25, (1.0, 20.0, 5.0, 0.5, 0.5))
    400.0
    >>> tokens_needed(100.0, 3.0, (1.0, 20.0, 5.0, 0.5, 0.5))
    inf
    """
    e, a, b, alpha, beta = fit
    left = target - e - a / n**alpha
    if left <= 0:
        return float("inf")
    return (b / left) ** (1 / beta)


@tokens_needed.case
def a_long_reading():
    """7 billion parameters and a loss of 2.1 nats"""
    return 7e9, 2.1, (1.8172, 482.01, 2085.43, 0.3478, 0.3658)


@tokens_needed.case
def too_small():
    """a model that is too small by far"""
    return 1e7, 2.1, (1.8172, 482.01, 2085.43, 0.3478, 0.3658)


@tokens_needed.wrong(
    "E is in the loss of every model: take it off before you divide."
)
def forgot_the_floor(n, target, fit):
    _, a, b, alpha, beta = fit
    left = target - a / n**alpha
    return (b / left) ** (1 / beta) if left > 0 else float("inf")


@tokens_needed.wrong(
    "The model is too small for that loss, and reading on does not make it "
    "larger: return float('inf') where nothing is left for the tokens."
)
def forgot_the_small(n, target, fit):
    e, a, b, alpha, beta = fit
    left = target - e - a / n**alpha
    return (b / left) ** (1 / beta)


@tokens_needed.wrong("D to the power β is B / left: take the root, 1 / β.")
def power_for_root(n, target, fit):
    e, a, b, alpha, beta = fit
    left = target - e - a / n**alpha
    return (b / left) ** beta if left > 0 else float("inf")


@tokens_needed.wrong(
    "B / D to the power β is what is left, so the fraction is B / left."
)
def upside_down(n, target, fit):
    e, a, b, alpha, beta = fit
    left = target - e - a / n**alpha
    return (left / b) ** (1 / beta) if left > 0 else float("inf")


@tokens_needed.wrong(
    "This gives the model all that is above E. A part of it is due to its "
    "size: A / n**alpha comes off too."
)
def forgot_the_size(n, target, fit):
    e, _, b, _, beta = fit
    left = target - e
    return (b / left) ** (1 / beta) if left > 0 else float("inf")
