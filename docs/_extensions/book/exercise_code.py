"""The exercises to write, as their module has them: read from its source, proved by running it.

What the reader gets is derived from our solution: its signature, its docstring, and ``...`` in
place of the body, or of the lines that end in ``# yours``.  A proof tries the solution, the stub
and every wrong answer, and finds what would judge a reader wrongly.

Ground floor: knows Python and NumPy alone, so that the browser's Python can prove it too.  Above
it: ``exercises``, ``downloads`` and ``tools/exercises.py``.
"""

import ast
import inspect
import re
from copy import copy
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np

YOURS = re.compile(r"\s*# yours$")
WIDE = re.compile(r"\bu?int(8|16|32|64)\b")
LEAST_WRONG, LEAST_CASES = 3, 2


@dataclass(frozen=True)
class Code:
    """One exercise to write, as its source has it."""

    id: str
    name: str  # of the function
    line: int
    stub: str
    solution: str


@dataclass(frozen=True)
class Module:
    """A module of exercises: ``snippets/exercises/STEM.py``."""

    path: Path
    doc: str
    imports: tuple[str, ...]  # what an answer finds defined: the statements
    at_hand: tuple[str, ...]  # and the names
    codes: tuple[Code, ...]


# -- reading ------------------------------------------------------------------------------------


def read(path: Path) -> Module:
    """A module of exercises, from its source alone."""
    text = path.read_text("utf-8")
    tree, lines = ast.parse(text, path), text.splitlines()
    taken = [node for node in tree.body if is_import(node)]
    return Module(
        path,
        ast.get_docstring(tree) or "",
        tuple(ast.unparse(node) for node in taken),
        tuple(alias.asname or alias.name for node in taken for alias in node.names),
        tuple(
            Code(id, node.name, node.lineno, stub(node, lines), solution(node, lines))
            for node in tree.body
            if (id := exercise_id(node))
        ),
    )


def is_import(node):
    """Whether a statement imports what is not the exercises' own machinery."""
    if isinstance(node, ast.ImportFrom):
        return not (node.module or "").endswith("exercises")
    return isinstance(node, ast.Import)


def exercise_id(node):
    """The id in ``@exercise("ID")`` above a function; None above anything else."""
    match node:
        case ast.FunctionDef(
            decorator_list=[ast.Call(func=ast.Name("exercise"), args=[ast.Constant(value=id)])]
        ):
            return id
    return None


def stub(node, lines) -> str:
    """What the reader gets: signature, docstring, and dots."""
    head, docstring, body = parts(node, lines)
    if not any(map(YOURS.search, body)):
        return "\n".join([*head, *docstring, "    ..."])
    kept = []
    for line in body:
        if not YOURS.search(line):
            kept.append(line)
        elif not (kept and kept[-1].strip() == "..."):
            kept.append(line[: len(line) - len(line.lstrip())] + "...")
    return "\n".join([*head, *docstring, *kept])


def solution(node, lines) -> str:
    """Our own answer, without the docstring that the reader has seen."""
    head, _, body = parts(node, lines)
    return "\n".join([*head, *(YOURS.sub("", line) for line in body)])


def parts(node, lines):
    """The lines of a function: its signature, without decorators; its docstring; its body."""
    first = node.lineno - 1
    doc = node.body[0].lineno - 1
    body = node.body[0].end_lineno if ast.get_docstring(node) else doc
    return lines[first:doc], lines[doc:body], lines[body : node.end_lineno]


# -- the same without a browser -----------------------------------------------------------------


def stub_file(path: Path) -> str:
    """The file in which a reader writes a page's answers: ``exercises/STEM.py`` of the download.

    It lies in a folder beside that of the package; run, it tells which answers pass.
    """
    module, package = read(path), path.parents[1].name
    header = f'''"""{module.doc.partition(chr(10))[0]}

Write what “...” stands for, and run this file:

    python exercises/{path.name}

It says which answers pass, and gives a hint where it knows the mistake.
Our solutions are in {package}/exercises/{path.name}.
"""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])
'''
    run = f'''if __name__ == "__main__":
    from {package}.exercises import report

    sys.exit(not report("{path.stem}", globals()))
'''
    return "\n\n".join(
        [
            header + "\n" + "\n".join(module.imports) + "\n",
            *(f"{c.stub}\n" for c in module.codes),
            run,
        ]
    )


# -- proving ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Fault:
    """What would judge a reader wrongly: its line, the code of the message, what fills that."""

    line: int
    code: str
    filled: tuple


def prove(module: Module, package: str) -> list[Fault]:
    """What is wrong with the exercises of a module, which is imported for it."""
    machinery = import_module(f"{package}.exercises")
    found = {one.id: one for one in machinery.exercises_of(module.path.stem)}
    proofs = [Proof(found[code.id], code, module.path.stem, machinery) for code in module.codes]
    return [fault for proof in proofs for fault in proof.run()]


class Proof:
    """One exercise: its solution passes, its stub fails, each mistake is known by its own hint."""

    def __init__(self, exercise, code, stem, machinery):
        self.exercise, self.code, self.stem, self.machinery = exercise, code, stem, machinery
        self.faults = []

    def warn(self, code, *filled, line=None):
        self.faults.append(Fault(line or self.code.line, code, (self.code.id, *filled)))

    def run(self):
        if len(self.exercise.cases) < LEAST_CASES:
            self.warn("few_cases")
        if len(self.exercise.wrongs) < LEAST_WRONG:
            self.warn("few_wrongs")
        for case in self.exercise.cases:
            if not case.__doc__:
                self.warn("case_untold", line=line_of(case))
        try:
            self.try_solution()
            self.try_stub()
            self.try_wrongs()
        except Exception as error:
            self.warn("not_judged", type(error).__name__, error)
        return self.faults

    def try_solution(self):
        verdict = self.exercise.judge(self.exercise.solution)
        if not verdict.passed:
            self.warn("solution_fails", verdict.words, verdict.expected, verdict.got)
        if any(WIDE.search(example.want) for example in self.exercise.examples):
            self.warn("wide_integers")
        narrow = copy(self.exercise)
        narrow.cases = [narrowed(case) for case in self.exercise.cases]
        outcomes = (one.try_out(self.exercise.solution)[0] for one in (self.exercise, narrow))
        if any(map(self.machinery.unlike, *outcomes)):
            self.warn("narrow_integers")

    def try_stub(self):
        if self.machinery.judge_source(self.stem, self.code.id, self.code.stub)["passed"]:
            self.warn("stub_passes")

    def try_wrongs(self):
        before = []
        for _, wrong in self.exercise.wrongs:
            name, line = wrong.__name__, line_of(wrong)
            outcomes = self.exercise.try_out(wrong)[0]
            if self.exercise.judge(wrong).passed:
                self.warn("wrong_passes", name, line=line)
            for other, known in before:
                if not any(map(self.machinery.unlike, outcomes, known)):
                    self.warn("alike", name, other, line=line)
            before.append((name, outcomes))


def line_of(function):
    """Where a function of the module begins, its decorators included."""
    return inspect.unwrap(function).__code__.co_firstlineno


def narrowed(case):
    """The same case as a 32-bit Python would have it."""

    def narrow(value):
        if isinstance(value, np.ndarray) and value.dtype == np.int64:
            return value.astype(np.int32)
        if isinstance(value, list | tuple):
            return type(value)(map(narrow, value))
        return {k: narrow(v) for k, v in value.items()} if isinstance(value, dict) else value

    return lambda: narrow(case())
