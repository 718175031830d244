"""Changes the snippets on purpose, and asks the book's examples and tests to find it.

    python tools/mutation.py              every module
    python tools/mutation.py gpt lora     these alone

A mutant is one top-level statement of a snippet with one small change, made by mutmut's
operators.  It is put in place of the original in a forked child, just before the first example
that enters it; the first one that then fails has killed it.  The docstrings and the module's own
page come first, then the module's tests, and last the other pages.  Time is counted on the
processor's clock, so that a busy machine kills nothing.

What was found stays in build/mutation/: a killed mutant is tried again when its statement, or
the example that killed it, has changed; a survivor when a page or a test has.
Survivors are judged in tests/mutation/equivalent.toml.
"""

import ast
import cProfile
import difflib
import doctest
import functools
import hashlib
import importlib
import inspect
import json
import os
import pickle
import re
import resource
import signal
import sys
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a child inherits no threads
os.environ.setdefault("JAX_PLATFORMS", "cpu")
ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "build" / "mutation"
os.environ["JAX_COMPILATION_CACHE_DIR"] = str(RESULTS / "jax")  # compiled once for all children
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"
sys.path[:0] = [str(ROOT), str(ROOT / "docs" / "_extensions")]

import libcst as cst  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402
from _pytest.runner import runtestprotocol  # noqa: E402
from hypothesis import Phase, settings  # noqa: E402
from libcst.metadata import (  # noqa: E402
    ByteSpanPositionProvider,
    MetadataWrapper,
    ParentNodeProvider,
)
from mutmut.mutation import mutators  # noqa: E402
from mutmut.mutation.file_mutation import MutationVisitor  # noqa: E402
from mutmut.mutation.pragma_handling import IgnoredCode  # noqa: E402
from sybil import Sybil  # noqa: E402
from sybil.parsers.myst import DocTestDirectiveParser  # noqa: E402

from verified_book.verified import docstring_tests  # noqa: E402

JUDGED = ROOT / "tests" / "mutation" / "equivalent.toml"
KILLED, KILLED_BY_PAGES = 0.95, 0.80  # what the book promises
MEMORY = 4 << 30  # bytes a child may ask for
STEMS = sorted(p.stem for p in (ROOT / "snippets").glob("[!_]*.py"))


# -- mutants ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mutant:
    """One change: where it is, the lines before and after, and the statement that results."""

    module: str
    name: str  # of the function or method; empty for a module's data
    before: str
    after: str
    statement: str
    guards: bool  # on the way to an error, nowhere else

    @functools.cached_property
    def key(self):
        return digest(self.module, self.statement)

    @functools.cached_property
    def binds(self):
        """The names that data gives a value."""
        nodes = ast.walk(ast.parse(self.statement))
        return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}

    def __str__(self):
        where = f"{self.module}.{self.name}" if self.name else self.module
        return f"{where}: {self.before} → {self.after}"


def digest(*texts):
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:16]


def fewer_arguments(call):
    """A call without one of its arguments.  (None for it would meet the shape checks.)"""
    return (new for new in mutators.operator_arg_removal(call) if len(new.args) < len(call.args))


def other_number(node):
    """The number and one more, unless it is so large that no reader could tell."""
    return (
        new
        for new in mutators.operator_number(node)
        if not np.isclose(new.evaluated_value, node.evaluated_value, rtol=1e-9)
    )


OPERATORS = [
    (cst.BaseNumber, other_number),
    (cst.Name, mutators.operator_name),
    (cst.AugAssign, mutators.operator_augmented_assignment),
    (cst.UnaryOperation, mutators.operator_remove_unary_ops),
    (cst.CSTNode, mutators.operator_keywords),
    (cst.CSTNode, mutators.operator_swap_op),
    (cst.IfExp, mutators.operator_if_exp),
    (cst.Call, fewer_arguments),
]


def mutants(module, source):
    """Every mutant of a source, but for annotations, strings and the words of errors."""
    text = source.encode()
    tree = MetadataWrapper(cst.parse_module(source))
    parents, spans = map(tree.resolve, (ParentNodeProvider, ByteSpanPositionProvider))
    visitor = MutationVisitor(OPERATORS, IgnoredCode(set(), set(), set()))
    tree.visit(visitor)
    found = {}
    for mutation in visitor.mutations:
        line = list(ancestors(mutation.original_node, parents))
        if any(isinstance(node, cst.Raise) for node in line):
            continue
        whole, part = (spans[node] for node in (line[-2], mutation.original_node))
        old = text[whole.start : whole.start + whole.length]
        start = part.start - whole.start
        piece = tree.module.code_for_node(bare(mutation.mutated_node)).encode()
        new = old[:start] + piece + old[start + part.length :]
        old, new = old.decode(), new.decode()
        guards = any(map(is_guard, line[1:], line))
        mutant = Mutant(module, name_of(line), *changed_lines(old, new), new, guards)
        found.setdefault(ast.dump(ast.parse(mutant.statement)), mutant)
    return list(found.values())


def ancestors(node, parents):
    while node is not None:
        yield node
        node = parents.get(node)


def name_of(line):
    """The function or method that a node and its ancestors stand in; empty for none."""
    names = [node.name.value for node in line if isinstance(node, cst.FunctionDef | cst.ClassDef)]
    if not any(isinstance(node, cst.FunctionDef) for node in line):
        return ""
    return ".".join(names[-2:][::-1] if isinstance(line[-2], cst.ClassDef) else names[-1:])


def bare(node):
    """The node without the brackets around it, which its span leaves out."""
    return node.with_changes(lpar=[], rpar=[]) if hasattr(node, "lpar") else node


def is_guard(node, child):
    """Whether the child is part of an `if` that does nothing but raise."""
    return (
        isinstance(node, cst.If)
        and child is not node.orelse
        and all(
            isinstance(line, cst.SimpleStatementLine) and isinstance(line.body[0], cst.Raise)
            for line in node.body.body
        )
    )


def changed_lines(old, new):
    """What stands in the lines that differ, before and after."""
    a, b = old.split("\n"), new.split("\n")
    spans = [
        (i, j, k, m)
        for kind, i, j, k, m in difflib.SequenceMatcher(None, a, b).get_opcodes()
        if kind != "equal"
    ]
    first, last = spans[0], spans[-1]
    rows = a[first[0] : last[1]], b[first[2] : last[3]]
    return tuple(" ".join(" ".join(row).split()) for row in rows)


def put_in_place(mutant, *namespaces):
    """Makes the running module behave as the mutant, for everyone who has imported from it."""
    module = importlib.import_module(f"snippets.{mutant.module}")
    fresh = dict(vars(module))
    exec(compile(mutant.statement, module.__file__, "exec"), fresh)
    if mutant.name:
        old, new = (function(space, mutant.name) for space in (vars(module), fresh))
        old.__code__ = new.__code__
        old.__defaults__, old.__kwdefaults__ = new.__defaults__, new.__kwdefaults__
        return
    snippets = [vars(m) for name, m in sys.modules.items() if name.startswith("snippets.")]
    for name, old in list(vars(module).items()):
        for space in (*snippets, *namespaces):
            if fresh[name] is not old and space.get(name) is old:
                space[name] = fresh[name]


def function(namespace, name):
    """The function itself, without the shape checks around it."""
    first, *rest = name.split(".")
    found = namespace[first]
    while rest and inspect.isclass(found):
        found = getattr(found, rest.pop(0))
    return inspect.unwrap(found)


# -- scripts: what argues against a mutant -------------------------------------------------


@dataclass
class Step:
    """One example or test: its name, its text, and how to run it."""

    name: str
    text: str
    run: Callable[[], None]
    entered: set = field(default_factory=set)  # functions of the snippets
    seconds: float = 0.0

    def watch(self):
        """Runs the step: the functions it enters, its seconds, and what it raised."""
        profile, before, raised = cProfile.Profile(), processor(), None
        profile.enable()
        try:
            self.run()
        except Exception as error:
            raised = f"{type(error).__name__}: {error}"
        profile.disable()
        codes = {e.code for e in profile.getstats() if inspect.iscode(e.code)}
        entered = {
            (Path(code.co_filename).stem, code.co_qualname.partition(".<locals>")[0])
            for code in codes
            if Path(code.co_filename).parent == ROOT / "snippets"
        }
        return entered, processor() - before, raised


def processor():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@dataclass
class Script:
    """Steps in their order: the docstrings of a module, a page, or a file of tests."""

    name: str
    kind: str
    modules: set  # whose mutants it is asked about
    data: set  # modules whose data it may use
    steps: list
    namespaces: list = field(default_factory=list)

    def __post_init__(self):
        self.version = digest(*(step.text for step in self.steps))

    def plan(self, mutant):
        """The steps that may kill a mutant, in the order in which they are tried."""
        seen = [i for i, step in enumerate(self.steps) if self.concerns(mutant, step)]
        if self.kind == "page":  # examples build on those before them
            return list(range(seen[0], len(self.steps))) if seen else []
        return sorted(seen, key=lambda i: self.steps[i].seconds)

    def concerns(self, mutant, step):
        if mutant.name:
            return (mutant.module, mutant.name) in step.entered
        named = any(word in mutant.binds for word in re.findall(r"\w+", step.text))
        users = {user for name in mutant.binds for user in readers()[name]}
        return mutant.module in self.data and (named or bool(users & step.entered))


@functools.cache
def readers():
    """Which functions of the snippets speak of a name."""
    found = defaultdict(set)
    for stem in STEMS:
        for top in ast.parse((ROOT / f"snippets/{stem}.py").read_text("utf-8")).body:
            for node in ast.walk(top):
                if isinstance(node, ast.Name) and isinstance(top, ast.FunctionDef):
                    found[node.id].add((stem, top.name))
    return found


def docstrings(stem):
    module = importlib.import_module(f"snippets.{stem}")

    def step(test):
        def run():
            runner = doctest.DocTestRunner(verbose=False)
            test.globs = vars(module).copy()
            if runner.run(test, out=lambda text: None).failed:
                raise AssertionError(test.name)

        return Step(test.name, test.docstring, run)

    steps = [step(test) for test in docstring_tests(module) if test.examples]
    return Script(f"docstrings of {stem}", "docstring", {stem}, {stem}, steps)


def page(path, modules):
    """A page: asked about the mutants of some modules."""
    document = Sybil([DocTestDirectiveParser(optionflags=0)]).parse(path)
    name = path.relative_to(ROOT / "docs").with_suffix("").as_posix()
    steps = [
        Step(f"{name}:{e.line}", e.parsed.source + e.parsed.want, e.evaluate)
        for e in document.examples()
    ]
    text = path.read_text("utf-8")
    data = {stem for stem in modules if stem == path.stem or f"snippets.{stem} " in text}
    return Script(name, "page", set(modules), data, steps, [document.namespace])


class Tests:
    """A plugin of pytest that hands the collected tests to a function instead of running them."""

    def __init__(self, stem, then):
        self.stem, self.then = stem, then

    def pytest_configure(self, config):
        book = settings.get_profile("book")
        settings.register_profile("mutation", book, phases=[Phase.explicit, Phase.generate])
        settings.load_profile("mutation")  # a failure is enough, it need not be small

    def pytest_itemcollected(self, item):
        """Whether a test calls what it holds (tests/conftest.py) is for `make test` to see."""
        item.own_markers = [mark for mark in item.own_markers if mark.name != "holds"]

    def pytest_runtestloop(self, session):
        def step(item):
            text = inspect.getsource(inspect.unwrap(item.function))
            return Step(item.nodeid, item.name + text, functools.partial(run_test, item))

        if not session.testsfailed:
            steps = [step(item) for item in session.items]
            spaces = [vars(module) for module in {item.module for item in session.items}]
            kind, stem = "test", self.stem
            script = Script(f"tests of {stem}", kind, {stem}, {stem}, steps, spaces)
            script.version = digest(session.items[0].path.read_text("utf-8"))  # helpers too
            self.then(script)
        return True


def run_test(item):
    for report in runtestprotocol(item, log=False):
        if report.failed:
            raise AssertionError(report.longreprtext)


# -- trials -------------------------------------------------------------------------------


def forked(work):
    """What a child wrote to its pipe, and the status it left with.  The parent never runs JAX:
    its threads would not outlive the fork."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(read)
        status = 1
        try:
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1), os.dup2(silence, 2)
            work(write)
            status = 0
        finally:
            os._exit(status)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        written = pipe.read()
    return written, os.waitpid(child, 0)[1]


def watch(script):
    """Runs the steps once, in a child, to see what each of them enters."""

    def work(pipe):
        with os.fdopen(pipe, "wb") as file:
            pickle.dump([step.watch() for step in script.steps], file)

    seen = pickle.loads(forked(work)[0])
    for step, (entered, seconds, raised) in zip(script.steps, seen, strict=True):
        step.entered, step.seconds = entered, seconds
        if raised and script.kind != "page":  # an example may look at its own profile
            sys.exit(f"mutation: {step.name} fails on the snippets as they are: {raised}")


def trial(mutant, script, plan):
    """The step that kills the mutant, or None."""
    begun, status = forked(functools.partial(attack, mutant, script, plan))
    return None if status == 0 else script.steps[plan[max(len(begun), 1) - 1]]


def attack(mutant, script, plan, pipe):
    """In the child: one byte for each step that begins."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    limit(1)
    put_in_place(mutant, *script.namespaces)
    for i in plan:
        os.write(pipe, b".")
        limit(3 + 4 * script.steps[i].seconds)
        script.steps[i].run()


def limit(seconds):
    """Ends the process after so much work of the processor, or long after that by the clock."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, 60 * seconds)


class Ledger:
    """What earlier runs found, one line for each trial."""

    def __init__(self, path):
        self.path, self.trials = path, defaultdict(dict)
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        for row in map(json.loads, lines):
            self.trials[row["mutant"]][row["script"]] = row

    def note(self, mutant, script, step):
        row = {
            "mutant": mutant.key, "script": script.name, "kind": script.kind,
            "version": script.version, "by": step and step.name,
            "text": step and digest(step.text), "what": str(mutant),
        }  # fmt: skip
        self.trials[mutant.key][script.name] = row
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")

    def killer(self, mutant):
        rows = self.trials[mutant.key].values()
        return next((row for row in rows if row["by"]), None)

    def settled(self, mutant, script):
        """Whether the script need not be asked again; forgets a kill that no longer stands."""
        row = self.trials[mutant.key].get(script.name)
        if row and row["by"] and row["text"] not in {digest(step.text) for step in script.steps}:
            row = self.trials[mutant.key].pop(script.name) and None
        return bool(self.killer(mutant)) or bool(row and row["version"] == script.version)


def ask(script, mutants, ledger):
    """Tries every mutant that the script has not yet been asked about."""
    asked = [m for m in mutants if m.module in script.modules and not ledger.settled(m, script)]
    if not asked:
        return
    watch(script)
    plans = [(script.plan(m), m) for m in asked]
    for i, step in enumerate(script.steps):
        for plan, mutant in plans:
            if plan and (plan[0] == i if script.kind == "page" else i == 0):
                ledger.note(mutant, script, trial(mutant, script, plan))
        if script.kind == "page":
            step.run()  # the next ones build on it
    for plan, mutant in plans:
        if not plan:
            ledger.note(mutant, script, None)
    killed = sum(bool(ledger.killer(m)) for m in asked)
    print(f"{script.name}: {killed} of {len(asked)} killed", flush=True)


def ask_all(stems, mutants, ledger):
    """The docstrings, each module's own page, the tests, and last the other pages.

    A module that has no page of its own is asked about on all of them.
    """
    pages = {p.stem: p for p in sorted((ROOT / "docs").rglob("*.md")) if p.name[0] != "_"}
    homeless = set(stems) - set(pages)
    with np.printoptions(), np.errstate():
        for stem in stems:
            ask(docstrings(stem), mutants, ledger)
        for stem, path in pages.items():
            ask(page(path, {stem} & set(stems) | homeless), mutants, ledger)
    for stem in stems:
        then = functools.partial(ask, mutants=mutants, ledger=ledger)
        file = str(ROOT / "tests" / "snippets" / f"test_{stem}.py")
        if pytest.main(
            [file, "--assert=plain", "-p", "no:cacheprovider", "-qq"], plugins=[Tests(stem, then)]
        ):
            sys.exit(f"mutation: {file} cannot be collected: see above")
    with np.printoptions(), np.errstate():
        for stem, path in pages.items():
            ask(page(path, set(stems) - {stem} - homeless), mutants, ledger)


# -- report -------------------------------------------------------------------------------


def report(stems, mutants, ledger, judged):
    """The table, the survivors, and what is missing from the promise."""
    ways = {m: (ledger.killer(m) or {}).get("kind", "survived") for m in mutants}
    rows = [("module", "mutants", "by pages", "by tests", "survived", "of them equivalent")]
    for stem in [*stems, "all"]:
        own = [m for m in mutants if stem in (m.module, "all")]
        n = Counter(ways[m] for m in own)
        known = sum(place(m) in judged for m in own if ways[m] == "survived")
        pages = n["page"] + n["docstring"]
        rows.append((stem, len(own), pages, n["test"], n["survived"], known))
    lines = [f"| {' | '.join(map(str, row))} |" for row in rows]
    lines.insert(1, "|---|" + "---:|" * 5)
    survivors = [m for m in mutants if ways[m] == "survived"]
    plain = [m for m in mutants if not m.guards]
    killed = 1 - len(survivors) / len(mutants)
    by_pages = sum(ways[m] in {"page", "docstring"} for m in plain) / len(plain)
    lines += ["", f"Killed: {killed:.1%} of {len(mutants)} mutants."]
    lines += [f"By the pages alone: {by_pages:.1%} of {len(plain)}, error paths left out.", ""]
    for m in survivors:
        lines.append(f"- {judged.get(place(m), 'NOT JUDGED')}\n  {m}")
    (RESULTS / "report.md").write_text("\n".join(lines) + "\n", "utf-8")
    print("\n".join(lines[: len(stems) + 6]))
    return missing(killed, by_pages, survivors, judged, stems)


def missing(killed, by_pages, survivors, judged, stems):
    """One sentence for each part of the promise that is not kept."""
    if killed < KILLED:
        yield f"{killed:.1%} of the mutants are killed, {KILLED:.0%} are asked"
    if by_pages < KILLED_BY_PAGES:
        yield f"the pages kill {by_pages:.1%}, {KILLED_BY_PAGES:.0%} are asked"
    places = {place(m) for m in survivors}
    if unjudged := sum(place(m) not in judged for m in survivors):
        yield f"{unjudged} survivors are not judged: see build/mutation/report.md"
    if stale := [p for p in judged if p not in places and p[0].split(".")[0] in stems]:
        yield f"{JUDGED.name} judges {len(stale)} that do not survive, as {' | '.join(stale[0])}"


def place(mutant):
    """What names a mutant in the list of the judged, wherever in the file it moves."""
    return f"{mutant.module}.{mutant.name}".rstrip("."), mutant.before, mutant.after


def judgements():
    rows = tomllib.loads(JUDGED.read_text("utf-8")).get("equivalent", [])
    return {(row["where"], row["line"], row["becomes"]): row["why"] for row in rows}


def main(stems):
    if unknown := set(stems) - set(STEMS):
        sys.exit(f"mutation: no module snippets/{min(unknown)}.py")
    stems = stems or STEMS
    every = [
        m for stem in stems for m in mutants(stem, (ROOT / f"snippets/{stem}.py").read_text())
    ]
    for stem in STEMS:
        importlib.import_module(f"snippets.{stem}")
    ledger = Ledger(RESULTS / "trials.jsonl")
    ask_all(stems, every, ledger)
    if faults := list(report(stems, every, ledger, judgements())):
        sys.exit("mutation: " + "; ".join(faults))


if __name__ == "__main__":
    main(sys.argv[1:])
