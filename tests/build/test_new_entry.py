"""`make new-entry` makes what builds, is tested and is well-formed; or nothing, and says why."""

import errno
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools import new_entry

ROOT = Path(__file__).resolve().parents[2]
FILES = ("CITATION.cff", "conf.py", "pyproject.toml", "references.bib", "tests/conftest.py")
FOLDERS = ("docs", "snippets", "tests/book", "tools")
GOOD = ("rope", "su2024roformer", "architectures")
MADE = {
    "docs/architectures/rope.md",
    "snippets/rope.py",
    "snippets/exercises/rope.py",
    "snippets/figures/rope.py",
    "tests/snippets/test_rope.py",
}


@pytest.fixture
def copy(tmp_path):
    """The book without what was built of it."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests/snippets").mkdir()
    for name in FILES:
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def contents(root):
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file()
    }


def run(copy, *command):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, *command], cwd=copy, env=environment, capture_output=True, text=True
    )
    return done.returncode, done.stdout + done.stderr


def test_a_new_entry_builds_is_tested_and_is_well_formed(copy):
    assert new_entry.main(copy, GOOD) == 0
    for command in (
        ["tools/one_page.py", "architectures/rope"],
        ["-m", "pytest", "tests/snippets/test_rope.py"],
        ["tools/exercises.py"],
        ["-m", "ruff", "format", "--check", *MADE],
        ["-m", "ruff", "check", *MADE],
    ):
        status, told = run(copy, *command)
        assert status == 0, told
    page = (copy / "build/page/architectures-rope/html/architectures/rope.html").read_text("utf-8")
    assert "RoFormer" in page
    assert "9 examples verified" in re.sub(r"\s+", " ", page)


def test_it_writes_its_files_and_names_the_page_last_in_its_part(copy):
    before = contents(copy)
    new_entry.main(copy, GOOD)
    after = contents(copy)
    assert after.keys() - before.keys() == MADE
    assert {name for name in before if before[name] != after[name]} == {"docs/index.md"}
    index = after["docs/index.md"].decode()
    assert re.search(r"architectures/family_tree>?\narchitectures/rope\n```", index)
    assert index.replace("architectures/rope\n", "") == before["docs/index.md"].decode()


def test_it_names_what_is_to_do_and_a_lint_holds_the_writer_to_it(copy, capsys):
    assert run(copy, "-m", "pytest", "tests/book/test_finished.py")[0] == 0
    new_entry.main(copy, GOOD)
    told = capsys.readouterr().out
    status, found = run(copy, "-m", "pytest", "tests/book/test_finished.py", "-vvv")
    assert status == 1
    places = re.findall(r"^  (\S+:\d+): \w", told, re.MULTILINE)
    assert len(places) > 5
    assert [place for place in places if f"'{place}'" not in found] == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "name all three, as in: make new-entry STEM=rope"),
        (("rope", "", "efficiency"), "name all three"),
        (("Rope", "su2024roformer", "efficiency"), "Rope is no stem"),
        (("../rope", "su2024roformer", "efficiency"), "../rope is no stem"),
        (("lambda", "su2024roformer", "efficiency"), "lambda is no stem"),
        (("rope", "su2024roformer", "appendix"), "no part appendix: PART is one of architectures"),
        (("rope", "nobody1999", "efficiency"), "references.bib has no entry nobody1999"),
        (("bert", "su2024roformer", "efficiency"), "bert.md is there already"),
        (("layers", "su2024roformer", "efficiency"), "snippets/layers.py is there already"),
        (("figures", "su2024roformer", "efficiency"), "snippets/figures is there already"),
    ],
)
def test_bad_input_is_refused_in_a_sentence_and_nothing_is_written(
    copy, capsys, arguments, reason
):
    before = contents(copy)
    assert new_entry.main(copy, arguments) == 2
    told = capsys.readouterr().err
    assert told.startswith(f"new-entry: {reason}") or reason in told
    assert told.count("\n") == 1
    assert contents(copy) == before


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("references.bib", "author = {", "author = ", "references.bib cannot be read: "),
        ("docs/index.md", "architectures/index", "x", "no toctree with architectures/index"),
    ],
)
def test_a_book_that_is_broken_is_told_of(copy, capsys, name, old, new, reason):
    (copy / name).write_text((copy / name).read_text("utf-8").replace(old, new), "utf-8")
    before = contents(copy)
    assert new_entry.main(copy, GOOD) == 2
    assert reason in capsys.readouterr().err
    assert contents(copy) == before


def test_a_write_that_fails_leaves_nothing_behind(copy, capsys):
    shutil.rmtree(copy / "tests/snippets")
    before = contents(copy)
    assert new_entry.main(copy, GOOD) == 2
    assert "new-entry: cannot write: " in capsys.readouterr().err
    assert contents(copy) == before


@pytest.mark.parametrize("refused", [("write_text", "unlink"), ("replace",)])
def test_a_file_system_that_cannot_be_written_is_told_in_one_sentence(
    copy, capsys, monkeypatch, refused
):
    def refuse(path, *_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))

    before = contents(copy)
    for name in refused:
        monkeypatch.setattr(Path, name, refuse)
    assert new_entry.main(copy, GOOD) == 2
    assert re.fullmatch(
        r"new-entry: cannot write: .*Read-only file system.*\n", capsys.readouterr().err
    )
    assert contents(copy) == before


def test_make_hands_the_three_names_over():
    command = ["make", "-n", "new-entry", "STEM=a", "KEY=b", "PART=c"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert 'tools/new_entry.py "a" "b" "c"' in told
