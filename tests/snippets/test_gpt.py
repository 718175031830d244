"""Entry 7 against tokenizers, JAX, brute force, and the tables of the papers."""

import importlib.util
import json
import re
from collections import Counter
from functools import partial
from itertools import pairwise
from pathlib import Path

import autograd
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.example_libraries import optimizers
from scipy import stats
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from snippets import gpt as g
from snippets.layers import pad

SEEDS = st.integers(0, 2**32 - 1)
ASCII = st.text(st.characters(max_codepoint=127), max_size=60)
SCRIPTS = "abé ’'sßжЖ你好，。あア한हिन्दी٣४½²Ⅷ٪\u0301\u200d👋🏽👨‍👩‍👧\u00a0\u3000\u2028\n"
ASSIGNED = st.characters(exclude_categories=["Cs", "Cn"])  # to the Unicode that Python knows
TEXT = st.one_of(ASCII, st.text(SCRIPTS, max_size=40), st.text(ASSIGNED, max_size=20))
OPENING = g.corpus()[:12_000]


def visible():
    """GPT-2's visible character for each byte, written down anew for tokenizers."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {b: chr(b) for b in shown} | {b: chr(256 + i) for i, b in enumerate(hidden)}


VISIBLE = visible()


def show(data):
    return "".join(VISIBLE[byte] for byte in data)


def theirs(merges):
    """The tokenizer of Hugging Face with our merges."""
    words = g.vocabulary(merges)
    vocabulary = {show(word): i for i, word in enumerate(words)}
    pairs = [(show(words[a]), show(words[b])) for a, b in merges]
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=pairs))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return tokenizer


MERGES = g.load_tiny()[1]
THEIRS = theirs(MERGES)


# -- tokens -------------------------------------------------------------------------------


@given(st.binary(max_size=80))
def test_pieces_lose_nothing(data):
    assert b"".join(g.pieces(data)) == data


@pytest.mark.holds("pieces", by="library: tokenizers.pre_tokenizers.ByteLevel")
@settings(max_examples=100)
@given(TEXT)
def test_pieces_are_those_of_gpt_2_in_any_script(text):
    found = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str(text)
    assert [show(piece) for piece in g.pieces(text.encode())] == [word for word, _ in found]


@pytest.mark.holds("pieces", "ascii_like", by="library: re, with classes written by hand")
@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Привет, мир! Это 3-й тест.", "Привет|,| мир|!| Это| 3|-|й| тест|."),
        ("你好，世界！ 第３回", "你好|，|世界|！| 第|３|回"),
        ("I'm😀 here 👋🏽!", "I|'m|😀| here| 👋🏽!"),
        ("e\u0301a", "e|\u0301|a"),  # an accent that stands alone is no letter
        ("a\u00a0b\u3000c", "a|\u00a0|b|\u3000|c"),  # only a plain space goes with a word
    ],
)
def test_pieces_of_other_scripts_by_hand(text, wanted):
    assert [piece.decode() for piece in g.pieces(text.encode())] == wanted.split("|")


def test_bytes_that_are_no_text_are_signs():
    assert g.pieces(b"a\xffb \xd0\xb6\xd0") == [b"a", b"\xff", b"b", b" \xd0\xb6", b"\xd0"]


@pytest.mark.holds("encode", "decode", by="derivation: to and fro")
@given(TEXT, st.text(max_size=5))
def test_any_text_comes_back_from_its_tokens(text, learned):
    merges = g.train_bpe(" ".join([text] * 3).encode(), 2) if len(text.encode()) > 2 else []
    for given_merges in (MERGES, merges):
        tokens = g.encode(text + learned, given_merges)
        assert g.decode(tokens, given_merges).decode() == text + learned


def test_half_of_a_surrogate_pair_is_encoded_too():
    tokens = g.encode("a\ud83d", MERGES)
    assert g.decode(tokens, MERGES).decode(errors="surrogatepass") == "a\ud83d"


@pytest.mark.parametrize("bad", [-1, 512, 2**40])
def test_a_token_that_stands_for_nothing_is_refused(bad):
    with pytest.raises(ValueError, match=f"^decode: tokens must be 0 to 511, one is {bad}$"):
        g.decode([65, bad], MERGES)


@pytest.mark.holds("check_merges", by="brute force")
@pytest.mark.parametrize("pair", [(-1, 5), (97, 258), (300, 97)])
@pytest.mark.parametrize("function", [g.encode, g.decode])
def test_merges_of_what_is_not_made_are_refused(function, pair):
    merges, given_text = [(97, 98), (256, 97), pair], {g.encode: "a", g.decode: [97]}
    g.check_merges([(97, 98), (256, 97), (257, 257)])
    if pair != (97, 258):
        with pytest.raises(ValueError, match=r"^merges: number 2 joins"):
            function(given_text[function], merges)


@pytest.mark.holds("merge", by="library: str.replace")
@given(st.lists(st.integers(0, 2), max_size=12), st.integers(0, 2), st.integers(0, 2))
def test_merge_replaces_like_a_string(tokens, a, b):
    text = "".join("xyz"[t] for t in tokens).replace("xyz"[a] + "xyz"[b], "n")
    merged = g.merge(tuple(tokens), (a, b), 9)
    assert "".join({0: "x", 1: "y", 2: "z", 9: "n"}[t] for t in merged) == text


@pytest.mark.holds("train_bpe", "count_pairs", by="brute force: every pair counted")
def test_every_merge_is_of_a_most_frequent_pair():
    data = OPENING[:700].encode()
    merges = g.train_bpe(data, 10)
    for i, merge in enumerate(merges):
        counts = Counter()
        for piece, n in Counter(g.pieces(data)).items():
            for pair in pairwise(g.encode(piece, merges[:i])):
                counts[pair] += n
        assert merge == min(p for p in counts if counts[p] == max(counts.values()))


@pytest.mark.holds("train_bpe", by="library: tokenizers.trainers.BpeTrainer")
def test_training_is_that_of_tokenizers_until_a_tie():
    merges = g.train_bpe(OPENING.encode(), 60)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    trainer = trainers.BpeTrainer(
        vocab_size=256 + 60,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([OPENING], trainer)
    found = [tuple(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]]
    words = g.vocabulary(merges)
    ours = [(show(words[a]), show(words[b])) for a, b in merges]
    assert ours[:18] == found[:18]
    assert len(set(ours) & set(found)) >= 58


@pytest.mark.holds("encode", by="library: tokenizers.models.BPE")
@settings(max_examples=100)
@given(TEXT)
def test_encoding_is_that_of_tokenizers(text):
    assert g.encode(text, MERGES) == THEIRS.encode(text).ids


def test_encoding_of_the_corpus_is_that_of_tokenizers():
    assert g.encode(OPENING, MERGES) == THEIRS.encode(OPENING).ids


def spelled(token, merges):
    """The bytes of a token, by taking its merges apart down to the bottom."""
    if token < 256:
        return [token]
    return [byte for half in merges[token - 256] for byte in spelled(half, merges)]


@pytest.mark.holds("vocabulary", "decode", by="brute force: each merge taken apart")
@given(st.lists(st.integers(0, 255 + len(MERGES)), max_size=20))
def test_tokens_stand_for_the_bytes_that_their_merges_join(tokens):
    words = g.vocabulary(MERGES)
    assert len(words) == 256 + len(MERGES)
    assert [list(words[t]) for t in tokens] == [spelled(t, MERGES) for t in tokens]
    assert list(g.decode(tokens, MERGES)) == [b for t in tokens for b in spelled(t, MERGES)]


@given(st.binary(max_size=80))
def test_decode_undoes_encode_for_any_bytes(data):
    assert g.decode(g.encode(data, MERGES), MERGES) == data


@given(st.text(max_size=40))
def test_decode_undoes_encode_for_any_text(text):
    assert g.decode(g.encode(text, MERGES), MERGES).decode() == text


def test_more_merges_than_pairs_are_refused():
    with pytest.raises(ValueError, match="only 1 pairs"):
        g.train_bpe(b"ab ", 2)


# -- the model ----------------------------------------------------------------------------


def model(seed, v=11, n=9, d=12, h=3):
    """A small model, its weights large enough that every part of it matters."""
    rng = np.random.default_rng(seed)
    params = g.init_gpt(rng, v, n, d, h, 2)
    params = {k: w + rng.normal(size=w.shape) * 0.3 for k, w in params.items()}
    return params, h, rng


def jax_norm(x, gain, bias):
    x = x - x.mean(-1, keepdims=True)
    return x / jnp.sqrt((x**2).mean(-1, keepdims=True) + 1e-5) * gain + bias


def jax_block(x, w, h):
    """A block for one text, head by head, in sums over named axes."""
    n, d = x.shape
    future = jnp.triu(jnp.full((n, n), -jnp.inf), 1)
    y = jax_norm(x, w["ln1_gain"], w["ln1_bias"])
    q, k, v = (
        jnp.einsum("nd,dhk->hnk", y, w[name].reshape(d, h, d // h))
        for name in ("w_q", "w_k", "w_v")
    )
    scores = jnp.einsum("hnk,hmk->hnm", q, k) / jnp.sqrt(d / h) + future
    mixed = jnp.einsum("hnm,hmk->nhk", jax.nn.softmax(scores), v)
    x = x + jnp.einsum("nhk,hkd->nd", mixed, w["w_o"].reshape(h, d // h, d))
    y = jax_norm(x, w["ln2_gain"], w["ln2_bias"])
    x = x + jax.nn.gelu(y @ w["w_1"] + w["b_1"]) @ w["w_2"] + w["b_2"]
    return x, (k, v)


@partial(jax.jit, static_argnums=2)
def jax_states(p, tokens, h):
    """What goes into each block, and the last states."""
    x = jax.nn.one_hot(tokens, len(p["tok_emb"])) @ p["tok_emb"] + p["pos_emb"][: len(tokens)]
    states = [(x, None)]
    for i in range(2):
        w = {k.split(".")[1]: w for k, w in p.items() if k.startswith(f"b{i}.")}
        states.append(jax_block(states[-1][0], w, h))
    return states, jax_norm(states[-1][0], p["lnf_gain"], p["lnf_bias"])


def jax_hidden(p, tokens, h):
    return jax_states(p, tokens, h)[1]


@partial(jax.jit, static_argnums=2)
def jax_loss(p, tokens, h):
    losses = []
    for text in tokens:
        logp = jax.nn.log_softmax(jax_hidden(p, text[:-1], h) @ p["tok_emb"].T)
        losses.append(-logp[jnp.arange(len(text) - 1), text[1:]])
    return jnp.mean(jnp.stack(losses))


@pytest.mark.holds("hidden", "gpt", by="derivation: anew in JAX")
@given(SEEDS)
@settings(max_examples=8)
def test_the_model_is_one_written_in_jax(seed):
    params, h, rng = model(seed)
    tokens = rng.integers(11, size=(2, 7))
    wanted = jnp.stack([jax_hidden(params, text, h) for text in tokens])
    np.testing.assert_allclose(g.hidden(params, tokens, h), wanted, rtol=1e-10, atol=1e-10)
    logits = g.gpt(params, tokens, h)
    np.testing.assert_allclose(logits, wanted @ params["tok_emb"].T, rtol=1e-10, atol=1e-10)


@pytest.mark.holds("embed", by="library: jax.nn.one_hot")
@pytest.mark.holds("gpt_block", by="derivation: anew in JAX")
@given(SEEDS, st.integers(1, 6))
def test_a_block_is_one_written_in_jax_whether_it_reads_at_once_or_in_parts(seed, cut):
    params, h, rng = model(seed)
    tokens = rng.integers(11, size=7)
    ((x, _), (wanted, pairs), *_), _ = jax_states(params, tokens, h)
    ours = [g.embed(params, tokens[:cut]), g.embed(params, tokens[cut:], np.arange(cut, 7))]
    np.testing.assert_allclose(np.concatenate(ours), x, rtol=1e-10, atol=1e-10)
    p = g.block_params(params, 0)
    first, past = g.gpt_block(ours[0], p, h)
    second, past = g.gpt_block(ours[1], p, h, past)
    out = np.concatenate([first, second])
    np.testing.assert_allclose(out, wanted, rtol=1e-10, atol=1e-10)
    for mine, theirs in zip(past, pairs, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.holds(
    "layers.n_layers", "layers.block_params", "layers.part", by="brute force: name by name"
)
@given(st.integers(0, 12))
def test_blocks_are_found_by_the_number_in_their_names(layers):
    params = g.init_gpt(np.random.default_rng(0), 5, 4, 2, 1, layers)
    assert g.n_layers(params) == layers
    for i in range(layers):
        wanted = {}
        for name in params:
            place, _, own = name.partition(".")
            if own and int(place[1:]) == i:
                wanted[own] = params[name]
        ours = g.block_params(params, i)
        assert ours.keys() == wanted.keys() and all(ours[k] is wanted[k] for k in wanted)


@pytest.mark.holds("gpt_loss", by="derivative: jax.grad")
def test_loss_and_gradient_are_jaxs():
    params, h, rng = model(3)
    tokens = rng.integers(11, size=(2, 7))
    np.testing.assert_allclose(
        g.gpt_loss(params, tokens, h), jax_loss(params, tokens, h), rtol=1e-12
    )
    ours = autograd.grad(g.gpt_loss)(params, tokens, h)
    jaxs = jax.grad(jax_loss)(params, tokens, h)
    assert ours.keys() == jaxs.keys()
    for name in ours:
        np.testing.assert_allclose(ours[name], jaxs[name], rtol=1e-10, atol=1e-10, err_msg=name)


@pytest.mark.holds("classify", "finetune_loss", by="derivation: anew in JAX")
@settings(max_examples=5)
@given(SEEDS)
def test_the_fine_tuning_objective_is_its_two_terms(seed):
    params, h, rng = model(seed)
    tokens, labels = rng.integers(11, size=(2, 7)), np.array([1, 3])
    w_y = rng.normal(size=(12, 4))
    states = jnp.stack([jax_hidden(params, text, h)[-1] for text in tokens])
    logits = states @ w_y
    np.testing.assert_allclose(g.classify(params, w_y, tokens, h), logits, rtol=1e-10)
    task = -jax.nn.log_softmax(logits)[jnp.arange(2), labels].mean()
    for lam in (0.0, 0.5, 2.0):
        want = task + lam * jax_loss(params, tokens, h)
        ours = g.finetune_loss(params, w_y, tokens, labels, h, lam)
        np.testing.assert_allclose(ours, want, rtol=1e-10)


@pytest.mark.holds("gpt_parameters", by="brute force: arrays counted")
def test_the_parameters_are_as_many_as_the_formula_says_but_for_attentions_biases():
    params = g.init_gpt(np.random.default_rng(0), 50, 16, 24, 4, 3)
    assert sum(w.size for w in params.values()) == g.gpt_parameters(50, 16, 24, 3) - 3 * 4 * 24


@pytest.mark.holds("init_gpt", "init_gpt_block", by="library: scipy.stats.kstest")
def test_initial_weights_have_the_distributions_of_the_paper():
    params = g.init_gpt(np.random.default_rng(0), 30, 20, 32, 4, 8)
    for name, w in params.items():
        if w.ndim == 2:
            std = 0.005 if name.endswith(("w_o", "w_2")) else 0.02  # 0.02 / sqrt(2 * 8)
            assert stats.kstest(w.ravel() / std, "norm").pvalue > 0.001
        else:
            assert (w == name.endswith("gain")).all()


def test_bad_sizes_and_tokens_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="5 heads do not divide"):
        g.init_gpt(rng, 10, 8, 12, 5, 1)
    params = g.init_gpt(rng, 10, 8, 12, 3, 1)
    with pytest.raises(ValueError, match="embed: places must be 0 to 7, one is 8"):
        g.gpt(params, np.zeros(9, dtype=int), 3)
    for bad in (-1, 10):
        with pytest.raises(ValueError, match=f"embed: tokens must be 0 to 9, one is {bad}"):
            g.gpt(params, np.array([1, bad]), 3)
    with pytest.raises(ValueError, match="none to predict"):
        g.gpt_loss(params, np.array([1]), 3)


# -- texts of unequal length --------------------------------------------------------------

UNEQUAL = st.lists(st.integers(2, 7), min_size=1, max_size=3)


def batch(seed, lengths, left, wider=0):
    """Texts of these lengths, and the same as one batch, padded with a token that means much."""
    params, h, rng = model(seed)
    texts = [rng.integers(11, size=length) for length in lengths]
    tokens, real = pad([*texts, np.zeros(max(lengths) + wider, dtype=int)], 5, left)
    return params, h, texts, tokens[:-1], real[:-1]


@pytest.mark.holds("hidden", "gpt", by="derivation: each text alone")
@settings(max_examples=10)
@given(SEEDS, st.lists(st.integers(0, 7), min_size=1, max_size=3), st.booleans())
def test_padding_changes_no_logit(seed, lengths, left):
    params, h, texts, tokens, real = batch(seed, lengths, left)
    logits = g.gpt(params, tokens, h, real)
    assert np.isfinite(logits).all()
    for text, here, ours in zip(texts, real, logits, strict=True):
        wanted = g.gpt(params, text, h)
        np.testing.assert_allclose(ours[here], wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.holds("gpt_loss", "finetune_loss", by="derivation: each text alone")
@settings(max_examples=5)
@given(SEEDS, UNEQUAL, st.booleans(), st.integers(0, 1))
def test_padding_changes_no_loss_and_no_gradient(seed, lengths, left, wider):
    params, h, texts, tokens, real = batch(seed, lengths, left, wider)
    told = [length - 1 for length in lengths]
    labels, w_y = np.arange(len(texts)) % 4, np.random.default_rng(seed).normal(size=(12, 4))

    def together(params):
        return g.finetune_loss(params, w_y, tokens, labels, h, 0.5, real)

    def one_by_one(params):
        loss = 0.0
        for text, label, n in zip(texts, labels, told, strict=True):
            task = g.finetune_loss(params, w_y, text, label, h, lam=0.0)
            loss = loss + task / len(texts)
            loss = loss + 0.5 * g.gpt_loss(params, text, h) * n / sum(told)
        return loss

    ours, theirs = (autograd.value_and_grad(f)(params) for f in (together, one_by_one))
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-10)
    for name, slope in theirs[1].items():
        np.testing.assert_allclose(ours[1][name], slope, rtol=1e-9, atol=1e-11, err_msg=name)


@pytest.mark.holds("classify", by="derivation: each text alone")
@settings(max_examples=5)
@given(SEEDS, UNEQUAL, st.booleans())
def test_the_class_is_read_at_each_texts_own_last_token(seed, lengths, left):
    params, h, texts, tokens, real = batch(seed, lengths, left)
    w_y = np.random.default_rng(seed).normal(size=(12, 4))
    wanted = [g.classify(params, w_y, text, h) for text in texts]
    ours = g.classify(params, w_y, tokens, h, real)
    np.testing.assert_allclose(ours, wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.holds("generate", "next_logits", by="derivation: each prompt alone")
@settings(max_examples=5)
@given(
    SEEDS, st.lists(st.integers(1, 3), min_size=1, max_size=3), st.booleans(), st.integers(0, 2)
)
def test_padding_changes_no_token_that_is_written(seed, lengths, left, wider):
    params, h, texts, tokens, real = batch(seed, lengths, left, wider)
    ours = g.generate(params, tokens, 5, h, real=real)
    for text, row in zip(texts, ours, strict=True):
        assert row[-5:].tolist() == g.generate(params, text, 5, h)[-5:].tolist()
    rngs = (np.random.default_rng(seed) for _ in range(2))
    _, _, _, other, mask = batch(seed, lengths, not left)
    drawn = g.generate(params, tokens, 5, h, next(rngs), 0.9, real)
    again = g.generate(params, other, 5, h, next(rngs), 0.9, mask)
    np.testing.assert_array_equal(drawn[:, -5:], again[:, -5:])


def test_a_prompt_that_is_all_padding_is_refused():
    params, h, _ = model(0)
    real = np.array([[True, False], [False, False]])
    with pytest.raises(ValueError, match=r"^generate: an empty prompt"):
        g.generate(params, np.zeros((2, 2), dtype=int), 1, h, real=real)


def test_texts_none_of_which_has_two_tokens_leave_none_to_predict():
    params, h, _ = model(0)
    with pytest.raises(ValueError, match="targets has none to predict"):
        g.gpt_loss(params, np.zeros((2, 3), dtype=int), h, np.eye(2, 3) == 1)


# -- training -----------------------------------------------------------------------------


@pytest.mark.holds("adam", by="library: jax.example_libraries.optimizers.adam")
@settings(max_examples=5)
@given(SEEDS)
def test_adam_is_jaxs(seed):
    rng = np.random.default_rng(seed)
    params = {k: rng.normal(size=(3, 2)) for k in ("w", "b")}
    start, update, get = optimizers.adam(0.01, b1=0.8, b2=0.95, eps=1e-7)
    theirs, state = start(params), None
    for step in range(6):
        grads = {k: rng.normal(size=w.shape) for k, w in params.items()}
        theirs = update(step, grads, theirs)
        params, state = g.adam(params, grads, state, 0.01, 0.8, 0.95, 1e-7)
    for name, want in get(theirs).items():
        np.testing.assert_allclose(params[name], want, rtol=1e-10)


def test_decay_shrinks_matrices_alone():
    params = {"w": np.full((2, 2), 3.0), "b": np.full(2, 3.0)}
    nothing = {k: np.zeros_like(w) for k, w in params.items()}
    new, _ = g.adam(params, nothing, None, lr=0.1, decay=0.5)
    np.testing.assert_allclose(new["w"], 3 * (1 - 0.1 * 0.5), rtol=1e-10)
    np.testing.assert_array_equal(new["b"], params["b"])


@pytest.mark.parametrize("bad", [{"beta_1": 1.0}, {"beta_2": -0.1}, {"eps": 0.0}])
def test_settings_that_divide_by_zero_are_refused(bad):
    w = {"w": np.zeros(2)}
    with pytest.raises(ValueError, match=r"^adam: beta_1 and beta_2 in"):
        g.adam(w, w, None, 0.1, **bad)
    with pytest.raises(ValueError, match=r"^adam: grads must have the names"):
        g.adam(w, {}, None, 0.1)


def trainer(monkeypatch, tmp_path):
    path = Path(__file__).resolve().parents[2] / "tools" / "train.py"
    spec = importlib.util.spec_from_file_location("train", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "STATE", tmp_path)
    monkeypatch.setattr(module, "SAVE_EVERY", 4)
    return module


def test_an_interrupted_training_ends_as_a_whole_one(monkeypatch, tmp_path):
    train, calls = trainer(monkeypatch, tmp_path), []

    def batch(rng):
        calls.append(rng.normal(size=3))
        if len(calls) == 7 and stop:
            raise KeyboardInterrupt
        return (calls[-1],)

    def run(name):
        loss = lambda p, x: ((p["w"] - x) ** 2).sum()  # noqa: E731
        return train.fit(name, {"w": np.zeros(3)}, loss, batch, 10, peak=0.1)["w"]

    stop = False
    whole = run("whole")
    calls.clear()
    stop = True
    with pytest.raises(KeyboardInterrupt):
        run("parts")
    assert len(calls) == 7
    np.testing.assert_array_equal(run("parts"), whole)
    assert len(calls) == 7 + 6  # from the state of step 4 on


# -- sampling -----------------------------------------------------------------------------


@pytest.mark.holds("generate", by="derivation: without a cache")
@given(SEEDS, st.booleans())
@settings(max_examples=10)
def test_generating_with_a_cache_is_generating_without_one(seed, batched):
    params, h, rng = model(seed)
    tokens = rng.integers(11, size=(2, 3) if batched else 3)
    out = g.generate(params, tokens, 6, h, np.random.default_rng(seed), 0.7)
    again = np.random.default_rng(seed)
    for _ in range(6):
        new = g.draw(g.gpt(params, tokens, h)[..., -1, :], again, 0.7)
        tokens = np.concatenate([tokens, new[..., None]], axis=-1)
    np.testing.assert_array_equal(out, tokens)


@pytest.mark.holds("draw", by="library: jax.nn.softmax")
def test_draws_follow_the_softmax_at_the_temperature():
    logits, temperature, n = np.array([0.0, 1.0, -2.0, 0.5]), 0.6, 40_000
    draws = g.draw(np.tile(logits, (n, 1)), np.random.default_rng(0), temperature)
    share = np.bincount(draws, minlength=4) / n
    chances = np.asarray(jax.nn.softmax(logits / temperature))
    assert (abs(share - chances) < 4 * np.sqrt(chances * (1 - chances) / n)).all()


@pytest.mark.parametrize("temperature", [0.0, -1.0, np.nan, np.inf])
@pytest.mark.parametrize("drawn", [True, False])
def test_a_temperature_that_is_none_is_refused_whether_one_draws_or_not(temperature, drawn):
    rng = np.random.default_rng(0) if drawn else None
    with pytest.raises(ValueError, match=r"^draw: the temperature must be positive and finite$"):
        g.draw(np.zeros(3), rng, temperature)


@pytest.mark.parametrize("bad", [[np.nan, 0.0], [np.inf, 0.0], [-np.inf, -np.inf]])
@pytest.mark.parametrize("drawn", [True, False])
def test_logits_of_which_nothing_can_be_drawn_are_refused(bad, drawn):
    rng = np.random.default_rng(0) if drawn else None
    with pytest.raises(ValueError, match=r"^draw: the largest of logits"):
        g.draw(np.array([[0.0, 1.0], bad]), rng)


@pytest.mark.holds("draw", by="derivation: the limit")
@given(SEEDS, st.sampled_from([(1e-3, 1.0), (1e-300, 1.0), (1e-9, 1e290)]))
def test_at_temperatures_near_zero_the_best_is_drawn(seed, extreme):
    temperature, size = extreme
    logits = size * np.random.default_rng(seed).permutation(8).astype(float)
    logits[logits == 0] = -np.inf  # one that is impossible
    drawn = g.draw(logits, np.random.default_rng(seed), temperature)
    assert drawn == g.draw(logits) == logits.argmax()


def test_without_a_generator_the_best_token_is_drawn():
    assert g.draw(np.array([[0.0, 3.0, 1.0], [2.0, 1.0, 0.0]])).tolist() == [1, 0]


def test_bad_prompts_and_temperatures_are_refused():
    params, h, rng = model(0)
    with pytest.raises(ValueError, match="empty prompt"):
        g.generate(params, np.zeros(0, dtype=int), 1, h)
    with pytest.raises(ValueError, match="must be positive"):
        g.draw(np.zeros(3), rng, 0.0)


# -- the tiny model -----------------------------------------------------------------------


CHAPTERS = """Down the Rabbit-Hole
The Pool of Tears
A Caucus-Race and a Long Tale
The Rabbit Sends in a Little Bill
Advice from a Caterpillar
Pig and Pepper
A Mad Tea-Party
The Queen's Croquet-Ground
The Mock Turtle's Story
The Lobster Quadrille
Who Stole the Tarts?
Alice's Evidence"""


@pytest.mark.holds("corpus", by="published table: the chapters of Carroll 1865")
def test_the_corpus_is_plain_text_without_a_header_or_a_licence():
    text = g.corpus()
    found = re.findall(r"^CHAPTER [IVX]+\s+(.+)$", text, re.MULTILINE)
    assert found == CHAPTERS.splitlines()
    assert 100_000 < len(text) < 300_000 and text.startswith("CHAPTER I\n")
    assert text.count("CHAPTER ") == 12
    assert not {"Gutenberg", "EDITION", "\r", "`"} & set(text.split())


@pytest.mark.holds("load_tiny", by="derivation: measured against a table of pairs")
def test_the_tiny_model_knows_more_than_pairs_of_tokens():
    params, merges, h = g.load_tiny()
    learned, unseen = (
        np.array(g.encode(text, merges)) for text in g.corpus().split("CHAPTER XII")
    )
    windows = unseen[: len(unseen) // 65 * 65].reshape(-1, 65)
    best = min(g.bigram_loss(learned, unseen, 512, k) for k in (3, 10, 30, 100, 300))
    assert g.gpt_loss(params, windows, h) < best - 0.3


@pytest.mark.holds("load_tiny", by="derivation: trained again")
def test_the_tiny_models_merges_are_those_of_its_chapters():
    data = g.corpus().split("CHAPTER XII")[0].encode()
    assert g.load_tiny()[1][:5] == g.train_bpe(data, 5)


@pytest.mark.holds("bigram_loss", by="brute force: pairs counted")
def test_the_table_of_pairs_counts():
    rng, v, k = np.random.default_rng(2), 4, 2.5
    learn, test = rng.integers(v, size=50), rng.integers(v, size=20)
    single, pair = Counter(learn.tolist()), Counter(pairwise(learn.tolist()))
    first = Counter(learn[:-1].tolist())
    losses = []
    for a, b in pairwise(test.tolist()):
        alone = (single[b] + 1) / (50 + v)
        losses.append(-np.log((pair[a, b] + k * alone) / (first[a] + k)))
    assert g.bigram_loss(learn, test, v, k) == pytest.approx(np.mean(losses), rel=1e-12)


# -- prompts, masks, counts ---------------------------------------------------------------


@pytest.mark.holds("few_shot_prompt", by="published table: Brown et al. 2020, fig. 2.1")
def test_the_prompt_is_that_of_figure_2_1():
    shown = [
        ("sea otter", "loutre de mer"),
        ("peppermint", "menthe poivrée"),
        ("plush girafe", "girafe peluche"),
    ]
    assert g.few_shot_prompt("Translate English to French:", shown, "cheese") == (
        "Translate English to French:\nsea otter => loutre de mer\n"
        "peppermint => menthe poivrée\nplush girafe => girafe peluche\ncheese =>"
    )


@pytest.mark.holds("banded_mask", by="brute force")
@given(st.integers(1, 9), st.integers(1, 12))
def test_a_band_shows_the_last_w_positions(n, w):
    assert g.banded_mask(n, w).tolist() == [[0 <= i - j < w for j in range(n)] for i in range(n)]


def test_an_empty_band_is_refused():
    with pytest.raises(ValueError, match="at least itself"):
        g.banded_mask(4, 0)


@pytest.mark.holds("gpt_parameters", by="published table: the released models")
def test_counts_are_those_of_the_released_models():
    """GPT-1's own shapes, and GPT-2's names for its sizes since it corrected them."""
    assert g.gpt_parameters(40_478, 512, 768, 12, final_norm=False) == 116_534_784
    sizes = {12: 768, 24: 1024, 36: 1280, 48: 1600}
    counts = [g.gpt_parameters(50_257, 1024, d, layers) for layers, d in sizes.items()]
    assert [round(count / 1e6) for count in counts] == [124, 355, 774, 1558]


@pytest.mark.holds("train_flops", by="published table: Brown et al. 2020, Table D.1")
def test_training_compute_is_that_of_table_d_1():
    assert f"{g.train_flops(174_600 * 10**6, 300 * 10**9):.2E}" == "3.14E+23"
    assert f"{g.train_flops(11_000 * 10**6, 10**12, 0.5):.2E}" == "3.30E+22"


def test_defaults_are_those_of_jax_and_of_the_paper():
    rng = np.random.default_rng(0)
    params = {"w": rng.normal(size=(3, 2))}
    start, update, get = optimizers.adam(0.01)
    theirs, state = start(params), None
    for step in range(3):
        grads = {"w": rng.normal(size=(3, 2))}
        theirs = update(step, grads, theirs)
        params, state = g.adam(params, grads, state, 0.01)
    np.testing.assert_allclose(params["w"], get(theirs)["w"], rtol=1e-10)
    params, h, rng = model(1)
    tokens, labels, w_y = rng.integers(11, size=(2, 5)), np.array([1, 3]), np.ones((12, 4))
    given = params, w_y, tokens, labels, h
    assert g.finetune_loss(*given) == g.finetune_loss(*given, lam=0.5)


def test_a_text_of_two_tokens_has_one_to_predict():
    params, h, rng = model(2)
    tokens = rng.integers(11, size=(3, 2))
    wanted = jax_loss(params, tokens, h)
    np.testing.assert_allclose(g.gpt_loss(params, tokens, h), wanted, rtol=1e-10)


def test_a_temperature_of_one_is_the_softmax_itself():
    logits, n = np.array([0.0, 1.0, -2.0, 0.5]), 40_000
    draws = g.draw(np.tile(logits, (n, 1)), np.random.default_rng(0))
    expected = n * np.asarray(jax.nn.softmax(logits))
    assert stats.chisquare(np.bincount(draws, minlength=4), expected).pvalue > 0.001
    params, h, rng = model(4)
    prompt = rng.integers(11, size=(4, 2))
    ours, at_one = (
        g.generate(params, prompt, 6, h, np.random.default_rng(0), *temperature)
        for temperature in ((), (1.0,))
    )
    np.testing.assert_array_equal(ours, at_one)


def test_a_token_that_was_never_learned_has_a_chance_too():
    learn, test = np.array([0, 1, 1, 0, 1]), np.array([0, 2])
    alone, seen, k = 1 / (5 + 3), 2, 4.0
    assert g.bigram_loss(learn, test, 3, k) == pytest.approx(-np.log(k * alone / (seen + k)))
