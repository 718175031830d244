"""Entry 9 against the families themselves: tiny models of transformers with random weights."""

import numpy as np
import pytest
import torch
import transformers as hf

from snippets.family_tree import full_mask, permutation_mask, prefix_mask, reach
from snippets.transformer import causal_mask

N, V = 6, 31
WORDS = torch.arange(5, 5 + N)[None]


def dependence(run, words=WORDS):
    """Which outputs (rows) change when a word (column) does."""
    with torch.no_grad():
        before = run(words)
        rows = []
        for j in range(words.shape[1]):
            changed = words.clone()
            changed[0, j] += 7
            rows.append((run(changed) != before).any(-1)[0].numpy())
    return np.array(rows).T


def small(model_class, config_class, **options):
    torch.manual_seed(0)
    config = config_class(vocab_size=V, **options)
    return model_class(config).double().eval()


@pytest.mark.holds("full_mask", "reach", by="library: transformers.BertModel")
def test_bert_has_the_full_mask():
    model = small(
        hf.BertModel,
        hf.BertConfig,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
    )
    seen = dependence(lambda words: model(words).last_hidden_state)
    assert (seen == reach(full_mask(N), 2)).all()


@pytest.mark.holds("transformer.causal_mask", "reach", by="library: transformers.GPT2Model")
def test_gpt_2_has_the_causal_mask():
    model = small(hf.GPT2Model, hf.GPT2Config, n_embd=16, n_layer=2, n_head=2)
    seen = dependence(lambda words: model(words).last_hidden_state)
    assert (seen == reach(causal_mask(N), 2)).all()


@pytest.mark.holds("prefix_mask", by="library: transformers.BartModel")
@pytest.mark.parametrize("prefix", [1, 3, 5])
def test_bart_has_the_prefix_mask_over_both_texts(prefix):
    model = small(
        hf.BartModel,
        hf.BartConfig,
        d_model=16,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
    )

    def run(words):
        out = model(input_ids=words[:, :prefix], decoder_input_ids=words[:, prefix:])
        return torch.cat([out.encoder_last_hidden_state, out.last_hidden_state], dim=1)

    assert (dependence(run) == prefix_mask(N, prefix)).all()


@pytest.mark.holds("permutation_mask", "reach", by="library: transformers.XLNetModel")
def test_xlnet_has_the_permutation_mask():
    order = np.array([3, 0, 5, 1, 4, 2])
    mask = permutation_mask(order)
    model = small(hf.XLNetModel, hf.XLNetConfig, d_model=16, n_layer=2, n_head=2, d_inner=32)
    hidden = torch.tensor(~mask).double()[None]  # here 1 means: may not look
    seen = dependence(lambda words: model(words, perm_mask=hidden).last_hidden_state)
    assert (seen == reach(mask, 2)).all()
