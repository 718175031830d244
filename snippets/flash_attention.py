"""Entry 10, FlashAttention (Dao et al. 2022).

Attention of one head of one text in tiles that fit a small, fast memory,
forward and backward, and the count of what moves between it and the large,
slow one (HBM).
Shapes: n positions (N), d width of a head; b_r rows of queries and b_c rows
of keys in a tile (B_r, B_c), t_r and t_c tiles (T_r, T_c).
"""

from typing import Any as Array

import numpy as np
from jaxtyping import Bool, Float

from snippets.layers import check_sizes, softmax

WORDS = ("the", "old", "cat", "sleeps")


def small_case() -> tuple[
    Float[Array, "4 2"], Float[Array, "4 2"], Float[Array, "4 2"]
]:
    """Queries, keys and values of four WORDS.

    Chosen so that e^S, with S the scores, has whole numbers.
    """
    q = np.sqrt(2) * np.array([[0, 0], [1, -1], [0.5, 1.5], [1, 0]])
    k = np.log(2) * np.array([[0.0, 0], [1, 1], [2, 0], [0, 0]])
    v = np.array([[7.0, 0], [10, 0], [0, 8], [5, 8]])
    return q, k, v


def below(
    x: Float[Array, "*#n"], m: Float[Array, "*#n"]
) -> Float[Array, "*n"]:
    """e^(x - m) for a maximum m of x; 0 where m is that of no score at all."""
    return np.exp(x - np.where(m == -np.inf, 0.0, m))


def merge(
    m_1: Float[Array, "*n"],
    l_1: Float[Array, "*n"],
    m_2: Float[Array, "*n"],
    l_2: Float[Array, "*n"],
) -> tuple[Float[Array, "*n"], Float[Array, "*n"]]:
    """Maximum and sum of e^(x - maximum) of two parts, taken as one.

    Dao et al. 2022, §3.1, after Milakov and Gimelshein 2018.
    """
    m = np.maximum(m_1, m_2)
    return m, below(m_1, m) * l_1 + below(m_2, m) * l_2


class Hbm:
    """The large, slow memory: named arrays, and how many numbers moved.

    Dao et al. 2022, §2.1; only `load` and `store` touch the arrays.
    """

    def __init__(self, **arrays: Float[Array, "..."]) -> None:
        self.arrays = {name: np.array(a) for name, a in arrays.items()}
        self.moved = 0

    def load(self, names: str, rows: slice) -> list[Float[Array, "..."]]:
        """Copies of some rows, for the chip."""
        parts = [self.arrays[name][rows].copy() for name in names.split()]
        self.moved += sum(part.size for part in parts)
        return parts

    def store(
        self, names: str, rows: slice, *parts: Float[Array, "..."]
    ) -> None:
        """Rows computed on the chip, written back."""
        for name, part in zip(names.split(), parts, strict=True):
            self.arrays[name][rows] = part
            self.moved += part.size


def tiles(n: int, size: int) -> list[slice]:
    """n rows cut into runs of a size, the last one what is left."""
    check_sizes("tiles", n=n)
    check_sizes("tiles", 1, size=size)
    return [slice(i, min(i + size, n)) for i in range(0, n, size)]


def block_sizes(sram: int, d: int) -> tuple[int, int]:
    """B_r and B_c for a fast memory of so many numbers.

    Dao et al. 2022, Algorithm 1, line 1.
    """
    check_sizes("block_sizes", 1, d=d)
    if sram < d:
        raise ValueError(f"block_sizes: {sram} numbers hold no row of {d}")
    b_c = -(-sram // (4 * d))
    return min(b_c, d), b_c


def update(
    o_i: Float[Array, "b_r d"],
    l_i: Float[Array, " b_r"],
    m_i: Float[Array, " b_r"],
    s_ij: Float[Array, "b_r b_c"],
    v_j: Float[Array, "b_c d"],
) -> tuple[Float[Array, "b_r d"], Float[Array, " b_r"], Float[Array, " b_r"]]:
    """Output, sum and maximum of some queries after one more tile of keys.

    Dao et al. 2022, Algorithm 1, lines 10 to 13; a score of -inf is hidden,
    and what has seen no key yet is 0.
    """
    m_ij = s_ij.max(axis=1, initial=-np.inf)
    p_ij = below(s_ij, m_ij[:, None])
    m_new, l_new = merge(m_i, l_i, m_ij, p_ij.sum(axis=1))
    total = np.where(l_new == 0, 1.0, l_new)
    old = below(m_i, m_new) * l_i / total
    new = below(m_ij, m_new) / total
    return old[:, None] * o_i + new[:, None] * (p_ij @ v_j), l_new, m_new


def flash_forward(
    q: Float[Array, "n d"],
    k: Float[Array, "n d"],
    v: Float[Array, "n d"],
    b_r: int,
    b_c: int,
    blocks: Bool[Array, "t_r t_c"] | None = None,
) -> tuple[Float[Array, "n d"], Float[Array, " n"], Float[Array, " n"], int]:
    """Attention, its sums and maxima, and how many numbers moved.

    Dao et al. 2022, Algorithm 1 with the scale of Algorithm 2; where blocks
    is False the tile is skipped, Algorithm 5.  What sees no tile is 0.
    """
    n, d = q.shape
    check_sizes("flash_forward", 1, d=d)
    blocks = all_blocks(n, b_r, b_c, blocks)
    o, l, m = np.zeros((n, d)), np.zeros(n), np.full(n, -np.inf)
    hbm = Hbm(q=q, k=k, v=v, o=o, l=l, m=m)
    for j, cols in enumerate(tiles(n, b_c)):
        k_j, v_j = hbm.load("k v", cols)
        for i, rows in enumerate(tiles(n, b_r)):
            if blocks[i, j]:
                q_i, o_i, l_i, m_i = hbm.load("q o l m", rows)
                s_ij = q_i @ k_j.T / np.sqrt(d)
                new = update(o_i, l_i, m_i, s_ij, v_j)
                hbm.store("o l m", rows, *new)
    return *(hbm.arrays[name] for name in "olm"), hbm.moved


def all_blocks(
    n: int, b_r: int, b_c: int, blocks: Bool[Array, "t_r t_c"] | None = None
) -> Bool[Array, "t_r t_c"]:
    """A mask of the tiles of n rows; without one, none is skipped."""
    shape = len(tiles(n, b_r)), len(tiles(n, b_c))
    blocks = np.ones(shape, dtype=bool) if blocks is None else blocks
    if blocks.shape != shape:
        raise ValueError(
            f"blocks: {n} rows in tiles of {b_r} and {b_c} are {shape} tiles, "
            f"not {blocks.shape}"
        )
    return blocks


def tile_gradients(
    q_i: Float[Array, "b_r d"],
    k_j: Float[Array, "b_c d"],
    v_j: Float[Array, "b_c d"],
    o_i: Float[Array, "b_r d"],
    do_i: Float[Array, "b_r d"],
    l_i: Float[Array, " b_r"],
    m_i: Float[Array, " b_r"],
) -> tuple[
    Float[Array, "b_r d"], Float[Array, "b_c d"], Float[Array, "b_c d"]
]:
    """What one tile adds to the gradients of its queries, keys and values.

    Dao et al. 2022, Algorithm 4, lines 11 to 22, without mask and dropout;
    the weights are computed again, from the sums and maxima.
    """
    check_sizes("tile_gradients", 1, d=q_i.shape[1])
    if np.any(l_i == 0):
        raise ValueError("tile_gradients: l_i is 0 where no key was seen")
    tau = 1 / np.sqrt(q_i.shape[1])
    p_ij = np.exp(tau * q_i @ k_j.T - m_i[:, None]) / l_i[:, None]
    dp_ij = do_i @ v_j.T
    d_i = np.sum(do_i * o_i, axis=1, keepdims=True)
    ds_ij = p_ij * (dp_ij - d_i)
    return tau * ds_ij @ k_j, tau * ds_ij.T @ q_i, p_ij.T @ do_i


def flash_backward(
    q: Float[Array, "n d"],
    k: Float[Array, "n d"],
    v: Float[Array, "n d"],
    o: Float[Array, "n d"],
    do: Float[Array, "n d"],
    l: Float[Array, " n"],
    m: Float[Array, " n"],
    b_r: int,
    b_c: int,
    blocks: Bool[Array, "t_r t_c"] | None = None,
) -> tuple[Float[Array, "n d"], Float[Array, "n d"], Float[Array, "n d"], int]:
    """Gradients of q, k and v in tiles, and how many numbers moved.

    Dao et al. 2022, Algorithm 4: o, l and m are what the forward pass kept,
    and it skipped the same blocks.
    """
    zero, blocks = np.zeros(q.shape), all_blocks(len(q), b_r, b_c, blocks)
    hbm = Hbm(q=q, k=k, v=v, o=o, do=do, l=l, m=m, dq=zero, dk=zero, dv=zero)
    for j, cols in enumerate(tiles(len(k), b_c)):
        k_j, v_j = hbm.load("k v", cols)
        dk_j, dv_j = np.zeros(k_j.shape), np.zeros(v_j.shape)
        for i, rows in enumerate(tiles(len(q), b_r)):
            if blocks[i, j]:
                q_i, o_i, do_i, l_i, m_i, dq_i = hbm.load(
                    "q o do l m dq", rows
                )
                more = tile_gradients(q_i, k_j, v_j, o_i, do_i, l_i, m_i)
                hbm.store("dq", rows, dq_i + more[0])
                dk_j, dv_j = dk_j + more[1], dv_j + more[2]
        hbm.store("dk dv", cols, dk_j, dv_j)
    return *(hbm.arrays[name] for name in ("dq", "dk", "dv")), hbm.moved


def standard_forward(
    q: Float[Array, "n d"], k: Float[Array, "n d"], v: Float[Array, "n d"]
) -> tuple[Float[Array, "n d"], Float[Array, "n n"], int]:
    """Attention, its weights, and how many numbers moved.

    Dao et al. 2022, Algorithm 0 with a scale: each step goes through HBM.
    """
    n, d = q.shape
    check_sizes("standard_forward", 1, d=d)
    hbm = Hbm(q=q, k=k, v=v, s=np.zeros((n, n)), p=np.zeros((n, n)), o=0 * q)
    rows = slice(None)
    q_all, k_all = hbm.load("q k", rows)
    hbm.store("s", rows, q_all @ k_all.T / np.sqrt(d))
    hbm.store("p", rows, softmax(hbm.load("s", rows)[0]))
    p_all, v_all = hbm.load("p v", rows)
    hbm.store("o", rows, p_all @ v_all)
    return hbm.arrays["o"], hbm.arrays["p"], hbm.moved


def standard_backward(
    q: Float[Array, "n d"],
    k: Float[Array, "n d"],
    v: Float[Array, "n d"],
    p: Float[Array, "n n"],
    do: Float[Array, "n d"],
) -> tuple[Float[Array, "n d"], Float[Array, "n d"], Float[Array, "n d"], int]:
    """Gradients of q, k and v from the weights that the forward pass kept.

    Dao et al. 2022, Algorithm 3 with a scale.
    """
    hbm = Hbm(q=q, k=k, v=v, p=p, do=do, dp=p, ds=p, dq=q, dk=k, dv=v)
    rows, tau = slice(None), 1 / np.sqrt(q.shape[1])
    p_all, do_all = hbm.load("p do", rows)
    hbm.store("dv", rows, p_all.T @ do_all)
    do_all, v_all = hbm.load("do v", rows)
    hbm.store("dp", rows, do_all @ v_all.T)
    p_all, dp_all = hbm.load("p dp", rows)
    total = np.sum(p_all * dp_all, axis=1, keepdims=True)
    hbm.store("ds", rows, p_all * (dp_all - total))
    ds_all, k_all = hbm.load("ds k", rows)
    hbm.store("dq", rows, tau * ds_all @ k_all)
    ds_all, q_all = hbm.load("ds q", rows)
    hbm.store("dk", rows, tau * ds_all.T @ q_all)
    return *(hbm.arrays[name] for name in ("dq", "dk", "dv")), hbm.moved


def flash_accesses(n: int, d: int, b_c: int, backward: bool = False) -> int:
    """How many numbers the tiled passes move, in closed form.

    Dao et al. 2022, Appendix C, proofs of theorems 2 and 5, with the
    constants that the proofs leave out.
    """
    check_sizes("flash_accesses", n=n, d=d)
    check_sizes("flash_accesses", 1, b_c=b_c)
    passes = -(-n // b_c)
    once, each = (4, 5 * d + 2) if backward else (2, 3 * d + 4)
    return once * n * d + passes * n * each


def standard_accesses(n: int, d: int, backward: bool = False) -> int:
    """The same for Algorithm 0, and for Algorithm 3 backward."""
    check_sizes("standard_accesses", n=n, d=d)
    return 7 * n * n + 8 * n * d if backward else 4 * n * n + 4 * n * d
