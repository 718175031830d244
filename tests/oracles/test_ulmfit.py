"""Entry 5 against PyTorch: its linear one-cycle schedule is a slanted triangle."""

import numpy as np
import pytest
import torch

from snippets import ulmfit


def one_cycle(T, cut, eta):
    """PyTorch's rates at the steps 0 to T: up to step cut, down to step T, straight."""
    weight = torch.nn.Parameter(torch.zeros(1))
    descent = torch.optim.SGD([weight], lr=eta, momentum=0.9)
    cycle = torch.optim.lr_scheduler.OneCycleLR(
        descent,
        max_lr=eta,
        total_steps=T + 1,
        pct_start=(cut + 1) / (T + 1),
        anneal_strategy="linear",
        cycle_momentum=False,
        div_factor=32,
        final_div_factor=1,
    )
    rates = []
    for _ in range(T + 1):
        rates.append(descent.param_groups[0]["lr"])
        descent.step()
        if len(rates) <= T:
            cycle.step()
    return rates


@pytest.mark.holds("stlr_landing", by="library: torch.optim.lr_scheduler.OneCycleLR")
@pytest.mark.parametrize("T", [10, 19, 100, 309, 1009])
def test_the_landing_triangle_is_pytorchs_linear_one_cycle(T):
    found = [ulmfit.stlr_landing(t, T) for t in range(T + 1)]
    np.testing.assert_allclose(found, one_cycle(T, T // 10, 0.01), atol=1e-14, rtol=1e-10)


@pytest.mark.holds("discriminative_rates", "discriminative_step", by="library: torch.optim.SGD")
def test_a_step_at_unequal_rates_is_that_of_parameter_groups():
    rng = np.random.default_rng(0)
    theta, g = rng.normal(size=(4, 3, 3)), rng.normal(size=(4, 3, 3))
    rates = ulmfit.discriminative_rates(0.1, 4)
    layers = [torch.nn.Parameter(torch.from_numpy(w.copy())) for w in theta]
    groups = [{"params": [w], "lr": float(r)} for w, r in zip(layers, rates, strict=True)]
    descent = torch.optim.SGD(groups, lr=1.0)
    for layer, slope in zip(layers, g, strict=True):
        layer.grad = torch.from_numpy(slope)
    descent.step()
    found = ulmfit.discriminative_step(list(theta), list(g), rates)
    for mine, theirs in zip(found, layers, strict=True):
        np.testing.assert_allclose(mine, theirs.detach().numpy(), atol=1e-15, rtol=1e-10)


@pytest.mark.holds("concat_pool", by="library: torch.nn.functional.adaptive_max_pool1d")
def test_pooling_is_that_of_pytorchs_adaptive_pools():
    h = np.random.default_rng(0).normal(size=(2, 7, 5))
    channels = torch.from_numpy(h).transpose(1, 2)
    expected = torch.cat(
        [
            channels[..., -1],
            torch.nn.functional.adaptive_max_pool1d(channels, 1)[..., 0],
            torch.nn.functional.adaptive_avg_pool1d(channels, 1)[..., 0],
        ],
        dim=-1,
    )
    np.testing.assert_allclose(ulmfit.concat_pool(h), expected.numpy(), atol=1e-15, rtol=1e-10)
