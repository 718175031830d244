"""Entry 10 against PyTorch's fused attention and its gradients."""

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import scaled_dot_product_attention

from snippets.flash_attention import flash_backward, flash_forward


@pytest.mark.holds("flash_forward", by="library: torch.nn.functional.scaled_dot_product_attention")
@pytest.mark.holds("flash_backward", by="derivative: torch")
@pytest.mark.parametrize("backend", [SDPBackend.MATH, SDPBackend.FLASH_ATTENTION])
@pytest.mark.parametrize(
    ("n", "d", "b_r", "b_c"), [(257, 16, 64, 48), (33, 8, 7, 33), (5, 3, 1, 1)]
)
def test_both_passes_are_those_of_pytorch(backend, n, d, b_r, b_c):
    q, k, v, do = np.random.default_rng(n).normal(size=(4, n, d))
    theirs = [torch.tensor(x[None, None], requires_grad=True) for x in (q, k, v)]
    with sdpa_kernel(backend):
        out = scaled_dot_product_attention(*theirs)
    out.backward(torch.tensor(do[None, None]))
    o, sums, maxima, _ = flash_forward(q, k, v, b_r, b_c)
    np.testing.assert_allclose(o, out.detach()[0, 0], atol=1e-13, rtol=1e-10)
    *grads, _ = flash_backward(q, k, v, o, do, sums, maxima, b_r, b_c)
    for mine, x in zip(grads, theirs, strict=True):
        np.testing.assert_allclose(mine, x.grad[0, 0], atol=1e-12, rtol=1e-10)


@pytest.mark.holds("flash_forward", by="library: torch.nn.functional.scaled_dot_product_attention")
@pytest.mark.holds("flash_backward", by="derivative: torch")
@pytest.mark.parametrize("seed", range(6))
def test_skipped_tiles_are_pytorchs_mask_in_both_passes_and_rows_without_a_tile_too(seed):
    rng = np.random.default_rng(seed)
    n, d, b_r, b_c = 23, 6, 5, 4
    q, k, v, do = rng.normal(size=(4, n, d))
    blocks = rng.random((5, 6)) < 0.5
    blocks[seed % 5] = False  # five queries, or the last three, see nothing
    mask = np.repeat(np.repeat(blocks, b_r, 0)[:n], b_c, 1)[:, :n]
    theirs = [torch.tensor(x[None, None], requires_grad=True) for x in (q, k, v)]
    with sdpa_kernel(SDPBackend.MATH):
        out = scaled_dot_product_attention(*theirs, attn_mask=torch.tensor(mask))
    out.backward(torch.tensor(do[None, None]))
    o, sums, maxima, _ = flash_forward(q, k, v, b_r, b_c, blocks)
    np.testing.assert_allclose(o, out.detach()[0, 0], atol=1e-13, rtol=1e-10)
    *grads, _ = flash_backward(q, k, v, o, do, sums, maxima, b_r, b_c, blocks)
    for mine, x in zip(grads, theirs, strict=True):
        np.testing.assert_allclose(mine, x.grad[0, 0], atol=1e-12, rtol=1e-10)
