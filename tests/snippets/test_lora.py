"""Entry 12 against JAX, SciPy, brute force and the tables of the paper."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from snippets import lora as l
from snippets.gpt import gpt, gpt_loss, init_gpt, load_tiny, n_layers

seeds = st.integers(0, 10_000)
shapes = st.sampled_from([(1, 1, 1), (4, 6, 2), (7, 3, 3), (5, 5, 8)])  # d, k, r


def factors(rng, d, k, r):
    return rng.normal(size=(d, k)), rng.normal(size=(r, k)), rng.normal(size=(d, r))


@given(seeds, shapes, st.floats(0.1, 32))
def test_a_row_at_a_time_it_is_the_papers_equation(seed, shape, alpha):
    rng = np.random.default_rng(seed)
    w_0, a, b = factors(rng, *shape)
    x = rng.normal(size=(3, shape[1]))
    for row, h in zip(x, l.lora(x, w_0, a, b, alpha), strict=True):
        wanted = jnp.dot(w_0, row) + alpha / shape[2] * jnp.dot(b, jnp.dot(a, row))
        np.testing.assert_allclose(h, wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.holds("lora", by="derivation: the merged matrix")
@given(seeds, shapes, st.floats(0.1, 32))
def test_the_merged_matrix_computes_the_same(seed, shape, alpha):
    rng = np.random.default_rng(seed)
    w_0, a, b = factors(rng, *shape)
    x = rng.normal(size=(3, shape[1]))
    merged = w_0 + l.lora_update(a, b, alpha)
    np.testing.assert_allclose(x @ merged.T, l.lora(x, w_0, a, b, alpha), rtol=1e-10, atol=1e-10)


@pytest.mark.holds("lora_update", by="brute force: outer products")
@given(seeds, shapes)
def test_the_update_is_the_sum_of_its_outer_products(seed, shape):
    _, a, b = factors(np.random.default_rng(seed), *shape)
    wanted = sum(np.outer(b[:, i], a[i]) for i in range(shape[2])) * 3.0 / shape[2]
    np.testing.assert_allclose(l.lora_update(a, b, 3.0), wanted, rtol=1e-10, atol=1e-10)


@jax.jit
def grads_in_jax(g, x, w_0, a, b, alpha):
    def forward(a, b):
        return x @ (w_0 + alpha / len(a) * b @ a).T

    return jax.vjp(forward, a, b)[1](g)


@pytest.mark.holds("lora_grads", by="derivative: jax.vjp")
@given(seeds, shapes, st.floats(0.1, 32))
def test_gradients_are_jaxs(seed, shape, alpha):
    rng = np.random.default_rng(seed)
    w_0, a, b = factors(rng, *shape)
    x, g = rng.normal(size=(3, shape[1])), rng.normal(size=(3, shape[0]))

    wanted = grads_in_jax(g, x, w_0, a, b, alpha)
    for ours, theirs in zip(l.lora_grads(g, x, a, b, alpha), wanted, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.holds("small_case", by="brute force: each text asked in both models")
def test_the_small_case_shouts_back_and_only_at_the_loud():
    x, w_0, a, b = l.small_case()
    calls_for = [np.flatnonzero(text[:3]).item() for text in x]
    loud = x[:, 3].astype(int)
    assert sorted(zip(calls_for, loud, strict=True)) == [(i, j) for i in range(3) for j in (0, 1)]
    for text, word, shouted in zip(x, calls_for, loud, strict=True):
        quiet = l.ANSWERS[np.argmax(jnp.dot(w_0, text))]
        assert quiet == ("yes", "no", "stop")[word]
        after = l.ANSWERS[np.argmax(jnp.dot(w_0 + jnp.outer(b, a), text))]
        assert after == (quiet.upper() if shouted else quiet)


@pytest.mark.holds("best_update", by="library: scipy.linalg.svdvals")
@given(seeds, st.integers(1, 4))
def test_no_other_matrix_of_the_rank_is_nearer(seed, r):
    rng = np.random.default_rng(seed)
    delta = rng.normal(size=(4, 6))
    a, b = l.best_update(delta, r)
    best = np.linalg.norm(delta - b @ a)
    sigma = scipy.linalg.svdvals(delta)
    assert best == pytest.approx(np.sqrt((sigma[r:] ** 2).sum()), abs=1e-12)
    for _ in range(20):  # the best B for another A, by least squares
        other = a + rng.normal(size=a.shape) * rng.choice([0.01, 0.3, 3])
        fitted = np.linalg.lstsq(other.T, delta.T, rcond=None)[0].T
        assert np.linalg.norm(delta - fitted @ other) >= best - 1e-12


@pytest.mark.holds("phi", by="library: scipy.linalg.subspace_angles")
@given(seeds, st.integers(1, 3), st.integers(1, 5))
def test_phi_is_the_mean_squared_cosine_of_scipys_angles(seed, i, j):
    rng = np.random.default_rng(seed)
    a_1, a_2 = rng.normal(size=(3, 9)), rng.normal(size=(5, 9))
    spans = [scipy.linalg.svd(a, full_matrices=False)[2][:n].T for a, n in ((a_1, i), (a_2, j))]
    angles = scipy.linalg.subspace_angles(*spans)
    assert l.phi(a_1, a_2, i, j) == pytest.approx(np.mean(np.cos(angles) ** 2), abs=1e-10)


def test_phi_is_one_within_and_zero_across():
    eye = np.eye(6) * np.arange(6, 0, -1)[:, None]
    assert l.phi(eye[:2], eye[:4], 2, 4) == pytest.approx(1, rel=1e-10)
    assert l.phi(eye[:2], eye[2:4], 2, 2) == pytest.approx(0, rel=1e-10)


# -- a whole model ------------------------------------------------------------------------

NAMES = ["b0.w_q", "b1.w_v", "b1.w_1", "b0.w_2"]


def small():
    rng = np.random.default_rng(3)
    return rng, init_gpt(rng, 20, 8, 12, 3, 2)


@partial(jax.jit, static_argnames="h")
def unmerged(params, adapters, alpha, tokens, h):
    """The GPT in JAX, written anew, with each update beside its matrix."""

    def times(y, name):
        out = y @ params[name]
        if f"{name}.a" in adapters:
            a, b = adapters[f"{name}.a"], adapters[f"{name}.b"]
            out = out + alpha / len(a) * (y @ a.T) @ b.T
        return out

    def norm(x, name):
        y = jax.nn.standardize(x, axis=-1, epsilon=1e-5)
        return params[f"{name}_gain"] * y + params[f"{name}_bias"]

    n = len(tokens)
    x = jnp.array(params["tok_emb"])[tokens] + params["pos_emb"][:n]
    for i in range(n_layers(params)):
        y = norm(x, f"b{i}.ln1")
        q, k, v = (times(y, f"b{i}.w_{kind}").reshape(n, h, -1) for kind in "qkv")
        scores = jnp.einsum("nhk,mhk->hnm", q, k) / jnp.sqrt(q.shape[-1])
        scores = scores + jnp.triu(jnp.full((n, n), -jnp.inf), 1)
        mixed = jnp.einsum("hnm,mhk->nhk", jax.nn.softmax(scores), v).reshape(n, -1)
        x = x + times(mixed, f"b{i}.w_o")
        y = norm(x, f"b{i}.ln2")
        wide = jax.nn.gelu(times(y, f"b{i}.w_1") + params[f"b{i}.b_1"])
        x = x + times(wide, f"b{i}.w_2") + params[f"b{i}.b_2"]
    return norm(x, "lnf") @ params["tok_emb"].T


@pytest.mark.holds("merge_lora", by="derivation: anew in JAX, unmerged")
@pytest.mark.parametrize("r", [1, 3])
def test_the_merged_model_is_the_unmerged_one(r):
    rng, params = small()
    adapters = l.init_lora(rng, params, NAMES, r)
    adapters = {name: w + 0.3 * rng.normal(size=w.shape) for name, w in adapters.items()}
    tokens = rng.integers(20, size=7)
    ours = gpt(l.merge_lora(params, adapters, 4.0), tokens, 3)
    theirs = unmerged(params, adapters, 4.0, tokens, 3)
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)


def test_at_the_start_the_model_is_unchanged_to_the_last_bit():
    rng, params = small()
    merged = l.merge_lora(params, l.init_lora(rng, params, NAMES, 2), 4.0)
    assert merged.keys() == params.keys()
    assert all((merged[name] == params[name]).all() for name in params)


def test_merging_touches_the_named_matrices_alone_and_changes_no_argument():
    rng, params = small()
    adapters = {k: w + 1.0 for k, w in l.init_lora(rng, params, NAMES, 2).items()}
    before = {name: w.copy() for name, w in params.items()}
    merged = l.merge_lora(params, adapters, 4.0)
    changed = {name for name in params if (merged[name] != params[name]).any()}
    assert changed == set(NAMES)
    assert all((before[name] == params[name]).all() for name in params)


@pytest.mark.holds("init_lora", by="library: scipy.stats.kstest")
def test_a_starts_with_the_scale_that_keeps_the_scale_of_x():
    rng = np.random.default_rng(0)
    adapters = l.init_lora(rng, {"w": np.zeros((400, 30))}, ["w"], 50)
    assert scipy.stats.kstest(20 * adapters["w.a"].ravel(), "norm").pvalue > 0.001
    assert not adapters["w.b"].any()
    assert adapters["w.a"].shape == (50, 400)
    assert adapters["w.b"].shape == (30, 50)
    assert (adapters["w.a"] @ rng.normal(size=400)).std() == pytest.approx(1, rel=0.3)


@pytest.mark.holds("load_lora", by="derivation: measured again")
def test_what_is_stored_teaches_the_tiny_model_to_shout():
    tiny, merges, h = load_tiny()
    full, by_rank, alpha = l.load_lora()
    from snippets.gpt import corpus, encode

    loud = corpus().split("CHAPTER XII")[1].upper()[2500:5000]
    text = np.array(encode(loud, merges)[: 5 * 65]).reshape(5, 65)
    models = [tiny, *(l.merge_lora(tiny, by_rank[r], alpha) for r in (1, 2, 4, 8))]
    models.append(tiny | {name: tiny[name] + full[name] for name in full})
    found = [float(gpt_loss(model, text, h)) for model in models]
    assert found == sorted(found, reverse=True)
    assert found[0] - found[-1] > 0.7


# -- counts -------------------------------------------------------------------------------


@pytest.mark.holds(
    "lora_parameters", "adapter_parameters", "prefix_parameters", by="brute force: arrays counted"
)
@given(st.integers(1, 9), st.integers(2, 12), st.integers(1, 5), st.integers(0, 4))
def test_counts_are_those_of_the_arrays(n, d, r, norms):
    arrays = n * [np.zeros((r, d)), np.zeros((d, r))]
    assert l.lora_parameters(n, d, r) == sum(w.size for w in arrays)
    arrays += n * [np.zeros(r), np.zeros(d)] + norms * [np.zeros((2, d))]
    assert l.adapter_parameters(n, d, r, norms) == sum(w.size for w in arrays)
    assert l.prefix_parameters(d, r, norms, n) == np.zeros((n, r + norms, d)).size


@pytest.mark.holds("bias_parameters", by="brute force: arrays counted")
def test_biases_are_those_of_gpt_with_biases_in_attention():
    params = init_gpt(np.random.default_rng(0), 20, 8, 12, 3, 2)
    held = sum(w.size for name, w in params.items() if w.ndim == 1 and "gain" not in name)
    assert l.bias_parameters(2, 12) == held + 2 * 4 * 12


@pytest.mark.parametrize(
    ("count", "printed"),
    [
        (l.lora_parameters(192, 12_288, 1), 4.7),
        (l.lora_parameters(384, 12_288, 4), 37.7),
        (l.adapter_parameters(192, 12_288, 16), 77.9),
        (l.adapter_parameters(192, 12_288, 64), 304.4),
        (l.prefix_parameters(12_288, 512, 8), 6.4),
    ],
)
def test_counts_are_those_of_table_15(count, printed):
    assert round(count / 1e6, 1) == printed


@pytest.mark.parametrize(
    "call",
    [
        lambda: l.best_update(np.ones((3, 4)), 0),
        lambda: l.best_update(np.ones((3, 4)), 4),
        lambda: l.phi(np.ones((2, 5)), np.ones((3, 5)), 3, 1),
        lambda: l.phi(np.ones((2, 5)), np.ones((3, 5)), 1, 0),
        lambda: l.init_lora(np.random.default_rng(0), {"w": np.ones((2, 2))}, ["w"], 0),
        lambda: l.merge_lora({"w": np.ones((2, 2))}, {"v.a": np.ones((1, 2))}, 1.0),
        lambda: l.merge_lora({"w": np.ones((2, 2))}, {"w.a": np.ones((1, 2))}, 1.0),
        lambda: l.merge_lora({"w": np.ones((2, 2))}, {"w.b": np.ones((2, 1))}, 1.0),
        lambda: l.init_lora(np.random.default_rng(0), {"w": np.ones((2, 2))}, ["v"], 1),
        lambda: l.init_lora(np.random.default_rng(0), {"w": np.ones(2)}, ["w"], 1),
        lambda: l.best_update(np.full((3, 4), np.nan), 1),
        lambda: l.phi(np.full((2, 5), np.inf), np.ones((3, 5)), 1, 1),
        lambda: l.phi(np.ones((2, 5)), np.eye(5), 2, 1),
        lambda: l.phi(np.zeros((2, 5)), np.eye(5), 1, 1),
        lambda: l.phi(np.eye(6)[:, :5], np.eye(5), 6, 1),
        lambda: l.phi(np.zeros((0, 5)), np.eye(5), 1, 1),
        lambda: l.lora_parameters(-1, 2, 1),
        lambda: l.lora_parameters(1, 2, 0),
        lambda: l.adapter_parameters(1, 2, 0),
        lambda: l.adapter_parameters(1, -2, 1),
        lambda: l.prefix_parameters(1, -1, 0),
        lambda: l.bias_parameters(1, -1),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(ValueError, match=r"^\w+: "):
        call()


def test_a_rank_of_one_is_allowed():
    adapters = l.init_lora(np.random.default_rng(0), {"w": np.ones((2, 3))}, ["w"], 1)
    assert (adapters["w.a"].shape, adapters["w.b"].shape) == ((1, 2), (3, 1))


def test_every_matrix_of_a_model_may_be_merged_and_every_direction_compared():
    w, eye = np.ones((2, 3)), np.eye(3)
    merged = l.merge_lora({"w": w}, {"w.a": np.ones((1, 2)), "w.b": np.ones((3, 1))}, 1.0)
    np.testing.assert_array_equal(merged["w"], w + 1)
    assert l.phi(eye, eye, 3, 3) == pytest.approx(1)


@pytest.mark.parametrize(("i", "j"), [(0, 1), (1, 4), (4, 1)])
def test_directions_that_a_matrix_does_not_have_are_refused(i, j):
    with pytest.raises(ValueError, match=r"^phi: "):
        l.phi(np.eye(3), np.eye(3), i, j)


@pytest.mark.holds("scale", by="brute force: counted")
@pytest.mark.parametrize("r", [1, 2, 5])
def test_alpha_is_shared_out_among_the_ranks(r):
    assert sum([l.scale(3.0, np.zeros((r, 2)))] * r) == pytest.approx(3)


def test_no_rank_at_all_is_refused_by_forward_update_and_backward_alike():
    x, w, a, b = np.ones((4, 3)), np.ones((2, 3)), np.ones((0, 3)), np.ones((2, 0))
    for call in (
        lambda: l.lora(x, w, a, b, 1.0),
        lambda: l.lora_update(a, b, 1.0),
        lambda: l.lora_grads(x @ w.T, x, a, b, 1.0),
        lambda: l.scale(1.0, a),
    ):
        with pytest.raises(ValueError, match="the rank is at least 1"):
            call()


@given(st.integers(0, 2**32 - 1), st.integers(0, 4), st.sampled_from([1.0, 1e140, np.nan]))
def test_merged_and_not_a_matrix_with_lora_answers_alike(seed, n, size):
    rng = np.random.default_rng(seed)
    x, w = size * rng.normal(size=(n, 3)), rng.normal(size=(2, 3))
    a, b = rng.normal(size=(2, 3)), rng.normal(size=(2, 2))
    merged = x @ (w + l.lora_update(a, b, 3.0)).T
    np.testing.assert_allclose(l.lora(x, w, a, b, 3.0), merged, rtol=1e-9, atol=1e-9 * size)
