"""The snippets' modules: imported once, and yet as new for every page."""

import sys
from importlib import import_module

from verified_book import modules
import pytest

GROUND = "print('ground is imported')\nTWO = [2]\n\n\nclass Size:\n    width = 2\n"
HALF = "from kept.ground import TWO\n\n\ndef half(x):\n    return x / TWO[0]\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name, text in {"__init__": "", "ground": GROUND, "half": HALF}.items():
        path = tmp_path / "kept" / f"{name}.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path / "kept"
    modules.take_away("kept")
    sys.meta_path.remove(modules.shelves.pop("kept"))
    del sys.modules["kept"]


def page(*names):
    """What a page that imports these finds loaded."""
    modules.start_afresh("kept")
    assert modules.loaded("kept") == []
    found = [import_module(f"kept.{name}") for name in names]
    return found[0] if len(found) == 1 else found


def test_a_module_is_executed_once_for_all_pages(folder, capsys):
    first, again = page("ground"), page("ground")
    assert first is again
    assert capsys.readouterr().out == "ground is imported\n"


def test_with_a_kept_module_come_those_that_it_imported(folder):
    page("ground", "half")  # ground first: half finds it loaded
    page("half")
    assert set(modules.loaded("kept")) == {"kept.half", "kept.ground"}
    assert {file.name for file in modules.files("kept")} == {"__init__.py", "half.py", "ground.py"}


def test_a_page_depends_on_nothing_that_only_an_earlier_one_imported(folder):
    page("half")
    page("ground")
    assert modules.loaded("kept") == ["kept.ground"]
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
def test_an_altered_module_is_imported_afresh(folder, alter):
    alter(page("ground"))
    ground, half = page("ground", "half")
    assert (ground.TWO, ground.Size.width, hasattr(ground, "more")) == ([2], 2, False)
    assert half.half(4) == 2


def test_a_module_whose_file_was_saved_is_imported_afresh(folder):
    page("half")
    (folder / "ground.py").write_text(GROUND.replace("[2]", "[2 + 2]"))
    assert page("half").half(4) == 1


def test_a_module_whose_file_is_gone_is_gone(folder):
    page("half")
    (folder / "ground.py").unlink()
    with pytest.raises(ModuleNotFoundError):
        page("half")


def test_a_module_that_fails_is_not_kept(folder):
    (folder / "half.py").write_text("1 / 0\n")
    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            page("half")
    (folder / "half.py").write_text(HALF)
    assert page("half").half(4) == 2


def test_a_submodule_is_still_a_name_of_its_package_beside_one_imported_later(folder):
    page("ground", "half")
    assert sys.modules["kept"].ground is sys.modules["kept.ground"]
