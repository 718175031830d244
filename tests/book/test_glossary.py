"""The glossary says in English what a term means, and ends with its Chinese name."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GLOSSARY = (ROOT / "docs" / "appendix" / "glossary.md").read_text("utf-8")
ENTRIES = GLOSSARY.partition(":sorted:\n\n")[2].removesuffix("```\n").strip().split("\n\n")
HAN = re.compile(r"[\u4e00-\u9fff]")
NEEDED = """
activation; Adam; autograd; backpropagation; baseline; batch; broadcasting; cross-entropy;
discount; embedding; entropy; gradient; gradient descent; GRU; Jacobian; KL divergence; learning
rate; log odds; logit; loss; nat; odds; one-hot; padding; perplexity; policy; query; rank; ReLU;
reward; seed; SFT; sigmoid; singular value; softmax; surprise; token; vocabulary
"""


def terms(entry):
    return [line for line in entry.split("\n") if not line.startswith(" ")]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.partition("\n")[0])
def test_an_entry_is_in_english_first_and_in_chinese_last(entry):
    *meaning, last = [line.strip() for line in entry.split("\n") if line.startswith(" ")]
    assert meaning and not HAN.search("".join(meaning))
    assert re.fullmatch(r"Chinese: [^.]+\.", last)


def test_no_term_stands_twice():
    found = [term.lower() for entry in ENTRIES for term in terms(entry)]
    assert len(found) == len({*found}) > 100


def test_a_newcomer_finds_what_the_pages_take_for_granted():
    found = {term for entry in ENTRIES for term in terms(entry)}
    wanted = {" ".join(term.split()) for term in NEEDED.split(";")}
    assert wanted - found == set()
