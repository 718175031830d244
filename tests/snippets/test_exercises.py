"""What judges an answer: words for each way to fail, and the hint of the mistake that it is."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from book import exercise_code
from snippets import exercises
from snippets.exercises import exercise

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted((ROOT / "snippets" / "exercises").glob("[!_]*.py"))
WRITTEN = [one for path in MODULES for one in exercises.exercises_of(path.stem)]


def name(value):
    return getattr(value, "id", None) or value.stem


# -- the book's own -------------------------------------------------------------------------------


@pytest.mark.parametrize("one", WRITTEN, ids=name)
def test_the_solution_passes_and_each_wrong_answer_meets_its_hint(one):
    assert one.judge(one.solution).passed
    met = [(verdict.passed, verdict.hint) for verdict in (one.judge(w) for _, w in one.wrongs)]
    assert met == [(False, hint) for hint, _ in one.wrongs]


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_the_stub_has_the_words_of_the_solution_and_fails(path):
    for code in exercise_code.read(path).codes:
        verdict = exercises.judge_source(path.stem, code.id, code.stub)
        assert not verdict["passed"]
        assert "# yours" not in code.stub + code.solution
        assert '"""' not in code.solution


@pytest.mark.parametrize(
    ("id_", "source", "hint"),
    [
        (
            "write-attention",
            "def attention(q, k, v):\n"
            "    scores = [float(np.dot(q, key)) for key in k]\n"
            "    e = np.exp(np.array(scores) - max(scores))\n"
            "    return np.sum(e[:, None] * v, axis=0) / e.sum()\n",
            "grows with the width",
        ),
        (
            "write-causal-weights",
            "def causal_weights(scores):\n"
            "    e = np.exp(scores - scores.max(-1, keepdims=True))\n"
            "    w = e / e.sum(-1, keepdims=True)\n"
            "    w[np.triu_indices(len(w), 1)] = 0\n"
            "    return w\n",
            "Mask before the softmax",
        ),
        (
            "write-positions",
            "def positions(n, d):\n"
            "    pe = np.zeros((n, d))\n"
            "    for p in range(n):\n"
            "        for i in range(0, d, 2):\n"
            "            pe[p, i] = np.sin(p / 10000 ** (2 * i / d))\n"
            "            pe[p, i + 1] = np.cos(p / 10000 ** (2 * i / d))\n"
            "    return pe\n",
            "2i is the column already",
        ),
    ],
)
def test_a_mistake_is_known_however_it_is_written(id_, source, hint):
    verdict = exercises.judge_source("transformer", id_, source)
    assert not verdict["passed"]
    assert hint in verdict["hint"]


# -- how an answer fails --------------------------------------------------------------------------


@exercise("write-shares")
def shares(x):
    """What each has of the whole.

    >>> shares(np.array([1.0, 3])).tolist()
    [0.25, 0.75]
    """
    if not x.sum():
        raise ValueError("shares: there is nothing to share")
    return x / x.sum()


@shares.case
def a_matrix():
    """a matrix"""
    return np.array([[1.0, 2], [3, 4]])


@shares.case
def nothing():
    """nothing to share"""
    return np.zeros(3)


@shares.wrong("Divide by the sum, not by the greatest.")
def by_the_greatest(x):
    return x / x.max()


def changed(x):
    x /= x.sum() or np.array([])
    return x


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda x: None, "With a matrix, nothing is returned."),
        (lambda x: list(x / x.sum()), "AttributeError is raised."),
        (lambda x: x.ravel() / x.sum(), "With a matrix, the shape is (4,), not (2, 2)."),
        (lambda x: x / (x.sum() or 1), "With nothing to share, ValueError should be raised."),
        (lambda x: x / x.nosum(), "AttributeError is raised."),
        (lambda x: sys.exit(), "SystemExit is raised."),
        (lambda x, y: x, "TypeError is raised."),
    ],
)
def test_a_failure_is_told_in_words(answer, words):
    verdict = shares.judge(answer)
    assert not verdict.passed
    assert words in verdict.words
    assert verdict.hint == ""


@pytest.mark.parametrize(
    ("got", "want", "words"),
    [
        ([1.0], np.ones(1), "a list is returned, not an array"),
        ([1.0], 1.0, "a list is returned, not a number"),
        (np.ones(1), 1.0, "the shape is (1,), not ()"),
        (np.ones(2), np.ones(2, int), "floats are returned, not integers"),
        (np.ones(2), np.ones(2, bool), "floats are returned, not truth values"),
        (1, True, "integers are returned, not truth values"),
        (1.001, 1.0, "the numbers differ"),
        ("ab", "ba", "the result differs"),
        (np.array(["a"]), ["a"], "a ndarray is returned, not a list"),
        ([1], [1, 2], "1 values are returned, not 2"),
        ([1, 3], [1, 2], "the numbers differ"),
        ((1, 2), [1, 2], "a tuple is returned, not a list"),
        ({"a": 1}, {"b": 1}, "the keys are ['a'], not ['b']"),
        ({"a": 1}, {"a": 2}, "the numbers differ"),
    ],
)
def test_two_values_differ_in_words(got, want, words):
    assert exercises.difference(got, want) == words


@pytest.mark.parametrize(
    ("got", "want"),
    [
        (np.float64(1), 1.0),
        (1, 1.0),
        (np.ones(2, np.int32), np.ones(2, np.int64)),
        (1 + 1e-9, 1.0),
        (np.array([np.nan]), np.array([np.nan])),
        ({"b": [1], "a": 2}, {"a": 2, "b": [1]}),
        (np.random.default_rng(0), np.random.default_rng(0)),
    ],
)
def test_two_values_are_alike(got, want):
    assert exercises.difference(got, want) == ""


def test_an_answer_may_not_change_its_arguments():
    assert shares.judge(changed).words == "With a matrix, the arguments are changed."
    assert shares.judge(shares.solution).passed  # and the next one has them as they were


def test_what_is_printed_is_kept_apart():
    def talks(x):
        print("sum", x.sum())
        return shares(x)

    verdict = shares.judge(talks)
    assert verdict.passed
    assert verdict.printed == "sum 4.0\nsum 10.0\nsum 0.0\n"


def test_a_verdict_shows_both_sides_and_the_hint():
    verdict = shares.judge(by_the_greatest)
    assert verdict.expected == "[0.25, 0.75]"
    assert verdict.got.startswith("[0.333")
    assert str(verdict).endswith("hint:\n  Divide by the sum, not by the greatest.")


def test_what_an_answer_does_to_numpy_ends_with_it():
    def careless(x):
        np.set_printoptions(precision=1)
        np.seterr(all="raise")
        return shares(x)

    before = np.get_printoptions(), np.geterr()
    assert shares.judge(careless).passed
    assert (np.get_printoptions(), np.geterr()) == before


# -- for the browser, and for the command line ----------------------------------------------------


@pytest.mark.parametrize(
    ("source", "words", "got"),
    [
        ("def attention(q, k, v:\n    pass", "SyntaxError", ""),
        ("x = 1", "There is no function `attention`.", ""),
        ("print(1)\nattention = 1 / 0", "ZeroDivisionError in line 2", ""),
        ("def attention(q, k, v):\n    return keys @ q", "NameError", "in line 2"),
        ("def attention(q, k, v):\n    return causal_weights(k) @ v", "NameError", "in line 2"),
    ],
)
def test_the_text_of_an_answer_is_judged(source, words, got):
    verdict = exercises.judge_source("transformer", "write-attention", source)
    assert json.loads(json.dumps(verdict)) == verdict
    assert not verdict["passed"]
    assert words in verdict["words"]
    assert got in verdict["got"]


def test_two_answers_do_not_see_each_other():
    good = "SCALE = 2\ndef attention(q, k, v):\n    return softmax(k @ q / q.size**0.5) @ v"
    assert exercises.judge_source("transformer", "write-attention", good)["passed"]
    verdict = exercises.judge_source(
        "transformer", "write-attention", "def attention(q, k, v): return v / SCALE"
    )
    assert "NameError" in verdict["got"]


def test_the_file_for_the_command_line_says_what_passes(tmp_path):
    path = tmp_path / "exercises" / "transformer.py"
    path.parent.mkdir()
    (tmp_path / "snippets").symlink_to(ROOT / "snippets")
    text = exercise_code.stub_file(ROOT / "snippets" / "exercises" / "transformer.py")
    path.write_text(text.replace("    ...", "    return softmax(k @ q) @ v", 1), "utf-8")
    done = subprocess.run([sys.executable, path], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1, done.stderr
    assert "write-attention: With the example" in done.stdout
    assert "hint:\n  The variance of the scores grows" in done.stdout
    assert (
        "write-positions: With 5 positions and a width of 6, nothing is returned." in done.stdout
    )
    assert done.stdout.endswith("0 of 4 exercises pass.\n")
