"""The ground against JAX, SciPy, and what must hold of it."""

import traceback

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from autograd import grad, value_and_grad
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
    with pytest.raises(TypeCheckError) as caught:
        layers.layer_norm(np.ones((2, 3)), np.ones(4), np.zeros(3))
    shown = "".join(traceback.format_exception(caught.value))
    assert (
        "parameter 'gain'" in shown and shown.count("\n") < 30
    )  # the checker's own calls left out


def test_rows_far_apart_are_normalised_each_by_itself():
    x, targets = np.array([[1e4, 1e4 - 1], [-1e4, -1e4 - 1]]), np.array([0, 1])
    np.testing.assert_allclose(layers.softmax(x), special.softmax(x, axis=-1), rtol=1e-13)
    expected = -special.log_softmax(x, axis=-1)[[0, 1], targets].mean()
    np.testing.assert_allclose(layers.cross_entropy(x, targets), expected, rtol=1e-12)


# -- masks, and texts of unequal length ------------------------------------------------------


@pytest.mark.holds("softmax", by="library: scipy.special.softmax")
@given(SEEDS, st.integers(0, 6), st.integers(0, 6), st.sampled_from([1.0, 1e3, 1e300]))
def test_a_masked_softmax_is_that_of_what_is_seen(seed, n, m, size):
    rng = np.random.default_rng(seed)
    x, mask = size * rng.normal(size=(n, m)), rng.random((n, m)) < 0.5
    ours = layers.softmax(x, mask=mask)
    for row, seen, weights in zip(x, mask, ours, strict=True):
        assert not weights[~seen].any()
        if seen.any():
            np.testing.assert_allclose(weights[seen], special.softmax(row[seen]), rtol=1e-12)


@pytest.mark.holds("log_softmax", by="library: scipy.special.log_softmax")
@given(SEEDS, st.integers(1, 6), st.sampled_from([1.0, 1e3]))
def test_log_softmax_is_scipys(seed, n, size):
    x = size * np.random.default_rng(seed).normal(size=(n, 7))
    np.testing.assert_allclose(layers.log_softmax(x), special.log_softmax(x, -1), rtol=1e-12)


@pytest.mark.holds("cross_entropy", by="derivation: without what is ignored")
@given(SEEDS, st.lists(st.booleans(), min_size=1, max_size=8))
def test_targets_of_minus_100_change_neither_loss_nor_gradient(seed, counted):
    rng, counted = np.random.default_rng(seed), np.array(counted)
    logits = rng.normal(size=(len(counted), 5))
    targets = np.where(counted, rng.integers(5, size=len(counted)), layers.IGNORED)
    if not counted.any():
        with pytest.raises(ValueError, match="cross_entropy: targets has none to predict"):
            layers.cross_entropy(logits, targets)
        return
    ours, slope = value_and_grad(layers.cross_entropy)(logits, targets)
    wanted, alone = value_and_grad(layers.cross_entropy)(logits[counted], targets[counted])
    np.testing.assert_allclose(ours, wanted, rtol=1e-14)
    np.testing.assert_allclose(slope[counted], alone, rtol=1e-14)
    assert not slope[~counted].any()


@pytest.mark.parametrize("bad", [-1, -99, 5, 2**31 - 1])
def test_a_target_that_is_no_token_is_refused(bad):
    with pytest.raises(ValueError, match=f"^cross_entropy: targets must be 0 to 4, one is {bad}$"):
        layers.cross_entropy(np.zeros((2, 5)), np.array([1, bad]))


@pytest.mark.holds("picked", by="brute force")
@given(SEEDS, st.integers(0, 4), st.integers(1, 5))
def test_one_number_is_picked_of_each_row(seed, n, v):
    rng = np.random.default_rng(seed)
    x, i = rng.normal(size=(2, n, v)), rng.integers(v, size=(2, n))
    wanted = [[x[a, b, i[a, b]] for b in range(n)] for a in range(2)]
    np.testing.assert_array_equal(layers.picked(x, i), np.reshape(wanted, (2, n)))


TEXTS = st.lists(st.lists(st.integers(0, 9), max_size=5), min_size=1, max_size=4)


@pytest.mark.holds("pad", "all_real", "positions", by="brute force: token by token")
@given(TEXTS, st.booleans())
def test_texts_are_padded_and_found_again(texts, left):
    tokens, real = layers.pad([np.array(text, dtype=int) for text in texts], 7, left)
    places = layers.positions(real)
    assert tokens.shape == (len(texts), max(map(len, texts)))
    for text, row, here, place in zip(texts, tokens, real, places, strict=True):
        assert row[here].tolist() == text and (row[~here] == 7).all()
        assert place[here].tolist() == list(range(len(text)))
        assert (here if not left else here[::-1]).tolist() == [True] * len(text) + [False] * (
            len(row) - len(text)
        )
    assert layers.all_real(tokens, real) is real
    assert layers.all_real(tokens).all() and layers.all_real(tokens).shape == tokens.shape


@pytest.mark.holds("first", "last", by="brute force: text by text")
@given(SEEDS, TEXTS, st.booleans())
def test_first_and_last_are_those_of_each_text(seed, texts, left):
    tokens, real = layers.pad([np.array(text, dtype=int) for text in texts], left=left)
    x = np.random.default_rng(seed).normal(size=(*tokens.shape, 3))
    for function, at in ((layers.first, 0), (layers.last, -1)):
        if min(map(len, texts)) == 0:
            with pytest.raises(ValueError, match="leaves a text without a token"):
                function(x, real)
        else:
            wanted = [row[here][at] for row, here in zip(x, real, strict=True)]
            np.testing.assert_array_equal(function(x, real), wanted)


def test_no_texts_are_no_batch():
    with pytest.raises(ValueError, match=r"^pad: texts is empty$"):
        layers.pad([])


@pytest.mark.holds("check_ids", "check_sizes", by="brute force")
def test_what_is_refused_is_named():
    layers.check_ids("f: x", np.array([0, 3]), 4)
    layers.check_sizes("f", 1, a=1, b=2)
    with pytest.raises(ValueError, match=r"^f: x must be 0 to 3, one is 4$"):
        layers.check_ids("f: x", np.array([0, 4]), 4)
    with pytest.raises(ValueError, match=r"^f: b must be 1 or more$"):
        layers.check_sizes("f", 1, a=1, b=0)


def test_a_constant_vector_has_no_norm_without_an_eps():
    x, one = np.full((2, 3), 5.0), np.ones(3)
    np.testing.assert_array_equal(layers.layer_norm(x, one, one), np.ones((2, 3)))
    with pytest.raises(ValueError, match="layer_norm: a constant vector needs an eps above 0"):
        layers.layer_norm(x, one, one, eps=0.0)
