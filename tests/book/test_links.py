"""A link says in words where it leads: a formula alone is read to nobody."""

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
ONLY_A_FORMULA = re.compile(r"\[(?:\$[^$]*\$|\s)*\]\([^)]+\)")


def test_no_link_is_a_formula_alone():
    found = [
        f"{page.relative_to(DOCS).as_posix()}: {link}"
        for page in sorted(DOCS.rglob("*.md"))
        for link in ONLY_A_FORMULA.findall(page.read_text("utf-8"))
    ]
    assert found == []
