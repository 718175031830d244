"""Exercises: ``{exercise}`` with its ``{hint}`` and ``{solution}``.

To *predict* what an example prints, to *change* one thing and see what breaks, to *write* a
function.  One to write is shown from ``snippets/exercises/STEM.py``: the stub that the reader gets
and, folded, our solution.  The build tries the solution, the stub and each known mistake, and
remembers what held: a module is tried again when it, or a module that it imports, has changed.

In HTML, hints and solutions are folded; everywhere else they stand open.

Stands on ``exercise_code`` and ``page_notes``.
"""

import json
import sys
from contextlib import suppress
from dataclasses import dataclass
from doctest import DocTestParser
from hashlib import blake2b
from pathlib import Path

import numpy as np
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from book import exercise_code
from book.messages import EXERCISES
from verified_book.assets import add_static
from verified_book.page_notes import PageNotes

KINDS = ("predict", "change", "write")
LEVELS = {"1": "easy", "2": "takes a while", "3": "hard"}


class exercise(nodes.container):
    """The box of an exercise, with its ``exercise`` (the id), ``kind``, ``level`` and ``stem``."""


class fold(nodes.container):
    """A hint or a solution, as its ``kind`` says; its title comes first."""


class fold_title(nodes.paragraph): ...


@dataclass
class Record:
    """An exercise as its page has it."""

    docname: str
    line: int
    id: str
    kind: str
    level: int


# -- the page -------------------------------------------------------------------------------------


class ExerciseDirective(SphinxDirective):
    """``{exercise} ID``, with ``:kind:`` and ``:level:``."""

    required_arguments = 1
    has_content = True
    option_spec = {
        "kind": lambda text: directives.choice(text, KINDS),
        "level": lambda text: directives.choice(text, tuple(LEVELS)),
    }

    def run(self):
        id_, missing = self.arguments[0], {"kind", "level"} - self.options.keys()
        if missing:
            self.warn("options", id_, ":, :".join(sorted(missing)))
        if id_ != nodes.make_id(id_):
            self.warn("id_form", id_)
        kind, level = self.options.get("kind", "predict"), self.options.get("level", "1")
        here = Exercises.of(self.env).setdefault(self.env.docname, [])
        here.append(Record(self.env.docname, self.lineno, id_, kind, int(level)))
        box = exercise(
            classes=["exercise", f"exercise-{kind}"],
            ids=[f"exercise-{id_}"],
            names=[f"exercise-{id_}"],
            exercise=id_,
            kind=kind,
            level=level,
            stem=self.env.docname.rpartition("/")[2],
        )
        self.set_source_info(box)
        self.state.document.note_explicit_target(box)  # so that other pages can link to it
        label = f"Exercise {len(here)} · {kind} · level {level} ({LEVELS[level]})"
        link = f'<a class="headerlink" href="#exercise-{id_}" title="Link to this exercise">¶</a>'
        title = nodes.raw("", link, format="html")
        box += nodes.paragraph("", "", nodes.Text(label), title, classes=["label"])
        box += self.parse_content_to_nodes()
        folds = [node for node in box if isinstance(node, fold)]
        self.number([node for node in folds if node["kind"] == "hint"])
        solution = next((node for node in folds if node["kind"] == "solution"), None)
        if kind == "write":
            self.show_code(box, folds, solution)
        elif solution is None:
            self.warn("no_solution", id_)
        elif kind == "predict":
            self.show_question(box, folds, solution)
        return [box]

    def number(self, hints):
        for i, hint in enumerate(hints, 1):
            title = f"Hint {i} of {len(hints)}" if len(hints) > 1 else "Hint"
            hint[0][0] = nodes.Text(title)

    def show_code(self, box, folds, solution):
        """The stub and what it finds defined before the folds, our solution in its own."""
        module = None
        with suppress(SyntaxError):  # the proof tells of it, and of what is not there
            module = module_of(self.env, self.env.docname)
        code = module and next((c for c in module.codes if c.id == box["exercise"]), None)
        if code is None:
            return
        if solution is None:
            solution = fold_of("solution")
            box += solution
        names = [nodes.literal("", name) for name in module.at_hand]
        spaced = [part for name in names for part in (nodes.Text(", "), name)][1:]
        at = box.index(folds[0] if folds else solution)
        shown = nodes.paragraph("", "At hand: ", *spaced, nodes.Text("."), classes=["at-hand"])
        box[at:at] = [python(code.stub, "stub"), *([shown] if names else [])]
        solution.insert(1, python(code.solution))

    def show_question(self, box, folds, solution):
        """The solution's first example before the folds, without what it prints."""
        example = next((n for n in solution.findall() if is_example(n)), None)
        if example is None:
            self.warn("no_answer", box["exercise"])
            return
        found = DocTestParser().get_examples(example.get("test") or example.astext())
        asked = "\n".join(one.source.rstrip() for one in found)
        box.insert(box.index(folds[0]), python(asked, "question"))

    def warn(self, code, *filled):
        EXERCISES.warn(code, *filled, location=(self.env.docname, self.lineno))


class FoldDirective(SphinxDirective):
    """``{hint}`` and ``{solution}``: what an exercise folds away."""

    has_content = True

    def run(self):
        box = fold_of(self.name)
        self.set_source_info(box)
        box += self.parse_content_to_nodes()
        return [box]


def fold_of(kind):
    title = fold_title("", kind.capitalize(), classes=["label"])
    return fold("", title, kind=kind, classes=["fold", kind])


def is_example(node):
    return isinstance(node, nodes.literal_block) and node.get("testnodetype") == "doctest"


def python(text, *classes):
    """Code; the examples in its docstrings are run by the proof."""
    ran = [line.strip() for line in text.splitlines() if line.lstrip().startswith(">>>")]
    return nodes.literal_block(text, text, language="python", classes=[*classes], ran=ran)


# -- the proof ------------------------------------------------------------------------------------


class Exercises(PageNotes):
    """The exercises of each page, in order; those to write are proved when it is read."""

    kept_as = "exercises_noted"

    def process_doc(self, app: Sphinx, doctree):
        env = app.env
        try:
            module = module_of(env, env.docname)
        except SyntaxError as error:
            env.note_dependency(error.filename)
            place = f"{error.filename}:{error.lineno}"
            EXERCISES.warn("no_python", error.msg, location=place)
            return
        here = self.of(env).get(env.docname, [])
        codes = {code.id: code for code in module.codes} if module else {}
        written = {record.id for record in here if record.kind == "write"}
        for record in here:
            if record.kind == "write" and record.id not in codes:
                place = (record.docname, record.line)
                told = (record.id, record.id, path_of(app.config, env.docname).name)
                EXERCISES.warn("no_function", *told, location=place)
        if module is None:
            return
        for id_, code in codes.items():
            if id_ not in written:
                place = f"{module.path}:{code.line}"
                EXERCISES.warn("on_no_page", id_, env.docname, location=place)
        self.prove(app, module)

    def prove(self, app, module):
        """Tries what the module holds, unless just this was tried and held."""
        mark = Path(app.doctreedir, "exercises", f"{module.path.stem}.json")
        known = json.loads(mark.read_text()) if mark.exists() else {}
        if known and known == ground(known):
            faults = []
        else:
            known, faults = tried(app.config.verified_package, module)
            mark.parent.mkdir(parents=True, exist_ok=True)
            mark.write_text(json.dumps({} if faults else known))
        for file in known:
            app.env.note_dependency(file)
        for fault in faults:
            place = f"{module.path}:{fault.line}"
            EXERCISES.warn(fault.code, *fault.filled, location=place)


def tried(package, module):
    """The ground that the module stands on, and what is wrong with it."""
    with exercise_code.fresh(package):
        try:
            faults = exercise_code.prove(module, package)
        except Exception as error:
            why = type(error).__name__, error
            faults = [exercise_code.Fault(1, "not_imported", why)]
        loaded = [m for n, m in sys.modules.items() if n.partition(".")[0] == package]
        files = {file for m in loaded if (file := getattr(m, "__file__", None))}
        return ground(sorted({*files, str(module.path)})), faults


def ground(files):
    """What a proof rests on: each file's digest, this code's and NumPy's version with them."""
    versions = (sys.version, np.__version__, Path(exercise_code.__file__).read_bytes())
    digests = (
        blake2b(repr((*versions, Path(f).read_bytes())).encode(), digest_size=16).hexdigest()
        for f in files
        if Path(f).exists()
    )
    return dict(zip(files, digests, strict=False))


def path_of(config, docname):
    """The module of a page's exercises."""
    folder = Path(config.verified_root, config.verified_package, "exercises")
    return folder / f"{docname.rpartition('/')[2]}.py"


def module_of(env, docname):
    """A page's exercises to write, as their source has them; None where there are none."""
    path = path_of(env.config, docname)
    return exercise_code.read(path) if path.exists() else None


def check(app: Sphinx, env):
    """An id stands once in the book, and a module of exercises has its page."""
    first = {}
    for here in Exercises.of(env).values():
        for record in here:
            other = first.setdefault(record.id, record)
            if other is not record:
                place = f"{env.doc2path(other.docname, False)}:{other.line}"
                location = (record.docname, record.line)
                EXERCISES.warn("twice", record.id, place, location=location)
    pages = {path.stem for path in Path(env.srcdir).rglob("*.md")}
    for path in sorted(path_of(app.config, "x").parent.glob("[!_]*.py")):
        if path.stem not in pages:
            EXERCISES.warn("no_page", location=f"{path}:1")


# -- HTML -----------------------------------------------------------------------------------------


def visit_exercise(self, node):
    data = {f"data-{name}": node[name] for name in ("exercise", "kind", "level", "stem")}
    self.body.append(self.starttag(node, "div", **data))


def depart_div(self, node):
    self.body.append("</div>\n")


def visit_fold(self, node):
    is_open = {"open": "open"} if self.builder.name == "epub" else {}
    self.body.append(self.starttag(node, "details", **is_open))


def depart_fold(self, node):
    self.body.append("</details>\n")


def visit_title(self, node):
    self.body.append("<summary>")


def depart_title(self, node):
    self.body.append("</summary>\n")


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_node(exercise, html=(visit_exercise, depart_div))
    app.add_node(fold, html=(visit_fold, depart_fold))
    app.add_node(fold_title, html=(visit_title, depart_title))
    app.add_directive("exercise", ExerciseDirective)
    app.add_directive("hint", FoldDirective, override=True)
    app.add_directive("solution", FoldDirective)
    app.add_env_collector(Exercises)
    app.connect("env-check-consistency", check)
    add_static(app, __file__)
    app.add_css_file("exercises.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
