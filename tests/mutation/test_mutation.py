"""The tool makes the mutants that it says, puts them in place, and tells who killed them."""

import sys
import types

import pytest

import mutation
from mutants import Mutant, mutants, put_in_place
from mutation import Script, Step, Trials, ask, missing, trial

SOURCE = '''
SIZE = 3


def half(x: "Float[Array, '2']", cut: float = 0.5) -> float:
    """Half of x."""
    if x < 0:
        raise ValueError(f"half: {x - 1} is negative")
    return (x + 1 - 1) * cut
'''


@pytest.fixture
def module(tmp_path, monkeypatch):
    """SOURCE as the module snippets.toy."""
    toy = types.ModuleType("snippets.toy")
    toy.__file__ = str(tmp_path / "snippets" / "toy.py")
    exec(compile(SOURCE, toy.__file__, "exec"), vars(toy))
    monkeypatch.setattr(mutation, "ROOT", tmp_path)
    monkeypatch.setitem(sys.modules, "snippets.toy", toy)
    return toy


def found(before):
    return {m.after for m in mutants("toy", SOURCE) if m.before.startswith(before)}


def script(*steps, kind="test"):
    made = [Step(f"step {i}", f"text {i}", run) for i, run in enumerate(steps)]
    for step in made:
        step.entered = {("toy", "half")}
    return Script("script", kind, {"toy"}, {"toy"}, made)


def check(condition):
    if not condition:
        raise AssertionError


def test_operators_numbers_comparisons_and_defaults_are_changed():
    assert found("return") == {
        "return (x + 1 - 1) / cut",
        "return (x + 1 + 1) * cut",
        "return (x - 1 - 1) * cut",
        "return (x + 2 - 1) * cut",
        "return (x + 1 - 2) * cut",
    }
    assert "if x <= 0:" in found("if")
    assert any("cut: float = 1.5" in line for line in found("def"))
    assert found("SIZE") == {"SIZE = 4"}


def test_strings_annotations_and_the_words_of_errors_are_not():
    assert not found("raise") and not found('"""')
    assert all("'2'" in m.statement for m in mutants("toy", SOURCE) if m.name)


def test_what_only_leads_to_an_error_is_marked():
    guards = {m.before for m in mutants("toy", SOURCE) if m.guards}
    assert guards == {"if x < 0:"}


def test_a_mutant_is_seen_by_those_who_have_imported_the_function(module):
    mine = module.half
    put_in_place(Mutant("toy", "half", "", "", "def half(x, cut=2):\n    return x + cut", False))
    assert mine(1) == 3


def test_changed_data_is_seen_in_the_module_and_in_a_namespace(module):
    space = {"SIZE": module.SIZE}
    put_in_place(Mutant("toy", "", "", "", "SIZE = 4", False), space)
    assert (space["SIZE"], module.SIZE) == (4, 4)


@pytest.mark.parametrize(
    ("steps", "killer"),
    [
        ([lambda m: None], None),
        ([lambda m: None, lambda m: check(m.half(4) == 2)], "step 1"),
        ([lambda m: check(m.half(4) < 3), lambda m: None], "step 0"),
    ],
)
def test_the_first_step_that_fails_has_killed_the_mutant(module, steps, killer):
    mutant = next(m for m in mutants("toy", SOURCE) if m.after.endswith("/ cut"))
    asked = script(*((lambda run=run: run(module)) for run in steps))
    step = trial(mutant, asked, asked.plan(mutant))
    assert (step and step.name) == killer
    assert module.half(4) == 2  # the change stayed in the child


def test_a_mutant_that_does_not_end_is_killed(module):
    mutant = Mutant("toy", "half", "", "", "def half(x):\n    while True: pass", False)
    asked = script(lambda: module.half(1))
    assert trial(mutant, asked, [0]).name == "step 0"


def test_a_page_is_run_from_the_first_example_that_enters_the_function():
    asked = script(*[lambda: None] * 4, kind="page")
    asked.steps[0].entered = set()
    mutant = Mutant("toy", "half", "", "", "", False)
    assert asked.plan(mutant) == [1, 2, 3]


def test_what_was_found_is_not_asked_again_until_the_script_changes(module, tmp_path, capsys):
    mutant = next(m for m in mutants("toy", SOURCE) if m.after.endswith("/ cut"))
    calls = tmp_path / "calls"

    def run(want):
        with calls.open("a") as file:
            file.write(".")
        check(module.half(4) == want)

    def known(text):
        made = script(lambda: run(2))
        made.steps[0].text = text
        trials = Trials(tmp_path / "trials")
        ask(made, [mutant], trials)
        return trials.killers, len(calls.read_text())

    assert known("one") == ({mutant: "test"}, 2)  # watched, then tried
    assert known("one") == ({mutant: "test"}, 2)
    assert known("another") == ({mutant: "test"}, 4)
    assert capsys.readouterr().out == "script: 1 of 1 killed\n" * 3


def test_a_survivor_is_remembered_and_another_script_is_asked(module, tmp_path):
    mutant = next(m for m in mutants("toy", SOURCE) if m.after.endswith("/ cut"))
    trials = Trials(tmp_path / "trials")
    for made in (script(lambda: None), script(lambda: check(module.half(4) == 2), kind="page")):
        made.name = made.kind
        ask(made, [mutant], trials)
    assert sorted(map(str, trials.found.values())) == ["None", "step 0"]
    assert trials.killers == {mutant: "page"}


def test_each_part_of_the_promise_that_is_not_kept_is_named():
    mutant = mutants("toy", SOURCE)[0]
    stale = {("toy.gone", "x + 1", "x - 1"): "why"}
    told = " ".join(missing(0.9, 0.7, [mutant], stale, ["toy"]))
    assert "90.0%" in told and "70.0%" in told and "1 survivors are not judged" in told
    assert "toy.gone | x + 1 | x - 1" in told
    known = {mutant.place: "why"}
    assert list(missing(0.95, 0.8, [mutant], known, ["toy"])) == []


def test_a_helper_that_changes_makes_another_version_of_the_same_tests(tmp_path):
    made = []
    for i in range(2):
        path = tmp_path / f"test_toy_{i}.py"
        path.write_text(f"def helper(): return {i}\ndef test_half(): helper()\n")
        options = ["-qq", "--rootdir", str(tmp_path), "-p", "no:cacheprovider"]
        pytest.main([str(path), *options], plugins=[mutation.Tests("toy", made.append)])
    first, second = made
    assert first.version != second.version


def test_no_mark_of_what_a_test_holds_is_left():
    marks = [
        pytest.mark.holds("half", by="library: none").mark,
        pytest.mark.skipif(False, reason="").mark,
    ]
    item = types.SimpleNamespace(own_markers=marks)
    mutation.Tests("toy", None).pytest_itemcollected(item)
    assert item.own_markers == marks[1:]
