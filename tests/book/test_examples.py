"""Three readers of the same examples agree: the verified build, Sphinx's doctest builder, sybil.

The first two have run when this does: ``make test`` builds the HTML and runs ``make doctest``.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sybil import Sybil
from sybil.parsers.myst import DocTestDirectiveParser

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(p for p in (ROOT / "docs").rglob("*.md") if not p.name.startswith("_"))
PROMPT = re.compile(r"^\s*>>> ", re.MULTILINE)


def name(page):
    return page.relative_to(ROOT / "docs").with_suffix("").as_posix()


def examples(page):
    document = Sybil([DocTestDirectiveParser(optionflags=0)]).parse(page)
    return document, list(document.examples())


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_sybil_finds_every_prompt_of_the_page_and_each_example_holds(page):
    _, found = examples(page)
    assert len(found) == len(PROMPT.findall(page.read_text("utf-8")))
    with np.printoptions(), np.errstate():
        for example in found:
            example.evaluate()


def read_environment():
    """Counts of the verified build, asked of its environment in a process of its own."""
    path = ROOT / "build" / "doctrees" / "environment.pickle"
    assert path.exists(), "no built book: run make html first"
    code = (
        "import pickle, sys, json; sys.path[:0] = ['docs/_extensions', '.'];"
        "env = pickle.load(open('build/doctrees/environment.pickle', 'rb'));"
        "print(json.dumps({d: p.examples for d, p in env.verified_pages.items()}))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_verified_build_ran_every_example():
    counted = json.loads(read_environment())
    assert counted == {name(page): len(examples(page)[1]) for page in PAGES}


def test_the_doctest_builder_ran_every_example():
    output = ROOT / "build" / "doctest" / "output.txt"
    assert output.exists(), "no output of the doctest builder: run make doctest first"
    summary = output.read_text("utf-8").rpartition("Doctest summary")[2]
    assert int(re.search(r"(\d+) tests?\b", summary)[1]) == sum(
        len(examples(page)[1]) for page in PAGES
    )
