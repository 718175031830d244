"""Entry 18 against PyTorch."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from snippets import constitutional_ai as c

SEEDS = st.integers(0, 2**32 - 1)


@pytest.mark.holds(
    "preference_loss", by="library: torch.nn.functional.binary_cross_entropy_with_logits"
)
@given(SEEDS, st.integers(1, 8))
def test_the_loss_is_torchs_binary_cross_entropy_with_soft_targets(seed, n):
    rng = np.random.default_rng(seed)
    gap, p = rng.normal(scale=4, size=n), rng.random(n)
    theirs = F.binary_cross_entropy_with_logits(torch.tensor(gap), torch.tensor(p))
    np.testing.assert_allclose(c.preference_loss(gap, p), theirs, rtol=1e-11)


@given(SEEDS, st.integers(1, 8))
def test_with_certain_labels_it_is_torchs_logsigmoid_of_the_gap(seed, n):
    gap = np.random.default_rng(seed).normal(scale=4, size=n)
    theirs = -F.logsigmoid(torch.tensor(gap)).mean()
    np.testing.assert_allclose(c.preference_loss(gap, np.ones(n)), theirs, rtol=1e-11)


@pytest.mark.holds("fit_scores", by="derivative: torch")
@pytest.mark.parametrize("seed", range(3))
def test_the_scores_are_where_torchs_gradient_vanishes(seed):
    scores = np.random.default_rng(seed).uniform(-2, 2, 5)
    p = c.clamp(1 / (1 + np.exp(scores[None, :] - scores[:, None])))
    fitted = torch.tensor(c.fit_scores(p), requires_grad=True)
    gaps = fitted[:, None] - fitted[None, :]
    F.binary_cross_entropy_with_logits(gaps, torch.tensor(p)).backward()
    np.testing.assert_allclose(fitted.grad, 0, atol=1e-10, rtol=1e-10)
