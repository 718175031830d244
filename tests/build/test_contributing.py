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


def text(node):
    """The first line of a string in the source, with … for what is filled in."""
    if isinstance(node, ast.JoinedStr):
        return "".join(text(part) or "…" for part in node.values)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return re.sub(r"%[sdr]", "…", node.value).partition("\n")[0]
    return ""


def messages(source):
    """What a module may say: in warnings, in variables named message, in errors that it raises."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Call(func=ast.Attribute(attr="warn" | "warning" | "error"), args=found):
                found = found[:2]  # a record may stand before the message
            case ast.Assign(targets=[ast.Name(id="message")], value=value):
                found = [value]
            case ast.Raise(exc=ast.Call(args=found)):
                pass
            case _:
                continue
        yield from (said for said in map(text, found) if re.search(r"\w \S|\S \w", said))


def fits(message, row):
    """Whether a row explains a message; what either leaves open may be anything."""
    return re.fullmatch(re.escape(message).replace("…", ".+"), row)


SAID = {path.relative_to(ROOT / "docs" / "_extensions").as_posix(): sorted({*messages(path.read_text("utf-8"))}) for path in EXTENSIONS}
EXPLAINED = rows("What the extensions say")


@pytest.mark.parametrize("extension", SAID)
def test_every_message_of_an_extension_is_explained(extension):
    missing = [m for m in SAID[extension] if not any(fits(m, row) for row in EXPLAINED)]
    assert missing == [], "give each a row in CONTRIBUTING.md, with … for what is filled in"


def test_the_table_is_made_from_the_messages():
    assert filled(GUIDE) == GUIDE, "run make messages"


CODES = {code for messages in Messages.known.values() for code in messages}


def test_every_code_is_said_and_every_message_has_one():
    source = "\n".join(path.read_text("utf-8") for path in EXTENSIONS)
    assert {*re.findall(r'(?:\.warn|\.text|Fault)\((?:\d, )?"([a-z_]+)"', source)} == CODES


def test_no_message_is_explained_that_nobody_says():
    said = [message for found in SAID.values() for message in found]
    kept = [m.text for messages in Messages.known.values() for m in messages.values()]
    said += [re.sub("%[sd]", "…", message).partition("\n")[0] for message in kept]
    assert [row for row in EXPLAINED if not any(fits(m, row) for m in said)] == []


def test_no_message_is_explained_twice():
    assert len(EXPLAINED) == len(set(EXPLAINED)) > 0


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
    assert page.count("((9, 16), (4, 16))") == 1


def test_every_task_that_is_named_is_there():
    named = set(re.findall(r"^make ([a-z-]+)|`make ([a-z-]+)", GUIDE, re.MULTILINE))
    makefile = (ROOT / "Makefile").read_text("utf-8")
    tasks = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert {"livehtml", "new-entry", "page", "test"} <= {a or b for a, b in named} <= tasks


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ('logger.warning("no %s in %d\\n%s", a, b, c)', ["no … in …"]),
        ('message = f"no {a} here"\nself.warn(record, message)', ["no … here"]),
        ('raise ValueError(f"no {a} here") from error', ["no … here"]),
        ('self.warn("%s: %s", row, error)', []),
        ('print("no end")', []),
    ],
)
def test_a_message_is_found_in_the_source(source, said):
    assert list(messages(source)) == said


def test_a_row_fits_its_message_and_no_other():
    assert fits("this example …", "this example is hidden: show it")
    assert fits("no … in …", "no … in …")
    assert not fits("no … here", "no one there")
