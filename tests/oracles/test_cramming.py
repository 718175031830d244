"""Entry 11 against PyTorch: its schedulers, and its count of operations."""

import numpy as np
import pytest
import torch
from torch.optim import lr_scheduler as theirs
from torch.utils.flop_counter import FlopCounterMode

from snippets import cramming as c

STEPS = 40


def rates(scheduler, **options):
    """What a scheduler of PyTorch does to a rate of one, from step 0 to the last."""
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)
    schedule = scheduler(optimiser, **options)
    found = [optimiser.param_groups[0]["lr"]]
    for _ in range(STEPS):
        optimiser.step()
        schedule.step()
        found.append(optimiser.param_groups[0]["lr"])
    return np.array(found)


X = np.arange(STEPS + 1) / STEPS


@pytest.mark.holds("triangle", by="library: torch.optim.lr_scheduler.CyclicLR")
def test_one_cycle_is_a_cycle_of_cyclic_lr():
    found = rates(
        theirs.CyclicLR, base_lr=0.0, max_lr=1.0, step_size_up=STEPS // 2, cycle_momentum=False
    )
    np.testing.assert_allclose(c.triangle(X), found, atol=1e-12, rtol=1e-10)


@pytest.mark.holds("triangle", by="library: torch.optim.lr_scheduler.OneCycleLR")
def test_triangle_is_the_linear_one_cycle_lr():
    found = rates(
        theirs.OneCycleLR,
        max_lr=1.0,
        total_steps=STEPS + 1,
        pct_start=(0.75 * STEPS + 1) / (STEPS + 1),  # it counts one step less to the peak
        anneal_strategy="linear",
        div_factor=4,
        final_div_factor=float("inf"),
        cycle_momentum=False,
    )
    np.testing.assert_allclose(c.triangle(X, 0.25, 0.25), found, atol=1e-12, rtol=1e-10)


@pytest.mark.holds("cosine", by="library: torch.optim.lr_scheduler.CosineAnnealingLR")
def test_cosine_is_cosine_annealing():
    found = rates(theirs.CosineAnnealingLR, T_max=STEPS)
    np.testing.assert_allclose(c.cosine(X), found, atol=1e-12, rtol=1e-10)


@pytest.mark.holds("dive", by="library: torch.optim.lr_scheduler.PolynomialLR")
def test_dive_without_a_plateau_is_polynomial_decay_of_power_one():
    found = rates(theirs.PolynomialLR, total_iters=STEPS, power=1.0)
    np.testing.assert_allclose(c.dive(X, 1.0), found, atol=1e-12, rtol=1e-10)


class Model(torch.nn.Module):
    """A GPT of single-headed blocks, written for its products alone."""

    def __init__(self, v, n, d, blocks):
        super().__init__()
        make = torch.nn.Linear
        self.tokens, self.places = torch.nn.Embedding(v, d), torch.nn.Embedding(n, d)
        layers = [
            [make(d, 3 * d, False), make(d, d, False), make(d, 4 * d), make(4 * d, d)]
            for _ in range(blocks)
        ]
        self.blocks = torch.nn.ModuleList(map(torch.nn.ModuleList, layers))

    def forward(self, tokens):
        x = self.tokens(tokens) + self.places.weight
        for mix, out, up, down in self.blocks:
            q, k, v = mix(x).chunk(3, -1)
            x = x + out(torch.softmax(q @ k.mT, -1) @ v)
            x = x + down(torch.nn.functional.gelu(up(x)))
        return x @ self.tokens.weight.T


@pytest.mark.holds("flops_per_token", by="library: torch.utils.flop_counter.FlopCounterMode")
@pytest.mark.parametrize(("v", "n", "d", "blocks"), [(11, 6, 8, 1), (128, 32, 16, 2)])
def test_the_count_is_that_of_pytorch_forward_and_backward(v, n, d, blocks):
    model, tokens = Model(v, n, d, blocks), torch.zeros(3, n, dtype=torch.long)
    with FlopCounterMode(display=False) as counter:
        model(tokens).sum().backward()
    assert counter.get_total_flops() == 3 * n * c.flops_per_token(v, n, d, blocks)
