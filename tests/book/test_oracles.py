"""Each function of the snippets is held by what is not itself, and the tests say by what."""

import subprocess
import sys
from pathlib import Path

import pytest

import oracles

ROOT = Path(__file__).resolve().parents[2]


def test_every_function_is_held_and_every_mark_says_by_what():
    assert oracles.faults() == []


def test_the_report_has_a_row_for_every_function_and_a_line_for_every_module():
    rows = oracles.table().splitlines()[4:]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows] == oracles.functions()
    modules = {name.split(".")[0] for name in oracles.functions()}
    assert {line.split()[0] for line in oracles.summary()[1:]} == modules


@pytest.fixture
def other(tmp_path):
    """Another book: a snippet module with a class and figures, and the tests of it."""
    for folder in ("snippets/figures", "tests/snippets", "tests/oracles"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "snippets" / "figures" / "halves.py").write_text("def figure_half(): pass\n")
    (tmp_path / "snippets" / "halves.py").write_text(
        "def half(x): pass\ndef _own(): pass\nclass Pair:\n    def first(self): pass\n"
    )

    def tests(snippets="", oracles=""):
        (tmp_path / "tests" / "snippets" / "test_halves.py").write_text(snippets)
        (tmp_path / "tests" / "oracles" / "test_halves.py").write_text(oracles)
        return tmp_path

    return tests


HELD = '@pytest.mark.holds("half", "halves.Pair.first", by="library: math")\ndef test(): pass\n'


def test_a_function_is_held_by_a_mark_in_the_tests_of_its_module(other):
    assert oracles.functions(other()) == ["halves.half", "halves.Pair.first"]
    assert oracles.faults(other(HELD)) == []


def test_a_function_that_only_the_heavy_oracles_hold_is_a_fault(other):
    assert oracles.faults(other("", HELD)) == [
        "snippets: nothing in tests/snippets holds halves.half",
        "snippets: nothing in tests/snippets holds halves.Pair.first",
    ]


@pytest.mark.parametrize(
    ("mark", "fault"),
    [
        ('("third", by="derivation")', "there is no function halves.third"),
        ('("half", by="hope")', "“hope” is none of"),
        ('("half")', "“” is none of"),
    ],
)
def test_a_mark_that_says_nothing_is_a_fault(other, mark, fault):
    (found,) = oracles.faults(other(f"{HELD}@pytest.mark.holds{mark}\ndef test_2(): pass\n"))
    assert found.startswith("tests/snippets/test_halves.py:3: ") and fault in found


def test_a_test_that_never_calls_what_it_is_marked_to_hold_fails(tmp_path):
    (tmp_path / "test_layers.py").write_text(
        """
import numpy as np
import pytest
from snippets import layers

@pytest.mark.holds("relu", by="derivation")
def test_that_calls():
    layers.relu(np.ones(2))

@pytest.mark.holds("relu", by="derivation")
def test_that_does_not():
    layers.softmax(np.ones(2))
"""
    )
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", "pyproject.toml"]
    run = subprocess.run([*command, tmp_path], cwd=ROOT, capture_output=True, text=True)
    assert "relu: marked as held here, but never called" in run.stdout
    assert "1 failed, 1 passed" in run.stdout
