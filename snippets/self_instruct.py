"""Entry 19, Self-Instruct (Wang et al. 2023).

ROUGE-L (Lin 2004) and the gate that it guards; the pool that grows from what
a model writes; inputs first or outputs first; the filter of instances.
"""

import re
from bisect import bisect_left
from collections.abc import Callable
from itertools import pairwise
from string import punctuation
from typing import Any as Array
from unicodedata import category

import numpy as np
from jaxtyping import Float

from snippets.layers import check_sizes

# Instructions that a model without eyes cannot follow, Wang et al. 2023, §2.2.
UNFIT = {"image", "images", "picture", "pictures", "graph", "graphs"}

# Wang et al. 2023, Fig. 6: answers to 252 instructions rated A (right and
# satisfying), B (acceptable, with small faults), C (to the point, but with
# errors) and D (beside the point).
FIGURE_6 = {
    "GPT3": (1, 0, 64, 187),
    "GPT3 + T0 Training": (44, 31, 59, 118),
    "GPT3 + SuperNI Training": (74, 30, 80, 68),
    "GPT3 Self-Inst + SuperNI": (83, 54, 84, 31),
    "GPT3 Self-Inst": (112, 49, 66, 25),
    "InstructGPT 001": (128, 45, 61, 18),
    "InstructGPT 002": (168, 40, 34, 10),
    "InstructGPT 003": (192, 30, 28, 2),
}

# Instructions of ours, for the toy.
SEEDS = [
    "Write a short poem about the sea in winter.",
    "List three reasons to visit the city in the spring.",
    "Translate the sentence about the weather into French.",
    "Decide whether the review of the film is positive or negative.",
    "Explain the rules of chess to a child.",
    "Summarise the article about the election in one sentence.",
    "Find the mistake in the proof and explain it to a student.",
    "Suggest a name for a shop that sells old books.",
    "Sort the list of numbers in descending order.",
    "Tell whether the sentence is grammatical or not.",
]

Pair = tuple[str, str]


def words(text: str) -> list[str]:
    """Runs of letters, marks and digits of any script, in lower case.

    A script that puts no spaces between its words has long ones.
    """
    kept = (c if category(c)[0] in "LMN" else " " for c in text.lower())
    return "".join(kept).split()


def ascii_words(text: str) -> list[str]:
    """The same of ASCII alone, as Google's rouge-score cuts a text."""
    return re.findall("[a-z0-9]+", text.lower())


def lcs(a: list[str], b: list[str]) -> int:
    """Length of the longest common subsequence.

    Lin 2004, §3: in the same order, but not side by side.  ends[k] is the
    leftmost place in b where a common subsequence of length k + 1 can end.
    The places of a word are taken from the right, so that it counts once.
    """
    ends: list[int] = []
    for x in a:
        for j in reversed([j for j, y in enumerate(b) if x == y]):
            k = bisect_left(ends, j)
            ends[k : k + 1] = [j]
    return len(ends)


def rouge_l(
    candidate: str,
    reference: str,
    cut: Callable[[str], list[str]] = words,
) -> float:
    """Harmonic mean of the shares of both texts that lie in their LCS.

    Lin 2004, §3.1, with precision and recall weighed alike; 0 without words.

    >>> round(rouge_l("police kill the gunman", "police killed the gunman"), 2)
    0.75
    """
    a, b = cut(candidate), cut(reference)
    common = lcs(a, b)
    if common == 0:
        return 0.0
    precision, recall = common / len(a), common / len(b)
    return 2 * precision * recall / (precision + recall)


def is_novel(text: str, pool: list[str], threshold: float = 0.7) -> bool:
    """Whether every text of the pool is less alike than the threshold.

    Wang et al. 2023, §2.2, filtering.
    """
    return all(rouge_l(text, other) < threshold for other in pool)


def is_fit(text: str) -> bool:
    """Whether an instruction is neither too short, too long nor of pictures.

    Wang et al. 2023, §2.2, filtering; the lengths are those of their code.
    """
    return 3 < len(text.split()) <= 150 and not UNFIT & set(words(text))


def begins_well(text: str) -> bool:
    """Whether it begins in ASCII, and with no punctuation.

    The code of Wang et al. asks for it; the paper does not say so.
    """
    return text[:1].isascii() and text[:1] not in punctuation


def sample_prompt(
    rng: np.random.Generator, human: list[str], machine: list[str]
) -> list[str]:
    """Eight instructions to show the model: six of people, two of its own.

    Wang et al. 2023, §2.2; while it has written fewer than two, people's
    fill the places, as in the code.
    """
    own = min(2, len(machine))
    if len(human) < 8 - own:
        raise ValueError(f"sample_prompt: {len(human)} seeds are too few")
    shown = list(rng.choice(machine, own, replace=False)) if own else []
    shown += list(rng.choice(human, 8 - own, replace=False))
    return [str(text) for text in rng.permutation(shown)]


def bigram_writer(rng: np.random.Generator, prompt: list[str]) -> str:
    """A text whose every pair of neighbours stands in the prompt.

    The smallest language model that learns from its context: it begins as
    one of the examples does and goes on with a word that followed, until it
    comes to an end.
    """
    if not prompt:
        raise ValueError("bigram_writer: prompt holds no text to learn from")
    follow: dict[str, list[str]] = {}
    for text in prompt:
        chain = ["", *text.lower().split(), ""]
        for word, after in pairwise(chain):
            follow.setdefault(word, []).append(after)
    written = [str(rng.choice(follow[""]))]
    while written[-1] and len(written) < 200:
        written.append(str(rng.choice(follow[written[-1]])))
    return " ".join(written).strip()


def bootstrap(
    rng: np.random.Generator,
    human: list[str],
    write: Callable[[np.random.Generator, list[str]], str],
    rounds: int,
) -> tuple[list[str], list[bool]]:
    """What the model adds to the pool, and which of its texts got in.

    Wang et al. 2023, §2.2 and fig. 2: prompt, write, filter, again.
    """
    check_sizes("bootstrap", rounds=rounds)
    machine, admitted = [], []
    for _ in range(rounds):
        text = write(rng, sample_prompt(rng, human, machine))
        good = is_fit(text) and is_novel(text, human + machine)
        admitted.append(good)
        machine += [text] * good
    return machine, admitted


def check_joint(joint: Float[Array, "x y"]) -> None:
    """Refuse what are no probabilities of all pairs."""
    if np.any(joint < 0) or not np.isclose(joint.sum(), 1):
        raise ValueError("joint: not probabilities that sum to one")


def input_first(
    rng: np.random.Generator, joint: Float[Array, "x y"], n: int
) -> list[tuple[int, int]]:
    """n instances: an input as the model likes to write it, then its label.

    joint: the model's probabilities of inputs with labels.  Wang et al.
    2023, §2.2, for tasks that are no classification.
    """
    check_joint(joint)
    check_sizes("input_first", n=n)
    total = joint.sum(axis=1)
    inputs = rng.choice(len(joint), n, p=total / total.sum())
    return [
        (int(x), int(rng.choice(len(joint[x]), p=joint[x] / total[x])))
        for x in inputs
    ]


def output_first(
    rng: np.random.Generator, joint: Float[Array, "x y"], n: int
) -> list[tuple[int, int]]:
    """n instances: the labels in turn, and for each an input that fits it.

    Wang et al. 2023, §2.2, for classification.
    """
    check_joint(joint)
    check_sizes("output_first", n=n)
    if not np.all(joint.sum(axis=0) > 0):
        raise ValueError("output_first: a label that no input has")
    given = joint / joint.sum(axis=0)
    labels = np.arange(n) % joint.shape[1]
    return [
        (int(rng.choice(len(given), p=given[:, y])), int(y)) for y in labels
    ]


def filter_instances(pairs: list[Pair]) -> list[Pair]:
    """Each input once, and only if it came with a single output.

    Wang et al. 2023, §2.2, filtering.
    """
    outputs: dict[str, set[str]] = {}
    for given, output in pairs:
        outputs.setdefault(given, set()).add(output)
    return [(x, *ys) for x, ys in outputs.items() if len(ys) == 1]
