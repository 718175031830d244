"""Entry 7 against PyTorch and Hugging Face transformers; nothing is downloaded."""

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

from snippets import gpt as g
from snippets.layers import pad, positions

SEEDS = st.integers(0, 2**32 - 1)


def theirs(params, h):
    """GPT-2 of transformers, in float64, with our weights; its attention's biases are zero."""
    v, d = params["tok_emb"].shape
    config = transformers.GPT2Config(
        vocab_size=v,
        n_positions=len(params["pos_emb"]),
        n_embd=d,
        n_layer=g.n_layers(params),
        n_head=h,
        attn_pdrop=0,
        embd_pdrop=0,
        resid_pdrop=0,
        bos_token_id=None,
        eos_token_id=None,
        pad_token_id=None,
    )
    model = transformers.GPT2LMHeadModel(config).double().eval()
    state = {name: torch.zeros_like(w) for name, w in model.state_dict().items()}

    def put(name, weight):
        assert state[name].shape == weight.shape
        state[name] = torch.tensor(weight)

    put("transformer.wte.weight", params["tok_emb"])
    put("lm_head.weight", params["tok_emb"])
    put("transformer.wpe.weight", params["pos_emb"])
    put("transformer.ln_f.weight", params["lnf_gain"])
    put("transformer.ln_f.bias", params["lnf_bias"])
    for i in range(g.n_layers(params)):
        p, b = g.block_params(params, i), f"transformer.h.{i}."
        put(b + "attn.c_attn.weight", np.concatenate([p["w_q"], p["w_k"], p["w_v"]], axis=1))
        put(b + "attn.c_proj.weight", p["w_o"])
        put(b + "mlp.c_fc.weight", p["w_1"])
        put(b + "mlp.c_fc.bias", p["b_1"])
        put(b + "mlp.c_proj.weight", p["w_2"])
        put(b + "mlp.c_proj.bias", p["b_2"])
        for k in "12":
            put(b + f"ln_{k}.weight", p[f"ln{k}_gain"])
            put(b + f"ln_{k}.bias", p[f"ln{k}_bias"])
    model.load_state_dict(state)
    return model


@pytest.mark.holds("gpt", by="library: transformers.GPT2LMHeadModel")
@settings(max_examples=8)
@given(SEEDS, st.integers(2, 30), *[st.integers(1, 4)] * 4)
def test_logits_are_those_of_gpt_2_whatever_its_sizes(seed, v, n, h, k, layers):
    rng = np.random.default_rng(seed)
    params = g.init_gpt(rng, v, n, 2 * h * k, h, layers)
    params = {name: w + 0.3 * rng.normal(size=w.shape) for name, w in params.items()}
    tokens = rng.integers(v, size=(2, n))
    with torch.no_grad():
        logits = theirs(params, h)(torch.tensor(tokens)).logits
    np.testing.assert_allclose(g.gpt(params, tokens, h), logits, rtol=1e-10, atol=1e-10)


@pytest.mark.holds("gpt", "gpt_loss", by="library: transformers.GPT2LMHeadModel")
def test_logits_and_loss_of_the_tiny_model_are_those_of_gpt_2_with_its_weights():
    params, merges, h = g.load_tiny()
    text = np.array(g.encode(g.corpus()[5000:], merges)[: 3 * 64]).reshape(3, 64)
    with torch.no_grad():
        logits = theirs(params, h)(torch.tensor(text)).logits
    np.testing.assert_allclose(g.gpt(params, text, h), logits, rtol=1e-10, atol=1e-10)
    follows = torch.tensor(text[:, 1:]).flatten()
    loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), follows)
    assert float(g.gpt_loss(params, text, h)) == pytest.approx(float(loss), rel=1e-12)


@pytest.mark.holds("generate", by="library: transformers.GPT2LMHeadModel")
def test_the_tiny_model_writes_what_gpt_2_writes_with_its_weights():
    params, merges, h = g.load_tiny()
    prompt = np.array(g.encode("The Queen", merges))
    model = theirs(params, h)
    out = model.generate(
        torch.tensor(prompt)[None],
        attention_mask=torch.ones(1, len(prompt), dtype=torch.long),
        max_new_tokens=20,
        do_sample=False,
        pad_token_id=0,
    )
    assert g.generate(params, prompt, 20, h).tolist() == out[0].tolist()


TEXTS = ("The Queen", "Alice was not a bit hurt, and she jumped up", "'Oh!'")


def padded(left):
    """The tiny model, three texts as one batch, and what transformers wants to know of it."""
    params, merges, h = g.load_tiny()
    tokens, real = pad([np.array(g.encode(text, merges)) for text in TEXTS], left=left)
    known = {"input_ids": torch.tensor(tokens), "attention_mask": torch.tensor(real).long()}
    return params, h, tokens, real, known | {"position_ids": torch.tensor(positions(real))}


@pytest.mark.holds("gpt", "gpt_loss", by="library: transformers.GPT2LMHeadModel")
@pytest.mark.parametrize("left", [False, True])
def test_padded_logits_and_loss_are_those_of_gpt_2(left):
    params, h, tokens, real, known = padded(left)
    begins = real & (positions(real) == 0)  # no text says what its first token is
    labels = torch.tensor(np.where(real & ~begins, tokens, -100))
    with torch.no_grad():
        logits = theirs(params, h)(**known).logits
    ours = g.gpt(params, tokens, h, real)
    np.testing.assert_allclose(ours[real], logits[torch.tensor(real)], rtol=1e-9, atol=1e-10)
    told = logits[:, :-1].flatten(0, 1), labels[:, 1:].flatten()  # in float64, unlike out.loss
    loss = g.gpt_loss(params, tokens, h, real)
    assert float(loss) == pytest.approx(float(torch.nn.functional.cross_entropy(*told)), rel=1e-10)


@pytest.mark.holds("generate", by="library: transformers.GPT2LMHeadModel")
def test_a_padded_batch_is_continued_as_by_gpt_2():
    params, h, tokens, real, known = padded(left=True)
    del known["position_ids"]
    out = theirs(params, h).generate(
        **known, max_new_tokens=12, do_sample=False, pad_token_id=0, use_cache=True
    )
    assert g.generate(params, tokens, 12, h, real=real).tolist() == out.tolist()


@pytest.mark.holds("classify", by="library: transformers.GPT2ForSequenceClassification")
@pytest.mark.parametrize("left", [False, True])
def test_classes_are_read_at_the_last_token_as_by_gpt_2(left):
    params, h, tokens, real, known = padded(left)
    assert (tokens[real] != 0).all()  # 0 stands for padding there
    w_y = np.random.default_rng(0).normal(size=(64, 3))
    language = theirs(params, h)
    config = language.config
    config.num_labels, config.pad_token_id = 3, 0
    model = transformers.GPT2ForSequenceClassification(config).double().eval()
    model.transformer.load_state_dict(language.transformer.state_dict())
    with torch.no_grad():
        model.score.weight.copy_(torch.tensor(w_y.T))
        logits = model(**known).logits
    ours = g.classify(params, w_y, tokens, h, real)
    np.testing.assert_allclose(ours, logits, rtol=1e-9, atol=1e-10)


@pytest.mark.holds("gpt_parameters", by="library: transformers.GPT2LMHeadModel")
@pytest.mark.parametrize(
    ("d", "l", "n", "count"),
    [
        (768, 12, 1024, 124_439_808),
        (1024, 24, 1024, 354_823_168),
        (1280, 36, 1024, 774_030_080),
        (1600, 48, 1024, 1_557_611_200),
        (12_288, 96, 2048, 174_604_259_328),
    ],
)
def test_parameters_are_as_many_as_in_gpt_2(d, l, n, count):  # noqa: E741
    config = transformers.GPT2Config(n_embd=d, n_layer=l, n_positions=n, n_head=16)
    with torch.device("meta"):
        model = transformers.GPT2LMHeadModel(config)
    assert sum(w.numel() for w in model.parameters()) == count
    assert g.gpt_parameters(50_257, n, d, l) == count


@pytest.mark.holds("gpt_parameters", by="library: transformers.OpenAIGPTModel")
def test_parameters_are_as_many_as_in_gpt_1():
    with torch.device("meta"):
        model = transformers.OpenAIGPTModel(transformers.OpenAIGPTConfig())
    count = sum(w.numel() for w in model.parameters())
    assert g.gpt_parameters(40_478, 512, 768, 12, final_norm=False) == count


@pytest.mark.holds("init_gpt", by="library: transformers.GPT2Model")
def test_residual_weights_start_as_in_gpt_2():
    torch.manual_seed(0)
    config = transformers.GPT2Config(n_embd=128, n_layer=8, n_head=4)
    block = transformers.GPT2Model(config).h[0].requires_grad_(False)
    ours = g.init_gpt(np.random.default_rng(0), 64, 16, 128, 4, 8)
    assert ours["b0.w_o"].std() == pytest.approx(float(block.attn.c_proj.weight.std()), rel=0.03)
    assert ours["b0.w_2"].std() == pytest.approx(float(block.mlp.c_proj.weight.std()), rel=0.03)


@pytest.mark.holds("adam", by="library: torch.optim.AdamW")
def test_adam_with_decay_is_torchs_adamw():
    rng = np.random.default_rng(1)
    params, state = {"w": rng.normal(size=(3, 2))}, None
    weight = torch.tensor(params["w"].copy(), requires_grad=True)
    optimiser = torch.optim.AdamW([weight], lr=0.02, betas=(0.9, 0.99), weight_decay=0.1)
    for _ in range(5):
        grad = rng.normal(size=(3, 2))
        weight.grad = torch.tensor(grad)
        optimiser.step()
        params, state = g.adam(params, {"w": grad}, state, 0.02, 0.9, 0.99, decay=0.1)
    np.testing.assert_allclose(params["w"], weight.detach(), rtol=1e-10)
