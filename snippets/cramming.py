"""Entry 11, Cramming (Geiping and Goldstein 2023).

What a budget buys: its count in floating-point operations, schedules that
end with it, batches that grow, and the tiny model trained under it.
x is the share of the budget that is spent, 0 at the start and 1 at the end.
"""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any as Array

import autograd.numpy as np
from autograd import value_and_grad
from jaxtyping import Float, Int

from snippets.gpt import adam, corpus, gpt_loss, init_gpt
from snippets.layers import Params, check_sizes

DATA = Path(__file__).parent / "data"

# Geiping and Goldstein 2023, appendix B.1: peak operations in a second.
PEAK = {
    "rtx2080ti": 53.8e12,
    "rtxa4000": 88.45e12,
    "rtxa6000": 154.8e12,
    "v100": 125e12,
    "tpu v3": 123e12,
}

# The runs of this book: bytes as tokens, and everything but the width fixed.
V, N, LAYERS, SIZE = 128, 32, 2, 8
WIDTHS = (16, 24, 40, 64, 96)
BUDGET = 9e10

# -- the budget --------------------------------------------------------------


def flops_per_token(v: int, n: int, d: int, l: int) -> int:
    """Operations to train a GPT on one token: forward, and twice backward.

    A multiplication and an addition for each weight of a matrix: 12 d^2 in a
    block, v d at the end; and 4 n d in a block for scores and mean values
    (Hoffmann et al. 2022, appendix F).
    """
    check_sizes("flops_per_token", v=v, n=n, d=d, l=l)
    return 3 * (l * (24 * d**2 + 4 * n * d) + 2 * v * d)


def affordable(budget: float, per_token: float, batch: int) -> int:
    """Steps that a budget buys, with so many tokens in each."""
    if not (per_token > 0 and batch > 0 and np.isfinite(budget)):
        raise ValueError(
            f"affordable: budget, per_token and batch are positive numbers, "
            f"not {budget}, {per_token} and {batch}"
        )
    steps = int(budget // (per_token * batch))
    if steps < 1:
        raise ValueError("affordable: the budget does not buy a single step")
    return steps


# -- schedules ---------------------------------------------------------------


def check_spent(x: Float[Array, "*n"] | float) -> None:
    """Refuse what is no share of a budget."""
    if not np.all((x >= 0) & (x <= 1)):
        raise ValueError("x: the share that is spent is between 0 and 1")


def triangle(
    x: Float[Array, "*n"] | float, base: float = 0.0, falloff: float = 0.5
) -> Float[Array, "*n"] | float:
    """The rate, in peaks: up from base, and down in the last part, falloff.

    Geiping and Goldstein 2023, §4.3, one cycle: base 0 and falloff 1/2; the
    budget-triangle2 of their code has 1/4 for both.
    """
    if not (0 <= base <= 1 and 0 < falloff < 1):
        raise ValueError("triangle: base in [0, 1] and falloff in (0, 1)")
    check_spent(x)
    up = base + (1 - base) * x / (1 - falloff)
    return np.minimum(up, (1 - x) / falloff)


def dive(
    x: Float[Array, "*n"] | float, falloff: float = 0.5
) -> Float[Array, "*n"] | float:
    """The rate, in peaks: constant, and a straight line down at the end.

    budget-dive in the code of Geiping and Goldstein 2023.
    """
    if not 0 < falloff <= 1:
        raise ValueError("dive: falloff is in (0, 1]")
    check_spent(x)
    return np.minimum(1.0, (1 - x) / falloff)


def cosine(
    x: Float[Array, "*n"] | float,
) -> Float[Array, "*n"] | float:
    """The rate, in peaks: half a wave of the cosine, from 1 to 0.

    budget-cosine-decay in the code of Geiping and Goldstein 2023.
    """
    check_spent(x)
    return (1 + np.cos(np.pi * x)) / 2


# -- batches -----------------------------------------------------------------


def micro_batches(x: float, most: int, ramp: float = 1.0) -> int:
    """Micro-batches in the next step: a straight line up to most at x = ramp.

    Geiping and Goldstein 2023, §4.3, as their code rounds it.
    """
    if most < 1 or not 0 < ramp <= 1:
        raise ValueError("micro_batches: most at least 1 and ramp in (0, 1]")
    check_spent(x)
    return min(int(x / ramp * most) + 1, most)


def accumulate(
    gradient: Callable[..., Params],
    params: Params,
    batches: Iterable[Int[Array, "_ n"]],
) -> Params:
    """The mean of the gradients of micro-batches, one after the other.

    Geiping and Goldstein 2023, §4.3.  Each counts the same, so they should
    be of equal size.
    """
    total, k = {name: np.zeros_like(w) for name, w in params.items()}, 0
    for batch in batches:
        grads = gradient(params, batch)
        total, k = {name: total[name] + grads[name] for name in total}, k + 1
    if not k:
        raise ValueError("accumulate: there is no micro-batch")
    return {name: g / k for name, g in total.items()}


# -- the training ------------------------------------------------------------


def texts() -> tuple[Int[Array, " n"], Int[Array, "k m"]]:
    """The bytes of the corpus to learn, and rows of its last chapter.

    A row in four is kept: enough to measure by.
    """
    parts = corpus().split("CHAPTER XII", 1)
    learn, test = (
        np.frombuffer(part.encode(), dtype=np.uint8).astype(np.int64)
        for part in parts
    )
    rows = len(test) // (N + 1)
    return learn, np.reshape(test[: rows * (N + 1)], (rows, N + 1))[::4]


def batch_at(
    tokens: Int[Array, " n"], step: int, size: int, n: int
) -> Int[Array, "b m"]:
    """The batch of a step: it depends on the step and on nothing else."""
    check_sizes("batch_at", step=step, size=size)
    if not 0 <= n < len(tokens):
        raise ValueError(f"batch_at: n is {n}, of {len(tokens)} tokens")
    starts = np.random.default_rng([step, 11]).integers(
        len(tokens) - n, size=size
    )
    return tokens[starts[:, None] + np.arange(n + 1)]


def cram(
    d: int, steps: int, tokens: Int[Array, " n"]
) -> Iterator[tuple[Params, float]]:
    """A GPT of width d after each of the steps, and its loss before it.

    One cycle of the learning rate, as long as the run; gradients longer than
    1/2 are cut (Geiping and Goldstein 2023, §4.3).
    """
    check_sizes("cram", 1, d=d, steps=steps)
    h, peak, state = max(1, d // 16), 0.3 / d, None
    params = init_gpt(np.random.default_rng(0), V, N, d, h, LAYERS)
    for t in range(steps):
        batch = batch_at(tokens, t, SIZE, N)
        loss, grads = value_and_grad(gpt_loss)(params, batch, h)
        long = np.sqrt(sum(np.sum(g**2) for g in grads.values()))
        grads = {k: g * (0.5 / max(long, 0.5)) for k, g in grads.items()}
        rate = peak * triangle((t + 0.5) / steps)
        params, state = adam(params, grads, state, rate, beta_2=0.98)
        yield params, float(loss)


def curves(fixed: str) -> dict[int, Float[Array, "k 5"]]:
    """The runs of the book by width: step, tokens, FLOPs, loss, held-out loss.

    fixed is what all runs have the same of, "flops" or "tokens".
    """
    if fixed not in ("flops", "tokens"):
        raise ValueError('curves: what is fixed is "flops" or "tokens"')
    rows = defaultdict(list)
    with open(DATA / "cramming.csv", encoding="ascii", newline="") as file:
        for row in list(csv.reader(file))[1:]:
            rows[row[0], int(row[1])].append([float(x) for x in row[2:]])
    middle = WIDTHS[-2]  # its run is in both sets
    rows["tokens", middle] = rows["flops", middle]
    return {d: np.array(rows[fixed, d]) for d in WIDTHS}
