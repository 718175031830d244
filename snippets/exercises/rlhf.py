"""Exercises of the page on RLHF."""

import numpy as np

from snippets.exercises import exercise

# -- PPO: the clipped objective ----------------------------------------------


@exercise("write-ppo-clip")
def ppo_clip(ratio, adv, eps):
    """The clipped objective of each action, before the mean.

    ratio and adv have one number for each action.

    >>> ratio = np.array([0.5, 1.0, 1.5])
    >>> ppo_clip(ratio, np.ones(3), 0.2).tolist()
    [0.5, 1.0, 1.2]
    >>> ppo_clip(ratio, -np.ones(3), 0.2).tolist()
    [-0.8, -1.0, -1.5]
    """
    clipped = np.clip(ratio, 1 - eps, 1 + eps)  # yours
    return np.minimum(ratio * adv, clipped * adv)  # yours


@ppo_clip.case
def actions_of_all_kinds():
    """good and bad actions, on both sides of the bounds"""
    ratio = np.array([0.2, 0.2, 0.95, 1.05, 3.0, 3.0])
    return ratio, np.array([2.0, -2.0, 0.5, -0.5, 1.5, -1.5]), 0.2


@ppo_clip.case
def a_narrow_band():
    """eps = 0.05"""
    return np.array([0.9, 1.1]), np.array([1.0, -1.0]), 0.05


@ppo_clip.wrong(
    "The larger of the two would reward every step that overshoots: the "
    "objective is the lower bound, so take the minimum."
)
def took_the_maximum(ratio, adv, eps):
    clipped = np.clip(ratio, 1 - eps, 1 + eps)
    return np.maximum(ratio * adv, clipped * adv)


@ppo_clip.wrong(
    "The clip alone is flat on both sides, so a step in the wrong direction "
    "could not be taken back: take the minimum with ratio * adv."
)
def clipped_alone(ratio, adv, eps):
    return np.clip(ratio, 1 - eps, 1 + eps) * adv


@ppo_clip.wrong(
    "You bound the ratio from above only; for a bad action it is the lower "
    "bound, 1 - eps, that takes the gain away."
)
def clipped_one_side(ratio, adv, eps):
    return np.minimum(ratio * adv, np.minimum(ratio, 1 + eps) * adv)


@ppo_clip.wrong(
    "It is the ratio that is clipped, and not its product with the advantage."
)
def clipped_the_product(ratio, adv, eps):
    return np.minimum(ratio * adv, np.clip(ratio * adv, 1 - eps, 1 + eps))


@ppo_clip.wrong(
    "The minimum is of the two products: with adv taken out of it, a bad "
    "action meets the wrong bound."
)
def took_the_advantage_out(ratio, adv, eps):
    return np.minimum(ratio, np.clip(ratio, 1 - eps, 1 + eps)) * adv


@ppo_clip.wrong(
    "The objective is to be climbed; a minus turns it into a loss, which "
    "comes later."
)
def returned_a_loss(ratio, adv, eps):
    return -ppo_clip(ratio, adv, eps)


# -- advantages --------------------------------------------------------------


@exercise("write-gae")
def gae(r, v, gamma, lam):
    """The advantages of one answer, by the generalised estimator.

    r has what each token earned; v has the value before each token, and one
    more, the value after the last.

    >>> r, v = np.array([0.0, 0.0, 8.0]), np.array([1.0, 1.0, 7.0, 0.0])
    >>> gae(r, v, 1.0, 0.0).tolist()
    [0.0, 6.0, 1.0]
    >>> gae(r, v, 1.0, 1.0).tolist()
    [7.0, 7.0, 1.0]
    """
    delta = r + gamma * v[1:] - v[:-1]  # yours
    total = 0.0  # yours
    out = np.zeros(len(r))
    for t in reversed(range(len(r))):
        total = delta[t] + gamma * lam * total  # yours
        out[t] = total
    return out


@gae.case
def an_answer_cut_off():
    """an answer that was cut off, so that its last value is not 0"""
    rng = np.random.default_rng(0)
    return rng.normal(size=5), 3 + rng.normal(size=6), 0.9, 0.8


@gae.case
def a_single_token():
    """one token, which earned nothing"""
    return np.zeros(1), np.array([2.0, 5.0]), 0.5, 0.95


@gae.wrong(
    "The value after the last token counts as well: where an answer is cut "
    "off, it stands for all that would have come."
)
def forgot_the_last_value(r, v, gamma, lam):
    return gae(r, np.append(v[:-1], 0.0), gamma, lam)


@gae.wrong(
    "A TD error is discounted by gamma * lam for each step, not by lam."
)
def forgot_one_discount(r, v, gamma, lam):
    delta, total, out = r + gamma * v[1:] - v[:-1], 0.0, np.zeros(len(r))
    for t in reversed(range(len(r))):
        out[t] = total = delta[t] + lam * total
    return out


@gae.wrong(
    "The next value is discounted too: a TD error is "
    "r[t] + gamma * v[t + 1] - v[t]."
)
def forgot_to_discount_the_value(r, v, gamma, lam):
    delta, total, out = r + v[1:] - v[:-1], 0.0, np.zeros(len(r))
    for t in reversed(range(len(r))):
        out[t] = total = delta[t] + gamma * lam * total
    return out


@gae.wrong(
    "Those are the TD errors; an advantage adds up its own and all to come."
)
def reset_at_each_step(r, v, gamma, lam):
    return r + gamma * v[1:] - v[:-1]


@gae.wrong(
    "You add up what came before: a token can only be thanked for what "
    "comes after it, so go through the tokens from the last to the first."
)
def went_forwards(r, v, gamma, lam):
    delta, total, out = r + gamma * v[1:] - v[:-1], 0.0, np.zeros(len(r))
    for t in range(len(r)):
        out[t] = total = delta[t] + gamma * lam * total
    return out


@gae.wrong(
    "Advantage plus value is the return, which the value is trained on; "
    "here the advantage alone is asked for."
)
def returned_the_returns(r, v, gamma, lam):
    return gae(r, v, gamma, lam) + v[:-1]


# -- DPO ---------------------------------------------------------------------


@exercise("write-dpo-loss")
def dpo_loss(log_w, log_l, ref_w, ref_l, beta):
    """The loss of DPO for b pairs, from the log chances of their tokens.

    All have the shape (b, t): of the preferred answers (w) and the others
    (l), by the policy and by the reference.  Padding has 0 everywhere.

    >>> same = np.log(np.array([[0.5, 0.5, 0.5]]))
    >>> round(float(dpo_loss(same, same, same, same, 0.1)), 3)
    0.693
    >>> better = same + np.log(3.0) * np.array([[1.0, 0.0, 0.0]])
    >>> round(float(dpo_loss(better, same, same, same, 1.0)), 3)
    0.288
    """
    r_w = beta * np.sum(log_w - ref_w, axis=-1)  # yours
    r_l = beta * np.sum(log_l - ref_l, axis=-1)  # yours
    return np.logaddexp(0.0, r_l - r_w).mean()  # yours


def pairs():
    rng = np.random.default_rng(0)
    log_w, log_l, ref_w, ref_l = -rng.exponential(size=(4, 3, 6))
    short = np.arange(6) < np.array([[6], [3], [4]])
    return log_w * short, log_l, ref_w * short, ref_l


@dpo_loss.case
def answers_of_different_lengths():
    """three pairs whose answers have different lengths"""
    return *pairs(), 0.3


@dpo_loss.case
def one_certain_pair():
    """a policy that is sure of the wrong answer"""
    log_w, log_l = np.full((1, 4), -900.0), np.full((1, 4), -0.1)
    return log_w, log_l, np.full((1, 4), -1.0), np.full((1, 4), -2.0), 1.0


@dpo_loss.wrong(
    "The implicit reward is beta times the log *ratio* to the reference: "
    "subtract ref_w and ref_l."
)
def forgot_the_reference(log_w, log_l, ref_w, ref_l, beta):
    return dpo_loss(log_w, log_l, 0 * ref_w, 0 * ref_l, beta)


@dpo_loss.wrong(
    "The chance of an answer is the product of those of its tokens, so the "
    "logarithms are added; a mean is another loss, and has another beta."
)
def took_the_mean_of_tokens(log_w, log_l, ref_w, ref_l, beta):
    return dpo_loss(log_w, log_l, ref_w, ref_l, beta / log_w.shape[-1])


@dpo_loss.wrong(
    "The preferred answer is to have the higher reward: the loss must fall "
    "as r_w - r_l grows."
)
def turned_the_pair_round(log_w, log_l, ref_w, ref_l, beta):
    return dpo_loss(log_l, log_w, ref_l, ref_w, beta)


@dpo_loss.wrong(
    "beta scales the rewards, so it stands inside the sigmoid; outside it "
    "would be no more than a learning rate."
)
def put_beta_outside(log_w, log_l, ref_w, ref_l, beta):
    return beta * dpo_loss(log_w, log_l, ref_w, ref_l, 1.0)


@dpo_loss.wrong("The loss is the mean over the pairs, not their sum.")
def summed_the_pairs(log_w, log_l, ref_w, ref_l, beta):
    return dpo_loss(log_w, log_l, ref_w, ref_l, beta) * len(log_w)


@dpo_loss.wrong(
    "exp of a large number is inf: -log sigmoid(z) is np.logaddexp(0, -z), "
    "which never leaves the logarithm."
)
def overflowed(log_w, log_l, ref_w, ref_l, beta):
    gap = np.sum(log_w - ref_w, axis=-1) - np.sum(log_l - ref_l, axis=-1)
    return -np.log(1 / (1 + np.exp(-beta * gap))).mean()


# -- how far it went ---------------------------------------------------------


@exercise("write-kl-estimator")
def kl_estimate(log_p, log_ref):
    """The KL from the reference, estimated from answers of the policy.

    log_p and log_ref have the log chance of each answer by the policy that
    drew it and by the reference.  Take the estimator that is right on
    average and that no answer makes negative.

    >>> half = kl_estimate(np.log(np.array([0.8])), np.log(np.array([0.4])))
    >>> round(float(half), 3)
    0.193
    >>> twice = kl_estimate(np.log(np.array([0.4])), np.log(np.array([0.8])))
    >>> round(float(twice), 3)
    0.307
    """
    log_ratio = log_p - log_ref  # yours
    return np.mean(np.exp(-log_ratio) - 1 + log_ratio)  # yours


@kl_estimate.case
def many_answers():
    """six answers, some likelier than before and some less likely"""
    rng = np.random.default_rng(0)
    log_p = -2 - rng.random(6)
    return log_p, log_p + 0.5 * rng.normal(size=6)


@kl_estimate.case
def not_moved():
    """a policy that is the reference still"""
    log_p = np.array([-1.0, -3.0])
    return log_p, log_p.copy()


@kl_estimate.wrong(
    "The mean log ratio is right on average, but an answer that has become "
    "less likely makes it negative: add what has a mean of zero, "
    "exp(-log_ratio) - 1."
)
def took_the_log_ratio(log_p, log_ref):
    return np.mean(log_p - log_ref)


@kl_estimate.wrong(
    "Half the square is never negative, but it is wrong on average unless "
    "the two models are close."
)
def took_half_the_square(log_p, log_ref):
    return np.mean((log_p - log_ref) ** 2) / 2


@kl_estimate.wrong(
    "The answers were drawn from the policy, so the ratio whose mean is one "
    "is that of the reference to the policy: exp(log_ref - log_p)."
)
def turned_the_ratio_round(log_p, log_ref):
    return kl_estimate(log_ref, log_p)


@kl_estimate.wrong(
    "A policy that has not moved must have a KL of zero: exp(0) is 1, so "
    "subtract it."
)
def forgot_the_one(log_p, log_ref):
    return kl_estimate(log_p, log_ref) + 1


@kl_estimate.wrong("It is the mean over the answers, not the sum.")
def summed_the_answers(log_p, log_ref):
    return kl_estimate(log_p, log_ref) * len(log_p)
