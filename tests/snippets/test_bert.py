"""Entry 6 against JAX, brute force and counts of arrays; PyTorch is in tests/oracles."""

from itertools import pairwise

import autograd
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from snippets import bert
from snippets.layers import block_params, cross_entropy, pad

SEEDS = st.integers(0, 2**32 - 1)
V, MASK = 97, 3


def size(tree):
    return sum(np.size(leaf) for leaf in jax.tree.leaves(tree))


def noisy(seed, v=11, n=9, d=8, layers=2):
    """Parameters none of which is zero or one, so that each can be missed."""
    rng = np.random.default_rng(seed)
    params = bert.init_bert(rng, v, n, d, layers)
    return jax.tree.map(lambda w: np.asarray(w) + rng.normal(size=np.shape(w)), params)


# -- a hidden word by its neighbours -----------------------------------------

TEXT = "The cat sat; the cat ran. A dog's tail -- the dog -- isn't the cat's."


@pytest.mark.holds("word_list", "numbers", by="brute force: counted by hand")
def test_words_are_numbered_by_how_often_they_come():
    words = bert.word_list(TEXT, 8)
    assert words[:5] == bert.SPECIALS
    assert words[5:] == ["the", "cat", "sat"]  # 4 times, twice, the first of those once
    assert bert.numbers(TEXT, words).tolist() == [5, 6, 7, 5, 6, 1, 1, 1, 1, 5, 1, 1, 5, 1]
    assert bert.numbers("...", words).tolist() == []


def test_a_list_longer_than_the_text_is_refused():
    with pytest.raises(ValueError, match=r"^word_list: the text has 10 words$"):
        bert.word_list(TEXT, 16)
    with pytest.raises(ValueError, match=r"^word_list: v must be 5 or more$"):
        bert.word_list(TEXT, 4)


@pytest.mark.holds("neighbours", by="brute force: pairs counted one by one")
@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.sampled_from([0.01, 0.1, 2.0]))
def test_the_chances_of_the_next_word_are_counted(ids, extra):
    counts = np.full((6, 6), extra)
    for pair in pairwise(ids):
        counts[pair] += 1
    wanted = [row / sum(row) for row in counts]
    got = bert.neighbours(np.array(ids), 6, extra)
    np.testing.assert_allclose(got, wanted, rtol=1e-12)


@pytest.mark.holds("between", by="brute force: the joint chances of three words")
@given(SEEDS)
def test_a_hidden_word_has_the_chances_of_the_joint_table(seed):
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.ones(4), size=4)
    joint = np.einsum("a,ab,bc->abc", rng.dirichlet(np.ones(4)), p, p)
    left, right = rng.integers(4, size=(2, 3, 2))
    for place, got in np.ndenumerate(bert.between(p, left, right).sum(axis=-1)):
        assert got == pytest.approx(1), place
    for a, c, got in zip(
        left.ravel(), right.ravel(), bert.between(p, left, right).reshape(-1, 4), strict=True
    ):
        np.testing.assert_allclose(got, joint[a, :, c] / joint[a, :, c].sum(), rtol=1e-10)


def test_neighbours_that_are_none_are_refused():
    p = np.full((3, 3), 1 / 3)
    for left, right, name in ((3, 0, "left"), (0, -1, "right")):
        with pytest.raises(ValueError, match=f"^between: {name} must be 0 to 2"):
            bert.between(p, np.array(left), np.array(right))
    with pytest.raises(ValueError, match=r"^neighbours: ids must be 0 to 2, one is 3$"):
        bert.neighbours(np.array([0, 3]), 3)
    with pytest.raises(ValueError, match=r"^neighbours: extra must be above 0$"):
        bert.neighbours(np.array([0, 1]), 3, 0.0)


# -- data --------------------------------------------------------------------


@given(SEEDS, st.integers(2, 60), st.sampled_from([0.15, 0.4, 1.0]))
def test_masking_chooses_the_rate_and_touches_nothing_else(seed, n, rate):
    rng = np.random.default_rng(seed)
    ids, special = rng.integers(5, V, size=n), rng.random(n) < 0.3
    special[rng.integers(n)] = False
    before = ids.copy()
    shown, chosen = bert.mask_tokens(rng, ids, special, V, MASK, rate)
    assert chosen.sum() == min(max(1, round(rate * n)), (~special).sum())
    assert not (chosen & special).any()
    np.testing.assert_array_equal(shown[~chosen], ids[~chosen])
    np.testing.assert_array_equal(ids, before)


@pytest.mark.holds("mask_tokens", by="brute force: frequencies counted")
def test_chosen_tokens_are_hidden_replaced_and_kept_eight_to_one_to_one():
    rng, n = np.random.default_rng(1), 200_000
    ids = np.full(n, 50)
    shown, chosen = bert.mask_tokens(rng, ids, np.zeros(n, dtype=bool), V, MASK)
    counts = np.bincount(shown[chosen], minlength=V) / chosen.sum()
    expected = np.full(V, 0.1 / V)
    expected[MASK] += 0.8
    expected[50] += 0.1
    np.testing.assert_allclose(counts, expected, atol=0.006)


def test_every_position_is_chosen_equally_often():
    rng, n = np.random.default_rng(2), 20
    draws = [
        bert.mask_tokens(rng, np.arange(n), np.zeros(n, dtype=bool), V, MASK)[1]
        for _ in range(1500)
    ]
    np.testing.assert_allclose(np.mean(draws, axis=0), 0.15, atol=0.04)


def test_masking_without_a_token_to_choose_is_refused():
    with pytest.raises(ValueError, match="every token is special"):
        bert.mask_tokens(np.random.default_rng(0), np.array([1, 2]), np.array([True] * 2), V, MASK)


@pytest.mark.parametrize("rate", [0.0, -0.1, 1.5])
def test_a_rate_that_is_no_share_is_refused(rate):
    ids, special = np.arange(4), np.zeros(4, dtype=bool)
    with pytest.raises(ValueError, match="no share above 0"):
        bert.mask_tokens(np.random.default_rng(0), ids, special, V, MASK, rate)


@pytest.mark.holds("sentence_pair", by="brute force: frequencies counted")
def test_half_of_the_pairs_are_next_and_the_rest_come_from_other_documents():
    rng = np.random.default_rng(0)
    documents = [[(d, j) for j in range(3)] for d in range(4)]
    pairs = [bert.sentence_pair(rng, documents, 2, 1) for _ in range(6000)]
    assert all(a == (2, 1) for a, _, _ in pairs)
    assert {b for _, b, is_next in pairs if is_next} == {(2, 2)}
    others = [b for _, b, is_next in pairs if not is_next]
    assert np.mean([is_next for _, _, is_next in pairs]) == pytest.approx(0.5, abs=0.03)
    expected = {(d, j) for d in (0, 1, 3) for j in range(3)}
    assert set(others) == expected
    for sentence in expected:
        assert others.count(sentence) / len(others) == pytest.approx(1 / 9, abs=0.03)


def test_a_last_sentence_has_no_next():
    rng = np.random.default_rng(0)
    documents = [[(0, 0)], [(1, 0), (1, 1)]]
    assert not any(bert.sentence_pair(rng, documents, 0, 0)[2] for _ in range(50))


def test_one_document_alone_is_refused():
    with pytest.raises(ValueError, match="has no other"):
        bert.sentence_pair(np.random.default_rng(0), [["a", "b"]], 0, 0)


@pytest.mark.holds("pack", by="derivation: taken apart again")
@given(st.lists(st.integers(5, 50), max_size=6), st.lists(st.integers(5, 50), max_size=6))
def test_packing_keeps_both_sentences_and_marks_what_is_its_own(a, b):
    ids, segments, special = bert.pack(a, b, 1, 2)
    assert ids[~special & (segments == 0)].tolist() == a
    assert ids[~special & (segments == 1)].tolist() == b
    assert ids[special].tolist() == [1, 2, 2]
    assert segments.tolist() == sorted(segments.tolist())


# -- the model ---------------------------------------------------------------


def jax_norm(x, gain, bias):
    return jax.nn.standardize(x, epsilon=1e-12) * gain + bias


def jax_loss(p, shown, segments, ids, chosen, is_next, h):
    """The model again, by einsum and with JAX's own functions."""
    hot = jax.nn.one_hot
    x = hot(shown, len(p["b_tok"])) @ p["tok_emb"] + hot(segments, 2) @ p["seg_emb"]
    x = jax_norm(x + p["pos_emb"][: len(shown)], p["emb_gain"], p["emb_bias"])
    d, states = x.shape[1], [x]
    for i in range(2):
        q = {k[3:]: w for k, w in p.items() if k.startswith(f"b{i}.")}
        heads = [
            jnp.einsum("nd,dhk->hnk", x, q[f"w_{w}"].reshape(d, h, d // h))
            + q[f"b_{w}"].reshape(h, 1, d // h)
            for w in "qkv"
        ]
        weights = jax.nn.softmax(jnp.einsum("hnk,hmk->hnm", *heads[:2]) / (d // h) ** 0.5, axis=-1)
        out = jnp.einsum("hnm,hmk->nhk", weights, heads[2])
        out = jnp.einsum("nhk,hkd->nd", out, q["w_o"].reshape(h, d // h, d)) + q["b_o"]
        x = jax_norm(x + out, q["ln1_gain"], q["ln1_bias"])
        out = jax.nn.gelu(x @ q["w_1"] + q["b_1"]) @ q["w_2"] + q["b_2"]
        x = jax_norm(x + out, q["ln2_gain"], q["ln2_bias"])
        states.append(x)
    y = jax.nn.gelu(x @ p["w_mlm"] + p["b_mlm"])
    y = jax_norm(y, p["mlm_gain"], p["mlm_bias"]) @ p["tok_emb"].T + p["b_tok"]
    surprise = -jax.nn.log_softmax(y)[jnp.arange(len(ids)), ids]
    mlm = jnp.sum(jnp.where(chosen, surprise, 0)) / jnp.sum(chosen)
    c = jnp.tanh(x[0] @ p["w_pool"] + p["b_pool"]) @ p["w_nsp"] + p["b_nsp"]
    return mlm - jax.nn.log_softmax(c)[1 - is_next], (states, y, c)


JAX = jax.jit(jax.value_and_grad(jax_loss, has_aux=True), static_argnames="h")


def example(seed, n=9, v=11):
    rng = np.random.default_rng(seed)
    ids, shown = rng.integers(v, size=(2, n))
    chosen = rng.random(n) < 0.3
    chosen[rng.integers(n)] = True
    return shown, np.sort(rng.integers(2, size=n)), ids, chosen, bool(seed % 2)


@pytest.mark.holds("pretraining_loss", by="derivation: anew in JAX")
@pytest.mark.holds("pretraining_loss", by="derivative: jax.grad")
@pytest.mark.parametrize("seed", range(3))
def test_loss_and_gradient_are_jaxs(seed):
    params, arguments = noisy(seed), example(seed)
    ours = autograd.value_and_grad(bert.pretraining_loss)(params, *arguments, 2)
    (loss, _), slopes = JAX(params, *arguments, h=2)
    for a, b in zip(jax.tree.leaves(ours), jax.tree.leaves((loss, slopes)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)


@pytest.mark.holds(
    "embed",
    "encoder_layer",
    "encode",
    "mlm_logits",
    "nsp_logits",
    by="derivation: anew in JAX",
)
@given(SEEDS)
def test_states_and_logits_are_jaxs(seed):
    params, (shown, segments, *others) = noisy(seed), example(seed)
    (_, (states, tokens, pair)), _ = JAX(params, shown, segments, *others, h=2)
    x = bert.embed(params, shown, segments)
    np.testing.assert_allclose(x, states[0], rtol=1e-10, atol=1e-10)
    for i, wanted in enumerate(states[1:]):
        x = bert.encoder_layer(x, block_params(params, i), 2)
        np.testing.assert_allclose(x, wanted, rtol=1e-10, atol=1e-10)
    np.testing.assert_array_equal(bert.encode(params, shown, segments, 2), x)
    np.testing.assert_allclose(bert.mlm_logits(params, x), tokens, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(bert.nsp_logits(params, x), pair, rtol=1e-10, atol=1e-10)


@pytest.mark.holds("init_layer", "init_bert", by="library: scipy.stats.kstest")
def test_initial_matrices_are_normal_with_deviation_002():
    params = bert.init_bert(np.random.default_rng(0), 60, 30, 16, 2)
    names = {jax.tree_util.keystr(k): w for k, w in jax.tree_util.tree_leaves_with_path(params)}
    for name, w in names.items():
        if w.ndim == 2:
            assert w.size < 500 or stats.kstest(w.ravel() / 0.02, "norm").pvalue > 0.001
        else:
            assert (w == ("gain" in name)).all()


def test_a_loss_without_a_token_to_predict_is_refused():
    shown, segments, ids, chosen, is_next = example(0)
    with pytest.raises(ValueError, match="no token has to be predicted"):
        bert.pretraining_loss(noisy(0), shown, segments, ids, chosen & False, is_next, 2)


def test_a_change_anywhere_reaches_every_state():
    params, (ids, segments, *_) = noisy(0), example(0)
    states = bert.encode(params, ids, segments, 2)
    for i in range(len(ids)):
        other = np.where(np.arange(len(ids)) == i, (ids + 1) % 11, ids)
        assert (np.abs(bert.encode(params, other, segments, 2) - states).max(axis=1) > 1e-6).all()


@given(SEEDS)
def test_without_positions_the_encoder_is_equivariant(seed):
    params, (ids, segments, *_) = noisy(0), example(seed)
    order = np.random.default_rng(seed).permutation(len(ids))
    flat = params | {"pos_emb": np.zeros_like(params["pos_emb"])}
    shuffled = bert.encode(flat, ids[order], segments[order], 2)
    np.testing.assert_allclose(
        shuffled, bert.encode(flat, ids, segments, 2)[order], atol=1e-10, rtol=1e-10
    )


def test_too_long_a_sequence_is_refused():
    with pytest.raises(ValueError, match="embed: positions must be 0 to 8, one is 9"):
        bert.embed(noisy(0), np.zeros(10, dtype=int), np.zeros(10, dtype=int))


# -- texts of unequal length --------------------------------------------------


def unequal(seed, lengths, left):
    """Parameters, pairs of these lengths alone, and all as one batch."""
    rng, params = np.random.default_rng(seed), noisy(seed)
    alone = [example(seed + i, n) for i, n in enumerate(lengths)]
    shown, segments, ids, chosen = (
        pad([text[k].astype(int) for text in alone], k % 2, left)[0] for k in range(4)
    )
    real = pad([text[0] for text in alone], left=left)[1]
    shown = np.where(real, shown, rng.integers(11, size=real.shape))
    batch = shown, segments, ids, chosen.astype(bool) & real, np.array([text[4] for text in alone])
    return params, alone, batch, real


@pytest.mark.holds("embed", "encode", "nsp_logits", by="derivation: each text alone")
@settings(max_examples=10)
@given(SEEDS, st.lists(st.integers(1, 9), min_size=1, max_size=3), st.booleans())
def test_padding_changes_no_state_and_no_logit(seed, lengths, left):
    params, alone, (shown, segments, *_), real = unequal(seed, lengths, left)
    states = bert.encode(params, shown, segments, 2, real)
    pairs = bert.nsp_logits(params, states, real)
    for text, here, ours, pair in zip(alone, real, states, pairs, strict=True):
        wanted = bert.encode(params, *text[:2], 2)
        np.testing.assert_allclose(ours[here], wanted, rtol=1e-10, atol=1e-10)
        np.testing.assert_allclose(pair, bert.nsp_logits(params, wanted), rtol=1e-10, atol=1e-10)


@pytest.mark.holds("pretraining_loss", by="derivation: each text alone")
@settings(max_examples=4)
@given(SEEDS, st.lists(st.integers(1, 9), min_size=1, max_size=3), st.booleans())
def test_padding_changes_no_loss_and_no_gradient(seed, lengths, left):
    params, alone, batch, real = unequal(seed, lengths, left)
    hidden = [int(text[3].sum()) for text in alone]

    def one_by_one(params):
        words, pairs = 0.0, 0.0
        for (shown, segments, ids, chosen, is_next), n in zip(alone, hidden, strict=True):
            t = bert.encode(params, shown, segments, 2)
            words = words + n * cross_entropy(bert.mlm_logits(params, t)[chosen], ids[chosen])
            label = np.array(0 if is_next else 1)
            pairs = pairs + cross_entropy(bert.nsp_logits(params, t), label)
        return words / sum(hidden) + pairs / len(alone)

    def together(params):
        return bert.pretraining_loss(params, *batch, 2, real)

    ours, theirs = (autograd.value_and_grad(f)(params) for f in (together, one_by_one))
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-10)
    for name, slope in theirs[1].items():
        np.testing.assert_allclose(ours[1][name], slope, rtol=1e-9, atol=1e-10, err_msg=name)


def test_padding_is_never_a_token_to_predict():
    params, _, (*batch, is_next), real = unequal(0, [3, 5], left=True)
    batch[3] = ~real
    with pytest.raises(ValueError, match=r"^pretraining_loss: chosen holds padding$"):
        bert.pretraining_loss(params, *batch, is_next, 2, real)


@pytest.mark.parametrize("bad", [-1, -100, 11])
def test_tokens_and_pieces_that_are_none_are_refused(bad):
    params, ids = noisy(0), np.array([1, bad])
    with pytest.raises(ValueError, match=f"^embed: ids must be 0 to 10, one is {bad}$"):
        bert.encode(params, ids, 0 * ids, 2)
    with pytest.raises(ValueError, match=f"^embed: segments must be 0 to 1, one is {bad}$"):
        bert.encode(params, 0 * ids, ids, 2)
    with pytest.raises(ValueError, match=f"^mask_tokens: ids must be 0 to 10, one is {bad}$"):
        bert.mask_tokens(np.random.default_rng(0), ids, ids == 5, 11, 3)


def test_sentences_that_are_not_there_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="one of the documents is empty"):
        bert.sentence_pair(rng, [["a"], []], 0, 0)
    for i, j in ((2, 0), (-1, 0), (0, 1), (0, -1)):
        with pytest.raises(ValueError, match=r"^sentence_pair: [ij] must be"):
            bert.sentence_pair(rng, [["a"], ["b"]], i, j)
    with pytest.raises(ValueError, match=r"^pack: no token is -100"):
        bert.pack([1, -100], [2], 3, 4)


# -- answers -----------------------------------------------------------------


@pytest.mark.holds("answer", by="brute force: every span")
@given(SEEDS, st.integers(2, 8), st.sampled_from([-2.0, 0.0, 1.0]))
def test_the_answer_is_the_best_of_all_spans(seed, n, tau):
    rng = np.random.default_rng(seed)
    s, e, t = rng.normal(size=3), rng.normal(size=3), rng.normal(size=(n, 3))
    spans = {(i, j): s @ t[i] + e @ t[j] for i in range(1, n) for j in range(i, n)}
    best = max(spans, key=spans.get)
    wanted = best if spans[best] > s @ t[0] + e @ t[0] + tau else None
    assert bert.answer(s, e, t, tau) == wanted


def test_an_answer_needs_a_position_to_stand_at():
    with pytest.raises(ValueError, match="no position after the first"):
        bert.answer(np.ones(2), np.ones(2), np.ones((1, 2)))


# -- counts ------------------------------------------------------------------


@pytest.mark.holds(
    "layer_parameters", "bert_parameters", "head_parameters", by="brute force: arrays counted"
)
@given(st.integers(1, 40), st.integers(1, 20), st.integers(1, 8), st.integers(0, 3))
def test_counts_are_those_of_the_arrays(v, n, half, layers):
    d = 2 * half
    params = bert.init_bert(np.random.default_rng(0), v, n, d, layers)
    assert size(bert.init_layer(np.random.default_rng(0), d)) == bert.layer_parameters(d)
    assert bert.bert_parameters(v, n, d, layers) + bert.head_parameters(v, d) == size(params)


@pytest.mark.holds("bert_parameters", "head_parameters", by="published table: the released models")
def test_counts_are_those_of_the_released_models():
    sizes = ((768, 12, 110_106_428), (1024, 24, 336_226_108))
    for d, layers, whole in sizes:
        encoder = bert.bert_parameters(30_522, 512, d, layers)
        assert encoder + bert.head_parameters(30_522, d) == whole


def test_logits_have_the_shapes_of_their_tasks():
    params, (ids, segments, *_) = noisy(0), example(0)
    t = bert.encode(params, ids, segments, 2)
    assert bert.encoder_layer(t, block_params(params, 0), 2).shape == (9, 8)
    assert bert.mlm_logits(params, t).shape == (9, 11)
    assert bert.nsp_logits(params, t).shape == (2,)


def test_two_documents_are_enough_and_every_other_document_may_be_drawn():
    rng, alone = np.random.default_rng(0), [["a"], ["b"], ["c"]]
    assert bert.sentence_pair(rng, alone[:2], 0, 0) == ("a", "b", False)
    assert {bert.sentence_pair(rng, alone, 0, 0)[1] for _ in range(50)} == {"b", "c"}


def test_the_next_sentence_is_the_one_after_and_not_the_one_before():
    rng, documents = np.random.default_rng(0), [["a", "b", "c", "d"], ["x"]]
    drawn = {bert.sentence_pair(rng, documents, 0, 1)[1:] for _ in range(50)}
    assert drawn == {("c", True), ("x", False)}


def test_initial_weights_have_the_spread_of_the_authors_code():
    params = bert.init_bert(np.random.default_rng(0), 400, 40, 64, 1)
    assert params["seg_emb"].shape == (2, 64)
    for name, w in params.items():
        if w.ndim == 2:
            assert w.std() == pytest.approx(0.02, rel=0.15), name


def test_an_answer_need_not_beat_none_by_more_than_it_is_told():
    s, e, t = np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([[0.0, 0.0], [0.25, 0.25]])
    assert bert.answer(s, e, t) == (1, 1)
    assert bert.answer(s, e, t, tau=0.75) is None
