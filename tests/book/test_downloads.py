"""In the zip that the book offers, every example of every page runs as printed.

Reads what ``make html`` left in build/html.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAME = "from-attention-to-rlhf"
ZIP = ROOT / "build" / "html" / "download" / f"{NAME}.zip"
PROMPT = re.compile(r"^\s*>>> ", re.MULTILINE)
PAGES = {
    page.stem: page
    for page in (ROOT / "docs").rglob("*.md")
    if PROMPT.search(page.read_text("utf-8"))
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    assert ZIP.exists(), f"no {ZIP}: run make html first"
    folder = tmp_path_factory.mktemp("alone")
    with ZipFile(ZIP) as file:
        file.extractall(folder)
    return folder / NAME


def test_all_examples_run_as_the_readme_says(folder):
    (said,) = re.findall(
        r"^ +python (.* examples/)\w+\.txt$", (folder / "README.txt").read_text(), re.M
    )
    files = sorted(path.name for path in (folder / "examples").iterdir())
    command = [sys.executable, *said.split()[:-1], *(f"examples/{name}" for name in files)]
    alone = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        command, cwd=folder, env=alone, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.mark.parametrize("stem", sorted(PAGES))
def test_no_example_of_a_page_is_left_out(folder, stem):
    page = PROMPT.findall(PAGES[stem].read_text("utf-8"))
    file = PROMPT.findall((folder / "examples" / f"{stem}.txt").read_text("utf-8"))
    assert len(file) == len(page)


STUBS = sorted(path.name for path in (ROOT / "snippets" / "exercises").glob("[!_]*.py"))


@pytest.mark.parametrize("name", STUBS)
def test_an_exercise_that_nobody_has_solved_is_told_from_one_that_breaks(folder, name):
    command = [sys.executable, f"exercises/{name}"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1 and done.stdout and not done.stderr


def test_the_code_and_its_data_are_those_of_the_book(folder):
    for path in (ROOT / "snippets").rglob("*"):
        of_tools = {"__pycache__", ".ruff_cache", ".pytest_cache"}
        if path.is_file() and not of_tools & {*path.parts}:
            assert (folder / path.relative_to(ROOT)).read_bytes() == path.read_bytes()


def test_a_page_that_shows_code_links_to_it():
    for path in (ROOT / "docs").rglob("*.md"):
        if "{literalinclude}" in path.read_text("utf-8"):
            place = path.relative_to(ROOT / "docs").with_suffix(".html")
            page = (ROOT / "build" / "html" / place).read_text("utf-8")
            up = "../" * place.as_posix().count("/")
            assert page.count(f'href="{up}download/{NAME}.zip"') == 1, path
