"""Entry 13 against a second model in JAX, the tiny GPT itself, and the tables of four papers."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from snippets import peft
from snippets.gpt import embed, gpt, gpt_block, init_gpt, load_tiny
from snippets.layers import block_params, pad
from snippets.transformer import merge_heads

seeds = st.integers(0, 10_000)
H, D, V = 3, 12, 20


def small(rng):
    params = init_gpt(rng, V, 10, D, H, 2)
    return {name: w + 0.2 * rng.normal(size=w.shape) for name, w in params.items()}


def all_edits(rng, params, l_p=3):
    edits = peft.init_adapters(rng, params, 4) | peft.init_ia3(params)
    edits |= peft.init_prefix(rng, params, l_p) | {"prompt": np.zeros((2, D))}
    return {name: w + 0.3 * rng.normal(size=w.shape) for name, w in edits.items()}


@jax.jit
def in_jax(params, edits, tokens):
    """The edited GPT, one text, written anew."""

    def norm(x, name):
        y = jax.nn.standardize(x, axis=-1, epsilon=1e-5)
        return params[f"{name}_gain"] * y + params[f"{name}_bias"]

    def adapt(x, b):
        if b + "down" not in edits:
            return x
        inner = jax.nn.gelu(x @ edits[b + "down"] + edits[b + "down_bias"])
        return x + inner @ edits[b + "up"] + edits[b + "up_bias"]

    x = jnp.array(params["tok_emb"])[tokens] + params["pos_emb"][: len(tokens)]
    prompt = edits.get("prompt", np.zeros((0, D)))
    x = jnp.vstack([prompt, x])
    for i in range(2):
        b = f"b{i}."
        y = norm(x, b + "ln1")
        rows = []
        for t in range(len(x)):  # one position after the other, and no mask
            q = (y[t] @ params[b + "w_q"]).reshape(H, -1)
            k = y[: t + 1] @ params[b + "w_k"] * edits.get(b + "l_k", 1)
            v = y[: t + 1] @ params[b + "w_v"] * edits.get(b + "l_v", 1)
            if b + "prefix_k" in edits:
                k = jnp.vstack([edits[b + "prefix_k"], k])
                v = jnp.vstack([edits[b + "prefix_v"], v])
            k, v = (a.reshape(len(a), H, -1) for a in (k, v))
            scores = jnp.einsum("hk,mhk->hm", q, k) / np.sqrt(D // H)
            rows.append(jnp.einsum("hm,mhk->hk", jax.nn.softmax(scores), v).reshape(-1))
        x = x + adapt(jnp.stack(rows) @ params[b + "w_o"], b + "att_")
        y = norm(x, b + "ln2")
        y = jax.nn.gelu(y @ params[b + "w_1"] + params[b + "b_1"]) * edits.get(b + "l_ff", 1)
        x = x + adapt(y @ params[b + "w_2"] + params[b + "b_2"], b + "ffn_")
    return norm(x, "lnf")[len(prompt) :] @ params["tok_emb"].T


@pytest.mark.holds("small_case", by="brute force: which score is ahead")
def test_every_edit_of_the_small_case_makes_the_first_text_loud():
    texts, p = peft.small_case()
    assert [a > b for a, b in texts] == [True, True, False]
    for ends in peft.moved(texts, p).values():
        np.testing.assert_allclose(ends[0], [1, 2], atol=1e-4)


@pytest.mark.holds("moved", by="derivation: each rule written out")
@settings(max_examples=20)
@given(st.floats(-5, 5), st.floats(-5, 5))
def test_each_edit_of_the_small_case_follows_its_rule(quiet, loud):
    ends = peft.moved(np.array([[quiet, loud]]), peft.small_case()[1])
    gap = quiet - loud
    bent = float(jax.nn.gelu(jnp.array(4 * gap))) / 4
    rules = {
        "BitFit": (quiet - 1, loud + 1),
        "(IA)3": (quiet / 2, 2 * loud),
        "prefix": (quiet / 2, (loud + 3) / 2),
        "LoRA": (quiet - gap, loud + gap),
        "adapter": (quiet - bent, loud + bent),
    }
    assert ends.keys() == rules.keys()
    for name, place in rules.items():
        np.testing.assert_allclose(ends[name], [place], rtol=1e-6, atol=1e-10)


KINDS = {
    "all": "",
    "adapters": "down up",
    "(IA)3": "l_k l_v l_ff",
    "prefix": "prefix",
    "prompt": "prompt",
}


@pytest.mark.holds("edited_gpt", "edited_block", "edited_attention", by="derivation: anew in JAX")
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=5)
@given(seeds)
def test_the_edited_model_is_the_one_in_jax(kind, seed):
    rng = np.random.default_rng(seed)
    params = small(rng)
    words = KINDS[kind].split() or [""]
    edits = {k: w for k, w in all_edits(rng, params).items() if any(x in k for x in words)}
    tokens = rng.integers(V, size=5)
    ours = peft.edited_gpt(params, edits, tokens, H)
    np.testing.assert_allclose(ours, in_jax(params, edits, tokens), rtol=1e-10, atol=1e-10)
    assert not np.allclose(ours, gpt(params, tokens, H), atol=0.01)


def test_without_edits_and_at_the_start_of_adapters_and_ia3_it_is_the_gpt():
    rng = np.random.default_rng(2)
    params, tokens = small(rng), rng.integers(V, size=(2, 5))
    for edits in ({}, peft.init_adapters(rng, params, 3), peft.init_ia3(params)):
        ours = peft.edited_gpt(params, edits, tokens, H)
        np.testing.assert_allclose(ours, gpt(params, tokens, H), rtol=1e-12, atol=1e-12)


@settings(max_examples=8)
@given(seeds)
def test_a_batch_is_its_texts_one_by_one(seed):
    rng = np.random.default_rng(seed)
    params = small(rng)
    edits, tokens = all_edits(rng, params), rng.integers(V, size=(3, 5))
    ours = peft.edited_gpt(params, edits, tokens, H)
    for text, logits in zip(tokens, ours, strict=True):
        alone = peft.edited_gpt(params, edits, text, H)
        np.testing.assert_allclose(alone, logits, rtol=1e-10, atol=1e-10)


@pytest.mark.holds("edited_gpt", "seen_before", by="brute force: one text after the other")
@settings(max_examples=10)
@given(seeds, st.lists(st.integers(1, 5), min_size=1, max_size=3), st.booleans())
def test_padding_on_either_side_changes_no_logit_whatever_the_edits(seed, lengths, left):
    rng = np.random.default_rng(seed)
    params = small(rng)
    edits = all_edits(rng, params, l_p=1 + seed % 3)
    texts = [rng.integers(V, size=n) for n in lengths]
    tokens, real = pad(texts, token=3, left=left)
    together = peft.edited_gpt(params, edits, tokens, H, real)
    for text, logits, there in zip(texts, together, real, strict=True):
        alone = peft.edited_gpt(params, edits, text, H)
        np.testing.assert_allclose(logits[there], alone, rtol=1e-9, atol=1e-10)


def test_an_empty_prefix_and_an_empty_prompt_change_nothing():
    rng = np.random.default_rng(3)
    params, tokens = small(rng), rng.integers(V, size=(2, 5))
    empty = {f"b{i}.prefix_{kind}": np.zeros((0, D)) for i in range(2) for kind in "kv"}
    empty |= {"prompt": np.zeros((0, D))}
    np.testing.assert_allclose(
        peft.edited_gpt(params, empty, tokens, H), gpt(params, tokens, H), rtol=1e-12, atol=1e-12
    )


@pytest.mark.holds("check_edits", by="brute force: every part of an edit alone")
@pytest.mark.parametrize("name", [name for edit in peft.EDITS for name in edit])
def test_half_an_edit_and_an_unknown_one_are_refused(name):
    rng = np.random.default_rng(0)
    params = small(rng)
    edits = all_edits(rng, params)
    peft.check_edits(edits, 2)
    for wrong in ({f"b1.{name}": edits[f"b1.{name}"]}, {f"b2.{name}": 1}, {name: 1}):
        if name == "l_ff" and "b1.l_ff" in wrong:
            continue  # a whole edit
        with pytest.raises(ValueError, match=f"edits: {next(iter(wrong))} is no edit"):
            peft.edited_gpt(params, wrong, np.array([1]), H)


@settings(max_examples=8)
@given(seeds)
def test_the_future_stays_hidden(seed):
    rng = np.random.default_rng(seed)
    params = small(rng)
    edits, tokens = all_edits(rng, params), rng.integers(V, size=6)
    changed = np.concatenate([tokens[:4], (tokens[4:] + 1) % V])
    ours, theirs = (peft.edited_gpt(params, edits, t, H) for t in (tokens, changed))
    np.testing.assert_allclose(ours[:4], theirs[:4], rtol=1e-10, atol=1e-10)
    assert not np.allclose(ours[4:], theirs[4:])


@pytest.mark.holds("merge_ia3", by="derivation: unmerged")
@settings(max_examples=8)
@given(seeds, st.floats(0, 2))
def test_ia3_merges_whatever_its_vectors(seed, size):
    rng = np.random.default_rng(seed)
    params = small(rng)
    edits = peft.init_ia3(params)
    edits = {name: w + size * rng.normal(size=w.shape) for name, w in edits.items()}
    before = {name: w.copy() for name, w in params.items()}
    tokens = rng.integers(V, size=(2, 5))
    merged = peft.merge_ia3(params, edits)
    ours, theirs = peft.edited_gpt(params, edits, tokens, H), gpt(merged, tokens, H)
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)
    assert merged.keys() == params.keys()
    assert all((before[name] == params[name]).all() for name in params)


def test_the_keys_and_values_of_a_text_are_a_prefix_that_stands_for_it():
    rng = np.random.default_rng(4)
    params = small(rng) | {"pos_emb": np.zeros((10, D))}
    tokens, edits = rng.integers(V, size=7), {}
    x = embed(params, tokens[:4])
    for i in range(2):
        x, (k, v) = gpt_block(x, block_params(params, i), H)
        edits |= {f"b{i}.prefix_k": merge_heads(k), f"b{i}.prefix_v": merge_heads(v)}
    ours = peft.edited_gpt(params, edits, tokens[4:], H)
    np.testing.assert_allclose(ours, gpt(params, tokens, H)[4:], rtol=1e-10, atol=1e-10)


def test_the_embeddings_of_a_text_are_a_prompt_that_stands_for_it():
    rng = np.random.default_rng(5)
    params = small(rng) | {"pos_emb": np.zeros((10, D))}
    tokens = rng.integers(V, size=7)
    prompt = {"prompt": params["tok_emb"][tokens[:4]]}
    ours = peft.edited_gpt(params, prompt, tokens[4:], H)
    np.testing.assert_allclose(ours, gpt(params, tokens, H)[4:], rtol=1e-10, atol=1e-10)


@pytest.mark.holds("adapter", by="library: jax.nn.gelu")
@given(seeds)
def test_an_adapter_is_x_and_a_network(seed):
    rng = np.random.default_rng(seed)
    x, down, up = rng.normal(size=(2, 5)), rng.normal(size=(5, 3)), rng.normal(size=(3, 5))
    b, c = rng.normal(size=3), rng.normal(size=5)
    wanted = x + jax.nn.gelu(x @ down + b) @ up + c
    np.testing.assert_allclose(peft.adapter(x, down, b, up, c), wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.holds("scaled", "preceded", by="brute force: row by row")
@given(seeds, st.booleans(), st.integers(0, 3))
def test_a_batch_shares_its_vectors_or_each_text_has_its_own(seed, own, m):
    rng = np.random.default_rng(seed)
    x, batch = rng.normal(size=(2, 4, 5)), (2,) if own else ()
    by, first = rng.normal(size=(*batch, 1, 5)), rng.normal(size=(*batch, m, 5))
    wider = peft.preceded(x, first)
    for i in range(2):
        mine, its = (by[i], first[i]) if own else (by, first)
        for row, factored in zip(x[i], peft.scaled(x, by)[i], strict=True):
            assert factored.tolist() == [a * b for a, b in zip(mine[0], row, strict=True)]
        assert wider[i].tolist() == its.tolist() + x[i].tolist()


@pytest.mark.holds("parts", by="brute force: by their names")
def test_parts_are_the_arrays_of_one_place_in_the_order_of_adapter():
    rng = np.random.default_rng(0)
    edits = peft.init_adapters(rng, small(rng), 4)
    for i, place in ((0, "att"), (1, "ffn")):
        found = peft.parts(block_params(edits, i), place)
        names = [name for w in found for name, mine in edits.items() if mine is w]
        ends = ("down", "down_bias", "up", "up_bias")
        assert names == [f"b{i}.{place}_{end}" for end in ends]


@pytest.mark.holds("init_adapters", "init_prefix", by="library: scipy.stats.kstest")
@pytest.mark.holds("init_ia3", by="brute force: entry by entry")
def test_what_starts_at_random_is_normal_and_the_rest_leaves_the_model_as_it_is():
    rng = np.random.default_rng(0)
    params = small(rng)
    for name, w in peft.init_adapters(rng, params, 30).items():
        if name.endswith("_down"):
            assert stats.kstest(w.ravel() * np.sqrt(D), "norm").pvalue > 0.001
        else:
            assert not w.any()
    for w in peft.init_prefix(rng, params, 30).values():
        assert stats.kstest(w.ravel(), "norm").pvalue > 0.001
    for w in peft.init_ia3(params).values():
        assert w.tolist() == [1.0] * len(w)


# -- counts and costs ---------------------------------------------------------------------


@pytest.mark.holds("biases", by="brute force: by their shape")
def test_biases_are_all_vectors_but_the_gains():
    params = load_tiny()[0]
    wanted = {name for name, w in params.items() if w.ndim == 1 and "gain" not in name}
    assert peft.biases(params).keys() == wanted


@pytest.mark.holds("count", by="brute force: arrays counted")
@given(st.integers(1, 5), st.integers(1, 3))
def test_counts_are_those_of_the_arrays(m, l_p):
    rng = np.random.default_rng(0)
    params = small(rng)
    adapter = [(D, m), (m,), (m, D), (D,)]
    edits = peft.init_adapters(rng, params, m)
    assert sorted(w.shape for w in edits.values()) == sorted(4 * adapter)
    assert peft.count(edits) == 4 * sum(np.zeros(shape).size for shape in adapter)
    assert peft.count(peft.init_prefix(rng, params, l_p)) == np.zeros((2, 2, l_p, D)).size
    assert peft.count(peft.init_ia3(params)) == peft.ia3_parameters(2, 0, D, 4 * D)


@pytest.mark.holds("ia3_parameters", by="brute force: arrays counted")
def test_ia3_pays_for_three_attentions_in_an_encoder_and_a_decoder():
    blocks = 24 * [np.zeros((3, 2, 2048)), np.zeros((2, 5120))]  # keys, values; feed-forward
    assert peft.ia3_parameters(24, 24, 2048, 5120) == sum(w.size for w in blocks)


@pytest.mark.holds("t5_parameters", by="published table: the released models")
@pytest.mark.parametrize(
    ("sizes", "count"),
    [
        ((512, 1024, 6, 8), 76_961_152),
        ((768, 2048, 12, 12), 247_577_856),
        ((1024, 2816, 16, 24), 783_150_080),
        ((2048, 5120, 32, 24), 2_849_757_184),
        ((4096, 10_240, 64, 24), 11_135_332_352),
    ],
)
def test_t5_has_its_published_sizes(sizes, count):
    assert peft.t5_parameters(*sizes) == count


# Lester et al. 2021, Table 4: the share of a prompt in all numbers, in %, as printed.
LENGTHS = (1, 5, 20, 50, 100, 150)
SHARES = {
    (512, 1024, 6, 8): "0.00067 0.00333 0.01330 0.03325 0.06648 0.09969",
    (768, 2048, 12, 12): "0.00031 0.00155 0.00620 0.01551 0.03101 0.04651",
    (1024, 2816, 16, 24): "0.00013 0.00065 0.00262 0.00654 0.01907 0.01961",
    (2048, 5120, 32, 24): "0.00007 0.00036 0.00143 0.00359 0.00718 0.01078",
    (4096, 10_240, 64, 24): "0.00004 0.00018 0.00074 0.00184 0.00368 0.00552",
}


def test_prompts_have_the_shares_of_the_table_but_for_one_slip_and_two_cut_off():
    differ = []
    for sizes, printed in SHARES.items():
        for length, share in zip(LENGTHS, printed.split(), strict=True):
            numbers = length * sizes[0]
            computed = 100 * numbers / (peft.t5_parameters(*sizes) + numbers)
            if f"{computed:.5f}" != share:
                differ.append((sizes[0], length, round(computed, 6)))
    assert differ == [(1024, 100, 0.013074), (2048, 20, 0.001437), (2048, 100, 0.007186)]


@pytest.mark.holds("training_bytes", by="library: numpy.ndarray.nbytes")
def test_training_holds_four_bytes_for_each_byte_that_is_trained():
    frozen, trained = np.zeros(100, np.float16), np.zeros(7, np.float16)
    held = [frozen, trained, trained.copy(), trained.copy(), trained.copy()]
    assert peft.training_bytes(100, 7) == sum(a.nbytes for a in held)
    assert peft.training_bytes(0, 7, weight=4) == 4 * 4 * 7


@pytest.mark.holds("fewshot_flops", by="library: jax.make_jaxpr")
def test_reading_costs_two_operations_for_a_weight_of_a_matrix():
    def products(x, w_1, w_2):
        return (x @ w_1) @ w_2

    shapes = [(9, 6), (6, 8), (8, 5)]
    program = jax.make_jaxpr(products)(*map(jnp.zeros, shapes))
    flops = 0
    for equation in program.jaxpr.eqns:
        right, out = equation.invars[1], equation.outvars[0]
        flops += 2 * out.aval.size * right.aval.shape[0]
    weights = 6 * 8 + 8 * 5
    assert peft.fewshot_flops(weights, 9) == flops
    assert peft.fewshot_flops(2 * weights, 9, halves=2) == flops


@pytest.mark.parametrize(
    "call",
    [
        lambda rng, params: peft.init_adapters(rng, params, 0),
        lambda rng, params: peft.init_prefix(rng, params, 0),
        lambda rng, params: peft.edited_gpt(params, {}, np.array([V]), H),
        lambda rng, params: peft.edited_gpt(params, {}, np.array([-1]), H),
        lambda rng, params: peft.merge_ia3(params, {}),
        lambda rng, params: peft.merge_ia3(params, peft.init_prefix(rng, params, 2)),
        lambda rng, params: peft.ia3_parameters(-1, 1, 1, 1),
        lambda rng, params: peft.training_bytes(-1, 1),
        lambda rng, params: peft.fewshot_flops(1.0, 1, halves=0),
        lambda rng, params: peft.fewshot_flops(-1.0, 1),
        lambda rng, params: peft.fewshot_flops(1.0, -1),
        lambda rng, params: peft.t5_parameters(4, 4, 1, -1),
    ],
)
def test_bad_input_is_refused(call):
    rng = np.random.default_rng(0)
    params = small(rng)
    with pytest.raises(ValueError, match=r"^\w+: "):
        call(rng, params)


def test_the_narrowest_adapter_and_the_shortest_prefix_are_allowed():
    rng = np.random.default_rng(0)
    params = small(rng)
    assert peft.init_adapters(rng, params, 1)["b0.att_down"].shape == (D, 1)
    assert peft.init_prefix(rng, params, 1)["b0.prefix_k"].shape == (1, D)


def test_the_way_down_keeps_the_variance_of_what_it_reads():
    rng = np.random.default_rng(0)
    w = peft.init_adapters(rng, {"tok_emb": np.ones((2, 400)), "b0.w_1": np.ones(1)}, 50)
    assert w["b0.att_down"].std() * 20 == pytest.approx(1, rel=0.03)
