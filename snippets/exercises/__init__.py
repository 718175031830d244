"""Exercises to write: a solution, cases that judge an answer, known mistakes.

One module for each page, plain Python that anybody can import:

    @exercise("write-scores")
    def scores(q, k):
        '''What it computes, with its examples as >>>; then our solution.'''

    @scores.case
    def a_wide_query():
        '''a query of width 64'''
        return q, k                # arguments that the reader has not seen

    @scores.wrong("The scores grow with the width: divide by its root.")
    def forgot_the_scale(q, k): ...

An answer is held to the examples and to what the solution returns in each
case.  One that fails just as a known mistake does gets the hint of that one.
"""

import doctest
import inspect
import sys
import traceback
import warnings
from contextlib import redirect_stdout
from copy import deepcopy
from dataclasses import asdict, dataclass
from functools import cached_property, update_wrapper
from importlib import import_module
from io import StringIO
from textwrap import indent
from typing import Any

import numpy as np

NUMBERS = (np.ndarray, np.generic, bool, int, float, complex)
FITS = {"f": "fiu", "c": "cfiu", "i": "iu", "u": "iu"}  # kinds of dtype
KINDS = {"b": "truth values", "i": "integers", "f": "floats"}
NOTHING = "nothing is returned"
ANSWER = "<answer>"  # what tracebacks call the reader's text


@dataclass
class Verdict:
    """What came of an answer; if it fails, where it does so first."""

    passed: bool
    words: str = ""
    expected: str = ""
    got: str = ""
    hint: str = ""
    printed: str = ""

    def __str__(self):
        told = {"expected": self.expected, "got": self.got}
        told |= {"hint": self.hint, "printed": self.printed.rstrip()}
        parts = [
            f"{name}:\n{indent(t, '  ')}" for name, t in told.items() if t
        ]
        return "\n".join(["passes" if self.passed else self.words, *parts])


@dataclass
class Outcome:
    """What came of a call, or of an example: then its value is its text."""

    value: Any = None
    arguments: tuple = ()  # as they were left
    error: str = ""  # the name of what was raised
    told: str = ""  # the same in words


class Exercise:
    """A function that the reader writes, and all that judges an answer."""

    def __init__(self, id, solution):
        update_wrapper(self, solution)
        self.id, self.solution, self.cases, self.wrongs = id, solution, [], []

    def __call__(self, *args, **kwargs):
        return self.solution(*args, **kwargs)

    def case(self, function):
        """Adds arguments; the docstring completes the words “With …”."""
        self.cases.append(function)
        return function

    def wrong(self, hint):
        """Adds a mistake that readers make, and what helps them out of it."""

        def note(function):
            self.wrongs.append((hint, function))
            return function

        return note

    @cached_property
    def examples(self):
        return doctest.DocTestParser().get_examples(self.__doc__ or "")

    @property
    def at_hand(self):
        """What the module imports: all that an answer finds defined."""
        space = inspect.unwrap(self.solution).__globals__
        ours = {space["__name__"], __name__}  # and what the shapes' hook adds
        return {
            name: value
            for name, value in space.items()
            if name[0] != "_" and name != "jaxtyping"
            if getattr(value, "__module__", "") not in ours
        }

    def try_out(self, answer):
        """What comes of each example and each case, and all it prints."""
        printed = StringIO()

        def silent(*args, **kwargs):
            with redirect_stdout(printed):
                return answer(*args, **kwargs)

        space = {**self.at_hand, self.__name__: silent}
        with (
            warnings.catch_warnings(),
            np.errstate(all="ignore"),
            np.printoptions(),
        ):
            warnings.simplefilter("ignore")
            outcomes = [run_example(one, space) for one in self.examples]
            outcomes += [run_case(case, silent) for case in self.cases]
        return outcomes, printed.getvalue()

    @cached_property
    def wanted(self):
        """(what is tried, what is to come of it) for all that judges."""
        texts = [
            (
                f"the example `{one.source.strip()}`",
                Outcome(one.want, error=(one.exc_msg or "").split(":")[0]),
            )
            for one in self.examples
        ]
        outcomes, _ = self.try_out(self.solution)
        labels = [case.__doc__ for case in self.cases]
        return [*texts, *zip(labels, outcomes[len(texts) :], strict=True)]

    def judge(self, answer) -> Verdict:
        """Holds an answer to the examples, and to the solution's values."""
        outcomes, printed = self.try_out(answer)
        failed = [
            (words, label, want, got)
            for (label, want), got in zip(self.wanted, outcomes, strict=True)
            if (words := unlike(got, want))
        ]
        if not failed:
            return Verdict(True, printed=printed)
        failed.sort(key=lambda found: found[0] != NOTHING)  # it says most
        words, label, *both = failed[0]
        both = (one.told or shown(one.value) for one in both)
        hint = self.hint(outcomes)
        return Verdict(False, f"With {label}, {words}.", *both, hint, printed)

    def hint(self, outcomes):
        """The hint of the mistake that these outcomes are known from."""
        for hint, wrong in self.wrongs:
            known, _ = self.try_out(wrong)
            if not any(map(unlike, outcomes, known)):
                return hint
        return ""


def exercise(id):
    """Makes an exercise of the solution that it stands above."""
    return lambda solution: Exercise(id, solution)


# -- one trial ---------------------------------------------------------------


def run_example(one, space):
    code, out = compile(one.source, "<example>", "single"), StringIO()
    with redirect_stdout(out):
        outcome = attempt(exec, code, space)
    return Outcome(out.getvalue(), error=outcome.error, told=outcome.told)


def run_case(case, answer):
    found = case()
    found = deepcopy(found if isinstance(found, tuple) else (found,))
    outcome = attempt(answer, *found)
    outcome.arguments = found
    return outcome


def attempt(function, *arguments):
    try:
        return Outcome(function(*arguments))
    except (Exception, SystemExit) as error:
        return Outcome(error=type(error).__name__, told=told(error))


def told(error):
    """What was raised, and at which line of the reader's text."""
    frames = traceback.extract_tb(error.__traceback__)
    files = {ANSWER, getattr(sys.modules["__main__"], "__file__", None)}
    lines = [frame.lineno for frame in frames if frame.filename in files]
    where = f" in line {lines[-1]}" if lines else ""
    return f"{type(error).__name__}{where}: {error}"


# -- comparing and showing ---------------------------------------------------


def unlike(got: Outcome, want: Outcome):
    """How two outcomes differ, in words; nothing where they are alike."""
    if got.error != want.error:
        should = f"{want.error} should be raised"
        return f"{got.error} is raised" if got.error else should
    differ = not got.error and difference(got.value, want.value)
    changed = difference(got.arguments, want.arguments)
    return differ or (changed and "the arguments are changed") or ""


def difference(got, want):
    """How two values differ, in words; nothing where they are alike."""
    name, wanted = type(got).__name__, type(want).__name__
    if got is None and want is not None:
        return NOTHING
    if isinstance(want, NUMBERS):
        return difference_of_numbers(got, want)
    if not isinstance(got, type(want)):
        return f"a {name} is returned, not a {wanted}"
    if isinstance(want, dict):
        if got.keys() != want.keys():
            return f"the keys are {[*got]}, not {[*want]}"
        got, want = [got[key] for key in want], [*want.values()]
    if isinstance(want, list | tuple):
        if len(got) != len(want):
            return f"{len(got)} values are returned, not {len(want)}"
        return next(filter(None, map(difference, got, want)), "")
    alike = type(want).__eq__ is object.__eq__ or got == want
    return "" if alike else "the result differs"


def difference_of_numbers(got, want):
    what = "an array" if np.ndim(want) else "a number"
    if not isinstance(got, NUMBERS):
        return f"a {type(got).__name__} is returned, not {what}"
    got, want = np.asarray(got), np.asarray(want)
    if got.shape != want.shape:
        return f"the shape is {got.shape}, not {want.shape}"
    has, needs = got.dtype.kind, want.dtype.kind
    if has not in FITS.get(needs, needs):
        has, needs = (KINDS.get(kind, kind) for kind in (has, needs))
        return f"{has} are returned, not {needs}"
    if needs in "fc":
        alike = np.allclose(got, want, equal_nan=True)
    else:
        alike = np.array_equal(got, want)
    return "" if alike else "the numbers differ"


def shown(value):
    """A value as a reader wants to see it: rounded, and not too long."""
    if isinstance(value, np.ndarray):
        short = {"precision": 4, "suppress_small": True, "separator": ", "}
        return np.array2string(value, threshold=40, edgeitems=2, **short)
    if isinstance(value, float | np.floating):
        return f"{value:.4f}" if 0.01 < abs(value) < 1e6 else f"{value:.4g}"
    if isinstance(value, list | tuple):
        inner = ", ".join(map(shown, value))
        return f"[{inner}]" if isinstance(value, list) else f"({inner})"
    return str(value)[:400].rstrip()


# -- for the browser, and for the command line -------------------------------


def exercises_of(stem):
    """The exercises of a page, in order."""
    module = import_module(f"{__name__}.{stem}")
    found = [x for x in vars(module).values() if isinstance(x, Exercise)]
    return [one for one in found if one.__module__ == module.__name__]


def judge_source(stem, id, source) -> dict:
    """Judges the text of an answer; the dict can be written as JSON."""
    one = next(one for one in exercises_of(stem) if one.id == id)
    space, out = {**one.at_hand, "__name__": "answer"}, StringIO()
    with redirect_stdout(out):
        code = attempt(compile, source, ANSWER, "exec")
        read = code if code.error else attempt(exec, code.value, space)
    answer = space.get(one.__name__)
    if read.error or not callable(answer):
        missing = f"There is no function `{one.__name__}`."
        return asdict(Verdict(False, read.told or missing))
    verdict = one.judge(answer)
    verdict.printed = out.getvalue() + verdict.printed
    return asdict(verdict)


def report(stem, space) -> bool:
    """Prints what came of the answers in a namespace; whether all pass."""
    found = exercises_of(stem)
    verdicts = [one.judge(space[one.__name__]) for one in found]
    for one, verdict in zip(found, verdicts, strict=True):
        print(f"{one.id}: {verdict}\n")
    passed = sum(verdict.passed for verdict in verdicts)
    print(f"{passed} of {len(found)} exercises pass.")
    return passed == len(found)
