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
        skip = shutil.ignore_patterns("node_modules")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=skip)
    commands = tmp_path / "commands"
    commands.mkdir()

    def run(*arguments, has=()):
        for name in (
            "sh",
            "make",
            "git",
            "date",
            "ls",
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


def environment(tmp_path, python="exit 0", version="3.12.1"):
    """An environment whose Python does as this line of sh says."""
    folder = tmp_path / ".venv"
    (folder / "lib/python3.12/site-packages/pip").mkdir(parents=True)
    (folder / "pyvenv.cfg").write_text(f"home = /usr/bin\nversion = {version}\n")
    (folder / "bin").mkdir()
    (folder / "bin/python").write_text(f"#!/bin/sh\n{python}\n")
    (folder / "bin/python").chmod(0o755)
    return folder


def test_without_packages_to_install(make, tmp_path):
    """A Python whose pip fails, as it does without a network."""
    environment(tmp_path, "exit 1")
    status, told = make("html")
    assert status != 0
    assert "make: pip could not install requirements/book.txt: is there a network" in told
    assert not (tmp_path / ".venv" / "has-book").exists()


def ready(tmp_path):
    """An environment that make takes for complete."""
    folder = environment(tmp_path)
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


def break_off_its_python(folder):
    (folder / "bin/python").unlink()
    (folder / "bin/python").symlink_to(folder / "gone")


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (break_off_its_python, "its Python is gone"),
        (lambda folder: (folder / "lib/python3.12/site-packages/pip").rmdir(), "it has no pip"),
        (
            lambda folder: (folder / "pyvenv.cfg").write_text("version = 3.10.2\n"),
            "its Python 3.10.2 is older than 3.11",
        ),
    ],
)
def test_an_environment_that_is_broken_or_old_is_made_anew(make, tmp_path, harm, why):
    ready(tmp_path)
    harm(tmp_path / ".venv")
    told = make("-n", "linkcheck")[1]
    assert f"making .venv anew: {why}" in told
    assert "-m venv --clear .venv" in told
    assert "pip install -q -r requirements/book.txt" in told


def test_the_python_that_one_names_is_the_python_that_builds(make, tmp_path):
    ready(tmp_path)
    assert "-m venv" not in make("-n", "linkcheck")[1]
    other = tmp_path / "other-python"
    for where, anew in (("/usr/bin", False), ("/opt/bin", True)):
        other.write_text(f"#!/bin/sh\necho 3.12.1 {where}\n")
        other.chmod(0o755)
        assert (f"{other} -m venv" in make("-n", "linkcheck", f"PYTHON={other}")[1]) is anew
    status, told = make("linkcheck", "PYTHON=/nonexistent")
    assert status != 0
    assert "make: no /nonexistent here" in told


def test_where_git_does_not_know_the_date_none_is_told(make, tmp_path):
    assert "\nBOOK_COMMITTED := \n" in make("-pn", "help")[1]
    (tmp_path / "conf.py").touch()
    git = ["git", "-C", tmp_path, "-c", "user.name=A", "-c", "user.email=a@example.org"]
    dated = {**os.environ, "GIT_COMMITTER_DATE": "1700000001 +0000"}
    for command in (["init", "-q"], ["add", "conf.py"], ["commit", "-qm", "A book"]):
        subprocess.run([*git, *command], env=dated, check=True)
    assert "\nBOOK_COMMITTED := 1700000001\n" in make("-pn", "help")[1]


def test_one_page_that_is_not_there(capsys):
    assert one_page.build("efficiency/nothing") == 2
    assert "no page docs/efficiency/nothing.md" in capsys.readouterr().out


@pytest.mark.parametrize(
    "typed", ["index", "./part/one", "docs/part/one.md", "part/../part/one.md", "other"]
)
def test_one_page_alone_however_it_is_named(book, capsys, monkeypatch, typed):
    """The pages that it names are not there, and that is no fault of this page."""
    monkeypatch.setattr(one_page, "ROOT", book.root)
    aliased = '"book.card", "book.reading"]\nsearch_aliases = "docs/aliases.toml"'
    book.edit("conf.py", '"book.card"]', aliased)
    book.write("docs/aliases.toml", '"halving#halves" = ["middle"]\n')
    book.write("docs/appendix/bibliography.md", "# Works\n\n```{bibliography}\n:all:\n```\n")
    book.write("docs/part/one.md", "# One\n\n[Back](../halving.md), {reading}`halving`.\n")
    book.edit("docs/index.md", "examples.", "examples, {reading}`halving`, [](part/one.md).")
    assert one_page.build(typed) == 0, capsys.readouterr()
    assert Path(capsys.readouterr().out.strip().splitlines()[-1]).is_file()
