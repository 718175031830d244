"""Entry 12 against PyTorch and Hugging Face transformers; nothing is downloaded."""

import numpy as np
import pytest
import torch
import transformers

from snippets import lora
from snippets.gpt import block_params, corpus, encode, gpt, load_tiny


def gpt_2(params, h):
    """GPT-2 of transformers, in float64, with our weights; its attention's biases are zero."""
    v, d = params["tok_emb"].shape
    config = transformers.GPT2Config(
        vocab_size=v,
        n_positions=len(params["pos_emb"]),
        n_embd=d,
        n_layer=2,
        n_head=h,
        attn_pdrop=0,
        embd_pdrop=0,
        resid_pdrop=0,
    )
    model = transformers.GPT2LMHeadModel(config).double().eval().requires_grad_(False)
    body = model.transformer
    names = [(body.wte.weight, "tok_emb"), (body.wpe.weight, "pos_emb")]
    names += [(body.ln_f.weight, "lnf_gain"), (body.ln_f.bias, "lnf_bias")]
    for i, block in enumerate(body.h):
        p = block_params(params, i)
        block.attn.c_attn.weight.copy_(
            torch.tensor(np.concatenate([p["w_q"], p["w_k"], p["w_v"]], axis=1))
        )
        block.attn.c_attn.bias.zero_()
        block.attn.c_proj.bias.zero_()
        names += [(block.attn.c_proj.weight, f"b{i}.w_o")]
        for k, norm, layer in (
            ("1", block.ln_1, block.mlp.c_fc),
            ("2", block.ln_2, block.mlp.c_proj),
        ):
            names += [(norm.weight, f"b{i}.ln{k}_gain"), (norm.bias, f"b{i}.ln{k}_bias")]
            names += [(layer.weight, f"b{i}.w_{k}"), (layer.bias, f"b{i}.b_{k}")]
    for weight, name in names:
        weight.copy_(torch.tensor(params[name]))
    return model


@pytest.mark.holds("merge_lora", by="library: transformers.GPT2LMHeadModel")
def test_our_merged_model_is_gpt_2_with_the_updates_beside_its_layers():
    tiny, merges, h = load_tiny()
    _, by_rank, alpha = lora.load_lora()
    adapters = {k: torch.tensor(w) for k, w in by_rank[4].items()}
    model = gpt_2(tiny, h)

    def beside(names):
        def hook(module, inputs, output):
            x = inputs[0]
            rows = [
                alpha
                / 4
                * torch.nn.functional.linear(x @ adapters[f"{n}.a"].T, adapters[f"{n}.b"])
                for n in names
            ]
            return output + torch.cat(rows, dim=-1)

        return hook

    for i, block in enumerate(model.transformer.h):
        block.attn.c_attn.register_forward_hook(beside([f"b{i}.w_{x}" for x in "qkv"]))
        block.attn.c_proj.register_forward_hook(beside([f"b{i}.w_o"]))
    text = np.array(encode(corpus()[5000:].upper(), merges)[:128]).reshape(2, 64)
    theirs = model(torch.tensor(text)).logits
    ours = gpt(lora.merge_lora(tiny, by_rank[4], alpha), text, h)
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)
    assert not np.allclose(ours, gpt(tiny, text, h), atol=1)


@pytest.mark.holds("lora", "lora_grads", by="derivative: torch")
def test_gradients_are_torchs():
    rng = np.random.default_rng(0)
    w_0, x, g = (rng.normal(size=s) for s in ((5, 7), (4, 7), (4, 5)))
    a, b = (torch.tensor(rng.normal(size=s), requires_grad=True) for s in ((3, 7), (5, 3)))
    out = torch.tensor(x) @ (torch.tensor(w_0) + 8 / 3 * b @ a).T
    out.backward(torch.tensor(g))
    a_, b_ = a.detach().numpy(), b.detach().numpy()
    np.testing.assert_allclose(lora.lora(x, w_0, a_, b_, 8.0), out.detach(), rtol=1e-10)
    ours = lora.lora_grads(g, x, a_, b_, 8.0)
    np.testing.assert_allclose(ours[0], a.grad, rtol=1e-10, atol=1e-11)
    np.testing.assert_allclose(ours[1], b.grad, rtol=1e-10, atol=1e-11)


@pytest.mark.holds("init_lora", by="library: torch.nn.Linear")
def test_the_codes_start_of_a_has_a_third_of_our_variance():
    weight = torch.nn.Linear(300, 200).weight.detach()  # the default that loralib takes for A
    ours = lora.init_lora(np.random.default_rng(0), {"w": np.zeros((300, 9))}, ["w"], 200)
    assert 3 * float(weight.var()) == pytest.approx(ours["w.a"].var(), rel=0.03)


@pytest.mark.holds("bias_parameters", by="library: transformers.GPT2LMHeadModel")
@pytest.mark.parametrize(("d", "n_layers"), [(768, 12), (12_288, 96)])
def test_biases_are_as_many_as_in_gpt_2(d, n_layers):
    config = transformers.GPT2Config(n_embd=d, n_layer=n_layers, n_head=12)
    with torch.device("meta"):
        model = transformers.GPT2LMHeadModel(config)
    held = sum(w.numel() for name, w in model.named_parameters() if name.endswith("bias"))
    assert lora.bias_parameters(n_layers, d) == held
