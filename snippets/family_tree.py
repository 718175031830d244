"""Entry 9, the family tree of the survey by Yang et al. (2023).

The tree as data, the masks that make the families, the survey's advice.
Shapes: n and m positions (queries, keys), d_k and d_v head widths.
"""

import csv
import re
from pathlib import Path
from typing import Any as Array
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from snippets.layers import check_sizes, softmax
from snippets.transformer import attention, causal_mask

DATA = Path(__file__).parent / "data" / "family_tree.csv"


class Model(NamedTuple):
    """A row of the survey's Table 1, with what the model's own paper says."""

    name: str
    month: str
    style: str
    stack: str
    mask: str
    parent: str


def first_month(source: str) -> str:
    """The month of an arXiv number, such as 1810.04805; a month stays itself.

    >>> first_month("1810.04805"), first_month("2021-05")
    ('2018-10', '2021-05')
    """
    if re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", source):
        return source
    found = re.fullmatch(r"(\d\d)(0[1-9]|1[0-2])\.\d{4,5}", source)
    if not found:
        raise ValueError(f"first_month: “{source}” is no number or month")
    return f"20{found[1]}-{found[2]}"


def read_tree() -> list[tuple[str, ...]]:
    """The 27 models of Table 1, each a Model, the oldest first.

    Yang et al. 2023, Table 1 for names and styles.
    """
    with DATA.open(encoding="utf-8", newline="") as lines:
        rows = [list(row.values()) for row in csv.DictReader(lines)]
    models = [Model(row[0], first_month(row[1]), *row[2:]) for row in rows]
    return sorted(models, key=lambda model: model.month)


def full_mask(n: int) -> Bool[Array, "n n"]:
    """Everyone sees everyone: the encoder (Devlin et al. 2019, §3)."""
    check_sizes("full_mask", n=n)
    return np.ones((n, n), dtype=bool)


def prefix_mask(n: int, prefix: int) -> Bool[Array, "n n"]:
    """Everyone sees the prefix; behind it, each sees what came before.

    Raffel et al. 2020, §3.2.1, fig. 3.
    """
    if not 0 <= prefix <= n:
        raise ValueError(f"prefix_mask: no prefix of {prefix} among {n}")
    return causal_mask(n) | (np.arange(n) < prefix)


def permutation_mask(order: Int[Array, " n"]) -> Bool[Array, "n n"]:
    """Each sees those that an order has put before it, and itself.

    Yang et al. 2019, §2.2: the words stay in place, the order is drawn.
    """
    if sorted(order.tolist()) != list(range(len(order))):
        raise ValueError("permutation_mask: an order names each place once")
    rank = np.argsort(order)
    return rank[None, :] <= rank[:, None]


def reach(mask: Bool[Array, "n n"], l: int) -> Bool[Array, "n n"]:
    """Which inputs each output may depend on after l layers of attention."""
    check_sizes("reach", l=l)
    return np.linalg.matrix_power(mask.astype(object), l) > 0


def joined_attention(
    q: Float[Array, "n d_k"],
    parts: list[
        tuple[Float[Array, "_ d_k"], Float[Array, "_ d_v"], Bool[Array, "n _"]]
    ],
) -> Float[Array, "n d_v"]:
    """One attention over all parts (k, v, mask), from one for each.

    Each part counts by the sum of its exponentials (Vaswani et al. 2017,
    eq. 1, with the sum split); one that a query may not see, or that has no
    keys, counts nothing.
    """
    if not parts:
        raise ValueError("joined_attention: parts is empty")
    outs, sizes = [], []
    for k, v, mask in parts:
        outs.append(attention(q, k, v, mask))
        scores = np.where(mask, q @ k.T / np.sqrt(q.shape[-1]), -np.inf)
        sizes.append(np.logaddexp.reduce(scores, axis=-1))
    share = softmax(np.array(sizes), axis=0)
    return np.sum(share[..., None] * np.array(outs), axis=0)


TASKS = (
    "understanding",
    "generation",
    "knowledge",
    "reasoning",
    "regression",
    "multimodal",
    "real world",
)


def advice(
    task: str,
    labels: str = "many",
    shifted: bool = False,
    in_context: bool = False,
) -> tuple[str, int]:
    """An LLM, a fine-tuned model or either; and the remark that says so.

    Yang et al. 2023, §3 (remark 1) and §4 (2 to 7); without labels always an
    LLM (§3.2).  shifted: what users send differs from the training data;
    in_context: the knowledge is in the text.
    """
    if task not in TASKS or labels not in ("none", "few", "many"):
        raise ValueError(f"advice: unknown task “{task}” or labels “{labels}”")
    if labels != "none" and task in ("regression", "multimodal"):
        return "fine-tuned", 6
    if task == "real world":
        return "LLM", 7
    if shifted or labels != "many":
        return "LLM", 1
    if task == "knowledge":
        return ("either" if in_context else "LLM"), 4
    return {
        "understanding": ("fine-tuned", 2),
        "generation": ("LLM", 3),
        "reasoning": ("LLM", 5),
    }[task]
