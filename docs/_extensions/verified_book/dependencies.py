"""What code stands on: the closure of its imports, read from the source and not by running it.

Importing is dear, for every function is wrapped in the checks of its shapes.  So a module is
imported once in a process, and kept for the next page that asks for it.  A page must neither see
what an earlier one left behind nor depend on what it did not import: it finds the kept modules of
its own closure and no others, and one that a page has altered is imported anew.

Ground floor: knows Python alone.  Above it: ``verified``, ``figures`` and the live preview.
"""

import ast
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import resolve_name
from io import BytesIO
from pathlib import Path
from pickle import Pickler
from traceback import extract_tb
from types import ModuleType

# -- the closure ----------------------------------------------------------------------------


@dataclass
class Closure:
    """The modules of a package that code imports, through one another too."""

    modules: dict[str, Path] = field(default_factory=dict)
    outside: set[str] = field(default_factory=set)  # packages of others
    broken: dict[Path, SyntaxError] = field(default_factory=dict)

    @property
    def stamps(self):
        return {path: stamp(path) for path in self.modules.values()}

    def digest(self, *more) -> str:
        """Of the files' bytes, of the versions of what they use of others, and of ``more``."""
        files = sorted((name, file_digest(p, stamp(p))) for name, p in self.modules.items())
        return digest_of(files, sorted(map(version_of, self.outside)), *more)


def closure(names: Iterable[str], package: str, root: str | Path) -> Closure:
    """Follows dotted names to modules of the package that lies in ``root``, and on from there."""
    found, seen, left = Closure(), set(), [*names]
    while left:
        name = left.pop()
        if name in seen:
            continue
        seen.add(name)
        above = name.rpartition(".")[0]
        if name.partition(".")[0] != package:
            found.outside.add(name.partition(".")[0])
        elif path := file_of(name, root):
            found.modules[name] = path
            inside = name if path.name == "__init__.py" else above
            try:
                left += imports_of(path, stamp(path), inside)
            except SyntaxError as error:
                found.broken[path] = error
        if above:
            left.append(above)
    return found


def file_of(module, root):
    """The file of a module; None where there is none, or a bare folder."""
    place = Path(root, *module.split("."))
    files = (place.with_suffix(".py"), place / "__init__.py")
    return next((file for file in files if file.is_file()), None)


@lru_cache(maxsize=1000)
def imports_of(path, _stamp, inside):
    try:
        return [*imports(ast.parse(path.read_bytes(), path), inside)]
    except ValueError as error:  # a null byte
        raise SyntaxError(str(error)) from error


def imports(tree: ast.AST, inside: str = "") -> Iterator[str]:
    """The dotted names that code may import, of ``from a import b`` both ``a`` and ``a.b``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            with suppress(ImportError):  # beyond the package: Python will tell who runs it
                source = resolve_name("." * node.level + (node.module or ""), inside or None)
                yield source
                yield from (f"{source}.{alias.name}" for alias in node.names)


def stamp(path):
    """Changes when the file does."""
    found = path.stat() if path.exists() else None
    return found and (found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=1000)
def file_digest(path, _stamp):
    return blake2b(path.read_bytes() if path.exists() else b"", digest_size=16).hexdigest()


def digest_of(*parts) -> str:
    return blake2b(repr(parts).encode(), digest_size=16).hexdigest()


@lru_cache
def version_of(package):
    """A package with its version; one that comes with Python has no other."""
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return package


def data_of(package, root):
    """A digest of the package's files that are no Python."""
    here = Path(root, package)
    files = [path for path in sorted(here.rglob("*")) if is_data(path.relative_to(here), path)]
    return digest_of([(path.name, file_digest(path, stamp(path))) for path in files])


def is_data(name, path):
    """Whether this is a file that a module may read; what tools leave there is hidden."""
    hidden = any(part[0] == "." or part == "__pycache__" for part in name.parts)
    return not hidden and path.suffix != ".py" and path.is_file()


# -- modules that are kept ------------------------------------------------------------------


@dataclass
class Kept:
    """A module as it was when it was new, and the files that it stands on."""

    module: ModuleType
    stamps: dict[Path, tuple]

    def __post_init__(self):
        self.content = content(self.module)

    def is_of(self, path):
        """Whether it is what this file, and all that it stands on, says now."""
        return self.module.__file__ == str(path) and all(
            stamp(path) == then for path, then in self.stamps.items()
        )


@dataclass
class Fault:
    """Why a module of the package cannot be used, and where."""

    path: Path
    line: int
    why: str


kept: dict[str, Kept] = {}


@contextmanager
def at_hand(found: Closure, names: Iterable[str], package: str, root: str | Path):
    """Imports these names of a closure, and has Python know no others of the package.

    Gives the faults of those that cannot be imported.
    """
    take_away(package)
    for name, path in sorted(found.modules.items()):
        if name in kept and kept[name].is_of(path):
            give(name, kept[name].module)
        else:
            kept.pop(name, None)
    wanted = [name for name in names if name in found.modules]
    faults = [fault for name in wanted if (fault := try_import(name, found.modules[name]))]
    for name in loaded(package):
        if name in found.modules and name not in kept:
            kept[name] = Kept(sys.modules[name], closure([name], package, root).stamps)
    try:
        yield faults
    finally:
        for name in loaded(package):
            if name in kept and kept[name].content != content(kept[name].module):
                forget(found.modules[name])
        take_away(package)


def try_import(name, path):
    try:
        import_module(name)
    except (Exception, SystemExit) as error:
        inside = [f for f in extract_tb(error.__traceback__) if f.filename == str(path)]
        return Fault(path, inside[-1].lineno if inside else 1, f"{type(error).__name__}: {error}")
    return None


def forget(path):
    """A module that is no longer what its file says goes, with all that stands on it."""
    for name in [name for name, module in kept.items() if path in module.stamps]:
        del kept[name]


def loaded(package):
    """The package's modules that Python has imported."""
    return [name for name in sys.modules if name.startswith(f"{package}.")]


def take_away(package):
    for name in reversed(loaded(package)):
        parent, _, leaf = name.rpartition(".")
        getattr(sys.modules.get(parent), "__dict__", {}).pop(leaf, None)
        del sys.modules[name]


def give(name, module):
    parent, _, leaf = name.rpartition(".")
    sys.modules[name] = module
    setattr(import_module(parent), leaf, module)


PYTHONS = {"__builtins__", "__loader__", "__spec__"}  # names that are none of the module's own


def content(module):
    """What a module's names, and those of its classes, stand for: data, and which code."""
    classes = [
        value
        for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__
    ]
    return [
        (name, pickled(value))
        for holder in (module, *classes)
        for name, value in vars(holder).items()
        if not isinstance(value, ModuleType) and name not in PYTHONS
    ]


def pickled(value):
    """A value's content; of code and of what cannot be pickled, which one it is."""
    written = BytesIO()
    try:
        ContentPickler(written).dump(value)
    except Exception:
        return id(value)
    return written.getvalue()


class ContentPickler(Pickler):
    def persistent_id(self, value):
        return id(value) if callable(value) or isinstance(value, ModuleType) else None
