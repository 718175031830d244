"""A zip with all that the pages run: the code, its data, each page's examples and exercises.

``download/NAME.zip`` is linked from each page of a snippet, where its code is first shown.  It
unpacks to a folder in which every example runs as printed, with Python's own ``doctest``; a
``README.txt`` says how.  The same book makes the same bytes.
"""

import ast
import doctest
import shutil
import sys
from contextlib import suppress
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.osutil import relative_uri
from sphinx.util.typing import ExtensionMetadata

from book.exercise_code import stub_file
from verified_book import extra_files, verified
from verified_book.languages import N_, _
from verified_book.page_notes import PageNotes

OFFER = N_("Download the book’s code, its data and the examples of every page (zip)")
README = """\
{title}

{package}/  the code that the pages show, and its data
examples/  the examples of each page, as they stand there
exercises/  what the pages leave to write, a file for each page that has such exercises

In this folder, and best in an environment of its own:

    python -m pip install -r requirements.txt
    python -X utf8 -m doctest {options}examples/{first}

Nothing is printed where every example prints what the page shows; put -v before examples/
to see each of them run, and examples/*.txt to run all.  A file of exercises says itself how it
is used.  {pages}
"""


class Examples(PageNotes):
    """The examples of each page, as a text that doctest runs."""

    kept_as = "downloads_examples"

    def process_doc(self, app, doctree):
        if text := "\n".join(told(doctree)):
            self.of(app.env)[app.env.docname] = text


def told(doctree: nodes.document):
    """The titles of a page under which an example stands, each with those examples."""
    said = None
    for block in doctree.findall(verified.is_example):
        if block["testnodetype"] != "doctest":
            continue
        section = next(
            p for p in ancestors(block) if isinstance(p, nodes.section | nodes.document)
        )
        title = section[0].astext() if len(section) else ""
        if title != said:
            yield f"{title}\n{'-' * len(title)}\n"
        said = title
        yield verified.text_of(block).strip("\n") + "\n"


def ancestors(node):
    while node := node.parent:
        yield node


# -- the zip --------------------------------------------------------------------------------------


def package_of(config: Config) -> Path:
    return Path(config.verified_root, config.verified_package)


def name_of(config: Config) -> str:
    """The link to the zip, from the root of the book."""
    return f"download/{nodes.make_id(config.project)}.zip"


def sources(config: Config) -> dict[str, bytes]:
    """The files of the package, by their path."""
    package = package_of(config)
    files = [path for path in sorted(package.rglob("*")) if path.is_file()]
    return {
        path.relative_to(package.parent).as_posix(): path.read_bytes()
        for path in files
        if "__pycache__" not in path.parts and not is_hidden(path.relative_to(package))
    }


def is_hidden(path: Path) -> bool:
    """Whether it is what a tool keeps for itself, as ``.ruff_cache``."""
    return any(part.startswith(".") for part in path.parts)


def needs(files: dict[str, bytes]) -> list[str]:
    """The packages that the code imports and Python does not have."""
    code = [source for path, source in files.items() if path.endswith(".py")]
    roots = {name.partition(".")[0] for source in code for name in imported(source)}
    own = {path.partition("/")[0] for path in files}
    return sorted(roots - own - sys.stdlib_module_names)


def imported(source):
    with suppress(SyntaxError):  # the page that uses such a module tells of it
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield node.module


def readme(config: Config, examples: list[str]) -> str:
    title = f"{config.project}, version {config.version}: code and examples"
    flags = doctest.OPTIONFLAGS_BY_NAME.items()
    chosen = [name for name, flag in flags if flag & config.doctest_default_flags]
    return README.format(
        title=f"{title}\n{'=' * len(title)}",
        package=config.verified_package,
        options="".join(f"-o {name} " for name in chosen),
        first=examples[0] if examples else "",
        pages=f"The pages: {config.html_baseurl}" if config.html_baseurl else "",
    )


def stubs(folder: Path):
    """The files that a reader completes."""
    for path in sorted(folder.glob("[!_]*.py")):
        with suppress(SyntaxError):  # the page tells of it
            yield f"exercises/{path.name}", stub_file(path)


def contents(app: Sphinx) -> dict[str, bytes]:
    """What is in the zip, by its path."""
    files, pages = sources(app.config), sorted(Examples.of(app.env).items())
    examples = {f"{docname.rpartition('/')[2]}.txt": text for docname, text in pages}
    texts = {f"examples/{name}": text for name, text in examples.items()}
    texts |= dict(stubs(package_of(app.config) / "exercises"))
    texts["README.txt"] = readme(app.config, list(examples)).rstrip() + "\n"
    texts["requirements.txt"] = "\n".join(needs(files)) + "\n"
    licence = Path(app.config.verified_root, "LICENSE")
    if licence.exists():
        texts["LICENSE"] = licence.read_text("utf-8")
    return files | {name: text.encode() for name, text in texts.items()}


def make(app: Sphinx) -> bool:
    path = Path(app.outdir, name_of(app.config))
    shutil.rmtree(path.parent, ignore_errors=True)  # what an earlier build called otherwise
    path.parent.mkdir(parents=True)
    with ZipFile(path, "w") as file:
        for name, data in sorted(contents(app).items()):
            info = ZipInfo(f"{path.stem}/{name}")  # of 1980, whenever it is made
            info.compress_type, info.external_attr, info.create_system = (
                ZIP_DEFLATED,
                0o644 << 16,
                3,
            )
            file.writestr(info, data)
    return True


def ground_of(app):
    """What the zip is made from, and this code."""
    files, examples = sources(app.config), sorted(Examples.of(app.env).items())
    about = name_of(app.config), readme(app.config, []), Path(__file__).read_bytes()
    return extra_files.Ground(app, "download", files, examples, about)


# -- the link -------------------------------------------------------------------------------------


def offer(app, doctree, docname):
    """On the page of a snippet, a link to the zip, where its code is first shown."""
    package = package_of(app.config)
    shown = [n for n in doctree.findall(nodes.literal_block) if "source" in n]
    part = next((n for n in shown if package in Path(n["source"]).resolve().parents), None)
    if not extra_files.is_web(app.builder) or part is None:
        return
    while part.parent.parent is not doctree:
        part = part.parent
    uri = relative_uri(app.builder.get_target_uri(docname), name_of(app.config))
    link = f'<a class="reference internal" href="{uri}" download>{_(OFFER)}</a>'
    inside = nodes.raw("", link, format="html")
    part.insert(1, nodes.paragraph("", "", inside, classes=["code-file"]))


def setup(app: Sphinx) -> ExtensionMetadata:
    for extension in ("verified_book.verified", "verified_book.extra_files"):
        app.setup_extension(extension)
    app.add_env_collector(Examples)
    app.connect("doctree-resolved", offer)
    extra_files.when_changed(app, ground_of, make)
    return {"parallel_read_safe": True, "parallel_write_safe": True, "env_version": 1}
