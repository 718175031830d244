"""Run by compile.mjs inside Pyodide: a zip of Python files, compiled, without what none needs."""

import importlib.util
import io
import marshal
import zipfile

UNUSED = (
    "_pydatetime.py", "_pydecimal.py", "_pyio.py", "cProfile.py", "curses/", "dbm/", "ensurepip/",
    "ftplib.py", "http/server.py", "idlelib/", "imaplib.py", "lib2to3/",
    "mailbox.py", "multiprocessing/", "optparse.py", "pickletools.py", "plistlib.py", "poplib.py",
    "profile.py", "pstats.py", "pydoc_data/", "smtplib.py", "socketserver.py", "sqlite3/", "test/",
    "tkinter/", "trace.py", "turtle.py", "turtledemo/", "venv/", "webbrowser.py", "wsgiref/",
    "xml/", "xmlrpc/", "numpy/_core/include/", "numpy/_pyinstaller/", "numpy/conftest.py",
    "numpy/distutils/", "numpy/f2py/", "numpy/random/_examples", "numpy/random/lib/",
    "numpy/testing/_private/extbuild",
)  # fmt: skip
PARTS = {  # of these folders no more than what begins so
    "encodings": (
        "__init__",
        "aliases",
        "ascii",
        "cp437",
        "idna",
        "latin_1",
        "punycode",
        "raw_",
        "utf",
    ),
    "_pyrepl": ("__init__", "trace", "types", "utils"),  # for pdb, which doctest imports
}
NO_CODE = (".pyi", ".pxd", ".h", ".a", ".c", ".pyx", ".dist-info/RECORD")


def is_used(name):
    """Whether a page, or the ordinary code of a reader, may need a file of a zip."""
    folder, _, rest = name.partition("/")
    if folder in PARTS and not rest.startswith(PARTS[folder]):
        return False
    return not (name.endswith(NO_CODE) or name.startswith(UNUSED) or "/tests/" in name)


def compiled(data, place):
    """The same zip, stored, with each .py as its .pyc, which needs no date to be valid."""
    source, target = zipfile.ZipFile(io.BytesIO(data.tobytes())), io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as out:
        for entry in sorted(source.infolist(), key=lambda entry: entry.filename):
            name, content = entry.filename, source.read(entry)
            if not is_used(name):
                continue
            if name.endswith(".py"):
                code = compile(content, place + name, "exec", dont_inherit=True)
                head = importlib.util.MAGIC_NUMBER + (1).to_bytes(4, "little") + bytes(8)
                name, content = name + "c", head + marshal.dumps(code)
            written = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            written.external_attr = entry.external_attr
            out.writestr(written, content)
    return target.getvalue()
