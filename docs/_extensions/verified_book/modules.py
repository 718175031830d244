"""The snippets' modules, as new for every page, though Python imports each of them once.

Importing is dear: every function is wrapped in the checks of its shapes.  So what one page has
imported is kept, and given to the next page that asks for it.  A page must neither see what an
earlier one left behind, nor depend on what it did not import itself; therefore every page
begins with no module loaded, a module that its page has altered is not kept, and with a kept
module come those that it had imported.

Ground floor: knows Python alone.  Above it: ``verified``, ``figures`` and the live preview.
"""

import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from io import BytesIO
from pathlib import Path
from pickle import Pickler
from types import ModuleType


def loaded(package):
    """The package's modules that Python has imported."""
    inside = f"{package}."
    return [name for name in sys.modules if name.startswith(inside)]


def files(package):
    """The files of the package's modules that Python has imported, its own with them."""
    modules = (sys.modules.get(name) for name in (package, *loaded(package)))
    named = (getattr(module, "__file__", None) for module in modules)  # a bare folder has none
    return {Path(name) for name in named if name}


def start_afresh(package):
    """Begins a page: no module of the package is loaded, and none is kept that was altered."""
    if package not in shelves:
        shelves[package] = Shelf(package)
        with suppress(Exception):  # the page that uses it will tell
            import_module(package)
    shelf = shelves[package]
    if any(kept.is_altered for kept in shelf.kept.values()):
        shelf.kept.clear()
    take_away(package)
    if sys.meta_path[0] is not shelf:  # an import hook of the package's own has come before it
        sys.meta_path[:] = [shelf, *(finder for finder in sys.meta_path if finder is not shelf)]


def take_away(package, but=()):
    """Takes the package's modules away from Python; returns them."""
    taken = {name: sys.modules[name] for name in loaded(package) if name not in but}
    for name in reversed(taken):
        parent, _, leaf = name.rpartition(".")
        getattr(sys.modules.get(parent), "__dict__", {}).pop(leaf, None)
        del sys.modules[name]
    return taken


def give_back(taken):
    """Undoes ``take_away``."""
    for name, module in taken.items():
        parent, _, leaf = name.rpartition(".")
        setattr(sys.modules[parent], leaf, module)
        sys.modules[name] = module


# -- what is kept ---------------------------------------------------------------------------


@dataclass
class Kept:
    """A module as it was when it was new, and the modules that it had imported."""

    module: ModuleType
    needs: list[str]

    def __post_init__(self):
        self.stamp, self.content = self.stamp_now(), content(self.module)

    def stamp_now(self):
        file = Path(self.module.__file__)
        found = file.stat() if file.exists() else None
        return found and (found.st_mtime_ns, found.st_size)

    @property
    def is_altered(self):
        return self.content != content(self.module) or self.stamp != self.stamp_now()


PYTHONS = {"__builtins__", "__loader__", "__spec__"}  # names that are none of the module's own


def content(module):
    """All that a module's names, and those of its classes, stand for."""
    own = [value for value in vars(module).values() if is_class_of(module, value)]
    return [
        (name, pickled(value))
        for holder in (module, *own)
        for name, value in vars(holder).items()
        if not isinstance(value, ModuleType) and name not in PYTHONS
    ]


def is_class_of(module, value):
    return isinstance(value, type) and value.__module__ == module.__name__


def pickled(value):
    """A value's content; of code and of what cannot be pickled, which one it is."""
    written = BytesIO()
    try:
        ContentPickler(written).dump(value)
    except Exception:
        return id(value)
    return written.getvalue()


class ContentPickler(Pickler):
    """Tells data by what it holds, and code by which it is."""

    def persistent_id(self, value):
        return id(value) if callable(value) or isinstance(value, ModuleType) else None


class Shelf(MetaPathFinder, Loader):
    """Stands before Python's finders: gives what is kept, and keeps what they load."""

    def __init__(self, package):
        self.package, self.kept, self.found, self.loading = package, {}, {}, []

    def find_spec(self, name, path, target=None):
        if not name.startswith(f"{self.package}."):
            return None
        others = (f for f in sys.meta_path if f is not self)
        spec = next(filter(None, (f.find_spec(name, path, target) for f in others)), None)
        if spec and spec.has_location:
            self.found[name], spec.loader = spec.loader, self
        return spec

    def create_module(self, spec):
        kept = self.kept.get(spec.name)
        if kept and kept.module.__file__ == spec.origin:
            return kept.module
        self.kept.pop(spec.name, None)
        return self.found[spec.name].create_module(spec)

    def exec_module(self, module):
        name = module.__name__
        if kept := self.kept.get(name):
            for needed in kept.needs:
                import_module(needed)
            return
        self.loading.append(name)
        others = take_away(self.package, but=self.loading)  # so that it imports all that it needs
        try:
            self.found[name].exec_module(module)
            needs = [other for other in loaded(self.package) if other not in self.loading]
            self.kept[name] = Kept(module, needs)
        finally:
            self.loading.pop()
            give_back(others)


shelves: dict[str, Shelf] = {}
