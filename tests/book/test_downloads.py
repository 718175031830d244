"""Every snippet is there as one file, which does alone what the page shows.

Reads what ``make html`` left in build/html.
"""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOWNLOADS = ROOT / "build" / "html" / "download"
STEMS = sorted(path.stem for path in (ROOT / "snippets").glob("[!_]*.py"))
PAGES = {page.stem: page for page in sorted((ROOT / "docs").rglob("*.md")) if page.stem in STEMS}

RUN = """
import doctest, importlib, sys
found = doctest.testmod(importlib.import_module(sys.argv[1]))
left = [name for name in sys.modules if name.partition(".")[0] == "snippets"]
print(found.attempted, found.failed, left)
"""

SWAPPED = """
import importlib, pathlib, sys, types
import numpy as np
from sybil import Sybil
from sybil.parsers.myst import DocTestDirectiveParser

folder, *names = sys.argv[1:]
stems, pages = names[: names.index("--")], names[names.index("--") + 1 :]
sys.path.insert(0, folder)
sys.dont_write_bytecode = True
package = sys.modules["snippets"] = types.ModuleType("snippets")
package.__path__ = []
for stem in stems:
    sys.modules[f"snippets.{stem}"] = importlib.import_module(stem)
for page in map(pathlib.Path, pages):
    with np.printoptions(), np.errstate():
        for example in Sybil([DocTestDirectiveParser(optionflags=0)]).parse(page).examples():
            example.evaluate()
"""


def file(stem):
    path = DOWNLOADS / f"{stem}.py"
    assert path.exists(), f"no {path}: run make html first"
    return path


@pytest.mark.parametrize("stem", STEMS)
def test_a_file_runs_in_an_empty_folder(stem, tmp_path):
    (tmp_path / f"{stem}.py").write_bytes(file(stem).read_bytes())
    (tmp_path / "run.py").write_text(RUN)
    command = [sys.executable, "-W", "error", "run.py", stem]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    attempted, _, rest = run.stdout.partition(" ")
    assert rest.strip() == "0 []", run.stdout + run.stderr
    wanted = re.findall(r"^ +>>> ", (ROOT / "snippets" / f"{stem}.py").read_text("utf-8"), re.M)
    assert int(attempted) >= len(wanted)


@pytest.mark.parametrize("stem", STEMS)
def test_a_file_holds_all_of_its_module(stem):
    module, alone = (
        {ast.dump(node) for node in ast.parse(path.read_text("utf-8")).body if not imports(node)}
        for path in (ROOT / "snippets" / f"{stem}.py", file(stem))
    )
    docstring = ast.dump(ast.parse((ROOT / "snippets" / f"{stem}.py").read_text("utf-8")).body[0])
    assert module - alone == {docstring}


def imports(node):
    return isinstance(node, ast.Import | ast.ImportFrom)


@pytest.mark.parametrize("stem", STEMS)
def test_no_import_of_the_book_is_left(stem):
    for node in ast.walk(ast.parse(file(stem).read_text("utf-8"))):
        names = [getattr(node, "module", None), *(a.name for a in getattr(node, "names", ()))]
        if imports(node):
            assert not any((name or "").partition(".")[0] == "snippets" for name in names)


@pytest.mark.parametrize("stem", PAGES)
def test_the_page_links_to_its_file(stem):
    place = PAGES[stem].relative_to(ROOT / "docs").with_suffix(".html")
    page = (ROOT / "build" / "html" / place).read_text("utf-8")
    assert page.count(f'href="../download/{stem}.py"') == 1


def test_the_files_do_on_all_pages_what_the_snippets_do():
    """The examples of the book hold with the downloads in place of the snippets."""
    command = [sys.executable, "-c", SWAPPED, DOWNLOADS, *STEMS, "--", *map(str, PAGES.values())]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
