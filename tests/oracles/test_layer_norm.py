"""Entry 3 against PyTorch: LayerNorm, its Jacobian, and both places for it."""

import numpy as np
import pytest
import torch

from snippets.layer_norm import jacobian, normalise, post_ln, pre_ln


def standardise(x):
    return torch.nn.functional.layer_norm(x, x.shape[-1:], eps=0.0)


@pytest.mark.holds("normalise", by="library: torch.nn.functional.layer_norm")
def test_normalise_is_torch_layer_norm_without_eps():
    x = np.random.default_rng(0).normal(size=(3, 5, 16))
    wanted = standardise(torch.tensor(x)).numpy()
    np.testing.assert_allclose(normalise(x), wanted, atol=1e-12, rtol=1e-10)


@pytest.mark.holds("jacobian", by="derivative: torch")
def test_jacobian_is_that_of_torch():
    x = np.random.default_rng(1).normal(size=12)
    wanted = torch.autograd.functional.jacobian(standardise, torch.tensor(x))
    np.testing.assert_allclose(jacobian(x), wanted.numpy(), atol=1e-12, rtol=1e-10)


@pytest.mark.parametrize(("norm_first", "step"), [(False, post_ln), (True, pre_ln)])
def test_steps_place_the_norm_as_torch_encoder_layers_do(norm_first, step):
    torch.manual_seed(0)
    layer = torch.nn.TransformerEncoderLayer(
        16,
        4,
        dim_feedforward=32,
        dropout=0.0,
        layer_norm_eps=0.0,
        batch_first=True,
        norm_first=norm_first,
        dtype=torch.float64,
    )
    x = torch.randn(2, 7, 16, dtype=torch.float64)

    def attention(h):
        h = torch.as_tensor(h)
        return layer.self_attn(h, h, h, need_weights=False)[0].detach().numpy()

    def feed_forward(h):
        hidden = torch.relu(layer.linear1(torch.as_tensor(h)))
        return layer.linear2(hidden).detach().numpy()

    ours = step(step(x.numpy(), attention), feed_forward)
    np.testing.assert_allclose(ours, layer(x).detach().numpy(), atol=1e-10, rtol=1e-10)
