"""Entry 4 against PyTorch, and against the delta rule of a model in use."""

import numpy as np
import pytest
import torch
from transformers.models.qwen3_next import modeling_qwen3_next as qwen

from snippets import fast_weights as f


def tensor(x):
    return torch.tensor(np.asarray(x), dtype=torch.float64)


@pytest.mark.holds("elu_plus_one", by="library: torch.nn.functional.elu")
def test_elu_plus_one_is_torchs():
    x = np.linspace(-5, 5, 41)
    theirs = torch.nn.functional.elu(tensor(x)) + 1
    np.testing.assert_allclose(f.elu_plus_one(x), theirs, rtol=1e-14)


@pytest.mark.holds("delta_write", by="library: transformers.models.qwen3_next")
@pytest.mark.parametrize("unit", [True, False])
@pytest.mark.parametrize("n", [1, 5, 70])
def test_the_delta_rule_is_that_of_qwen3_next_without_decay(n, unit):
    rng = np.random.default_rng(n)
    q, k = rng.normal(size=(2, n, 8)) / np.sqrt(8)
    v, beta = rng.normal(size=(n, 5)), rng.uniform(size=n)
    theirs, state = qwen.torch_recurrent_gated_delta_rule(
        *(tensor(x)[None, :, None] for x in (q, k, v)),
        g=torch.zeros(1, n, 1),
        beta=tensor(beta)[None, :, None],
        output_final_state=True,
        use_qk_l2norm_in_kernel=unit,
    )
    if unit:
        q, k = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (q, k))
    w, read = np.zeros((5, 8)), []
    for q_i, k_i, v_i, beta_i in zip(q, k, v, beta, strict=True):
        w = f.delta_write(w, k_i, v_i, float(beta_i))
        read.append(w @ q_i / np.sqrt(8))
    in_32_bits = dict(rtol=0, atol=2e-5)  # as Qwen computes, whatever it is given
    np.testing.assert_allclose(theirs[0, :, 0], read, **in_32_bits)
    np.testing.assert_allclose(state[0, 0].T, w, **in_32_bits)
