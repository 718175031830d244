"""Entry 17 against SciPy, JAX's derivatives, counting, and the tables of the paper."""

import re
from itertools import combinations
from math import comb

import autograd
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from snippets import instructgpt as ig
from snippets.gpt import decode, encode, generate, gpt, gpt_loss, init_gpt, load_tiny

SEEDS = st.integers(0, 2**32 - 1)
MERGES = load_tiny()[1]


def rng_of(seed):
    return np.random.default_rng(seed)


# -- the reward model's loss --------------------------------------------------------------


@pytest.mark.holds("comparisons", by="library: itertools.combinations")
@given(st.integers(2, 12))
def test_comparisons_are_all_pairs_with_the_better_first(k):
    found = [tuple(pair) for pair in ig.comparisons(k).tolist()]
    assert found == list(combinations(range(k), 2))
    assert len(found) == comb(k, 2)


@pytest.mark.holds("reward_loss", "ranking_loss", by="library: scipy.special.log_expit")
@given(SEEDS, st.integers(2, 9))
def test_the_ranking_loss_is_the_mean_surprise_of_every_pair(seed, k):
    r = rng_of(seed).normal(scale=3, size=(4, k))
    pairs = [(w, o) for w in range(k) for o in range(w + 1, k)]
    expected = -np.mean([special.log_expit(r[:, w] - r[:, o]) for w, o in pairs])
    assert np.isclose(ig.ranking_loss(r), expected, rtol=1e-12, atol=1e-10)


@pytest.mark.holds("reward_loss", "ranking_loss", by="derivative: jax.grad")
@given(SEEDS, st.sampled_from([2, 9]))
def test_its_gradient_is_that_of_jax(seed, k):
    r = rng_of(seed).normal(size=k)
    w, o = np.triu_indices(k, 1)
    expected = jax.grad(lambda r: -jax.nn.log_sigmoid(r[w] - r[o]).mean())(jnp.array(r))
    assert np.allclose(autograd.grad(ig.ranking_loss)(r), expected, atol=1e-12, rtol=1e-10)


def test_the_loss_stays_finite_for_rewards_far_apart():
    assert ig.reward_loss(np.array([-2000.0]), np.array([2000.0])) == 4000
    assert ig.reward_loss(np.array([2000.0]), np.array([-2000.0])) == 0


@pytest.mark.holds("win_rate", by="library: scipy.stats.logistic")
@given(st.floats(-20, 20), st.floats(-20, 20))
def test_the_rate_of_wins_is_that_of_scipys_logistic(a, b):
    assert np.isclose(ig.win_rate(a, b), stats.logistic.cdf(a - b), rtol=1e-12, atol=1e-10)


@pytest.mark.holds("log_odds", by="library: scipy.special.logit")
@given(st.floats(1e-6, 1 - 1e-6))
def test_log_odds_undo_the_rate_of_wins(wins):
    assert np.isclose(ig.log_odds(wins), special.logit(wins), rtol=1e-10, atol=1e-12)
    assert np.isclose(ig.win_rate(ig.log_odds(wins), 0.0), wins, rtol=1e-10, atol=1e-10)


# -- the model ----------------------------------------------------------------------------


def small(seed, v=11, n=8, d=8):
    params = init_gpt(rng_of(seed), v, n, d, 2, 1)
    return {k: w + 0.3 * rng_of(seed + 1).normal(size=w.shape) for k, w in params.items()}


@pytest.mark.holds("token_log_probs", by="brute force: every answer")
@given(SEEDS.map(lambda s: s % 10_000))
def test_log_probabilities_of_an_answer_are_of_a_distribution(seed):
    params, start = small(seed), 3
    x = rng_of(seed).integers(11, size=start)
    every = np.array([[*x, a, b] for a in range(11) for b in range(11)])
    total = np.exp(ig.token_log_probs(params, every, start, 2).sum(-1)).sum()
    assert np.isclose(total, 1, rtol=1e-12, atol=1e-10)


def test_with_a_prompt_of_one_token_the_sft_loss_is_the_language_models():
    params, tokens = small(1), rng_of(2).integers(11, size=(5, 8))
    expected = gpt_loss(params, tokens, 2)
    assert np.isclose(ig.sft_loss(params, tokens, 1, 2), expected, rtol=1e-12, atol=1e-10)


@pytest.mark.holds("token_log_probs", "sft_loss", by="library: scipy.special.log_softmax")
def test_the_sft_loss_leaves_the_prompt_out():
    params, tokens = small(3), rng_of(4).integers(11, size=(5, 8))
    log_p = special.log_softmax(gpt(params, tokens[:, :-1], 2), axis=-1)
    picked = np.take_along_axis(log_p, tokens[:, 1:, None], axis=-1)[..., 0]
    assert np.isclose(
        ig.sft_loss(params, tokens, 4, 2), -picked[:, 3:].mean(), rtol=1e-12, atol=1e-10
    )


@pytest.mark.holds("reward", by="derivation: the logit of one more token")
@given(SEEDS.map(lambda s: s % 10_000))
def test_the_reward_is_the_logit_of_a_token_whose_embedding_is_w_r(seed):
    rng, params = rng_of(seed), small(seed)
    w_r, b_r, tokens = rng.normal(size=8), rng.normal(), rng.integers(11, size=(3, 6))
    wider = params | {"tok_emb": np.vstack([params["tok_emb"], w_r])}
    expected = gpt(wider, tokens, 2)[:, -1, 11] - b_r
    ours = ig.reward(params | {"w_r": w_r, "b_r": np.array(b_r)}, tokens, 2)
    np.testing.assert_allclose(ours, expected, rtol=1e-10, atol=1e-12)


def test_the_reward_is_read_at_the_last_token_only():
    params = small(5) | {"w_r": rng_of(6).normal(size=8), "b_r": np.array(0.5)}
    tokens = rng_of(7).integers(11, size=(1, 6))
    longer = np.concatenate([tokens, [[3]]], axis=-1)
    assert ig.reward(params, tokens, 2).shape == (1,)
    assert ig.reward(params, tokens, 2) != ig.reward(params, longer, 2)
    shifted = params | {"b_r": np.array(1.5)}
    moved = ig.reward(params, tokens, 2) - ig.reward(shifted, tokens, 2)
    assert np.isclose(moved, 1, rtol=1e-10, atol=1e-10)


@pytest.mark.holds("token_rewards", "ptx_objective", by="derivation: the ratio of whole answers")
@given(SEEDS, st.floats(0, 2))
def test_token_rewards_sum_to_the_objective(seed, beta):
    rng = rng_of(seed)
    r, log_p, log_sft = rng.normal(size=5), -rng.random((5, 7)), -rng.random((5, 7))
    got = ig.token_rewards(r, log_p, log_sft, beta)
    assert np.allclose(got[:, :-1], -beta * (log_p - log_sft)[:, :-1], rtol=1e-10, atol=1e-10)
    ratio = np.exp(log_p.sum(-1)) / np.exp(log_sft.sum(-1))
    expected = np.mean(r - beta * np.log(ratio))
    assert np.isclose(got.sum(-1).mean(), expected, atol=1e-12, rtol=1e-10)
    assert np.isclose(ig.ptx_objective(r, log_p, log_sft, beta), expected, atol=1e-12, rtol=1e-10)
    ptx = ig.ptx_objective(r, log_p, log_sft, beta, -3.0, 2.0)
    assert np.isclose(ptx, expected - 6, atol=1e-12, rtol=1e-10)


# -- texts of unequal length --------------------------------------------------------------

lengths = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 4)), min_size=1, max_size=4)


def batch_of(rng, sizes, extra=0):
    """Texts of so many tokens of prompt and answer, and the batch that they are.

    Prompts are padded on the left, answers on the right, with any token, and with more of it
    than is needed.
    """
    texts = [(rng.integers(11, size=p), rng.integers(11, size=a)) for p, a in sizes]
    start, t = (max(s[i] for s in sizes) + extra for i in (0, 1))
    tokens = rng.integers(11, size=(len(sizes), start + t))
    real = np.zeros(tokens.shape, dtype=bool)
    for row, there, (prompt, answer) in zip(tokens, real, texts, strict=True):
        here = slice(start - len(prompt), start + len(answer))
        row[here], there[here] = np.concatenate([prompt, answer]), True
    return texts, tokens, real, start


@pytest.mark.holds("token_log_probs", "reward", by="brute force: one text after the other")
@settings(max_examples=15)
@given(SEEDS, lengths, st.integers(0, 1))
def test_padding_changes_no_log_probability_and_no_reward(seed, sizes, extra):
    rng = rng_of(seed)
    params = small(seed % 1000, n=10) | {"w_r": rng.normal(size=8), "b_r": np.array(0.5)}
    texts, tokens, real, start = batch_of(rng, sizes, extra)
    log_p = ig.token_log_probs(params, tokens, start, 2, real)
    r = ig.reward(params, tokens, 2, real)
    assert not log_p[~real[:, start:]].any()
    for i, (prompt, answer) in enumerate(texts):
        alone = np.concatenate([prompt, answer])
        theirs = ig.token_log_probs(params, alone, len(prompt), 2)
        np.testing.assert_allclose(log_p[i][real[i, start:]], theirs, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(r[i], ig.reward(params, alone, 2), rtol=1e-9, atol=1e-12)


@pytest.mark.holds("sft_loss", by="brute force: one text after the other")
@settings(max_examples=15)
@given(SEEDS, lengths, st.integers(0, 1))
def test_padding_changes_neither_the_sft_loss_nor_its_gradient(seed, sizes, extra):
    params = small(seed % 1000, n=10)
    texts, tokens, real, start = batch_of(rng_of(seed), sizes, extra)

    def one_by_one(params):
        surprises = [
            -ig.token_log_probs(params, np.concatenate([p, a]), len(p), 2) for p, a in texts
        ]
        return autograd.numpy.mean(autograd.numpy.concatenate(surprises))

    ours = autograd.value_and_grad(ig.sft_loss)(params, tokens, start, 2, real)
    loss, grads = autograd.value_and_grad(one_by_one)(params)
    assert np.isclose(ours[0], loss, rtol=1e-10)
    for name in grads:
        np.testing.assert_allclose(ours[1][name], grads[name], rtol=1e-8, atol=1e-10)


@pytest.mark.holds("token_rewards", "ptx_objective", by="brute force: one answer after the other")
@given(SEEDS, st.lists(st.integers(1, 5), min_size=1, max_size=4), st.booleans())
def test_padding_on_either_side_earns_nothing(seed, sizes, left):
    rng, n = rng_of(seed), max(sizes) + 1
    r, (log_p, log_sft) = rng.normal(size=len(sizes)), rng.normal(size=(2, len(sizes), n))
    place = np.arange(n)[::-1] if left else np.arange(n)
    real = place < np.array(sizes)[:, None]
    earned = ig.token_rewards(r, log_p, log_sft, 0.3, real)
    assert not earned[~real].any()
    whole = []
    for i in range(len(sizes)):
        its = log_p[i][real[i]], log_sft[i][real[i]], 0.3
        np.testing.assert_allclose(
            earned[i][real[i]], ig.token_rewards(r[i], *its), rtol=1e-10, atol=1e-12
        )
        whole.append(ig.ptx_objective(r[i], *its))
    ours = ig.ptx_objective(r, log_p, log_sft, 0.3, real=real)
    assert np.isclose(ours, np.mean(whole), rtol=1e-10, atol=1e-12)


@pytest.mark.holds("mean_real", by="library: numpy.ma.mean")
@given(SEEDS, st.integers(1, 4), st.integers(1, 4))
def test_a_mean_counts_what_is_real_once(seed, b, n):
    rng = rng_of(seed)
    x, real = rng.normal(size=(b, n)), rng.random((b, n)) < 0.5
    real[0, 0] = True
    found = np.ma.array(x, mask=~real).mean()
    assert ig.mean_real(np.where(real, x, np.nan), real) == pytest.approx(found, rel=1e-12)
    assert ig.mean_real(x) == pytest.approx(np.mean(x), rel=1e-12, abs=1e-14)


# -- the task -----------------------------------------------------------------------------


def said(word, times):
    """The answer that says a word so often, filled up with ends of lines."""
    return f" {word}" * times + "." + "\n" * (ig.ANSWER - 1 - times)


def test_instructions_and_answers_have_the_lengths_that_the_code_counts_on():
    for word in ig.WORDS.split():
        for times in range(1, 5):
            assert len(encode(ig.instruction(word, times), MERGES)) == ig.PROMPT
        for times in range(1, ig.ANSWER):
            assert len(encode(said(word, times), MERGES)) == ig.ANSWER


@pytest.mark.holds("answer", "asked", by="library: re.fullmatch")
@given(st.sampled_from(ig.WORDS.split()), st.integers(1, ig.ANSWER - 1))
def test_an_answer_reads_as_the_word_so_many_times(word, times):
    prompt = np.array(encode(ig.instruction(word, times), MERGES))
    token, asked = ig.asked(prompt)
    assert asked == times and decode([token], MERGES).decode() == f" {word}"
    said = ig.answer(token, times)
    assert len(said) == ig.ANSWER
    assert re.fullmatch(rf"( {word}){{{times}}}\.\n*", decode(said, MERGES).decode())


@pytest.mark.holds("instruction", by="library: re.fullmatch")
@given(st.sampled_from(ig.WORDS.split()), st.integers(1, ig.ANSWER - 1))
def test_instructions_can_be_read_back(word, times):
    asked = re.fullmatch(r"Say (\w+) (\d) times:", ig.instruction(word, times))
    assert asked.groups() == (word, str(times))


@pytest.mark.holds("prompts", by="brute force: every instruction")
def test_prompts_are_all_instructions_cut_in_two_by_a_diagonal():
    words = ig.WORDS.split()
    seen, unseen = (
        [decode(x, MERGES).decode() for x in ig.prompts(MERGES, held_out)]
        for held_out in (False, True)
    )
    every = {f"Say {word} {times} times:" for word in words for times in range(1, 5)}
    assert sorted(seen + unseen) == sorted(every)
    numbers = "1234" * 3  # held out of each word in turn
    assert unseen == [f"Say {w} {k} times:" for w, k in zip(words, numbers, strict=True)]


def test_held_out_prompts_are_a_quarter_and_of_every_word():
    seen, unseen = (ig.prompts(MERGES, held_out) for held_out in (False, True))
    assert len(seen) == 36 and len(unseen) == 12
    assert not {tuple(x) for x in seen.tolist()} & {tuple(x) for x in unseen.tolist()}
    assert set(unseen[:, 2]) == set(seen[:, 2])


def test_demonstrators_without_errors_say_what_was_asked():
    x = ig.prompts(MERGES, held_out=False)
    tokens = ig.demonstrate(x, 0.0, rng_of(0))
    for row in tokens:
        text = decode(row, MERGES).decode()
        word, times = text.split()[1], int(text.split()[2])
        assert text == ig.instruction(word, times) + said(word, times)


@pytest.mark.holds("demonstrate", by="library: scipy.stats.binom")
def test_demonstrators_err_at_the_rate_that_they_are_told():
    x = np.repeat(ig.prompts(MERGES, held_out=False), 200, axis=0)
    wrong = ig.mistakes(ig.demonstrate(x, 0.4, rng_of(0))) > 0
    low, high = stats.binom.interval(0.9999, len(x), 0.4)
    assert low < wrong.sum() < high


@pytest.mark.holds("mistakes", by="brute force: every answer read as text")
@given(SEEDS)
def test_mistakes_are_those_that_a_reader_of_the_text_counts(seed):
    rng = rng_of(seed)
    tokens = ig.demonstrate(ig.prompts(MERGES, bool(seed % 2)), 0.7, rng)
    spoilt = rng.random(len(tokens)) < 0.3
    place = rng.integers(ig.PROMPT, tokens.shape[1], size=len(tokens))
    tokens[np.flatnonzero(spoilt), place[spoilt]] = rng.choice([10, 46, 300], size=spoilt.sum())
    expected = []
    for row in tokens:
        _, word, asked, *_ = decode(row[: ig.PROMPT], MERGES).decode().split()
        text = decode(row[ig.PROMPT :], MERGES)
        counted = {}
        for times in range(1, ig.ANSWER):
            good = f" {word}" * times + "."
            counted[good.ljust(len(good) + ig.ANSWER - 1 - times, "\n").encode()] = times
        expected.append(abs(counted[text] - int(asked)) if text in counted else 5)
    assert ig.mistakes(tokens).tolist() == expected


def test_mistakes_count_how_far_an_answer_is_off():
    def judge(asked, answer):
        return ig.mistakes(np.array([encode(asked, MERGES) + encode(answer, MERGES)]))[0]

    asked = ig.instruction("Queen", 2)
    off = [judge(asked, said("Queen", k)) for k in range(1, 6)]
    assert off == [1, 0, 1, 2, 3]
    assert judge(asked, said("Alice", 2)) == 5
    assert judge(asked, " Queen Queen Queen Queen Queen Queen") == 5


@pytest.mark.holds("preferences", by="brute force: every pair")
def test_preferences_pair_what_differs_and_nothing_else():
    rng = rng_of(3)
    x = np.repeat(ig.prompts(MERGES, held_out=False), 4, axis=0)
    tokens = ig.demonstrate(x, 0.7, rng)
    off = ig.mistakes(tokens)
    expected = {
        (w, o)
        for g in range(0, len(x), 4)
        for w in range(g, g + 4)
        for o in range(g, g + 4)
        if off[w] < off[o]
    }
    w, o = ig.preferences(tokens, 4)
    assert set(zip(w.tolist(), o.tolist(), strict=True)) == expected
    assert len(w) == len(expected)


@pytest.mark.holds("load_aligned", "last_layer", by="derivation: what the stages changed")
def test_what_is_stored_are_the_stages_that_the_page_says():
    aligned = ig.load_aligned()
    assert set(aligned["ppo"]) == set(aligned["sft"])
    assert set(aligned["reward"]) - set(aligned["sft"]) == {"w_r", "b_r"}
    changed = {k for k in aligned["sft"] if (aligned["sft"][k] != aligned["ppo"][k]).any()}
    assert changed == set(ig.last_layer(aligned["sft"]))
    assert aligned["merges"] == MERGES


@pytest.mark.holds("load_aligned", by="derivation: measured again")
def test_the_policy_of_ppo_beats_its_demonstrators_on_prompts_that_it_never_saw():
    a = ig.load_aligned()
    x = np.repeat(ig.prompts(a["merges"], held_out=True), 10, axis=0)
    off = {
        name: (ig.mistakes(generate(a[name], x, ig.ANSWER, a["h"], rng_of(1))) > 0).mean()
        for name in ("sft", "ppo")
    }
    assert off["ppo"] < off["sft"]


# -- what the paper prints ----------------------------------------------------------------


@pytest.mark.holds("petaflop_days", by="published table: Brown et al. 2020, Table D.1")
@pytest.mark.parametrize(
    ("parameters", "tokens", "printed"),
    [(125e6, 300e9, "2.60E+00"), (2650e6, 300e9, "5.52E+01"), (174_600e6, 300e9, "3.64E+03")],
)
def test_petaflop_days_are_those_of_gpt_3(parameters, tokens, printed):
    assert f"{ig.petaflop_days(6 * parameters * tokens):.2E}" == printed


@pytest.mark.holds("recovered", by="library: numpy.interp")
@given(st.floats(-5, 5), st.floats(0.1, 5), st.floats(0, 1), st.booleans())
def test_what_is_recovered_is_the_way_gone_between_the_two(ppo, gap, share, up):
    gpt_score = ppo + gap if up else ppo - gap
    ptx = np.interp(share, [0, 1], [ppo, gpt_score])
    assert ig.recovered(gpt_score, ppo, ptx) == pytest.approx(share, abs=1e-10)


@pytest.mark.holds("nearest_share", by="brute force: every share")
@given(st.floats(0, 100), st.integers(1, 40))
def test_no_share_of_n_people_is_nearer(per_cent, n):
    shares = [100 * k / n for k in range(n + 1)]
    distance = min(abs(share - per_cent) for share in shares)
    nearest = {round(s, 1) for s in shares if abs(s - per_cent) < distance + 1e-9}
    assert ig.nearest_share(per_cent, n) in nearest


def test_recovery_is_none_at_ppo_and_all_at_gpt():
    assert ig.recovered(3.0, 1.0, 1.0) == 0
    assert ig.recovered(3.0, 1.0, 3.0) == 1


@given(st.integers(1, 40), st.data())
def test_the_nearest_share_finds_every_true_share(n, data):
    k = data.draw(st.integers(0, n))
    assert ig.nearest_share(round(100 * k / n, 1), n) == round(100 * k / n, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ig.comparisons(1), "at least two"),
        (lambda: ig.log_odds(1.0), "between 0 and 1"),
        (lambda: ig.recovered(1.0, 1.0, 2.0), "no regression"),
        (lambda: ig.nearest_share(5.0, 0), "at least one"),
        (lambda: ig.token_log_probs({}, np.zeros(4, int), 0, 1), "no answer starts"),
        (lambda: ig.preferences(np.zeros((4, 14), int), 4), "equally good"),
        (lambda: ig.preferences(np.zeros((4, 14), int), 3), "k is 3, and 4 the answers"),
        (lambda: ig.preferences(np.zeros((4, 14), int), 1), "k is 1"),
        (lambda: ig.mistakes(np.zeros((4, 7), int)), "prompt has 7 tokens, not 8"),
        (lambda: ig.demonstrate(np.zeros((4, 7), int), 0.0, rng_of(0)), "7 tokens, not 8"),
        (lambda: ig.demonstrate(np.zeros((4, 8), int), 1.5, rng_of(0)), "errors is 1.5"),
        (lambda: ig.prompts([], True), "merges must be those of the tiny model"),
        (lambda: ig.answer(5, 0), "times is 0, not 1 to 5"),
        (lambda: ig.answer(5, 6), "times is 6, not 1 to 5"),
        (lambda: ig.mean_real(np.zeros(0)), "has no mean"),
        (lambda: ig.mean_real(np.zeros(2), np.zeros(2, bool)), "has no mean"),
        (lambda: ig.reward_loss(np.zeros(0), np.zeros(0)), "has no mean"),
        (lambda: ig.reward_loss(np.array([np.inf]), np.array([np.inf])), "be finite"),
        (lambda: ig.win_rate(np.inf, np.inf), "no numbers"),
        (lambda: ig.petaflop_days(-1.0), "operations is negative"),
        (lambda: ig.nearest_share(-1.0, 3), "per_cent is -1"),
        (lambda: ig.nearest_share(101.0, 3), "per_cent is 101"),
        (
            lambda: ig.token_rewards(np.zeros(2), *np.zeros((2, 2, 3)), 1.0, np.eye(2, 3) > 1),
            "leaves an answer no token",
        ),
        (
            lambda: ig.ptx_objective(np.zeros(0), *np.zeros((2, 0, 3)), 1.0),
            "has no mean",
        ),
        (lambda: ig.sft_loss(small(0), np.array([1, 2, -100, -100]), 2, 2), "one is -100"),
        (lambda: ig.sft_loss(small(0), np.array([1, 2, 3, -100]), 2, 2), "one is -100"),
        (lambda: ig.sft_loss(small(0), np.array([1, 2, 3, 11]), 2, 2), "one is 11"),
        (
            lambda: ig.sft_loss(small(0), np.arange(4), 2, 2, np.arange(4) < 1),
            "a prompt end before start",
        ),
        (
            lambda: ig.sft_loss(small(0), np.arange(4), 2, 2, np.arange(4) < 2),
            "has no mean",
        ),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("start", [0, 4])
def test_an_answer_starts_after_the_first_token_and_before_the_end(start):
    params = init_gpt(rng_of(0), 9, 8, 4, 2, 1)
    with pytest.raises(ValueError, match="no answer starts at"):
        ig.token_log_probs(params, np.arange(4), start, 2)
    assert ig.token_log_probs(params, np.arange(4), 1, 2).shape == (3,)


def test_two_answers_make_one_comparison_and_one_person_a_share():
    assert ig.comparisons(2).tolist() == [[0, 1]]
    assert ig.nearest_share(70, 1) == 100


@pytest.mark.parametrize("wins", [0.0, 1.0])
def test_who_always_wins_has_no_difference_in_reward(wins):
    with pytest.raises(ValueError, match="not between 0 and 1"):
        ig.log_odds(wins)


def test_pretraining_counts_as_much_as_gamma_says_and_not_at_all_by_default():
    r, log_p = np.array([1.0, 3.0]), np.zeros((2, 4))
    assert ig.ptx_objective(r, log_p, log_p, 0.1, pretraining=-5.0) == 2
    assert ig.ptx_objective(r, log_p, log_p, 0.1, pretraining=-5.0, gamma=0.5) == -0.5
    assert ig.ptx_objective(r, log_p, log_p, 0.1, gamma=0.5) == 2


def test_who_always_miscounts_is_out_by_one_or_says_five_for_none():
    x = np.repeat(ig.prompts(ig.load_aligned()["merges"], held_out=False), 4, axis=0)
    shown = ig.demonstrate(x, 1.0, rng_of(0))
    asked, out = x[:, 4] - ord("0"), ig.mistakes(shown)
    assert set(asked.tolist()) == {1, 2, 3, 4}
    assert set(out[asked > 1].tolist()) == {1} and set(out[asked == 1].tolist()) == {1, 4}


def test_an_answer_without_the_word_is_as_wrong_as_can_be():
    x = ig.prompts(ig.load_aligned()["merges"], held_out=True)
    silent = np.full((len(x), ig.ANSWER), ord("\n"))
    silent[:, 0] = ord(".")
    assert set(ig.mistakes(np.concatenate([x, silent], axis=1)).tolist()) == {5}


def test_log_probabilities_far_apart_stay_finite():
    params, tokens = small(3), rng_of(4).integers(11, size=(5, 8))
    params |= {"lnf_gain": 3000 * params["lnf_gain"]}
    logits = gpt(params, tokens[:, :-1], 2)
    assert np.ptp(logits.max(axis=-1)) > 1000
    expected = special.log_softmax(logits, axis=-1)
    picked = np.take_along_axis(expected, tokens[:, 1:, None], axis=-1)[..., 0]
    np.testing.assert_allclose(ig.token_log_probs(params, tokens, 1, 2), picked, rtol=1e-10)


def test_one_answer_alone_earns_what_it_earns_among_others():
    rng = rng_of(5)
    r, log_p, log_sft = rng.normal(size=2), -rng.random((2, 7)), -rng.random((2, 7))
    together = ig.token_rewards(r, log_p, log_sft, 0.3)
    aims = []
    for i in range(2):
        given = np.array(r[i]), log_p[i], log_sft[i], 0.3
        np.testing.assert_array_equal(ig.token_rewards(*given), together[i])
        aims.append(ig.ptx_objective(*given))
    assert ig.ptx_objective(r, log_p, log_sft, 0.3) == pytest.approx(np.mean(aims), rel=1e-12)


def test_a_petaflop_day_is_a_day_of_86400_seconds():
    assert ig.petaflop_days(1e15 * 86_400) == 1
