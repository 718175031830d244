"""Entry 1 against PyTorch, whose GRU turns the update gate the other way."""

import numpy as np
import pytest
import torch

from snippets import additive_attention as aa


def pytorch_cell(p):
    """PyTorch's GRUCell with our weights: gates in the order r, z, n; z turned; no biases."""
    n, i = p["w"].shape
    cell = torch.nn.GRUCell(i, n, bias=False, dtype=torch.float64)
    with torch.no_grad():
        cell.weight_ih.copy_(torch.from_numpy(np.vstack([p["w_r"], -p["w_z"], p["w"]])))
        cell.weight_hh.copy_(torch.from_numpy(np.vstack([p["u_r"], -p["u_z"], p["u"]])))
    return lambda s, x: (
        cell(torch.from_numpy(x)[None], torch.from_numpy(s)[None])[0].detach().numpy()
    )


def inputs(seed, n=5, i=3):
    rng = np.random.default_rng(seed)
    return aa.init_gru(rng, n, i), rng.normal(size=n), rng.normal(size=i)


@pytest.mark.holds("gru_step", by="library: torch.nn.GRUCell")
@pytest.mark.parametrize("seed", range(5))
def test_the_gate_turned_and_a_diagonal_u_give_pytorch(seed):
    p, s, x = inputs(seed)
    p["u"] = np.diag(np.diag(p["u"]))
    np.testing.assert_allclose(
        aa.gru_step(s, x, **p), pytorch_cell(p)(s, x), atol=1e-14, rtol=1e-10
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_full_u_tells_the_two_resets_apart(seed):
    p, s, x = inputs(seed)
    assert not np.allclose(aa.gru_step(s, x, **p), pytorch_cell(p)(s, x), atol=1e-3)


def test_an_open_reset_gate_gives_pytorch_again():
    p, s, x = inputs(0)
    p["w_r"], p["u_r"], x = np.full_like(p["w_r"], 1e3), np.zeros_like(p["u_r"]), np.abs(x)
    np.testing.assert_allclose(
        aa.gru_step(s, x, **p), pytorch_cell(p)(s, x), atol=1e-14, rtol=1e-10
    )


@pytest.mark.holds("additive_attention", by="derivative: torch")
def test_gradients_of_the_attention_are_those_of_pytorch():
    from autograd import grad

    rng = np.random.default_rng(1)
    s, h, goal = rng.normal(size=4), rng.normal(size=(6, 8)), rng.normal(size=8)
    a = rng.normal(size=(5, 4)), rng.normal(size=(5, 8)), rng.normal(size=5)
    ours = grad(lambda a: (aa.additive_attention(s, h, *a)[1] * goal).sum())(a)
    w_a, u_a, v_a = (torch.tensor(x, requires_grad=True) for x in a)
    e = torch.tanh(torch.from_numpy(s) @ w_a.T + torch.from_numpy(h) @ u_a.T) @ v_a
    c = torch.softmax(e, 0) @ torch.from_numpy(h)
    (c @ torch.from_numpy(goal)).backward()
    for mine, theirs in zip(ours, (w_a, u_a, v_a), strict=True):
        np.testing.assert_allclose(mine, theirs.grad.numpy(), atol=1e-13, rtol=1e-10)
