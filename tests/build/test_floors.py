"""Each extension stands on what is below it alone, and none knows a snippet by name."""

import ast
import re
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXTENSIONS = ROOT / "docs" / "_extensions"
FLOORS = ("verified_book", "ledger", "book")  # from the ground up
MODULES = {
    ".".join(path.relative_to(EXTENSIONS).with_suffix("").parts).removesuffix(".__init__"): path
    for path in EXTENSIONS.rglob("*.py")
}
STEMS = {path.stem for path in (ROOT / "snippets").glob("[!_]*.py")}


def imported(path):
    """All that a module imports, and the modules that it may mean."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))


@pytest.mark.parametrize("module", MODULES)
def test_an_extension_stands_on_what_is_below_it(module):
    above = FLOORS[FLOORS.index(module.partition(".")[0]) + 1 :]
    roots = {name.partition(".")[0] for name in imported(MODULES[module])}
    assert roots & {*above, "snippets", "tests", "tools"} == set()


def test_no_two_modules_stand_on_each_other():
    parts = {name: path for name, path in MODULES.items() if "." in name}
    TopologicalSorter({name: {*imported(parts[name])} & {*parts} for name in parts}).prepare()


@pytest.mark.parametrize("module", MODULES)
def test_an_extension_knows_no_snippet_by_name(module):
    assert {*re.findall(r"\w+", MODULES[module].read_text("utf-8"))} & STEMS == set()


WORDS = "transformer attention rlhf claim verdict translation annotation chinese raschka snippets"
OF_THIS_BOOK = re.compile(rf"\b({WORDS.replace(' ', '|')})s?\b", re.IGNORECASE)


@pytest.mark.parametrize("module", [name for name in MODULES if name.startswith(FLOORS[0])])
def test_what_any_book_could_use_has_no_word_of_this_one(module):
    strings = ast.walk(ast.parse(MODULES[module].read_text("utf-8")))
    said = [n.value for n in strings if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    assert OF_THIS_BOOK.findall("\n".join(said)) == []
