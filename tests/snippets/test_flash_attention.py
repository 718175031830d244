"""Entry 10 against JAX and its derivatives, SciPy and counts by hand."""

import math
from itertools import count

import autograd
import autograd.numpy as anp
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp, softmax

from snippets.figures import flash_attention as figures
from snippets.flash_attention import (
    Hbm,
    all_blocks,
    below,
    block_sizes,
    flash_accesses,
    flash_backward,
    flash_forward,
    merge,
    small_case,
    standard_accesses,
    standard_backward,
    standard_forward,
    tile_gradients,
    tiles,
    update,
)
from snippets.transformer import attention

seeds = st.integers(0, 2**32 - 1)
shapes = st.sampled_from([(1, 1), (7, 3), (24, 5)])  # few: JAX compiles each
lengths = st.integers(1, 40)
widths = st.integers(1, 8)
sizes = st.integers(1, 45)


@jax.jit
def reference(q, k, v, do, mask):
    """Attention of one head, and JAX's own gradients of q, k and v."""

    def attend(q, k, v):
        scores = jnp.where(mask, q @ k.T / np.sqrt(q.shape[1]), -jnp.inf)
        return jax.nn.softmax(scores, axis=1) @ v

    out, pullback = jax.vjp(attend, q, k, v)
    return out, pullback(do)


def jax_attention(q, k, v, mask=None):
    mask = np.ones((len(q), len(k)), dtype=bool) if mask is None else mask
    return reference(q, k, v, v, mask)[0]


def jax_gradients(q, k, v, do):
    return reference(q, k, v, do, np.ones((len(q), len(k)), dtype=bool))[1]


def draw(seed, n, d, how_many=3):
    return np.random.default_rng(seed).normal(size=(how_many, n, d))


@pytest.mark.holds("flash_forward", by="library: jax.nn.softmax")
@given(seeds, shapes, sizes, sizes)
def test_tiled_attention_is_attention_whatever_the_tile(seed, shape, b_r, b_c):
    n, d = shape
    q, k, v = draw(seed, n, d)
    o, sums, maxima, _ = flash_forward(q, k, v, b_r, b_c)
    np.testing.assert_allclose(o, jax_attention(q, k, v), atol=1e-13, rtol=1e-10)
    scores = q @ k.T / np.sqrt(d)
    np.testing.assert_allclose(maxima, scores.max(axis=1), atol=1e-13, rtol=1e-10)
    np.testing.assert_allclose(
        maxima + np.log(sums), logsumexp(scores, axis=1), atol=1e-12, rtol=1e-10
    )


@pytest.mark.holds("flash_backward", by="derivative: jax.vjp")
@given(seeds, shapes, sizes, sizes)
def test_tiled_gradients_are_those_of_jax(seed, shape, b_r, b_c):
    n, d = shape
    q, k, v, do = draw(seed, n, d, 4)
    o, sums, maxima, _ = flash_forward(q, k, v, b_c, b_r)
    *found, _ = flash_backward(q, k, v, o, do, sums, maxima, b_r, b_c)
    for mine, theirs in zip(found, jax_gradients(q, k, v, do), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-11, rtol=1e-10)


@pytest.mark.holds("standard_forward", by="library: jax.nn.softmax")
@pytest.mark.holds("standard_backward", by="derivative: jax.vjp")
@given(seeds, shapes)
def test_the_standard_passes_are_those_of_jax(seed, shape):
    n, d = shape
    q, k, v, do = draw(seed, n, d, 4)
    o, p, _ = standard_forward(q, k, v)
    np.testing.assert_allclose(o, jax_attention(q, k, v), atol=1e-13, rtol=1e-10)
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-13, rtol=1e-10)
    *found, _ = standard_backward(q, k, v, p, do)
    for mine, theirs in zip(found, jax_gradients(q, k, v, do), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-11, rtol=1e-10)


@given(seeds, shapes, st.integers(1, 9), st.integers(1, 9))
def test_skipped_tiles_are_masked_scores(seed, shape, b_r, b_c):
    n, d = shape
    rng = np.random.default_rng(seed)
    q, k, v = rng.normal(size=(3, n, d))
    blocks = rng.random(all_blocks(n, b_r, b_c).shape) < 0.5
    blocks[:, 0] = True  # every query keeps some key
    mask = np.repeat(np.repeat(blocks, b_r, 0)[:n], b_c, 1)[:, :n]
    o, _, _, moved = flash_forward(q, k, v, b_r, b_c, blocks)
    np.testing.assert_allclose(o, jax_attention(q, k, v, mask), atol=1e-13, rtol=1e-10)
    assert moved == 2 * n * d + (3 * d + 4) * sum(
        blocks[i].sum() * (rows.stop - rows.start) for i, rows in enumerate(tiles(n, b_r))
    )


# -- pairs: the same input, the same answer -----------------------------------------------


def edge(rng, n, d, kind):
    """Queries, keys and values of an edge: huge scores, equal ones, or some not finite."""
    q, k, v = rng.normal(size=(3, n, d))
    if kind == "huge":
        q, k = 1e140 * q, 1e140 * k
    if kind == "equal":
        k = 0 * k
    if kind == "not finite" and n:
        q[rng.integers(n), 0] = rng.choice([np.inf, -np.inf, np.nan])
    return q, k, v


@given(
    seeds,
    st.integers(0, 9),
    widths,
    sizes,
    sizes,
    st.sampled_from(["usual", "huge", "equal", "not finite"]),
    st.sampled_from([None, 0.0, 0.4, 1.0]),
)
def test_plain_and_tiled_attention_agree_at_every_edge(seed, n, d, b_r, b_c, kind, share):
    rng = np.random.default_rng(seed)
    q, k, v = edge(rng, n, d, kind)
    blocks = None if share is None else rng.random(all_blocks(n, b_r, b_c).shape) < share
    mask = None if share is None else spread(blocks, n, b_r, b_c)
    with np.errstate(invalid="ignore"):
        plain = attention(q, k, v, mask)
        o, sums, maxima, _ = flash_forward(q, k, v, b_r, b_c, blocks)
        if mask is None:
            np.testing.assert_allclose(standard_forward(q, k, v)[0], plain, atol=1e-12, rtol=1e-10)
    np.testing.assert_allclose(o, plain, atol=1e-12, rtol=1e-10)
    if mask is not None:
        blind = ~mask.any(axis=1)
        assert not o[blind].any() and not sums[blind].any()
        assert (maxima[blind] == -np.inf).all()


def spread(blocks, n, b_r, b_c):
    """The mask of single scores that a mask of tiles stands for."""
    return np.repeat(np.repeat(blocks, b_r, 0)[:n], b_c, 1)[:, :n]


@given(
    seeds,
    st.integers(0, 7),
    st.integers(1, 4),
    st.integers(1, 9),
    st.integers(1, 9),
    st.sampled_from(["usual", "equal"]),
    st.sampled_from([0.0, 0.4, 1.0]),
)
def test_the_way_back_skips_the_tiles_of_the_way_there(seed, n, d, b_r, b_c, kind, share):
    rng = np.random.default_rng(seed)
    (q, k, v), do = edge(rng, n, d, kind), rng.normal(size=(n, d))
    blocks = rng.random(all_blocks(n, b_r, b_c).shape) < share
    mask = spread(blocks, n, b_r, b_c)
    o, sums, maxima, _ = flash_forward(q, k, v, b_r, b_c, blocks)
    *found, moved = flash_backward(q, k, v, o, do, sums, maxima, b_r, b_c, blocks)
    for i, mine in enumerate(found):
        theirs = autograd.grad(lambda *x: anp.sum(attention(*x, mask) * do), i)(q, k, v)
        np.testing.assert_allclose(mine, theirs, atol=1e-11, rtol=1e-10)
    rows = np.diff(np.append(np.arange(0, n, b_r), n)) if n else np.zeros(0, int)
    assert moved == 4 * n * d + (5 * d + 2) * int((blocks.T @ rows).sum())


def test_both_ways_refuse_the_same_tiles():
    q, k, v, do = draw(0, 8, 3, 4)
    o, sums, maxima, _ = flash_forward(q, k, v, 4, 3)
    for shape in ((2, 2), (3, 3), (0, 0)):
        blocks = np.ones(shape, dtype=bool)
        for call in (
            lambda b=blocks: flash_forward(q, k, v, 4, 3, b),
            lambda b=blocks: flash_backward(q, k, v, o, do, sums, maxima, 4, 3, b),
        ):
            with pytest.raises(ValueError, match=r"tiles of 4 and 3 are \(2, 3\) tiles"):
                call()


def test_a_query_that_saw_nothing_has_no_weights_to_compute_again():
    q, k, v, do = draw(0, 8, 3, 4)
    o, sums, maxima, _ = flash_forward(q, k, v, 4, 4, np.array([[True] * 2, [False] * 2]))
    with pytest.raises(ValueError, match="l_i is 0"):
        flash_backward(q, k, v, o, do, sums, maxima, 4, 4)


@given(seeds, st.integers(0, 4), st.integers(0, 5))
def test_hidden_scores_may_stand_inside_a_tile(seed, b_r, b_c):
    rng = np.random.default_rng(seed)
    q, k, v = rng.normal(size=(b_r, 2)), rng.normal(size=(b_c, 2)), rng.normal(size=(b_c, 2))
    mask = rng.random((b_r, b_c)) < 0.4
    hidden = np.where(mask, q @ k.T / np.sqrt(2), -np.inf)
    state = np.zeros((b_r, 2)), np.zeros(b_r), np.full(b_r, -np.inf)
    for cols in (slice(0, 2), slice(2, None)):
        state = update(*state, hidden[:, cols], v[cols])
    np.testing.assert_allclose(state[0], attention(q, k, v, mask), atol=1e-13, rtol=1e-10)


def test_nothing_merged_with_nothing_is_nothing():
    nothing = np.array([-np.inf]), np.zeros(1)
    assert [x.tolist() for x in merge(*nothing, *nothing)] == [[-np.inf], [0.0]]


@pytest.mark.holds("below", by="library: math.exp")
@given(st.lists(st.floats(-700, 0), max_size=4))
def test_scores_are_powers_of_e_below_their_maximum(x):
    m = max(x, default=0.0)
    found = below(np.array([*x, -np.inf]), np.array(m))
    assert found.tolist() == pytest.approx([math.exp(a - m) for a in x] + [0.0], rel=1e-12)
    assert below(np.array(-np.inf), np.array(-np.inf)) == 0


@pytest.mark.holds("merge", by="library: scipy.special.logsumexp")
@given(seeds, st.lists(st.integers(1, 6), min_size=1, max_size=6))
def test_merging_is_the_statistics_of_the_whole_however_it_is_bracketed(seed, cuts):
    rng = np.random.default_rng(seed)
    parts = [rng.normal(scale=300, size=size) for size in cuts]
    single = [(x.max(keepdims=True), np.exp(x - x.max()).sum(keepdims=True)) for x in parts]
    left = right = (np.array([-np.inf]), np.zeros(1))
    for one in single:
        left = merge(*left, *one)
    for one in reversed(single):
        right = merge(*one, *right)
    whole = np.concatenate(parts)
    for maximum, total in (left, right):
        assert maximum == whole.max()
        np.testing.assert_allclose(maximum + np.log(total), logsumexp(whole), rtol=1e-13)


def test_huge_scores_do_not_overflow():
    q, k, v = draw(1, 24, 5)
    with np.errstate(over="raise", invalid="raise"):
        o, _, _, _ = flash_forward(1e3 * q, 1e3 * k, v, 6, 7)
    np.testing.assert_allclose(o, jax_attention(1e3 * q, 1e3 * k, v), atol=1e-12, rtol=1e-10)


@pytest.mark.holds("update", by="library: scipy.special.softmax")
@given(seeds, shapes)
def test_one_update_from_nothing_is_attention_to_one_tile(seed, shape):
    b_r, b_c = shape
    rng = np.random.default_rng(seed)
    s, v = rng.normal(size=(b_r, b_c)), rng.normal(size=(b_c, 3))
    o, sums, maxima = update(np.zeros((b_r, 3)), np.zeros(b_r), np.full(b_r, -np.inf), s, v)
    np.testing.assert_allclose(o, softmax(s, axis=1) @ v, atol=1e-14, rtol=1e-10)
    np.testing.assert_allclose(maxima + np.log(sums), logsumexp(s, axis=1), atol=1e-13, rtol=1e-10)


@pytest.mark.holds("tile_gradients", by="derivative: jax.vjp")
def test_the_gradients_of_the_only_tile_are_the_gradients():
    q, k, v, do = draw(2, 7, 3, 4)
    o, sums, maxima, _ = flash_forward(q, k, v, 7, 7)
    found = tile_gradients(q, k, v, o, do, sums, maxima)
    for mine, theirs in zip(found, jax_gradients(q, k, v, do), strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-13, rtol=1e-10)


@pytest.mark.holds(
    "flash_accesses", "standard_accesses", by="brute force: numbers counted as they move"
)
@given(lengths, widths, sizes, sizes)
def test_the_counts_in_closed_form_are_the_counts(n, d, b_r, b_c):
    q, k, v, do = draw(0, n, d, 4)
    o, sums, maxima, moved = flash_forward(q, k, v, b_r, b_c)
    assert moved == flash_accesses(n, d, b_c)
    moved = flash_backward(q, k, v, o, do, sums, maxima, b_r, b_c)[-1]
    assert moved == flash_accesses(n, d, b_c, backward=True)
    _, p, moved = standard_forward(q, k, v)
    assert moved == standard_accesses(n, d)
    assert standard_backward(q, k, v, p, do)[-1] == standard_accesses(n, d, backward=True)


def test_the_count_goes_with_n_squared_d_squared_over_the_fast_memory():
    def ratio(n, d, sram):
        return flash_accesses(n, d, block_sizes(sram, d)[1]) * sram / (n * d) ** 2

    assert ratio(2**20, 64, 2**16) == pytest.approx(12 + 16 / 64, rel=0.01)
    assert ratio(2**21, 128, 2**18) == pytest.approx(12 + 16 / 128, rel=0.01)


@pytest.mark.holds("Hbm.load", "Hbm.store", by="brute force: counted by hand")
def test_the_memory_counts_each_number_and_never_hands_out_its_own():
    a = np.arange(12.0).reshape(4, 3)
    hbm = Hbm(a=a, b=a)
    (part,) = hbm.load("a", slice(1, 3))
    part[:] = 0
    assert hbm.moved == 6 and hbm.arrays["a"][1, 0] == 3
    hbm.store("a b", slice(0, 1), np.ones((1, 3)), np.ones((1, 3)))
    assert hbm.moved == 12 and hbm.arrays["b"][0, 0] == 1 and a[0, 0] == 0


@pytest.mark.holds("tiles", "all_blocks", by="brute force")
@given(lengths, sizes)
def test_tiles_cover_each_row_once(n, size):
    covered = [i for rows in tiles(n, size) for i in range(n)[rows]]
    assert covered == list(range(n))
    assert all_blocks(n, size, size).shape == (-(-n // size),) * 2


@pytest.mark.holds("block_sizes", by="brute force: one by one")
@given(st.integers(1, 3000), widths)
def test_a_quarter_of_the_fast_memory_is_filled_with_rows_of_keys(sram, d):
    if sram < d:
        return
    b_c = next(b for b in count(1) if 4 * d * b >= sram)
    assert block_sizes(sram, d) == (b_c if b_c < d else d, b_c)


def test_block_sizes_by_hand():
    assert block_sizes(98_304, 64) == (64, 384)
    assert block_sizes(1000, 64) == (4, 4)
    assert block_sizes(64, 64) == (1, 1)


def test_bad_input_is_refused():
    for call, message in (
        (lambda: tiles(5, 0), "tiles: size must be"),
        (lambda: tiles(-1, 1), "tiles: n must be"),
        (lambda: block_sizes(63, 64), "hold no row"),
        (lambda: block_sizes(63, 0), "d must be"),
        (lambda: flash_accesses(8, 8, 0), "b_c must be"),
        (lambda: flash_accesses(-8, 8, 1), "n must be"),
        (lambda: standard_accesses(8, -8), "d must be"),
    ):
        with pytest.raises(ValueError, match=message):
            call()


def test_arguments_are_left_alone():
    q, k, v, do = draw(3, 6, 2, 4)
    before = [x.copy() for x in (q, k, v, do)]
    o, sums, maxima, _ = flash_forward(q, k, v, 2, 3)
    flash_backward(q, k, v, o, do, sums, maxima, 2, 3)
    for x, y in zip((q, k, v, do), before, strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.holds("small_case", by="brute force: means of whole numbers, by hand")
def test_four_words_have_weights_and_outputs_that_can_be_counted():
    q, k, v = small_case()
    weights = np.exp(q @ k.T / math.sqrt(2))
    counted = np.array([[1, 1, 1, 1], [1, 1, 4, 1], [1, 4, 2, 1], [1, 2, 4, 1]])
    np.testing.assert_allclose(weights, counted, rtol=1e-12)
    by_hand = [[22 / 4, 16 / 4], [22 / 7, 40 / 7], [52 / 8, 24 / 8], [4, 5]]
    np.testing.assert_allclose(flash_forward(q, k, v, 2, 2)[0], by_hand, rtol=1e-12)


@pytest.mark.parametrize("name", ["waiting", "tiles", "running", "traffic", "memory"])
def test_the_figures_are_drawn(name):
    assert getattr(figures, f"figure_{name}")().axes


def test_a_name_without_its_part_is_an_error():
    memory = Hbm(a=np.zeros(2), b=np.zeros(2))
    with pytest.raises(ValueError, match="shorter"):
        memory.store("a b", slice(0, 2), np.ones(2))


def test_a_memory_of_one_row_is_enough():
    assert block_sizes(8, 8) == (1, 1)
