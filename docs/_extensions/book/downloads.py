"""Each snippet as one file that runs alone: ``download/STEM.py``, linked from its page.

What a module uses of the package's other modules is set in front of its own code: the
definitions that it needs and no others, those of earlier modules first.  ``ast`` finds the
statements of a module, ``symtable`` the names that each binds and uses.  Two different things
under one name cannot stand in one file, and the build says so.  The data that snippets read
lie in ``download/data/``.

Stands on ``verified`` (where the package is) and ``made``; above it: ``machines``.
"""

import ast
import sys
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from symtable import symtable
from textwrap import fill

from docutils import nodes
from sphinx.util import logging
from sphinx.util.osutil import FileAvoidWrite, copyfile, relative_uri

from verified_book import extra_files

logger = logging.getLogger(__name__)

OFFER = "Download this page’s code as one file"
STANDS_IN_FOR = {"import numpy as np": "import autograd.numpy as np"}  # where nothing is derived


class CannotStandAlone(Exception):
    """Why a module cannot be one file."""


# -- reading a module -------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Statement:
    """A statement of a module's top level: its text, what it binds and what it uses."""

    text: str
    binds: frozenset
    uses: frozenset

    def means(self, other):
        return self.text == other.text or ast.dump(self.tree) == ast.dump(other.tree)

    @property
    def tree(self):
        return ast.parse(self.text)


@dataclass(frozen=True)
class Module:
    """A module without its imports: those by the name that each binds."""

    name: str
    doc: str
    imports: dict  # from outside the package: the statement that binds the name
    borrowed: dict  # from the package: the module that has the name
    body: str
    statements: tuple


def read(package, name):
    """A module of the package, which is a folder of modules."""
    return parse(package.name, name, (package / f"{name}.py").read_text("utf-8"))


@cache
def parse(package, name, text):
    tree, lines = ast.parse(text), text.splitlines(keepends=True)
    doc, imports, borrowed, statements = ast.get_docstring(tree), {}, {}, []
    code, own = tree.body[bool(doc) :], list(lines)
    importing = [node for node in code if isinstance(node, ast.Import | ast.ImportFrom)]
    for node in importing:
        module = getattr(node, "module", None)
        for alias in node.names:
            if (module or alias.name).partition(".")[0] != package:
                imports[alias.asname or alias.name] = one_import(module, alias)
            elif module and module != package and not alias.asname:
                borrowed[alias.name] = module.partition(".")[2]
            else:
                wanted = f"line {node.lineno}: write “from {package}.MODULE import NAME”"
                raise CannotStandAlone(wanted)
    for node in [*tree.body[: bool(doc)], *importing]:
        own[node.lineno - 1 : node.end_lineno] = [""] * (node.end_lineno - node.lineno + 1)
    for node in code:
        if node not in importing:
            statements.append(statement("".join(lines[first(node, lines) : node.end_lineno])))
    return Module(name, doc or "", imports, borrowed, "".join(own).strip(), tuple(statements))


def one_import(module, alias):
    name = f"{alias.name} as {alias.asname}" if alias.asname else alias.name
    return f"from {module} import {name}" if module else f"import {name}"


def first(node, lines):
    """Index of a statement's first line: of its decorators, of the comment that stands on it."""
    start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", ()))]) - 1
    while start and lines[start - 1].startswith("#"):
        start -= 1
    return start


def statement(text):
    table = symtable(text, "snippet", "exec")
    bound = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_namespace()}
    return Statement(text.rstrip(), frozenset(bound), frozenset(used(table) - bound))


def used(table):
    """The names that code asks of its module, from inside its functions too."""
    top = table.get_type() == "module"
    here = {s.get_name() for s in table.get_symbols() if top or s.is_global()}
    return here.union(*map(used, table.get_children()))


# -- one file of many -------------------------------------------------------------------------


class OneFile:
    """A module and what it needs of others, found by following the names that it uses."""

    def __init__(self, package, name):
        self.package, self.main = package, read(package, name)
        self.taken = defaultdict(list, {name: list(self.main.statements)})
        self.imported = defaultdict(set, {n: {text} for n, text in self.main.imports.items()})
        for own in self.main.statements:
            self.follow(own, self.main)
        for name, text in self.main.imports.items():
            self.imported[name].discard(STANDS_IN_FOR.get(text))
        self.check_names()

    def follow(self, of, module):
        for name in of.uses:
            self.need(name, module)

    def need(self, name, module):
        if name in module.imports:
            self.imported[name].add(module.imports[name])
        elif name in module.borrowed:
            self.need(name, read(self.package, module.borrowed[name]))
        else:
            for found in module.statements:
                if name in found.binds and found not in self.taken[module.name]:
                    self.taken[module.name].append(found)
                    self.follow(found, module)

    def check_names(self):
        bound = {}
        for name, texts in self.imported.items():
            for text in sorted(texts):
                self.check(bound, name, Statement(text, frozenset(), frozenset()), text)
        for module, statements in self.taken.items():
            for found in statements:
                for name in found.binds:
                    self.check(bound, name, found, module)

    def check(self, bound, name, found, place):
        other, there = bound.setdefault(name, (found, place))
        if there != place and not found.means(other):
            clash = f"{name} is one thing in “{there}” and another in “{place}”: rename one"
            raise CannotStandAlone(clash)

    def others(self):
        """(module, the statements taken of it), a module after those that it stands on."""
        order, said = [], set()

        def visit(module):
            for name in sorted({*module.borrowed.values()}):
                visit(read(self.package, name))
            if module is not self.main and module.name not in order:
                order.append(module.name)

        visit(self.main)
        for name in order:
            taken = [s for s in read(self.package, name).statements if s in self.taken[name]]
            if new := [s for s in taken if s.text not in said]:
                said |= {s.text for s in new}
                yield name, new

    @property
    def imports(self):
        return sorted(text for texts in self.imported.values() for text in texts)

    @property
    def needs(self):
        """The packages from PyPI that it imports."""
        roots = {text.split()[1].partition(".")[0] for text in self.imports}
        return sorted(roots - sys.stdlib_module_names)

    @property
    def data(self):
        """The files of the package's data that it names."""
        code = "\n".join(s.text for taken in self.taken.values() for s in taken)
        files = (self.package / "data").glob("*")
        return sorted(file.name for file in files if f'"{file.name}"' in code)

    def text(self, about):
        """The file, with these paragraphs in its docstring behind those of the module."""
        doc = "\n\n".join([self.main.doc or f"{self.main.name}.py", *about])
        parts = ['"""' + doc.replace("\\", "\\\\") + '\n"""', "\n".join(self.imports)]
        for name, statements in self.others():
            parts.append(rule(f"from {self.package.name}/{name}.py"))
            parts += [s.text for s in statements]
        parts += [rule(f"{self.package.name}/{self.main.name}.py"), self.main.body]
        return "\n\n\n".join(filter(None, parts)) + "\n"


def rule(text):
    return f"# == {text} ".ljust(78, "=")


def listed(names):
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def about(config, one, page):
    """What the docstring says of the file: what is in it, where it is explained, what it needs."""
    base, names = config.html_baseurl, [name for name, _ in one.others()]
    taken = f", with what it uses of {listed(names)}" if names else ""
    yield filled(
        f"This is {one.package.name}/{one.main.name}.py{taken}, put into one file by the build "
        f"of the book {config.project}, version {config.version}: see {base}{page}.  Licence: MIT."
    )
    if one.needs:
        packages = " ".join(one.needs)
        yield filled(f"It needs {listed(one.needs)}: python -m pip install {packages}")
    if one.data:
        yield filled(
            f"The data that it reads are in {base}download/data/ of the book: put "
            f"{listed(one.data)} into a folder named data beside this file."
        )


def filled(text):
    return fill(text, 79, break_on_hyphens=False, break_long_words=False)


# -- in the book ------------------------------------------------------------------------------


def package_of(config):
    return Path(config.verified_root, config.verified_package)


def pages(app):
    """The page of each stem."""
    return {docname.rpartition("/")[2]: docname for docname in sorted(app.env.found_docs)}


def make(app):
    """Writes the files; tells whether each could be made."""
    package, folder = package_of(app.config), Path(app.outdir, "download")
    home, data, failed = pages(app), set(), False
    (folder / "data").mkdir(parents=True, exist_ok=True)
    modules = sorted(package.glob("[!_]*.py"))
    for path in modules:
        page = app.builder.get_target_uri(home.get(path.stem, app.config.root_doc))
        try:
            one = OneFile(package, path.stem)
        except CannotStandAlone as reason:
            message = "it cannot be downloaded as one file: %s"
            logger.warning(message, reason, location=f"{path}:1", type="downloads")
            failed = True
            continue
        with FileAvoidWrite(folder / path.name) as file:
            file.write(one.text(about(app.config, one, page)))
        data |= {*one.data}
    for path in {*folder.glob("*.py")} - {folder / path.name for path in modules}:
        path.unlink()
    for name in sorted(data):
        copyfile(package / "data" / name, folder / "data" / name, force=True)
    return not failed


def ground_of(app):
    """What the files are made from: the snippets, their data and pages, and this code."""
    config, package = app.config, package_of(app.config)
    paths = [*package.glob("*.py"), *package.glob("data/*"), Path(__file__)]
    files = [(path.name, path.read_bytes()) for path in sorted(paths) if path.is_file()]
    settings = (config.project, config.version, config.html_baseurl)
    return extra_files.Ground(app, "download", files, pages(app), settings)


def offer(app, doctree, docname):
    """On the page of a snippet, a link to the file, where its code is first shown."""
    package = package_of(app.config)
    path = package / f"{docname.rpartition('/')[2]}.py"
    shown = [n for n in doctree.findall(nodes.literal_block) if "source" in n]
    part = next((n for n in shown if package in Path(n["source"]).resolve().parents), None)
    if not extra_files.is_web(app.builder) or part is None or not path.exists():
        return
    while part.parent.parent is not doctree:
        part = part.parent
    uri = relative_uri(app.builder.get_target_uri(docname), f"download/{path.name}")
    link = f'<a class="reference internal" href="{uri}" download>{OFFER}</a>'
    inside = nodes.raw("", link, format="html")
    part.insert(1, nodes.paragraph("", "", inside, classes=["code-file"]))


def setup(app):
    for extension in ("verified_book.verified", "verified_book.extra_files"):
        app.setup_extension(extension)
    app.connect("doctree-resolved", offer)
    extra_files.when_changed(app, ground_of, make)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
