"""Every page's examples and every exercise, in the Python that a browser runs; here in Node.

By the pages' own worker and judge, from what ``make html`` left in build/html/_runtime.
"""

import json
import subprocess
from pathlib import Path

import pytest

from tests.editions.conftest import HTML

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PAGES = HTML / "_runtime" / "pages"
WITH_EXAMPLES = sorted(p.relative_to(PAGES).with_suffix("").as_posix() for p in PAGES.rglob("*"))
AT_HAND = (HERE / "pyodide_checks.py", ROOT / "docs/_extensions/book/exercise_code.py")
EXERCISES = sorted(p.stem for p in (ROOT / "snippets" / "exercises").glob("[!_]*.py"))


def what_runs(page):
    return json.loads((PAGES / f"{page}.json").read_text("utf-8"))


RUN = [page for page in WITH_EXAMPLES if (PAGES / f"{page}.json").is_file()]
WRITTEN = [one["id"] for page in RUN for one in what_runs(page)["exercises"]]


@pytest.fixture(scope="module")
def told():
    """What came of each page, of each exercise, and of the proof."""
    command = ["node", HERE / "pyodide.mjs", HTML, *AT_HAND]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return {line.get("exercise") or line.get("page") or "proof": line for line in lines}


def test_there_is_a_page_to_run():
    assert len(RUN) > 20, "no runtime in build/html: run make runtime html first"
    assert WRITTEN


@pytest.mark.parametrize("page", RUN)
def test_a_page_prints_in_the_browsers_python_what_the_book_prints(told, page):
    assert told[page]["examples"] > 0
    assert told[page]["not"] == []


@pytest.mark.parametrize("page", RUN)
def test_a_page_fetches_the_data_that_it_opens(told, page):
    assert set(told[page]["opened"]) <= set(told[page]["data"])


@pytest.mark.parametrize("id_", WRITTEN)
def test_an_exercise_is_judged_there_as_in_the_build(told, id_):
    assert told[id_]["solution"]["passed"], told[id_]["solution"]
    assert not told[id_]["stub"]["passed"]


def test_every_wrong_answer_fails_there_and_meets_its_own_hint(told):
    assert told["proof"]["proof"] == {"modules": EXERCISES, "faults": []}
