"""The Pythons that the book claims are the same wherever they are named."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def text(name):
    return (ROOT / name).read_text("utf-8")


def versions(words):
    return sorted(set(re.findall(r"\b3\.\d+\b", words)), key=lambda version: int(version[2:]))


def test_the_classifiers_the_matrix_and_its_workflow_name_the_same_pythons():
    project = tomllib.loads(text("pyproject.toml"))["project"]
    claimed = versions(" ".join(project["classifiers"]))
    assert claimed[0] == project["requires-python"].removeprefix(">=")
    matrix = re.search(r"^MATRIX = \[[\s\S]*?^\]", text("noxfile.py"), re.MULTILINE)[0]
    assert versions(" ".join(re.findall(r'\("(3\.\d+)"', matrix))) == claimed
    (row,) = re.findall(r"python: \[.*\]", text(".github/workflows/matrix.yml"))
    assert versions(row) == claimed
    (row,) = re.findall(r"python: \[.*\]", text(".github/workflows/book.yml"))
    assert {claimed[0], claimed[-1]} <= {*versions(row)} <= {*claimed}


def test_what_is_said_of_them_is_the_same_range():
    for name in ("README.md", "requirements/book.txt"):
        ranges = re.findall(r"Python (3\.\d+) to (3\.\d+)", text(name))
        assert ranges == [("3.11", "3.14")], name
