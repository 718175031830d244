"""RLHF against PyTorch's distributions and automatic derivatives."""

import autograd
import numpy as np
import pytest
import torch

from snippets import rlhf
from snippets.layers import softmax


@pytest.mark.holds("ppo_clip", by="derivative: torch")
def test_the_slope_of_the_clip_is_pytorchs():
    rng = np.random.default_rng(0)
    ratio, adv = rng.uniform(0.2, 2, 200), rng.normal(size=200)
    t, a = torch.tensor(ratio, requires_grad=True), torch.tensor(adv)
    torch.minimum(t * a, t.clamp(0.8, 1.2) * a).sum().backward()
    ours = autograd.grad(lambda ratio: rlhf.ppo_clip(ratio, adv).sum())(ratio)
    assert np.allclose(ours, t.grad.numpy(), atol=1e-15, rtol=1e-10)


@pytest.mark.holds("kl", by="library: torch.distributions.kl_divergence")
def test_kl_is_that_of_pytorchs_categorical_distributions():
    p, q = softmax(np.random.default_rng(1).normal(size=(2, 3, 6)))
    one, other = (torch.distributions.Categorical(torch.tensor(x)) for x in (p, q))
    expected = torch.distributions.kl_divergence(one, other).numpy()
    assert np.allclose(rlhf.kl(p, q), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.holds("policy_gradient", by="derivative: torch")
def test_the_policy_gradient_is_that_of_pytorchs_log_prob():
    rng = np.random.default_rng(2)
    logits, actions, adv = rng.normal(size=(7, 5)), rng.integers(5, size=7), rng.normal(size=7)
    t = torch.tensor(logits, requires_grad=True)
    policy = torch.distributions.Categorical(logits=t)
    (policy.log_prob(torch.tensor(actions)) * torch.tensor(adv)).mean().backward()
    ours = rlhf.policy_gradient(logits, actions, adv)
    assert np.allclose(ours, t.grad.numpy(), atol=1e-14, rtol=1e-10)
