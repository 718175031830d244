"""Puts into CONTRIBUTING.md what the extensions may say, and what mends it: `make messages`."""

import sys
from importlib import import_module
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EXTENSIONS = ROOT / "docs" / "_extensions"
GUIDE = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- messages -->\n", "<!-- /messages -->\n"
sys.path.insert(0, str(EXTENSIONS))

from verified_book.messages import table  # noqa: E402

for path in sorted(EXTENSIONS.glob("*/messages.py")):
    import_module(f"{path.parent.name}.messages")


def filled(guide: str) -> str:
    """The guide, with the table between its marks as the extensions have it now."""
    before, begin, rest = guide.partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{begin}\n{table()}\n{end}{after}"


if __name__ == "__main__":
    GUIDE.write_text(filled(GUIDE.read_text("utf-8")), "utf-8")
