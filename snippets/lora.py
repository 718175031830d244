"""Entry 12, LoRA (Hu et al. 2022).

The low-rank update, its gradients and its merge; a matrix of six words that
learns to shout, and LoRA in the tiny GPT; the best update of each rank; what
each adaptation costs in parameters.
Shapes: d outputs and k inputs of a matrix, r rank, n positions.
"""

from pathlib import Path
from typing import Any as Array

import autograd.numpy as np
from jaxtyping import Float

from snippets.layers import Params, check_sizes

DATA = Path(__file__).parent / "data"

# -- one matrix --------------------------------------------------------------


def scale(alpha: float, a: Float[Array, "r k"]) -> float:
    """alpha / r: as many ranks as A has rows (Hu et al. 2022, §4.1)."""
    if not len(a):
        raise ValueError("lora: a has no row, and the rank is at least 1")
    return alpha / len(a)


def lora_update(
    a: Float[Array, "r k"], b: Float[Array, "d r"], alpha: float
) -> Float[Array, "d k"]:
    """What LoRA adds to a matrix: (alpha / r) B A.

    Hu et al. 2022, eq. 3, with the scale of §4.1.
    """
    return scale(alpha, a) * (b @ a)


def lora(
    x: Float[Array, "*n k"],
    w_0: Float[Array, "d k"],
    a: Float[Array, "r k"],
    b: Float[Array, "d r"],
    alpha: float,
) -> Float[Array, "*n d"]:
    """h = W_0 x + (alpha / r) B A x, for each row x; nothing of d k is made.

    Hu et al. 2022, eq. 3, with the scale of §4.1.
    """
    return x @ w_0.T + scale(alpha, a) * (x @ a.T) @ b.T


def lora_grads(
    g: Float[Array, "n d"],
    x: Float[Array, "n k"],
    a: Float[Array, "r k"],
    b: Float[Array, "d r"],
    alpha: float,
) -> tuple[Float[Array, "r k"], Float[Array, "d r"]]:
    """Gradients of a loss by A and by B; g is that by the result of lora.

    The chain rule on Hu et al. 2022, eq. 3.
    """
    s = scale(alpha, a)
    return s * b.T @ g.T @ x, s * g.T @ x @ a.T


ANSWERS = ("yes", "no", "stop", "YES", "NO", "STOP")


def small_case() -> tuple[
    Float[Array, "6 4"],
    Float[Array, "6 4"],
    Float[Array, "1 4"],
    Float[Array, "6 1"],
]:
    """Six texts x, W_0 that answers them, and A and B that make it shout.

    A text has four features: what it calls for, yes, no or stop, and whether
    it is loud.  W_0 scores the six ANSWERS and does not hear the last one.
    """
    quiet = np.eye(3, 4)
    x = np.concatenate([quiet, quiet + np.eye(4)[3]])
    w_0 = np.concatenate([2 * quiet, quiet])
    a = np.eye(4)[3:]
    b = np.array([[-1.0], [-1], [-1], [1], [1], [1]])
    return x, w_0, a, b


def best_update(
    delta: Float[Array, "d k"], r: int
) -> tuple[Float[Array, "r k"], Float[Array, "d r"]]:
    """A and B whose product is the matrix of rank r nearest to delta.

    Eckart and Young 1936: the r largest singular values and their vectors.
    """
    if not 1 <= r <= min(delta.shape):
        raise ValueError(f"best_update: no rank {r} in shape {delta.shape}")
    if not np.all(np.isfinite(delta)):
        raise ValueError("best_update: delta is not finite")
    u, s, vt = np.linalg.svd(delta, full_matrices=False)
    return vt[:r], u[:, :r] * s[:r]


def phi(
    a_1: Float[Array, "r k"], a_2: Float[Array, "s k"], i: int, j: int
) -> float:
    """What A_1's first i directions and A_2's first j share, of the fewer.

    Hu et al. 2022, eq. 4: from 0, orthogonal, to 1, one within the other.
    """
    ranks = []
    for a in (a_1, a_2):
        if not np.all(np.isfinite(a)):
            raise ValueError("phi: a_1 or a_2 is not finite")
        ranks.append(np.linalg.matrix_rank(a) if a.size else 0)
    if not (1 <= i <= ranks[0] and 1 <= j <= ranks[1]):
        raise ValueError(f"phi: no {i} and {j} directions in these matrices")
    u_1 = np.linalg.svd(a_1, full_matrices=False)[2][:i]
    u_2 = np.linalg.svd(a_2, full_matrices=False)[2][:j]
    return float(np.sum((u_1 @ u_2.T) ** 2) / min(i, j))


# -- a whole model -----------------------------------------------------------


def init_lora(
    rng: np.random.Generator, params: Params, names: list[str], r: int
) -> Params:
    """A Gaussian A and a zero B for each named matrix of a model.

    Hu et al. 2022, §4.1, fig. 1.  A has variance 1 / k, so that A x has the
    scale of x.
    """
    if r < 1:
        raise ValueError("init_lora: the rank must be at least 1")
    if any(np.ndim(params.get(name)) != 2 for name in names):
        raise ValueError("init_lora: names has one of no matrix of the model")
    adapters = {}
    for name in names:
        k, d = params[name].shape  # the model's matrices stand left to right
        adapters[f"{name}.a"] = rng.normal(size=(r, k)) / np.sqrt(k)
        adapters[f"{name}.b"] = np.zeros((d, r))
    return adapters


def merge_lora(params: Params, adapters: Params, alpha: float) -> Params:
    """The model with every update added to its matrix: W_0 + (alpha / r) B A.

    Hu et al. 2022, §4.1.  With -alpha it takes the updates out again.
    """
    names = [key[:-2] for key in adapters if key.endswith(".a")]
    if not params.keys() >= set(names):
        raise ValueError("merge_lora: an adapter names no matrix of the model")
    if adapters.keys() != {f"{name}.{ab}" for name in names for ab in "ab"}:
        raise ValueError("merge_lora: adapters has an A without its B")
    return params | {
        name: params[name]
        + lora_update(adapters[f"{name}.a"], adapters[f"{name}.b"], alpha).T
        for name in names
    }


def load_lora() -> tuple[Params, dict[int, Params], float]:
    """The tiny GPT taught to shout: the full updates, LoRA by rank, alpha."""
    with np.load(DATA / "lora.npz") as stored:
        arrays = {k: stored[k].astype(np.float64) for k in stored}
    alpha = float(arrays.pop("alpha"))
    parts: dict[str, Params] = {}
    for key, w in arrays.items():
        head, name = key.split(":")
        parts.setdefault(head, {})[name] = w
    full = parts.pop("full")
    return full, {int(r): parts[r] for r in sorted(parts, key=int)}, alpha


# -- counts ------------------------------------------------------------------


def lora_parameters(n_matrices: int, d: int, r: int) -> int:
    """Trainable numbers of LoRA on d x d matrices (Hu et al. 2022, §5.1)."""
    check_sizes("lora_parameters", n_matrices=n_matrices, d=d)
    check_sizes("lora_parameters", 1, r=r)
    return 2 * n_matrices * d * r


def adapter_parameters(
    n_adapters: int, d: int, r: int, n_norms: int = 0
) -> int:
    """Those of adapters of bottleneck r, and of LayerNorms trained with them.

    Hu et al. 2022, §5.1: two matrices and two biases in an adapter.
    """
    sizes = {"n_adapters": n_adapters, "d": d, "n_norms": n_norms}
    check_sizes("adapter_parameters", **sizes)
    check_sizes("adapter_parameters", 1, r=r)
    return n_adapters * (2 * d * r + r + d) + 2 * n_norms * d


def prefix_parameters(d: int, l_p: int, l_i: int, n_layers: int = 1) -> int:
    """Those of l_p prefixed and l_i infixed vectors, in each of the layers.

    Hu et al. 2022, §5.1: one layer for PreEmbed, all of them for PreLayer.
    """
    sizes = {"d": d, "l_p": l_p, "l_i": l_i, "n_layers": n_layers}
    check_sizes("prefix_parameters", **sizes)
    return n_layers * d * (l_p + l_i)


def bias_parameters(n_layers: int, d: int) -> int:
    """Those of BitFit in a GPT: every bias, and nothing else.

    A block of GPT-2 or GPT-3 has 11 d: 4 d in the attention, 5 d in the
    feed-forward layer, 2 d in the LayerNorms; the last LayerNorm has d more.
    """
    check_sizes("bias_parameters", n_layers=n_layers, d=d)
    return n_layers * 11 * d + d
