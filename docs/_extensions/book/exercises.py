"""Exercises: ``{exercise}`` with its ``{hint}`` and ``{solution}``.

To *predict* what an example prints, to *change* one thing and see what breaks, to *write* a
function.  One to write is shown from ``snippets/exercises/STEM.py``: the stub that the reader gets
and, folded, our solution.  The build tries the solution, the stub and each known mistake, and
remembers what held: a module is tried again when it, or a module that it imports, has changed.

In HTML, hints and solutions are folded; everywhere else they stand open.  ``static/exercises.js``
asks for a prediction before it is compared, and keeps in the reader's browser what is solved.

Stands on ``exercise_code``, on ``dependencies`` (what a module stands on) and on ``alone``.
"""

import sys
from contextlib import suppress
from dataclasses import dataclass
from doctest import DocTestParser
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from book import exercise_code
from book.messages import EXERCISES
from verified_book import dependencies
from verified_book.alone import OutOfTime, time_limit, undone
from verified_book.assets import add_static
from verified_book.extra_files import is_web
from verified_book.languages import N_, _, said_with
from verified_book.page_notes import PageNotes

KINDS = N_("predict"), N_("change"), N_("write")
LEVELS = {"1": N_("easy"), "2": N_("takes a while"), "3": N_("hard")}


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

    @property
    def place(self):
        return self.docname, self.line


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
        label = _("Exercise {} · {} · level {} ({})")
        label = label.format(len(here), _(kind), level, _(LEVELS[level]))
        told = _("Link to this exercise")
        link = f'<a class="headerlink" href="#exercise-{id_}" title="{told}">¶</a>'
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
            title = _("Hint {} of {}") if len(hints) > 1 else _("Hint")
            hint[0][0] = nodes.Text(title.format(i, len(hints)))

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
        shown = nodes.paragraph(
            "", "", *said_with(_("At hand: {}."), *spaced), classes=["at-hand"]
        )
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
    title = fold_title("", _(TITLES[kind]), classes=["label"])
    return fold("", title, kind=kind, classes=["fold", kind])


TITLES = {"hint": N_("Hint"), "solution": N_("Solution")}


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
        env, path = app.env, path_of(app.config, app.env.docname)
        try:
            module = module_of(env, env.docname)
        except SyntaxError as error:
            env.note_dependency(str(path))
            EXERCISES.warn("no_python", error.msg, location=f"{path}:{error.lineno}")
            return
        here = self.of(env).get(env.docname, [])
        codes = {code.id: code for code in module.codes} if module else {}
        written = {record.id: record for record in here if record.kind == "write"}
        for id_ in sorted(written.keys() - codes.keys()):
            EXERCISES.warn("no_function", id_, id_, path.name, location=written[id_].place)
        for id_ in sorted(codes.keys() - written.keys()):
            place = f"{path}:{codes[id_].line}"
            EXERCISES.warn("on_no_page", id_, env.docname, location=place)
        if module:
            prove(env, module)


def prove(env, module):
    """Tries what a module holds, unless just this was tried and held."""
    config, stem = env.config, module.path.stem
    package, root = config.verified_package, config.verified_root
    names = [f"{package}.exercises", f"{package}.exercises.{stem}"]
    found = dependencies.closure(names, package, root)
    for path in found.modules.values():
        env.note_dependency(str(path))
    mark = Path(env.doctreedir, "exercises", f"{stem}.digest")
    own = Path(exercise_code.__file__).read_bytes()
    now = found.digest(sys.version, own, dependencies.data_of(package, root))
    if mark.exists() and mark.read_text() == now:
        return
    holds = try_out(config, module, found, names)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.write_text(now if holds else "")


def try_out(config, module, found, names):
    """Says what is wrong with a module; whether all holds."""
    package, seconds, path = config.verified_package, config.verified_seconds, module.path
    at_hand = dependencies.at_hand(found, names, package, config.verified_root)
    try:
        with time_limit(seconds, f"{path}:1"), undone(), at_hand as broken:
            faults = [] if broken else exercise_code.prove(module, package)
    except OutOfTime as error:
        EXERCISES.warn("endless", seconds, location=str(error))
        return False
    for fault in broken:
        EXERCISES.warn("not_imported", fault.why, location=f"{fault.path}:{fault.line}")
    for fault in faults:
        EXERCISES.warn(fault.code, *fault.filled, location=f"{path}:{fault.line}")
    return not broken and not faults


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
    for record in (record for here in Exercises.of(env).values() for record in here):
        other = first.setdefault(record.id, record)
        if other is not record:
            place = f"{env.doc2path(other.docname, False)}:{other.line}"
            EXERCISES.warn("twice", record.id, place, location=record.place)
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


def follow(app, pagename, templatename, context, doctree):
    """On a page that has exercises, the script that knows which of them a reader has solved."""
    if is_web(app.builder) and Exercises.of(app.env).get(pagename):
        app.add_js_file("exercises.js", loading_method="defer")


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
    app.connect("html-page-context", follow)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
