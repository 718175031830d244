"""Entry 13 against PyTorch and Hugging Face transformers; nothing is downloaded."""

import numpy as np
import pytest
import torch
import transformers

from snippets import peft


@pytest.mark.holds("t5_parameters", by="library: transformers.T5ForConditionalGeneration")
@pytest.mark.parametrize(
    ("d", "f", "h", "n_layers"), [(512, 1024, 6, 8), (2048, 5120, 32, 24), (4096, 10_240, 64, 24)]
)
def test_t5_is_as_large_as_that_of_transformers(d, f, h, n_layers):
    config = transformers.T5Config(
        vocab_size=32_128,
        d_model=d,
        d_ff=f,
        num_heads=h,
        num_layers=n_layers,
        feed_forward_proj="gated-gelu",
        tie_word_embeddings=True,
    )
    with torch.device("meta"):
        model = transformers.T5ForConditionalGeneration(config)
    tied = sum(w.numel() for w in model.parameters())
    assert peft.t5_parameters(d, f, h, n_layers) == tied + 32_128 * d  # version 1.1 has two


@pytest.mark.holds("adapter", by="library: torch.nn.Sequential")
def test_an_adapter_is_a_residual_network_of_torch():
    rng = np.random.default_rng(0)
    x, down, up = (rng.normal(size=s) for s in ((4, 8), (8, 3), (3, 8)))
    b, c = rng.normal(size=3), rng.normal(size=8)
    net = torch.nn.Sequential(
        torch.nn.Linear(8, 3), torch.nn.GELU(approximate="tanh"), torch.nn.Linear(3, 8)
    ).double()
    with torch.no_grad():
        for weight, value in zip(net.parameters(), (down.T, b, up.T, c), strict=True):
            weight.copy_(torch.tensor(value))
        wanted = torch.tensor(x) + net(torch.tensor(x))
    np.testing.assert_allclose(peft.adapter(x, down, b, up, c), wanted, rtol=1e-10)


@pytest.mark.holds(
    "edited_attention", by="library: torch.nn.functional.scaled_dot_product_attention"
)
def test_a_prefix_is_torchs_attention_over_more_keys():
    rng = np.random.default_rng(1)
    y, p_k, p_v = (rng.normal(size=s) for s in ((6, 8), (3, 8), (3, 8)))
    p = {name: rng.normal(size=(8, 8)) for name in ("w_q", "w_k", "w_v", "w_o")}
    q = {"prefix_k": p_k, "prefix_v": p_v}

    def heads(x):
        return torch.tensor(x).reshape(len(x), 2, 4).transpose(0, 1)

    seen = torch.cat([torch.ones(6, 3), torch.ones(6, 6).tril()], dim=1).bool()
    mixed = torch.nn.functional.scaled_dot_product_attention(
        heads(y @ p["w_q"]),
        heads(np.vstack([p_k, y @ p["w_k"]])),
        heads(np.vstack([p_v, y @ p["w_v"]])),
        attn_mask=seen,
    )
    wanted = mixed.transpose(0, 1).reshape(6, 8).numpy() @ p["w_o"]
    np.testing.assert_allclose(peft.edited_attention(y, p, q, 2), wanted, rtol=1e-10, atol=1e-10)


@pytest.mark.holds(
    "edited_attention", by="library: torch.nn.functional.scaled_dot_product_attention"
)
@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("m", [0, 3])
def test_padding_behind_a_prefix_is_torchs_mask(left, m):
    rng = np.random.default_rng(2)
    y, p_k, p_v = (rng.normal(size=s) for s in ((3, 6, 8), (m, 8), (m, 8)))
    p = {name: rng.normal(size=(8, 8)) for name in ("w_q", "w_k", "w_v", "w_o")}
    place = np.arange(6)[::-1] if left else np.arange(6)
    real = place < np.array([6, 4, 1])[:, None]

    def heads(x):
        return torch.tensor(x).reshape(3, x.shape[1], 2, 4).transpose(1, 2)

    def wide(prefix, x):
        return np.concatenate([np.tile(prefix, (3, 1, 1)), x], axis=1)

    text = np.tril(np.ones((6, 6), dtype=bool)) & real[:, None, :]
    mask = np.concatenate([np.ones((3, 6, m), dtype=bool), text], axis=-1)
    mixed = torch.nn.functional.scaled_dot_product_attention(
        heads(y @ p["w_q"]),
        heads(wide(p_k, y @ p["w_k"])),
        heads(wide(p_v, y @ p["w_v"])),
        attn_mask=torch.tensor(mask[:, None]),
    )
    wanted = mixed.transpose(1, 2).reshape(3, 6, 8).numpy() @ p["w_o"]
    edits = {"prefix_k": p_k, "prefix_v": p_v}
    ours = peft.edited_attention(y, p, edits, 2, real)
    np.testing.assert_allclose(ours, wanted, rtol=1e-10, atol=1e-10)
