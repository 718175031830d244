"""Entry 8 against Hugging Face: the same logits, the same number of parameters."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    BartModel,
)

from snippets.bart import bart_parameters, decode, denoising_loss, encode, init_bart
from snippets.layers import pad

NAMES = {"q": "q_proj", "k": "k_proj", "v": "v_proj", "o": "out_proj"}


def torch_names(side, i, cross):
    """Our name of each array of a block, and torch's; matrices are transposed."""
    base = f"model.{side}oder.layers.{i}."
    for ours, theirs in [("", "self_attn"), ("cross.", "encoder_attn")][: 1 + cross]:
        for w, name in NAMES.items():
            yield f"{side}.b{i}.{ours}w_{w}", f"{base}{theirs}.{name}.weight"
        yield f"{side}.b{i}.{ours}ln1_gain", f"{base}{theirs}_layer_norm.weight"
        yield f"{side}.b{i}.{ours}ln1_bias", f"{base}{theirs}_layer_norm.bias"
    for k in "12":
        yield f"{side}.b{i}.w_{k}", f"{base}fc{k}.weight"
        yield f"{side}.b{i}.b_{k}", f"{base}fc{k}.bias"
    yield f"{side}.b{i}.ln2_gain", f"{base}final_layer_norm.weight"
    yield f"{side}.b{i}.ln2_bias", f"{base}final_layer_norm.bias"


def model_with(rng, v, h, d, f, layers):
    """Parameters of ours, and BART in float64 with the same."""
    params = init_bart(rng, v, 12, d, f, layers)
    params = {k: w + 0.2 * rng.normal(size=w.shape) for k, w in params.items()}
    config = BartConfig(
        vocab_size=v,
        max_position_embeddings=12,
        d_model=d,
        encoder_layers=layers,
        decoder_layers=layers,
        encoder_ffn_dim=f,
        decoder_ffn_dim=f,
        encoder_attention_heads=h,
        decoder_attention_heads=h,
        activation_function="gelu_new",
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
        decoder_start_token_id=2,
        attn_implementation="eager",
    )
    model = BartForConditionalGeneration(config).double().eval()
    state = model.state_dict()
    with torch.no_grad():
        for name, value in state.items():
            if name.endswith(("q_proj.bias", "k_proj.bias", "v_proj.bias", "out_proj.bias")):
                value.zero_()
        state["model.shared.weight"].copy_(torch.tensor(params["tok_emb"]))
        for side in ("enc", "dec"):
            base = f"model.{side}oder."
            # Two rows of padding stand before the first position.
            rows = state[f"{base}embed_positions.weight"][2:]
            rows.copy_(torch.tensor(params[f"{side}.pos_emb"]))
            for ours, theirs in (("gain", "weight"), ("bias", "bias")):
                target = state[f"{base}layernorm_embedding.{theirs}"]
                target.copy_(torch.tensor(params[f"{side}.emb_{ours}"]))
            for i in range(layers):
                for ours, theirs in torch_names(side, i, side == "dec"):
                    state[theirs].copy_(torch.tensor(params[ours].T))
    return params, model


@pytest.mark.holds("encode", "decode", by="library: transformers.BartForConditionalGeneration")
@settings(max_examples=8)
@given(st.integers(0, 2**32 - 1), st.integers(4, 30), *[st.integers(1, 3)] * 4)
def test_logits_are_those_of_transformers(seed, v, h, k, f, layers):
    rng = np.random.default_rng(seed)
    params, model = model_with(rng, v, h, 4 * h * k, 8 * f, layers)
    spoilt, late = rng.integers(3, v, size=(2, 6)), rng.integers(3, v, size=(2, 9))
    wanted = model(input_ids=torch.tensor(spoilt), decoder_input_ids=torch.tensor(late)).logits
    ours = decode(params, late, encode(params, spoilt, h), h)
    np.testing.assert_allclose(ours, wanted.detach().numpy(), atol=1e-10, rtol=1e-10)


@pytest.mark.holds("denoising_loss", by="library: transformers.BartForConditionalGeneration")
@pytest.mark.parametrize("seed", range(3))
def test_the_loss_of_a_padded_batch_is_that_of_transformers(seed):
    rng = np.random.default_rng(seed)
    params, model = model_with(rng, 20, 2, 8, 16, 2)
    spoilt, read = pad([rng.integers(3, 20, size=n) for n in (6, 3)])
    document, real = pad([rng.integers(3, 20, size=n) for n in (4, 9)])
    with torch.no_grad():
        out = model(
            input_ids=torch.tensor(spoilt),
            attention_mask=torch.tensor(read).long(),
            decoder_attention_mask=torch.tensor(real).long(),
            labels=torch.tensor(np.where(real, document, -100)),
        )
    ours = denoising_loss(params, spoilt, document, 2, 2, real, read)
    assert float(ours) == pytest.approx(float(out.loss), rel=1e-10)


@pytest.mark.holds("bart_parameters", by="library: transformers.BartModel")
@pytest.mark.parametrize(("d", "layers"), [(768, 6), (1024, 12)])
def test_counts_are_those_of_transformers(d, layers):
    with torch.device("meta"):
        bart = BartModel(
            BartConfig(
                d_model=d,
                encoder_layers=layers,
                decoder_layers=layers,
                encoder_ffn_dim=4 * d,
                decoder_ffn_dim=4 * d,
                encoder_attention_heads=16,
                decoder_attention_heads=16,
            )
        )
    assert sum(p.numel() for p in bart.parameters()) == bart_parameters(d, layers)
