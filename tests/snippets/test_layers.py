"""The ground against JAX, SciPy, and what must hold of it."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from autograd import grad
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import TypeCheckError
from scipy import special, stats

from snippets import layers

SEEDS = st.integers(0, 2**32 - 1)


@pytest.mark.holds("softmax", by="library: scipy.special.softmax")
@given(SEEDS, st.integers(1, 9), st.integers(1, 9), st.sampled_from([0, 1, -1]))
def test_softmax_is_scipys(seed, n, d, axis):
    x = 30 * np.random.default_rng(seed).normal(size=(n, d))
    np.testing.assert_allclose(layers.softmax(x, axis), special.softmax(x, axis), rtol=1e-13)


def test_softmax_of_large_scores_is_finite():
    np.testing.assert_array_equal(layers.softmax(np.array([1e4, 0.0])), [1, 0])


@pytest.mark.holds("layer_norm", by="library: jax.nn.standardize")
@given(SEEDS, st.integers(1, 5), st.integers(2, 9))
def test_layer_norm_is_jaxs(seed, n, d):
    rng = np.random.default_rng(seed)
    x, gain, bias = rng.normal(size=(n, d)), rng.normal(size=d), rng.normal(size=d)
    ours = layers.layer_norm(x, gain, bias)
    theirs = gain * jax.nn.standardize(jnp.asarray(x), epsilon=1e-5) + bias
    np.testing.assert_allclose(ours, theirs, rtol=1e-11, atol=1e-12)


@pytest.mark.holds("gelu", by="library: jax.nn.gelu")
@given(SEEDS)
def test_gelu_is_jaxs_and_near_the_exact_one(seed):
    x = 3 * np.random.default_rng(seed).normal(size=20)
    np.testing.assert_allclose(layers.gelu(x), jax.nn.gelu(x), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(layers.gelu(x), x * stats.norm.cdf(x), atol=1e-3)


@pytest.mark.holds("relu", by="library: jax.nn.relu")
@given(SEEDS)
def test_relu_is_jaxs(seed):
    x = np.append(np.random.default_rng(seed).normal(size=9), 0.0)
    np.testing.assert_array_equal(layers.relu(x), jax.nn.relu(x))


@pytest.mark.holds("cross_entropy", by="library: scipy.special.log_softmax")
@given(SEEDS, st.integers(1, 6), st.integers(1, 9))
def test_cross_entropy_is_the_negative_log_likelihood(seed, n, v):
    rng = np.random.default_rng(seed)
    logits, targets = 10 * rng.normal(size=(n, v)), rng.integers(0, v, n)
    log_p = special.log_softmax(logits, axis=-1)
    expected = -log_p[np.arange(n), targets].mean()
    np.testing.assert_allclose(layers.cross_entropy(logits, targets), expected, rtol=1e-12)


@pytest.mark.holds("softmax", "gelu", by="derivative: jax.grad")
@given(SEEDS, st.sampled_from(["softmax", "gelu"]))
def test_autograd_differentiates_as_jax_does(seed, name):
    x = np.random.default_rng(seed).normal(size=(3, 4))
    weights = np.random.default_rng(seed + 1).normal(size=(3, 4))
    ours = grad(lambda x: (weights * getattr(layers, name)(x)).sum())(x)
    theirs = jax.grad(lambda x: (weights * getattr(jax.nn, name)(x)).sum())(jnp.asarray(x))
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-13)


@pytest.mark.holds("cross_entropy", by="derivation")
def test_the_gradient_of_cross_entropy_is_probability_less_target():
    logits, targets = np.random.default_rng(0).normal(size=(3, 5)), np.array([0, 4, 2])
    found = grad(layers.cross_entropy)(logits, targets)
    expected = (special.softmax(logits, axis=-1) - np.eye(5)[targets]) / 3
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_wrong_shape_is_refused():
    with pytest.raises(TypeCheckError):
        layers.layer_norm(np.ones((2, 3)), np.ones(4), np.zeros(3))


def test_rows_far_apart_are_normalised_each_by_itself():
    x, targets = np.array([[1e4, 1e4 - 1], [-1e4, -1e4 - 1]]), np.array([0, 1])
    np.testing.assert_allclose(layers.softmax(x), special.softmax(x, axis=-1), rtol=1e-13)
    expected = -special.log_softmax(x, axis=-1)[[0, 1], targets].mean()
    np.testing.assert_allclose(layers.cross_entropy(x, targets), expected, rtol=1e-12)
