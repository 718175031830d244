"""What stops a build from outside the book, in one sentence: what, where, what to do.

A folder that cannot be written, a full disk, a page that is taken away while it is read or is not
UTF-8, a bibliography that does not parse: for these Sphinx would show its own inside, or nothing.

Ground floor: knows Sphinx and its readers, and none of the book's own directives.
"""

import errno
import os
import re
import sys
from pathlib import Path

from pybtex.exceptions import PybtexError
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata
from sphinxcontrib.bibtex import bibfile

parse_bibdata = bibfile.parse_bibdata
ALLOW, MAKE_ROOM = "allow it to be written, or name another folder", "make room on the disk"
WHAT_TO_DO = {
    errno.EACCES: ALLOW,
    errno.EPERM: ALLOW,
    errno.EROFS: ALLOW,
    errno.ENOTDIR: ALLOW,
    errno.ENOSPC: MAKE_ROOM,
    errno.EDQUOT: MAKE_ROOM,
    errno.EFBIG: "allow larger files (ulimit -f), or make room on the disk",
}


def stop(sentence):
    """Ends the build with this sentence alone, and the status of a build that broke."""
    print(f"\n{sentence}", file=sys.stderr)
    raise SystemExit(2)


def explain(app, error):
    """Names what could not be read or written; an error of any other kind is left to Sphinx."""
    if isinstance(error, EOFError):  # a reader was ended; the watch over it has said why
        raise SystemExit(2)
    error = getattr(error, "orig_exc", None) or error  # what an extension met
    if not getattr(error, "errno", None):
        error = as_told(str(error))
    if not isinstance(error, OSError):
        return
    place = Path(error.filename or app.outdir)
    ours = any(place.is_relative_to(folder) for folder in (app.outdir, app.doctreedir))
    if error.errno == errno.ENOENT and (ours or place.is_relative_to(app.srcdir)):
        stop(f"{place} is gone: it was taken away while the build needed it: build again")
    if error.errno in WHAT_TO_DO and ours:
        stop(f"cannot write {place}: {error.strerror}: {WHAT_TO_DO[error.errno]}")
    if error.errno in WHAT_TO_DO and place.is_relative_to(app.srcdir):
        stop(f"cannot read {place}: {error.strerror}: allow it to be read")


def as_told(text):
    """The error that a parallel reader met, or docutils, of which only the words are left."""
    if met := re.search(r"\[Errno (\d+)\] [^:\n]+(?:: '([^']+)')?", text):
        return OSError(int(met[1]), os.strerror(int(met[1])), met[2])
    if met := re.search(r"FileNotFoundError: (.+) does not exist|^(.+) does not exist$", text):
        return OSError(errno.ENOENT, "", met[1] or met[2])
    return None


def make_folders(app):
    """Sphinx makes them before it listens to anybody."""
    for folder in (app.outdir, app.doctreedir):
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            if error.errno in WHAT_TO_DO:
                stop(f"cannot write {folder}: {error.strerror}: {WHAT_TO_DO[error.errno]}")


def refuse_other_encodings(app, env, docnames):
    """Sphinx reads UTF-8; a page in anything else is named before the first one is read."""
    found = [sentence for name in docnames if (sentence := not_utf8(env.doc2path(name)))]
    if found:
        stop("\n".join(found))


def not_utf8(path):
    data = Path(path).read_bytes()
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return f"{path}:{line}: byte {data[error.start]:#x} is not UTF-8: save the file as UTF-8"
    return None


# -- the bibliography -----------------------------------------------------------------------

ENTRY = re.compile(r"^[ \t]*@(?!comment|string|preamble)\w+\s*[{(]\s*([^\s,{}]+)", re.M | re.I)
PIECE = re.compile(r"\\.|[{}]|\b\w+\s*=\s*[{\"]", re.S)


def read_bibliography(filenames, encoding):
    for path in filter(Path.is_file, filenames):
        if sentence := not_utf8(path):
            stop(sentence)
        if found := key_twice(path.read_text("utf-8")):
            stop(f"{path}:{found[0]}: {found[1]}")
    try:
        return parse_bibdata(filenames, encoding)
    except PybtexError as error:
        path = Path(error.filename or filenames[0])
        if found := open_brace(path.read_text("utf-8")):
            stop(f"{path}:{found[0]}: {found[1]}")
        stop(f"{path}:{getattr(error, 'lineno', 1)}: {error}: mend the entry that ends there")


def key_twice(text):
    """The line of an entry whose key another has, and what to do."""
    first = {}
    for entry in ENTRY.finditer(text):
        key, line = entry[1], line_at(text, entry.start(1))
        if key.lower() in first:
            at = first[key.lower()]
            return line, f"the key {key} stands already in line {at}: rename one of the two"
        first[key.lower()] = line
    return None


def open_brace(text):
    """The line of a value whose brace is never closed: another field or entry begins in it."""
    starts = [*ENTRY.finditer(text)]
    for entry, end in zip(starts, [*(e.start() for e in starts[1:]), len(text)], strict=True):
        depth, opened = 0, entry.start(1)
        for piece in PIECE.finditer(text, entry.start(), end):
            sign = piece[0][-1] if piece[0][0] != "\\" else ""
            if len(piece[0]) > 1 and sign and depth > 1:
                break
            if depth == 1 and sign == "{":
                opened = piece.start()
            depth += {"{": 1, "}": -1}.get(sign, 0)
        if depth > 0:
            place = opened if depth > 1 else entry.start(1)
            return line_at(text, place), f"a brace of {entry[1]} is left open here: close it"
    return None


def line_at(text, place):
    return text.count("\n", 0, place) + 1


def setup(app: Sphinx) -> ExtensionMetadata:
    bibfile.parse_bibdata = read_bibliography
    make_folders(app)
    app.connect("env-before-read-docs", refuse_other_encodings)
    app.connect("build-finished", explain, priority=100)  # before others try to write
    return {"parallel_read_safe": True, "parallel_write_safe": True}
