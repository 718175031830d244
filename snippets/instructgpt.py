"""Entry 17, InstructGPT (Ouyang et al. 2022).

Supervised fine-tuning, the reward model, the objective of PPO-ptx; a task
that the tiny model of entry 7 can learn; win rates, compute, regressions.
Shapes: b answers, n tokens of prompt and answer, t of the answer alone,
k ranked answers to one prompt.  In a batch of unequal lengths real is True at
tokens and False at padding, before a prompt or behind an answer.
"""

from pathlib import Path
from typing import Any
from typing import Any as Array

import autograd.numpy as np
from jaxtyping import Bool, Float, Int

from snippets.gpt import Merges, encode, gpt, hidden
from snippets.layers import (
    Params,
    all_real,
    last,
    log_softmax,
    n_layers,
    picked,
    sigmoid,
)

DATA = Path(__file__).parent / "data"

# -- step 1: supervised fine-tuning ------------------------------------------


def token_log_probs(
    params: Params,
    tokens: Int[Array, "*b n"],
    start: int,
    h: int,
    real: Bool[Array, "*b n"] | None = None,
) -> Float[Array, "*b t"]:
    """log pi(y_t | x, y_<t) of each token from position start on.

    All answers start there, so short prompts are padded on the left; 0 for
    what is padding.
    """
    real = all_real(tokens, real)
    if not 0 < start < tokens.shape[-1]:
        raise ValueError(f"token_log_probs: no answer starts at {start}")
    if not np.all(real[..., start - 1]):
        raise ValueError("token_log_probs: real has a prompt end before start")
    logits = gpt(params, tokens[..., :-1], h, real[..., :-1])
    log_p = log_softmax(logits[..., start - 1 :, :])
    return np.where(real[..., start:], picked(log_p, tokens[..., start:]), 0.0)


def mean_real(
    x: Float[Array, "..."], real: Bool[Array, "..."] | None = None
) -> Float[Array, ""]:
    """The mean of what is real, each number counted once."""
    real = np.ones(np.shape(x), dtype=bool) if real is None else real
    if not np.any(real):
        raise ValueError("mean_real: real holds nothing, which has no mean")
    return np.sum(np.where(real, x, 0.0)) / np.sum(real)


def sft_loss(
    params: Params,
    tokens: Int[Array, "*b n"],
    start: int,
    h: int,
    real: Bool[Array, "*b n"] | None = None,
) -> Float[Array, ""]:
    """Mean surprise at the tokens of the demonstrations, prompts left out.

    Ouyang et al. 2022, §3.5, supervised fine-tuning.
    """
    log_p = token_log_probs(params, tokens, start, h, real)
    return -mean_real(log_p, all_real(tokens, real)[..., start:])


# -- step 2: the reward model ------------------------------------------------


def comparisons(k: int) -> Int[Array, "pairs 2"]:
    """All pairs (better, worse) among k answers given from best to worst.

    Ouyang et al. 2022, §3.5: K choose 2.
    """
    if k < 2:
        raise ValueError("comparisons: a ranking needs at least two answers")
    return np.stack(np.triu_indices(k, 1), axis=-1)


def reward_loss(
    r_w: Float[Array, "*b"], r_l: Float[Array, "*b"]
) -> Float[Array, ""]:
    """Mean of -log sigma(r_w - r_l): surprise that w was preferred to l.

    Ouyang et al. 2022, eq. 1.
    """
    if not np.all(np.isfinite(r_w) & np.isfinite(r_l)):
        raise ValueError("reward_loss: r_w and r_l must be finite")
    return mean_real(np.logaddexp(0.0, r_l - r_w))


def ranking_loss(r: Float[Array, "*b k"]) -> Float[Array, ""]:
    """The loss of all pairs of k rewards, given from best answer to worst.

    Ouyang et al. 2022, eq. 1: every prompt is one element of the batch.
    """
    pairs = comparisons(r.shape[-1])
    return reward_loss(r[..., pairs[:, 0]], r[..., pairs[:, 1]])


def reward(
    params: Params,
    tokens: Int[Array, "*b n"],
    h: int,
    real: Bool[Array, "*b n"] | None = None,
) -> Float[Array, "*b"]:
    """One number for prompt and answer, read off the last token's state.

    Ouyang et al. 2022, §3.5: the matrix that made logits is gone; the bias
    gives demonstrations a mean reward of 0.
    """
    states = hidden(params, tokens, h, real)
    ends = last(states, all_real(tokens, real))
    return ends @ params["w_r"] - params["b_r"]


def last_layer(params: Params) -> Params:
    """The last feed-forward layer and normalisation: what we go on training.

    All the rest of the SFT model is shared by the reward model and PPO.
    """
    mine = f"b{n_layers(params) - 1}."
    names = [mine + w for w in ("w_1", "b_1", "w_2", "b_2")]
    return {k: params[k] for k in [*names, "lnf_gain", "lnf_bias"]}


def win_rate(r_a: float, r_b: float) -> float:
    """How often a is preferred to b, if rewards are log odds.

    Bradley and Terry's model, as Ouyang et al. 2022, §3.5, use it.
    """
    if np.isnan(r_a - r_b):
        raise ValueError("win_rate: r_a and r_b are no numbers to compare")
    return float(sigmoid(np.asarray(r_a - r_b)))


def log_odds(wins: float) -> float:
    """The difference in reward that explains a rate of wins.

    The inverse of win_rate(_, 0).
    """
    if not 0 < wins < 1:
        raise ValueError(f"log_odds: {wins} is not between 0 and 1")
    return float(np.log(wins / (1 - wins)))


# -- step 3: reinforcement learning ------------------------------------------


def token_rewards(
    r: Float[Array, "*b"],
    log_p: Float[Array, "*b t"],
    log_p_sft: Float[Array, "*b t"],
    beta: float,
    real: Bool[Array, "*b t"] | None = None,
) -> Float[Array, "*b t"]:
    """What each token earns: -beta times its log ratio; the last also r.

    Ouyang et al. 2022, §3.5: a KL penalty at each token.  Padding earns 0.
    """
    real = all_real(log_p, real)
    if not np.all(np.any(real, axis=-1)):
        raise ValueError("token_rewards: real leaves an answer no token")
    to_come = np.flip(np.cumsum(np.flip(real, -1), -1), -1)
    ratio = np.where(real, log_p - log_p_sft, 0.0)
    return (real & (to_come == 1)) * r[..., None] - beta * ratio


def ptx_objective(
    r: Float[Array, "*b"],
    log_p: Float[Array, "*b t"],
    log_p_sft: Float[Array, "*b t"],
    beta: float,
    pretraining: float = 0.0,
    gamma: float = 0.0,
    real: Bool[Array, "*b t"] | None = None,
) -> Float[Array, ""]:
    """Reward, less the KL penalty, plus gamma times what pretraining wants.

    Ouyang et al. 2022, eq. 2; pretraining is the mean of log pi(x) there.
    gamma = 0 is PPO, gamma > 0 is PPO-ptx.
    """
    ratio = np.where(all_real(log_p, real), log_p - log_p_sft, 0.0)
    penalty = beta * np.sum(ratio, axis=-1)
    return mean_real(r - penalty) + gamma * pretraining


# -- a task for the tiny model -----------------------------------------------

WORDS = (
    "Alice Queen Turtle little thing very again down thought know look time"
)
PROMPT, ANSWER = 8, 6  # tokens of each
WORD, TIMES = 2, 4  # which tokens of a prompt are its word and its number


def instruction(word: str, times: int) -> str:
    """What the tiny model is told to do."""
    return f"Say {word} {times} times:"


def prompts(merges: Merges, held_out: bool) -> Int[Array, "b n"]:
    """All instructions to train on, or those that no training sees.

    Of each word one number from 1 to 4 is held out.
    """
    chosen = [
        encode(instruction(word, times), merges)
        for i, word in enumerate(WORDS.split())
        for times in range(1, 5)
        if (times == i % 4 + 1) == held_out
    ]
    if any(len(prompt) != PROMPT for prompt in chosen):
        raise ValueError("prompts: merges must be those of the tiny model")
    return np.array(chosen)


def asked(prompt: Int[Array, " n"]) -> tuple[int, int]:
    """The token of the word that a prompt asks for, and how many times."""
    if len(prompt) != PROMPT:
        raise ValueError(f"asked: prompt has {len(prompt)} tokens, not 8")
    return int(prompt[WORD]), int(prompt[TIMES]) - ord("0")


def answer(word: int, times: int) -> list[int]:
    """A word so many times, a full stop, and ends of lines."""
    if not 1 <= times < ANSWER:
        raise ValueError(f"answer: times is {times}, not 1 to {ANSWER - 1}")
    said = [word] * times + [ord(".")]
    return said + [ord("\n")] * (ANSWER - len(said))


def demonstrate(
    x: Int[Array, "b n"], errors: float, rng: np.random.Generator
) -> Int[Array, "b m"]:
    """Prompts and answers by someone who miscounts by one at that rate.

    One less than one is five: an answer has at least one word.
    """
    if not 0 <= errors <= 1:
        raise ValueError(f"demonstrate: errors is {errors}, and no rate")
    wrong = rng.random(len(x)) < errors
    off = wrong * rng.choice([-1, 1], size=len(x))
    y = np.empty((len(x), ANSWER), dtype=int)
    for i, prompt in enumerate(x):
        word, times = asked(prompt)
        said = (times + int(off[i]) - 1) % (ANSWER - 1) + 1
        y[i] = answer(word, said)
    return np.concatenate([x, y], axis=-1)


def mistakes(tokens: Int[Array, "b n"]) -> Int[Array, "b"]:
    """The rule of the preferences: by how many an answer is out of count.

    Anything but the word asked for, a full stop and ends of lines is 5.
    """
    out = np.full(len(tokens), 5)
    for i, row in enumerate(tokens):
        word, times = asked(row[:PROMPT])
        for said in range(1, ANSWER):
            if row[PROMPT:].tolist() == answer(word, said):
                out[i] = abs(said - times)
    return out


def preferences(
    tokens: Int[Array, "b n"], k: int
) -> tuple[Int[Array, " p"], Int[Array, " p"]]:
    """Rows of the better and the worse answer; k rows share a prompt.

    Fewer mistakes are better, and ties are dropped, as by Ouyang et al.
    2022, app. C.2.
    """
    out = mistakes(tokens)
    if k < 2 or len(out) % k:
        raise ValueError(f"preferences: k is {k}, and {len(out)} the answers")
    a, b = np.reshape(np.arange(len(out)), (-1, k))[:, comparisons(k)].T
    a, b = np.reshape(a, -1), np.reshape(b, -1)
    w, l = np.where(out[a] <= out[b], a, b), np.where(out[a] <= out[b], b, a)
    differ = out[w] != out[l]
    if not np.any(differ):
        raise ValueError("preferences: all answers are equally good")
    return w[differ], l[differ]


def load_aligned() -> dict[str, Any]:
    """What the three steps made of the tiny model: sft, reward and ppo.

    And history and loose (reward, mistakes and KL of each iteration, on a
    leash and nearly without), hacked (answers at the end without), merges, h.
    """
    with np.load(DATA / "rlhf.npz") as stored:
        arrays = {k: stored[k] for k in stored}
    out = {k: arrays.pop(k) for k in ("history", "loose", "hacked")}
    out["hacked"] = out["hacked"].astype(int)
    out["merges"] = [(int(a), int(b)) for a, b in arrays.pop("merges")]
    out["h"] = int(arrays.pop("h"))
    for name in ("sft", "reward", "ppo"):
        part = {k: v for k, v in arrays.items() if k.startswith(f"{name}.")}
        own = {k[len(name) + 1 :]: v.astype(float) for k, v in part.items()}
        out[name] = out.get("sft", {}) | own
    return out


# -- what the paper prints ---------------------------------------------------


def petaflop_days(operations: float) -> float:
    """Days of a machine that does 10^15 operations a second.

    Ouyang et al. 2022, §5.1, count so.
    """
    if operations < 0:
        raise ValueError("petaflop_days: operations is negative")
    return operations / (1e15 * 24 * 3600)


def recovered(gpt: float, ppo: float, ptx: float) -> float:
    """What share of a regression the mixed-in pretraining gives back.

    Ouyang et al. 2022, §4.2 and Table 14.
    """
    if gpt == ppo:
        raise ValueError("recovered: there is no regression to recover from")
    return (ptx - ppo) / (gpt - ppo)


def nearest_share(per_cent: float, n: int) -> float:
    """The share of n people that is nearest, in per cent to one decimal."""
    if n < 1:
        raise ValueError("nearest_share: at least one must have answered")
    if not 0 <= per_cent <= 100:
        raise ValueError(f"nearest_share: per_cent is {per_cent}")
    return round(100 * round(per_cent * n / 100) / n, 1)
