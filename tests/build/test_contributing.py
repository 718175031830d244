"""CONTRIBUTING.md explains every message of the extensions, and no other; and the lints."""

import ast
import re
from pathlib import Path

import pytest

from tools.messages import filled
from verified_book.messages import Messages

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
EXTENSIONS = sorted((ROOT / "docs" / "_extensions").rglob("*.py"))
LINTS = sorted((ROOT / "tests" / "book").glob("test_*.py"))
CELL = re.compile(r"^\| (`+) ?(.+?) ?\1 \|", re.MULTILINE)


def section(heading):
    return GUIDE.partition(f"### {heading}\n")[2].partition("\n#")[0]


def rows(heading):
    """The first cells of the tables under a heading."""
    return [cell for _, cell in CELL.findall(section(heading))]


CODES = {code for messages in Messages.known.values() for code in messages}
SOURCES = {
    path.relative_to(ROOT / "docs" / "_extensions").as_posix(): path.read_text("utf-8")
    for path in EXTENSIONS
    if path.name != "messages.py"
}


def test_the_table_is_made_from_the_messages():
    assert filled(GUIDE) == GUIDE, "run make messages"


def test_no_message_is_explained_twice():
    assert len(rows("What the extensions say")) == len({*rows("What the extensions say")}) > 0


def test_every_message_is_said():
    source = "\n".join(SOURCES.values())
    assert [code for code in sorted(CODES) if f'"{code}"' not in source] == []


@pytest.mark.parametrize("extension", SOURCES)
def test_an_extension_says_what_it_says_by_a_code(extension):
    codes = re.findall(r'\b[A-Z]+\.(?:warn|text)\(\s*"([a-z_]+)"', SOURCES[extension])
    assert {*codes} <= CODES
    assert [*literal(SOURCES[extension])] == [], "give each a place in a messages.py"


def literal(source):
    """The sentences that a module would say without a code, in warnings and errors."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(attr="warning" | "error"), args=[said, *_]):
                pass
            case ast.Raise(exc=ast.Call(args=[said, *_])):
                pass
            case _:
                continue
        parts = [n.value for n in ast.walk(said) if isinstance(n, ast.Constant)]
        yield from (text for text in parts if re.search(r"\w \w|^ \w|\w $", str(text)))


def test_every_file_of_lints_is_explained():
    named = re.findall(r"`(test_\w+\.py)`", section("What `tests/book` says"))
    assert sorted(set(named)) == [path.name for path in LINTS]


def test_every_lint_that_is_explained_is_there():
    there = {
        node.name
        for path in LINTS
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef)
    }
    assert [name for name in rows("What `tests/book` says") if name not in there] == []


def test_the_first_claim_stands_where_the_walk_finds_it():
    page = (ROOT / "docs" / "architectures" / "transformer.md").read_text("utf-8").splitlines()
    line = page.index(":::{annotation} 2.4") + 1
    assert f"/transformer.md:{line}: WARNING: annotation 2.4 cites" in GUIDE
    place = "vaswani2017attention{§3.1, fig. 1}"
    assert place in GUIDE
    assert place in page[line + 2]
    assert page.count("((5, 6), (4, 6))") == 1


def test_every_task_that_is_named_is_there():
    named = set(re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)", GUIDE, re.MULTILINE))
    makefile = (ROOT / "Makefile").read_text("utf-8")
    tasks = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert {"livehtml", "new-entry", "page", "test"} <= {a or b for a, b in named} <= tasks


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('logger.warning("no %s in %d", a, b)', ["no %s in %d"]),
        ('raise ValueError(f"no {a} here") from error', ["no ", " here"]),
        ('logger.warning("%s", error)', []),
        ('LEDGER.warn("no_verdict", id_)', []),
    ],
)
def test_a_sentence_without_a_code_is_found(source, said):
    assert list(literal(source)) == said
