"""Entry 10 against JAX and its derivatives, SciPy and counts by hand."""

from itertools import count

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
    block_sizes,
    flash_accesses,
    flash_backward,
    flash_forward,
    merge,
    standard_accesses,
    standard_backward,
    standard_forward,
    tile_gradients,
    tiles,
    update,
)

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


def test_queries_without_any_tile_read_nothing():
    q, k, v = draw(0, 8, 3)
    blocks = np.array([[True, True], [False, False]])
    o, sums, _, _ = flash_forward(q, k, v, 4, 4, blocks)
    assert not o[4:].any() and not sums[4:].any() and np.isfinite(o).all()


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
    with pytest.raises(ValueError, match="a tile of 0 rows"):
        tiles(5, 0)
    with pytest.raises(ValueError, match="hold no row"):
        block_sizes(63, 64)


def test_arguments_are_left_alone():
    q, k, v, do = draw(3, 6, 2, 4)
    before = [x.copy() for x in (q, k, v, do)]
    o, sums, maxima, _ = flash_forward(q, k, v, 2, 3)
    flash_backward(q, k, v, o, do, sums, maxima, 2, 3)
    for x, y in zip((q, k, v, do), before, strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("name", ["figure_traffic", "figure_memory"])
def test_the_figures_are_drawn(name):
    assert getattr(figures, name)().axes


def test_a_name_without_its_part_is_an_error():
    memory = Hbm(a=np.zeros(2), b=np.zeros(2))
    with pytest.raises(ValueError, match="shorter"):
        memory.store("a b", slice(0, 2), np.ones(2))


def test_a_memory_of_one_row_is_enough():
    assert block_sizes(8, 8) == (1, 1)
