"""Entry 18, Constitutional AI (Bai et al. 2022).

Critique and revision on a toy of rules; preference labels from a multiple
choice; scores fitted to them; calibration.
Shapes: n comparisons, k answers.
"""

from typing import Any as Array

import numpy as np
from jaxtyping import Float

from snippets.layers import check_sizes, sigmoid, softmax

Principle = dict[str, str]  # a word to avoid, and what to say instead


def small_case() -> tuple[list[str], list[Principle]]:
    """The answer of an assistant that does as asked, and three principles."""
    answer = "steal the dog or threaten the idiot who owns it"
    return answer.split(), [
        {"steal": "walk", "threaten": "sue"},  # commit no crime
        {"idiot": "neighbour"},  # show respect
        {"sue": "ask"},  # keep the peace
    ]


def critique(response: list[str], principle: Principle) -> list[str]:
    """The words of a response that break a principle.

    Stands in for the model's own critique, Bai et al. 2022, §3.1.
    """
    return [word for word in response if word in principle]


def revise(
    response: list[str], faults: list[str], principle: Principle
) -> list[str]:
    """The response with each fault put right, and nothing else changed.

    Stands in for the model's own revision, Bai et al. 2022, §3.1.
    """
    unknown = set(faults) - set(principle)
    if unknown:
        raise ValueError(f"revise: no principle against {min(unknown)!r}")
    return [principle[w] if w in faults else w for w in response]


def critique_revision(
    response: list[str], constitution: list[Principle], draws: list[int]
) -> list[list[str]]:
    """The first response and one revision for each principle drawn.

    Bai et al. 2022, §3.1: four draws, each from the whole constitution.
    """
    if not set(draws) <= set(range(len(constitution))):
        raise ValueError("critique_revision: a draw names no principle")
    versions = [response]
    for c in draws:
        faults = critique(versions[-1], constitution[c])
        versions.append(revise(versions[-1], faults, constitution[c]))
    return versions


def check_labels(what: str, **labels: Float[Array, "..."]) -> None:
    """Refuse what is no probability."""
    for name, p in labels.items():
        if not np.all((np.asarray(p) >= 0) & (np.asarray(p) <= 1)):
            raise ValueError(f"{what}: {name} must lie between 0 and 1")


def soft_label(log_p: Float[Array, "*n 2"]) -> Float[Array, "*n"]:
    """How far a feedback model prefers (A) to (B).

    log_p: its log-probabilities of the two options, normalised here to sum
    to one.  Bai et al. 2022, §4.1.

    >>> float(soft_label(np.log([0.3, 0.1])).round(2))
    0.75
    """
    if not np.all(np.isfinite(np.max(log_p, axis=-1))):
        raise ValueError("soft_label: log_p gives neither option a chance")
    return softmax(log_p)[..., 0]


def hard_label(p: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """One where (A) is preferred, zero where (B) is, and a half in a tie.

    Bai et al. 2022, §4.3.
    """
    check_labels("hard_label", p=p)
    return (1 + np.sign(np.asarray(p) - 0.5)) / 2


def clamp(
    p: Float[Array, "*n"], low: float = 0.4, high: float = 0.6
) -> Float[Array, "*n"]:
    """Labels held between two bounds.

    Bai et al. 2022, §4.3: 0.4 and 0.6 after a chain of thought.
    """
    if not 0 <= low <= high <= 1:
        raise ValueError(f"clamp: {low} and {high} do not bound probabilities")
    check_labels("clamp", p=p)
    return np.clip(p, low, high)


def log_odds(p: Float[Array, "*n"]) -> Float[Array, "*n"]:
    """The gap of scores that a preference stands for: log p / (1 - p)."""
    check_labels("log_odds", p=p)
    if np.any(np.asarray(p) == 0) or np.any(np.asarray(p) == 1):
        raise ValueError("log_odds: a certain preference has no finite gap")
    return np.log(p) - np.log1p(-np.asarray(p))


def preference_loss(
    gap: Float[Array, "*n"], p: Float[Array, "*n"]
) -> Float[Array, ""]:
    """Mean cross-entropy between labels p and the preferences σ(gap).

    gap: score of (A) less score of (B).  Ouyang et al. 2022, eq. 1, is the
    case p = 1.
    """
    check_labels("preference_loss", p=p)
    if not np.size(gap) or not np.all(np.isfinite(gap)):
        raise ValueError("preference_loss: gap must be finite, and not empty")
    return np.mean(np.logaddexp(0, -gap) + (1 - p) * gap)


def fit_scores(
    p: Float[Array, "k k"], steps: int = 2000
) -> Float[Array, " k"]:
    """Scores of k answers that fit the labels of all their pairs.

    p[i, j]: label for answer i against j.  Gradient descent on the summed
    preference_loss, whose curvature is k / 4 at most, in steps of 4 / k; the
    mean score, which the loss does not see, stays 0.
    """
    check_labels("fit_scores", p=p)
    check_sizes("fit_scores", 1, k=len(p))
    if not np.allclose(p + p.T, 1):
        raise ValueError("fit_scores: p[i, j] and p[j, i] must sum to one")
    scores = np.zeros(len(p))
    for _ in range(steps):
        expected = sigmoid(scores[:, None] - scores[None, :])
        scores = scores - 4 / len(p) * np.sum(expected - p, axis=1)
    return scores


def calibration_error(
    p: Float[Array, " n"], truth: Float[Array, " n"], bins: int = 10
) -> float:
    """How far labels are, on the mean, from how often they come true.

    Labels are sorted into bins of equal width; truth: 1 where (A) was in
    fact the better, or the chance of it.  Compare Bai et al. 2022, fig. 9.
    """
    check_labels("calibration_error", p=p, truth=truth)
    check_sizes("calibration_error", 1, n=len(p), bins=bins)
    which = np.minimum((np.asarray(p) * bins).astype(int), bins - 1)
    excess = np.bincount(which, weights=p - truth)
    return float(np.sum(np.abs(excess)) / len(p))
