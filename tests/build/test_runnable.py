"""Runnable pages: what is written beside them, what their harness says, how a runtime is got."""

import importlib.util
import json
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = ROOT / "docs" / "_extensions" / "book" / "runnable" / "static" / "run"
ABOUT = {"ground": "x", "packed": 10_700_000, "counted": 7}
PAGE = """# Other

```{literalinclude} ../halves/half.py
:pyobject: half
```

```{doctest}
>>> from halves.half import half
>>> half(3)
1.5
```
"""


@pytest.fixture
def book(book):
    book.edit("conf.py", '"book.card"', '"book.card", "book.runnable"')
    book.write("halves/exercises/__init__.py", "")
    book.write("docs/other.md", PAGE)
    book.write("halves/data/quarters.npz", "numbers")
    book.write("build/runtime/about.json", json.dumps(ABOUT))
    book.write("build/runtime/licences/README.txt", "Ours.")
    return book


def made(book):
    return book.root / "out" / "_runtime"


def read(book, name):
    return json.loads((made(book) / name).read_text("utf-8"))


# -- what is written ------------------------------------------------------------------------------


def test_a_page_with_examples_loads_the_script_and_finds_what_it_fetches(book):
    assert book.build().status == 0
    assert 'data-page="other"' in book.html("other") and 'data-size="11"' in book.html("other")
    assert "run/run.js" not in book.html("bibliography")
    page = read(book, "pages/other.json")
    assert page["shown"] == [{"file": "halves/half.py", "object": "half"}]
    assert page["blocks"] == [">>> from halves.half import half\n>>> half(3)\n1.5"]
    now = read(book, "now.json")
    assert now["size"] == 11 and now["counted"] == 7
    assert (made(book) / now["runtime"] / "licences" / "README.txt").read_text() == "Ours."
    with zipfile.ZipFile(made(book) / now["snippets"]) as snippets:
        assert "halves/half.py" in snippets.namelist()


def test_without_the_runtime_a_page_offers_nothing(book):
    assert book.build().status == 0
    (book.root / "build" / "runtime" / "about.json").unlink()
    assert book.build().status == 0
    assert "run/run.js" not in book.html("other")
    assert not made(book).exists()


def test_the_words_of_the_buttons_are_in_no_page_and_in_no_index(book):
    assert book.build().status == 0
    assert "run-bar" not in book.html("other") and ">Run<" not in book.html("other")
    index = (book.root / "out" / "searchindex.js").read_text("utf-8")
    assert '"scratch"' not in index


def test_another_runtime_and_other_snippets_have_other_names_and_the_old_ones_go(book):
    assert book.build().status == 0
    before = read(book, "now.json")
    book.write("build/runtime/about.json", json.dumps(ABOUT | {"ground": "y"}))
    book.edit("halves/ground.py", "TWO = 2", "TWO = 2  # two")
    assert book.build().status == 0
    now = read(book, "now.json")
    assert now["runtime"] != before["runtime"] and now["snippets"] != before["snippets"]
    there = {path.name for path in made(book).iterdir()}
    assert there & {before["runtime"], before["snippets"]} == set()


def test_a_page_gets_the_data_that_its_modules_name(book):
    assert book.build().status == 0
    assert read(book, "pages/other.json")["data"] == []
    book.edit("halves/half.py", "def half", "DATA = 'quarters.npz'\n\ndef half")
    assert book.build().status == 0
    assert read(book, "pages/other.json")["data"] == ["quarters.npz"]
    assert (made(book) / "data" / "quarters.npz").read_text() == "numbers"


# -- what the harness says ------------------------------------------------------------------------


@pytest.fixture
def harness(tmp_path, monkeypatch):
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    (tmp_path / "shop" / "till.py").write_text("RATE = 2\n\ndef price(n):\n    return RATE * n\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    spec = importlib.util.spec_from_file_location("harness", RUN / "harness.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.ROOT, module.PACKAGE = tmp_path, "shop"
    yield module
    for name in [name for name in sys.modules if name.partition(".")[0] == "shop"]:
        del sys.modules[name]


def outcomes(harness, code):
    return [one["how"] for one in json.loads(harness.run_examples(code, "block"))]


BUY = ">>> from shop.till import price\n>>> price(3)\n6\n"


def edit(name, text):
    return json.dumps([{"file": "shop/till.py", "object": name, "text": text}])


def test_examples_are_judged_as_the_build_does(harness):
    harness.start("[]")
    assert outcomes(harness, BUY) == ["same", "same"]
    assert outcomes(harness, ">>> price(4)\n9\n") == ["differs"]
    assert outcomes(
        harness,
        ">>> 1 / 0\nTraceback (most recent call last):\nZeroDivisionError: division by zero\n",
    ) == ["same"]


@pytest.mark.parametrize(
    ("want", "print_", "how"),
    [
        ("array([1], dtype=int64)", "array([1])", "width"),
        ("int64", "int32", "width"),
        ("array([2])", "array([1])", "differs"),
        (
            "Traceback (most recent call last):\nnumpy.linalg.LinAlgError: Singular matrix",
            "nan",
            "unnoticed",
        ),
    ],
)
def test_what_differs_only_as_pythons_do_is_told_apart(harness, want, print_, how):
    harness.start("[]")
    assert outcomes(harness, f">>> print('{print_}')\n{want}\n") == [how]


@pytest.mark.parametrize(
    ("name", "text"), [("price", "def price(n):\n    return n"), ("RATE", "RATE = 1")]
)
def test_a_changed_object_takes_the_place_of_the_books_until_it_is_taken_back(harness, name, text):
    assert json.loads(harness.start(edit(name, text))) == {"error": None}
    assert outcomes(harness, BUY) == ["same", "differs"]
    harness.start("[]")
    assert outcomes(harness, BUY) == ["same", "same"]


def test_a_change_that_is_no_python_is_told_of_and_not_made(harness):
    error = json.loads(harness.start(edit("price", "def price(n:")))["error"]
    assert "SyntaxError" in error and "your price" in error and "harness" not in error
    assert outcomes(harness, BUY) == ["same", "same"]


def test_code_of_the_readers_own_echoes_prints_and_names_its_faults(harness):
    told = json.loads(harness.run_code("x = 1\nx + 1\nprint('three')\n1 / 0", False))
    assert told["printed"] == "2\nthree\n"
    assert "ZeroDivisionError" in told["error"] and "harness" not in told["error"]
    assert json.loads(harness.run_code("x = 5\nx", True))["printed"] == "5\n"
    assert json.loads(harness.run_code("x", False))["printed"] == "1\n"


def test_long_output_is_cut_with_a_sign(harness):
    told = json.loads(harness.run_code("print('x' * 10**6)", False))["printed"]
    assert len(told) < 51_000 and told.endswith("… cut here: there was more\n")


# -- how a runtime is got -------------------------------------------------------------------------


@pytest.fixture
def get(monkeypatch, tmp_path):
    spec = importlib.util.spec_from_file_location("get", ROOT / "tools" / "runtime" / "get.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(module, "MODULES", tmp_path / "node_modules")
    monkeypatch.setattr(module, "from_carrier", lambda name: b"carried")
    monkeypatch.setitem(module.LOCK, "own_address", (tmp_path / "nowhere").as_uri() + "/")
    return module


def test_bytes_that_the_lock_does_not_name_are_refused_in_one_sentence(get):
    with pytest.raises(get.Unavailable, match=r"^cannot get pyodide\.mjs as lock\.json pins it"):
        get.pinned("pyodide.mjs")
    assert not get.CACHE.exists()


def test_bytes_that_it_names_are_taken_from_wherever_they_are_and_kept(get, monkeypatch):
    monkeypatch.setitem(get.LOCK["files"], "a", get.hashlib.sha256(b"carried").hexdigest())
    assert get.pinned("a") == b"carried"
    monkeypatch.delattr(get, "from_carrier")
    assert get.pinned("a") == b"carried"


def test_a_part_without_its_licence_is_refused(get, tmp_path):
    with pytest.raises(get.Unavailable, match="style-mod comes without its licence"):
        get.keep(tmp_path / "style-mod.txt", [])


def test_without_node_one_sentence_says_what_to_install(get):
    with pytest.raises(get.Unavailable, match=r"no nonode here: install Node\.js 20 or newer"):
        get.run("nonode")


def test_a_port_that_is_taken_is_told_of_in_one_sentence():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        command = [sys.executable, ROOT / "tools" / "play.py", str(taken.getsockname()[1])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert done.stderr.startswith("play: no server on port") and "Traceback" not in done.stderr
