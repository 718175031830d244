"""Entry 2 against PyTorch."""

import autograd.numpy as anp
import numpy as np
import pytest
import torch
from autograd import grad
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from snippets import layers
from snippets import transformer as t

SEEDS = st.integers(0, 2**32 - 1)


def tensor(x):
    return torch.tensor(np.asarray(x), dtype=torch.float64)


@pytest.mark.holds("attention", by="library: torch.nn.functional.scaled_dot_product_attention")
@given(SEEDS, st.integers(1, 6), st.booleans())
def test_attention_is_torchs(seed, n, causal):
    q, k, v = np.random.default_rng(seed).normal(size=(3, 2, n, 4))
    mask = t.causal_mask(n) if causal else None
    theirs = nn.functional.scaled_dot_product_attention(*map(tensor, (q, k, v)), is_causal=causal)
    np.testing.assert_allclose(t.attention(q, k, v, mask), theirs, rtol=1e-10, atol=1e-12)


@pytest.mark.holds(
    "layers.layer_norm", "layers.gelu", "layers.cross_entropy", by="library: torch.nn.functional"
)
@given(SEEDS, st.integers(1, 4))
def test_layer_norm_gelu_and_cross_entropy_are_torchs(seed, n):
    rng = np.random.default_rng(seed)
    x, gain, bias = rng.normal(size=(n, 6)), rng.normal(size=6), rng.normal(size=6)
    theirs = nn.functional.layer_norm(tensor(x), (6,), tensor(gain), tensor(bias))
    np.testing.assert_allclose(layers.layer_norm(x, gain, bias), theirs, rtol=1e-10, atol=1e-11)
    theirs = nn.functional.gelu(tensor(x), approximate="tanh")
    np.testing.assert_allclose(layers.gelu(x), theirs, rtol=1e-10, atol=1e-13)
    targets = rng.integers(0, 6, n)
    theirs = nn.functional.cross_entropy(tensor(x), torch.tensor(targets))
    np.testing.assert_allclose(layers.cross_entropy(x, targets), theirs, rtol=1e-11)


@pytest.mark.holds("attention", by="library: torch.nn.functional.scaled_dot_product_attention")
@pytest.mark.parametrize("seed", range(5))
def test_attention_with_a_mask_is_torchs_where_all_is_hidden_too(seed):
    rng = np.random.default_rng(seed)
    q, k, v = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 5, 3)), rng.normal(size=(2, 5, 6))
    mask = rng.random((2, 4, 5)) < 0.4
    mask[0, 1], mask[1] = False, False
    boxes = [tensor(x).requires_grad_() for x in (q, k, v)]
    theirs = nn.functional.scaled_dot_product_attention(*boxes, attn_mask=torch.tensor(mask))
    np.testing.assert_allclose(t.attention(q, k, v, mask), theirs.detach(), rtol=1e-10, atol=1e-12)
    weights = rng.normal(size=theirs.shape)
    (theirs * tensor(weights)).sum().backward()
    for i, box in enumerate(boxes):

        def loss(x, i=i):
            given = [*(q, k, v)[:i], x, *(q, k, v)[i + 1 :]]
            return anp.sum(weights * t.attention(*given, mask))

        slope = grad(loss)((q, k, v)[i])
        np.testing.assert_allclose(slope, box.grad, rtol=1e-9, atol=1e-12)


@pytest.mark.holds("layers.cross_entropy", by="library: torch.nn.functional.cross_entropy")
@given(SEEDS, st.integers(1, 6))
def test_cross_entropy_leaves_out_what_torch_ignores(seed, n):
    rng = np.random.default_rng(seed)
    logits, targets = rng.normal(size=(n, 5)), rng.integers(5, size=n)
    targets[1:][rng.random(n - 1) < 0.5] = -100
    theirs = nn.functional.cross_entropy(tensor(logits), torch.tensor(targets))
    np.testing.assert_allclose(layers.cross_entropy(logits, targets), theirs, rtol=1e-11)


def sides(*lengths):
    """Masks of texts of these lengths, with the padding on the right and on the left."""
    return [
        layers.pad([np.zeros(n, dtype=int) for n in lengths], left=left)[1]
        for left in (False, True)
    ]


def load_attention(module, p, name):
    weights = np.concatenate([p[f"{name}w_{w}"].T for w in "qkv"])
    module.in_proj_weight.copy_(tensor(weights))
    module.out_proj.weight.copy_(tensor(p[f"{name}w_o"].T))
    module.in_proj_bias.zero_()
    module.out_proj.bias.zero_()


def load_block(module, p, norms):
    for linear, i in ((module.linear1, 1), (module.linear2, 2)):
        linear.weight.copy_(tensor(p[f"w_{i}"].T))
        linear.bias.copy_(tensor(p[f"b_{i}"]))
    for norm, name in norms.items():
        getattr(module, norm).weight.copy_(tensor(p[f"{name}_gain"]))
        getattr(module, norm).bias.copy_(tensor(p[f"{name}_bias"]))


@pytest.mark.holds("encoder_block", by="library: torch.nn.TransformerEncoderLayer")
@pytest.mark.parametrize("seed", range(5))
@torch.no_grad()
def test_the_encoder_block_is_torchs(seed):
    rng = np.random.default_rng(seed)
    x, p = rng.normal(size=(2, 7, 8)), t.init_block(rng, 8, 16)
    block = nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True, dtype=torch.float64)
    load_attention(block.self_attn, p, "")
    load_block(block, p, {"norm1": "ln1", "norm2": "ln2"})
    np.testing.assert_allclose(t.encoder_block(x, p, 2), block(tensor(x)), rtol=1e-10, atol=1e-11)


@pytest.mark.holds("decoder_block", by="library: torch.nn.TransformerDecoderLayer")
@pytest.mark.parametrize("seed", range(5))
@torch.no_grad()
def test_the_decoder_block_is_torchs(seed):
    rng = np.random.default_rng(seed)
    x, memory = rng.normal(size=(2, 5, 8)), rng.normal(size=(2, 7, 8))
    p = t.init_block(rng, 8, 16, cross=True)
    block = nn.TransformerDecoderLayer(8, 2, 16, 0.0, batch_first=True, dtype=torch.float64)
    load_attention(block.self_attn, p, "")
    load_attention(block.multihead_attn, p, "cross.")
    load_block(block, p, {"norm1": "ln1", "norm2": "cross.ln1", "norm3": "ln2"})
    mask = nn.Transformer.generate_square_subsequent_mask(5, dtype=torch.float64)
    theirs = block(tensor(x), tensor(memory), tgt_mask=mask)
    np.testing.assert_allclose(t.decoder_block(x, memory, p, 2), theirs, rtol=1e-10, atol=1e-11)


@pytest.mark.holds(
    "encoder_block", "decoder_block", by="library: torch.nn.TransformerDecoderLayer"
)
@pytest.mark.parametrize("real", sides(2, 5))
@pytest.mark.parametrize("read", sides(7, 3))
@torch.no_grad()
def test_padded_blocks_are_torchs_with_key_padding_masks(real, read):
    rng = np.random.default_rng(0)
    x, source = rng.normal(size=(2, 5, 8)), rng.normal(size=(2, 7, 8))
    p = t.init_block(rng, 8, 16, cross=True)
    encoder = nn.TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True, dtype=torch.float64)
    load_attention(encoder.self_attn, p, "")
    load_block(encoder, p, {"norm1": "ln1", "norm2": "ln2"})
    decoder = nn.TransformerDecoderLayer(8, 2, 16, 0.0, batch_first=True, dtype=torch.float64)
    load_attention(decoder.self_attn, p, "")
    load_attention(decoder.multihead_attn, p, "cross.")
    load_block(decoder, p, {"norm1": "ln1", "norm2": "cross.ln1", "norm3": "ln2"})
    theirs = encoder(tensor(source), src_key_padding_mask=torch.tensor(~read))
    memory = t.encoder_block(source, p, 2, read)
    np.testing.assert_allclose(memory[read], theirs[torch.tensor(read)], rtol=1e-10, atol=1e-11)
    theirs = decoder(
        tensor(x),
        tensor(memory),
        tgt_mask=torch.tensor(~t.causal_mask(5)),
        tgt_key_padding_mask=torch.tensor(~real),
        memory_key_padding_mask=torch.tensor(~read),
    )
    ours = t.decoder_block(x, memory, p, 2, real, read)
    np.testing.assert_allclose(ours[real], theirs[torch.tensor(real)], rtol=1e-10, atol=1e-11)
