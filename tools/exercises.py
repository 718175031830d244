"""Proves the exercises to write: `make exercises`.

Each solution passes, each stub fails, and each wrong answer fails and meets its own hint.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "_extensions")]

from book import exercise_code  # noqa: E402
from book.messages import EXERCISES  # noqa: E402


def main(folder):
    failed = False
    for path in sorted(folder.glob("[!_]*.py")):
        module = exercise_code.read(path)
        faults = exercise_code.prove(module, folder.parent.name)
        for fault in faults:
            told = EXERCISES.text(fault.code, *fault.filled)
            print(f"{path.relative_to(ROOT)}:{fault.line}: {told}")
        print(f"{path.stem}: {len(module.codes)} exercises", "fail" if faults else "hold")
        failed |= bool(faults)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(ROOT / "snippets" / "exercises"))
