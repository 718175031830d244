"""Entry 9: the tree as data, the masks, what a stack sees, the survey's advice."""

from datetime import date, datetime
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from snippets.family_tree import (
    TASKS,
    advice,
    first_month,
    full_mask,
    joined_attention,
    permutation_mask,
    prefix_mask,
    reach,
    read_tree,
)
from snippets.transformer import attention, causal_mask

# Yang et al. 2023, Table 1, in its own order
BERT_STYLE = (
    "ELMo BERT RoBERTa DistilBERT BioBERT XLM XLNet ALBERT ELECTRA T5 GLM XLM-E ST-MoE AlexaTM"
)
GPT_STYLE = (
    "GPT-3 OPT PaLM BLOOM MT-NLG GLaM Gopher Chinchilla LaMDA GPT-J LLaMA GPT-4 BloombergGPT"
)


# -- the tree -------------------------------------------------------------------------------


@pytest.mark.holds("read_tree", by="published table: Yang et al. 2023, Table 1")
@pytest.mark.parametrize(("style", "names"), [("BERT", BERT_STYLE), ("GPT", GPT_STYLE)])
def test_the_tree_has_the_models_of_table_1_and_no_other(style, names):
    assert sorted(m.name for m in read_tree() if m.style == style) == sorted(names.split())


def test_the_tree_is_sorted_and_no_child_is_older_than_its_parent():
    models = read_tree()
    months = [m.month for m in models]
    assert months == sorted(months)
    born = {m.name: m.month for m in models}
    assert len(born) == len(models)
    assert all(born[m.parent] < m.month for m in models if m.parent)


def test_stack_and_mask_go_together():
    allowed = {
        ("LSTM", "none"),
        ("encoder", "full"),
        ("encoder", "permutation"),
        ("encoder-decoder", "prefix"),
        ("one stack", "prefix"),
        ("decoder", "causal"),
    }
    models = read_tree()
    assert {(m.stack, m.mask) for m in models} == allowed
    assert all((m.style == "GPT") == (m.mask == "causal") for m in models)


@pytest.mark.parametrize(
    ("source", "month"),
    [("1810.04805", "2018-10"), ("2112.1144", "2021-12"), ("2021-05", "2021-05")],
)
def test_a_number_of_arxiv_tells_the_month(source, month):
    assert first_month(source) == month


@pytest.mark.holds("first_month", by="library: datetime.strptime")
@given(st.dates(date(2007, 4, 1), date(2099, 12, 31)), st.integers(1, 99_999))
def test_every_number_tells_the_month_that_datetime_reads(day, serial):
    number = f"{day:%y%m}.{serial:05}"
    read = datetime.strptime(number[:4], "%y%m").replace(year=day.year)
    assert first_month(number) == first_month(f"{read:%Y-%m}") == f"{read:%Y-%m}"


@pytest.mark.parametrize("source", ["", "1813.04805", "1800.04805", "2021-13", "cs/0301001"])
def test_what_is_no_number_is_refused(source):
    with pytest.raises(ValueError, match="is no number or month"):
        first_month(source)


# -- masks ----------------------------------------------------------------------------------


@pytest.mark.holds("full_mask", "prefix_mask", by="brute force")
@given(st.integers(1, 9), st.integers(0, 9))
def test_each_mask_is_what_its_words_say(n, prefix):
    prefix = min(prefix, n)
    for i, j in product(range(n), repeat=2):
        assert full_mask(n)[i, j]
        assert prefix_mask(n, prefix)[i, j] == (j <= i or j < prefix)


@pytest.mark.holds("permutation_mask", by="brute force")
@given(st.permutations(range(6)))
def test_a_permutation_mask_shows_what_came_before_in_the_order(order):
    mask = permutation_mask(np.array(order))
    for t, i in enumerate(order):
        assert set(np.flatnonzero(mask[i])) == set(order[: t + 1])


@pytest.mark.parametrize("prefix", [-1, 4])
def test_a_prefix_beyond_the_text_is_refused(prefix):
    with pytest.raises(ValueError, match=f"no prefix of {prefix} among 3"):
        prefix_mask(3, prefix)


def test_an_order_that_repeats_a_place_is_refused():
    with pytest.raises(ValueError, match="names each place once"):
        permutation_mask(np.array([0, 1, 1]))


def test_less_than_no_layer_is_refused():
    with pytest.raises(ValueError, match="reach: l must be 0 or more"):
        reach(causal_mask(3), -1)


MASKS = {
    "full": full_mask(6),
    "prefix": prefix_mask(6, 3),
    "causal": causal_mask(6),
    "permutation": permutation_mask(np.array([3, 0, 5, 1, 4, 2])),
    "others": ~np.eye(6, dtype=bool),
    "window": causal_mask(6) & ~np.tril(np.ones((6, 6), dtype=bool), -2),
}


@pytest.mark.holds("reach", by="derivative: jax.jacobian")
@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("layers", [1, 2, 3])
def test_reach_is_where_the_derivative_of_a_stack_in_jax_is_not_zero(name, layers):
    mask = MASKS[name]
    values = np.random.default_rng(0).normal(size=(6, 2))
    scores = np.random.default_rng(1).normal(size=(6, 6))

    def stack(x):
        for _ in range(layers):
            x = jax.nn.softmax(jnp.where(mask, scores, -jnp.inf), axis=-1) @ jnp.tanh(x)
        return x.sum(axis=1)

    slopes = np.abs(np.asarray(jax.jacobian(stack)(values))).sum(axis=-1)
    assert ((slopes > 0) == reach(mask, layers)).all()


def test_no_layer_leaves_each_word_alone():
    assert (reach(full_mask(4), 0) == np.eye(4, dtype=bool)).all()


# -- one attention ------------------------------------------------------------------------


@pytest.mark.holds("joined_attention", by="brute force: one key after the other")
@given(st.integers(1, 6), st.lists(st.integers(0, 4), min_size=1, max_size=3), st.integers(0, 99))
def test_joined_parts_are_one_softmax_over_all_keys(n, sizes, seed):
    rng = np.random.default_rng(seed)
    q = rng.normal(size=(n, 4))
    parts = []
    for m in sizes:
        mask = rng.random(size=(n, m)) < 0.5
        parts.append((rng.normal(size=(m, 4)), rng.normal(size=(m, 3)), mask))
    k, v = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    seen = np.concatenate([part[2] for part in parts], axis=1)
    expected = []
    for i in range(n):
        weights = np.exp(k[seen[i]] @ q[i] / 2)
        expected.append(weights @ v[seen[i]] / max(weights.sum(), 1e-300))  # of nothing, zeros
    assert np.allclose(joined_attention(q, parts), expected, atol=1e-12, rtol=1e-10)


def test_an_empty_prefix_joins_as_the_causal_mask_alone_and_no_part_at_all_is_refused():
    q, k, v = np.random.default_rng(0).normal(size=(3, 4, 2))
    nothing = k[:0], v[:0], np.zeros((4, 0), dtype=bool)
    wanted = attention(q, k, v, prefix_mask(4, 0))
    ours = joined_attention(q, [nothing, (k, v, causal_mask(4))])
    np.testing.assert_allclose(ours, wanted, rtol=1e-14)
    with pytest.raises(ValueError, match="parts is empty"):
        joined_attention(q, [])


def test_joining_survives_scores_that_overflow():
    q = np.array([[1e4, 0.0]])
    part = (np.array([[1.0, 0], [-1, 0]]), np.array([[1.0], [2]]), np.ones((1, 2), dtype=bool))
    other = (np.array([[0.5, 0.0]]), np.array([[7.0]]), np.ones((1, 1), dtype=bool))
    assert joined_attention(q, [part, other]).tolist() == [[1.0]]


# -- the advice -------------------------------------------------------------------------------


def remarks(task, labels, shifted, in_context):
    """What each remark says of a case, written from the survey: {remark: verdict}."""
    found = {}
    if shifted or labels in ("none", "few"):
        found[1] = "LLM"
    if task == "understanding" and not found:
        found[2] = "fine-tuned"
    if task == "generation":
        found[3] = "LLM"
    if task == "knowledge":
        found[4] = "either" if in_context else "LLM"
    if task == "reasoning":
        found[5] = "LLM"
    if task in ("regression", "multimodal"):
        found[6] = "fine-tuned"
    if task == "real world":
        found[7] = "LLM"
    return found


CASES = list(product(TASKS, ("none", "few", "many"), (True, False), (True, False)))


@pytest.mark.holds("advice", by="published table: the remarks of the survey")
@pytest.mark.parametrize("case", CASES)
def test_advice_follows_a_remark_that_applies(case):
    verdict, remark = advice(*case)
    assert remarks(*case)[remark] == verdict


@pytest.mark.parametrize("task", TASKS)
def test_nothing_is_fine_tuned_without_labels(task):
    """§3.2 of the survey, of its kind with zero annotated data."""
    assert advice(task, "none")[0] == "LLM"


@pytest.mark.parametrize(("task", "labels"), [("poetry", "many"), ("generation", "some")])
def test_unknown_cases_are_refused(task, labels):
    with pytest.raises(ValueError, match="unknown task"):
        advice(task, labels)
