"""Exercises of entry 17, InstructGPT."""

import numpy as np

from snippets.exercises import exercise

# -- step 1: the loss of an answer -------------------------------------------


@exercise("write-answer-loss")
def answer_loss(log_p, start, real):
    """The mean surprise at the tokens of the answers, prompts left out.

    log_p and real have the shape (b, n): the log chance of each token, and
    whether it is a token at all or padding.  Answers begin at start.

    >>> log_p = np.array([[-5.0, -1.0, -2.0], [-5.0, -3.0, -9.0]])
    >>> real = np.array([[True, True, True], [True, True, False]])
    >>> round(float(answer_loss(log_p, 1, real)), 3)
    2.0
    """
    answers, counted = log_p[:, start:], real[:, start:]  # yours
    return -np.sum(answers * counted) / np.sum(counted)  # yours


@answer_loss.case
def lengths_that_differ():
    """three answers of 4, 2 and 1 tokens"""
    rng = np.random.default_rng(0)
    real = np.arange(7) < np.array([[7], [5], [4]])
    return -rng.random((3, 7)), 3, real


@answer_loss.case
def no_padding():
    """answers of one length"""
    rng = np.random.default_rng(1)
    return -rng.random((2, 5)), 2, np.ones((2, 5), dtype=bool)


@answer_loss.wrong(
    "The prompt is given, not learned: count the tokens from start on only."
)
def counted_the_prompt(log_p, start, real):
    return -np.sum(log_p * real) / np.sum(real)


@answer_loss.wrong(
    "Padding is no token: it must count neither above the line nor below."
)
def counted_the_padding(log_p, start, real):
    return -log_p[:, start:].mean()


@answer_loss.wrong(
    "The sum leaves the padding out, but the divisor still counts it."
)
def divided_by_all_places(log_p, start, real):
    return -np.mean(log_p[:, start:] * real[:, start:])


@answer_loss.wrong(
    "A mean of each answer's own mean gives a short answer's tokens more "
    "weight than a long one's: here every token counts once."
)
def took_a_mean_of_means(log_p, start, real):
    answers, counted = log_p[:, start:], real[:, start:]
    return -((answers * counted).sum(axis=1) / counted.sum(axis=1)).mean()


@answer_loss.wrong(
    "A loss is to be small when the answer is likely: mind the sign."
)
def forgot_the_sign(log_p, start, real):
    answers, counted = log_p[:, start:], real[:, start:]
    return np.sum(answers * counted) / np.sum(counted)


# -- step 2: the loss of a ranking -------------------------------------------


@exercise("write-ranking-loss")
def ranking_loss(r):
    """The loss of all pairs of k rewards, given from best answer to worst.

    >>> round(float(ranking_loss(np.zeros(4))), 3)
    0.693
    >>> round(float(ranking_loss(np.array([np.log(3), 0.0]))), 3)
    0.288
    """
    better, worse = np.triu_indices(len(r), k=1)  # yours
    return np.logaddexp(0.0, r[worse] - r[better]).mean()  # yours


@ranking_loss.case
def a_mixed_order():
    """five rewards in an order that is partly wrong"""
    return (np.array([2.0, 0.5, 1.0, -1.0, -0.5]),)


@ranking_loss.case
def a_sure_mistake():
    """rewards 2,000 apart, and the wrong way round"""
    return (np.array([-1000.0, 0.0, 1000.0]),)


@ranking_loss.wrong(
    "The better answer comes first: its reward is to be the greater one, so "
    "the loss falls as r[better] - r[worse] grows."
)
def turned_the_pairs_round(r):
    better, worse = np.triu_indices(len(r), k=1)
    return np.logaddexp(0.0, r[better] - r[worse]).mean()


@ranking_loss.wrong(
    "A ranking says more than its neighbours do: there are K(K-1)/2 pairs."
)
def took_the_neighbours_only(r):
    return np.logaddexp(0.0, r[1:] - r[:-1]).mean()


@ranking_loss.wrong(
    "The factor in front makes the sum over the pairs a mean: divide by "
    "their number."
)
def forgot_to_divide(r):
    better, worse = np.triu_indices(len(r), k=1)
    return np.logaddexp(0.0, r[worse] - r[better]).sum()


@ranking_loss.wrong(
    "exp(2000) is inf: write log(1 + exp(z)) as np.logaddexp(0, z), which "
    "never leaves the logarithm."
)
def overflowed(r):
    better, worse = np.triu_indices(len(r), k=1)
    with np.errstate(over="ignore"):
        return np.log(1 + np.exp(r[worse] - r[better])).mean()


@ranking_loss.wrong(
    "That is the chance of the wrong order; the loss is the surprise at the "
    "right one, minus its logarithm."
)
def forgot_the_logarithm(r):
    better, worse = np.triu_indices(len(r), k=1)
    with np.errstate(over="ignore"):
        return (1 / (1 + np.exp(r[better] - r[worse]))).mean()


@ranking_loss.wrong("An answer is not compared with itself.")
def compared_each_with_itself(r):
    better, worse = np.triu_indices(len(r))
    return np.logaddexp(0.0, r[worse] - r[better]).mean()


# -- step 3: what each token earns -------------------------------------------


@exercise("write-token-rewards")
def token_rewards(r, log_p, log_sft, beta):
    """What the tokens of one answer earn: -beta times their log ratio each.

    The last token also earns the reward r of the whole answer.

    >>> log_p, log_sft = np.array([-1.0, -2.0]), np.array([-1.5, -1.5])
    >>> token_rewards(1.0, log_p, log_sft, 0.5).tolist()
    [-0.25, 1.25]
    """
    earned = -beta * (log_p - log_sft)
    earned[-1] += r
    return earned


@token_rewards.case
def a_longer_answer():
    """four tokens and a penalty"""
    log_p = np.array([-0.1, -2.0, -0.7, -1.1])
    return 3.0, log_p, np.array([-0.4, -1.0, -0.7, -3.0]), 0.2


@token_rewards.case
def no_leash():
    """beta = 0"""
    return -2.0, np.array([-1.0, -2.0, -3.0]), np.zeros(3), 0.0


@token_rewards.wrong(
    "A token that is likelier now than it was for the SFT model pays: the "
    "log ratio is log_p - log_sft, with a minus before beta."
)
def turned_the_ratio_round(r, log_p, log_sft, beta):
    return token_rewards(r, log_sft, log_p, beta)


@token_rewards.wrong(
    "The judge reads the whole answer and pays once, at its end."
)
def paid_every_token(r, log_p, log_sft, beta):
    return r - beta * (log_p - log_sft)


@token_rewards.wrong(
    "The ratio is one of chances, so its logarithm is a difference of "
    "logarithms, not a ratio of them."
)
def divided_the_logarithms(r, log_p, log_sft, beta):
    with np.errstate(divide="ignore", invalid="ignore"):
        earned = -beta * log_p / log_sft
    earned[-1] += r
    return earned


@token_rewards.wrong(
    "The penalty is charged token by token, not as a whole at the end."
)
def charged_at_the_end(r, log_p, log_sft, beta):
    earned = np.zeros_like(log_p)
    earned[-1] = r - beta * np.sum(log_p - log_sft)
    return earned


@token_rewards.wrong("The last token earns r besides its own penalty.")
def forgot_the_last_penalty(r, log_p, log_sft, beta):
    earned = -beta * (log_p - log_sft)
    earned[-1] = r
    return earned
