"""What code stands on: read from its source; imported once, and yet as new for every page."""

import ast
import sys
from contextlib import contextmanager

import pytest

from verified_book import dependencies

GROUND = "print('ground is imported')\nTWO = [2]\n\n\nclass Size:\n    width = 2\n"
HALF = "from kept.ground import TWO\n\n\ndef half(x):\n    return x / TWO[0]\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, text in {"__init__": "", "ground": GROUND, "half": HALF}.items():
        path = tmp_path / "kept" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(dependencies, "kept", {})
    yield tmp_path / "kept"
    dependencies.take_away("kept")
    sys.modules.pop("kept", None)


# -- the closure ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("import a.b, c", {"a.b", "c"}),
        ("from a import b", {"a", "a.b"}),
        ("from . import b", {"kept", "kept.b"}),
        ("from .b import c", {"kept.b", "kept.b.c"}),
        ("def f():\n    import a as b", {"a"}),
    ],
)
def test_what_code_imports(code, names):
    assert set(dependencies.imports(ast.parse(code), "kept")) == names


def found(folder, *names):
    return dependencies.closure([f"kept.{name}" for name in names], "kept", folder.parent)


def test_a_module_stands_on_what_it_imports_and_on_its_package(folder):
    (folder / "half.py").write_text("import numpy.linalg\n" + HALF)
    (folder / "__init__.py").write_text("from .size import Size\n")
    (folder / "size.py").write_text("from kept import ground\n")
    whole = found(folder, "half", "gone")
    assert set(whole.modules) == {"kept", "kept.half", "kept.ground", "kept.size"}
    assert whole.outside == {"numpy"}


def test_a_syntax_error_is_found_without_running_anything(folder):
    (folder / "ground.py").write_text("TWO = [2\n")
    (error,) = found(folder, "half").broken.values()
    assert (error.lineno, error.msg) == (1, "'[' was never closed")


@pytest.mark.parametrize("name", ["half", "ground", "__init__"])
def test_a_digest_knows_every_file(folder, name):
    before = found(folder, "half").digest()
    assert found(folder, "half").digest() == before
    with (folder / f"{name}.py").open("a") as file:
        file.write("# more\n")
    assert found(folder, "half").digest() != before


# -- modules that are kept --------------------------------------------------------------------


@contextmanager
def page(folder, *names):
    """What a page that imports these finds loaded."""
    names = [f"kept.{name}" for name in names]
    whole = dependencies.closure(names, "kept", folder.parent)
    with dependencies.at_hand(whole, names, "kept", folder.parent) as faults:
        assert not faults
        yield [sys.modules[name] for name in names]


def test_a_module_is_executed_once_for_all_pages(folder, capsys):
    with page(folder, "ground") as (first,):
        pass
    with page(folder, "ground") as (again,):
        assert first is again
    assert capsys.readouterr().out == "ground is imported\n"


def test_a_page_finds_what_it_imports_and_nothing_of_an_earlier_one(folder):
    with page(folder, "half"):
        assert set(dependencies.loaded("kept")) == {"kept.half", "kept.ground"}
        assert sys.modules["kept"].ground is sys.modules["kept.ground"]
    with page(folder, "ground"):
        assert dependencies.loaded("kept") == ["kept.ground"]
        assert not hasattr(sys.modules["kept"], "half")


@pytest.mark.parametrize(
    "alter",
    [
        lambda ground: setattr(ground, "TWO", [3]),
        lambda ground: ground.TWO.append(3),
        lambda ground: setattr(ground.Size, "width", 3),
        lambda ground: setattr(ground, "more", 3),
    ],
    ids=["a name bound anew", "a list in place", "a class", "a name added"],
)
def test_an_altered_module_is_imported_anew_and_what_stands_on_it(folder, alter):
    with page(folder, "half", "ground") as (_, ground):
        alter(ground)
    with page(folder, "half", "ground") as (half, ground):
        assert (ground.TWO, ground.Size.width, hasattr(ground, "more")) == ([2], 2, False)
        assert half.half(4) == 2
        assert half.TWO is ground.TWO


def test_a_module_whose_file_was_saved_is_imported_anew(folder):
    with page(folder, "half"):
        pass
    (folder / "ground.py").write_text(GROUND.replace("[2]", "[2 + 2]"))
    with page(folder, "half") as (half,):
        assert half.half(4) == 1


@pytest.mark.parametrize(
    ("code", "line", "why"),
    [
        ("\n1 / 0\n", 2, "ZeroDivisionError: division by zero"),
        ("import sys\nsys.exit(3)\n", 2, "SystemExit: 3"),
        ("from kept.gone import x\n", 1, "ModuleNotFoundError: No module named 'kept.gone'"),
    ],
)
def test_a_module_that_fails_is_told_and_not_kept(folder, code, line, why):
    (folder / "half.py").write_text(code)
    whole = found(folder, "half")
    for _ in range(2):
        with dependencies.at_hand(whole, ["kept.half"], "kept", folder.parent) as (fault,):
            assert fault == dependencies.Fault(folder / "half.py", line, why)
    (folder / "half.py").write_text(HALF)
    with page(folder, "half") as (half,):
        assert half.half(4) == 2
