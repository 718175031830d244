"""Entry 6 against Hugging Face transformers; nothing is downloaded."""

import numpy as np
import pytest
import torch
import transformers
from hypothesis import given, settings
from hypothesis import strategies as st

from snippets import bert
from snippets.layers import block_params, n_layers, pad, positions

N = 12
PLACES = {
    "w_q": "attention.self.query",
    "w_k": "attention.self.key",
    "w_v": "attention.self.value",
    "w_o": "attention.output.dense",
    "w_1": "intermediate.dense",
    "w_2": "output.dense",
}


def model_with(params, h):
    """BertForPreTraining in float64 with our weights."""
    v, d = params["tok_emb"].shape
    config = transformers.BertConfig(
        vocab_size=v,
        hidden_size=d,
        num_hidden_layers=n_layers(params),
        num_attention_heads=h,
        intermediate_size=4 * d,
        max_position_embeddings=N,
        hidden_act="gelu_new",
    )
    model = transformers.BertForPreTraining(config).double().eval()
    state, left = model.state_dict(), set(model.state_dict())

    def put(name, weight):
        assert state[name].shape == weight.shape, name
        state[name] = torch.tensor(weight)
        left.discard(name)

    def norm(name, gain, bias):
        put(f"{name}.weight", gain)
        put(f"{name}.bias", bias)

    def linear(name, weight, bias):
        norm(name, weight.T, bias)

    for name, table in (("word", "tok"), ("token_type", "seg"), ("position", "pos")):
        put(f"bert.embeddings.{name}_embeddings.weight", params[f"{table}_emb"])
    norm("bert.embeddings.LayerNorm", params["emb_gain"], params["emb_bias"])
    for i in range(n_layers(params)):
        p = block_params(params, i)
        layer = f"bert.encoder.layer.{i}."
        for w, place in PLACES.items():
            linear(layer + place, p[w], p[w.replace("w", "b")])
        norm(layer + "attention.output.LayerNorm", p["ln1_gain"], p["ln1_bias"])
        norm(layer + "output.LayerNorm", p["ln2_gain"], p["ln2_bias"])
    linear("bert.pooler.dense", params["w_pool"], params["b_pool"])
    head = "cls.predictions."
    linear(head + "transform.dense", params["w_mlm"], params["b_mlm"])
    norm(head + "transform.LayerNorm", params["mlm_gain"], params["mlm_bias"])
    linear("cls.seq_relationship", params["w_nsp"], params["b_nsp"])
    put(head + "bias", params["b_tok"])
    tied = {head + "decoder.weight": params["tok_emb"], head + "decoder.bias": params["b_tok"]}
    for name in tied.keys() & state.keys():
        put(name, tied[name])
    assert not {name for name in left if not name.endswith("_ids")}
    model.load_state_dict(state)
    return model


@pytest.mark.holds(
    "embed",
    "encode",
    "mlm_logits",
    "nsp_logits",
    "pretraining_loss",
    by="library: transformers.BertForPreTraining",
)
@settings(max_examples=8)
@given(st.integers(0, 2**32 - 1), st.integers(8, 40), *[st.integers(1, 3)] * 3)
def test_states_logits_and_loss_are_berts_with_our_weights(seed, v, h, k, layers):
    rng = np.random.default_rng(seed)
    params = bert.init_bert(rng, v, N, 4 * h * k, layers)
    params = torch.utils._pytree.tree_map(lambda w: w + rng.normal(size=w.shape) * 0.3, params)
    a, b = rng.integers(5, v, size=(2, 4)).tolist()
    ids, segments, special = bert.pack(a, b, 1, 2)
    shown, chosen = bert.mask_tokens(rng, ids, special, v, 3, 0.4)
    labels = torch.where(torch.tensor(chosen), torch.tensor(ids), -100)
    with torch.no_grad():
        out = model_with(params, h)(
            torch.tensor(shown)[None],
            token_type_ids=torch.tensor(segments)[None],
            labels=labels[None],
            next_sentence_label=torch.tensor([seed % 2]),
            output_hidden_states=True,
        )
    t = bert.encode(params, shown, segments, h)
    close = dict(rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(
        bert.embed(params, shown, segments), out.hidden_states[0][0], **close
    )
    np.testing.assert_allclose(t, out.hidden_states[-1][0], **close)
    np.testing.assert_allclose(bert.mlm_logits(params, t), out.prediction_logits[0], **close)
    np.testing.assert_allclose(bert.nsp_logits(params, t), out.seq_relationship_logits[0], **close)
    loss = bert.pretraining_loss(params, shown, segments, ids, chosen, seed % 2 == 0, h)
    assert float(loss) == pytest.approx(float(out.loss), rel=1e-10)


@pytest.mark.holds("encode", "nsp_logits", by="library: transformers.BertForPreTraining")
@pytest.mark.holds("pretraining_loss", by="library: transformers.BertForPreTraining")
@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_padded_states_and_loss_are_berts(seed, left):
    rng = np.random.default_rng(seed)
    params = bert.init_bert(rng, 30, N, 8, 2)
    params = {k: w + rng.normal(size=w.shape) * 0.3 for k, w in params.items()}
    lengths = ((4, 3), (1, 2))
    words = [[rng.integers(5, 30, n).tolist() for n in pair] for pair in lengths]
    packed = [bert.pack(*pair, 1, 2) for pair in words]
    ids, real = pad([p[0] for p in packed], left=left)
    segments, _ = pad([p[1] for p in packed], left=left)
    chosen = real & (rng.random(real.shape) < 0.5) & (ids > 4)
    shown = np.where(chosen, 3, ids)
    labels = torch.tensor(np.where(chosen, ids, -100))
    with torch.no_grad():
        out = model_with(params, 2)(
            torch.tensor(shown),
            attention_mask=torch.tensor(real).long(),
            token_type_ids=torch.tensor(segments),
            position_ids=torch.tensor(positions(real)),
            labels=labels,
            next_sentence_label=torch.tensor([0, 1]),
            output_hidden_states=True,
        )
    t, close = bert.encode(params, shown, segments, 2, real), dict(rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(t[real], out.hidden_states[-1][torch.tensor(real)], **close)
    ours = bert.mlm_logits(params, t)[real]
    np.testing.assert_allclose(ours, out.prediction_logits[torch.tensor(real)], **close)
    pairs, is_next = bert.nsp_logits(params, t, real), np.array([True, False])
    loss = bert.pretraining_loss(params, shown, segments, ids, chosen, is_next, 2, real)
    if not left:  # on the left, their pooler takes the padding for [CLS]
        np.testing.assert_allclose(pairs, out.seq_relationship_logits, **close)
        assert float(loss) == pytest.approx(float(out.loss), rel=1e-10)


def count(kind, config, **options):
    with torch.device("meta"):
        model = kind(config, **options)
    return sum(w.numel() for w in model.parameters())


SIZES = [
    pytest.param(768, 12, 12, 109_482_240, 110_106_428, id="base"),
    pytest.param(1024, 24, 16, 335_141_888, 336_226_108, id="large"),
]


@pytest.mark.holds(
    "bert_parameters", "head_parameters", by="library: transformers.BertForPreTraining"
)
@pytest.mark.parametrize(("d", "l", "h", "encoder", "whole"), SIZES)
def test_parameters_are_as_many_as_in_bert(d, l, h, encoder, whole):  # noqa: E741
    config = transformers.BertConfig(
        hidden_size=d, num_hidden_layers=l, num_attention_heads=h, intermediate_size=4 * d
    )
    assert count(transformers.BertModel, config) == encoder
    assert count(transformers.BertForPreTraining, config) == whole
    assert bert.bert_parameters(30_522, 512, d, l) == encoder
    assert bert.head_parameters(30_522, d) == whole - encoder


@pytest.mark.holds("bert_parameters", by="library: transformers.RobertaModel")
@pytest.mark.parametrize(
    ("d", "l", "h", "wanted"), [(768, 12, 12, 124_645_632), (1024, 24, 16, 355_359_744)]
)
def test_parameters_are_as_many_as_in_roberta(d, l, h, wanted):  # noqa: E741
    config = transformers.RobertaConfig(
        vocab_size=50_265,
        max_position_embeddings=514,
        type_vocab_size=1,
        hidden_size=d,
        num_hidden_layers=l,
        num_attention_heads=h,
        intermediate_size=4 * d,
    )
    assert count(transformers.RobertaModel, config) == wanted
    assert bert.bert_parameters(50_265, 514, d, l, segments=1) == wanted
