"""The sidebar numbers the entries as the list does, in titles that fit one line."""

import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
TITLES = dict(
    reversed(found)
    for found in re.findall(
        r"^(.+) <(\w+/\w+)>$", (DOCS / "index.md").read_text("utf-8"), re.MULTILINE
    )
)


def test_an_entry_has_its_number_in_the_sidebar():
    entries = {}
    for page in DOCS.glob("*/*.md"):
        if found := re.search(r"^:entry: (\d+)$", page.read_text("utf-8"), re.MULTILINE):
            entries[page.relative_to(DOCS).with_suffix("").as_posix()] = int(found[1])
    assert sorted(entries.values()) == list(range(1, 20))
    for page, number in entries.items():
        assert TITLES[page].startswith(f"{number} · "), page


def test_no_title_is_long():
    assert max(map(len, TITLES.values())) <= 30
