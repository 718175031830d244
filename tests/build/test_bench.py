"""The benchmark: its table, what it measures, the book it generates.  Nothing is timed."""

import json
import os
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools import bench, generated_book, measure
from tools.bench import Missing, Row
from verified_book import verified

ROOT = Path(__file__).resolve().parents[2]

# -- the table ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        (Row("a / b", 1.0, 2.0, 0.7), ["a / b", "1 s", "2 s", "0.50", "≤ 0.70", "ok"]),
        (Row("a / b", 3.0, 2.0, 0.7), ["a / b", "3 s", "2 s", "1.50", "≤ 0.70", "over"]),
        (Row("page", 144.21, None, 200, "kB"), ["page", "144 kB", "", "", "≤ 200 kB", "ok"]),
        (Row("foreign", 1, None, 0, ""), ["foreign", "1", "", "", "≤ 0", "over"]),
        (Row("no limit", 3.0, None, None), ["no limit", "3 s", "", "", "", "told"]),
        (Missing("a / b", "do this"), ["a / b", "", "", "", "", "do this"]),
    ],
)
def test_a_row_says_what_was_measured_and_whether_the_target_is_met(row, cells):
    assert row.cells == cells


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (0.304, "0.30"), (3.14159, "3.14"), (31.4, "31.4"), (314.2, "314")],
)
def test_a_figure_has_three_digits_at_most(value, text):
    assert bench.figure(value) == text


def test_the_printed_table_is_set_in_columns():
    lines = bench.as_text([Row("long name", 1, 2, 1), Row("b", 100, 200, 1)]).split("\n")
    assert len(lines) == 3
    assert len({line.index("≤") for line in lines[1:]}) == 1


def test_the_recorded_table_stands_between_its_marks_and_nothing_else_changes():
    text = "# About\n\n<!-- bench -->\nold\n<!-- /bench -->\n\nMore.\n"
    table = bench.as_markdown([Row("a", 1, 2, 1)], "a machine")
    once = bench.record(text, table)
    assert once.startswith("# About\n\n<!-- bench -->\n\nMeasured on a machine.\n\n| what |")
    assert "| 1&nbsp;s | 2&nbsp;s | 0.50 |" in once, "a unit is not parted from its number"
    assert once.endswith("| ok |\n\n<!-- /bench -->\n\nMore.\n")
    assert bench.record(once, table) == once


def test_a_page_without_a_place_for_the_table_is_told_in_one_sentence():
    with pytest.raises(SystemExit, match=r"about\.md has no place for the table: write the lines"):
        bench.record("# About\n", "")


def test_the_machine_is_named_without_a_path():
    assert re.search(r"\d cores, Python 3\.\d+\.\d+, \d{4}-\d\d-\d\d$", bench.machine())
    assert "/" not in bench.machine().replace("R) ", "")


# -- what is measured ---------------------------------------------------------------------


def test_without_a_runtime_the_table_says_how_to_measure_it(tmp_path):
    rows = list(bench.run_rows(tmp_path, tmp_path))
    assert [row.cells[-1] for row in rows] == ["to measure it: make runtime html before"] * 2


def test_the_cost_of_a_process_is_its_own():
    """Asked of a small process: before a program is loaded, its peak is that of its parent."""
    code = """if True:
        import json, sys
        from tools import measure
        run = lambda code: vars(measure.measured([sys.executable, "-c", code], "."))
        print(json.dumps([run("pass"), run("a = bytearray(4 * 10**8); sum(range(10**7))")]))
    """
    path = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'tools'}"}
    told = subprocess.run([sys.executable, "-c", code], env=path, check=True, capture_output=True)
    idle, busy = json.loads(told.stdout)
    assert busy["cpu"] > idle["cpu"]
    assert 350 < busy["peak"] - idle["peak"] < 420


def test_a_build_that_fails_ends_the_benchmark_and_says_why(tmp_path):
    with pytest.raises(SystemExit, match=r"a build failed[\s\S]*no such book"):
        measure.measured([sys.executable, "-c", "raise OSError('no such book')"], tmp_path)


def test_runs_are_made_in_turn_and_the_least_counts():
    order, costs = [], iter([3, 9, 2, 9, 30, 9])

    def run(name):
        order.append(name)
        return measure.Cost(next(costs), 0, 0)

    found = measure.in_turn({"a": lambda: run("a"), "b": lambda: run("b")}, rounds=3)
    assert order == ["a", "b"] * 3
    assert (found["a"].cpu, found["b"].cpu) == (2, 9)


PAGE = """# A page

A sentence of `code`.
Half a sentence
This one is meant.

```{doctest}
>>> print("a")
a
>>> x = 1
```
"""


def saved(path, edit):
    return measure.edited(path, edit), path.read_text("utf-8")


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "docs" / "page.md"
    path.parent.mkdir()
    path.write_text(PAGE, "utf-8")
    return path


@pytest.mark.parametrize(
    ("edit", "line"),
    [
        (measure.PROSE, "This one is meant. {}"),
        (measure.EXAMPLE, ">>> x = 1  # {}"),
        (measure.LINE, "```\n# {}"),
    ],
)
def test_an_edit_adds_words_to_one_line_and_takes_away_those_of_the_last(page, edit, line):
    (first, once), (second, twice) = saved(page, edit), saved(page, edit)
    assert first != second
    assert line.format(second) in twice and first not in twice
    if edit is not measure.LINE:
        assert once.replace(first, second) == twice
        assert len(twice.splitlines()) == len(PAGE.splitlines())


def test_pages_are_edited_that_stand_in_both_books_and_can_take_it(page, tmp_path):
    page.with_name("plain.md").write_text("# No sentence\n", "utf-8")
    other = tmp_path / "other"
    (other / "docs").mkdir(parents=True)
    assert bench.can_take(measure.EXAMPLE, tmp_path) == ["docs/page.md"]
    assert bench.can_take(measure.EXAMPLE, tmp_path, other) == []


def test_a_save_is_timed_until_the_page_shows_it_with_the_verdict(page, tmp_path):
    class Socket:
        """Reloads three times: too early, without the verdict, with it."""

        heard, classes = 0, ["", "", "verified"]

        def recv(self, timeout):
            words = page.read_text("utf-8") if self.heard else "old"
            text = f"<article><div class='{self.classes[self.heard]}'>{words}</div></article>"
            (tmp_path / "page.html").write_text(text, "utf-8")
            self.heard += 1

    folder = measure.Folder(tmp_path, tmp_path)
    for edit, reloads in ((measure.EXAMPLE, 3), (measure.PROSE, 2), (measure.LINE, 1)):
        socket = Socket()
        measure.Preview(folder, tmp_path, socket).seconds("docs/page.md", edit, pause=0)
        assert socket.heard == reloads


def test_a_book_of_an_earlier_commit_is_taken_from_git(tmp_path):
    assert (bench.at_commit("HEAD", tmp_path / "base") / "conf.py").is_file()
    with pytest.raises(SystemExit, match="bench: no commit nowhere: "):
        bench.at_commit("nowhere", tmp_path / "none")


# -- the generated book ---------------------------------------------------------------------


def test_a_generated_page_has_the_measures_of_a_real_one():
    page = generated_book.page(3, entries=150)
    prose = re.sub(r"```[\s\S]*?```|\$\$[\s\S]*?\$\$", "", page)
    assert 1100 < len(prose.split()) < 1400
    assert page.count("$$\n") / 2 == 10
    assert len(re.findall(r"\$[^$\n]+\$", prose)) == 10
    assert page.count(">>>") == generated_book.EXAMPLES_ON_A_PAGE
    assert page.count("{cite:p}") == 6


def test_the_same_book_is_generated_each_time():
    assert dict(generated_book.sources(5)) == dict(generated_book.sources(5))


def test_as_notebooks_the_same_code_is_run():
    page, notebook = (generated_book.page(3, 150, notebook=kind) for kind in (False, True))
    code = re.findall(r"^>>> (.+)$", page, re.MULTILINE)
    cells = re.findall(r"```\{code-cell\} python\n([\s\S]*?)\n```", notebook)
    assert "\n".join(cells).split("\n") == code


def test_the_generated_book_holds_and_has_350_examples(tmp_path):
    root = generated_book.generate(tmp_path / "book")
    doctrees = tmp_path / "doctrees"
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-c", root, "-d", doctrees]
    subprocess.run([*command, root / "docs", tmp_path / "html"], check=True, cwd=root)
    env = pickle.loads((doctrees / "environment.pickle").read_bytes())
    assert verified.count_examples(env) == 350
    assert len(list((tmp_path / "html").glob("page*.html"))) == 25
