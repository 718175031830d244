"""One scale: the rubric's examples, one verdict for one kind of slip, and no claim left out."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGES = {page: page.read_text("utf-8") for page in sorted(DOCS.rglob("*.md"))}
ABOUT = PAGES[DOCS / "appendix" / "about.md"]
RUBRIC = ABOUT.partition("## How a verdict is made")[2].partition("\n## ")[0]
SHOWN = re.findall(r"\{ledger:claim\}`(.+?)` (?:is )?(\w+)", RUBRIC)
OPTIONS = re.compile(r"^:+\{annotation\} (\S+)\n((?::\w+: .+\n)+)", re.MULTILINE)
JUDGED = {
    id_: dict(re.findall(r"^:(\w+): (.+)$", options, re.MULTILINE))
    for text in PAGES.values()
    for id_, options in OPTIONS.findall(text)
}
WORDS = {
    id_: " ".join(words.split())
    for text in PAGES.values()
    for words, id_ in re.findall(r"\{claim\}`([^`]+?)\s*<(\w+\.\d+)>`", text)
}
RULES = {
    "year": "holds",
    "year, another year": "wrong",
    "author": "holds",
    "author, given names": "imprecise",
    "author, out of order": "imprecise",
    "author, left out": "wrong",
    "title": "holds",
    "title, still finds it": "imprecise",
    "name": "holds",
    "name, still finds it": "imprecise",
    "link": "holds",
    "number": "holds",
    "number, rounds": "holds",
    "number, calendar years": "holds",
    "number, a condition is missing": "imprecise",
    "number, off": "wrong",
    "superlative": "holds",
    "superlative, a valuation": "opinion",
    "superlative, not counted": "unverified",
    "recommendation": "opinion",
}
# What the words of a claim give away of its kind, and the claims that have such words for
# something else.
SIGNS = {
    r"^(?:The )?Authors?\b": "author",
    r"<https?://[^>]+>$": "link",
    r"\((?:19|20)\d\d\)$": "title year",
    r"\bof (?:19|20)\d\d$": "year",
    r"\bI (?:recommend|suggest)\b|\brecommended\b|\bmust-read\b": "recommendation",
    r"\b(?:most (?:influential|commonly)|the best|among the first)\b": "superlative",
    r"\b\d+(?:\.\d+)? ?(?:[MBG]b?|years|tokens|epochs?|papers|diverse|colleagues)\b": "number",
}
ELSEWHERE = {
    "7.9": "the most influential models are named in passing",
    "15.4": "a comparison of models that go by their sizes",
}


@pytest.mark.parametrize(("claim", "verdict"), SHOWN)
def test_an_example_of_the_rubric_has_the_verdict_that_it_shows(claim, verdict):
    assert JUDGED[claim]["verdict"] == verdict


def test_the_rubric_shows_each_verdict_and_each_kind():
    rules = dict(re.findall(r"^- \*\*(.+?)\*\*(.*(?:\n  .+)*)", RUBRIC, re.MULTILINE))
    assert [name for name, rule in rules.items() if "{ledger:claim}" not in rule] == []
    kinds = {"Years", "Spans of time", "Authors", "Titles", "Names with a slip", "Links"}
    kinds |= {"Sizes and numbers", "Superlatives", "Recommendations", "What a paper introduces"}
    kinds |= {"Several things in one", "Headings", "Hedges", "A false reason"}
    kinds |= {"Garbled translations"}
    verdicts = {options["verdict"] for options in JUDGED.values()}
    assert {name.rstrip(".") for name in rules} == kinds | verdicts


def test_one_kind_of_slip_has_one_verdict():
    found = {(o["kind"], o["verdict"]) for o in JUDGED.values() if "kind" in o}
    assert sorted(found) == sorted(RULES.items())


@pytest.mark.parametrize("sign", SIGNS)
def test_a_claim_that_looks_like_one_of_a_kind_says_so(sign):
    alike = [id_ for id_, words in WORDS.items() if re.search(sign, words)]
    kinds = {id_: JUDGED[id_].get("kind", "").partition(",")[0] for id_ in alike}
    others = {id_: kind for id_, kind in kinds.items() if kind not in SIGNS[sign].split()}
    assert alike
    assert {id_: kind for id_, kind in others.items() if id_ not in ELSEWHERE} == {}


def test_a_fault_is_laid_only_where_something_is_amiss():
    fine = {"holds", "opinion"}
    assert [i for i, o in JUDGED.items() if o["verdict"] in fine and "fault" in o] == []


def test_a_changed_verdict_says_what_changed_it():
    reason = re.compile(r"\w+, \d{4}-\d\d-\d\d, the (?:rubric|evidence|translation): \S")
    was = [part.strip() for o in JUDGED.values() for part in o.get("was", "").split("|")]
    assert [part for part in was if part and not reason.match(part)] == []


def test_the_page_in_chinese_tells_all_that_is_amiss_and_each_claim_once():
    page = PAGES[DOCS / "appendix" / "errata_zh.md"]
    told = re.findall(r"\{told\}`(\S+) (\w+)`", page)
    amiss = {"imprecise", "wrong"}
    found = {i for i, o in JUDGED.items() if o["verdict"] in amiss or o.get("fault") == "copy"}
    assert found <= {id_ for id_, _ in told}
    assert [(i, v) for i, v in told if JUDGED[i]["verdict"] != v] == []
    assert len(told) == len(dict(told))


def test_the_page_in_chinese_has_the_faults_of_the_copy_first():
    page = PAGES[DOCS / "appendix" / "errata_zh.md"]
    copy, author = (re.findall(r"\{told\}`(\S+)", part) for part in page.split("\n## ")[1:])
    faults = {id_: options.get("fault") for id_, options in JUDGED.items()}
    assert [id_ for id_ in copy if faults[id_] == "author"] == []
    assert [id_ for id_ in author if faults[id_] == "copy"] == []
