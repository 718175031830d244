"""Entry 18 against SciPy, JAX, brute force and the draws counted one by one."""

import re
from fractions import Fraction
from itertools import permutations, product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import TypeCheckError
from scipy import special

from snippets import constitutional_ai as c

SEEDS = st.integers(0, 2**32 - 1)
WORDS = "abcdef"
PRINCIPLES = st.dictionaries(st.sampled_from(WORDS), st.sampled_from(WORDS.upper()))


def preferences(scores):
    return special.expit(scores[:, None] - scores[None, :])


@pytest.mark.holds("critique", by="library: re.findall")
@pytest.mark.holds("revise", by="library: str.translate")
@given(st.lists(st.sampled_from(WORDS)), PRINCIPLES)
def test_a_revision_leaves_nothing_to_criticise_and_the_rest_alone(response, principle):
    faults = c.critique(response, principle)
    assert faults == re.findall(f"[-{''.join(principle)}]", "".join(response))
    revised = c.revise(response, faults, principle)
    assert "".join(revised) == "".join(response).translate(str.maketrans(principle))
    assert c.critique(revised, principle) == []
    assert len(revised) == len(response)
    for old, new in zip(response, revised, strict=True):
        assert new == principle.get(old, old)


@pytest.mark.holds("small_case", by="brute force: every order of the principles")
def test_the_small_case_ends_well_only_if_peace_comes_after_crime():
    answer, constitution = c.small_case()
    for order in permutations(range(3)):
        end = " ".join(c.critique_revision(answer, constitution, list(order))[-1])
        word = "ask" if order.index(2) > order.index(0) else "sue"
        assert end == f"walk the dog or {word} the neighbour who owns it"


def test_the_critique_names_faults_in_order_and_as_often_as_they_stand():
    assert c.critique(["x", "b", "a", "b"], {"a": "A", "b": "B"}) == ["b", "a", "b"]


def test_only_what_was_criticised_is_revised():
    assert c.revise(["a", "b"], ["b"], {"a": "A", "b": "B"}) == ["a", "B"]


def test_a_fault_without_a_principle_is_refused():
    with pytest.raises(ValueError, match="no principle against 'z'"):
        c.revise(["z"], ["z"], {"a": "A"})


@pytest.mark.holds("critique_revision", by="library: str.translate")
@given(
    st.lists(st.sampled_from(WORDS)),
    st.lists(PRINCIPLES, min_size=1, max_size=4),
    st.lists(st.integers(0, 3), max_size=5),
)
def test_the_loop_keeps_every_version_and_each_obeys_its_principle(response, laws, draws):
    draws = [draw % len(laws) for draw in draws]
    versions = c.critique_revision(response, laws, draws)
    assert versions[0] == response and len(versions) == len(draws) + 1
    text = "".join(response)
    for draw, version in zip(draws, versions[1:], strict=True):
        text = text.translate(str.maketrans(laws[draw]))
        assert "".join(version) == text


@pytest.mark.parametrize("draw", [-1, 2])
def test_a_draw_beyond_the_constitution_is_refused(draw):
    with pytest.raises(ValueError, match="names no principle"):
        c.critique_revision(["a"], [{"a": "A"}, {"b": "B"}], [0, draw])


@pytest.mark.holds("critique_revision", by="brute force: every draw")
@pytest.mark.parametrize(("k", "n"), [(2, 3), (3, 4), (4, 2)])
def test_over_all_draws_a_fault_survives_as_often_as_its_principle_is_missed(k, n):
    laws = [{word: "-"} for word in WORDS[:k]]
    left = [
        sum(word != "-" for word in c.critique_revision(list(WORDS[:k]), laws, list(draws))[-1])
        for draws in product(range(k), repeat=n)
    ]
    assert Fraction(sum(left), len(left)) == k * Fraction(k - 1, k) ** n


@pytest.mark.holds("soft_label", by="library: scipy.special.softmax")
@given(SEEDS, st.integers(1, 5))
def test_soft_labels_are_scipys_softmax_and_the_sigmoid_of_the_difference(seed, n):
    log_p = np.random.default_rng(seed).normal(scale=5, size=(n, 2))
    ours = c.soft_label(log_p)
    np.testing.assert_allclose(ours, special.softmax(log_p, axis=-1)[:, 0], rtol=1e-12)
    np.testing.assert_allclose(ours, special.expit(log_p[:, 0] - log_p[:, 1]), rtol=1e-12)


def test_three_options_are_refused():
    with pytest.raises(TypeCheckError):
        c.soft_label(np.zeros((4, 3)))


@pytest.mark.holds("hard_label", by="library: numpy.round")
@pytest.mark.holds("clamp", by="library: jax.numpy.clip")
@given(SEEDS)
def test_hard_labels_round_and_clamped_ones_are_jaxs_clip(seed):
    p = np.random.default_rng(seed).random(9)
    np.testing.assert_array_equal(c.hard_label(p), np.round(p))
    np.testing.assert_array_equal(c.clamp(p, 0.2, 0.8), jnp.clip(p, 0.2, 0.8))
    assert c.hard_label(np.array([0.5])).tolist() == [0.5]


@pytest.mark.parametrize("bounds", [(0.6, 0.4), (-0.1, 0.5), (0.5, 1.1)])
def test_bounds_that_are_no_probabilities_are_refused(bounds):
    with pytest.raises(ValueError, match="do not bound probabilities"):
        c.clamp(np.array([0.5]), *bounds)


@pytest.mark.holds("log_odds", by="library: scipy.special.logit")
@given(SEEDS)
def test_log_odds_are_scipys_logit(seed):
    p = np.random.default_rng(seed).uniform(0.001, 0.999, 9)
    np.testing.assert_allclose(c.log_odds(p), special.logit(p), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_certainty_has_no_log_odds(p):
    with pytest.raises(ValueError, match="no finite gap"):
        c.log_odds(np.array([0.5, p]))


@pytest.mark.holds("preference_loss", by="library: scipy.special.log_expit")
@given(SEEDS, st.integers(1, 6))
def test_the_loss_is_cross_entropy_and_its_gradient_is_preference_less_label(seed, n):
    rng = np.random.default_rng(seed)
    gap, p = rng.normal(scale=3, size=n), rng.random(n)
    theirs = -(p * special.log_expit(gap) + (1 - p) * special.log_expit(-gap)).mean()
    np.testing.assert_allclose(c.preference_loss(gap, p), theirs, rtol=1e-11)
    step = 1e-3  # five points: the error is of the fourth power
    rise = np.array(
        [
            [c.preference_loss(gap + k * d, p) for k in (-2, -1, 1, 2)] @ np.array([1, -8, 8, -1])
            for d in step * np.eye(n)
        ]
    )
    np.testing.assert_allclose(
        rise / (12 * step), (jax.nn.sigmoid(gap) - p) / n, atol=1e-10, rtol=1e-10
    )


def test_the_loss_stays_finite_at_large_gaps():
    assert float(c.preference_loss(np.array([1e4]), np.array([0.0]))) == 1e4


@pytest.mark.holds("fit_scores", by="derivation: planted scores")
@given(SEEDS, st.integers(2, 6))
def test_scores_come_back_from_their_own_preferences(seed, k):
    scores = np.random.default_rng(seed).uniform(-1.5, 1.5, k)
    fitted = c.fit_scores(preferences(scores))
    np.testing.assert_allclose(fitted, scores - scores.mean(), atol=1e-10, rtol=1e-10)


@pytest.mark.holds("fit_scores", by="derivative: jax.grad")
@given(SEEDS)
def test_scores_of_any_labels_are_where_jax_finds_no_slope(seed):
    rng, k = np.random.default_rng(seed), 4
    upper = np.triu(rng.uniform(0.1, 0.9, (k, k)), 1)
    p = upper + np.tril(1 - upper.T, -1) + 0.5 * np.eye(k)

    def loss(scores):
        gap = scores[:, None] - scores[None, :]
        return jnp.sum(jnp.logaddexp(0, -gap) + (1 - p) * gap) / 2

    fitted = c.fit_scores(p)
    np.testing.assert_allclose(jax.grad(loss)(fitted), 0, atol=1e-10, rtol=1e-10)
    assert fitted.sum() == pytest.approx(0, abs=1e-10)


def test_labels_that_contradict_each_other_are_refused():
    with pytest.raises(ValueError, match="must sum to one"):
        c.fit_scores(np.array([[0.5, 0.9], [0.9, 0.5]]))


@pytest.mark.holds("calibration_error", by="brute force")
@given(SEEDS, st.integers(1, 60), st.integers(1, 12))
def test_the_calibration_error_is_that_of_a_loop_over_bins(seed, n, bins):
    rng = np.random.default_rng(seed)
    p, truth = rng.random(n), rng.integers(0, 2, n).astype(float)
    total = 0.0
    for b in range(bins):
        inside = [i for i in range(n) if b == int(p[i] * bins)]
        if inside:
            total += len(inside) / n * abs(np.mean(p[inside]) - np.mean(truth[inside]))
    assert c.calibration_error(p, truth, bins) == pytest.approx(total, abs=1e-12)


def test_the_last_bin_holds_certainty():
    assert c.calibration_error(np.ones(3), np.array([1.0, 1.0, 0.0])) == pytest.approx(
        1 / 3, rel=1e-10
    )


def test_a_label_that_is_no_probability_is_refused():
    with pytest.raises(ValueError, match="between 0 and 1"):
        c.calibration_error(np.array([1.2]), np.array([1.0]))


def test_bounds_may_be_the_ends_and_may_meet():
    p = np.array([0.2, 0.7])
    np.testing.assert_array_equal(c.clamp(p, 0.0, 1.0), p)
    np.testing.assert_array_equal(c.clamp(p, 0.5, 0.5), [0.5, 0.5])


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_certainty_has_no_odds(p):
    with pytest.raises(ValueError, match=r"^log_odds: "):
        c.log_odds(np.array(p))


@pytest.mark.parametrize("p", [-0.5, 1.5])
def test_a_label_that_is_no_chance_is_refused(p):
    with pytest.raises(ValueError, match="between 0 and 1"):
        c.calibration_error(np.array([p]), np.ones(1))


def test_certain_labels_share_the_last_bin_and_empty_bins_count_nothing():
    assert c.calibration_error(np.array([1.0, 0.9]), np.array([0.9, 1.0])) == pytest.approx(0)
    assert c.calibration_error(np.array([0.05, 0.15]), np.zeros(2)) == pytest.approx(0.1)


def test_certain_labels_drive_the_scores_apart_until_the_last_of_the_2000_steps():
    certain = np.array([[0.5, 1.0], [0.0, 0.5]])
    last, one_more = (c.fit_scores(certain, steps) for steps in (2000, 2001))
    np.testing.assert_array_equal(c.fit_scores(certain), last)
    assert one_more[0] > last[0]


@pytest.mark.holds("check_labels", by="brute force: case by case")
@pytest.mark.parametrize("p", [-0.1, 1.1, np.nan, np.inf])
def test_what_is_no_probability_is_refused_everywhere(p):
    one, half = np.array([p]), np.array([0.5])
    for call in (
        lambda: c.check_labels("f", q=one),
        lambda: c.hard_label(one),
        lambda: c.clamp(one),
        lambda: c.log_odds(one),
        lambda: c.preference_loss(np.zeros(1), one),
        lambda: c.calibration_error(one, half),
        lambda: c.calibration_error(half, one),
        lambda: c.fit_scores(np.array([[0.5, p], [1 - p, 0.5]])),
    ):
        with pytest.raises(ValueError, match=r"^\w+: \w+ must lie between 0 and 1"):
            call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: c.soft_label(np.full((1, 2), -np.inf)), "neither option"),
        (lambda: c.soft_label(np.array([np.nan, 0.0])), "neither option"),
        (lambda: c.preference_loss(np.zeros(0), np.zeros(0)), "gap must be finite"),
        (lambda: c.preference_loss(np.array([np.inf]), np.ones(1)), "gap must be finite"),
        (lambda: c.fit_scores(np.zeros((0, 0))), "k must be 1"),
        (lambda: c.calibration_error(np.zeros(0), np.zeros(0)), "n must be 1"),
        (lambda: c.calibration_error(np.ones(1), np.ones(1), 0), "bins must be 1"),
    ],
)
def test_what_has_no_answer_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_an_option_without_any_chance_leaves_the_other_certain():
    assert c.soft_label(np.array([0.0, -np.inf])) == 1
