"""Entry 8 against brute force, SciPy's Poisson, and the same model written in JAX."""

import re
from collections import Counter
from functools import partial
from itertools import permutations

import autograd
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from snippets.bart import (
    WORDS,
    bart_parameters,
    blocks,
    decode,
    denoising_loss,
    document_rotation,
    embed,
    encode,
    fill_in,
    fits,
    init_bart,
    sample,
    sentence_permutation,
    small_case,
    span_lengths,
    split_sentences,
    stack_parameters,
    surprises,
    text_infilling,
    token_deletion,
    token_masking,
)
from snippets.layers import gelu, pad
from snippets.transformer import init_block, think

MASK, STOP = 0, 1
seeds = st.integers(0, 2**32 - 1)
documents = st.lists(st.integers(1, 9), min_size=1, max_size=40).map(np.array)
shares = st.floats(0, 1)


def rng(seed):
    return np.random.default_rng(seed)


def is_subsequence(short, long):
    left = iter(long.tolist())
    return all(token in left for token in short.tolist())


# -- noise --


@given(seeds, st.integers(1, 50), shares)
def test_sample_draws_distinct_positions_in_order(seed, n, p):
    found = sample(rng(seed), n, p).tolist()
    assert len(found) == round(p * n)
    assert found == sorted(set(found) & set(range(n)))


@pytest.mark.holds("sample", by="library: scipy.stats.chisquare")
def test_sample_draws_every_position_alike():
    counts = np.zeros(10)
    for seed in range(2000):
        counts[sample(rng(seed), 10, 0.3)] += 1
    assert stats.chisquare(counts).pvalue > 0.001


@pytest.mark.holds("token_masking", by="brute force: token by token")
@given(seeds, documents, shares)
def test_masking_changes_its_share_of_tokens_and_no_other(seed, tokens, p):
    spoilt = token_masking(rng(seed), tokens, p, MASK)
    drawn = sample(rng(seed), len(tokens), p).tolist()
    assert spoilt.tolist() == [MASK if i in drawn else t for i, t in enumerate(tokens)]
    assert spoilt.shape == tokens.shape
    assert (spoilt == MASK).sum() == round(p * len(tokens))
    assert (spoilt[spoilt != MASK] == tokens[spoilt != MASK]).all()
    assert (tokens != MASK).all(), "the argument itself must not change"


@pytest.mark.holds("token_deletion", by="brute force: token by token")
@given(seeds, documents, shares)
def test_deletion_leaves_a_subsequence(seed, tokens, p):
    spoilt = token_deletion(rng(seed), tokens, p)
    drawn = sample(rng(seed), len(tokens), p).tolist()
    assert spoilt.tolist() == [t for i, t in enumerate(tokens) if i not in drawn]
    assert len(spoilt) == len(tokens) - round(p * len(tokens))
    assert is_subsequence(spoilt, tokens)


@given(seeds, st.integers(0, 200), st.floats(0.1, 9))
def test_span_lengths_add_up(seed, total, lam):
    lengths = span_lengths(rng(seed), total, lam)
    assert lengths.sum() == total
    assert (lengths >= 0).all()
    assert total == 0 or lengths[-1] > 0


@pytest.mark.holds("span_lengths", by="library: scipy.stats.poisson")
def test_span_lengths_follow_the_poisson_distribution():
    lengths = span_lengths(rng(0), 60_000)[:-1]
    counts = np.bincount(np.minimum(lengths, 10), minlength=11)
    p = np.append(stats.poisson(3).pmf(range(10)), stats.poisson(3).sf(9))
    assert stats.chisquare(counts, p * len(lengths)).pvalue > 0.01


@pytest.mark.holds("text_infilling", "fill_in", by="library: str.replace")
@given(seeds, documents, shares)
def test_infilling_is_undone_by_its_spans(seed, tokens, p):
    spoilt, spans = text_infilling(rng(seed), tokens, p, MASK)
    text = "".join(map(str, spoilt))
    for span in spans:
        text = text.replace(str(MASK), "".join(map(str, span)), 1)
    assert text == "".join(map(str, tokens))
    assert sum(map(len, spans)) == round(p * len(tokens))
    assert (spoilt == MASK).sum() == len(spans)
    assert is_subsequence(spoilt[spoilt != MASK], tokens)
    np.testing.assert_array_equal(fill_in(spoilt, spans, MASK), tokens)


def test_infilling_treats_both_ends_alike():
    tokens, hidden = np.arange(1, 13), np.zeros(12)
    for seed in range(1500):
        _, spans = text_infilling(rng(seed), tokens, 0.5, MASK)
        hidden[np.concatenate(spans) - 1] += 1
    assert hidden.sum() == 1500 * 6
    assert abs(hidden - hidden[::-1]).max() < 5 * np.sqrt(1500 / 2)


@pytest.mark.holds("split_sentences", by="library: str.split")
@given(seeds, documents)
def test_sentences_end_in_full_stops_and_make_the_document(seed, tokens):
    sentences = split_sentences(tokens, STOP)
    text = "".join(map(str, tokens))
    wanted = [s + "1" for s in text.split("1")]
    wanted[-1] = wanted[-1][:-1]
    joined = ["".join(map(str, s)) for s in sentences]
    assert joined == [s for s in wanted if s]
    spoilt = sentence_permutation(rng(seed), tokens, STOP)
    assert sorted(spoilt.tolist()) == sorted(tokens.tolist())


@pytest.mark.holds("sentence_permutation", by="brute force: every order")
def test_permutation_reaches_every_order_of_the_sentences():
    sentences = [(2, STOP), (3, 4, STOP), (5, STOP)]
    seen = Counter(
        tuple(sentence_permutation(rng(s), np.array(sum(sentences, ())), STOP).tolist())
        for s in range(300)
    )
    assert set(seen) == {sum(order, ()) for order in permutations(sentences)}
    assert stats.chisquare(list(seen.values())).pvalue > 0.001


@pytest.mark.holds("document_rotation", by="brute force: every shift")
@given(seeds, documents)
def test_rotation_is_a_cyclic_shift(seed, tokens):
    spoilt = document_rotation(rng(seed), tokens).tolist()
    shifts = [tokens[i:].tolist() + tokens[:i].tolist() for i in range(len(tokens))]
    assert spoilt in shifts


def test_rotation_begins_with_every_token():
    begun = [document_rotation(rng(s), np.arange(8))[0] for s in range(1600)]
    assert stats.chisquare(np.bincount(begun, minlength=8)).pvalue > 0.01


def test_bad_input_is_refused_with_a_reason():
    tokens, none = np.array([3, 4]), np.zeros(0, dtype=int)
    with pytest.raises(ValueError, match="between 0 and 1"):
        token_masking(rng(0), tokens, 1.5, MASK)
    with pytest.raises(ValueError, match="no mean length is"):
        span_lengths(rng(0), 5, 0.0)
    with pytest.raises(ValueError, match="needs tokens"):
        text_infilling(rng(0), none, 0.3, MASK)
    with pytest.raises(ValueError, match="empty"):
        document_rotation(rng(0), none)
    with pytest.raises(ValueError, match="one span for each mask"):
        fill_in(np.array([MASK, 3]), [], MASK)


# -- the counting reader --

small = st.lists(st.integers(1, 4), max_size=6).map(lambda tokens: np.array(tokens, dtype=int))
holed = st.lists(st.integers(0, 4), max_size=6).map(lambda tokens: np.array(tokens, dtype=int))


@pytest.mark.holds("small_case", by="brute force: every choice of words")
def test_the_small_language_has_every_choice_once():
    texts = {" ".join(WORDS[t] for t in document) for document in small_case()}
    assert len(texts) == len(small_case()) == 16
    for text in texts:
        who, drink, does = re.fullmatch(
            r"(Ann|Tom) drinks (hot tea|hot milk|tea|milk) . (?:she|he) (sleeps|smiles) .", text
        ).groups()
        pronoun = {"Ann": "she", "Tom": "he"}[who]
        assert text == f"{who} drinks {drink} . {pronoun} {does} ."


@pytest.mark.holds("fits", by="brute force: every way to fill the masks")
@given(small, holed, st.sampled_from("?*"))
def test_a_document_fits_if_masks_can_be_filled_to_make_it(document, spoilt, wild):
    def made(rest, left):
        if not left:
            return not rest
        if left[0] != MASK:
            return rest[:1] == left[:1] and made(rest[1:], left[1:])
        sizes = [1] if wild == "?" else range(len(rest) + 1)
        return any(len(rest) >= k and made(rest[k:], left[1:]) for k in sizes)

    wanted = made(document.tolist(), spoilt.tolist())
    assert fits(document, spoilt, MASK, wild) is wanted


@given(seeds, documents, shares)
def test_a_document_fits_what_is_left_of_it(seed, tokens, p):
    assert fits(tokens, token_masking(rng(seed), tokens, p, MASK), MASK, "?")
    assert fits(tokens, text_infilling(rng(seed), tokens, p, MASK)[0], MASK, "*")


@pytest.mark.holds("surprises", by="brute force: candidates counted by their beginnings")
@given(st.sets(st.tuples(*[st.integers(1, 2)] * 4), min_size=1), st.randoms())
def test_a_counting_reader_pays_the_log_of_how_many_fit(texts, draw):
    texts = sorted(texts)
    text = draw.choice(texts)
    nats = surprises(np.array(text), [np.array(other) for other in texts])
    begun = [sum(other[:t] == text[:t] for other in texts) for t in range(5)]
    np.testing.assert_allclose(nats, np.log(np.divide(begun[:-1], begun[1:])), atol=1e-12)
    np.testing.assert_allclose(nats.sum(), np.log(len(texts)), atol=1e-12)


def test_candidates_that_end_early_are_out_and_none_at_all_is_refused():
    short, long = np.array([3]), np.array([3, 4])
    np.testing.assert_allclose(surprises(long, [short, long]), [0.0, np.log(2)], atol=1e-12)
    for candidates in ([], [short], [np.array([3, 5])]):
        with pytest.raises(ValueError, match=r"^surprises: no candidate is the document$"):
            surprises(long, candidates)
    with pytest.raises(ValueError, match=r"^fits: the wildcard is \? or \*, not '\+'$"):
        fits(long, long, MASK, "+")


# -- model --

V, N, D, F, H, LAYERS = 11, 9, 8, 12, 2, 2


def tiny(seed=0):
    params = init_bart(rng(seed), V, N, D, F, LAYERS)
    noise = rng(seed + 1)
    return {k: w + 0.3 * noise.normal(size=w.shape) for k, w in params.items()}


def jax_norm(x, gain, bias):
    return jax.nn.standardize(x, axis=-1, epsilon=1e-5) * gain + bias


def jax_attend(x, source, p, name, causal):
    q, k, v = (
        (h @ p[f"{name}w_{w}"]).reshape(len(h), H, -1)
        for h, w in ((x, "q"), (source, "k"), (source, "v"))
    )
    scores = jnp.einsum("nhk,mhk->hnm", q, k) / np.sqrt(D / H)
    if causal:
        seen = jnp.arange(len(x))[:, None] >= jnp.arange(len(source))
        scores = jnp.where(seen, scores, -1e30)
    out = jnp.einsum("hnm,mhk->nhk", jax.nn.softmax(scores), v).reshape(len(x), -1)
    return jax_norm(x + out @ p[f"{name}w_o"], p[f"{name}ln1_gain"], p[f"{name}ln1_bias"])


def jax_side(params, side, tokens, memory):
    x = params["tok_emb"][tokens] + params[f"{side}.pos_emb"][: len(tokens)]
    x = jax_norm(x, params[f"{side}.emb_gain"], params[f"{side}.emb_bias"])
    for i in range(LAYERS):
        start = f"{side}.b{i}."
        p = {k[len(start) :]: w for k, w in params.items() if k.startswith(start)}
        x = jax_attend(x, x, p, "", side == "dec")
        if side == "dec":
            x = jax_attend(x, memory, p, "cross.", False)
        hidden = jax.nn.gelu(x @ p["w_1"] + p["b_1"], approximate=True)
        x = jax_norm(x + hidden @ p["w_2"] + p["b_2"], p["ln2_gain"], p["ln2_bias"])
    return x


@partial(jax.jit, compiler_options={"xla_backend_optimization_level": 0})
@partial(jax.value_and_grad, has_aux=True)
def reference(params, spoilt, document, start):
    """JAX's ((loss, (memory, logits)), gradient of the loss)."""
    memory = jax_side(params, "enc", spoilt, None)
    late = jnp.append(start, document[:-1])
    logits = jax_side(params, "dec", late, memory) @ params["tok_emb"].T
    log_p = jax.nn.log_softmax(logits)
    loss = -log_p[jnp.arange(len(document)), document].mean()
    return loss, (memory, logits)


@pytest.mark.holds("encode", "decode", "denoising_loss", by="derivation: anew in JAX")
@pytest.mark.holds("denoising_loss", by="derivative: jax.grad")
@settings(max_examples=5)
@given(seeds)
def test_states_logits_loss_and_gradient_are_those_of_jax(seed):
    params, spoilt, document = tiny(seed), np.array([3, 0, 2]), np.array([3, 4, 5, 2, 2])
    (wanted, (memory, logits)), slope = reference(params, spoilt, document, 10)
    ours = encode(params, spoilt, H)
    np.testing.assert_allclose(ours, memory, atol=1e-10, rtol=1e-10)
    late = np.array([10, 3, 4, 5, 2])
    np.testing.assert_allclose(decode(params, late, ours, H), logits, atol=1e-10, rtol=1e-10)
    args = (spoilt, document, H, 10)
    np.testing.assert_allclose(denoising_loss(params, *args), wanted, rtol=1e-10)
    ours = autograd.grad(denoising_loss)(params, *args)
    for name, value in slope.items():
        np.testing.assert_allclose(ours[name], value, atol=1e-10, err_msg=name, rtol=1e-10)


def test_a_batch_is_its_documents_one_by_one():
    params, documents = tiny(3), rng(4).integers(1, V, size=(3, 6))
    alone = [denoising_loss(params, d[::2], d, H, 10) for d in documents]
    together = denoising_loss(params, documents[:, ::2], documents, H, 10)
    np.testing.assert_allclose(together, np.mean(alone), rtol=1e-12)


@pytest.mark.holds("encode", "decode", "denoising_loss", "late", by="derivation: each text alone")
@settings(max_examples=5)
@given(seeds, st.lists(st.integers(1, 6), min_size=1, max_size=3), st.booleans(), st.booleans())
def test_padding_on_either_side_changes_neither_loss_nor_gradient(seed, lengths, left, other):
    params = tiny(seed)
    documents = [rng(seed + i).integers(1, V, size=n) for i, n in enumerate(lengths)]
    spoils = [document[: 1 + len(document) // 2] for document in documents]
    document, real = pad(documents, 3, left)
    spoilt, read = pad(spoils, 4, other)

    def one_by_one(params):
        losses = [
            len(d) * denoising_loss(params, s, d, H, 10)
            for s, d in zip(spoils, documents, strict=True)
        ]
        return sum(losses) / sum(lengths)

    def together(params):
        return denoising_loss(params, spoilt, document, H, 10, real, read)

    ours, theirs = (autograd.value_and_grad(f)(params) for f in (together, one_by_one))
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-10)
    for name, slope in theirs[1].items():
        np.testing.assert_allclose(ours[1][name], slope, rtol=1e-9, atol=1e-11, err_msg=name)


@pytest.mark.parametrize("bad", [-1, -100, V])
def test_tokens_that_are_none_are_refused_on_both_sides(bad):
    params, tokens, fine = tiny(), np.array([1, bad]), np.array([1, 2])
    for call in (
        lambda: encode(params, tokens, H),
        lambda: decode(params, tokens, np.zeros((2, D)), H),
        lambda: denoising_loss(params, tokens, fine, H, 0),
        lambda: denoising_loss(params, fine, tokens[::-1], H, 0),
        lambda: denoising_loss(params, fine, fine, H, bad),
    ):
        with pytest.raises(
            ValueError, match=f"^embed: tokens must be 0 to {V - 1}, one is {bad}$"
        ):
            call()
    with pytest.raises(ValueError, match=r"^embed: the side is enc or dec"):
        embed(params, "both", fine)


@pytest.mark.parametrize("lam", [0.0, -1.0, 1e-300, 1e300, np.inf, np.nan])
def test_mean_lengths_that_are_none_or_would_take_forever_are_refused(lam):
    for spoil in (
        lambda: span_lengths(rng(0), 5, lam),
        lambda: text_infilling(rng(0), np.arange(9), 0.5, MASK, lam),
    ):
        with pytest.raises(ValueError, match=r"^span_lengths: no mean length is"):
            spoil()


@pytest.mark.holds("transformer.think", by="library: jax.nn.gelu")
@given(seeds)
def test_think_has_a_gelu(seed):
    p, x = blocks(tiny(5), "enc")[1], rng(seed).normal(size=(4, D))
    out = jax.nn.gelu(x @ p["w_1"] + p["b_1"]) @ p["w_2"] + p["b_2"]
    wanted = jax_norm(x + out, p["ln2_gain"], p["ln2_bias"])
    np.testing.assert_allclose(think(x, p, gelu), wanted, atol=1e-10, rtol=1e-10)


@pytest.mark.holds("embed", by="library: jax.nn.one_hot")
@given(seeds, st.sampled_from(["enc", "dec"]))
def test_embeddings_are_products_with_one_hot_tokens(seed, side):
    params, tokens = tiny(seed), rng(seed).integers(V, size=(2, 5))
    x = jax.nn.one_hot(tokens, V) @ params["tok_emb"]
    x = x + jnp.eye(5, N) @ params[f"{side}.pos_emb"]
    wanted = jax_norm(x, params[f"{side}.emb_gain"], params[f"{side}.emb_bias"])
    np.testing.assert_allclose(embed(params, side, tokens), wanted, atol=1e-10, rtol=1e-10)


@pytest.mark.holds("blocks", by="brute force: name by name")
@given(st.integers(0, 3))
def test_blocks_are_found_by_side_and_in_order(layers):
    params = init_bart(rng(7), V, N, D, F, layers)
    wanted = {(side, i): {} for side in ("enc", "dec") for i in range(layers)}
    for name, w in params.items():
        if found := re.fullmatch(r"(enc|dec)\.b(\d)\.(.+)", name):
            wanted[found[1], int(found[2])][found[3]] = w
    for side in ("enc", "dec"):
        ours = blocks(params, side)
        assert len(ours) == layers
        for i, p in enumerate(ours):
            assert p.keys() == wanted[side, i].keys()
            assert all(p[k] is wanted[side, i][k] for k in p)


def test_a_document_that_is_too_long_is_refused():
    with pytest.raises(ValueError, match="embed: positions must be 0 to 8, one is 9"):
        embed(tiny(), "enc", np.ones(10, dtype=int))


@pytest.mark.holds("init_bart", by="library: scipy.stats.kstest")
def test_initial_matrices_are_normal_with_deviation_002():
    params = init_bart(rng(0), 50, 40, 32, 64, 1)
    matrices = np.concatenate([w.ravel() for w in params.values() if w.ndim == 2])
    assert stats.kstest(matrices / 0.02, "norm").pvalue > 0.01
    assert all((w == k.endswith("gain")).all() for k, w in params.items() if w.ndim == 1)


# -- counts --


@pytest.mark.holds("bart_parameters", by="brute force: arrays counted")
@given(st.integers(1, 9), st.integers(0, 3), st.integers(1, 30), st.integers(1, 20))
def test_bart_count_is_that_of_its_arrays_and_the_biases_of_attention(d, layers, v, n):
    params = init_bart(rng(0), v, n, d, 4 * d, layers)
    arrays = sum(w.size for w in params.values())
    biases = 4 * d * 3 * layers
    assert bart_parameters(d, layers, v, n) == arrays + biases


@pytest.mark.holds("stack_parameters", by="brute force: arrays counted")
@given(st.integers(1, 9), st.integers(0, 4), st.booleans())
def test_a_stack_holds_the_arrays_of_its_blocks_and_the_biases_of_attention(d, layers, cross):
    blocks = [init_block(rng(0), d, 4 * d, cross) for _ in range(layers)]
    arrays = [w for p in blocks for w in p.values()]
    arrays += [np.zeros((4, d)) for _ in range(layers * (1 + cross))]
    assert stack_parameters(d, layers, cross) == sum(w.size for w in arrays)


@pytest.mark.holds("bart_parameters", by="published table: the released models")
def test_counts_are_those_of_the_released_models():
    assert bart_parameters(768, 6) == 139_420_416
    assert bart_parameters(1024, 12) == 406_291_456


def test_none_or_all_of_the_places_may_be_drawn_and_means_below_one():
    tokens = np.arange(1, 8)
    assert sample(rng(0), 7, 0.0).tolist() == []
    assert sample(rng(0), 7, 1.0).tolist() == list(range(7))
    assert text_infilling(rng(0), tokens, 0.0, MASK)[0].tolist() == tokens.tolist()
    assert sum(map(len, text_infilling(rng(0), tokens, 1.0, MASK)[1])) == 7
    assert span_lengths(rng(0), 20, 0.5).sum() == 20


@pytest.mark.parametrize("share", [-0.5, 1.5])
def test_a_share_that_is_none_is_refused_by_the_infilling_too(share):
    with pytest.raises(ValueError, match=r"^text_infilling: "):
        text_infilling(rng(0), np.arange(1, 8), share, MASK)


def test_as_many_tokens_as_positions_are_not_too_many():
    params = init_bart(rng(0), V, N, D, 4 * D, 1)
    assert embed(params, "enc", np.zeros(N, dtype=int)).shape == (N, D)


def test_the_defaults_are_the_sizes_of_the_models_that_were_published():
    assert bart_parameters(8, 1) == bart_parameters(8, 1, vocabulary=50_265, positions=1026)


@given(seeds)
def test_spans_that_hide_nothing_have_a_mask_and_are_filled_in_too(seed):
    tokens = np.arange(1, 30)
    spoilt, spans = text_infilling(rng(seed), tokens, 0.5, MASK, lam=0.3)
    assert min(map(len, spans)) == 0
    assert fill_in(spoilt, spans, MASK).tolist() == tokens.tolist()
