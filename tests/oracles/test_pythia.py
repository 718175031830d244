"""Entry 16 against GPT-NeoX of Hugging Face transformers; nothing is downloaded."""

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers.models.gpt_neox import modeling_gpt_neox as neox

from snippets import bert, pythia

ANGLES_IN_32_BITS = dict(rtol=1e-5, atol=1e-5)  # as NeoX computes them, whatever it is given


def config(d, h, layers, v, **options):
    return transformers.GPTNeoXConfig(
        vocab_size=v,
        hidden_size=d,
        num_hidden_layers=layers,
        num_attention_heads=h,
        intermediate_size=4 * d,
        hidden_act="gelu_new",
        **options,
    )


@pytest.mark.holds("rotate_part", by="library: transformers.models.gpt_neox")
def test_rotation_of_a_part_is_neoxs():
    rng, settings = np.random.default_rng(0), config(128, 2, 1, 10)
    q, k = (torch.tensor(rng.normal(size=(1, 2, 30, 64))) for _ in "qk")
    positions = torch.arange(30)[None]
    turned = neox.apply_rotary_pos_emb(q, k, *neox.GPTNeoXRotaryEmbedding(settings)(q, positions))
    for before, after in zip((q, k), turned, strict=True):
        ours = pythia.rotate_part(before[0].numpy(), np.arange(30))
        np.testing.assert_allclose(ours, after[0], **ANGLES_IN_32_BITS)


def model_of(p, d, h, parallel):
    """A model of transformers with our block, and a last LayerNorm that does nothing more."""
    model = (
        transformers.GPTNeoXModel(config(d, h, 1, 10, use_parallel_residual=parallel))
        .double()
        .eval()
    )
    layer = model.layers[0]

    def put(module, weight, bias):
        module.weight.data = torch.tensor(np.ascontiguousarray(weight))
        module.bias.data = torch.tensor(bias)

    fused = [
        np.stack([p[f"{kind}_{w}"].T.reshape(h, d // h, -1) for w in "qkv"], axis=1)
        for kind in "wb"
    ]
    put(layer.attention.query_key_value, fused[0].reshape(3 * d, d), fused[1].reshape(3 * d))
    put(layer.attention.dense, p["w_o"].T, p["b_o"])
    put(layer.mlp.dense_h_to_4h, p["w_1"].T, p["b_1"])
    put(layer.mlp.dense_4h_to_h, p["w_2"].T, p["b_2"])
    put(layer.input_layernorm, p["ln1_gain"], p["ln1_bias"])
    put(layer.post_attention_layernorm, p["ln2_gain"], p["ln2_bias"])
    put(model.final_layer_norm, np.ones(d), np.zeros(d))
    return model


def weights(rng, d):
    return {k: w + 0.3 * rng.normal(size=w.shape) for k, w in bert.init_layer(rng, d).items()}


def standard(x):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5)


@pytest.mark.holds("neox_block", by="library: transformers.GPTNeoXModel")
@settings(max_examples=8)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4), st.sampled_from([8, 16]), st.booleans())
def test_the_block_is_neoxs_with_our_weights(seed, h, k, parallel):
    rng, d = np.random.default_rng(seed), h * k
    p, x = weights(rng, d), rng.normal(size=(1, 7, d))
    with torch.no_grad():
        out = model_of(p, d, h, parallel)(inputs_embeds=torch.tensor(x)).last_hidden_state[0]
    ours = standard(pythia.neox_block(x[0], p, h, parallel))
    np.testing.assert_allclose(ours, out, **ANGLES_IN_32_BITS)


@pytest.mark.holds("neox_block", by="library: transformers.GPTNeoXModel")
@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("parallel", [True, False])
def test_a_padded_batch_is_neoxs_at_every_token(left, parallel):
    rng, d, h = np.random.default_rng(4), 16, 2
    p, x = weights(rng, d), rng.normal(size=(3, 7, d))
    place = np.arange(7)[::-1] if left else np.arange(7)
    real = place < np.array([7, 4, 1])[:, None]
    with torch.no_grad():
        out = model_of(p, d, h, parallel)(
            inputs_embeds=torch.tensor(x), attention_mask=torch.tensor(real).long()
        ).last_hidden_state.numpy()
    ours = standard(pythia.neox_block(x, p, h, parallel, real=real))
    np.testing.assert_allclose(ours[real], out[real], **ANGLES_IN_32_BITS)


@pytest.mark.holds("pythia_parameters", "padded", by="library: transformers.GPTNeoXForCausalLM")
@pytest.mark.parametrize("name", pythia.SUITE)
def test_the_suite_has_as_many_parameters_as_its_models(name):
    layers, d, h, shards = pythia.SUITE[name]
    with torch.device("meta"):
        model = transformers.GPTNeoXForCausalLM(
            config(d, h, layers, pythia.padded(50_277, shards))
        )
    without, total = pythia.pythia_parameters(layers, d, shards)
    assert sum(w.numel() for w in model.parameters()) == total
    tables = model.gpt_neox.embed_in.weight.numel() + model.get_output_embeddings().weight.numel()
    assert total - tables == without
