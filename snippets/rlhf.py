"""Reinforcement learning from human feedback: what the list points to.

Advantages, PPO's objectives and their leash (Schulman et al. 2016, 2017);
the closed form that PPO and DPO both seek (Rafailov et al. 2023); best of n
and over-optimisation (Gao et al. 2023); PPO on the tiny model.
Shapes: b episodes, t steps, x prompts, y answers, p pairs, n samples.  In a
batch of unequal lengths real is True at steps and False at padding.
"""

from typing import Any
from typing import Any as Array

import autograd.numpy as np
from autograd import value_and_grad
from jaxtyping import Bool, Float, Int

from snippets.gpt import adam, generate, hidden
from snippets.instructgpt import (
    mean_real,
    mistakes,
    reward_loss,
    token_log_probs,
    token_rewards,
)
from snippets.layers import (
    Params,
    all_real,
    check_ids,
    check_sizes,
    softmax,
)

# -- advantages --------------------------------------------------------------


def n_step_advantages(
    r: Float[Array, "*b t"],
    v: Float[Array, "*b t1"],
    gamma: float,
    real: Bool[Array, "*b t"] | None = None,
) -> Float[Array, "*b t"]:
    """Discounted rewards to the end and the last value, less the value now.

    Mnih et al. 2016, §4; Schulman et al. 2017, eq. 10.
    """
    check_values(r, v, gamma=gamma)
    real, out, total = all_real(r, real), [], v[..., -1]
    for i in reversed(range(r.shape[-1])):
        here = real[..., i]
        total = np.where(here, r[..., i] + gamma * total, v[..., i])
        out.append(np.where(here, total - v[..., i], 0.0))
    return np.stack(out[::-1], axis=-1)


def td_errors(
    r: Float[Array, "*b t"],
    v: Float[Array, "*b t1"],
    gamma: float,
    real: Bool[Array, "*b t"] | None = None,
) -> Float[Array, "*b t"]:
    """How much better a step went than expected.

    Schulman et al. 2017, eq. 12.
    """
    check_values(r, v, gamma=gamma)
    better = r + gamma * v[..., 1:] - v[..., :-1]
    return np.where(all_real(r, real), better, 0.0)


def gae(
    r: Float[Array, "*b t"],
    v: Float[Array, "*b t1"],
    gamma: float,
    lam: float,
    real: Bool[Array, "*b t"] | None = None,
) -> Float[Array, "*b t"]:
    """All that came better than expected, by how soon it came.

    Schulman et al. 2017, eq. 11; Schulman et al. 2016, eq. 16.
    """
    check_values(r, v, gamma=gamma, lam=lam)
    delta, real = td_errors(r, v, gamma, real), all_real(r, real)
    out, total = [], 0.0
    for i in reversed(range(r.shape[-1])):
        total = real[..., i] * (delta[..., i] + gamma * lam * total)
        out.append(total)
    return np.stack(out[::-1], axis=-1)


def check_values(r: Array, v: Array, **shares: float) -> None:
    """One value for each state, the one after the last step too.

    There it is 0 if nothing can follow.  Discounts are shares.
    """
    if v.shape[-1] != r.shape[-1] + 1:
        raise ValueError(
            f"advantages: {r.shape[-1]} rewards need one value more, "
            f"not {v.shape[-1]}"
        )
    check_sizes("advantages", 1, steps=r.shape[-1])
    for name, share in shares.items():
        if not 0 <= share <= 1:
            raise ValueError(f"advantages: {name} must be between 0 and 1")


# -- PPO ---------------------------------------------------------------------


def policy_gradient(
    logits: Float[Array, "b y"],
    actions: Int[Array, " b"],
    advantages: Float[Array, " b"],
) -> Float[Array, "b y"]:
    """The mean of advantage times grad log pi(action), by the logits.

    Schulman et al. 2017, eq. 1, for a softmax policy.
    """
    check_ids("policy_gradient: actions", actions, logits.shape[-1])
    check_sizes("policy_gradient", 1, actions=len(actions))
    slopes = np.eye(logits.shape[-1])[actions] - softmax(logits)
    return slopes * advantages[:, None] / len(actions)


def ppo_clip(
    ratio: Float[Array, "*b"],
    advantages: Float[Array, "*b"],
    eps: float = 0.2,
) -> Float[Array, "*b"]:
    """min(rho A, clip(rho, 1 - eps, 1 + eps) A) for each ratio rho.

    Schulman et al. 2017, eq. 7, before the mean.
    """
    if eps <= 0:
        raise ValueError("ppo_clip: eps must be positive")
    clipped = np.clip(ratio, 1 - eps, 1 + eps)
    return np.minimum(ratio * advantages, clipped * advantages)


def doubling(beta: float, d: float, target: float) -> float:
    """PPO's next KL coefficient: halved or doubled when d leaves the band.

    Schulman et al. 2017, §4.
    """
    check_target(target)
    if d < target / 1.5:
        return beta / 2
    return 2 * beta if d > 1.5 * target else beta


def proportional(
    beta: float, d: float, target: float, k: float = 0.1
) -> float:
    """The next KL coefficient of Ziegler et al. 2019, §2.2."""
    check_target(target)
    error = float(np.clip((d - target) / target, -0.2, 0.2))
    return beta * (1 + k * error)


def check_target(target: float) -> None:
    """A KL to come near to."""
    if target <= 0:
        raise ValueError(
            f"target: a KL to aim at must be positive, not {target}"
        )


# -- the closed form ---------------------------------------------------------


def kl(p: Float[Array, "*b y"], q: Float[Array, "*b y"]) -> Float[Array, "*b"]:
    """KL(p || q): the mean under p of log p / q; 0 log 0 is 0."""
    if np.any((p > 0) & (q <= 0)):
        raise ValueError("kl: p allows what q forbids, so it is infinite")
    safe = np.where(p > 0, p, 1.0)
    return np.sum(p * np.log(safe / np.where(p > 0, q, 1.0)), axis=-1)


def leashed_reward(
    pi: Float[Array, "*b y"],
    ref: Float[Array, "*b y"],
    r: Float[Array, "*b y"],
    beta: float,
) -> Float[Array, "*b"]:
    """J: the mean reward, less beta times the KL from the reference.

    Ouyang et al. 2022, eq. 2 with gamma = 0; Rafailov et al. 2023, eq. 3.
    """
    return np.sum(pi * r, axis=-1) - beta * kl(pi, ref)


def optimum(
    ref: Float[Array, "*b y"], r: Float[Array, "*b y"], beta: float
) -> tuple[Float[Array, "*b y"], Float[Array, "*b"]]:
    """pi* = ref exp(r / beta) / Z, and log Z.

    Rafailov et al. 2023, eq. 4.
    """
    if beta <= 0:
        raise ValueError("optimum: beta must be positive")
    if not np.all(np.any(ref > 0, axis=-1)):
        raise ValueError("optimum: ref allows no answer")
    r = np.where(ref > 0, r, -np.inf)
    top = np.max(r, axis=-1, keepdims=True)
    weight = ref * np.exp((r - top) / beta)
    z = np.sum(weight, axis=-1, keepdims=True)
    return weight / z, np.log(z[..., 0]) + top[..., 0] / beta


def dpo_loss(
    log_w: Float[Array, "*p"],
    log_l: Float[Array, "*p"],
    ref_w: Float[Array, "*p"],
    ref_l: Float[Array, "*p"],
    beta: float,
) -> Float[Array, ""]:
    """The reward model's loss, with beta log(pi / ref) for the reward.

    Rafailov et al. 2023, eq. 7; w was preferred to l.
    """
    return reward_loss(beta * (log_w - ref_w), beta * (log_l - ref_l))


# -- the whole loop, in a table ----------------------------------------------


def rank_answers(
    r: Float[Array, " y"], k: int, n: int, rng: np.random.Generator
) -> Int[Array, "n k"]:
    """n rankings, best first, of k answers drawn at random.

    Each place goes to one of those left with chances softmax(r), so that r
    are log odds.  To sort r plus noise draws so if the noise is Gumbel's,
    -log(-log u) with u between 0 and 1.
    """
    if not 2 <= k <= len(r):
        raise ValueError(f"rank_answers: no {k} of {len(r)} answers to rank")
    check_sizes("rank_answers", n=n)
    drawn = np.argsort(rng.random((n, len(r))), axis=-1)[:, :k]
    noisy = r[drawn] + rng.gumbel(size=(n, k))
    return np.take_along_axis(drawn, np.argsort(-noisy, axis=-1), axis=-1)


def ppo_table(
    ref: Float[Array, "x y"],
    r: Float[Array, "x y"],
    beta: float,
    steps: int,
    rng: np.random.Generator,
    lr: float = 1.0,
    batch: int = 512,
) -> tuple[Float[Array, "x y"], Float[Array, "steps x y"]]:
    """The policy that PPO finds by sampling, and its way there.

    Each batch is cut into 8 minibatches, used once, with a clip at 0.2, as
    in Ouyang et al. 2022, app. C.4; the value of a prompt is its mean.
    """
    check_table(ref, steps, batch)
    theta, way = np.log(ref), []
    for step in range(steps):
        pi = softmax(theta)
        x = rng.integers(len(ref), size=batch)
        below = np.cumsum(pi[x], -1) < rng.random((batch, 1))
        y = np.minimum(np.sum(below, -1), ref.shape[-1] - 1)
        got = r - beta * np.log(pi / ref)
        adv = (got - np.sum(pi * got, -1, keepdims=True))[x, y]
        rate = lr * (1 - step / steps)
        for part in np.reshape(np.arange(batch), (8, -1)):
            theta = clip_step(theta, pi, x[part], y[part], adv[part], rate)
        way.append(softmax(theta))
    return softmax(theta), np.stack(way)


def check_table(ref: Float[Array, "x y"], steps: int, batch: int) -> None:
    """Refuse what ppo_table cannot draw from, or cut into 8."""
    check_sizes("ppo_table", 1, steps=steps, x=len(ref), y=ref.shape[-1])
    if batch < 8 or batch % 8:
        raise ValueError(f"ppo_table: 8 minibatches do not divide {batch}")
    if np.any(ref <= 0):
        raise ValueError("ppo_table: ref must allow every answer")


def clip_step(
    theta: Float[Array, "x y"],
    old: Float[Array, "x y"],
    x: Int[Array, " b"],
    y: Int[Array, " b"],
    adv: Float[Array, " b"],
    rate: float,
) -> Float[Array, "x y"]:
    """One step up the clipped objective; its slope is 0 where it is flat."""
    check_ids("clip_step: x", x, len(theta))
    check_ids("clip_step: y", y, theta.shape[-1])
    if np.any(old[x, y] <= 0):
        raise ValueError("clip_step: old must allow every answer y")
    ratio = softmax(theta)[x, y] / old[x, y]
    flat = np.where(adv > 0, ratio > 1.2, ratio < 0.8)
    slopes = policy_gradient(theta[x], y, adv * ratio * ~flat)
    where = np.eye(len(theta))[x]
    return theta + rate * where.T @ slopes * len(theta)


# -- best of n, and too much of it -------------------------------------------


def best_of_n(p: Float[Array, " y"], n: int) -> Float[Array, " y"]:
    """Chances of the best of n draws; p goes from the best answer down."""
    if n < 1:
        raise ValueError("best_of_n: at least one answer must be drawn")
    if np.any(p < 0) or not np.isclose(np.sum(p), 1):
        raise ValueError("best_of_n: p must be chances that sum to one")
    worse = 1 - np.concatenate([np.zeros(1), np.cumsum(p)])
    tail = np.maximum(worse, 0) ** n
    return tail[:-1] - tail[1:]


def best_of_n_kl(n: int) -> float:
    """KL of the best of n from one draw, if no two are equal.

    log n - (n - 1) / n; Gao et al. 2023, §2, from Stiennon et al. 2020,
    app. G.3.
    """
    if n < 1:
        raise ValueError("best_of_n_kl: at least one answer must be drawn")
    return float(np.log(n) - (n - 1) / n)


def tilted_gold(
    w: Float[Array, " k"],
    a: Float[Array, " k"],
    c: Float[Array, "k k"],
    beta: float,
) -> tuple[float, float]:
    """d = sqrt(KL) and the gold gain, optimising a proxy in closed form.

    Reference N(0, I), proxy w.z, gold a.z - z C z / 2: the optimum is the
    reference moved by w / beta.
    """
    if beta <= 0:
        raise ValueError("tilted_gold: beta must be positive")
    shift = w / beta
    d = float(np.sqrt(shift @ shift / 2))
    return d, float(a @ shift - shift @ c @ shift / 2)


# -- PPO on the tiny model ---------------------------------------------------

CLIP, LAMBDA = 0.2, 0.95


def rollout(
    policy: Params,
    sft: Params,
    judge: Params,
    x: Int[Array, "b n"],
    t: int,
    h: int,
    beta: float,
    rng: np.random.Generator,
    real: Bool[Array, "b n"] | None = None,
) -> dict[str, Any]:
    """Answers drawn from the policy, what they earn, and their advantages.

    Prompts may be padded on the left, answers all have t tokens.  The values
    are read off the states of the reward model; lambda is 0.95.
    """
    n, tokens = x.shape[-1], generate(policy, x, t, h, rng, real=real)
    more = [(0, 0), (0, tokens.shape[-1] - n)]
    real = np.pad(all_real(x, real), more, constant_values=True)
    given = tokens, n, h, real
    log_p, log_sft = (token_log_probs(p, *given) for p in (policy, sft))
    states = hidden(judge, tokens, h, real)
    r = states[:, -1] @ judge["w_r"] - judge["b_r"]
    v = states[:, n - 1 : -1] @ judge["w_v"] - judge["b_v"]
    v = np.concatenate([v, np.zeros((len(x), 1))], axis=-1)
    earned = token_rewards(r, log_p, log_sft, beta)
    out = {"tokens": tokens, "real": real, "r": r}
    out |= {"log_p": log_p, "log_sft": log_sft}
    out |= {"states": states[:, n - 1 : -1], "v": v, "earned": earned}
    return out | {"adv": gae(earned, v, 1.0, LAMBDA)}


def ppo_loss(
    part: Params,
    policy: Params,
    tokens: Int[Array, "b n"],
    log_p: Float[Array, "b t"],
    adv: Float[Array, "b t"],
    h: int,
    real: Bool[Array, "b n"] | None = None,
) -> Float[Array, ""]:
    """Minus the mean of the clipped objective, with eps = 0.2.

    The batch is fixed, and part is what may move of the policy.
    """
    start = tokens.shape[-1] - adv.shape[-1]
    new = token_log_probs({**policy, **part}, tokens, start, h, real)
    answer = all_real(tokens, real)[:, start:]
    ratio = np.exp(np.where(answer, new - log_p, 0.0))
    return -mean_real(ppo_clip(ratio, adv, CLIP), answer)


def standardised(x: Float[Array, "..."]) -> Float[Array, "..."]:
    """Numbers with mean 0 and variance 1; equal ones have none to give."""
    if not x.size or not 0 < np.ptp(x) < np.inf or np.std(x) == 0:
        raise ValueError("standardised: x has no spread to divide by")
    return (x - np.mean(x)) / np.std(x)


def ppo_iteration(
    part: Params,
    policy: Params,
    batch: dict[str, Any],
    state: dict[str, Any] | None,
    lr: float,
    h: int,
    minibatches: int = 4,
) -> tuple[Params, dict[str, Any]]:
    """One pass over a batch of answers, a step of Adam for each minibatch."""
    adv = standardised(batch["adv"])
    if minibatches < 1 or len(adv) % minibatches:
        raise ValueError(
            f"ppo_iteration: {minibatches} minibatches do not divide "
            f"{len(adv)} answers"
        )
    rows = np.reshape(np.arange(len(adv)), (-1, minibatches)).T
    for i in rows:
        tokens, log_p, real = (
            batch[k][i] for k in ("tokens", "log_p", "real")
        )
        given = policy, tokens, log_p, adv[i], h, real
        _, grads = value_and_grad(ppo_loss)(part, *given)
        part, state = adam(part, grads, state, lr)
    return part, state


def value_step(judge: Params, batch: dict[str, Any], lr: float) -> Params:
    """The value head, moved towards what was earned in the end.

    Schulman et al. 2017, eq. 9: a squared error, here one step of descent.
    A value is states @ w_v - b_v, so b_v moves the other way.
    The answers of a batch have one length, as rollout draws them.
    """
    to_come = np.flip(np.cumsum(np.flip(batch["earned"], -1), -1), -1)
    error = batch["v"][:, :-1] - to_come
    slope = np.mean(error[..., None] * batch["states"], axis=(0, 1))
    w_v, b_v = judge["w_v"] - lr * slope, judge["b_v"] + lr * error.mean()
    return judge | {"w_v": w_v, "b_v": b_v}


def summary(batch: dict[str, Any]) -> tuple[float, float, float]:
    """Mean reward, mean mistakes, and the KL from the SFT model.

    The answers of a batch have one length, as rollout draws them.
    """
    ratio = np.sum(batch["log_p"] - batch["log_sft"], axis=-1)
    wrong = mistakes(batch["tokens"])
    return float(batch["r"].mean()), float(wrong.mean()), float(ratio.mean())
