"""Entry 3 against JAX's derivatives, SciPy's distributions and the paper's lemmas."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from autograd import grad
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from snippets.layer_norm import (
    FEATURES,
    backward,
    errors,
    init_theory,
    jacobian,
    jacobian_norm,
    last_gradient,
    loss,
    normalise,
    output,
    post_ln,
    pre_ln,
    residual,
    small_case,
    states,
    theory_sublayers,
)
from snippets.layers import IGNORED, cross_entropy

seeds = st.integers(0, 2**32 - 1)
widths = st.sampled_from([3, 8, 17])


def standardise(x):
    """LayerNorm by JAX, to be differentiated."""
    return jax.nn.standardize(x, axis=-1, epsilon=0.0)


def stack(kind, w, x):
    """The whole stack again, written layer by layer on JAX arrays."""
    dual = x
    for w_v, w_1, w_2 in w:
        for f in (
            lambda h, w_v=w_v: jnp.tile(h.mean(0) @ w_v, (len(h), 1)),
            lambda h, w_1=w_1, w_2=w_2: jax.nn.relu(h @ w_1) @ w_2,
        ):
            if kind == "pre":
                x = x + f(standardise(x))
            else:
                out = f(x)
                x, dual = standardise(x + out), dual + out
    return {"pre": standardise(x), "post": x, "residual": x + standardise(dual)}[kind]


@partial(jax.jit, static_argnums=1)
@partial(jax.value_and_grad, has_aux=True)
def reference(w, kind, x, w_emb, targets):
    """JAX's ((loss, output), gradient of the loss for all weights)."""
    out = stack(kind, w, x)
    log_p = jax.nn.log_softmax(out @ w_emb.T)
    return -log_p[jnp.arange(len(x)), targets].mean(), out


automatic_jacobian = jax.jit(jax.jacobian(standardise))


def example(seed, n=7, d=8, n_layers=2, v=5):
    rng = np.random.default_rng(seed)
    w = init_theory(rng, d, n_layers)
    return w, rng.normal(size=(n, d)), rng.normal(size=(v, d)), rng.integers(v, size=n)


@pytest.mark.holds("small_case", by="derivation: three patterns of spread 1, at right angles")
def test_each_sublayer_of_the_small_case_writes_something_new_of_spread_1():
    bank, written = small_case()
    patterns = np.array([bank, *written])
    centred = stats.zscore(patterns, axis=-1)
    np.testing.assert_allclose(centred @ centred.T, 4 * np.eye(3), atol=1e-12)
    np.testing.assert_array_equal(patterns.std(axis=-1), 1)
    np.testing.assert_array_equal(patterns.mean(axis=-1), [0, 1, 1])
    total = patterns.sum(axis=0)
    assert FEATURES[int(total.argmax())] == "shore"
    assert len(set(total[1:])) == 1


@pytest.mark.holds("normalise", by="library: scipy.stats.zscore")
@given(seeds, widths)
def test_normalise_is_the_z_score(seed, d):
    x = np.random.default_rng(seed).normal(size=(3, d))
    np.testing.assert_allclose(normalise(x), stats.zscore(x, axis=-1), atol=1e-10, rtol=1e-10)


@pytest.mark.holds("jacobian", by="derivative: jax.jacobian")
@given(seeds, widths)
def test_jacobian_is_the_automatic_derivative(seed, d):
    x = np.random.default_rng(seed).normal(size=d)
    np.testing.assert_allclose(jacobian(x), automatic_jacobian(x), atol=1e-10, rtol=1e-10)


@pytest.mark.holds("jacobian_norm", by="library: numpy.linalg.svd")
@given(seeds, widths)
def test_jacobian_has_rank_d_minus_2_and_all_other_singular_values_equal(seed, d):
    x = np.random.default_rng(seed).normal(size=d)
    values = np.linalg.svd(jacobian(x), compute_uv=False)
    np.testing.assert_allclose(values[:-2], jacobian_norm(x), rtol=1e-10)
    np.testing.assert_allclose(values[-2:], 0, atol=1e-9 * values[0], rtol=1e-10)


@pytest.mark.holds("backward", by="derivative: jax.jacobian")
@given(seeds, widths)
def test_backward_is_the_vector_jacobian_product(seed, d):
    x, g = np.random.default_rng(seed).normal(size=(2, 4, d))
    wanted = [row @ automatic_jacobian(v) for v, row in zip(x, g, strict=True)]
    np.testing.assert_allclose(backward(x, g), wanted, atol=1e-10, rtol=1e-10)


def test_a_constant_or_flat_vector_is_refused():
    with pytest.raises(ValueError, match="constant vector"):
        jacobian(np.full(4, 3.0))
    with pytest.raises(ValueError, match="constant vector"):
        jacobian_norm(np.ones((2, 4)))
    with pytest.raises(ValueError, match="fewer than 3"):
        jacobian_norm(np.array([1.0, 2.0]))


@pytest.mark.holds("post_ln", "pre_ln", "residual", by="library: scipy.stats.zscore")
@given(seeds)
def test_steps_place_the_norm_after_the_sum_or_before_the_sublayer(seed):
    x, dual, w = np.random.default_rng(seed).normal(size=(3, 6, 6))

    def f(h):
        return np.tanh(h @ w)

    np.testing.assert_allclose(
        post_ln(x, f), stats.zscore(x + f(x), axis=-1), atol=1e-10, rtol=1e-10
    )
    np.testing.assert_allclose(
        pre_ln(x, f), x + f(stats.zscore(x, axis=-1)), atol=1e-10, rtol=1e-10
    )
    first, second = residual(x, dual, f)
    np.testing.assert_allclose(first, post_ln(x, f), atol=1e-12, rtol=1e-10)
    np.testing.assert_allclose(second - dual, f(x), atol=1e-12, rtol=1e-10)


@pytest.mark.holds("output", "loss", "theory_sublayers", by="derivation: anew in JAX")
@given(seeds, st.sampled_from(["post", "pre", "residual"]))
def test_output_and_loss_are_those_of_the_stack_in_jax(seed, kind):
    w, x, w_emb, targets = example(seed)
    (wanted_loss, wanted), _ = reference(w, kind, x, w_emb, targets)
    np.testing.assert_allclose(
        output(kind, x, theory_sublayers(w)), wanted, atol=1e-10, rtol=1e-10
    )
    ours = loss(kind, w, x, w_emb, targets)
    np.testing.assert_allclose(ours, wanted_loss, rtol=1e-10)


def test_states_begin_with_the_input_and_follow_each_sublayer():
    w, x, *_ = example(0)
    for kind in ("post", "pre"):
        found = states(kind, x, theory_sublayers(w))
        assert len(found) == 1 + 2 * len(w)
        np.testing.assert_array_equal(found[0], x)
        shorter = states(kind, x, theory_sublayers(w[:1]))
        np.testing.assert_array_equal(found[2], shorter[-1])


@pytest.mark.holds("states", by="derivation: anew in JAX, one layer more each time")
@pytest.mark.parametrize("kind", ["post", "pre"])
def test_states_are_the_tops_of_the_shorter_stacks_in_jax(kind):
    w, x, *_ = example(2)
    found = states(kind, x, theory_sublayers(w))
    for layers in range(len(w) + 1):
        top = found[2 * layers]
        if kind == "pre" or not layers:
            top = normalise(top)  # the stack in JAX ends with one
        wanted = stack(kind, w[:layers], x) if layers else standardise(x)
        np.testing.assert_allclose(top, wanted, rtol=1e-10, atol=1e-10)


def test_an_unknown_kind_is_refused():
    w, x, *_ = example(0)
    with pytest.raises(ValueError, match="'peri'"):
        states("peri", x, theory_sublayers(w))
    with pytest.raises(ValueError, match="'peri'"):
        output("peri", x, theory_sublayers(w))


@pytest.mark.holds("last_gradient", by="derivative: jax.grad")
@given(seeds, st.sampled_from(["post", "pre"]))
def test_last_gradient_is_the_automatic_derivative(seed, kind):
    w, x, w_emb, targets = example(seed)
    _, wanted = reference(w, kind, x, w_emb, targets)
    ours = last_gradient(kind, w, x, w_emb, targets)
    np.testing.assert_allclose(ours, wanted[-1, 2], atol=1e-10, rtol=1e-10)


@pytest.mark.holds("theory_sublayers", by="library: jax.nn.softmax")
def test_uniform_attention_is_what_zero_queries_and_keys_give():
    w, x, *_ = example(1)
    zero = jnp.zeros((8, 8))
    scores = (x @ zero) @ (x @ zero).T
    wanted = jax.nn.softmax(scores) @ (x @ w[0, 0])
    np.testing.assert_allclose(theory_sublayers(w)[0](x), wanted, atol=1e-12, rtol=1e-10)


@pytest.mark.holds("init_theory", by="library: scipy.stats.kstest")
def test_initial_weights_have_the_variance_of_xavier():
    w = init_theory(np.random.default_rng(0), 64, 2)
    assert w.shape == (2, 3, 64, 64)
    assert stats.kstest(w.ravel() * 8, "norm").pvalue > 0.01


def test_the_bound_of_definition_1_holds_for_gaussian_vectors():
    for d, eps in ((512, 0.1), (512, 0.3), (64, 0.5)):
        assert stats.chi2(d).sf(d * (1 + eps)) <= np.exp(-d * eps**2 / 8)


def test_three_numbers_are_enough_for_a_jacobian_and_each_vector_has_its_own():
    x = np.array([[1.0, 2, 6], [0, 0, 9]])
    alone = [np.linalg.norm(jax.jacfwd(jax.nn.standardize)(row), 2) for row in x]
    np.testing.assert_allclose(jacobian_norm(x), alone, rtol=1e-3)


@pytest.mark.holds("errors", by="derivative: autograd")
@given(seeds, st.lists(st.booleans(), min_size=1, max_size=6))
def test_errors_are_the_gradient_of_the_loss_also_where_a_target_is_ignored(seed, counted):
    rng, counted = np.random.default_rng(seed), np.array(counted)
    logits = rng.normal(size=(len(counted), 5))
    targets = np.where(counted, rng.integers(5, size=len(counted)), IGNORED)
    if counted.any():
        wanted = grad(cross_entropy)(logits, targets)
        np.testing.assert_allclose(errors(logits, targets), wanted, rtol=1e-12, atol=1e-15)
    else:
        with pytest.raises(ValueError, match="targets has none to predict"):
            errors(logits, targets)


@pytest.mark.parametrize("kind", ["post", "pre"])
@pytest.mark.parametrize("bad", [-1, -100, 99])
def test_loss_and_gradient_count_and_refuse_the_same_targets(kind, bad):
    w, x, w_emb, targets = example(0)
    targets = np.concatenate([targets[:-1], [bad]])
    if bad == -100:
        wanted = grad(lambda w: loss(kind, w, x, w_emb, targets))(w)[-1, 2]
        ours = last_gradient(kind, w, x, w_emb, targets)
        np.testing.assert_allclose(ours, wanted, rtol=1e-9, atol=1e-12)
        return
    for function in (loss, last_gradient):
        with pytest.raises(ValueError, match=f"targets must be 0 to .*, one is {bad}$"):
            function(kind, w, x, w_emb, targets)


def test_a_constant_vector_is_refused_wherever_it_is_normalised():
    x = np.full((2, 4), 3.0)
    for function in (normalise, lambda x: backward(x, x), lambda x: pre_ln(x, normalise)):
        with pytest.raises(ValueError, match="a constant vector"):
            function(x)
