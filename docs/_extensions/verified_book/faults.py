"""What stops a build from outside the book, in one sentence: what, where, what to do.

A folder that cannot be written, a full disk, a page that is not UTF-8, a bibliography that does
not parse, an example that never returns: for these Sphinx would show its own inside, or nothing.

Ground floor: knows Sphinx and its readers, and none of the book's own directives.
"""

import errno
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
    """Names what could not be written; an error of any other kind is left to Sphinx."""
    error = getattr(error, "orig_exc", None) or error  # what an extension met
    if not isinstance(error, OSError) or error.errno not in WHAT_TO_DO:
        return
    place = Path(error.filename or app.outdir)
    if any(place.is_relative_to(folder) for folder in (app.outdir, app.doctreedir)):
        stop(f"cannot write {place}: {error.strerror}: {WHAT_TO_DO[error.errno]}")


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
        return f"{path}:{line}: byte {data[error.start]:#x} is not UTF-8: save the page as UTF-8"
    return None


def read_bibliography(filenames, encoding):
    try:
        return parse_bibdata(filenames, encoding)
    except (PybtexError, UnicodeDecodeError) as error:
        names = ", ".join(map(str, filenames))
        stop(f"{names}: {error}: mend the entry that ends there")


def setup(app: Sphinx) -> ExtensionMetadata:
    bibfile.parse_bibdata = read_bibliography
    app.connect("env-before-read-docs", refuse_other_encodings)
    app.connect("build-finished", explain, priority=100)  # before others try to write
    return {"parallel_read_safe": True, "parallel_write_safe": True}
