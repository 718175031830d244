"""Changes the snippets on purpose, and asks the book's examples and tests to find it.

    python tools/mutation.py              every module
    python tools/mutation.py gpt lora     these alone

A mutant (mutants.py) is put in place of the original in a forked child, just before the first
example that enters it; the first one that then fails has killed it.  The docstrings and the
module's own page come first, then the module's tests, and last the other pages.  Time is counted
on the processor's clock, so that a busy machine kills nothing.

What was found stays in build/mutation/: a mutant is tried again when its statement has changed, or
the page or the file of tests that was asked.  Survivors are judged in
tests/mutation/equivalent.toml.
"""

import cProfile
import doctest
import functools
import importlib
import inspect
import json
import os
import pickle
import resource
import signal
import sys
import tomllib
from collections import Counter
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

import numpy as np  # noqa: E402
import pytest  # noqa: E402
from _pytest.runner import runtestprotocol  # noqa: E402
from hypothesis import Phase, settings  # noqa: E402
from sybil import Sybil  # noqa: E402
from sybil.parsers.myst import DocTestDirectiveParser  # noqa: E402

from mutants import digest, mutants, put_in_place  # noqa: E402
from verified_book.verified import docstring_tests  # noqa: E402

JUDGED = ROOT / "tests" / "mutation" / "equivalent.toml"
KILLED, KILLED_BY_PAGES = 0.95, 0.80  # what the book promises
MEMORY = 4 << 30  # bytes a child may ask for
STEMS = sorted(p.stem for p in (ROOT / "snippets").glob("[!_]*.py"))


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

    @functools.cached_property
    def version(self):
        return digest(self.name, *(step.text for step in self.steps))

    def plan(self, mutant):
        """The steps that may kill a mutant, in the order in which they are tried."""
        seen = [i for i, step in enumerate(self.steps) if self.concerns(mutant, step)]
        if self.kind == "page":  # examples build on those before them
            return list(range(seen[0], len(self.steps))) if seen else []
        return sorted(seen, key=lambda i: self.steps[i].seconds)

    def concerns(self, mutant, step):
        if mutant.name:
            return (mutant.module, mutant.name) in step.entered
        return mutant.module in self.data


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
        if not session.testsfailed:
            file = session.items[0].path.read_text("utf-8")  # its helpers argue too
            steps = [
                Step(item.nodeid, file, functools.partial(run_test, item))
                for item in session.items
            ]
            spaces = [vars(module) for module in {item.module for item in session.items}]
            name = f"tests of {self.stem}"
            self.then(Script(name, "test", {self.stem}, {self.stem}, steps, spaces))
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


class Trials:
    """What was found: for a mutant and a version of a script, the step that kills it, or None."""

    def __init__(self, path):
        self.path, self.found, self.killers = path, {}, {}
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        for mutant, script, by in map(json.loads, lines):
            self.found[mutant, script] = by

    def note(self, mutant, script, step):
        by = step and step.name
        self.found[mutant.key, script.version] = by
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps([mutant.key, script.version, by], ensure_ascii=False) + "\n")

    def settled(self, mutant, script):
        """Whether the script need not be asked; takes note of whose kill it is."""
        by = self.found.get((mutant.key, script.version))
        if by and mutant not in self.killers:
            self.killers[mutant] = script.kind
        return mutant in self.killers or (mutant.key, script.version) in self.found


def ask(script, mutants, trials):
    """Tries every mutant that no script has killed and that this one has not been asked about."""
    asked = [m for m in mutants if m.module in script.modules and m not in trials.killers]
    fresh = [m for m in asked if not trials.settled(m, script)]
    if fresh:
        watch(script)
        plans = [(script.plan(m), m) for m in fresh]
        for i, step in enumerate(script.steps):
            for plan, mutant in plans:
                if plan and (plan[0] == i if script.kind == "page" else i == 0):
                    trials.note(mutant, script, trial(mutant, script, plan))
            if script.kind == "page":
                step.run()  # the next ones build on it
        for plan, mutant in plans:
            if not plan:
                trials.note(mutant, script, None)
    if asked:
        killed = sum(trials.settled(m, script) and m in trials.killers for m in asked)
        print(f"{script.name}: {killed} of {len(asked)} killed", flush=True)


def ask_all(stems, mutants, trials):
    """The docstrings, each module's own page, the tests, and last the other pages.

    A module that has no page of its own is asked about on all of them.
    """
    pages = {p.stem: p for p in sorted((ROOT / "docs").rglob("*.md")) if p.name[0] != "_"}
    homeless = set(stems) - set(pages)
    with np.printoptions(), np.errstate():
        for stem in stems:
            ask(docstrings(stem), mutants, trials)
        for stem, path in pages.items():
            ask(page(path, {stem} & set(stems) | homeless), mutants, trials)
    for stem in stems:
        then = functools.partial(ask, mutants=mutants, trials=trials)
        file = str(ROOT / "tests" / "snippets" / f"test_{stem}.py")
        options = ["--assert=plain", "-p", "no:cacheprovider", "-qq"]
        if pytest.main([file, *options], plugins=[Tests(stem, then)]):
            sys.exit(f"mutation: {file} cannot be collected: see above")
    with np.printoptions(), np.errstate():
        for stem, path in pages.items():
            ask(page(path, set(stems) - {stem} - homeless), mutants, trials)


# -- report -------------------------------------------------------------------------------


def report(stems, mutants, killers, judged):
    """The table, the survivors, and what is missing from the promise."""
    ways = {m: killers.get(m, "survived") for m in mutants}
    rows = [("module", "mutants", "by pages", "by tests", "survived", "of them equivalent")]
    for stem in [*stems, "all"]:
        own = [m for m in mutants if stem in (m.module, "all")]
        n = Counter(ways[m] for m in own)
        known = sum(m.place in judged for m in own if ways[m] == "survived")
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
        lines.append(f"- {judged.get(m.place, 'NOT JUDGED')}\n  {m}")
    (RESULTS / "report.md").write_text("\n".join(lines) + "\n", "utf-8")
    print("\n".join(lines[: len(stems) + 6]))
    return missing(killed, by_pages, survivors, judged, stems)


def missing(killed, by_pages, survivors, judged, stems):
    """One sentence for each part of the promise that is not kept."""
    if killed < KILLED:
        yield f"{killed:.1%} of the mutants are killed, {KILLED:.0%} are asked"
    if by_pages < KILLED_BY_PAGES:
        yield f"the pages kill {by_pages:.1%}, {KILLED_BY_PAGES:.0%} are asked"
    places = {m.place for m in survivors}
    if unjudged := sum(m.place not in judged for m in survivors):
        yield f"{unjudged} survivors are not judged: see build/mutation/report.md"
    if stale := [p for p in judged if p not in places and p[0].split(".")[0] in stems]:
        yield f"{JUDGED.name} judges {len(stale)} that do not survive, as {' | '.join(stale[0])}"


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
    trials = Trials(RESULTS / "trials.jsonl")
    ask_all(stems, every, trials)
    if faults := list(report(stems, every, trials.killers, judgements())):
        sys.exit("mutation: " + "; ".join(faults))


if __name__ == "__main__":
    main(sys.argv[1:])
