"""A zip that runs alone: the code, its data and each page's examples, in the same bytes."""

import io
import subprocess
import sys
from zipfile import ZipFile

import pytest

SHOWN = """
## In code

```{literalinclude} ../halves/half.py
:pyobject: half
```

## In use

```{doctest}
>>> from halves.half import half
>>> half(6)
3.0
```
"""
NAME = "halves.zip"


@pytest.fixture
def shop(book):
    book.edit("conf.py", '"book.card"]', '"book.card", "book.downloads"]')
    book.edit("halves/ground.py", "TWO = 2", "import re\nimport numpy as np\n\nTWO = 2")
    book.write("halves/data/table.csv", "1\n")
    book.write("docs/part/half.md", "# Half\n" + SHOWN.replace("../", "../../"))
    book.edit("docs/index.md", "other\n", "other\npart/half\n")
    return book


def made(book, out="out"):
    return (book.root / out / "download" / NAME).read_bytes()


def files(book):
    with ZipFile(io.BytesIO(made(book))) as file:
        return {name.removeprefix("halves/"): file.read(name).decode() for name in file.namelist()}


def run(folder, *arguments):
    command = [sys.executable, "-X", "utf8", "-m", "doctest", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_it_holds_the_code_the_data_and_the_examples_by_page(shop):
    built = shop.build()
    assert built.status == 0, built.said
    found = files(shop)
    assert {*found} == {
        "README.txt", "requirements.txt", "examples/half.txt", "examples/halving.txt",
        *(f"halves/{name}.py" for name in ("__init__", "half", "ground")), "halves/data/table.csv",
    }  # fmt: skip
    assert found["requirements.txt"] == "numpy\n"
    assert found["examples/half.txt"].startswith("In use\n------\n\n>>> from halves")
    assert "Halves, version 1: code and examples" in found["README.txt"]


def test_its_examples_run_and_a_wrong_one_fails(shop, tmp_path):
    shop.build()
    folder = tmp_path / "alone"
    with ZipFile(io.BytesIO(made(shop))) as file:
        file.extractall(folder)
    here, example = folder / "halves", "examples/half.txt"
    done = run(here, example, "examples/halving.txt")
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    text = (here / example).read_text("utf-8")
    (here / example).write_text(text.replace("3.0", "4.0"), "utf-8")
    assert run(here, example).returncode == 1


def test_a_page_links_to_it_where_its_code_is_shown(shop):
    shop.build()
    page = shop.html("part/half")
    assert page.count(f'href="../download/{NAME}"') == 1
    assert page.index("In code") < page.index(f"download/{NAME}") < page.index("return")
    assert "download/" not in shop.html("other")


def test_the_other_editions_have_no_such_link(shop):
    assert shop.build(builder="epub", out="epub").status == 0
    assert "download/" not in (shop.root / "epub" / "part" / "half.xhtml").read_text("utf-8")


def test_it_follows_a_change_and_is_else_not_written_again(shop):
    shop.build()
    path = shop.root / "out" / "download" / NAME
    before = path.stat().st_mtime_ns
    shop.edit("docs/other.md", "Nothing", "Something")
    shop.build()
    assert path.stat().st_mtime_ns == before
    shop.edit("halves/ground.py", "TWO = 2", "TWO = 2  # of them")
    shop.edit("docs/part/half.md", "half(6)\n3.0", "half(8)\n4.0")
    shop.build()
    assert "# of them" in files(shop)["halves/ground.py"]
    assert "half(8)\n4.0" in files(shop)["examples/half.txt"]


def test_a_page_that_is_gone_leaves_it(shop):
    shop.build()
    (shop.root / "docs" / "part" / "half.md").unlink()
    shop.edit("docs/index.md", "part/half\n", "")
    shop.build()
    assert "examples/half.txt" not in files(shop)


def test_parallel_builds_make_the_same_bytes(shop):
    shop.build()
    built = shop.build("-j", "2", "-E", out="other", doctrees="others")
    assert built.status == 0, built.said
    assert made(shop, "other") == made(shop)
