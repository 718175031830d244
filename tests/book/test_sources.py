"""Nothing of the list is left out: neither a paragraph nor a work that it names."""

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from pybtex.database import parse_file
from pybtex.richtext import Text
from sphinxcontrib.bibtex.citation_target import parse_citation_targets

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    page.relative_to(ROOT / "docs").with_suffix("").as_posix(): page.read_text("utf-8")
    for page in sorted((ROOT / "docs").rglob("*.md"))
}
PARAGRAPHS = (ROOT / "docs" / "source-paragraphs.txt").read_text("utf-8").split("\n")[:-1]

STEMS = [
    "architectures/additive_attention",
    "architectures/transformer",
    "architectures/layer_norm",
    "architectures/fast_weights",
    "architectures/ulmfit",
    "architectures/bert",
    "architectures/gpt",
    "architectures/bart",
    "architectures/family_tree",
    "efficiency/flash_attention",
    "efficiency/cramming",
    "efficiency/lora",
    "efficiency/peft",
    "efficiency/gopher",
    "efficiency/chinchilla",
    "efficiency/pythia",
    "alignment/instructgpt",
    "alignment/constitutional_ai",
    "alignment/self_instruct",
]
HOME = {f"s{number:02}": stem for number, stem in enumerate(STEMS, 1)} | {
    "intro": "introduction",
    "part1": "architectures/index",
    "part2": "efficiency/efficient_transformers",
    "part3": "alignment/index",
    "rlhf": "alignment/rlhf",
    "end": "conclusion",
}

# What the list names, by section: its arXiv number, or its title where there is none.
NAMED = """
intro | The Illustrated Transformer
intro | The Transformer Family
intro | 2302.07730
intro | nanoGPT
intro | Introduction to Deep Learning
intro | Machine Learning with PyTorch and Scikit-Learn
s01 | 1409.0473
s02 | 1706.03762
s03 | 2002.04745
s03 | 2304.14802
s04 | Learning to Control Fast-Weight Memories: An Alternative to Recurrent Nets
s04 | Learning to Control Fast-Weight Memories: An Alternative to Dynamic Recurrent Networks
s04 | 26 March 1991: Neural nets learn to program neural nets with fast weights
s04 | 2006.16236
s04 | 2009.14794
s04 | 2102.11174
s05 | 1801.06146
s06 | 1810.04805
s06 | 1907.11692
s07 | Improving Language Understanding by Generative Pre-Training
s07 | Language Models are Unsupervised Multitask Learners
s07 | 2005.14165
s08 | 1910.13461
s09 | 2304.13712
part2 | 2009.06732
part2 | 2302.01107
s10 | 2205.14135
s11 | 2212.14034
s12 | 2106.09685
s13 | 2303.15647
s13 | 2101.00190
s13 | 1902.00751
s14 | 2112.11446
s14 | 1910.07467
s14 | 1607.06450
s14 | 1502.03167
s15 | 2203.15556
s16 | 2304.01373
s16 | 2302.13971
s16 | 2104.09864
s16 | 2204.02311
s16 | 2101.00027
s17 | 2203.02155
s17 | 1707.06347
s18 | 2212.08073
s19 | 2212.10560
s19 | Free Dolly: Introducing the World's First Truly Open Instruction-Tuned LLM
s19 | ROUGE: A Package for Automatic Evaluation of Summaries
s19 | 2204.07705
s19 | 2110.08207
rlhf | LLM Training: RLHF and Its Alternatives
end | 2211.05100
end | 2205.01068
end | 2205.05131
end | 2201.08239
end | 2211.01786
end | 2209.14375
end | 2208.03188
end | 2007.06225
end | Highly accurate protein structure prediction with AlphaFold
end | Large language models generate functional protein sequences across diverse families
"""
NAMED = [line.partition(" | ")[2] for line in NAMED.strip().splitlines()]

# Numbers that no claim has any more, and the claim that their addresses lead to now: a number is
# never used again.
RETIRED = {
    "5.8": "5.9",  # the mark stood on a name, which states nothing
    "6.7": "6.6",  # half a sentence; 6.6 has the whole of it
    "7.3": "7.15",  # the mark stood on the word “paper”; this is the link itself
    "7.11": "7.10",  # half a sentence; 7.10 has the whole of it
    "18.4": "18.5",  # no statement of its own; its words stand in 18.5
}

IN_CHINESE = "appendix/errata_zh"  # our own words, in Chinese

TRANSLATION = re.compile(r"^:{3,}\{translation\}\s+(\S+) +(.+?)\s*$", re.MULTILINE)
CITATION = re.compile(r"\{cite:\w+\}`([^`]+)`")
CLAIM = re.compile(r"\{claim\}`[^`]*<(\w+)\.(\d+)>`")


def translated(text):
    return [f"{section} {p}" for section, ids in TRANSLATION.findall(text) for p in ids.split()]


def test_every_paragraph_is_translated_once():
    found = Counter(p for text in PAGES.values() for p in translated(text))
    assert [p for p in PARAGRAPHS if not found[p]] == [], "translated nowhere"
    assert [p for p, count in found.items() if count > 1] == [], "translated twice"
    assert sorted(set(found) - set(PARAGRAPHS)) == [], "not in the source"


def test_every_section_has_its_paragraphs_on_its_page():
    places = {(p.split()[0], name) for name, text in PAGES.items() for p in translated(text)}
    assert sorted(places) == sorted(HOME.items())


def test_paragraphs_keep_the_order_of_the_source():
    for name, text in PAGES.items():
        numbers = [PARAGRAPHS.index(p) for p in translated(text) if p in PARAGRAPHS]
        assert numbers == sorted(numbers), name


@pytest.mark.parametrize("section", HOME)
def test_the_claims_of_a_section_are_numbered_without_a_gap(section):
    name = section.lstrip("s").lstrip("0") if re.fullmatch(r"s\d\d", section) else section
    found = [int(n) for s, n in CLAIM.findall(PAGES.get(HOME[section], "")) if s == name]
    assert found, "no claim"
    retired = [int(id_.partition(".")[2]) for id_ in RETIRED if id_.partition(".")[0] == name]
    assert sorted(found + retired) == list(range(1, len(found + retired) + 1))


def test_the_address_of_a_retired_number_leads_to_the_claim_that_has_its_words():
    also = re.compile(r"^:+\{annotation\} (\S+)\n(?::.*\n)*?:also: (.+)", re.MULTILINE)
    found = {
        old: heir
        for text in PAGES.values()
        for heir, ids in also.findall(text)
        for old in ids.split()
    }
    assert found == RETIRED


@cache
def works():
    """What the bibliography knows a work by: its arXiv number and its title, for each key."""
    entries = parse_file(str(ROOT / "references.bib")).entries
    return {
        key: (entry.fields.get("eprint"), str(Text.from_latex(entry.fields["title"])).lower())
        for key, entry in entries.items()
    }


def key_of(work):
    """The bibliography's key of a work, by its arXiv number or the beginning of its title."""
    for key, (number, title) in works().items():
        if number == work or title.startswith(work.lower()):
            return key
    return None


@cache
def cited():
    roles = [role for text in PAGES.values() for role in CITATION.findall(text)]
    return {target.key for role in roles for target in parse_citation_targets(role)}


@pytest.mark.parametrize("work", NAMED)
def test_a_work_that_the_list_names_is_cited(work):
    assert key_of(work), "not in references.bib"
    assert key_of(work) in cited(), f"{key_of(work)} is cited nowhere"


def test_the_chinese_text_stays_out():
    """Words and titles are quoted, sentences are not: their text is not ours."""
    runs = re.compile(r"[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef]{25,}")
    pages = {name: text for name, text in PAGES.items() if name != IN_CHINESE}
    assert {name: runs.findall(text) for name, text in pages.items() if runs.search(text)} == {}


def test_the_page_in_chinese_quotes_no_more_than_words():
    """What it says is ours; of the copy's text it quotes words, and between quotation marks."""
    quoted = re.findall(r"“([^”]*)”|《([^》]*)》|「([^」]*)」", PAGES[IN_CHINESE])
    words = ["".join(parts) for parts in quoted]
    assert words
    assert [said for said in words if len(said) > 12] == []
