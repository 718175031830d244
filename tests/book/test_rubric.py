"""The rubric on the about page: its examples have the verdicts that they are examples of."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
ABOUT = (DOCS / "appendix" / "about.md").read_text("utf-8")
RUBRIC = ABOUT.partition("## How a verdict is made")[2].partition("\n## ")[0]
SHOWN = re.findall(r"\{ledger:claim\}`(.+?)` (?:is )?(\w+)", RUBRIC)
JUDGED = {
    id_: verdict
    for page in DOCS.rglob("*.md")
    for id_, verdict in re.findall(
        r"^:+\{annotation\} (\S+)\n:verdict: (\w+)", page.read_text("utf-8"), re.MULTILINE
    )
}


@pytest.mark.parametrize(("claim", "verdict"), SHOWN)
def test_an_example_of_the_rubric_has_the_verdict_that_it_shows(claim, verdict):
    assert JUDGED.get(claim) == verdict


def test_the_rubric_shows_each_verdict_and_each_kind():
    rules = dict(re.findall(r"^- \*\*(.+?)\*\*(.*(?:\n  .+)*)", RUBRIC, re.MULTILINE))
    assert [name for name, rule in rules.items() if "{ledger:claim}" not in rule] == []
    kinds = {"Years", "Authors", "Titles", "Links", "Sizes and numbers"}
    kinds |= {"Superlatives", "Recommendations", "Names with a slip"}
    assert {name.rstrip(".") for name in rules} == kinds | set(JUDGED.values())
