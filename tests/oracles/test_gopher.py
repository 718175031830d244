"""Entry 14 against PyTorch's norms and their gradients."""

import numpy as np
import pytest
import torch

from snippets import gopher


def tensor(x, **options):
    return torch.tensor(np.asarray(x), dtype=torch.float64, **options)


def inputs(seed, shape=(4, 7)):
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape), rng.normal(size=shape[-1]), rng.normal(size=shape[-1])


@pytest.mark.holds("rms_norm", by="library: torch.nn.functional.rms_norm")
@pytest.mark.parametrize("eps", [0.0, 1e-5, 0.1])
@pytest.mark.parametrize("seed", range(3))
def test_rms_norm_is_torchs(seed, eps):
    a, gain, _ = inputs(seed)
    theirs = torch.nn.functional.rms_norm(tensor(a), (7,), tensor(gain), eps=eps)
    np.testing.assert_allclose(gopher.rms_norm(a, gain, eps), theirs, atol=1e-14, rtol=1e-10)


def test_torchs_default_eps_is_that_of_the_number_type():
    a, gain, _ = inputs(0)
    theirs = torch.nn.RMSNorm(7, dtype=torch.float64)
    assert theirs.eps is None
    with torch.no_grad():
        theirs.weight.copy_(tensor(gain))
    wanted = gopher.rms_norm(1e-8 * a, gain, eps=np.finfo(float).eps)
    np.testing.assert_allclose(wanted, theirs(tensor(1e-8 * a)).detach(), rtol=1e-12)


@pytest.mark.holds("rms_norm_backward", by="derivative: torch")
@pytest.mark.parametrize("eps", [0.0, 1e-5])
def test_rms_norm_backward_is_torchs_autograd(eps):
    a, gain, _ = inputs(1)
    dy = inputs(2)[0]
    x, g = tensor(a, requires_grad=True), tensor(gain, requires_grad=True)
    torch.nn.functional.rms_norm(x, (7,), g, eps=eps).backward(tensor(dy))
    da, dgain = gopher.rms_norm_backward(dy, a, gain, eps)
    np.testing.assert_allclose(da, x.grad, atol=1e-14, rtol=1e-10)
    np.testing.assert_allclose(dgain, g.grad, atol=1e-14, rtol=1e-10)


@pytest.mark.holds("batch_norm", by="library: torch.nn.functional.batch_norm")
@pytest.mark.parametrize("seed", range(3))
def test_batch_norm_is_torchs_in_training(seed):
    x, gain, bias = inputs(seed)
    theirs = torch.nn.functional.batch_norm(
        tensor(x), None, None, tensor(gain), tensor(bias), training=True, eps=1e-5
    )
    np.testing.assert_allclose(gopher.batch_norm(x, gain, bias), theirs, atol=1e-13, rtol=1e-10)
