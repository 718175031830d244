"""RLHF against JAX's derivatives, sums written out, brute force and SciPy."""

from contextlib import nullcontext

import autograd
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.example_libraries import optimizers
from scipy import integrate, optimize, special, stats
from scipy.linalg import toeplitz

from snippets import rlhf
from snippets.gpt import generate, gpt
from snippets.instructgpt import ANSWER, last_layer, load_aligned, mistakes, prompts, reward
from snippets.layers import softmax

SEEDS = st.integers(0, 2**32 - 1)
UNIT = st.floats(0, 1)


def rng_of(seed):
    return np.random.default_rng(seed)


# -- advantages ---------------------------------------------------------------------------


@pytest.mark.holds("n_step_advantages", by="brute force")
@given(SEEDS, st.integers(1, 8), UNIT)
def test_n_step_advantages_are_the_sums_written_out(seed, t, gamma):
    rng = rng_of(seed)
    r, v = rng.normal(size=(2, t)), rng.normal(size=(2, t + 1))
    for i in range(t):
        earned = sum(gamma ** (k - i) * r[:, k] for k in range(i, t))
        expected = earned + gamma ** (t - i) * v[:, t] - v[:, i]
        assert np.allclose(
            rlhf.n_step_advantages(r, v, gamma)[:, i], expected, atol=1e-12, rtol=1e-10
        )


@pytest.mark.holds("gae", by="library: scipy.linalg.toeplitz")
@given(SEEDS, st.integers(1, 8), UNIT, UNIT)
def test_gae_is_the_sum_of_discounted_td_errors(seed, t, gamma, lam):
    rng = rng_of(seed)
    r, v = rng.normal(size=(2, t)), rng.normal(size=(2, t + 1))
    delta = r + gamma * v[:, 1:] - v[:, :-1]
    powers = (gamma * lam) ** np.arange(t)
    weights = toeplitz(powers, np.zeros(t))
    assert np.allclose(rlhf.gae(r, v, gamma, lam), delta @ weights, atol=1e-12, rtol=1e-10)


@pytest.mark.holds("td_errors", by="derivation: they telescope")
@given(SEEDS, st.integers(1, 8), UNIT)
def test_discounted_td_errors_telescope_to_the_advantage_to_the_end(seed, t, gamma):
    rng = rng_of(seed)
    r, v = rng.normal(size=(2, t)), rng.normal(size=(2, t + 1))
    delta = rlhf.td_errors(r, v, gamma)
    for i in range(t):
        expected = delta[:, i:] @ gamma ** np.arange(t - i)
        got = rlhf.n_step_advantages(r, v, gamma)[:, i]
        assert np.allclose(got, expected, rtol=1e-10, atol=1e-12)


@pytest.mark.holds("check_values", by="brute force: every pair of lengths")
def test_only_one_value_more_than_rewards_will_do():
    for rewards in range(1, 5):
        for values in range(6):
            good = values - rewards == 1
            with nullcontext() if good else pytest.raises(ValueError, match="rewards need"):
                rlhf.check_values(np.zeros((2, rewards)), np.zeros((2, values)))


@pytest.mark.holds("gae", by="derivation: estimates of all lengths")
@given(SEEDS, UNIT, st.floats(0, 0.99))
def test_gae_mixes_the_estimates_of_all_lengths(seed, gamma, lam):
    """Its definition in Schulman et al. 2016: k-step estimates, weighed by (1 - lam) lam^(k-1)."""
    rng = rng_of(seed)
    r, v = rng.normal(size=6), rng.normal(size=7)
    steps = [sum(gamma**k * r[k] for k in range(n)) + gamma**n * v[n] - v[0] for n in range(1, 7)]
    weights = [(1 - lam) * lam**k for k in range(5)] + [lam**5]
    expected = np.dot(weights, steps)
    assert np.isclose(rlhf.gae(r, v, gamma, lam)[0], expected, atol=1e-10, rtol=1e-10)


# -- PPO ----------------------------------------------------------------------------------


@pytest.mark.holds("policy_gradient", by="derivative: jax.grad")
@given(SEEDS, st.sampled_from([2, 6]))
def test_the_policy_gradient_is_that_of_jax(seed, y):
    rng = rng_of(seed)
    logits, actions, adv = rng.normal(size=(5, y)), rng.integers(y, size=5), rng.normal(size=5)

    def surrogate(logits):
        return jnp.mean(jax.nn.log_softmax(logits)[jnp.arange(5), actions] * adv)

    expected = jax.grad(surrogate)(jnp.array(logits))
    assert np.allclose(
        rlhf.policy_gradient(logits, actions, adv), expected, atol=1e-12, rtol=1e-10
    )


@pytest.mark.holds("ppo_clip", by="brute force: case by case")
@given(st.floats(0.01, 3), st.floats(-3, 3), st.floats(0.05, 0.9))
def test_the_clip_by_cases(ratio, adv, eps):
    expected = ratio * adv
    if adv > 0 and ratio > 1 + eps:
        expected = (1 + eps) * adv
    if adv < 0 and ratio < 1 - eps:
        expected = (1 - eps) * adv
    got = rlhf.ppo_clip(np.array([ratio]), np.array([adv]), eps)
    assert np.isclose(got[0], expected, rtol=1e-12, atol=1e-15)


@pytest.mark.holds("clip_step", by="derivative: jax.grad")
@given(SEEDS)
def test_a_step_of_the_table_is_the_gradient_of_the_clipped_objective(seed):
    rng = rng_of(seed)
    theta, old = rng.normal(size=(3, 4)), softmax(rng.normal(size=(3, 4)))
    x, y, adv = rng.integers(3, size=9), rng.integers(4, size=9), rng.normal(size=9)

    def clipped(theta):
        ratio = jax.nn.softmax(theta)[x, y] / old[x, y]
        return jnp.mean(jnp.minimum(ratio * adv, jnp.clip(ratio, 0.8, 1.2) * adv))

    expected = theta + 0.1 * 3 * jax.grad(clipped)(jnp.array(theta))
    assert np.allclose(
        rlhf.clip_step(theta, old, x, y, adv, 0.1), expected, atol=1e-12, rtol=1e-10
    )


@pytest.mark.holds("doubling", by="brute force: case by case")
@given(st.floats(0.001, 10), st.floats(0.001, 10))
def test_the_doubling_rule_moves_only_outside_its_band(d, target):
    low, high = target / 1.5, target * 1.5
    factor = 0.5 if d < low else 2 if d > high else 1
    assert rlhf.doubling(3.0, d, target) == 3 * factor


@pytest.mark.holds("proportional", by="library: numpy.interp")
@given(st.floats(0, 10), st.floats(0.001, 10), UNIT)
def test_the_proportional_rule_is_a_line_with_two_flat_ends(d, target, k):
    slope = np.interp(d, [0.8 * target, 1.2 * target], [-0.2, 0.2])
    assert rlhf.proportional(3.0, d, target, k) == pytest.approx(3 + 3 * k * slope, rel=1e-10)


@pytest.mark.holds("check_target", by="brute force: case by case")
@pytest.mark.parametrize("target", [-1.0, 0.0, 1e-300, 2.0])
def test_only_a_target_above_zero_will_do(target):
    good = target in (1e-300, 2.0)
    with nullcontext() if good else pytest.raises(ValueError, match="must be positive"):
        rlhf.check_target(target)


def test_the_proportional_rule_saturates_and_rests_at_its_target():
    assert rlhf.proportional(2.0, 5.0, 5.0) == 2
    assert np.isclose(rlhf.proportional(2.0, 5.5, 5.0), 2 * 1.01, rtol=1e-10, atol=1e-10)
    assert np.isclose(rlhf.proportional(2.0, 500.0, 5.0), 2 * 1.02, rtol=1e-10, atol=1e-10)
    assert np.isclose(rlhf.proportional(2.0, 0.0, 5.0), 2 * 0.98, rtol=1e-10, atol=1e-10)


# -- the closed form ----------------------------------------------------------------------


@pytest.mark.holds("kl", by="library: scipy.stats.entropy")
@given(SEEDS, st.integers(2, 9))
def test_kl_is_scipys(seed, y):
    p, q = softmax(rng_of(seed).normal(size=(2, y)))
    assert np.isclose(rlhf.kl(p, q), stats.entropy(p, q), rtol=1e-10, atol=1e-14)


def test_kl_where_p_is_zero():
    assert rlhf.kl(np.array([1.0, 0.0]), np.array([0.5, 0.5])) == np.log(2)
    assert rlhf.kl(np.array([1.0, 0.0]), np.array([1.0, 0.0])) == 0


@pytest.mark.holds("leashed_reward", by="library: scipy.special.rel_entr")
@given(SEEDS, st.floats(0.2, 3))
def test_the_leash_is_scipys_relative_entropy(seed, beta):
    rng = rng_of(seed)
    pi, ref, r = *softmax(rng.normal(size=(2, 3, 4))), rng.normal(size=(3, 4))
    expected = (pi * r).sum(-1) - beta * special.rel_entr(pi, ref).sum(-1)
    np.testing.assert_allclose(
        rlhf.leashed_reward(pi, ref, r, beta), expected, atol=1e-10, rtol=1e-10
    )


@pytest.mark.holds("optimum", by="derivative: jax.grad")
@given(SEEDS, st.floats(0.2, 3))
def test_at_the_optimum_jax_finds_no_slope_and_log_z_is_the_height(seed, beta):
    rng = rng_of(seed)
    ref, r = softmax(rng.normal(size=4)), rng.normal(size=4)

    def height(theta):
        p = jax.nn.softmax(theta)
        return p @ r - beta * jax.scipy.special.rel_entr(p, ref).sum()

    best, log_z = rlhf.optimum(ref, r, beta)
    value, slope = jax.value_and_grad(height)(jnp.log(best))
    np.testing.assert_allclose(slope, 0, atol=1e-10, rtol=1e-10)
    np.testing.assert_allclose(value, beta * log_z, rtol=1e-10)


@pytest.mark.holds("optimum", by="library: scipy.optimize.minimize")
@settings(max_examples=10)
@given(SEEDS, st.floats(0.2, 3))
def test_no_search_finds_a_better_policy_than_the_closed_form(seed, beta):
    rng = rng_of(seed)
    ref, r = softmax(rng.normal(size=4)), rng.normal(size=4)

    def loss(theta):
        p = special.softmax(theta)
        return -(p @ r - beta * special.rel_entr(p, ref).sum())

    found = optimize.minimize(loss, np.zeros(4), tol=1e-12)
    best, log_z = rlhf.optimum(ref, r, beta)
    assert np.allclose(special.softmax(found.x), best, rtol=0, atol=1e-4)  # a search ends nearby
    assert -found.fun <= rlhf.leashed_reward(best, ref, r, beta) + 1e-12
    assert np.isclose(-found.fun, beta * log_z, rtol=0, atol=1e-7)
    assert np.isclose(log_z, special.logsumexp(r / beta, b=ref), rtol=1e-12, atol=1e-10)


@pytest.mark.holds("dpo_loss", by="library: jax.nn.log_sigmoid")
@given(SEEDS)
def test_dpo_is_jaxs_log_sigmoid_of_implicit_rewards(seed):
    log_w, log_l, ref_w, ref_l = -rng_of(seed).random((4, 6)) * 5
    margin = 0.3 * ((log_w - ref_w) - (log_l - ref_l))
    expected = -jax.nn.log_sigmoid(jnp.array(margin)).mean()
    assert np.isclose(
        rlhf.dpo_loss(log_w, log_l, ref_w, ref_l, 0.3), expected, rtol=1e-12, atol=1e-10
    )


@pytest.mark.holds("rank_answers", by="library: scipy.stats.binom")
def test_rankings_of_two_follow_the_bradley_terry_model():
    r = np.array([0.0, 1.0, 2.0])
    ranked = rlhf.rank_answers(r, 2, 30_000, rng_of(0))
    for a, b in ((0, 1), (0, 2), (1, 2)):
        met = ranked[np.isin(ranked, [a, b]).all(-1)]
        low, high = stats.binom.interval(0.9999, len(met), special.expit(r[b] - r[a]))
        assert low < (met[:, 0] == b).sum() < high


def test_rankings_follow_the_plackett_luce_model():
    r = np.array([0.3, -0.5, 1.0])
    ranked = rlhf.rank_answers(r, 3, 30_000, rng_of(1))
    e = np.exp(r)
    for first, second in ((0, 1), (2, 0), (1, 2)):
        chance = e[first] / e.sum() * e[second] / (e.sum() - e[first])
        seen = ((ranked[:, 0] == first) & (ranked[:, 1] == second)).sum()
        low, high = stats.binom.interval(0.9999, len(ranked), chance)
        assert low < seen < high


@pytest.mark.holds("ppo_table", by="derivation: the closed form")
def test_ppo_comes_near_the_closed_form_whatever_the_seed():
    rng = rng_of(5)
    ref, r = softmax(rng.normal(size=(2, 5))), rng.normal(size=(2, 5))
    best, _ = rlhf.optimum(ref, r, 0.5)
    for seed in range(3):
        pi, way = rlhf.ppo_table(ref, r, 0.5, 40, rng_of(seed), lr=1.0)
        assert (rlhf.kl(pi, best) < 0.02).all()
        assert np.allclose(way.sum(-1), 1, rtol=1e-10, atol=1e-10)


# -- best of n and over-optimisation ------------------------------------------------------


@pytest.mark.holds("best_of_n", by="brute force: every draw")
@given(SEEDS, st.integers(1, 4))
def test_best_of_n_by_trying_all_draws(seed, n):
    p = softmax(rng_of(seed).normal(size=4))
    draws = np.stack(np.meshgrid(*[np.arange(4)] * n, indexing="ij"), -1).reshape(-1, n)
    chance = p[draws].prod(-1)
    expected = np.bincount(draws.min(-1), weights=chance, minlength=4)
    assert np.allclose(rlhf.best_of_n(p, n), expected, atol=1e-12, rtol=1e-10)


@pytest.mark.holds("best_of_n_kl", by="library: scipy.integrate.quad")
@pytest.mark.parametrize("n", [1, 2, 5, 64])
def test_the_kl_of_the_best_of_n_is_an_integral(n):
    """The rank u of the best has density n u^(n-1) on the unit interval."""
    value, _ = integrate.quad(lambda u: special.xlogy(n * u ** (n - 1), n * u ** (n - 1)), 0, 1)
    assert np.isclose(rlhf.best_of_n_kl(n), value, atol=1e-10, rtol=1e-10)


@pytest.mark.holds("tilted_gold", by="brute force: integrated on a grid")
def test_the_tilted_gaussian_by_integration():
    w, a, c, beta = np.array([1.0, 0.5]), np.array([1.0, 0.2]), np.diag([0.2, 0.4]), 0.7
    z = np.stack(np.meshgrid(*[np.linspace(-9, 9, 401)] * 2, indexing="ij"), -1).reshape(-1, 2)
    ref = np.exp(-(z**2).sum(-1) / 2)
    ref /= ref.sum()
    tilted = ref * np.exp(z @ w / beta)
    tilted /= tilted.sum()
    gold = z @ a - np.einsum("ni,ij,nj->n", z, c, z) / 2
    d, gain = rlhf.tilted_gold(w, a, c, beta)
    assert np.isclose(d, np.sqrt(stats.entropy(tilted, ref)), rtol=1e-10, atol=1e-10)
    assert np.isclose(gain, (tilted - ref) @ gold, rtol=1e-10, atol=1e-10)


# -- episodes of unequal length -----------------------------------------------------------


@pytest.mark.holds("n_step_advantages", "td_errors", "gae", by="brute force: one by one")
@given(SEEDS, st.lists(st.integers(1, 5), min_size=1, max_size=4), st.booleans(), UNIT, UNIT)
def test_padding_on_either_side_changes_no_advantage(seed, sizes, left, gamma, lam):
    rng, t = rng_of(seed), max(sizes) + 1
    r, v = rng.normal(size=(len(sizes), t)), rng.normal(size=(len(sizes), t + 1))
    place = np.arange(t)[::-1] if left else np.arange(t)
    real = place < np.array(sizes)[:, None]
    for function, given_ in (
        (rlhf.n_step_advantages, (gamma,)),
        (rlhf.td_errors, (gamma,)),
        (rlhf.gae, (gamma, lam)),
    ):
        together = function(r, v, *given_, real)
        assert not together[~real].any()
        for i, there in enumerate(real):
            end = np.flatnonzero(there)[-1] + 1
            alone = function(r[i][there], np.append(v[i, :-1][there], v[i, end]), *given_)
            np.testing.assert_allclose(together[i][there], alone, rtol=1e-10, atol=1e-12)


@given(SEEDS, st.lists(st.integers(1, 5), min_size=1, max_size=3), UNIT)
def test_with_lambda_1_both_estimates_agree_on_a_padded_batch_too(seed, sizes, gamma):
    rng, t = rng_of(seed), max(sizes)
    r, v = rng.normal(size=(len(sizes), t)), rng.normal(size=(len(sizes), t + 1))
    real = np.arange(t) < np.array(sizes)[:, None]
    one, other = rlhf.gae(r, v, gamma, 1.0, real), rlhf.n_step_advantages(r, v, gamma, real)
    np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-12)


@given(SEEDS, st.sampled_from([0.0, 1.0, -3e5, 0.1]), st.integers(1, 4))
def test_equal_advantages_have_no_spread_and_others_have_scipys(seed, level, n):
    with pytest.raises(ValueError, match="no spread"):
        rlhf.standardised(np.full((n, 3), level))
    x = rng_of(seed).normal(size=(n, 3))
    np.testing.assert_allclose(
        rlhf.standardised(x), stats.zscore(x, axis=None), rtol=1e-10, atol=1e-12
    )


@pytest.mark.holds("standardised", by="library: scipy.stats.zscore")
@pytest.mark.parametrize("x", [[], [1.0], [np.nan, 1.0], [np.inf, 1.0], [0.0, 1e-300]])
def test_what_has_no_spread_is_refused(x):
    with pytest.raises(ValueError, match="no spread"):
        rlhf.standardised(np.array(x))
    np.testing.assert_allclose(rlhf.standardised(np.array([1.0, 3])), stats.zscore([1.0, 3]))


# -- the tiny model -----------------------------------------------------------------------

ALIGNED = load_aligned()


def one_rollout(beta=1.0, seed=0):
    a = ALIGNED
    judge = a["reward"] | {"w_v": a["reward"]["w_r"], "b_v": a["reward"]["b_r"]}
    x = prompts(a["merges"], held_out=False)[:8]
    given = a["ppo"], a["sft"], judge, x, ANSWER, a["h"], beta, rng_of(seed)
    return judge, rlhf.rollout(*given)


ROLLED = one_rollout()[1]


def test_without_discount_and_with_lambda_1_the_first_advantage_is_the_whole_reward():
    _, batch = one_rollout()
    whole = batch["r"] - (batch["log_p"] - batch["log_sft"]).sum(-1)
    got = rlhf.gae(batch["earned"], batch["v"], 1.0, 1.0)[:, 0] + batch["v"][:, 0]
    assert np.allclose(got, whole, atol=1e-10, rtol=1e-10)


def test_the_ppo_loss_of_the_old_policy_is_minus_the_mean_advantage():
    _, batch = one_rollout()
    given = ALIGNED["ppo"], batch["tokens"], batch["log_p"], batch["adv"], ALIGNED["h"]
    assert np.isclose(rlhf.ppo_loss({}, *given), -batch["adv"].mean(), rtol=1e-10, atol=1e-10)


@pytest.mark.holds("rollout", "ppo_loss", "ppo_iteration", by="brute force: without padding")
def test_padding_before_a_prompt_changes_no_rollout_and_no_step():
    a, (judge, plain) = ALIGNED, one_rollout()
    x = prompts(a["merges"], held_out=False)[:8]
    wide = np.concatenate([np.full((8, 3), 7), x], axis=-1)
    real = np.arange(11) >= 3 * np.ones((8, 1))
    models = a["ppo"], a["sft"], judge
    padded = rlhf.rollout(*models, wide, ANSWER, a["h"], 1.0, rng_of(0), real)
    np.testing.assert_array_equal(padded["tokens"][:, 3:], plain["tokens"])
    for name in ("log_p", "log_sft", "r", "v", "earned", "adv"):
        np.testing.assert_allclose(padded[name], plain[name], rtol=1e-8, atol=1e-10)
    part = last_layer(a["ppo"])
    steps = [
        rlhf.ppo_iteration(part, a["ppo"], batch, None, 1e-3, a["h"])[0]
        for batch in (plain, padded)
    ]
    for name in part:
        np.testing.assert_allclose(steps[1][name], steps[0][name], atol=1e-6)


@pytest.mark.holds("ppo_loss", by="brute force: answer by answer")
@settings(max_examples=5)
@given(SEEDS, st.lists(st.integers(1, ANSWER), min_size=2, max_size=4))
def test_padding_behind_an_answer_changes_neither_the_ppo_loss_nor_its_gradient(seed, sizes):
    rng, policy, h, b = rng_of(seed), ALIGNED["ppo"], ALIGNED["h"], len(sizes)
    tokens, adv = ROLLED["tokens"][:b], rng.normal(size=(b, ANSWER))
    log_p = ROLLED["log_p"][:b] + 0.3 * rng.normal(size=(b, ANSWER))
    real = np.arange(tokens.shape[1]) < 8 + np.array(sizes)[:, None]
    part = last_layer(policy)

    def one_by_one(part):
        losses = [
            n * rlhf.ppo_loss(
                part, policy, tokens[i : i + 1, : 8 + n], log_p[i : i + 1, :n],
                adv[i : i + 1, :n], h,
            )
            for i, n in enumerate(sizes)
        ]  # fmt: skip
        return sum(losses) / sum(sizes)

    given_ = part, policy, tokens, log_p, adv, h, real
    (ours, slope), (loss, theirs) = (
        autograd.value_and_grad(rlhf.ppo_loss)(*given_),
        autograd.value_and_grad(one_by_one)(part),
    )
    assert np.isclose(ours, loss, rtol=1e-10)
    for name in part:
        np.testing.assert_allclose(slope[name], theirs[name], rtol=1e-8, atol=1e-10)


def test_an_iteration_refuses_advantages_without_spread_and_a_batch_that_does_not_divide():
    given_ = last_layer(ALIGNED["ppo"]), ALIGNED["ppo"]
    flat = ROLLED | {"adv": np.full((8, ANSWER), 0.1)}
    with pytest.raises(ValueError, match="no spread"):
        rlhf.ppo_iteration(*given_, flat, None, 1e-3, ALIGNED["h"])
    for minibatches in (0, 3):
        with pytest.raises(ValueError, match=f"{minibatches} minibatches do not divide 8"):
            rlhf.ppo_iteration(*given_, ROLLED, None, 1e-3, ALIGNED["h"], minibatches)


def test_a_pass_over_a_batch_makes_its_good_answers_likelier():
    from snippets.instructgpt import token_log_probs

    _, batch = one_rollout()
    part = last_layer(ALIGNED["ppo"])
    new, _ = rlhf.ppo_iteration(part, ALIGNED["ppo"], batch, None, 1e-4, ALIGNED["h"], 1)
    after = token_log_probs({**ALIGNED["ppo"], **new}, batch["tokens"], 8, ALIGNED["h"])
    adv = batch["adv"] - batch["adv"].mean()
    assert ((after - batch["log_p"]) * adv).sum() > 0
    assert set(new) == set(part)


def log_probs(params, tokens):
    """SciPy's, of the tokens of the answers."""
    start = tokens.shape[1] - ANSWER
    logits = gpt(params, tokens[:, :-1], ALIGNED["h"])[:, start - 1 :]
    log_p = special.log_softmax(logits, axis=-1)
    return np.take_along_axis(log_p, tokens[:, start:, None], axis=-1)[..., 0]


@pytest.mark.holds("rollout", by="library: scipy.special.log_softmax")
def test_a_rollout_is_what_its_parts_say():
    judge, batch = one_rollout(beta=0.7, seed=3)
    x, h = prompts(ALIGNED["merges"], held_out=False)[:8], ALIGNED["h"]
    tokens = generate(ALIGNED["ppo"], x, ANSWER, h, rng_of(3))
    np.testing.assert_array_equal(batch["tokens"], tokens)
    new, old = (log_probs(ALIGNED[name], tokens) for name in ("ppo", "sft"))
    np.testing.assert_allclose(batch["log_p"], new, rtol=1e-10)
    np.testing.assert_allclose(batch["log_sft"], old, rtol=1e-10)
    r = reward(judge, tokens, h)
    np.testing.assert_allclose(batch["r"], r, rtol=1e-10)
    values = [reward(judge, tokens[:, : x.shape[1] + i], h) for i in range(ANSWER)]  # w_v is w_r
    v = np.stack([*values, 0 * r], axis=-1)
    np.testing.assert_allclose(batch["v"], v, rtol=1e-10, atol=1e-10)
    earned = -0.7 * (new - old)
    earned[:, -1] += r
    np.testing.assert_allclose(batch["earned"], earned, rtol=1e-10, atol=1e-10)
    delta = earned + np.diff(v)
    expected = delta @ toeplitz(0.95 ** np.arange(ANSWER), np.zeros(ANSWER))
    np.testing.assert_allclose(batch["adv"], expected, rtol=1e-10, atol=1e-10)


@pytest.mark.holds("ppo_loss", by="brute force: token by token")
@given(SEEDS)
@settings(max_examples=5)
def test_the_ppo_loss_of_a_moved_policy_is_clipped_token_by_token(seed):
    rng, policy = rng_of(seed), ALIGNED["ppo"]
    part = {k: w + 0.02 * rng.normal(size=w.shape) for k, w in last_layer(policy).items()}
    tokens, adv = ROLLED["tokens"], rng.normal(size=(8, ANSWER))
    ratio = np.exp(log_probs({**policy, **part}, tokens) - ROLLED["log_p"])
    terms = []
    for k, a in zip(ratio.ravel().tolist(), adv.ravel().tolist(), strict=True):
        bounded = 1.2 if k > 1.2 else 0.8 if k < 0.8 else k
        terms.append(min(k * a, bounded * a))
    loss = rlhf.ppo_loss(part, policy, tokens, ROLLED["log_p"], adv, ALIGNED["h"])
    assert loss == pytest.approx(-np.mean(terms), rel=1e-10)


@pytest.mark.holds("ppo_iteration", by="library: jax.example_libraries.optimizers.adam")
def test_an_iteration_is_a_step_of_jaxs_adam_for_each_minibatch():
    policy, h = ALIGNED["ppo"], ALIGNED["h"]
    start, update, get = optimizers.adam(0.01)
    state = start(last_layer(policy))
    adv = stats.zscore(ROLLED["adv"], axis=None)
    for step, rows in enumerate(([0, 4], [1, 5], [2, 6], [3, 7])):
        part = {k: np.asarray(w) for k, w in get(state).items()}
        given = policy, ROLLED["tokens"][rows], ROLLED["log_p"][rows], adv[rows], h
        state = update(step, autograd.grad(rlhf.ppo_loss)(part, *given), state)
    found, _ = rlhf.ppo_iteration(last_layer(policy), policy, ROLLED, None, 0.01, h)
    for name, w in get(state).items():
        np.testing.assert_allclose(found[name], w, rtol=1e-10, atol=1e-10)


@pytest.mark.holds("summary", by="brute force: answer by answer")
def test_the_summary_is_the_mean_over_the_answers():
    r, wrong, spent = rlhf.summary(ROLLED)
    n = len(ROLLED["r"])
    ratios = [
        np.exp(a.sum() - b.sum()) for a, b in zip(ROLLED["log_p"], ROLLED["log_sft"], strict=True)
    ]
    assert r == pytest.approx(sum(ROLLED["r"].tolist()) / n, rel=1e-10)
    assert wrong == sum(int(mistakes(row[None])[0]) for row in ROLLED["tokens"]) / n
    assert spent == pytest.approx(sum(np.log(ratios)) / n, rel=1e-10)


@pytest.mark.holds("value_step", by="derivative: jax.grad")
def test_the_value_step_is_the_gradient_of_the_squared_error():
    judge, batch = one_rollout()
    ahead = np.flip(np.cumsum(np.flip(batch["earned"], -1), -1), -1)

    def loss(w, b):
        return 0.5 * jnp.mean((batch["states"] @ w - b - ahead) ** 2)

    dw, db = jax.grad(loss, (0, 1))(jnp.array(judge["w_v"]), jnp.array(judge["b_v"]))
    moved = rlhf.value_step(judge, batch, 0.01)
    assert np.allclose(moved["w_v"], judge["w_v"] - 0.01 * dw, atol=1e-12, rtol=1e-10)
    assert np.allclose(moved["b_v"], judge["b_v"] - 0.01 * db, atol=1e-12, rtol=1e-10)


def test_the_summary_of_the_sft_model_itself_has_no_kl():
    a = ALIGNED
    judge, _ = one_rollout()
    x = prompts(a["merges"], held_out=False)[:4]
    batch = rlhf.rollout(a["sft"], a["sft"], judge, x, ANSWER, a["h"], 1.0, rng_of(0))
    assert rlhf.summary(batch)[2] == 0


HALF = np.full((2, 2), 0.5)


@pytest.mark.holds("check_table", by="brute force: case by case")
def test_a_table_is_drawn_from_in_eight_parts():
    rlhf.check_table(HALF, 1, 8)
    for ref, steps, batch in ((HALF, 0, 8), (HALF, 1, 9), (np.eye(2), 1, 8), (HALF[:0], 1, 8)):
        with pytest.raises(ValueError, match=r"^ppo_table: "):
            rlhf.check_table(ref, steps, batch)


def step_of(x, y):
    """A step after one answer y to prompt x."""
    one = np.array([x]), np.array([y]), np.ones(1)
    return rlhf.clip_step(np.zeros((2, 2)), HALF, *one, 1.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rlhf.gae(np.ones(3), np.ones(3), 1.0, 1.0), "need one value more"),
        (lambda: rlhf.n_step_advantages(np.ones(3), np.ones(5), 1.0), "need one value more"),
        (lambda: rlhf.ppo_clip(np.ones(3), np.ones(3), 0.0), "must be positive"),
        (lambda: rlhf.kl(np.array([0.5, 0.5]), np.array([1.0, 0.0])), "infinite"),
        (lambda: rlhf.optimum(np.ones(2) / 2, np.ones(2), 0.0), "beta must be positive"),
        (lambda: rlhf.optimum(np.zeros(2), np.ones(2), 1.0), "ref allows no answer"),
        (lambda: rlhf.gae(np.zeros((1, 0)), np.zeros((1, 1)), 1.0, 1.0), "steps must be"),
        (lambda: rlhf.gae(np.zeros(2), np.zeros(3), 1.5, 1.0), "gamma must be between"),
        (lambda: rlhf.gae(np.zeros(2), np.zeros(3), 1.0, -0.5), "lam must be between"),
        (lambda: rlhf.td_errors(np.zeros(2), np.zeros(3), np.nan), "gamma must be between"),
        (lambda: rlhf.n_step_advantages(np.zeros(2), np.zeros(3), 2.0), "gamma must be"),
        (
            lambda: rlhf.policy_gradient(np.zeros((1, 3)), np.array([-1]), np.zeros(1)),
            "actions must be 0 to 2, one is -1",
        ),
        (
            lambda: rlhf.policy_gradient(np.zeros((0, 3)), np.zeros(0, int), np.zeros(0)),
            "actions must be 1 or more",
        ),
        (lambda: rlhf.rank_answers(np.ones(3), 2, -1, rng_of(0)), "n must be 0"),
        (lambda: rlhf.ppo_table(HALF, HALF, 1.0, 0, rng_of(0)), "steps must be 1"),
        (lambda: rlhf.ppo_table(HALF, HALF, 1.0, 1, rng_of(0), 1.0, 12), "divide 12"),
        (lambda: rlhf.ppo_table(HALF, HALF, 1.0, 1, rng_of(0), 1.0, 0), "divide 0"),
        (lambda: rlhf.ppo_table(np.eye(2), HALF, 1.0, 1, rng_of(0)), "allow every answer"),
        (
            lambda: rlhf.clip_step(
                np.zeros((1, 2)), np.array([[0.0, 1.0]]), *np.zeros((2, 1), int), np.ones(1), 1.0
            ),
            "old must allow",
        ),
        (lambda: step_of(-1, 0), "clip_step: x must be 0 to 1, one is -1"),
        (lambda: step_of(0, 2), "clip_step: y must be 0 to 1, one is 2"),
        (lambda: rlhf.best_of_n(np.array([0.5, 0.2]), 2), "sum to one"),
        (lambda: rlhf.best_of_n(np.array([1.5, -0.5]), 2), "sum to one"),
        (lambda: rlhf.tilted_gold(*HALF, HALF, 0.0), "beta must be positive"),
        (lambda: rlhf.dpo_loss(*np.zeros((4, 0)), 1.0), "has no mean"),
        (lambda: rlhf.best_of_n(np.ones(2) / 2, 0), "at least one"),
        (lambda: rlhf.best_of_n_kl(0), "at least one"),
        (lambda: rlhf.doubling(1.0, 0.1, 0.0), "must be positive"),
        (lambda: rlhf.proportional(1.0, 0.1, 0.0), "must be positive"),
        (lambda: rlhf.rank_answers(np.ones(3), 4, 5, rng_of(0)), "no 4 of 3"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_one_answer_is_its_own_best_and_all_may_be_ranked():
    p = np.array([0.5, 0.3, 0.2])
    np.testing.assert_allclose(rlhf.best_of_n(p, 1), p)
    assert rlhf.best_of_n_kl(1) == 0
    ranked = rlhf.rank_answers(np.array([3.0, 1, 2]), 3, 50, np.random.default_rng(0))
    assert (np.sort(ranked, axis=1) == [0, 1, 2]).all()


def test_the_advantage_may_rise_no_further_than_a_fifth():
    assert rlhf.CLIP == 0.2
    assert rlhf.ppo_clip(np.array([1.5]), np.array([1.0]), rlhf.CLIP).item() == 1.2


@pytest.mark.parametrize(
    "call",
    [
        lambda: rlhf.ppo_clip(np.ones(1), np.ones(1), 0.0),
        lambda: rlhf.doubling(1.0, 1.0, 0.0),
        lambda: rlhf.optimum(np.full(2, 0.5), np.ones(2), 0.0),
        lambda: rlhf.kl(np.array([0.5, 0.5]), np.array([1.0, 0.0])),
    ],
)
def test_nothing_is_no_bound(call):
    with pytest.raises(ValueError, match=r"\w"):
        call()


def test_advantages_of_a_batch_of_batches_are_those_of_each():
    rng = rng_of(8)
    r, v = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 3, 5))
    each = [rlhf.gae(*given, 0.9, 0.8) for given in zip(r, v, strict=True)]
    np.testing.assert_array_equal(rlhf.gae(r, v, 0.9, 0.8), each)


def test_prompts_with_rewards_far_apart_have_an_optimum_each():
    r = np.array([[1e4, 1e4 - 1], [-1e4, -1e4 - 1]])
    best, log_z = rlhf.optimum(np.full((2, 2), 0.5), r, 1.0)
    np.testing.assert_allclose(best, special.softmax(r, axis=-1), rtol=1e-12)
    wanted = special.logsumexp(r, axis=-1) - np.log(2)
    np.testing.assert_allclose(log_z, wanted, rtol=1e-12)


@pytest.mark.holds("ppo_table", by="brute force: draw by draw")
def test_ppo_in_a_table_is_done_draw_by_draw():
    """The same random numbers, an answer looked up for each of them."""
    rng = rng_of(11)
    ref, r, beta = softmax(rng.normal(size=(2, 3))), rng.normal(size=(2, 3)), 0.5
    _, way = rlhf.ppo_table(ref, r, beta, 2, rng_of(12), batch=16)
    rng, theta = rng_of(12), np.log(ref)
    for rate, after in zip((1.0, 0.5), way, strict=True):
        pi = special.softmax(theta, axis=-1)
        x, draws = rng.integers(2, size=16), rng.random((16, 1))[:, 0]
        y = np.array([np.searchsorted(np.cumsum(pi[a]), u) for a, u in zip(x, draws, strict=True)])
        got = [[r[a, b] - beta * np.log(pi[a, b] / ref[a, b]) for b in range(3)] for a in (0, 1)]
        adv = np.array([got[a][b] - pi[a] @ got[a] for a, b in zip(x, y, strict=True)])
        for i in range(0, 16, 2):
            two = slice(i, i + 2)
            theta = rlhf.clip_step(theta, pi, x[two], y[two], adv[two], rate)
        np.testing.assert_allclose(after, special.softmax(theta, axis=-1), rtol=1e-10)


class Highest(np.random.Generator):
    """Draws the largest number below one, always."""

    def random(self, size):
        return np.full(size, np.nextafter(1.0, 0.0))


def test_a_draw_above_all_that_rounding_left_is_the_last_answer():
    ref = np.full((1, 7), 1 / 7)
    assert np.cumsum(softmax(np.log(ref)))[-1] < np.nextafter(1.0, 0.0)
    pi, _ = rlhf.ppo_table(ref, np.arange(7.0)[None], 0.5, 1, Highest(np.random.PCG64(0)))
    assert pi.argmax() == 6


def test_what_the_reference_never_says_weighs_nothing_however_good_it_is():
    ref, r = np.array([0.75, 0.25, 0.0]), np.array([0.0, 0.0, 1e6])
    best, log_z = rlhf.optimum(ref, r, 0.01)
    np.testing.assert_allclose(best, ref, rtol=1e-12)
    assert log_z == pytest.approx(0, abs=1e-12)
