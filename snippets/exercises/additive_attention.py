"""What the reader writes for entry 1: contexts, energies, and the unit."""

import numpy as np

from snippets.exercises import exercise
from snippets.layers import sigmoid, softmax

# -- contexts ----------------------------------------------------------------


@exercise("write-contexts")
def contexts(e, h):
    """A context for each word to be written.

    e has the shape (t_y, t_x), an energy for each written word and each word
    of the source; h has (t_x, c), and the result (t_y, c).

    >>> h = np.array([[0.0, 8.0], [20.0, 4.0]])
    >>> contexts(np.array([[0.0, np.log(3)], [5, 5]]), h).round(6).tolist()
    [[15.0, 5.0], [10.0, 6.0]]
    """
    return softmax(e) @ h


@contexts.case
def more_words_than_are_read():
    """five words to write and three to read"""
    rng = np.random.default_rng(0)
    return rng.normal(size=(5, 3)), rng.normal(size=(3, 4))


@contexts.case
def large_energies():
    """energies above a thousand"""
    e = np.array([[2000.0, 1000.0, 2000.0], [0.0, 1500.0, -1500.0]])
    return e, np.arange(6.0).reshape(3, 2)


@contexts.wrong(
    "Each written word shares its weights out among the words of the source: "
    "a row of e sums to one, not a column."
)
def softmax_over_the_written_words(e, h):
    return softmax(e, axis=0) @ h


@contexts.wrong(
    "Energies are any numbers. Make weights of them first, positive and with "
    "the sum 1."
)
def forgot_the_softmax(e, h):
    return e @ h


@contexts.wrong(
    "The exponential of 1000 overflows. Subtract the largest of each row "
    "first, as `softmax` does: that changes no weight."
)
def without_a_shift(e, h):
    x = np.exp(e)
    return x / x.sum(axis=-1, keepdims=True) @ h


@contexts.wrong(
    "`sum()` adds up the whole table; each row is divided by its own sum: "
    "axis=-1, keepdims=True."
)
def one_sum_for_all(e, h):
    x = np.exp(e - e.max())
    return x / x.sum() @ h


@contexts.wrong("These are the weights. What is their mean of the rows of h?")
def the_weights_alone(e, h):
    return softmax(e)


# -- energies ----------------------------------------------------------------


@exercise("write-all-energies")
def all_energies(s, h, w_a, u_a, v_a):
    """The energy of each state with each annotation, without a loop.

    s has the shape (t_y, n), h (t_x, c), w_a (a, n), u_a (a, c) and v_a (a,);
    the result has (t_y, t_x).

    >>> one, s, h = np.eye(2), np.array([[40.0, 0]]), np.array([[-40.0, 0]])
    >>> all_energies(s, np.vstack([h, -h]), one, one, np.ones(2)).tolist()
    [[0.0, 1.0]]
    """
    return np.tanh((s @ w_a.T)[:, None] + h @ u_a.T) @ v_a


def attention_inputs(t_y, t_x, n, c, a):
    rng = np.random.default_rng(t_y)
    shapes = (t_y, n), (t_x, c), (a, n), (a, c), (a,)
    return tuple(rng.normal(size=shape) for shape in shapes)


@all_energies.case
def lengths_that_differ():
    """four words to write and six to read"""
    return attention_inputs(4, 6, 3, 6, 5)


@all_energies.case
def equal_lengths():
    """three words to write and three to read"""
    return attention_inputs(3, 3, 2, 4, 2)


@all_energies.wrong(
    "Without the tanh, what the state adds is the same for all words of the "
    "source, and the softmax does not see it."
)
def forgot_the_tanh(s, h, w_a, u_a, v_a):
    return ((s @ w_a.T)[:, None] + h @ u_a.T) @ v_a


@all_energies.wrong(
    "The tanh bends each of the a units; v_a weighs them afterwards."
)
def bent_the_energy(s, h, w_a, u_a, v_a):
    return np.tanh(((s @ w_a.T)[:, None] + h @ u_a.T) @ v_a)


@all_energies.wrong(
    "Written words come first: the table is to have a row for each state, and "
    "a column for each annotation."
)
def the_other_way_round(s, h, w_a, u_a, v_a):
    return np.tanh((h @ u_a.T)[:, None] + s @ w_a.T) @ v_a


@all_energies.wrong(
    "This pairs the first state with the first annotation, the second with "
    "the second. An axis of size 1 lets each state meet each annotation: "
    "`[:, None]`."
)
def row_by_row(s, h, w_a, u_a, v_a):
    return np.tanh(s @ w_a.T + h @ u_a.T) @ v_a


@all_energies.wrong(
    "The two sides are added here; to multiply them is the other family of "
    "scores."
)
def multiplied(s, h, w_a, u_a, v_a):
    return np.tanh((s @ w_a.T)[:, None] * (h @ u_a.T)) @ v_a


# -- the unit ----------------------------------------------------------------


@exercise("write-gated-unit")
def gated_unit(s, x, w, u, w_z, u_z, w_r, u_r):
    """The next state of a gated recurrent unit that reads x, as in eq. (4).

    s has the shape (n,), x (i,), each w (n, i) and each u (n, n).

    >>> one, no = np.ones((1, 1)), np.zeros((1, 1))
    >>> s, x = np.array([0.75]), np.array([1.0])
    >>> gated_unit(s, x, no, no, no, no, no, no).tolist()  # z is one half
    [0.375]
    >>> gated_unit(s, x, no, no, -1e3 * one, no, no, no).tolist()  # z is 0
    [0.75]
    """
    z, r = sigmoid(w_z @ x + u_z @ s), sigmoid(w_r @ x + u_r @ s)
    return (1 - z) * s + z * np.tanh(w @ x + u @ (r * s))


def unit_inputs(n, i):
    rng = np.random.default_rng(n)
    shapes = (n,), (i,), *3 * ((n, i), (n, n))
    return tuple(rng.normal(size=shape) for shape in shapes)


@gated_unit.case
def three_states():
    """a state of three numbers and an input of two"""
    return unit_inputs(3, 2)


@gated_unit.case
def one_state():
    """a state of one number and an input of four"""
    return unit_inputs(1, 4)


@gated_unit.wrong(
    "In this paper z = 1 replaces the state. In PyTorch it keeps it: the same "
    "unit, with the gate turned."
)
def turned_the_gate(s, x, w, u, w_z, u_z, w_r, u_r):
    z, r = sigmoid(w_z @ x + u_z @ s), sigmoid(w_r @ x + u_r @ s)
    return z * s + (1 - z) * np.tanh(w @ x + u @ (r * s))


@gated_unit.wrong(
    "Here the reset gate acts on the old state before u multiplies it: "
    "u @ (r * s). Behind the product it stands in PyTorch."
)
def reset_too_late(s, x, w, u, w_z, u_z, w_r, u_r):
    z, r = sigmoid(w_z @ x + u_z @ s), sigmoid(w_r @ x + u_r @ s)
    return (1 - z) * s + z * np.tanh(w @ x + r * (u @ s))


@gated_unit.wrong("Where is the reset gate? The proposal sees r * s, not s.")
def forgot_the_reset(s, x, w, u, w_z, u_z, w_r, u_r):
    z = sigmoid(w_z @ x + u_z @ s)
    return (1 - z) * s + z * np.tanh(w @ x + u @ s)


@gated_unit.wrong(
    "Gates lie between 0 and 1, so they take the sigmoid; the proposal may be "
    "negative, and takes the tanh."
)
def sigmoid_for_the_proposal(s, x, w, u, w_z, u_z, w_r, u_r):
    z, r = sigmoid(w_z @ x + u_z @ s), sigmoid(w_r @ x + u_r @ s)
    return (1 - z) * s + z * sigmoid(w @ x + u @ (r * s))


@gated_unit.wrong(
    "This is the proposal. The update gate mixes it with the old state."
)
def the_proposal_alone(s, x, w, u, w_z, u_z, w_r, u_r):
    r = sigmoid(w_r @ x + u_r @ s)
    return np.tanh(w @ x + u @ (r * s))
