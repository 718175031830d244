"""The tasks of the Makefile tell what is missing in one sentence, and leave nothing half-made."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tools import one_page

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("tools", "requirements")


@pytest.fixture
def make(tmp_path):
    """Runs make in an empty book, with only these commands on the path."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, tmp_path / folder)
    commands = tmp_path / "commands"
    commands.mkdir()

    def run(*arguments, has=()):
        for name in (
            "sh",
            "make",
            "git",
            "grep",
            "sed",
            "sort",
            "rm",
            "touch",
            "id",
            "dpkg",
            *has,
        ):
            if found := shutil.which(name):
                (commands / name).unlink(missing_ok=True)
                (commands / name).symlink_to(found)
        environment = {"PATH": str(commands), "HOME": str(tmp_path)}
        done = subprocess.run(
            [str(commands / "make"), *arguments], cwd=tmp_path, env=environment,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    return run


def test_help_lists_every_task_that_the_makefile_has(make):
    status, told = make("help")
    assert status == 0
    text = (ROOT / "Makefile").read_text()
    tasks = text.partition(".PHONY:")[2].partition("\n\n")[0].replace("\\", " ").split()
    assert len(tasks) > 12
    assert [task for task in tasks if f"make {task} " not in told] == []


def test_without_python(make):
    status, told = make("html")
    assert status != 0
    assert "make: no python3 here: install Python 3.11 or newer" in told
    assert "Traceback" not in told


def test_with_a_python_that_is_too_old(make, tmp_path):
    old = tmp_path / "old-python"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    status, told = make("html", f"PYTHON={old}")
    assert status != 0
    assert "is older than 3.11: name a newer one" in told


def test_without_packages_to_install(make, tmp_path):
    """A Python whose pip fails, as it does without a network."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nexit 1\n")
    python.chmod(0o755)
    status, told = make("html")
    assert status != 0
    assert "make: pip could not install requirements/book.txt: is there a network" in told
    assert not (tmp_path / ".venv" / "has-book").exists()


def ready(tmp_path):
    """An environment that make takes for complete."""
    folder = tmp_path / ".venv"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").write_text("#!/bin/sh\nexit 0\n")
    (folder / "bin" / "python").chmod(0o755)
    lists = list((tmp_path / "requirements").iterdir())
    newer = time.time() + 10
    for path in lists:
        mark = folder / f"has-{path.stem}"
        mark.touch()
        os.utime(mark, (newer, newer))


def test_without_tex(make, tmp_path):
    ready(tmp_path)
    status, told = make("pdf")
    assert status != 0
    assert "make: no XeLaTeX here: on Debian run “make pdf-deps” as root" in told


def test_a_changed_list_of_requirements_is_installed_again(make, tmp_path):
    ready(tmp_path)
    assert "installing" not in make("linkcheck")[1]
    later = (tmp_path / ".venv" / "has-book").stat().st_mtime + 10
    os.utime(tmp_path / "requirements" / "book.txt", (later, later))
    assert "installing requirements/book.txt into .venv" in make("linkcheck")[1]


def test_one_page_that_is_not_there(capsys):
    assert one_page.build("efficiency/nothing") == 2
    assert "no page docs/efficiency/nothing.md" in capsys.readouterr().out
