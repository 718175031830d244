"""One commit, one book: another folder, and two readers at once, give the same bytes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "build" / "html"


def copy_of_the_book(folder):
    """The files that the repository keeps, in another folder."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in filter(None, listed.stdout.split("\0")):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((ROOT / name).read_bytes())
    return folder


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """The HTML built in parallel, from nothing, in another folder."""
    root = copy_of_the_book(tmp_path_factory.mktemp("elsewhere") / "a book")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-j", "2", "-b", "html", "-c", root]
    date = subprocess.run(
        ["git", "log", "-1", "--format=%ct"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    subprocess.run(
        [*command, "-d", root / "build" / "doctrees", root / "docs", root / "build" / "html"],
        env={"SOURCE_DATE_EPOCH": date.stdout.strip(), **os.environ},
        check=True,
    )
    return root / "build" / "html"


def files(folder):
    """All that a reader gets: without Sphinx's own record of the build."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {str(p.relative_to(folder)): p.read_bytes() for p in paths if p.name != ".buildinfo"}


def test_the_html_is_the_same_in_another_folder_and_built_in_parallel(elsewhere):
    ours, theirs = files(HTML), files(elsewhere)
    assert ours.keys() == theirs.keys()
    assert [name for name in sorted(ours) if ours[name] != theirs[name]] == []
