"""Entry 2 against JAX, against sums written out, and against the paper's tables."""

from fractions import Fraction

import autograd
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jaxtyping import TypeCheckError
from scipy import stats

from snippets import transformer as t

SEEDS = st.integers(0, 2**32 - 1)


@pytest.mark.holds("attention", by="library: jax.nn.softmax")
@given(SEEDS, st.sampled_from([(1, 1, 1, 1), (2, 5, 3, 4), (6, 4, 5, 1)]))  # JAX compiles each
def test_attention_is_jaxs(seed, shape):
    rng, (n, m, d_k, d_v) = np.random.default_rng(seed), shape
    q, k, v = rng.normal(size=(n, d_k)), rng.normal(size=(m, d_k)), rng.normal(size=(m, d_v))
    weights = jax.nn.softmax(jnp.einsum("nk,mk->nm", q, k) / jnp.sqrt(d_k), axis=-1)
    np.testing.assert_allclose(t.attention(q, k, v), weights @ v, rtol=1e-11, atol=1e-13)


@pytest.mark.holds("self_attention", by="derivation: anew in JAX")
@given(SEEDS, st.sampled_from([(1, 4, 2, 3), (5, 6, 2, 2)]), st.booleans())  # JAX compiles each
def test_self_attention_is_jaxs_with_all_three_roles_from_one_text(seed, shape, causal):
    rng, (n, d, d_k, d_v) = np.random.default_rng(seed), shape
    x, w_v = rng.normal(size=(n, d)), rng.normal(size=(d, d_v))
    w_q, w_k = rng.normal(size=(2, d, d_k))
    scores = jnp.einsum("nd,dk,ek,me->nm", x, w_q, w_k, x) / jnp.sqrt(d_k)
    if causal:
        scores = scores + jnp.triu(jnp.full((n, n), -jnp.inf), 1)
    theirs = jnp.einsum("nm,md,dk->nk", jax.nn.softmax(scores), x, w_v)
    ours = t.self_attention(x, w_q, w_k, w_v, t.causal_mask(n) if causal else None)
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)


def test_the_pronoun_of_the_sentence_finds_its_noun():
    q, k = t.SENTENCE @ t.W_Q, t.SENTENCE @ t.W_K
    weights = t.attention(q, k, np.eye(len(t.WORDS)))
    assert t.WORDS[weights[t.WORDS.index("it")].argmax()] == "tea"
    assert t.SENTENCE.shape == (len(t.WORDS), len(t.TRAITS))
    for word, traits in {
        "Ann": "noun person",
        "tea": "noun thing hot",
        "it": "pronoun thing",
    }.items():
        row = t.SENTENCE[t.WORDS.index(word)]
        assert {t.TRAITS[i] for i in np.flatnonzero(row)} == set(traits.split())


@pytest.mark.holds("multi_head_attention", "causal_mask", by="derivation: anew in JAX")
@given(SEEDS, st.sampled_from([1, 4, 7]), st.sampled_from([1, 3]))
def test_causal_multi_head_attention_is_jaxs(seed, n, h):
    rng, d = np.random.default_rng(seed), 4 * h
    x, (w_q, w_k, w_v, w_o) = rng.normal(size=(n, d)), rng.normal(size=(4, d, d))
    q, k, v = (jnp.einsum("nd,dhk->hnk", x, w.reshape(d, h, 4)) for w in (w_q, w_k, w_v))
    scores = jnp.einsum("hnk,hmk->hnm", q, k) / 2 + jnp.triu(jnp.full((n, n), -jnp.inf), 1)
    heads = jnp.einsum("hnm,hmk->nhk", jax.nn.softmax(scores), v)
    theirs = jnp.einsum("nhk,hkd->nd", heads, w_o.reshape(h, 4, d))
    ours = t.multi_head_attention(x, x, w_q, w_k, w_v, w_o, h, t.causal_mask(n))
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.holds("attention", by="derivation: the visible keys alone")
@given(SEEDS, st.integers(1, 5), st.integers(1, 5))
def test_attention_with_a_mask_is_attention_to_the_visible_keys_alone(seed, n, m):
    rng = np.random.default_rng(seed)
    q, k, v = rng.normal(size=(n, 3)), rng.normal(size=(m, 3)), rng.normal(size=(m, 2))
    mask = rng.random((n, m)) < 0.5
    mask[:, rng.integers(m)] = True
    out = t.attention(q, k, v, mask)
    for i in range(n):
        alone = t.attention(q[i : i + 1], k[mask[i]], v[mask[i]])
        np.testing.assert_allclose(out[i : i + 1], alone, rtol=1e-12)


def test_a_query_that_may_look_nowhere_gets_zeros():
    x, mask = np.ones((2, 3)), np.array([[True, False], [False, False]])
    np.testing.assert_array_equal(t.attention(x, x, x, mask), [[1, 1, 1], [0, 0, 0]])
    np.testing.assert_array_equal(t.attention(x, x[:0], x[:0]), np.zeros((2, 3)))


def test_keys_and_values_of_different_number_are_refused():
    with pytest.raises(TypeCheckError):
        t.attention(np.ones((2, 3)), np.ones((4, 3)), np.ones((5, 3)))


@pytest.mark.holds("causal_mask", by="brute force")
def test_the_causal_mask_shows_each_position_itself_and_its_past():
    assert [[j <= i for j in range(5)] for i in range(5)] == t.causal_mask(5).tolist()


@pytest.mark.holds("split_heads", "merge_heads", by="brute force: head by head")
@given(SEEDS, st.integers(1, 4), st.integers(1, 5), st.integers(1, 4))
def test_heads_cut_and_merged_are_the_same_again(seed, h, n, k):
    x = np.random.default_rng(seed).normal(size=(2, n, h * k))
    heads = t.split_heads(x, h)
    assert heads.shape == (2, h, n, k)
    for i in range(h):
        np.testing.assert_array_equal(heads[:, i], x[..., i * k : (i + 1) * k])
    np.testing.assert_array_equal(t.merge_heads(heads), x)


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValueError, match="3 heads do not divide a width of 8"):
        t.split_heads(np.ones((2, 8)), 3)


@pytest.mark.holds("positional_encoding", by="derivation: powers of complex numbers")
@given(st.integers(1, 60), st.integers(1, 8))
def test_positions_are_powers_of_complex_numbers(n, half):
    one = np.exp(1j / np.geomspace(1, 10_000, half, endpoint=False))
    turned = np.cumprod([np.ones(half), *[one] * (n - 1)], axis=0)
    pe = t.positional_encoding(n, 2 * half)
    np.testing.assert_allclose(pe[:, 0::2], turned.imag, atol=1e-12, rtol=1e-10)
    np.testing.assert_allclose(pe[:, 1::2], turned.real, atol=1e-12, rtol=1e-10)


@pytest.mark.holds("rotation", by="derivation: it moves every code")
@given(st.integers(-50, 50), st.integers(1, 16))
def test_the_rotation_moves_every_code(k, half):
    pe = t.positional_encoding(120, 2 * half)
    moved = pe[50:70] @ t.rotation(k, 2 * half).T
    np.testing.assert_allclose(moved, pe[50 + k : 70 + k], atol=1e-12, rtol=1e-10)


@pytest.mark.parametrize("function", [t.positional_encoding, t.rotation])
def test_an_odd_width_is_refused(function):
    with pytest.raises(ValueError, match="the width 7 is not even"):
        function(3, 7)


@pytest.mark.holds("layers.feed_forward", by="library: jax.nn.relu")
@given(SEEDS, st.integers(1, 4))
def test_feed_forward_is_jaxs(seed, n):
    rng = np.random.default_rng(seed)
    x, w_1, b_1 = rng.normal(size=(n, 4)), rng.normal(size=(4, 6)), rng.normal(size=6)
    w_2, b_2 = rng.normal(size=(6, 4)), rng.normal(size=4)
    theirs = jax.nn.relu(x @ w_1 + b_1) @ w_2 + b_2
    np.testing.assert_allclose(t.feed_forward(x, w_1, b_1, w_2, b_2), theirs, rtol=1e-12)


@pytest.mark.holds("init_block", by="library: scipy.stats.kstest")
@pytest.mark.parametrize("cross", [False, True])
def test_initial_matrices_are_normal_and_keep_the_variance_of_what_they_read(cross):
    p = t.init_block(np.random.default_rng(0), 30, 40, cross)
    assert ("cross.w_q" in p) == cross
    for name, w in p.items():
        if w.ndim == 2:
            assert stats.kstest(w.ravel() * np.sqrt(len(w)), "norm").pvalue > 0.001
        else:
            assert (w == name.endswith("gain")).all()


def jax_attend(name, x, source, p, h, future):
    (n, d), m = x.shape, len(source)
    q = jnp.einsum("nd,dhk->hnk", x, p[f"{name}w_q"].reshape(d, h, -1))
    k, v = (jnp.einsum("md,dhk->hmk", source, p[f"{name}w_{w}"].reshape(d, h, -1)) for w in "kv")
    scores = jnp.einsum("hnk,hmk->hnm", q, k) / jnp.sqrt(d / h)
    if not future:
        scores = scores + jnp.triu(jnp.full((n, m), -jnp.inf), 1)
    heads = jnp.einsum("hnm,hmk->nhk", jax.nn.softmax(scores), v)
    out = jnp.einsum("nhk,hkd->nd", heads, p[f"{name}w_o"].reshape(h, -1, d))
    return jax.nn.standardize(x + out, epsilon=1e-5) * p[f"{name}ln1_gain"] + p[f"{name}ln1_bias"]


def jax_think(x, p):
    out = jax.nn.relu(x @ p["w_1"] + p["b_1"]) @ p["w_2"] + p["b_2"]
    return jax.nn.standardize(x + out, epsilon=1e-5) * p["ln2_gain"] + p["ln2_bias"]


@jax.jit
def jax_blocks(x, y, p):
    """The sub-layers of an encoder block and of a decoder block, for one text, two heads."""
    attended = jax_attend("", x, x, p, 2, True)
    memory = jax_think(attended, p)
    late = jax_attend("", y, y, p, 2, False)
    return attended, memory, jax_think(jax_attend("cross.", late, memory, p, 2, True), p)


@pytest.mark.holds(
    "attend", "think", "encoder_block", "decoder_block", by="derivation: anew in JAX"
)
@given(SEEDS)
def test_blocks_and_sub_layers_are_jaxs(seed):
    rng = np.random.default_rng(seed)
    p = t.init_block(rng, 8, 16, cross=True)
    p = {k: w + 0.3 * rng.normal(size=w.shape) for k, w in p.items()}
    x, y = rng.normal(size=(6, 8)), rng.normal(size=(5, 8))
    attended, memory, out = jax_blocks(x, y, p)
    ours = t.attend(x, x, p, 2)
    np.testing.assert_allclose(ours, attended, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(t.think(ours, p), memory, rtol=1e-10, atol=1e-10)
    ours = t.encoder_block(x, p, 2)
    np.testing.assert_allclose(ours, memory, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(t.decoder_block(y, ours, p, 2), out, rtol=1e-10, atol=1e-10)


@given(SEEDS)
def test_the_encoder_is_equivariant_to_permutations_and_the_decoder_is_causal(seed):
    rng = np.random.default_rng(seed)
    x, y, order = rng.normal(size=(6, 8)), rng.normal(size=(5, 8)), rng.permutation(6)
    p, p_cross = t.init_block(rng, 8, 16), t.init_block(rng, 8, 16, cross=True)
    memory = t.encoder_block(x, p, 2)
    np.testing.assert_allclose(
        t.encoder_block(x[order], p, 2), memory[order], atol=1e-11, rtol=1e-10
    )
    out = t.decoder_block(y, memory, p_cross, 2)
    np.testing.assert_allclose(
        t.decoder_block(y, memory[order], p_cross, 2), out, atol=1e-11, rtol=1e-10
    )
    y[3:] += rng.normal(size=(2, 8))
    np.testing.assert_array_equal(t.decoder_block(y, memory, p_cross, 2)[:3], out[:3])


def test_the_parts_of_a_block_are_its_sub_layers():
    rng = np.random.default_rng(0)
    x, p = rng.normal(size=(4, 8)), t.init_block(rng, 8, 16)
    half = t.attend(x, x, p, 2)
    np.testing.assert_allclose(t.think(half, p), t.encoder_block(x, p, 2), rtol=1e-14)
    assert np.allclose(half.mean(axis=-1), 0, atol=1e-12, rtol=1e-10)


@pytest.mark.holds("learning_rate", by="derivation: one over its square")
@given(st.integers(1, 10**6), st.integers(1, 2048), st.integers(1, 10_000))
def test_one_over_the_square_of_the_rate_is_the_larger_of_two_lengths(step, d, warmup):
    wanted = Fraction(d) * max(Fraction(step), Fraction(warmup**3, step**2))
    assert t.learning_rate(step, d, warmup) ** -2 == pytest.approx(float(wanted), rel=1e-10)


@pytest.mark.parametrize(("step", "rate"), [(1, 1.746928e-7), (4000, 6.987712e-4)])
def test_the_learning_rate_at_two_steps_by_hand(step, rate):
    assert float(f"{t.learning_rate(step, 512):.6e}") == rate


def test_step_zero_is_refused():
    with pytest.raises(ValueError, match="learning_rate: step must be 1 or more"):
        t.learning_rate(0, 512)


@pytest.mark.holds("transformer_parameters", by="brute force: arrays counted")
@given(st.integers(1, 5), st.integers(1, 9), st.integers(0, 3), st.integers(1, 50))
def test_the_count_is_that_of_the_arrays(k, f, layers, v):
    """Counts the arrays of init_block for the whole model, with two heads."""
    rng, d = np.random.default_rng(0), 2 * k
    blocks = [t.init_block(rng, d, f, cross) for cross in (False, True) for _ in range(layers)]
    total = sum(a.size for p in blocks for a in p.values()) + v * d
    assert t.transformer_parameters(d, f, layers, 2, k, k, v) == total


@pytest.mark.holds("training_flops", by="published table: Vaswani et al. 2017, Table 2")
def test_training_flops_of_the_big_model():
    assert f"{t.training_flops(3.5 * 86_400, 8, 9.5e12):.1e}" == "2.3e+19"


def test_a_key_that_no_query_sees_is_no_error():
    x, mask = np.eye(2), np.array([[True, False], [True, False]])
    np.testing.assert_array_equal(t.attention(x, x, x, mask), x[[0, 0]])


def test_initial_matrices_keep_the_variance_of_what_they_read():
    p = t.init_block(np.random.default_rng(0), 128, 512)
    matrices = [w for w in p.values() if w.ndim == 2]
    assert len(matrices) == 6  # no attention to an encoder, unless it is asked for
    for w in matrices:
        assert w.std() * np.sqrt(len(w)) == pytest.approx(1, rel=0.03)


def test_the_vocabulary_of_the_base_model_is_that_of_section_5_1():
    assert t.transformer_parameters() - t.transformer_parameters(vocabulary=0) == 512 * 37_000


def test_a_sub_layer_adds_what_it_finds_to_what_it_read():
    x, same = np.array([[1.0, 2, 4, 9]]), np.eye(4)
    p = t.init_block(np.random.default_rng(0), 4, 4)
    p |= {"w_v": same, "w_o": same, "w_1": same, "w_2": same}
    twice = jax.nn.standardize(2 * x, epsilon=1e-5)
    np.testing.assert_allclose(t.attend(x, x, p, 1), twice, rtol=1e-9)
    np.testing.assert_allclose(t.think(x, p), twice, rtol=1e-9)


@pytest.mark.holds("attention", by="derivative: a nudge")
def test_the_gradient_is_finite_where_a_query_may_look_nowhere():
    rng = np.random.default_rng(0)
    x, weights = rng.normal(size=(2, 2, 3, 4))
    blind = np.array([[[True, False, True], [False] * 3, [True] * 3], [[False] * 3] * 3])

    def loss(x):
        return autograd.numpy.sum(weights * t.attention(x, x, x, blind))

    slope = autograd.grad(loss)(x)
    assert not slope[1].any()  # nobody looks at anything there
    nudge = 1e-6 * rng.normal(size=x.shape)
    rise = (loss(x + nudge) - loss(x - nudge)) / 2
    assert rise == pytest.approx((slope * nudge).sum(), rel=1e-6)


# -- texts of unequal length -----------------------------------------------------------------


def padded(rng, lengths, d, left):
    """Texts of these lengths, alone and as one batch with padding that is far from zero."""
    n, alone = max(lengths), [rng.normal(size=(length, d)) for length in lengths]
    batch, real = (
        9 * rng.normal(size=(len(lengths), n, d)),
        np.zeros((len(lengths), n), dtype=bool),
    )
    for i, x in enumerate(alone):
        here = slice(n - len(x), n) if left else slice(len(x))
        batch[i, here], real[i, here] = x, True
    return alone, batch, real


LENGTHS = st.lists(st.integers(0, 6), min_size=1, max_size=3)


@pytest.mark.holds("padding_mask", by="derivation: each text alone")
@settings(max_examples=15)
@given(SEEDS, LENGTHS, LENGTHS, st.booleans(), st.booleans())
def test_padding_changes_no_state_of_a_block(seed, lengths, others, left, other_left):
    rng = np.random.default_rng(seed)
    p, b = t.init_block(rng, 8, 16, cross=True), min(len(lengths), len(others))
    alone, x, real = padded(rng, lengths[:b], 8, left)
    sources, source, read = padded(rng, others[:b], 8, other_left)
    encoded = t.encoder_block(x, p, 2, real)
    decoded = t.decoder_block(x, source, p, 2, real, read)
    for i in range(b):
        same = {"rtol": 1e-10, "atol": 1e-10}
        np.testing.assert_allclose(encoded[i, real[i]], t.encoder_block(alone[i], p, 2), **same)
        wanted = t.decoder_block(alone[i], sources[i], p, 2)
        np.testing.assert_allclose(decoded[i, real[i]], wanted, **same)


def test_a_mask_for_each_text_is_the_same_for_all_heads():
    rng = np.random.default_rng(0)
    x, weights = rng.normal(size=(3, 4, 8)), rng.normal(size=(4, 8, 8))
    mask = rng.random((3, 4, 4)) < 0.5
    ours = t.multi_head_attention(x, x, *weights, 2, mask)
    for i in range(3):
        alone = t.multi_head_attention(x[i], x[i], *weights, 2, mask[i])
        np.testing.assert_allclose(ours[i], alone, rtol=1e-12)
