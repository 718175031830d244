"""One file that runs alone: only what a module needs, and nothing of the package left."""

import subprocess
import sys

import pytest

HALF = '''"""Halving."""

import math
from functools import cache

import numpy as np

from halves.ground import TWO, whole


@cache
def half(x):
    """A half.

    >>> half(6)
    3.0
    """
    return whole(x) / TWO


def rows():
    return (np, math, "table.csv")
'''
GROUND = '''"""The ground."""

import autograd.numpy as np

# What a half is made of.
TWO = len(np.ones(2))
UNUSED = "unused"


def whole(x):
    return floor(x)


def floor(x):
    np = int  # a name of its own
    return np(x)
'''
SHOWN = """
## In code

```{literalinclude} ../halves/half.py
:pyobject: half
```
"""


@pytest.fixture
def shop(book):
    book.edit("conf.py", '"book.card"]', '"book.card", "book.downloads"]')
    book.write("halves/half.py", HALF)
    book.write("halves/ground.py", GROUND)
    book.write("halves/data/table.csv", "1\n")
    book.write("halves/data/other.csv", "2\n")
    book.write("docs/half.md", "# Half\n" + SHOWN)
    book.edit("docs/index.md", "other\n", "other\nhalf\n")
    return book


def made(book, name="half.py"):
    return (book.root / "out" / "download" / name).read_text("utf-8")


def test_it_holds_what_the_module_needs_and_no_more(shop):
    built = shop.build()
    assert built.status == 0, built.said
    text = made(shop)
    assert text.index("TWO = len") < text.index("def whole") < text.index("def half")
    assert "# What a half is made of.\nTWO" in text
    assert "def floor" in text and "@cache\ndef half" in text
    assert "UNUSED" not in text and "from halves." not in text and "import halves" not in text


def test_numpy_stands_in_for_autograd_where_the_module_itself_derives_nothing(shop):
    shop.build()
    assert "import numpy as np" in made(shop)
    assert "import autograd.numpy as np" in made(shop, "ground.py")
    shop.edit("halves/ground.py", "import autograd.numpy as np", "import numpy as np")
    shop.edit("halves/half.py", "import numpy as np", "import autograd.numpy as np")
    told = "np is one thing in “import autograd.numpy as np” and another in “import numpy as np”"
    assert shop.build().says("half.py:1: WARNING", told)


def test_it_says_what_it_is_where_it_comes_from_and_what_it_needs(shop):
    shop.build()
    head = " ".join(made(shop).split('"""')[1].split())
    assert head.startswith("Halving. This is halves/half.py, with what it uses of ground")
    assert "version 1: see half.html. Licence: MIT." in head
    assert "python -m pip install numpy" in head
    assert "in download/data/ of the book: put table.csv into a folder named data" in head


def test_it_runs_in_an_empty_folder(shop, tmp_path):
    shop.build()
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / "half.py").write_text(made(shop), "utf-8")
    command = [sys.executable, "-I", "-m", "doctest", "-v", "half.py"]
    run = subprocess.run(command, cwd=alone, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "1 passed" in run.stdout


def test_the_data_that_modules_read_lie_beside_and_no_others(shop):
    shop.build()
    names = {path.name for path in (shop.root / "out" / "download" / "data").iterdir()}
    assert names == {"table.csv"}


def test_its_page_links_to_it_where_its_code_is_shown(shop):
    shop.write("docs/part/half.md", "# Half\n" + SHOWN.replace("../", "../../"))
    shop.edit("docs/index.md", "half\n", "part/half\n")
    (shop.root / "docs" / "half.md").unlink()
    built = shop.build()
    assert built.status == 0, built.said
    page = shop.html("part/half")
    assert page.count('href="../download/half.py"') == 1
    assert page.index("In code") < page.index("download/half.py") < page.index("return")
    assert "download/" not in shop.html("other")


def test_the_other_editions_have_no_such_link(shop):
    assert shop.build(builder="epub", out="epub").status == 0
    assert "download/" not in (shop.root / "epub" / "half.xhtml").read_text("utf-8")


def test_one_name_for_two_things_is_told(shop):
    shop.edit("halves/half.py", "def rows", "def floor(x):\n    return x\n\n\ndef rows")
    told = "half.py:1: WARNING: it cannot be downloaded as one file: floor is one thing in"
    assert shop.build().says(told, "“half” and another in “ground”: rename one")


def test_one_name_for_the_same_thing_is_no_clash(shop):
    shop.edit("halves/half.py", "def rows", "UNUSED = 'unused'\nTWO = len(np.ones(2))\n\n\ndef rows")
    built = shop.build()
    assert built.status == 0, built.said


@pytest.mark.parametrize("line", ["import halves.ground", "from halves.ground import TWO as two"])
def test_an_import_that_cannot_be_followed_is_told(shop, line):
    shop.edit("halves/half.py", "import math\n", f"import math\n{line}\n")
    assert shop.build().says("half.py:1: WARNING: it cannot", "line 4: write “from halves.MODULE")


def test_what_has_not_changed_is_not_written_again(shop):
    shop.build()
    folder = shop.root / "out" / "download"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    shop.edit("docs/other.md", "Nothing", "Something")
    shop.build()
    assert {path: path.stat().st_mtime_ns for path in before} == before
    shop.edit("halves/ground.py", "# What a half", "# Half of what a whole")
    shop.build()
    assert "# Half of what a whole" in made(shop)


def test_the_file_of_a_module_that_is_gone_is_gone(shop):
    shop.build()
    assert made(shop, "ground.py")
    shop.edit("halves/half.py", "from halves.ground import TWO, whole", "TWO, whole = 2, int")
    (shop.root / "halves" / "ground.py").unlink()
    built = shop.build()
    assert built.status == 0, built.said
    assert not (shop.root / "out" / "download" / "ground.py").exists()


def test_a_file_that_cannot_be_made_is_told_again_by_the_next_build(shop):
    shop.edit("halves/half.py", "def rows", "def floor(x):\n    return x\n\n\ndef rows")
    assert shop.build().says("floor is one thing in")
    assert shop.build().says("floor is one thing in")


def test_parallel_builds_make_the_same(shop):
    shop.build()
    text, page = made(shop), shop.html("half")
    built = shop.build("-j", "2", "-E", out="other", doctrees="others")
    assert built.status == 0, built.said
    assert (shop.root / "other" / "download" / "half.py").read_text("utf-8") == text
    assert shop.html("half", "other") == page
