"""What holds each function of the snippets: build/oracles.md, and a line for each module.

A test says what it holds, and by what:

    @pytest.mark.holds("softmax", by="library: scipy.special.softmax")

The functions are those of the module that the test file is named for; one of another module is
written with it, as in "layers.softmax".  The marks are read from the source of the tests, so the
table is whole whatever was run.  That a test calls what it says it holds is seen to while it
runs, in tests/conftest.py.
"""

import ast
from collections import Counter, defaultdict
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
KINDS = ("library", "derivative", "brute force", "derivation", "published table")
SUITES = {"snippets": "make test", "oracles": "make oracles"}  # folders under tests/


class Mark(NamedTuple):
    """One function that one test says it holds."""

    suite: str
    place: str
    function: str
    by: str

    @property
    def kind(self):
        return self.by.partition(":")[0]


def functions(root=ROOT):
    """The public functions of the snippets, and the methods of their classes, in order."""
    found = []
    for path in sorted((root / "snippets").glob("*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            inner = node.body if isinstance(node, ast.ClassDef) else []
            named = [(node, ""), *((method, f"{node.name}.") for method in inner)]
            found += [
                f"{path.stem}.{owner}{f.name}"
                for f, owner in named
                if isinstance(f, ast.FunctionDef) and not f.name.startswith("_")
            ]
    return found


def full_name(path, name, root=ROOT):
    """A function with its module, by default the one that the test file is named for."""
    modules = tuple(f"{p.stem}." for p in (root / "snippets").glob("*.py"))
    return name if name.startswith(modules) else f"{path.stem.removeprefix('test_')}.{name}"


def marks(root=ROOT):
    """What the tests say that they hold."""
    found = []
    for suite in SUITES:
        for path in sorted((root / "tests" / suite).glob("test_*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "holds":
                    by = [ast.literal_eval(k.value) for k in node.keywords if k.arg == "by"]
                    place = f"{path.relative_to(root)}:{node.lineno}"
                    names = [full_name(path, ast.literal_eval(name), root) for name in node.args]
                    found += [Mark(suite, place, name, "".join(by)) for name in names]
    return found


def faults(root=ROOT):
    """What is wrong: functions that nothing holds, and marks that say nothing."""
    known, found = functions(root), marks(root)
    held = {mark.function for mark in found if mark.suite == "snippets"}
    unknown = [m for m in found if m.function not in known]
    unclear = [m for m in found if m.kind not in KINDS]
    unheld = [name for name in known if name not in held]
    return [
        *(f"{m.place}: there is no function {m.function}" for m in unknown),
        *(f"{m.place}: “{m.kind}” is none of {', '.join(KINDS)}" for m in unclear),
        *(f"snippets: nothing in tests/snippets holds {name}" for name in unheld),
    ]


def table(root=ROOT):
    """The report in full, as Markdown."""
    by = defaultdict(lambda: defaultdict(dict))
    for mark in marks(root):
        by[mark.function][mark.suite][mark.by] = None
    suites = " | ".join(SUITES.values())
    rows = [f"# What holds each function\n\n| function | {suites} |\n|---|---|---|"]
    for name in functions(root):
        rows.append(f"| {name} | {' | '.join('; '.join(by[name][s]) for s in SUITES)} |")
    return "\n".join(rows) + "\n"


def summary(root=ROOT):
    """The report in short: how many functions of each module each kind of oracle holds."""
    held = {(mark.function, mark.kind) for mark in marks(root)}
    many = Counter((function.split(".")[0], kind) for function, kind in held)
    lines = [f"{'held by':<24}functions  " + "  ".join(KINDS)]
    for module, size in Counter(name.split(".")[0] for name in functions(root)).items():
        cells = "  ".join(f"{many[module, kind] or '':>{len(kind)}}" for kind in KINDS)
        lines.append(f"{module:<24}{size:>9}  {cells}".rstrip())
    return lines


def write(root=ROOT):
    """Leave the report in full in the build folder."""
    (root / "build").mkdir(exist_ok=True)
    (root / "build" / "oracles.md").write_text(table(root), "utf-8")
