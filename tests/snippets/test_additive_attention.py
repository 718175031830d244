"""Entry 1 against JAX, SciPy, plain loops and its own limits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit
from scipy.special import softmax as scipy_softmax

from snippets import additive_attention as aa

sizes = st.integers(1, 6)
seeds = st.integers(0, 2**32 - 1)


def attention_inputs(rng, t_x, n, c, a):
    shapes = (n,), (t_x, c), (a, n), (a, c), (a,)
    return [rng.normal(size=shape) for shape in shapes]


@pytest.mark.holds("energies", by="brute force")
@given(seeds, sizes, sizes, sizes, sizes)
def test_energies_are_those_of_a_double_loop(seed, t_x, n, c, a):
    s, h, w_a, u_a, v_a = attention_inputs(np.random.default_rng(seed), t_x, n, c, a)
    expected = []
    for j in range(t_x):
        total = 0.0
        for k in range(a):
            inner = sum(w_a[k, i] * s[i] for i in range(n))
            inner += sum(u_a[k, i] * h[j, i] for i in range(c))
            total += v_a[k] * np.tanh(inner)
        expected.append(total)
    np.testing.assert_allclose(aa.energies(s, h, w_a, u_a, v_a), expected, atol=1e-13, rtol=1e-10)


@pytest.mark.holds("additive_attention", by="library: jax.nn.softmax")
@given(seeds)
def test_attention_is_that_of_jax_and_scipy(seed):
    s, h, w_a, u_a, v_a = attention_inputs(np.random.default_rng(seed), 5, 3, 6, 4)
    alpha, c = aa.additive_attention(s, h, w_a, u_a, v_a)
    score = jax.vmap(lambda row: jnp.dot(v_a, jnp.tanh(w_a @ s + u_a @ row)))
    e = score(h)
    np.testing.assert_allclose(alpha, jax.nn.softmax(e), atol=1e-14, rtol=1e-10)
    np.testing.assert_allclose(
        c, np.einsum("j,jc->c", scipy_softmax(np.asarray(e)), h), atol=1e-13, rtol=1e-10
    )


@given(seeds, st.integers(1, 60))
def test_a_zero_v_a_makes_attention_exactly_uniform(seed, t_x):
    s, h, w_a, u_a, _ = attention_inputs(np.random.default_rng(seed), t_x, 3, 6, 4)
    alpha, c = aa.additive_attention(s, h, w_a, u_a, np.zeros(4))
    assert alpha.tolist() == [1 / t_x] * t_x
    np.testing.assert_allclose(c, h.mean(axis=0), atol=1e-14, rtol=1e-10)


def test_the_mean_of_no_annotations_is_zeros_as_in_entry_2():
    s, h, *weights = attention_inputs(np.random.default_rng(0), 1, 2, 4, 3)
    alpha, context = aa.additive_attention(s, h[:0], *weights)
    assert alpha.shape == (0,) and context.tolist() == [0.0] * h.shape[1]


def test_an_empty_sentence_is_refused_by_all_that_read_one():
    rng, none = np.random.default_rng(0), np.zeros((0, 3))
    p, c = aa.init_gru(rng, 2, 7), np.zeros(4)
    attention = rng.normal(size=(5, 2)), rng.normal(size=(5, 4)), rng.normal(size=5)
    for read in (
        lambda: aa.gru(np.zeros((0, 7)), np.zeros(2), p),
        lambda: aa.rnnsearch(none, np.ones((6, 4)), np.zeros(2), p, attention),
        lambda: aa.rnnencdec(none, c, np.zeros(2), p),
    ):
        with pytest.raises(ValueError, match="an empty sentence has no states"):
            read()
    with pytest.raises(ValueError, match="h holds no word"):
        aa.initial_state(np.zeros((0, 4)), np.eye(2))


@pytest.mark.holds("layers.sigmoid", by="library: scipy.special.expit")
def test_sigmoid_is_that_of_scipy_and_does_not_overflow():
    x = np.concatenate([np.linspace(-30, 30, 601), [-1e4, 1e4]])
    np.testing.assert_allclose(aa.sigmoid(x), expit(x), atol=1e-15, rtol=1e-10)


@jax.jit
def jax_gru(p, xs, s_0):
    """An independent one: gates stacked, scanned, biasless, old state weighted by 1 - z."""
    gates_in = jnp.concatenate([p["w_z"], p["w_r"]])
    gates_state = jnp.concatenate([p["u_z"], p["u_r"]])

    def step(s, x):
        z, r = jnp.split(jax.nn.sigmoid(gates_in @ x + gates_state @ s), 2)
        new = jnp.tanh(p["w"] @ x + p["u"] @ (r * s))
        s = s + z * (new - s)
        return s, s

    return jax.lax.scan(step, s_0, xs)[1]


@pytest.mark.holds("gru_step", "gru", by="derivation: anew in JAX")
@given(seeds)
def test_the_unit_is_that_of_a_scan_in_jax(seed):
    rng = np.random.default_rng(seed)
    p, xs, s_0 = aa.init_gru(rng, 4, 3), rng.normal(size=(5, 3)), rng.normal(size=4)
    states = aa.gru(xs, s_0, p)
    np.testing.assert_allclose(states, jax_gru(p, xs, s_0), atol=1e-13, rtol=1e-10)
    np.testing.assert_array_equal(aa.gru_step(s_0, xs[0], **p), states[0])


def test_an_open_update_gate_replaces_the_state():
    rng = np.random.default_rng(0)
    p = aa.init_gru(rng, 4, 2) | {"w_z": np.full((4, 2), 1e3), "u_z": np.zeros((4, 4))}
    p |= {"w_r": np.full((4, 2), -1e3), "u_r": np.zeros((4, 4))}
    s, x = rng.normal(size=4), np.ones(2)
    np.testing.assert_allclose(aa.gru_step(s, x, **p), np.tanh(p["w"] @ x), atol=1e-15, rtol=1e-10)


@pytest.mark.holds("init_gru", by="library: scipy.stats.kstest")
def test_initial_weights_are_normal_and_keep_the_variance_of_what_they_read():
    p = aa.init_gru(np.random.default_rng(0), 40, 25)
    for name, w in p.items():
        assert w.shape == (40, 40 if name.startswith("u") else 25)
        assert stats.kstest(w.ravel() * np.sqrt(w.shape[1]), "norm").pvalue > 0.001
    assert set(p) == {"w", "u", "w_z", "u_z", "w_r", "u_r"}


def test_an_empty_sentence_is_an_error():
    with pytest.raises(ValueError, match="empty sentence"):
        aa.gru(np.zeros((0, 2)), np.zeros(3), aa.init_gru(np.random.default_rng(0), 3, 2))


@pytest.mark.holds("annotations", by="derivation: anew in JAX")
def test_annotations_of_the_reversed_sentence_swap_their_halves():
    rng = np.random.default_rng(1)
    f, b = aa.init_gru(rng, 3, 2), aa.init_gru(rng, 3, 2)
    xs = rng.normal(size=(5, 2))
    h, mirrored = aa.annotations(xs, f, b), aa.annotations(xs[::-1], b, f)[::-1]
    np.testing.assert_array_equal(h[:, :3], mirrored[:, 3:])
    np.testing.assert_array_equal(h[:, 3:], mirrored[:, :3])
    np.testing.assert_allclose(h[:, :3], jax_gru(f, xs, jnp.zeros(3)), atol=1e-13, rtol=1e-10)


@pytest.mark.holds("initial_state", by="brute force")
def test_the_decoder_starts_from_the_backward_half_of_the_first_word():
    rng = np.random.default_rng(2)
    h, w_s = rng.normal(size=(4, 6)), rng.normal(size=(3, 3))
    expected = [np.tanh(sum(w_s[k, i] * h[0, 3 + i] for i in range(3))) for k in range(3)]
    np.testing.assert_allclose(aa.initial_state(h, w_s), expected, atol=1e-15, rtol=1e-10)


@jax.jit
def jax_rnnsearch(ys, h, s_0, p, a):
    def step(s, y):
        inner = (a[0] @ s)[None] + jnp.einsum("jc,ac->ja", h, a[1])
        alpha = jax.nn.softmax(jnp.einsum("a,ja->j", a[2], jnp.tanh(inner)))
        s = jax_gru(p, jnp.concatenate([y, alpha @ h])[None], s)[0]
        return s, (s, alpha)

    return jax.lax.scan(step, s_0, ys)[1]


@pytest.mark.holds("rnnsearch", by="derivation: anew in JAX")
@given(seeds)
def test_rnnsearch_is_that_of_a_scan_in_jax(seed):
    rng = np.random.default_rng(seed)
    s_0, h, *a = attention_inputs(rng, 5, 3, 6, 4)
    p, ys = aa.init_gru(rng, 3, 8), rng.normal(size=(4, 2))
    found = aa.rnnsearch(ys, h, s_0, p, tuple(a))
    for mine, theirs in zip(found, jax_rnnsearch(ys, h, s_0, p, a), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-12, rtol=1e-10)


@pytest.mark.holds("rnnencdec", by="derivation: rnnsearch with its context forced")
@given(seeds, sizes, sizes)
def test_forcing_the_context_makes_rnnsearch_the_plain_encoder_decoder(seed, t_y, t_x):
    rng = np.random.default_rng(seed)
    s_0, _, *a = attention_inputs(rng, t_x, 3, 6, 4)
    p, ys, c = aa.init_gru(rng, 3, 8), rng.normal(size=(t_y, 2)), rng.normal(size=6)
    forced, _ = aa.rnnsearch(ys, np.tile(c, (t_x, 1)), s_0, p, tuple(a))
    np.testing.assert_allclose(forced, aa.rnnencdec(ys, c, s_0, p), atol=1e-12, rtol=1e-10)


@pytest.mark.holds("maxout", by="brute force: pair by pair")
@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9)), min_size=1))
def test_maxout_takes_the_larger_of_each_pair_of_neighbours(pairs):
    assert aa.maxout(np.array(pairs).ravel()).tolist() == [max(pair) for pair in pairs]


def test_an_odd_number_of_units_is_refused():
    with pytest.raises(ValueError, match="do not form pairs"):
        aa.maxout(np.zeros(3))


@pytest.mark.holds("word_probabilities", by="library: jax.nn.softmax")
@given(seeds)
def test_word_probabilities_are_those_of_jax(seed):
    rng = np.random.default_rng(seed)
    s, y, c = rng.normal(size=3), rng.normal(size=2), rng.normal(size=6)
    u_o, v_o, c_o = rng.normal(size=(8, 3)), rng.normal(size=(8, 2)), rng.normal(size=(8, 6))
    w_o = rng.normal(size=(11, 4))
    stacked = jnp.hstack([u_o, v_o, c_o]) @ jnp.concatenate([s, y, c])
    expected = jax.nn.softmax(w_o @ jnp.maximum(stacked[0::2], stacked[1::2]))
    np.testing.assert_allclose(
        aa.word_probabilities(s, y, c, u_o, v_o, c_o, w_o), expected, atol=1e-14, rtol=1e-10
    )


@pytest.mark.holds("vectors", "small_case", by="brute force: word by word")
def test_the_small_case_has_a_row_for_each_french_word():
    rows = iter(zip(*aa.small_case(), strict=True))
    for english, french in aa.PHRASES:
        read, written = english.split(), french.split()
        for before, word in zip([None, *written], written, strict=False):
            s, h, real, target = next(rows)
            assert s.tolist() == [float(w == before) for w in (*aa.FRENCH, None)]
            assert real.tolist() == [j < len(read) for j in range(4)]
            for vector, w in zip(h, read, strict=False):
                assert vector.tolist() == [float(w == other) for other in aa.ENGLISH]
            assert not h[~real].any() and aa.FRENCH[target] == word
    assert next(rows, None) is None


def test_what_the_small_case_lacks_is_refused():
    with pytest.raises(ValueError, match="has no word 'Bank'"):
        aa.vectors("the European Bank")
    for words, weights in (("", aa.learn(0)), ("the", (*aa.learn(0)[:3], np.eye(4, 5)))):
        with pytest.raises(ValueError, match="no word, or weights of another size"):
            aa.translate(words, *weights)


@pytest.mark.holds("translation_loss", by="brute force: one sentence at a time")
def test_the_loss_of_a_padded_batch_is_that_of_its_sentences_alone():
    attention = *aa.learn(0, seed=3)[:2], np.arange(8) / 4
    w_o, surprises = np.arange(25).reshape(5, 5) / 9, []
    for s, h, real, word in zip(*aa.small_case(), strict=True):
        _, c = aa.additive_attention(s, h[real], *attention)
        surprises.append(-np.log(scipy_softmax(w_o @ c)[word]))
    loss = aa.translation_loss(*attention, w_o, *aa.small_case())
    np.testing.assert_allclose(loss, np.mean(surprises), rtol=1e-12)


@pytest.mark.holds("learn", by="derivative: nudges")
def test_a_step_goes_against_the_slopes_that_nudges_find():
    case, start = aa.small_case(), aa.learn(3, seed=2, rate=2.0, a=4)
    end = aa.learn(4, seed=2, rate=2.0, a=4)
    for k, w in enumerate(start):
        for i in np.ndindex(w.shape):
            ends = []
            for nudge in (1e-5, -1e-5):
                moved = [x.copy() for x in start]
                moved[k][i] += nudge
                ends.append(float(aa.translation_loss(*moved, *case)))
            slope = (ends[0] - ends[1]) / 2e-5
            assert end[k][i] == pytest.approx(w[i] - 2.0 * slope, abs=1e-8)


def test_learning_starts_without_attention_and_without_a_dictionary():
    w_a, u_a, v_a, w_o = aa.learn(0, seed=1, a=500)
    assert not v_a.any() and not w_o.any()
    both = np.concatenate([w_a.ravel(), u_a.ravel()]) / 0.7
    assert stats.kstest(both, "norm").pvalue > 0.001
    loss = aa.translation_loss(w_a, u_a, v_a, w_o, *aa.small_case())
    assert float(loss) == pytest.approx(np.log(5), rel=1e-12)


@pytest.mark.holds("translate", by="brute force: every word by hand")
def test_the_phrase_that_was_held_out_is_translated():
    held_out = "the European Economic Area"
    w_a, u_a, v_a, w_o = weights = aa.learn(40)
    assert held_out not in dict(aa.PHRASES)
    for english, french in [*aa.PHRASES, (held_out, "la zone économique européenne")]:
        words, alignment = aa.translate(english, *weights)
        assert words == french.split()
        read, last = [aa.ENGLISH.index(w) for w in english.split()], 5
        for word, alpha in zip(words, alignment, strict=True):
            e = [v_a @ np.tanh(w_a[:, last] + u_a[:, j]) for j in read]
            np.testing.assert_allclose(alpha, scipy_softmax(e), atol=1e-12)
            scores = sum(x * w_o[:, j] for x, j in zip(alpha, read, strict=True))
            last = int(np.argmax(scores))
            assert aa.FRENCH[last] == word


def test_about_half_of_twenty_starts_learn_the_phrase():
    held_out, right = "the European Economic Area", "la zone économique européenne"
    ends = [aa.translate(held_out, *aa.learn(40, seed=seed))[0] for seed in range(20)]
    assert ends[0] == right.split() and ends[1] == ["la", "zone", "la", "zone"]
    assert 7 <= ends.count(right.split()) <= 12


@pytest.mark.holds("rnn_parameters", by="brute force: arrays counted")
@given(st.booleans(), sizes, sizes, sizes, sizes, sizes)
def test_the_count_is_that_of_arrays_that_are_made(search, n, m, half, a, v):
    rng = np.random.default_rng(0)
    c = 2 * n if search else n
    made = [np.zeros((v, m)), np.zeros((v, m)), np.zeros((n, n)), np.zeros((v, half))]
    made += [np.zeros((2 * half, width)) for width in (n, m, c)]
    for _ in range(2 if search else 1):
        made += aa.init_gru(rng, n, m).values()
    made += aa.init_gru(rng, n, m + c).values()
    if search:
        made += [np.zeros((a, n)), np.zeros((a, c)), np.zeros(a)]
    assert aa.rnn_parameters(search, n, m, half, a, v) == sum(x.size for x in made)


def test_the_authors_way_to_write_the_softmax_gives_the_same_weights():
    """They take exp without a shift; |e| <= ||v_a||_1 keeps that finite."""
    s, h, w_a, u_a, v_a = attention_inputs(np.random.default_rng(5), 6, 3, 6, 4)
    e = np.exp(aa.energies(s, 1e3 * h, w_a, u_a, v_a))
    alpha, _ = aa.additive_attention(s, 1e3 * h, w_a, u_a, v_a)
    np.testing.assert_allclose(alpha, e / e.sum(), atol=1e-15, rtol=1e-10)


def test_initial_weights_keep_the_variance_of_what_is_read():
    for w in aa.init_gru(np.random.default_rng(0), 200, 50).values():
        assert (w.std() * np.sqrt(w.shape[1])) == pytest.approx(1, rel=0.03)


def test_the_sizes_of_the_paper_are_those_of_its_appendix():
    named = aa.rnn_parameters(n=1000, m=620, l=500, a=1000, vocabulary=30_000)
    assert aa.rnn_parameters() == named
