"""Entry 5 against AllenNLP's published test values, straight lines, JAX and brute force."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from snippets import ulmfit
from snippets.layers import cross_entropy, pad

seeds = st.integers(0, 2**32 - 1)

# allennlp, tests/training/learning_rate_schedulers/slanted_triangular_test.py, test_schedules:
# (unfreezing, decay factor) and (step, layer, rate), compared there at five decimals.
ALLENNLP = [
    (
        (True, 1),
        [
            (0, 1, 0.03125),
            (0, 0, 0.0),
            (1, 1, 1.0),
            (1, 0, 0.0),
            (9, 1, 0.138888),
            (9, 0, 0.0),
            (10, 1, 0.03125),
            (10, 0, 0.03125),
            (14, 1, 1.0),
            (14, 0, 1.0),
            (49, 1, 0.05815972),
            (49, 0, 0.05815972),
        ],
    ),
    (
        (False, 0.5),
        [
            (0, 1, 0.03125),
            (0, 0, 0.015625),
            (5, 1, 1.0),
            (5, 0, 0.5),
            (49, 1, 0.052777),
            (49, 0, 0.026388),
        ],
    ),
    (
        (True, 0.5),
        [
            (0, 1, 0.03125),
            (0, 0, 0.0),
            (1, 1, 1.0),
            (1, 0, 0.0),
            (9, 1, 0.138888),
            (9, 0, 0.0),
            (10, 1, 0.03125),
            (10, 0, 0.015625),
            (14, 1, 1.0),
            (14, 0, 0.5),
            (49, 1, 0.0581597222),
            (49, 0, 0.0290798611),
        ],
    ),
]


@pytest.mark.holds("schedule", by="published table: AllenNLP's tests")
@pytest.mark.parametrize("settings, expected", ALLENNLP)
def test_the_schedule_gives_the_values_of_allennlps_tests(settings, expected):
    unfreeze, decay = settings
    rates = ulmfit.schedule(5, 10, 2, eta_max=1.0, factor=1 / decay, unfreeze=unfreeze)
    assert rates.shape == (50, 2)
    for step, layer, rate in expected:
        assert round(float(rates[step, layer]), 5) == round(rate, 5)


def straight_lines(T, eta, cut_frac, ratio):
    cut = int(T * cut_frac)
    return np.interp(np.arange(T + 1), [0, cut, T], [eta / ratio, eta, eta / ratio])


@pytest.mark.holds("stlr_landing", by="library: numpy.interp")
@given(st.integers(2, 400), st.floats(0.01, 0.9), st.floats(1.5, 100), st.floats(1e-4, 1))
def test_the_landing_triangle_is_straight_between_its_corners(T, cut_frac, ratio, eta):
    assume(0 < int(T * cut_frac) < T)
    found = [ulmfit.stlr_landing(t, T, eta, cut_frac, ratio) for t in range(T + 1)]
    np.testing.assert_allclose(
        found, straight_lines(T, eta, cut_frac, ratio), atol=1e-12, rtol=1e-10
    )


@pytest.mark.holds("stlr", by="library: numpy.interp")
@pytest.mark.parametrize("T", [10, 20, 100, 1000])
def test_eq_3_is_that_triangle_for_multiples_of_ten(T):
    found = [ulmfit.stlr(t, T) for t in range(T + 1)]
    np.testing.assert_allclose(found, straight_lines(T, 0.01, 0.1, 32), atol=1e-15, rtol=1e-10)


def test_eq_3_goes_below_zero_when_cut_is_rounded_far_down():
    # By hand: cut = 1, p = 1 - 18/9 = -1, (1 - 31) / 32 of the highest rate.
    assert ulmfit.stlr(19, 19) == pytest.approx(-0.01 * 30 / 32, abs=1e-17)
    assert ulmfit.stlr(10, 19) > 0 > ulmfit.stlr(11, 19)


@pytest.mark.parametrize("T", [0, 1, 9])
def test_too_few_steps_for_a_rise_are_an_error(T):
    for rate in (ulmfit.stlr, ulmfit.stlr_landing):
        with pytest.raises(ValueError, match="peak_step: "):
            rate(0, T)


@pytest.mark.holds("peak_step", by="brute force: one by one")
@given(st.integers(2, 400), st.floats(0.01, 0.9))
def test_the_highest_step_is_the_last_within_the_share(T, cut_frac):
    within = [k for k in range(1, T) if k <= T * cut_frac]
    assume(within)
    assert ulmfit.peak_step(T, cut_frac) == within[-1]


@pytest.mark.holds("hat", by="library: numpy.interp")
@given(st.integers(1, 50), st.integers(1, 50))
def test_the_hat_is_straight_between_its_corners(rise, fall):
    found = [ulmfit.hat(t, rise, fall) for t in range(rise + fall + 1)]
    wanted = np.interp(range(rise + fall + 1), [0, rise, rise + fall], [0, 1, 0])
    np.testing.assert_allclose(found, wanted, atol=1e-12, rtol=1e-10)


def test_the_highest_step_is_a_tenth_of_every_multiple_of_ten():
    assert [ulmfit.peak_step(10 * k) for k in range(1, 5000)] == list(range(1, 5000))


def test_the_hat_is_one_at_its_peak_and_zero_at_both_ends():
    assert [ulmfit.hat(t, 2, 4) for t in range(7)] == [0, 0.5, 1, 0.75, 0.5, 0.25, 0]


@pytest.mark.holds("discriminative_rates", by="brute force: layer by layer")
@given(st.integers(1, 30), st.floats(1, 10))
def test_each_layer_has_the_rate_above_it_over_the_factor(n, factor):
    rate, expected = 0.01, []
    for _ in range(n):
        expected.insert(0, rate)
        rate /= factor
    np.testing.assert_allclose(ulmfit.discriminative_rates(0.01, n, factor), expected, rtol=1e-12)


@pytest.mark.holds("discriminative_step", by="derivative: jax.grad")
@given(seeds)
def test_a_step_at_unequal_rates_is_one_of_jax_on_rescaled_parameters(seed):
    """With w = sqrt(rate) * u, plain descent on u at rate 1 moves w at its rate."""
    rng = np.random.default_rng(seed)
    theta = [rng.normal(size=(3, 4)), rng.normal(size=(4, 2))]
    x, rates = rng.normal(size=(5, 3)), rng.uniform(0.01, 0.5, size=2)

    def loss(w):
        return jnp.sum(jnp.tanh(x @ w[0]) @ w[1])

    roots = np.sqrt(rates)
    u = [w / r for w, r in zip(theta, roots, strict=True)]
    slope = jax.grad(lambda u: loss([r * w for r, w in zip(roots, u, strict=True)]))(u)
    expected = [r * (w - g) for r, w, g in zip(roots, u, slope, strict=True)]
    found = ulmfit.discriminative_step(
        theta, [np.asarray(g) for g in jax.grad(loss)(theta)], rates
    )
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-12, rtol=1e-10)


def test_a_missing_rate_is_an_error():
    with pytest.raises(ValueError, match="one gradient, one rate a layer"):
        ulmfit.discriminative_step([np.ones(2)] * 2, [np.ones(2)] * 2, np.ones(1))


@pytest.mark.holds("gradual_unfreezing", by="brute force")
@given(st.integers(1, 8), st.integers(1, 8))
def test_layers_thaw_one_by_one_from_the_last(epochs, n):
    awake, expected = set(), []
    for epoch in range(epochs):
        if epoch < n:
            awake.add(n - 1 - epoch)
        expected.append([layer in awake for layer in range(n)])
    assert ulmfit.gradual_unfreezing(epochs, n).tolist() == expected


@pytest.mark.holds("concat_pool", by="brute force")
@given(seeds, st.integers(1, 6), st.integers(1, 5))
def test_pooling_is_that_of_a_loop_over_entries(seed, t, d):
    h = np.random.default_rng(seed).normal(size=(2, t, d))
    for text, pooled in zip(h, ulmfit.concat_pool(h), strict=True):
        columns = [[float(word[i]) for word in text] for i in range(d)]
        expected = [c[-1] for c in columns] + [max(c) for c in columns]
        expected += [sum(c) / t for c in columns]
        np.testing.assert_allclose(pooled, expected, atol=1e-15, rtol=1e-10)


@pytest.mark.holds("concat_pool", by="derivation: each text alone")
@given(seeds, st.lists(st.integers(1, 5), min_size=1, max_size=4), st.booleans())
def test_padding_changes_no_pooled_state(seed, lengths, left):
    rng = np.random.default_rng(seed)
    _, real = pad([np.zeros(length, dtype=int) for length in lengths], left=left)
    h = 9 * rng.normal(size=(*real.shape, 3))
    wanted = [ulmfit.concat_pool(states[here]) for states, here in zip(h, real, strict=True)]
    np.testing.assert_allclose(ulmfit.concat_pool(h, real), wanted, rtol=1e-12, atol=1e-14)


def test_an_empty_text_is_an_error():
    with pytest.raises(ValueError, match="empty text"):
        ulmfit.concat_pool(np.zeros((0, 3)))
    with pytest.raises(ValueError, match="empty text"):
        ulmfit.concat_pool(np.zeros((2, 2, 3)), np.array([[True, True], [False, False]]))


@pytest.mark.holds("check_step", by="brute force")
@pytest.mark.parametrize("bad", [{"t": -1}, {"t": 101}, {"ratio": 0.5}, {"ratio": np.nan}])
@pytest.mark.parametrize("rate", [ulmfit.stlr, ulmfit.stlr_landing])
def test_a_step_outside_the_training_is_refused_by_both_triangles(rate, bad):
    assert rate(100, 100) == rate(0, 100) == pytest.approx(0.01 / 32)
    with pytest.raises(ValueError, match="t must be 0 to 100, and ratio 1 or more"):
        rate(**{"t": 1, "T": 100} | bad)


@pytest.mark.parametrize(
    "call",
    [
        lambda: ulmfit.hat(1, 0.0, 1.0),
        lambda: ulmfit.hat(1, 1.0, np.nan),
        lambda: ulmfit.peak_step(100, np.nan),
        lambda: ulmfit.discriminative_rates(1.0, 3, 0.0),
        lambda: ulmfit.error_reduction(0.0, 0.1),
    ],
)
def test_what_divides_by_zero_is_refused(call):
    with pytest.raises(
        ValueError, match=r"^(hat|peak_step|discriminative_rates|error_reduction): "
    ):
        call()


def test_each_frozen_epoch_has_a_triangle_of_its_own_and_the_rest_one():
    rates = ulmfit.schedule(5, 40, 3)
    last = rates[:, -1]
    peaks = [t for t in range(1, 199) if last[t - 1] < last[t] > last[t + 1]]
    assert peaks == [4, 44, 80 + 12]
    assert (rates[:80, 0] == 0).all() and (rates[:40, 1] == 0).all()
    np.testing.assert_allclose(rates[80:, 0] * 2.6**2, last[80:], rtol=1e-12)


def test_fewer_epochs_than_layers_are_an_error_unless_nothing_is_frozen():
    with pytest.raises(ValueError, match="3 layers thaw in no fewer epochs"):
        ulmfit.schedule(2, 10, 3)
    assert (ulmfit.schedule(2, 10, 3, unfreeze=False) > 0).all()


@pytest.mark.holds("error_reduction", by="published table: Howard and Ruder 2018, §4.2")
def test_error_reductions_are_those_of_section_4_2():
    printed = {(8.2, 4.6): 43.9, (6.57, 5.01): 23.7, (0.84, 0.80): 4.8, (30.58, 29.98): 2.0}
    assert all(round(ulmfit.error_reduction(*k), 1) == v for k, v in printed.items())


@pytest.mark.parametrize("triangle", [ulmfit.stlr, ulmfit.stlr_landing])
def test_the_peak_stands_where_the_cut_is_put(triangle):
    assert max(range(100), key=lambda t: triangle(t, 100, cut_frac=0.25)) == 25


def test_a_rise_over_all_steps_leaves_none_to_fall():
    with pytest.raises(ValueError, match="peak_step: "):
        ulmfit.peak_step(10, 1.0)


def test_as_many_epochs_as_layers_are_enough():
    assert ulmfit.schedule(3, 10, 3).shape == (30, 3)


def test_a_rate_peaks_at_a_hundredth_and_falls_by_2_6_a_layer_unless_told_otherwise():
    rates = ulmfit.schedule(2, 50, 2)
    assert rates.max() == pytest.approx(0.01)
    assert rates[-1, 1] / rates[-1, 0] == pytest.approx(2.6)


@pytest.mark.holds("encode", by="brute force: word by word")
def test_texts_come_back_from_their_numbers():
    words, real = ulmfit.encode(ulmfit.GENERAL + ulmfit.UNSEEN)
    assert words.shape == (12, 4)
    back = [[ulmfit.WORDS[i] for i in row] for row in words]
    assert [" ".join(row).rstrip("_ ") for row in back] == ulmfit.GENERAL + ulmfit.UNSEEN
    assert (real == (words != ulmfit.WORDS.index("_"))).all()
    with pytest.raises(ValueError):
        ulmfit.encode(["a word that is unknown"])


@pytest.mark.holds("small_model", by="derivation: an orthogonal recurrence")
@given(seeds, st.integers(1, 8))
def test_a_small_model_begins_with_a_rotation(seed, d):
    (vectors, recurrence, out), head = ulmfit.small_model(seed, d)
    assert vectors.shape == out.T.shape == (len(ulmfit.WORDS), d) and head.shape == (3 * d, 2)
    np.testing.assert_allclose(recurrence @ recurrence.T, np.eye(d), atol=1e-12)
    assert (ulmfit.small_model(seed, d)[1] == head).all()


def one_by_one(theta, text):
    """States by loops over numbers."""
    (vectors, recurrence), d = theta[:2], len(theta[1])
    found, h = [], [0.0] * d
    for word in text:
        h = [
            np.tanh(vectors[word, j] + sum(h[i] * recurrence[i, j] for i in range(d)))
            for j in range(d)
        ]
        found.append(h)
    return np.array(found)


@pytest.mark.holds("states", by="brute force: loops over numbers")
@given(seeds, st.integers(2, 6))
def test_states_are_those_of_a_loop_and_can_be_read_in_pieces(seed, t):
    theta, _ = ulmfit.small_model(seed, 3)
    words = np.random.default_rng(seed).integers(len(ulmfit.WORDS), size=(2, t))
    h = ulmfit.states(theta, words)
    for text, found in zip(words, h, strict=True):
        np.testing.assert_allclose(found, one_by_one(theta, text), rtol=1e-10, atol=1e-13)
    rest = ulmfit.states(theta, words[:, 1:], h[:, 0])
    np.testing.assert_allclose(rest, h[:, 1:], rtol=1e-12)


def test_a_word_without_a_vector_is_an_error():
    theta, _ = ulmfit.small_model()
    with pytest.raises(ValueError, match="states: words must be 0 to 15, one is -1"):
        ulmfit.states(theta, np.array([[-1, 2]]))


@pytest.mark.holds("next_word_loss", by="brute force: word by word")
@given(seeds)
def test_the_loss_is_the_mean_surprise_at_each_word_but_the_first(seed):
    theta, _ = ulmfit.small_model(seed, 3)
    words, _ = ulmfit.encode(ulmfit.REVIEWS)
    surprises = []
    for text in words:
        for h, word in zip(one_by_one(theta, text), text[1:], strict=False):
            scores = [float(np.dot(h, column)) for column in theta[2].T]
            surprises.append(np.log(np.sum(np.exp(scores))) - scores[word])
    assert float(ulmfit.next_word_loss(theta, words)) == pytest.approx(np.mean(surprises))


@pytest.mark.holds("class_scores", by="derivation: each text alone")
@given(seeds)
def test_a_review_gets_the_same_scores_in_every_batch(seed):
    theta, head = ulmfit.small_model(seed)
    layers = [*theta[:2], head]
    words, real = ulmfit.encode(["fine plot", "stale plot we yawn", "grim"])
    found = ulmfit.class_scores(layers, words, real)
    for text, mask, scores in zip(words, real, found, strict=True):
        h = one_by_one(layers, text[mask])
        pooled = np.concatenate([h[-1], h.max(axis=0), h.mean(axis=0)])
        np.testing.assert_allclose(scores, pooled @ head, rtol=1e-10, atol=1e-12)


@pytest.mark.holds("descend", by="derivative: jax.grad")
def test_descent_is_that_of_jax():
    (vectors, recurrence, _), head = ulmfit.small_model(3)
    words, _ = ulmfit.encode(ulmfit.LABELLED)
    labels, rates = np.array(ulmfit.LABELS), ulmfit.schedule(3, 10, 3, eta_max=0.5)

    def loss(theta):
        x, h, found = theta[0][words], 0.0, []
        for t in range(2):
            h = jnp.tanh(x[:, t] + (h @ theta[1] if t else 0.0))
            found.append(h)
        h = jnp.stack(found, axis=1)
        pooled = jnp.concatenate([h[:, -1], h.max(axis=1), h.mean(axis=1)], axis=-1)
        log_p = jax.nn.log_softmax(pooled @ theta[2])
        return -jnp.mean(log_p[jnp.arange(2), labels])

    expected = [jnp.asarray(layer) for layer in (vectors, recurrence, head)]
    for row in rates:
        slopes = jax.grad(loss)(expected)
        expected = [w - r * g for w, r, g in zip(expected, row, slopes, strict=True)]
    found = ulmfit.descend(
        lambda theta: cross_entropy(ulmfit.class_scores(theta, words), labels),
        [vectors, recurrence, head],
        rates,
    )
    for mine, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-9, atol=1e-12)
