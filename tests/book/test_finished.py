"""Nothing is left of the templates of `make new-entry`."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WRITTEN = ("docs/**/*.md", "snippets/**/*.py", "tests/snippets/*.py")


def test_nothing_is_left_to_do():
    left = [
        f"{path.relative_to(ROOT).as_posix()}:{number}"
        for pattern in WRITTEN
        for path in sorted(ROOT.glob(pattern))
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if "To do:" in line
    ]
    assert left == []
