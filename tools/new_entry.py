"""Begins an entry: `make new-entry STEM=rope KEY=su2024roformer PART=architectures`.

Writes a page, a snippet, its test, its figures and its exercises from the templates in
tools/templates/, and names the page in the toctree of its part.  What it writes builds as it
stands; each “To do:” in it is yours, and `make test` holds you to them.  It writes all of it or
nothing.
"""

import keyword
import re
import sys
from contextlib import suppress
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pybtex.database import parse_file
from pybtex.exceptions import PybtexError
from pybtex.richtext import Text

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "docs" / "_extensions"))

from verified_book.citations import short_authors  # noqa: E402

PARTS = ("architectures", "efficiency", "alignment")
FILES = {
    "docs/{part}/{stem}.md": "page.md.jinja",
    "snippets/{stem}.py": "snippet.py.jinja",
    "snippets/exercises/{stem}.py": "exercise.py.jinja",
    "snippets/figures/{stem}.py": "figure.py.jinja",
    "tests/snippets/test_{stem}.py": "test.py.jinja",
}


class Refused(Exception):
    """Why there is no new entry, in one sentence."""


def entry_of(root, key):
    """The entry of the bibliography that a key names."""
    try:
        entries = parse_file(str(root / "references.bib")).entries
    except (PybtexError, OSError, UnicodeDecodeError) as error:
        raise Refused(f"references.bib cannot be read: {error}") from error
    if key not in entries:
        raise Refused(f"references.bib has no entry {key}: add the paper there first")
    for name in ("title", "year"):
        if name not in entries[key].fields:
            raise Refused(f"the entry {key} of references.bib has no {name}: add it first")
    return entries[key]


def check_names(root, stem, part):
    if part not in PARTS:
        raise Refused(f"no part {part}: PART is one of {', '.join(PARTS)}")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", stem) or keyword.iskeyword(stem):
        raise Refused(f"{stem} is no stem: use small letters, digits and _, as in rope")
    taken = {path.format(part=part, stem=stem) for part in PARTS for path in FILES}
    for name in sorted(taken | {f"snippets/{stem}"}):
        if (root / name).exists():
            raise Refused(f"{name} is there already: choose another STEM")


def listed(index, part, stem):
    """The front page with the new page last in the toctree of its part."""
    lines = re.findall(rf"^(?:[^<\n]+<{part}/\w+>|{part}/\w+)$", index, re.MULTILINE)
    if not any(f"{part}/index" in line for line in lines):
        raise Refused(f"docs/index.md has no toctree with {part}/index: put it there first")
    return index.replace(f"\n{lines[-1]}\n", f"\n{lines[-1]}\n{part}/{stem}\n")


def written(root, stem, key, part):
    """The text of each file of a new entry, and of the front page that names it."""
    check_names(root, stem, part)
    entry = entry_of(root, key)
    words = {
        "stem": stem,
        "slug": stem.replace("_", "-"),  # in the addresses of its exercises
        "key": key,
        "title": str(Text.from_latex(entry.fields["title"])),
        "label": f"{short_authors(entry)} {entry.fields['year']}",
    }
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    try:
        index = (root / "docs/index.md").read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"docs/index.md cannot be read: {error}") from error
    return {
        **{
            path.format(part=part, stem=stem): templates.get_template(name).render(words)
            for path, name in FILES.items()
        },
        "docs/index.md": listed(index, part, stem),
    }


def write(root, files):
    """Writes all files, or none: each beside its place first, then all put into place."""
    halves = {root / name: root / f"{name}.part" for name in files}
    try:
        for half, text in zip(halves.values(), files.values(), strict=True):
            half.write_text(text, "utf-8")
        for path, half in halves.items():
            half.replace(path)
    except OSError as error:
        raise Refused(f"cannot write: {error}") from error
    finally:
        for half in halves.values():
            with suppress(OSError):  # where one cannot write, one cannot remove what is not there
                half.unlink()


def to_dos(files):
    """Where each to-do stands, and its first words."""
    for name, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            if found := re.search(r"To do:\**\s*(.*)", line):
                yield f"{name}:{number}: {found[1]}"


def main(root, arguments):
    try:
        if len(arguments) != 3 or not all(arguments):
            example = "STEM=rope KEY=su2024roformer PART=architectures"
            raise Refused(f"name all three, as in: make new-entry {example}")
        files = written(root, *arguments)
        write(root, files)
    except Refused as reason:
        print(f"new-entry: {reason}", file=sys.stderr)
        return 2
    stem, _, part = arguments
    print("To do:", *to_dos(files), sep="\n  ")
    print(f"The page builds as it is: make page PAGE={part}/{stem}")
    return 0


if __name__ == "__main__":
    sys.exit(main(ROOT, sys.argv[1:]))
