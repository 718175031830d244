"""Entry 14 against JAX, brute force and the tables of three papers."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snippets import gopher
from snippets.gopher import TABLE_1

seeds = st.integers(0, 10_000)
sizes = st.integers(1, 9)
shapes = st.sampled_from([(1, 1), (2, 5), (6, 3)])  # few: JAX compiles each anew


@pytest.mark.holds("rms_norm", by="library: jax.nn.standardize")
@given(seeds, shapes)
def test_rms_norm_is_jaxs_standardize_of_a_vector_and_its_negative(seed, shape):
    """Side by side they have the mean zero, so that their variance is the mean square."""
    rng, (n, d) = np.random.default_rng(seed), shape
    a, gain = rng.normal(size=(2, n, d)), rng.normal(size=d)
    both = jax.nn.standardize(jnp.concatenate([a, -a], axis=-1), epsilon=1e-5)
    assert np.allclose(gopher.rms_norm(a, gain), both[..., :d] * gain, rtol=1e-10, atol=1e-10)


@given(seeds, sizes)
def test_without_eps_every_result_has_the_length_of_a_vector_of_ones(seed, d):
    a = np.random.default_rng(seed).normal(size=(5, d))
    lengths = np.linalg.norm(gopher.rms_norm(a, np.ones(d), eps=0.0), axis=-1)
    assert np.allclose(lengths, np.sqrt(d), rtol=1e-10, atol=1e-10)


@jax.jit
def pulled_back(dy, a, gain, eps):
    def plain(a, gain):
        return gain * a / jnp.sqrt(jnp.mean(a**2, axis=-1, keepdims=True) + eps)

    return jax.vjp(plain, a, gain)[1](dy)


@pytest.mark.holds("rms_norm_backward", by="derivative: jax.vjp")
@given(seeds, shapes, st.sampled_from([0.0, 1e-5, 0.1]))
def test_backward_is_jaxs_derivative(seed, shape, eps):
    rng, (n, d) = np.random.default_rng(seed), shape
    a, dy = rng.normal(size=(2, 2, n, d))
    gain = rng.normal(size=d)
    wanted = pulled_back(dy, a, gain, eps)
    for ours, theirs in zip(gopher.rms_norm_backward(dy, a, gain, eps), wanted, strict=True):
        assert np.allclose(ours, theirs, rtol=1e-10, atol=1e-10)


@pytest.mark.holds("batch_norm", by="library: jax.nn.standardize")
@given(seeds, shapes)
def test_batch_norm_is_jaxs_standardize_over_the_batch(seed, shape):
    rng, (b, d) = np.random.default_rng(seed), shape
    x = rng.normal(size=(b, d))
    gain, bias = rng.normal(size=(2, d))
    wanted = jax.nn.standardize(jnp.array(x), axis=0, epsilon=1e-5) * gain + bias
    assert np.allclose(gopher.batch_norm(x, gain, bias), wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.holds("shift", by="brute force")
@given(seeds, sizes)
def test_shift_moves_distances_to_keys(seed, n):
    by_distance = np.random.default_rng(seed).normal(size=(n, n))
    moved = gopher.shift(by_distance)
    for i in range(n):
        for j in range(i + 1):
            assert moved[i, j] == by_distance[i, i - j]


@pytest.mark.holds("relative_scores", by="brute force")
@given(seeds, sizes, sizes)
def test_relative_scores_are_the_four_terms(seed, n, k):
    rng = np.random.default_rng(seed)
    q, keys, r = rng.normal(size=(3, n, k))
    u, v = rng.normal(size=(2, k))
    scores = gopher.relative_scores(q, keys, r, u, v)
    for i in range(n):
        for j in range(i + 1):
            four = [q[i] @ keys[j], q[i] @ r[i - j], u @ keys[j], v @ r[i - j]]
            assert np.isclose(scores[i, j], sum(four), atol=1e-12, rtol=1e-10)


@given(seeds, st.integers(2, 9), sizes)
def test_a_longer_text_has_the_same_scores_among_its_first_words(seed, n, k):
    rng = np.random.default_rng(seed)
    q, keys, r = rng.normal(size=(3, n, k))
    u, v = rng.normal(size=(2, k))
    long = np.tril(gopher.relative_scores(q, keys, r, u, v))
    short = np.tril(gopher.relative_scores(q[:-1], keys[:-1], r[:-1], u, v))
    assert np.allclose(long[:-1, :-1], short, rtol=1e-10, atol=1e-10)


def parameters_one_by_one(layers, heads, key_size, d, f, vocabulary):
    """The shapes of all arrays of such a model, counted."""
    hk = heads * key_size
    projections = [(d, hk)] * 4 + [(hk, d)]  # queries, keys, values, distances; output
    dense = [(d, f), (f, d)]
    small = [(d,)] * 6 + [(hk,)] * 5
    return sum([layers * sum(map(np.prod, projections + dense + small)), vocabulary * d, d])


@pytest.mark.holds("gopher_parameters", by="brute force: arrays counted")
@given(*[st.integers(1, 40)] * 6)
def test_parameters_are_the_sum_over_the_shapes(layers, heads, key_size, d, f, v):
    counted = parameters_one_by_one(layers, heads, key_size, d, f, v)
    assert gopher.gopher_parameters(layers, heads, key_size, d, f, v) == counted


@pytest.mark.holds("gopher_parameters", by="published table: Rae et al. 2021, Table 1")
def test_parameters_give_the_names_of_table_1():
    def name(p):
        millions = f"{p / 1e6:.0f}M"
        return millions if p < 1e9 else f"{p / 1e9:.{1 if p < 1e11 else 0}f}B"

    assert [name(gopher.gopher_parameters(*m)) for m in TABLE_1.values()] == [*TABLE_1]


def test_chinchilla_too_has_its_printed_size():
    assert round(gopher.gopher_parameters(80, 64, 128, 8192) / 1e9) == 70


def flops_of(program):
    """Multiplications and additions of all matrix products that JAX would run."""
    total = 0
    for equation in program.eqns:
        for inner in equation.params.values():
            inner = getattr(inner, "jaxpr", inner)
            if hasattr(inner, "eqns"):
                total += flops_of(inner)
        if equation.primitive.name == "dot_general":
            (contracted, _), _ = equation.params["dimension_numbers"]
            left = equation.invars[0].aval.shape
            summed = np.prod([left[i] for i in contracted])
            total += 2 * summed * np.prod(equation.outvars[0].aval.shape)
    return int(total)


def attention_layer(x, w_q, w_k, w_v, w_o, w_1, w_2, heads):
    n = x.shape[0]
    q, k, v = (jnp.reshape(x @ w, (n, heads, -1)) for w in (w_q, w_k, w_v))
    weights = jax.nn.softmax(jnp.einsum("nhk,mhk->hnm", q, k))
    mixed = jnp.reshape(jnp.einsum("hnm,mhk->nhk", weights, v), (n, -1)) @ w_o
    return jax.nn.relu(mixed @ w_1) @ w_2


@pytest.mark.holds("forward_flops", by="library: jax.make_jaxpr")
@settings(max_examples=8)
@given(*[st.integers(1, 6)] * 6)
def test_forward_flops_are_the_matrix_products_that_jax_would_run(heads, k, d, n, f, v):
    hk = heads * k
    shapes = [(n, d), (d, hk), (d, hk), (d, hk), (hk, d), (d, f), (f, d)]
    layer = partial(attention_layer, heads=heads)
    program = jax.make_jaxpr(layer)(*map(jnp.zeros, shapes))
    softmax = 3 * heads * n * n
    ours = gopher.forward_flops(1, heads, k, d, n, f)
    assert ours - softmax == flops_of(program.jaxpr)
    ends = jax.make_jaxpr(lambda one_hot, table: (one_hot @ table) @ table.T)
    both = flops_of(ends(jnp.zeros((n, v)), jnp.zeros((v, d))).jaxpr)
    assert gopher.forward_flops(1, heads, k, d, n, f, v) == ours + both


@pytest.mark.holds("training_flops", by="library: jax.make_jaxpr")
def test_backward_costs_two_forward_passes_of_matrix_products():
    layer = partial(attention_layer, heads=2)
    shapes = [(5, 8), (8, 6), (8, 6), (8, 6), (6, 8), (8, 32), (32, 8)]
    arrays = [jnp.ones(shape) for shape in shapes]
    forward = flops_of(jax.make_jaxpr(layer)(*arrays).jaxpr)

    def loss(*arrays):
        return jnp.sum(layer(*arrays))

    both = jax.make_jaxpr(jax.grad(loss, argnums=tuple(range(7))))(*arrays)
    assert flops_of(both.jaxpr) == gopher.training_flops(forward, 5, n=5)


def test_rematerialisation_is_one_more_forward_pass():
    layer = partial(attention_layer, heads=2)
    shapes = [(5, 8), (8, 6), (8, 6), (8, 6), (6, 8), (8, 32), (32, 8)]
    arrays = [jnp.ones(shape) for shape in shapes]
    forward = flops_of(jax.make_jaxpr(layer)(*arrays).jaxpr)

    @jax.checkpoint
    def loss(*arrays):
        return jnp.sum(jnp.square(layer(*arrays)))

    again = jax.make_jaxpr(jax.value_and_grad(loss, argnums=tuple(range(7))))(*arrays)
    last = 2 * 5 * 32 * 8  # its result is kept: the square needs it, the sum does not
    spent = flops_of(again.jaxpr)
    whole = gopher.training_flops(forward, 5, n=5, rematerialise=True)
    assert whole - last <= spent <= whole


@pytest.mark.holds("training_flops", "forward_flops", by="published table: Rae et al. 2021")
def test_training_flops_of_gopher_are_those_of_its_table():
    forward = gopher.forward_flops(*TABLE_1["280B"])
    spent = gopher.training_flops(forward, 300e9, rematerialise=True)
    assert f"{spent:.2e}" == "6.31e+23"


@pytest.mark.parametrize(
    "call",
    [
        lambda: gopher.batch_norm(np.ones((0, 3)), np.ones(3), np.zeros(3)),
        lambda: gopher.batch_norm(np.ones((2, 3)), np.ones(3), np.zeros(3), eps=0.0),
        lambda: gopher.rms_norm(np.zeros((2, 3)), np.ones(3), eps=0.0),
        lambda: gopher.rms_norm(np.ones((2, 3)), np.ones(3), eps=-2.0),
        lambda: gopher.rms_norm_backward(*np.zeros((2, 2, 3)), np.ones(3), eps=0.0),
        lambda: gopher.forward_flops(-1, 1, 1, 1),
        lambda: gopher.forward_flops(1, 1, 1, 1, n=-1),
        lambda: gopher.training_flops(1.0, 1.0, n=0),
        lambda: gopher.gopher_parameters(0, 1, 1, 1),
        lambda: gopher.gopher_parameters(1, 1, 1, 1, vocabulary=0),
    ],
)
def test_bad_input_is_refused(call):
    with pytest.raises(ValueError, match=r"^\w+: "):
        call()


def test_the_heads_of_each_model_are_as_wide_as_it():
    assert all(heads * key_size == d for _, heads, key_size, d in TABLE_1.values())


@pytest.mark.parametrize("zero", ["layers", "heads", "key_size", "d", "f", "vocabulary"])
def test_a_size_of_nothing_is_refused_and_a_size_of_one_is_not(zero):
    sizes = dict.fromkeys(["layers", "heads", "key_size", "d", "f", "vocabulary"], 1)
    assert gopher.gopher_parameters(**sizes) > 0
    with pytest.raises(ValueError, match="sizes count from 1"):
        gopher.gopher_parameters(**sizes | {zero: 0})


def test_the_embeddings_and_the_last_layer_cost_two_products_of_the_vocabulary():
    sizes = {"layers": 2, "heads": 2, "key_size": 3, "d": 5, "n": 7, "f": 4}
    program = jax.make_jaxpr(lambda one_hot, w, x: (one_hot @ w, x @ w.T))
    shapes = [(7, 11), (11, 5), (7, 5)]
    ends = flops_of(program(*map(jnp.zeros, shapes)).jaxpr)
    bare = gopher.forward_flops(**sizes)
    assert gopher.forward_flops(**sizes, vocabulary=11) - bare == ends


def test_the_vocabulary_is_that_of_gopher_unless_another_is_named():
    d, named = 7, gopher.gopher_parameters(1, 1, 1, 7, vocabulary=1)
    assert gopher.gopher_parameters(1, 1, 1, d) - named == 31_999 * d


@pytest.mark.holds("root_mean_square", by="library: numpy.linalg.norm")
def test_rms_norm_divides_by_the_length_over_the_root_of_the_width():
    a = np.random.default_rng(0).normal(size=(4, 5))
    lengths = np.linalg.norm(a, axis=1, keepdims=True) / np.sqrt(5)
    np.testing.assert_allclose(gopher.root_mean_square(a, 0.0), lengths, rtol=1e-12)
    assert gopher.root_mean_square(0 * a, 0.25).tolist() == [[0.5]] * 4


# -- which pages are read ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "page", "value"),
    [
        ("words", "one two\nthree", 3),
        ("word length", "one two\nseven", 11 / 3),
        ("symbols", "#one two # four", 2 / 4),
        ("symbols", "so ... and so on … they went on", 2 / 9),
        ("symbols", "## one … #two", 3 / 4),
        ("bullets", "- one\n  • two\nthree - four\n", 2 / 3),
        ("cut lines", "one ...\ntwo …  \nthree ... four\nfive", 2 / 4),
        ("lettered", "a 1 b2 -- é", 3 / 5),
        ("stop words", "The THE the, (of) often because", 2),
        ("repeated", "row\nrow\nrow\nhome", 2 / 4),
    ],
)
@pytest.mark.holds("page_measures", "bare_words", "share", by="brute force: counted by hand")
def test_a_page_is_measured_as_one_counts_it(name, page, value):
    assert gopher.page_measures(page)[name] == value


@pytest.mark.holds("page_measures", by="brute force")
@given(st.lists(st.lists(st.sampled_from(["fox", "#a", "12", "of", "The", "-"]), min_size=1)))
def test_shares_are_those_of_lines_and_words_one_by_one(lines):
    if not lines:
        return
    words = [word for line in lines for word in line]
    measured = gopher.page_measures("\n".join(map(" ".join, lines)))
    assert measured["words"] == len(words)
    assert measured["bullets"] == sum(line[0] == "-" for line in lines) / len(lines)
    assert measured["symbols"] == words.count("#a") / len(words)
    assert measured["lettered"] == sum(w not in {"12", "-"} for w in words) / len(words)
    assert measured["stop words"] == len({"of", "The"} & set(words))
    seen = [tuple(line) for line in lines]
    again = sum(line in seen[:i] for i, line in enumerate(seen))
    assert measured["repeated"] == again / len(lines)


def page_with(**counts):
    """A page at the limit of everything that is not named: 50 words in ten lines."""
    made = {"hashes": 5, "bullets": 9, "cut": 3, "lettered": 40, "stops": 2, "doubles": 3}
    made |= counts
    words = ["the", "of"][: made["stops"]]
    words += [f"fox{i:02}" for i in range(made["lettered"] - len(words))]
    words += [f"{i:03}" for i in range(50 - len(words))]
    for i in range(made["hashes"]):
        words[2 + i] += "#"
    lines = [words[5 * i : 5 * i + 5] for i in range(10)]
    for i in range(made["bullets"]):
        lines[i][0] = "-" + lines[i][0]
    for i in range(made["cut"]):
        lines[i][4] += "..."
    return "\n".join(map(" ".join, lines))


@pytest.mark.holds("page_faults", by="published table: Rae et al. 2021, appendix A.1.1")
@pytest.mark.parametrize(
    ("one_more", "fault"),
    [
        ({}, None),
        ({"hashes": 6}, "symbols"),
        ({"bullets": 10}, "bullets"),
        ({"cut": 4}, "cut lines"),
        ({"lettered": 39}, "lettered"),
        ({"stops": 1}, "stop words"),
    ],
)
def test_at_each_limit_a_page_passes_and_one_step_on_it_fails(one_more, fault):
    assert gopher.page_faults(page_with(**one_more)) == ([fault] if fault else [])


@pytest.mark.parametrize(
    ("words", "faults"),
    [(49, ["words"]), (50, []), (100_000, []), (100_001, ["words"])],
)
def test_the_number_of_words_has_two_limits(words, faults):
    assert gopher.page_faults(" ".join(["the", "of"] + ["foxes"] * (words - 2))) == faults


@pytest.mark.parametrize(
    ("others", "faults"),
    [
        (["fox"] * 48, []),
        (["fox"] * 47 + ["ox"], ["word length"]),
        (["x" * 10] * 46 + ["x" * 17] * 2, []),
        (["x" * 10] * 46 + ["x" * 17, "x" * 18], ["word length"]),
    ],
)
def test_the_length_of_words_has_two_limits(others, faults):
    assert gopher.page_faults(" ".join(["the", "and", *others])) == faults


def test_three_lines_in_ten_may_be_said_before_and_four_may_not():
    lines = ["the foxes and the dogs"] * 4 + [f"of foxes {i} and dogs" for i in range(6)]
    assert gopher.page_faults("\n".join(lines)) == []
    assert gopher.page_faults("\n".join([*lines[:-1], lines[0]])) == ["repeated"]


def test_each_page_of_the_figure_has_one_fault_and_the_story_none():
    faults = [gopher.page_faults(page, least=8) for page in gopher.PAGES.values()]
    assert [len(found) for found in faults] == [0, 1, 1, 1, 1, 1]
    assert len({found[0] for found in faults if found}) == 5


def test_an_empty_page_is_refused():
    with pytest.raises(ValueError, match=r"^page_measures: "):
        gopher.page_measures(" \n")
