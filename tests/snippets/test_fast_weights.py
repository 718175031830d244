"""Entry 4: fast weights, linear attention, random features, the delta rule."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial.hermite_e import hermegauss
from scipy.linalg import orth
from scipy.special import expit

from snippets.fast_weights import (
    DRINKS,
    PEOPLE,
    capacity_loss,
    carry,
    delta_write,
    dpfp,
    each_weight,
    elu_plus_one,
    fast_weights,
    flip_flop,
    from_to,
    hyperbolic_features,
    kernel_errors,
    learn_flip_flop,
    linear_attention,
    linear_attention_chunked,
    linear_attention_recurrent,
    normalised,
    positive_features,
    small_case,
    softmax_kernel,
    squash,
    trigonometric_features,
    write,
)

seeds = st.integers(0, 2**32 - 1)
SIZES = st.tuples(*[st.integers(1, 9)] * 3, seeds)


def pairs(sizes):
    """Queries, keys, values for n, c, m and a seed."""
    n, c, m, seed = sizes
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, c)), rng.normal(size=(n, c)), rng.normal(size=(n, m))


# -- the memory -----------------------------------------------------------------------------


def test_writing_adds_every_product_of_an_entry_of_the_value_and_one_of_the_key():
    w, k, v = np.ones((2, 3)), np.array([1.0, 2, 3]), np.array([10.0, 100])
    assert write(w, k, v).tolist() == [[11, 21, 31], [101, 201, 301]]
    assert w.tolist() == np.ones((2, 3)).tolist()


@pytest.mark.holds("small_case", by="library: scipy.linalg.orth")
def test_the_third_person_of_the_small_case_is_a_mixture_of_the_first_two():
    keys, values = small_case()
    assert keys.shape == (len(PEOPLE), 2) and values.shape == (len(PEOPLE), len(DRINKS))
    assert values.tolist() == np.identity(3).tolist()
    assert np.allclose(np.linalg.norm(keys, axis=1), 1, rtol=1e-12)
    assert orth(keys[:2].T).shape == orth(keys.T).shape == (2, 2)
    assert float(keys[0] @ keys[1]) == 0
    assert np.allclose(keys[2], keys[2] @ keys[:2].T @ keys[:2], rtol=1e-12)
    assert np.allclose(keys[:2] @ keys[2], [0.6, 0.8], rtol=1e-12)


@pytest.mark.holds("write", by="brute force: entry by entry")
@given(SIZES)
def test_writing_adds_entry_by_entry(sizes):
    _, c, m, seed = sizes
    rng = np.random.default_rng(seed)
    w, k, v = rng.normal(size=(m, c)), rng.normal(size=c), rng.normal(size=m)
    wanted = [[w[i, j] + v[i] * k[j] for j in range(c)] for i in range(m)]
    assert write(w, k, v).tolist() == wanted


@pytest.mark.holds("fast_weights", by="brute force")
@given(SIZES, st.booleans())
def test_fast_weights_are_a_double_sum_over_the_past(sizes, read_first):
    q, k, v = pairs(sizes)
    expected = [
        sum((v[j] * float(k[j] @ q[i]) for j in range(i + (not read_first))), np.zeros(v.shape[1]))
        for i in range(len(q))
    ]
    assert np.allclose(fast_weights(q, k, v, read_first), expected, atol=1e-12, rtol=1e-10)


@pytest.mark.holds("elu_plus_one", by="library: jax.nn.elu")
def test_elu_plus_one_is_jax_elu_plus_one():
    x = np.array([-800.0, -3, -1e-9, 0, 1e-9, 2, 800])
    assert np.allclose(elu_plus_one(x), jax.nn.elu(x) + 1, rtol=1e-12, atol=1e-16)


# -- linear attention -----------------------------------------------------------------------


@pytest.mark.holds(
    "linear_attention",
    "linear_attention_recurrent",
    "linear_attention_chunked",
    by="library: numpy.average",
)
@given(SIZES)
def test_linear_attention_is_a_weighted_mean_of_the_values(sizes):
    q, k, v = pairs(sizes)
    q, k = elu_plus_one(q), elu_plus_one(k)
    n = len(q)
    past = [np.average(v[:i], axis=0, weights=k[:i] @ q[i - 1]) for i in range(1, n + 1)]
    assert np.allclose(linear_attention(q, k, v, causal=True), past, atol=1e-12, rtol=1e-10)
    assert np.allclose(linear_attention_recurrent(q, k, v), past, atol=1e-12, rtol=1e-10)
    for size in (1, 4, n):
        assert np.allclose(linear_attention_chunked(q, k, v, size), past, atol=1e-12, rtol=1e-10)
    everything = [np.average(v, axis=0, weights=k @ one) for one in q]
    assert np.allclose(linear_attention(q, k, v), everything, atol=1e-12, rtol=1e-10)


@pytest.mark.holds(
    "linear_attention_recurrent", "linear_attention_chunked", by="derivation: anew in JAX"
)
@pytest.mark.parametrize(
    ("sizes", "size"),
    [((1, 1, 1, 0), 1), ((9, 2, 5, 2), 1), ((9, 2, 5, 2), 4), ((9, 2, 5, 2), 12)],
)
def test_recurrent_and_chunked_forms_are_one_jax_scan(sizes, size):
    q, k, v = pairs(sizes)
    q, k = elu_plus_one(q), elu_plus_one(k)

    def step(state, now):
        q_i, k_i, v_i = now
        state = state + jnp.outer(k_i, jnp.append(v_i, 1.0))
        read = q_i @ state
        return state, read[:-1] / read[-1]

    _, expected = jax.lax.scan(step, jnp.zeros((k.shape[1], v.shape[1] + 1)), (q, k, v))
    assert np.allclose(linear_attention_recurrent(q, k, v), expected, atol=1e-12, rtol=1e-10)
    assert np.allclose(linear_attention_chunked(q, k, v, size), expected, atol=1e-12, rtol=1e-10)


def answer(function):
    """What a form of attention gives, or that it gives none."""
    try:
        return function()
    except ValueError as error:
        assert str(error) == "normalised: the weights of a query sum to zero"
        return None


@pytest.mark.holds(
    "linear_attention", "linear_attention_recurrent", "linear_attention_chunked", by="brute force"
)
@settings(max_examples=60)
@given(seeds, st.integers(0, 6), st.integers(1, 7), st.sampled_from([0.5, 1e100]))
def test_three_forms_of_one_attention_give_or_refuse_the_same(seed, n, size, scale):
    rng = np.random.default_rng(seed)
    q, k = rng.integers(3, size=(2, n, 2)) * rng.integers(2, size=(2, n, 1)) * scale
    v = rng.normal(size=(n, 3))
    forms = (
        lambda: linear_attention(q, k, v, causal=True),
        lambda: linear_attention_recurrent(q, k, v),
        lambda: linear_attention_chunked(q, k, v, size),
    )
    weights = np.tril(q @ k.T)
    wanted = None
    if weights.sum(1).all():
        wanted = weights @ v / weights.sum(1, keepdims=True)
    for form in forms:
        ours = answer(form)
        assert (ours is None) == (wanted is None)
        if wanted is not None:
            np.testing.assert_allclose(ours, wanted, rtol=1e-12, atol=1e-12)


def test_a_chunk_of_nothing_is_refused():
    with pytest.raises(ValueError, match="size must be 1 or more"):
        linear_attention_chunked(*pairs((4, 2, 2, 0)), 0)


@pytest.mark.holds("normalised", by="library: numpy.average")
@given(SIZES)
def test_a_normalised_sum_is_an_average(sizes):
    q, k, v = pairs(sizes)
    weights = np.exp(q @ k.T)
    expected = [np.average(v, axis=0, weights=row) for row in weights]
    assert np.allclose(
        normalised(weights @ v, weights.sum(axis=1)), expected, atol=1e-12, rtol=1e-10
    )


def test_weights_that_sum_to_zero_are_refused():
    with pytest.raises(ValueError, match="sum to zero"):
        normalised(np.ones((2, 3)), np.array([1.0, 0]))
    assert normalised(np.array([[2.0, 4]]), np.array([2.0])).tolist() == [[1, 2]]


# -- random features --------------------------------------------------------------------------


@pytest.mark.holds("softmax_kernel", by="brute force: factor by factor")
@given(SIZES)
def test_the_softmax_kernel_is_a_product_over_the_coordinates(sizes):
    q, k, _ = pairs(sizes)
    expected = [
        math.prod(math.exp(a * b) for a, b in zip(x, y, strict=True))
        for x, y in zip(q, k, strict=True)
    ]
    assert np.allclose(softmax_kernel(q, k), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.holds("softmax_kernel", by="library: jax.nn.softmax")
def test_the_softmax_kernel_is_what_jax_softmax_normalises():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=5), rng.normal(size=(7, 5))
    kernel = softmax_kernel(np.tile(x, (7, 1)), y)
    assert np.allclose(kernel / kernel.sum(), jax.nn.softmax(y @ x), atol=1e-14, rtol=1e-10)


FEATURES = {
    "trig": trigonometric_features,
    "plus": positive_features,
    "hyper": hyperbolic_features,
}


UNIT = st.floats(-0.9, 0.9)


@pytest.mark.holds(
    "positive_features",
    "hyperbolic_features",
    "trigonometric_features",
    "kernel_errors",
    by="library: numpy.polynomial.hermite_e.hermegauss",
)
@given(st.tuples(UNIT, UNIT), st.tuples(UNIT, UNIT))
def test_each_feature_map_has_the_kernel_as_mean_and_lemma_2_as_error(x, y):
    """Means over all draws, by Gauss and Hermite's rule for the normal density."""
    x, y = np.array(x), np.array(y)
    nodes, weights = hermegauss(48)
    omega = np.stack(np.meshgrid(nodes, nodes), axis=-1).reshape(-1, 2)
    density = np.outer(weights, weights).ravel() / (2 * np.pi)
    exact = float(np.exp(x @ y))
    for kind, features in FEATURES.items():
        parts = features(x, omega) * features(y, omega) * len(omega)
        draws = parts.reshape(-1, len(omega)).sum(axis=0)  # what each omega alone would say
        assert density @ draws == pytest.approx(exact, rel=1e-10)
        error = density @ (draws - exact) ** 2
        assert error == pytest.approx(kernel_errors(x, y, 1)[kind], rel=1e-10, abs=1e-10)


def test_errors_fall_with_the_number_of_draws_as_sampling_shows():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 3)) / 2
    tries = np.array(
        [
            [float(f(x, omega) @ f(y, omega)) for f in FEATURES.values()]
            for omega in rng.normal(size=(1000, 8, 3))
        ]
    )
    found = np.mean((tries - np.exp(x @ y)) ** 2, axis=0)
    expected = kernel_errors(x, y, 8)
    assert found == pytest.approx([expected[kind] for kind in FEATURES], rel=0.3)


# -- the delta rule -------------------------------------------------------------------------


@pytest.mark.holds("delta_write", by="derivative: jax.grad")
@given(seeds, st.sampled_from([(1, 1), (2, 5)]), st.floats(0, 1))
def test_the_delta_rule_is_a_gradient_step_of_jax(seed, shape, beta):
    rng, (c, m) = np.random.default_rng(seed), shape
    w, k, v = rng.normal(size=(m, c)), rng.normal(size=c), rng.normal(size=m)
    slope = jax.grad(lambda w: jnp.sum((v - w @ k) ** 2) / 2)(w)
    assert np.allclose(delta_write(w, k, v, beta), w - beta * slope, atol=1e-12, rtol=1e-10)


@pytest.mark.holds("dpfp", by="brute force")
@given(st.integers(1, 6), st.integers(1, 4), st.integers(0, 99))
def test_dpfp_is_made_of_products_of_rotated_parts(d, nu, seed):
    nu = min(nu, 2 * d - 1)
    x = np.random.default_rng(seed).normal(size=d)
    parts = [max(0.0, p) for p in [*x, *-x]]
    expected = [parts[i] * parts[i - j] for j in range(1, nu + 1) for i in range(2 * d)]
    assert np.allclose(dpfp(x, nu), expected, atol=1e-14, rtol=1e-10)


def test_a_quarter_of_the_features_of_a_normal_vector_is_not_zero():
    x = np.random.default_rng(0).normal(size=(500, 64))
    assert np.mean(dpfp(x, 3) > 0) == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("nu", [0, 4])
def test_dpfp_refuses_a_nu_that_it_has_no_rotation_for(nu):
    with pytest.raises(ValueError, match=f"nu is {nu}"):
        dpfp(np.ones(2), nu)


@pytest.mark.holds("capacity_loss", by="library: numpy.linalg.lstsq")
@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 99))
def test_no_memory_beats_the_capacity_loss_and_least_squares_reaches_it(s, c, seed):
    rng = np.random.default_rng(seed)
    keys = rng.normal(size=(c, s))
    loss = lambda w: np.sum((np.eye(s) - w @ keys) ** 2) / (2 * s)  # noqa: E731
    best = np.linalg.lstsq(keys.T, np.eye(s), rcond=None)[0].T
    assert loss(best) == pytest.approx(capacity_loss(s, c), abs=1e-10)
    assert loss(best + rng.normal(size=best.shape)) >= capacity_loss(s, c)


# -- 1992 -----------------------------------------------------------------------------------


@pytest.mark.holds("flip_flop", by="brute force")
def test_the_flip_flop_answers_only_the_first_b_after_an_a():
    x, target = flip_flop(np.random.default_rng(0), 400, 3)
    assert (x.sum(-1) == 1).all()
    for run in range(3):
        words = "".join("ABC"[i] for i in x[:, run].argmax(-1))
        for t, word in enumerate(words):
            past = words[:t].replace("C", "")
            assert target[t, run] == (word == "B" and past.endswith("A"))


@pytest.mark.holds("squash", by="library: scipy.special.expit")
def test_squash_is_a_logistic_function_of_scipy():
    w, change = np.random.default_rng(0).normal(size=(2, 50)) * 30
    assert np.allclose(squash(w, change), expit(10 * (w + change - 0.5)), atol=1e-15, rtol=1e-10)


def unrolled(slow, xs):
    """The fast weights after all inputs, in JAX, by the formulas alone."""

    def change(x):
        s = slow @ x
        return s if len(slow) == 3 else s[:3] * s[3]

    w = change(xs[0])
    for x in xs[1:]:
        w = jax.nn.sigmoid(10 * (w + change(x) - 0.5))
    return w


BOTH = [
    pytest.param(
        each_weight, 3, marks=pytest.mark.holds("each_weight", by="derivative: jax.jacobian")
    ),
    pytest.param(from_to, 4, marks=pytest.mark.holds("from_to", by="derivative: jax.jacobian")),
]


@pytest.mark.holds("carry", by="derivative: jax.jacobian")
@pytest.mark.parametrize(("program", "r"), BOTH)
@settings(max_examples=4)
@given(seeds)
def test_the_derivative_that_is_carried_forward_is_that_of_jax(program, r, seed):
    rng = np.random.default_rng(seed)
    slow, xs = rng.uniform(-0.3, 0.3, size=(r, 3)), rng.normal(size=(6, 3))
    w, p = program(slow, xs[0])
    assert np.allclose(p, jax.jacobian(unrolled)(slow, xs[:1]), atol=1e-14, rtol=1e-10)
    for x in xs[1:]:
        w, p = carry(w, p, *program(slow, x))
    assert np.allclose(w, unrolled(slow, xs), atol=1e-13, rtol=1e-10)
    assert np.allclose(p, jax.jacobian(unrolled)(slow, xs), atol=1e-12, rtol=1e-10)


@pytest.mark.parametrize(("program", "r"), BOTH)
def test_runs_side_by_side_are_as_each_alone(program, r):
    rng = np.random.default_rng(0)
    slow, x = rng.normal(size=(5, r, 3)), rng.normal(size=(5, 3))
    change, slope = program(slow, x)
    for i in range(5):
        alone = program(slow[i], x[i])
        assert np.allclose(change[i], alone[0], rtol=1e-10, atol=1e-10) and np.allclose(
            slope[i], alone[1], rtol=1e-10, atol=1e-10
        )


def learn(program, r, eta, n, runs, seed=7):
    rng = np.random.default_rng(seed)
    slow = rng.uniform(-0.1, 0.1, size=(runs, r, 3))
    return learn_flip_flop(program, slow, eta, *flip_flop(rng, n, runs))


@pytest.mark.holds("learn_flip_flop", by="brute force: one run after another")
@pytest.mark.parametrize(("program", "r", "eta"), [(each_weight, 3, 1.0), (from_to, 4, 0.5)])
def test_learning_many_runs_at_once_is_learning_one_after_another(program, r, eta):
    n, runs = 450, 3
    found = learn(program, r, eta, n, runs, seed=5)
    rng = np.random.default_rng(5)
    starts = rng.uniform(-0.1, 0.1, size=(runs, r, 3))
    xs, targets = flip_flop(rng, n, runs)
    for run, slow in enumerate(starts):
        x, target, right, solved = xs[:, run], targets[:, run], 0, []
        w, p = program(slow, x[0])
        for t in range(1, n):
            error = target[t] - w[x[t].argmax()]
            right = right + 1 if abs(error) <= 0.05 else 0
            solved += [t] if right >= 100 else []
            slow = slow + eta * error * p[x[t].argmax()]
            w, p = carry(w, p, *program(slow, x[t]))
        assert found[run] == min(solved, default=np.inf)


def test_the_flip_flop_is_learnt_by_both_interfaces_and_not_without_learning():
    assert np.isfinite(learn(each_weight, 3, 1.0, 600, 30)).mean() > 0.5
    assert np.isfinite(learn(from_to, 4, 0.5, 1500, 20)).mean() > 0.3
    assert not np.isfinite(learn(each_weight, 3, 0.0, 300, 30)).any()


def test_weights_that_sum_to_one_leave_a_mean_as_it_is():
    x = np.array([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(normalised(x, np.ones(2)), x)


def test_no_positions_make_no_chunk():
    assert linear_attention_chunked(*np.zeros((3, 0, 2)), size=4).shape == (0, 2)


def test_features_of_many_vectors_are_those_of_each():
    rng = np.random.default_rng(3)
    x, omega = rng.normal(size=(3, 2)), rng.normal(size=(5, 2))
    for features in (positive_features, hyperbolic_features, trigonometric_features):
        each = np.stack([features(row, omega) for row in x])
        np.testing.assert_allclose(features(x, omega), each, rtol=1e-12)


def test_dpfp_multiplies_neighbours_unless_told_to_go_further():
    x = np.array([1.0, 2.0])
    assert dpfp(x).tolist() == [0, 2, 0, 0]
