"""The surveys of part 2 against PyTorch's masked attention and its checkpoints."""

import numpy as np
import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention
from torch.utils.checkpoint import checkpoint_sequential

from snippets.efficient_transformers import (
    block_mask,
    checkpointed,
    global_mask,
    half,
    local_mask,
    sparse_attention,
    strided_mask,
)


@pytest.mark.holds(
    "sparse_attention", by="library: torch.nn.functional.scaled_dot_product_attention"
)
@pytest.mark.parametrize(
    "mask", [block_mask(24, 4), local_mask(24, 3), strided_mask(24, 5), global_mask(24, 2)]
)
def test_patterns_are_the_masks_of_pytorch(mask):
    q, k, v = np.random.default_rng(0).normal(size=(3, 24, 8))
    np.fill_diagonal(mask, True)
    tensors = (torch.tensor(x[None, None]) for x in (q, k, v))
    theirs = scaled_dot_product_attention(*tensors, attn_mask=torch.tensor(mask))
    np.testing.assert_allclose(
        sparse_attention(q, k, v, mask)[0], theirs[0, 0], atol=1e-13, rtol=1e-10
    )


@pytest.mark.parametrize("share", [0.0, 0.2, 0.6])
def test_a_query_that_sees_nothing_gets_what_pytorch_gives_it(share):
    rng = np.random.default_rng(3)
    q, k, v = rng.normal(size=(3, 24, 8))
    mask = rng.random((24, 24)) < share
    mask[[0, 7, 23]] = False
    tensors = (torch.tensor(x[None, None]) for x in (q, k, v))
    theirs = scaled_dot_product_attention(*tensors, attn_mask=torch.tensor(mask))
    np.testing.assert_allclose(
        sparse_attention(q, k, v, mask)[0], theirs[0, 0], atol=1e-13, rtol=1e-10
    )


@pytest.mark.holds("checkpointed", by="library: torch.utils.checkpoint.checkpoint_sequential")
@pytest.mark.parametrize("segments", [1, 2, 3, 6])
def test_checkpoints_are_those_of_pytorch(segments):
    rng = np.random.default_rng(1)
    w, x, dy = rng.normal(size=(6, 4, 4)) / 2, rng.normal(size=(3, 4)), rng.normal(size=(3, 4))
    theirs = torch.tensor(w, requires_grad=True)
    layers = [lambda y, t=t: torch.tanh(y @ theirs[t]) for t in range(6)]
    out = checkpoint_sequential(layers, segments, torch.tensor(x), use_reentrant=False)
    out.backward(torch.tensor(dy))
    grads, _, _ = checkpointed(w, x, dy, 6 // segments)
    np.testing.assert_allclose(grads, theirs.grad, atol=1e-13, rtol=1e-10)


@pytest.mark.holds("half", by="library: torch.float16")
def test_16_bits_are_those_of_pytorch():
    x = np.random.default_rng(2).normal(size=500) * 10.0 ** np.arange(-250, 250).clip(-9, 4)
    x = x.astype(np.float32).astype(float)  # PyTorch passes by 32 bits and rounds twice
    theirs = torch.tensor(x).to(torch.float16).to(torch.float64)
    np.testing.assert_array_equal(half(x), theirs)
