"""Entry 17 against PyTorch."""

import autograd
import numpy as np
import pytest
import torch

from snippets import instructgpt as ig
from snippets.gpt import gpt


@pytest.mark.holds("ranking_loss", by="library: torch.nn.functional.logsigmoid")
def test_the_ranking_loss_and_its_gradient_are_pytorchs():
    r = np.random.default_rng(0).normal(size=(5, 9))
    w, o = np.triu_indices(9, 1)
    t = torch.tensor(r, requires_grad=True)
    loss = -torch.nn.functional.logsigmoid(t[:, w] - t[:, o]).mean()
    loss.backward()
    assert np.isclose(ig.ranking_loss(r), loss.item(), rtol=1e-12, atol=1e-10)
    assert np.allclose(autograd.grad(ig.ranking_loss)(r), t.grad.numpy(), atol=1e-14, rtol=1e-10)


@pytest.mark.holds("sft_loss", by="library: torch.nn.functional.cross_entropy")
def test_the_sft_loss_is_pytorchs_cross_entropy_without_the_prompt():
    a = ig.load_aligned()
    tokens = ig.demonstrate(ig.prompts(a["merges"], True), 0.4, np.random.default_rng(0))
    logits = torch.tensor(gpt(a["sft"], tokens[:, :-1], a["h"]))
    targets = torch.tensor(tokens[:, 1:]).clone()
    targets[:, : ig.PROMPT - 1] = -100
    expected = torch.nn.functional.cross_entropy(
        logits.reshape(-1, logits.shape[-1]), targets.reshape(-1), ignore_index=-100
    )
    assert np.isclose(
        ig.sft_loss(a["sft"], tokens, ig.PROMPT, a["h"]), expected, rtol=1e-10, atol=1e-10
    )


@pytest.mark.holds("sft_loss", by="library: torch.nn.functional.cross_entropy")
@pytest.mark.parametrize("seed", range(3))
def test_the_sft_loss_of_a_padded_batch_is_pytorchs_with_every_label_of_padding_ignored(seed):
    """The logits are those of each text alone, so padding has no part in them."""
    a, rng = ig.load_aligned(), np.random.default_rng(seed)
    texts, starts = [], []
    for row in ig.demonstrate(ig.prompts(a["merges"], True), 0.4, rng):
        cut, end = rng.integers(0, 5), rng.integers(ig.PROMPT + 1, len(row) + 1)
        texts.append(row[cut:end])
        starts.append(ig.PROMPT - cut)
    logits, labels = [], []
    for text, start in zip(texts, starts, strict=True):
        logits.append(torch.tensor(gpt(a["sft"], text[:-1], a["h"])))
        label = torch.tensor(text[1:]).clone()
        label[: start - 1] = -100
        labels.append(label)
    expected = torch.nn.functional.cross_entropy(
        torch.cat(logits), torch.cat(labels), ignore_index=-100
    )
    tokens = rng.integers(512, size=(len(texts), 2 + ig.PROMPT + ig.ANSWER))
    real = np.zeros(tokens.shape, dtype=bool)
    for i, (text, start) in enumerate(zip(texts, starts, strict=True)):
        here = slice(2 + ig.PROMPT - start, 2 + ig.PROMPT - start + len(text))
        tokens[i, here], real[i, here] = text, True
    ours = ig.sft_loss(a["sft"], tokens, 2 + ig.PROMPT, a["h"], real)
    assert np.isclose(ours, expected, rtol=1e-10, atol=1e-10)
