"""What the runnable pages carry: its size on the line, its licences, and who can publish it."""

import gzip
import hashlib
import json
from pathlib import Path

import brotli
import pytest

from tests.book.test_policy import POLICY, WANTED
from tests.editions.conftest import HTML

ROOT = Path(__file__).resolve().parents[2]
FOLDER = HTML / "_runtime"
NOW = json.loads((FOLDER / "now.json").read_text("utf-8"))
RUNTIME = FOLDER / NOW["runtime"]
LICENCES = RUNTIME / "licences"
PAGES = sorted((FOLDER / "pages").rglob("*.json"))
KEPT = ROOT / "build" / "runtime-cache" / "brotli.json"  # it takes a minute to pack that well


def fetched():
    """The files of a first Run, without a page's own data."""
    of_python = [path for path in RUNTIME.iterdir() if path.suffix in {".mjs", ".wasm", ".json"}]
    unused = {"editor.mjs", "about.json"}
    scripts = [
        HTML / "_static" / "run" / name for name in ("runner.mjs", "worker.mjs", "harness.py")
    ]
    return [p for p in of_python if p.name not in unused] + scripts + [FOLDER / NOW["snippets"]]


def as_brotli(data):
    known = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    digest = hashlib.sha256(data).hexdigest()
    if digest not in known:
        known[digest] = len(brotli.compress(data))
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        KEPT.write_text(json.dumps(known), "utf-8")
    return known[digest]


@pytest.mark.parametrize(
    ("size", "most"),
    [
        (lambda data: len(gzip.compress(data)), 11e6),
        pytest.param(as_brotli, 8e6, marks=pytest.mark.audit),  # a minute or two
    ],
)
def test_a_first_run_fetches_at_most_11_mb_with_gzip_and_8_with_brotli(size, most):
    python = sum(size(path.read_bytes()) for path in fetched())
    for page in PAGES:
        names = json.loads(page.read_text("utf-8"))["data"]
        data = sum(size((FOLDER / "data" / name).read_bytes()) for name in names)
        assert python + data <= most, page


def test_what_is_told_of_the_size_is_true():
    packed = sum(len(gzip.compress(path.read_bytes())) for path in fetched())
    assert abs(NOW["size"] - packed / 1e6) < 1


@pytest.mark.parametrize(
    ("work", "words"),
    [
        ("pyodide", "Mozilla Public License Version 2.0"),
        ("python", "PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2"),
        ("numpy", "Copyright (c) 2005-2025, NumPy Developers"),
        ("numpy", "pocketfft"),
        ("linked", "libffi"),
        ("codemirror-view", "Permission is hereby granted, free of charge"),
        ("style-mod", "Permission is hereby granted, free of charge"),
        ("autograd", "Permission is hereby granted, free of charge"),
        ("jaxtyping", "Permission is hereby granted, free of charge"),
        ("wadler_lindig", "Apache License"),
    ],
)
def test_the_licence_of_what_is_shipped_stands_beside_it(work, words):
    assert words in (LICENCES / f"{work}.txt").read_text("utf-8")


def test_the_list_of_licences_names_every_part_and_every_part_is_named():
    told = (LICENCES / "README.txt").read_text("utf-8")
    lock = json.loads((ROOT / "tools" / "runtime" / "lock.json").read_text("utf-8"))
    assert f"Pyodide {lock['pyodide']}," in told
    assert f"NumPy {lock['numpy'].split('-')[1]}," in told
    groups = ("codemirror-", "lezer-", "marijn-")
    for path in LICENCES.iterdir():
        group = next((name for name in groups if path.name.startswith(name)), path.name)
        assert path.name == "README.txt" or group in told, path


def test_a_page_loads_the_script_where_there_is_what_it_fetches_under_the_books_policy():
    loading = [path for path in HTML.rglob("*.html") if "run/run.js" in path.read_text("utf-8")]
    names = {path.relative_to(HTML).with_suffix("").as_posix() for path in loading}
    for path in loading:
        policy = POLICY.search(path.read_text("utf-8"))[1]
        assert dict(part.strip().split(" ", 1) for part in policy.split(";")) == WANTED
    assert names == {p.relative_to(FOLDER / "pages").with_suffix("").as_posix() for p in PAGES}
