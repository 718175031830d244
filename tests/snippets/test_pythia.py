"""Entry 16 against SciPy, JAX, complex numbers, brute force, entry 7 and the printed table."""

import math
import statistics
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg, stats

from snippets import bert, gpt, pythia

SEEDS = st.integers(0, 2**32 - 1)
HALVES = st.integers(1, 8)


# -- a suite in miniature ----------------------------------------------------


@pytest.mark.holds("checkpoints", by="published table: Biderman et al. 2023, §2.4")
def test_there_are_154_checkpoints_144_of_them_even():
    ours = pythia.checkpoints(143_000)
    assert len(ours) == 154
    assert [step for step in ours if step % 1000] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512]
    assert len([step for step in ours if step % 1000 == 0]) == 144


@pytest.mark.holds("checkpoints", by="brute force: step by step")
@given(st.integers(0, 300), st.integers(1, 40))
def test_a_step_is_saved_if_it_is_even_or_an_early_power_of_two(steps, every):
    powers = {2**i for i in range(10)}
    wanted = [s for s in range(steps + 1) if s % every == 0 or (s in powers and s < every)]
    assert pythia.checkpoints(steps, every) == wanted


@pytest.mark.holds("frequent_words", by="brute force: word by word")
@given(st.lists(st.sampled_from(["a", "Bee", "cat's", "d,"])), st.integers(1, 7))
def test_words_are_named_by_how_often_they_come(parts, v):
    words = " ".join(parts).lower().replace("'", " ").replace(",", " ").split()
    names, ids = pythia.frequent_words(" ".join(parts), v)
    assert [names[i] for i in ids] == [w if w in names else "…" for w in words]
    assert names[-1] == "…" and len(names) == min(v, len(set(words)) + 1)
    often = [words.count(name) for name in names[:-1]]
    rest = [words.count(w) for w in words if w not in names]
    assert often == sorted(often, reverse=True)
    assert not rest or not often or max(rest) <= min(often)


@pytest.mark.holds("draw_pairs", by="brute force: pair by pair")
@given(SEEDS)
def test_each_pair_stands_in_the_text_and_each_may_be_drawn(seed):
    words = np.array([3, 1, 4, 1, 5])
    batches = pythia.draw_pairs(np.random.default_rng(seed), words, 40, 20)
    assert batches.shape == (40, 20, 2)
    assert {tuple(p) for p in batches.reshape(-1, 2).tolist()} == {(3, 1), (1, 4), (4, 1), (1, 5)}


@pytest.mark.holds("train_pairs", by="derivative: jax.grad")
@given(SEEDS, st.integers(1, 3))
def test_training_goes_down_the_gradient_of_the_surprise(seed, d):
    batches = np.random.default_rng(seed).integers(5, size=(4, 6, 2))
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=size) / 4 for size in ((5, d), (d, 5))]

    def loss(weights, batch):
        scores = jax.nn.log_softmax(weights[0] @ weights[1])
        return -jnp.mean(scores[batch[:, 0], batch[:, 1]])

    wanted = {0: weights[0] @ weights[1]}
    for i, batch in enumerate(batches, 1):
        lr = 2.5 * (1 - 0.9 * i / 4)
        slopes = jax.grad(loss)(weights, batch)
        weights = [w - lr * slope for w, slope in zip(weights, slopes, strict=True)]
        wanted[i] = weights[0] @ weights[1]
    ours = pythia.train_pairs(batches, 5, d, [0, 2, 4, 9])
    assert list(ours) == [0, 2, 4]
    for step, scores in ours.items():
        np.testing.assert_allclose(scores, wanted[step], rtol=1e-9, atol=1e-10)


def test_two_runs_agree_until_their_batches_differ():
    rng = np.random.default_rng(0)
    batches = rng.integers(5, size=(6, 8, 2))
    changed = np.concatenate([batches[:4], rng.integers(5, size=(2, 8, 2))])
    ours, theirs = (pythia.train_pairs(b, 5, 2, [*range(7)]) for b in (batches, changed))
    alike = [bool((ours[step] == theirs[step]).all()) for step in range(7)]
    assert alike == [True] * 5 + [False] * 2


@pytest.mark.holds("check_pairs", by="brute force: case by case")
def test_batches_have_pairs_of_words_that_are_there():
    pythia.check_pairs("f", np.array([[[0, 4]]]), 5, 1)
    for wrong in ([[[0, 5]]], [[[-1, 0]]]):
        with pytest.raises(ValueError, match=r"^f: words must be 0 to 4"):
            pythia.check_pairs("f", np.array(wrong), 5, 1)
    with pytest.raises(ValueError, match="pairs must be 1"):
        pythia.check_pairs("f", np.zeros((2, 0, 2), int), 5, 1)
    with pytest.raises(ValueError, match="d must be 1"):
        pythia.check_pairs("f", np.array([[[0, 4]]]), 5, 0)


# -- rotary position embedding -----------------------------------------------


@pytest.mark.holds("frequencies", by="library: numpy.geomspace")
@given(HALVES, st.floats(2, 1e6))
def test_frequencies_fall_from_one_by_equal_factors_and_stop_short_of_the_base(half, base):
    wanted = 1 / np.geomspace(1, base, half, endpoint=False)
    np.testing.assert_allclose(pythia.frequencies(2 * half, base), wanted, rtol=1e-12)


@pytest.mark.holds("rotate", by="library: scipy.linalg.block_diag")
@given(SEEDS, HALVES, st.integers(-3000, 3000))
def test_rotation_is_the_block_diagonal_matrix(seed, half, m):
    x = np.random.default_rng(seed).normal(size=2 * half)
    blocks = [
        [[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]]
        for a in m * pythia.frequencies(2 * half)
    ]
    turned = pythia.rotate(x[None], np.array([m]))[0]
    np.testing.assert_allclose(turned, linalg.block_diag(*blocks) @ x, atol=1e-10, rtol=1e-10)


@pytest.mark.holds("rotate_halves", by="derivation: complex numbers")
@given(SEEDS, HALVES, st.integers(1, 5))
def test_halves_are_neighbours_in_another_order_and_multiply_as_complex_numbers(seed, half, n):
    rng = np.random.default_rng(seed)
    x, m = rng.normal(size=(3, n, 2 * half)), rng.integers(0, 2048, size=n)
    order = np.arange(2 * half).reshape(half, 2).T.ravel()
    turned = pythia.rotate_halves(x[..., order], m)
    np.testing.assert_allclose(turned, pythia.rotate(x, m)[..., order], atol=1e-12, rtol=1e-10)
    z = x[..., order][..., :half] + 1j * x[..., order][..., half:]
    z = z * np.exp(1j * m[:, None] * pythia.frequencies(2 * half))
    np.testing.assert_allclose(
        turned, np.concatenate([z.real, z.imag], axis=-1), atol=1e-10, rtol=1e-10
    )


@given(SEEDS, HALVES, st.sampled_from([pythia.rotate, pythia.rotate_halves]))
def test_scores_depend_on_the_distance_alone(seed, half, turn):
    rng = np.random.default_rng(seed)
    q, k = rng.normal(size=(2, 2 * half))
    m, n, shift = rng.integers(0, 1000, size=3)

    def score(m, n):
        return float(turn(q[None], np.array([m]))[0] @ turn(k[None], np.array([n]))[0])

    assert score(m, n) == pytest.approx(score(m + shift, n + shift), abs=1e-10)


@pytest.mark.parametrize("function", [pythia.rotate, pythia.rotate_halves])
def test_an_odd_width_is_refused(function):
    with pytest.raises(ValueError, match="the width 7 is not even"):
        function(np.ones((3, 7)), np.arange(3))


@pytest.mark.holds("rotate_part", by="derivation: in two parts")
@given(SEEDS, st.sampled_from([0.0, 0.25, 0.5, 1.0]))
def test_only_the_share_is_turned(seed, share):
    x, m, width = np.random.default_rng(seed).normal(size=(4, 16)), np.arange(4), int(16 * share)
    turned = pythia.rotate_part(x, m, share)
    np.testing.assert_array_equal(turned[:, width:], x[:, width:])
    np.testing.assert_array_equal(turned[:, :width], pythia.rotate_halves(x[:, :width], m))


def test_a_share_above_one_is_refused():
    with pytest.raises(ValueError, match="2 is no share"):
        pythia.rotate_part(np.ones((2, 4)), np.arange(2), 2)


@pytest.mark.holds("decay", by="brute force: arrow by arrow")
@given(SEEDS, HALVES, st.integers(0, 500))
def test_the_decay_bounds_every_score(seed, half, m):
    q, k = np.random.default_rng(seed).normal(size=(2, 2 * half))
    sums, total = [], 0
    for theta in pythia.frequencies(2 * half):
        total += complex(math.cos(m * theta), math.sin(m * theta))
        sums.append(abs(total))
    mean = float(pythia.decay(np.array([float(m)]), 2 * half)[0])
    assert mean == pytest.approx(statistics.fmean(sums), rel=1e-10)
    steps = np.abs(np.diff(np.append((q[::2] + 1j * q[1::2]) * (k[::2] - 1j * k[1::2]), 0)))
    score = pythia.rotate(q[None], np.array([m]))[0] @ k
    assert abs(score) <= steps.max() * half * mean + 1e-9


# -- the block ---------------------------------------------------------------


def noisy(seed, d=8):
    rng = np.random.default_rng(seed)
    p = bert.init_layer(rng, d)
    return jax.tree.map(lambda w: w + 0.5 * rng.normal(size=w.shape), p)


@partial(jax.jit, static_argnums=(2, 3))
def jax_block(x, p, h, parallel):
    """The block anew: a position's pairs of numbers, a quarter of a head, as complex numbers."""
    n, d = x.shape
    turn = d // h // 4 // 2  # pairs
    angles = jnp.arange(n)[:, None] / jnp.geomspace(1, 1e4, turn, endpoint=False)

    def norm(y, name):
        return jax.nn.standardize(y, epsilon=1e-5) * p[f"{name}_gain"] + p[f"{name}_bias"]

    def turned(y):
        z = (y[..., :turn] + 1j * y[..., turn : 2 * turn]) * jnp.exp(1j * angles)
        return jnp.concatenate([z.real, z.imag, y[..., 2 * turn :]], axis=-1)

    y = norm(x, "ln1")
    q, k, v = (
        jnp.einsum("nd,dhk->hnk", y, p[f"w_{w}"].reshape(d, h, -1)) + p[f"b_{w}"].reshape(h, 1, -1)
        for w in "qkv"
    )
    scores = jnp.einsum("hnk,hmk->hnm", turned(q), turned(k)) / jnp.sqrt(d / h)
    weights = jax.nn.softmax(scores + jnp.triu(jnp.full((n, n), -jnp.inf), 1))
    mixed = jnp.einsum("hnm,hmk,hkd->nd", weights, v, p["w_o"].reshape(h, -1, d)) + p["b_o"]
    y = norm(x if parallel else x + mixed, "ln2")
    return x + mixed + jax.nn.gelu(y @ p["w_1"] + p["b_1"]) @ p["w_2"] + p["b_2"]


@pytest.mark.holds("neox_block", by="derivation: anew in JAX")
@given(SEEDS, st.booleans())
def test_the_block_is_one_written_in_jax(seed, parallel):
    p, x = noisy(seed, 16), np.random.default_rng(seed).normal(size=(6, 16))
    wanted = jax_block(x, p, 1, parallel)
    ours = pythia.neox_block(x, p, 1, parallel)
    np.testing.assert_allclose(ours, wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_one_after_the_other_and_without_positions_it_is_gpt_2s_block(seed):
    p, x = noisy(seed), np.random.default_rng(seed).normal(size=(6, 8))
    p |= {f"b_{w}": np.zeros(8) for w in "qkvo"}
    theirs, _ = gpt.gpt_block(x, p, 2)
    np.testing.assert_allclose(pythia.neox_block(x, p, 2, False, 0.0), theirs, rtol=1e-10)


@pytest.mark.parametrize("seed", range(3))
def test_side_by_side_the_halves_add_up(seed):
    p, x = noisy(seed), np.random.default_rng(seed).normal(size=(6, 8))
    whole = pythia.neox_block(x, p, 1)
    parts = [
        pythia.neox_block(x, p | {f"w_{w}": 0 * p[f"w_{w}"], f"b_{w}": np.zeros(8)}, 1) - x
        for w in "2o"
    ]
    np.testing.assert_allclose(x + sum(parts), whole, atol=1e-12, rtol=1e-10)


@pytest.mark.parametrize("parallel", [True, False])
def test_the_block_is_causal_and_knows_the_order(parallel):
    p, rng = noisy(0), np.random.default_rng(0)
    x = rng.normal(size=(6, 8))
    changed = np.concatenate([x[:4], rng.normal(size=(2, 8))])
    out = pythia.neox_block(x, p, 1, parallel)
    np.testing.assert_array_equal(pythia.neox_block(changed, p, 1, parallel)[:4], out[:4])
    swapped = pythia.neox_block(x[[1, 0, 2, 3, 4, 5]], p, 1, parallel, share=1.0)
    assert not np.allclose(swapped[5], pythia.neox_block(x, p, 1, parallel, share=1.0)[5])


# -- sizes -------------------------------------------------------------------


@pytest.mark.holds("padded", by="brute force: one by one")
@given(st.integers(1, 3000), st.integers(1, 5))
def test_padding_is_the_next_multiple(vocabulary, shards):
    wanted = next(n for n in range(vocabulary, 10**4) if n % (128 * shards) == 0)
    assert pythia.padded(vocabulary, shards) == wanted


def test_no_shard_is_refused():
    with pytest.raises(ValueError, match="one GPU at least"):
        pythia.padded(10, 0)


@pytest.mark.holds("pythia_parameters", by="brute force: arrays counted")
@given(st.integers(0, 4), st.integers(1, 9), st.integers(1, 300))
def test_counts_are_those_of_the_arrays(layers, d, v):
    rng = np.random.default_rng(0)
    arrays = [w for _ in range(layers) for w in bert.init_layer(rng, d).values()]
    without = sum(w.size for w in arrays) + np.zeros((2, d)).size
    tables = np.zeros((2, 128 * math.ceil(v / 128), d))
    assert pythia.pythia_parameters(layers, d, 1, v) == (without, without + tables.size)


@pytest.mark.holds("pythia_parameters", by="published table: Biderman et al. 2023, Table 1")
def test_non_embedding_counts_are_those_of_table_1():
    printed = (18915328, 85056000, 302311424, 805736448)
    printed += (1208602624, 2517652480, 6444163072, 11327027200)
    ours = [pythia.pythia_parameters(n, d)[0] for n, d, _, _ in pythia.SUITE.values()]
    assert tuple(ours) == printed


# -- memorisation ------------------------------------------------------------


@pytest.mark.holds("memorised", by="library: scipy.stats.binom")
def test_memorised_sequences_are_binomial_slice_by_slice():
    rate = np.repeat([0.01, 0.2], 20_000)
    counts = pythia.memorised(np.random.default_rng(0), rate, 64)
    for p, part in zip((0.01, 0.2), np.split(counts, 2), strict=True):
        expected, seen = stats.binom(64, p), np.bincount(part, minlength=65)
        often = expected.pmf(range(65)) * len(part) > 5
        chances = [*expected.pmf(range(65))[often], expected.pmf(range(65))[~often].sum()]
        found = [*seen[often], seen[~often].sum()]
        assert stats.chisquare(found, np.array(chances) * len(part)).pvalue > 0.001


@pytest.mark.holds("poisson", by="library: scipy.stats.poisson")
@given(st.floats(0.01, 60), st.integers(0, 80))
def test_poisson_is_scipys(rate, most):
    wanted = stats.poisson.pmf(np.arange(most + 1), rate)
    np.testing.assert_allclose(pythia.poisson(rate, most), wanted, rtol=1e-10, atol=1e-300)


@pytest.mark.holds("quantiles", by="library: scipy.stats.poisson")
@given(SEEDS, st.floats(0.3, 20))
def test_quantiles_are_scipys(seed, rate):
    counts = np.random.default_rng(seed).poisson(rate, size=50) + np.eye(50, dtype=int)[0]
    expected, seen = pythia.quantiles(counts)
    wanted = stats.poisson.ppf((np.arange(50) + 0.5) / 50, counts.mean())
    np.testing.assert_array_equal(expected, wanted)
    assert seen.tolist() == sorted(counts.tolist())


@pytest.mark.holds("dispersion", by="library: statistics.pvariance")
def test_dispersion_is_variance_over_mean():
    counts = [0, 3, 1, 1, 5]
    wanted = statistics.pvariance(counts) / statistics.mean(counts)
    assert pythia.dispersion(np.array(counts)) == pytest.approx(wanted, rel=1e-10)


def test_counts_without_an_event_are_refused():
    with pytest.raises(ValueError, match="nothing was counted"):
        pythia.dispersion(np.zeros(3, dtype=int))
    with pytest.raises(ValueError, match="must be positive"):
        pythia.poisson(0.0, 3)


def test_the_defaults_are_one_shard_and_half_a_batch_of_1024():
    assert pythia.pythia_parameters(1, 8) == pythia.pythia_parameters(1, 8, 1, 50_277)
    assert pythia.pythia_parameters(1, 8) != pythia.pythia_parameters(1, 8, 2, 50_277)
    assert pythia.memorised(np.random.default_rng(0), np.ones(3)).tolist() == [512] * 3


def test_quantiles_of_a_high_rate_are_scipys():
    counts = np.random.default_rng(0).poisson(300, size=40)
    wanted = stats.poisson.ppf((np.arange(40) + 0.5) / 40, counts.mean())
    np.testing.assert_array_equal(pythia.quantiles(counts)[0], wanted)


@given(SEEDS, st.lists(st.integers(1, 5), min_size=1, max_size=3), st.booleans(), st.booleans())
def test_padding_on_either_side_changes_no_block(seed, lengths, left, parallel):
    p, rng = noisy(seed, 16), np.random.default_rng(seed)
    texts = [rng.normal(size=(n, 16)) for n in lengths]
    n = max(lengths) + 1
    place = np.arange(n)[::-1] if left else np.arange(n)
    real = place < np.array(lengths)[:, None]
    x = rng.normal(size=(len(texts), n, 16))
    x[real] = np.concatenate(texts)
    together = pythia.neox_block(x, p, 1, parallel, real=real)
    for text, out, there in zip(texts, together, real, strict=True):
        alone = pythia.neox_block(text, p, 1, parallel)
        np.testing.assert_allclose(out[there], alone, rtol=1e-9, atol=1e-10)


@given(SEEDS, st.integers(1, 4), st.integers(0, 5))
def test_each_text_of_a_batch_may_have_positions_of_its_own(seed, half, n):
    rng = np.random.default_rng(seed)
    x, at = rng.normal(size=(3, n, 2 * half)), rng.integers(50, size=(3, n))
    for turn in (pythia.rotate, pythia.rotate_halves, pythia.rotate_part):
        given_ = (1.0,) if turn is pythia.rotate_part else ()
        for i, row in enumerate(turn(x, at, *given_)):
            np.testing.assert_array_equal(row, turn(x[i], at[i], *given_))


@pytest.mark.parametrize("d", range(2, 129, 2))
def test_a_share_that_leaves_a_whole_even_width_is_that_width(d):
    x, at = np.ones((2, d)), np.array([1, 2])
    for width in range(0, d + 1, 2):
        turned = pythia.rotate_part(x, at, width / d)
        assert (turned[:, :width] != 1).all() and (turned[:, width:] == 1).all()


def test_the_share_of_a_bug_report_is_taken():
    turned = pythia.rotate_part(np.ones((1, 100)), np.array([1]), 0.58)
    assert int((turned != 1).sum()) == 58


@pytest.mark.holds("check_counts", by="brute force: case by case")
def test_counts_count_something():
    pythia.check_counts("f", np.array([0, 2]))
    for wrong in ([], [0, 0], [2, -1]):
        with pytest.raises(ValueError, match=r"^f: "):
            pythia.check_counts("f", np.array(wrong, dtype=int))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pythia.rotate_part(np.ones((1, 100)), np.array([1]), 0.57), "leaves 57, an odd"),
        (lambda: pythia.frequencies(-2), "d must be 0"),
        (lambda: pythia.checkpoints(-1), "steps must be 0"),
        (lambda: pythia.checkpoints(5, 0), "every must be 1"),
        (lambda: pythia.frequent_words("a", 0), "v must be 1"),
        (lambda: pythia.draw_pairs(np.random.default_rng(0), np.array([1]), 2, 2), "words must"),
        (lambda: pythia.draw_pairs(np.random.default_rng(0), np.arange(3), -1, 2), "steps must"),
        (lambda: pythia.frequencies(4, 0.0), "base must be"),
        (lambda: pythia.frequencies(4, np.inf), "base must be"),
        (lambda: pythia.decay(np.ones(1), 0), "d must be 2"),
        (lambda: pythia.padded(-1), "vocabulary must be"),
        (lambda: pythia.pythia_parameters(-1, 4), "l must be"),
        (lambda: pythia.memorised(np.random.default_rng(0), np.array([1.5])), "rate must"),
        (lambda: pythia.memorised(np.random.default_rng(0), np.array([np.nan])), "rate must"),
        (lambda: pythia.memorised(np.random.default_rng(0), np.ones(1), -1), "batch must"),
        (lambda: pythia.poisson(np.inf, 3), "rate must be positive and finite"),
        (lambda: pythia.poisson(1.0, -1), "most must be"),
        (lambda: pythia.quantiles(np.zeros(0, int)), "nothing was counted"),
        (lambda: pythia.quantiles(np.array([1, -1])), "counts must be 0"),
        (lambda: pythia.dispersion(np.array([1, -1])), "counts must be 0"),
    ],
)
def test_what_has_no_answer_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
