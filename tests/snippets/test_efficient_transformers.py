"""The surveys of part 2 against brute force, JAX, autograd and NumPy's own 16 bits."""

import math
import struct
from functools import reduce

import autograd.numpy as anp
import jax
import numpy as np
import pytest
from autograd import grad
from hypothesis import given
from hypothesis import strategies as st

from snippets.efficient_transformers import (
    WORDS,
    activations,
    adam_bytes,
    backward,
    block_attention,
    block_mask,
    checkpointed,
    descend,
    exponential_features,
    ffn_share,
    global_mask,
    half,
    hash_mask,
    kernel_attention,
    local_attention,
    local_mask,
    low_rank_attention,
    scaled_gradient,
    small_case,
    sparse_attention,
    strided_mask,
)
from snippets.fast_weights import linear_attention
from snippets.figures import efficient_transformers as figures
from snippets.transformer import attention

seeds = st.integers(0, 2**32 - 1)
lengths = st.integers(1, 16)


def brute(q, k, v, sees):
    """Attention one query at a time, over the keys that a rule lets it see."""
    out = np.zeros(v.shape)
    for i in range(len(q)):
        keys = [j for j in range(len(k)) if sees(i, j)]
        weights = [math.exp(float(q[i] @ k[j]) / math.sqrt(q.shape[1])) for j in keys]
        total = math.fsum(weights)
        out[i] = sum(w / total * v[j] for w, j in zip(weights, keys, strict=True))
    return out


def draw(seed, n, d=3):
    return np.random.default_rng(seed).normal(size=(3, n, d))


@pytest.mark.holds("local_attention", "sparse_attention", "local_mask", by="brute force")
@given(seeds, lengths, st.integers(0, 18))
def test_local_attention_sees_what_is_near(seed, n, w):
    q, k, v = draw(seed, n)
    near = brute(q, k, v, lambda i, j: abs(i - j) <= w)
    np.testing.assert_allclose(local_attention(q, k, v, w), near, atol=1e-12, rtol=1e-10)
    out, scores = sparse_attention(q, k, v, local_mask(n, w))
    np.testing.assert_allclose(out, near, atol=1e-12, rtol=1e-10)
    assert scores == sum(abs(i - j) <= w for i in range(n) for j in range(n))


@pytest.mark.holds("block_attention", "sparse_attention", "block_mask", by="brute force")
@given(seeds, st.integers(1, 5), st.integers(1, 5))
def test_block_attention_sees_its_block(seed, b, blocks):
    n = b * blocks
    q, k, v = draw(seed, n)
    inside = brute(q, k, v, lambda i, j: i // b == j // b)
    np.testing.assert_allclose(block_attention(q, k, v, b), inside, atol=1e-12, rtol=1e-10)
    out, scores = sparse_attention(q, k, v, block_mask(n, b))
    np.testing.assert_allclose(out, inside, atol=1e-12, rtol=1e-10)
    assert scores == n * b


@pytest.mark.holds("strided_mask", "global_mask", by="brute force")
@given(lengths, st.integers(1, 17), st.integers(0, 17))
def test_strided_and_global_masks_follow_their_rules(n, s, g):
    for i in range(n):
        for j in range(n):
            assert strided_mask(n, s)[i, j] == (abs(i - j) % s == 0)
            assert global_mask(n, g)[i, j] == (i < g or j < g)


@pytest.mark.holds("small_case", by="brute force: word by word, from what each asks for")
def test_the_small_case_gives_whole_weights():
    nouns, verbs = {"dog": 8, "town": 4, "we": 2}, {"barked": 8, "saw": 4}
    q, k, v = small_case()
    for i, asks in enumerate(WORDS):
        fits = verbs if asks in {"dog", "we", "town", "loudly"} else nouns
        weights = [fits.get(word, 1) for word in WORDS]
        shares = {word: w / sum(weights) for word, w in zip(WORDS, weights, strict=True)}
        dog, town = shares["dog"], shares["town"]
        np.testing.assert_allclose(np.exp(q[i] @ k.T / np.sqrt(3)), weights, rtol=1e-12)
        np.testing.assert_allclose(attention(q, k, v)[i], [dog, town, 1 - dog - town], rtol=1e-12)


@pytest.mark.holds("hash_mask", by="brute force")
@given(seeds, lengths, st.integers(1, 4))
def test_a_bucket_is_the_nearest_of_the_directions_and_their_opposites(seed, n, r):
    rng = np.random.default_rng(seed)
    q, k, directions = rng.normal(size=(n, 3)), rng.normal(size=(n, 3)), rng.normal(size=(3, r))

    def bucket(x):
        ways = [sign * directions[:, j] for sign in (1, -1) for j in range(r)]
        return max(range(2 * r), key=lambda i: math.fsum(x * ways[i]))

    mask = hash_mask(q, k, directions)
    for i in range(n):
        for j in range(n):
            assert mask[i, j] == (bucket(q[i]) == bucket(k[j]))


def test_a_hash_does_not_see_how_long_a_vector_is():
    rng = np.random.default_rng(0)
    q, k, directions = rng.normal(size=(3, 9, 9))
    np.testing.assert_array_equal(hash_mask(q, k, directions), hash_mask(7 * q, k / 3, directions))


@given(seeds, lengths)
def test_each_kind_is_full_attention_at_its_limit(seed, n):
    q, k, v = draw(seed, n)
    full = brute(q, k, v, lambda i, j: True)
    rng = np.random.default_rng(seed)
    shuffle = np.eye(n)[rng.permutation(n)]
    scale = 3**-0.25
    features = [exponential_features(x / 5 * scale, 8) for x in (q, k)]
    limits = [
        local_attention(q, k, v, n - 1),
        block_attention(q, k, v, n),
        low_rank_attention(q, k, v, np.eye(n), np.eye(n)),
        low_rank_attention(q, k, v, shuffle, shuffle),
        *(
            sparse_attention(q, k, v, mask)[0]
            for mask in (local_mask(n, n), strided_mask(n, 1), global_mask(n, n))
        ),
    ]
    for out in limits:
        np.testing.assert_allclose(out, full, atol=1e-12, rtol=1e-10)
    small = brute(q / 5, k / 5, v, lambda i, j: True)
    np.testing.assert_allclose(kernel_attention(*features, v), small, atol=1e-10, rtol=1e-10)


@pytest.mark.holds("kernel_attention", by="derivation: all weights at once")
@given(seeds, lengths, st.integers(1, 5))
def test_kernel_attention_is_the_linear_attention_of_entry_4(seed, n, c):
    rng = np.random.default_rng(seed)
    q, k, v = rng.random((n, c)) + 0.1, rng.random((n, c)) + 0.1, rng.normal(size=(n, 2))
    np.testing.assert_allclose(
        kernel_attention(q, k, v), linear_attention(q, k, v), atol=1e-12, rtol=1e-10
    )


@pytest.mark.holds("exponential_features", by="derivation: the series")
@given(seeds, st.integers(0, 6), st.integers(1, 3))
def test_features_sum_up_the_exponential_series(seed, degree, d):
    x, y = np.random.default_rng(seed).normal(size=(2, 1, d))
    dot = float(x[0] @ y[0])
    series = sum(dot**j / math.factorial(j) for j in range(degree + 1))
    features = exponential_features(x, degree), exponential_features(y, degree)
    assert float(features[0][0] @ features[1][0]) == pytest.approx(series, abs=1e-10)
    assert features[0].shape[1] == sum(d**j for j in range(degree + 1))


@pytest.mark.holds("low_rank_attention", by="library: jax.nn.softmax")
@given(seeds)
def test_low_rank_attention_by_jax(seed):
    rng = np.random.default_rng(seed)
    q, k, v = rng.normal(size=(3, 7, 4))
    e, f = rng.normal(size=(2, 3, 7))
    weights = jax.nn.softmax(q @ (e @ k).T / 2, axis=1)
    np.testing.assert_allclose(
        low_rank_attention(q, k, v, e, f), weights @ (f @ v), atol=1e-13, rtol=1e-10
    )


@pytest.mark.holds("ffn_share", by="brute force: products counted")
@given(st.integers(1, 40), st.integers(1, 40))
def test_the_share_of_the_feed_forward_part_by_counting_products(n, d):
    products = 0

    class Counted:
        def __init__(self, shape):
            self.shape = shape

        def __matmul__(self, other):
            nonlocal products
            products += self.shape[0] * self.shape[1] * other.shape[1]
            return Counted((self.shape[0], other.shape[1]))

    x, square = Counted((n, d)), Counted((d, d))
    q, k, v = x @ square, x @ square, x @ square
    _ = (q @ Counted((k.shape[1], k.shape[0])) @ v) @ square
    attention_part = products
    _ = x @ Counted((d, 4 * d)) @ Counted((4 * d, d))
    assert ffn_share(n, d) == pytest.approx((products - attention_part) / products, rel=1e-10)


@pytest.mark.holds("checkpointed", by="derivative: autograd.grad")
@given(seeds, st.integers(1, 9), st.data())
def test_gradients_with_checkpoints_are_those_of_autograd(seed, l_, data):
    every = data.draw(st.integers(1, l_))
    rng = np.random.default_rng(seed)
    w, x = rng.normal(size=(l_, 3, 3)), rng.normal(size=(2, 3))
    dy = rng.normal(size=(2, 3))

    def loss(w):
        y = x
        for t in range(l_):
            y = anp.tanh(anp.dot(y, w[t]))
        return anp.sum(y * dy)

    grads, most, computed = checkpointed(w, x, dy, every)
    np.testing.assert_allclose(grads, grad(loss)(w), atol=1e-11, rtol=1e-10)
    sizes = [len(range(l_)[i : i + every]) for i in range(0, l_, every)]
    assert most == max(i + size + 1 for i, size in enumerate(sizes))
    assert computed == 2 * l_


@pytest.mark.holds("activations", "backward", by="derivative: jax.vjp")
@given(seeds)
def test_the_backward_pass_by_jax(seed):
    rng = np.random.default_rng(seed)
    w, x, dy = rng.normal(size=(4, 3, 3)), rng.normal(size=(2, 3)), rng.normal(size=(2, 3))

    def run(w, x):
        for layer in w:
            x = jax.numpy.tanh(x @ layer)
        return x

    inputs = activations(w, x)
    out, pullback = jax.vjp(run, w, x)
    np.testing.assert_allclose(inputs[-1], out, atol=1e-13, rtol=1e-10)
    dw, dx = pullback(jax.numpy.asarray(dy))
    mine, dx_mine = backward(w, inputs, dy)
    np.testing.assert_allclose(np.array(mine), dw, atol=1e-12, rtol=1e-10)
    np.testing.assert_allclose(dx_mine, dx, atol=1e-12, rtol=1e-10)


def through_16_bits(x):
    """The same numbers through the format of two bytes of Python's struct."""
    packed = struct.pack(f"{x.size}e", *x.ravel())
    return np.array(struct.unpack(f"{x.size}e", packed)).reshape(x.shape)


@pytest.mark.holds("half", "scaled_gradient", by="library: struct")
@given(seeds, st.sampled_from([8.0, 1024.0, 3.0]))
def test_16_bits_are_those_of_pythons_struct(seed, scale):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(2, 30)) * 10.0 ** rng.integers(-9, 1, size=(2, 30))
    np.testing.assert_array_equal(half(x), through_16_bits(x))
    np.testing.assert_array_equal(scaled_gradient(x, scale), through_16_bits(x * scale) / scale)


@pytest.mark.holds("descend", by="library: struct")
@given(seeds)
def test_a_master_copy_rounds_once_and_16_bits_round_at_every_step(seed):
    rng = np.random.default_rng(seed)
    w, gradients = half(rng.normal(size=3)), rng.normal(size=(5, 3)) / 50
    updates = through_16_bits(gradients) / 8
    once = through_16_bits(
        np.array([math.fsum([a, *-b]) for a, b in zip(w, updates.T, strict=True)])
    )
    np.testing.assert_array_equal(descend(w, gradients, 1 / 8, master=True), once)
    each = reduce(lambda w, step: through_16_bits(w - step), updates, w)
    np.testing.assert_array_equal(descend(w, gradients, 1 / 8, master=False), each)


@pytest.mark.holds("half", by="derivation: the neighbours of its bits")
@given(st.integers(0, 2**15 - 2**10 - 1))
def test_half_leaves_numbers_of_16_bits_alone_and_takes_the_nearest(bits):
    x, above = (float(np.array(b, dtype=np.uint16).view(np.float16)) for b in (bits, bits + 1))
    assert float(half(np.array(x))) == x
    if np.isfinite(above):
        assert float(half(np.array(x + 0.4 * (above - x)))) == x
        assert float(half(np.array(x + 0.6 * (above - x)))) == above


def test_the_master_copy_keeps_what_16_bits_lose():
    gradients = np.full((1024, 1), 2.0**-13)
    assert descend(np.ones(1), gradients, 1.0, master=False)[0] == 1
    assert descend(np.ones(1), gradients, 1.0, master=True)[0] == 1 - 2**-3


def test_a_scaled_loss_keeps_small_gradients():
    g = np.array([2.0**-26, 3 * 2.0**-24])
    assert half(g)[0] == 0
    np.testing.assert_array_equal(scaled_gradient(g, 8.0), g)


@pytest.mark.holds("adam_bytes", by="published table: Rajbhandari et al. 2020, §3.1")
def test_bytes_of_gpt_2_are_those_of_the_paper():
    assert adam_bytes(1.5e9) == 24e9


@pytest.mark.holds("adam_bytes", by="library: numpy.ndarray.nbytes")
@given(st.integers(0, 99))
def test_bytes_are_those_of_five_arrays(n):
    held = [np.zeros(n, np.float16)] * 2 + [np.zeros(n, np.float32)] * 3
    assert adam_bytes(n) == sum(w.nbytes for w in held)


# -- pairs: the same input, the same answer -----------------------------------------------


def edge(rng, n, kind):
    """Queries, keys and values of an edge: huge scores, equal ones, or some not finite."""
    q, k, v = rng.normal(size=(3, n, 3))
    if kind == "huge":
        q, k = 1e140 * q, 1e140 * k
    if kind == "equal":
        k = 0 * k
    if kind == "not finite" and n:
        q[rng.integers(n), 0] = rng.choice([np.inf, -np.inf, np.nan])
    return q, k, v


edges = st.sampled_from(["usual", "huge", "equal", "not finite"])


@given(seeds, st.integers(0, 9), edges, st.sampled_from([0.0, 0.3, 0.7, 1.0]))
def test_sparse_attention_is_attention_under_the_mask_at_every_edge(seed, n, kind, share):
    rng = np.random.default_rng(seed)
    q, k, v = edge(rng, n, kind)
    mask = rng.random((n, n)) < share
    with np.errstate(invalid="ignore"):
        plain, (sparse, _) = attention(q, k, v, mask), sparse_attention(q, k, v, mask)
    np.testing.assert_allclose(sparse, plain, atol=1e-12, rtol=1e-10)
    assert not sparse[~mask.any(axis=1)].any()  # who sees nothing gets zeros


@given(seeds, st.integers(0, 4), st.integers(1, 4), edges)
def test_windows_and_blocks_are_their_masks_at_every_edge(seed, blocks, b, kind):
    q, k, v = edge(np.random.default_rng(seed), b * blocks, kind)
    with np.errstate(invalid="ignore"):
        for out, mask in (
            (local_attention(q, k, v, b), local_mask(len(q), b)),
            (block_attention(q, k, v, b), block_mask(len(q), b)),
        ):
            np.testing.assert_allclose(out, attention(q, k, v, mask), atol=1e-12, rtol=1e-10)


def test_a_window_wider_than_any_text_is_no_window():
    q, k, v = draw(0, 5)
    wide = local_attention(q, k, v, 10**12)
    np.testing.assert_allclose(wide, attention(q, k, v), atol=1e-14)


@given(seeds, st.integers(0, 5), st.booleans())
def test_kernel_and_linear_attention_refuse_the_same_input(seed, n, dead):
    rng = np.random.default_rng(seed)
    q, k, v = rng.random((n, 2)) + 0.1, rng.random((n, 2)) + 0.1, rng.normal(size=(n, 3))
    if dead:
        q[: n // 2] = 0
    for kind in (kernel_attention, linear_attention):
        if dead and n > 1:
            with pytest.raises(ValueError, match="weights of a query sum to zero"):
                kind(q, k, v)
        else:
            assert kind(q, k, v).shape == v.shape


@given(seeds, st.integers(0, 3), st.integers(0, 3))
def test_features_of_no_text_and_of_no_width_are_those_of_the_series(seed, n, d):
    x = np.random.default_rng(seed).normal(size=(n, d))
    features = exponential_features(x, 3)
    assert features.shape == (n, sum(d**j for j in range(4)))
    dot = x @ x.T
    series = 1 + dot + dot**2 / 2 + dot**3 / 6
    np.testing.assert_allclose(features @ features.T, series, rtol=1e-10, atol=1e-10)


def test_what_16_bits_cannot_hold_is_infinite():
    assert half(np.array([65_504.0, 65_520.0, -1e300])).tolist() == [65_504, np.inf, -np.inf]
    assert np.isnan(half(np.array(np.nan)))


W, X = np.zeros((3, 2, 2)), np.zeros((1, 2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: local_mask(4, -1), "local_mask: w must be"),
        (lambda: local_mask(-4, 1), "local_mask: n must be"),
        (lambda: block_mask(4, 0), "block_mask: b must be"),
        (lambda: block_mask(-1, 1), "block_mask: n must be"),
        (lambda: strided_mask(4, 0), "strided_mask: s must be"),
        (lambda: strided_mask(-1, 1), "strided_mask: n must be"),
        (lambda: global_mask(4, -1), "global_mask: g must be"),
        (lambda: global_mask(-4, 1), "global_mask: n must be"),
        (lambda: hash_mask(X, X, np.zeros((2, 0))), "hash_mask: r must be"),
        (lambda: local_attention(*draw(0, 6), -1), "local_attention: w must be"),
        (lambda: block_attention(*draw(0, 6), 4), "blocks of 4 do not divide 6"),
        (lambda: block_attention(*draw(0, 6), 0), "block_attention: b must be"),
        (lambda: exponential_features(X, -1), "degree must be"),
        (lambda: ffn_share(0, 4), "ffn_share: n must be"),
        (lambda: ffn_share(4, 0), "ffn_share: d must be"),
        (lambda: backward(W, [X] * 3, X), "3 layers have 4 inputs and outputs, not 3"),
        (lambda: checkpointed(W, X, X, 0), "one in 0 of 3"),
        (lambda: checkpointed(W, X, X, 4), "one in 4 of 3"),
        (lambda: scaled_gradient(X, 0.0), "a scale of 0"),
        (lambda: scaled_gradient(X, np.inf), "a scale of inf"),
        (lambda: adam_bytes(-1.0), "-1.0 parameters"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    "name", ["figure_cells", "figure_row", "figure_costs", "figure_patterns", "figure_held"]
)
def test_the_figures_are_drawn(name):
    assert getattr(figures, name)().axes
