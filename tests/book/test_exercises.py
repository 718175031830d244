"""Each lesson has exercises: at least four, of all kinds, and one that is easy."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LESSONS = [
    path.relative_to(ROOT / "docs").with_suffix("").as_posix()
    for path in sorted((ROOT / "docs").rglob("*.md"))
    if path.stem == "foundations" or "\n:::{paper} " in path.read_text("utf-8")
]
EXERCISE = re.compile(r"^:{4,}\{exercise\} (\S+)\n:kind: (\w+)\n:level: (\d)$", re.MULTILINE)


@pytest.mark.parametrize("page", LESSONS)
def test_a_lesson_has_exercises_of_all_kinds_and_an_easy_one(page):
    found = EXERCISE.findall((ROOT / "docs" / f"{page}.md").read_text("utf-8"))
    kinds, levels = ({entry[i] for entry in found} for i in (1, 2))
    assert len(found) >= 4
    assert kinds == {"predict", "change", "write"}
    assert "1" in levels
