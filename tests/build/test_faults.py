"""What stops a build from outside: one clear sentence, and nothing that passes for a good book."""

import random
import signal
import subprocess
import sys
import time

import pytest

CAP_DAC_OVERRIDE, PR_CAPBSET_DROP = 1, 24
LOOP = "```{doctest}\n>>> 1\n1\n>>> EXAMPLE\n5\n```"


def command(book, *options, first="", out="out"):
    """A build in a process of its own, which does something first."""
    folders = ["-c", book.root, "-d", book.root / "doctrees", book.root / "docs"]
    sphinx = f"{first}import sys; from sphinx.cmd.build import main; sys.exit(main(sys.argv[1:]))"
    how = ["-W", "--no-color", "-q", "-b", "html", *options]
    return list(map(str, [sys.executable, "-c", sphinx, *how, *folders, book.root / out]))


def stopped(book, *options, first="", out="out"):
    """What a build says when it cannot go on."""
    done = subprocess.run(
        command(book, *options, first=first, out=out), capture_output=True, text=True, timeout=120
    )
    assert done.returncode != 0
    return done.stderr.strip()


# Makes root heed the permissions of files, as others must.
AS_ANYONE = f"""
import ctypes, os, sys
if os.geteuid() == 0:
    ctypes.CDLL(None).prctl({PR_CAPBSET_DROP}, {CAP_DAC_OVERRIDE}, 0, 0, 0)
    os.execv({sys.executable!r}, [{sys.executable!r}, "-m", "sphinx", *sys.argv[1:]])
"""
WITH_A_FULL_DISK = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (20_000,) * 2)\n"


@pytest.mark.parametrize("folder", ["out", "doctrees"])
def test_a_folder_that_cannot_be_written(book, folder):
    (book.root / folder).mkdir(mode=0o555)
    said = stopped(book, first=AS_ANYONE)
    assert "\n" not in said
    assert said.startswith(f"cannot write {book.root / folder}")
    assert said.endswith(": Permission denied: allow it to be written, or name another folder")
    assert not (book.root / "out" / "index.html").exists()


def test_a_full_disk(book):
    said = stopped(book, first=WITH_A_FULL_DISK)
    assert "\n" not in said
    assert said.startswith(f"cannot write {book.root / 'out'}: File too large")
    assert not (book.root / "out" / "index.html").exists()


def test_a_folder_that_cannot_be_made(book):
    (book.root / "build").mkdir(mode=0o555)
    said = stopped(book, first=AS_ANYONE, out="build/out")
    assert "\n" not in said
    assert said.endswith(": Permission denied: allow it to be written, or name another folder")


TAKEN_AWAY = """
from pathlib import Path
def take_away(app, docname, content):
    if docname == "index":
        (Path(app.srcdir) / "other.md").unlink()
def setup(app):
    app.connect("source-read", take_away)
"""


@pytest.mark.parametrize("options", [(), ("-j", "2")], ids=["serial", "parallel"])
def test_a_page_that_is_taken_away_while_the_build_reads(book, options):
    for i in range(4):  # enough for two readers
        book.write(f"docs/a{i}.md", "# A page\n")
    book.edit("docs/index.md", "halving\n", "halving\na0\na1\na2\na3\n")
    book.write("conf.py", (book.root / "conf.py").read_text() + TAKEN_AWAY)
    said = stopped(book, *options)
    told = (
        f"{book.root / 'docs' / 'other.md'} is gone: it was taken away while the build needed it"
    )
    assert said == f"{told}: build again"


@pytest.mark.parametrize(
    ("whole", "broken", "told"),
    [
        ("title = {Thirds}", "title = {Thirds", "4: a brace of poe2021third is left open here"),
        ("title = {Halves}", "title = {{Halves}", "2: a brace of lee2020half is left open here"),
        ("/h}}", "/h}", "1: a brace of lee2020half is left open here"),
        ("{poe2021third", "{lee2020half", "3: the key lee2020half stands already in line 1"),
        ("{poe2021third", "{Lee2020half", "3: the key Lee2020half stands already in line 1"),
        ("@misc{poe2021third,", "@misc poe2021third,", "3: syntax error in line 3"),
        ("Thirds", "Th\xefrds", "4: byte 0xef is not UTF-8: save the file as UTF-8"),
    ],
)  # fmt: skip
def test_a_bibliography_with_a_broken_entry(book, whole, broken, told):
    book.edit("references.bib", whole, broken)
    if "\xef" in broken:
        path = book.root / "references.bib"
        path.write_bytes(path.read_text("utf-8").encode("latin-1"))
    said = stopped(book)
    assert "\n" not in said
    assert said.startswith(f"{book.root / 'references.bib'}:{told}")


def test_braces_and_signs_that_are_whole_stop_nothing(book):
    book.edit(
        "references.bib", "title = {Thirds}", 'title = "Th{\\"i}rds of {x = {y}}", note = {a = b}'
    )
    assert book.build().status == 0


@pytest.mark.parametrize("options", [(), ("-j", "2")], ids=["serial", "parallel"])
def test_a_page_in_another_encoding(book, options):
    path = book.root / "docs" / "other.md"
    path.write_bytes("# Other\n\ncafé\n".encode("latin-1"))
    said = stopped(book, *options)
    assert said == f"{path}:3: byte 0xe9 is not UTF-8: save the file as UTF-8"


def test_a_snippet_with_a_syntax_error(book):
    book.edit("halves/half.py", "x / TWO", "x / / TWO")
    built = book.build()
    told = "WARNING: SyntaxError: invalid syntax; nothing that needs it is run: halving"
    assert built.says(f"halves/half.py:4: {told}")
    assert built.said.count("WARNING") == 1
    assert 'class="failed' in book.html("halving") or "failed highlight" in book.html("halving")
    book.edit("halves/half.py", "x / / TWO", "x / TWO")
    assert book.build().status == 0


MANY = "```{literalinclude} ../halves/half.py\n:pyobject: half\n```\n"
MANY += "```{doctest}\n>>> from halves.half import half\n>>> half(2)\n1.0\n```\n"


def test_one_missing_parenthesis_is_one_message_however_often_it_is_met(book):
    book.write("halves/figures/__init__.py", "")
    book.write("halves/figures/other.py", "from halves import half\n")
    book.page(MANY * 20 + ":::{drawn} line\n:alt: A line.\n:::\n")
    book.edit("halves/half.py", "half(x)", "half(x")
    for _ in range(2):
        built = book.build()
        told = "SyntaxError: '(' was never closed; nothing that needs it is run: halving, other"
        assert built.says(f"halves/half.py:3: WARNING: {told}")
        assert built.said.count("WARNING") == 1


def test_an_endless_loop_names_the_example(book):
    book.edit("conf.py", "verified_package", "verified_seconds = 1\nverified_package")
    book.page(LOOP.replace("EXAMPLE", "while True: pass"))
    built = book.build()
    assert built.says("other.md:6: WARNING: this did not finish within 1 s (verified_seconds)")


def test_an_endless_loop_that_hears_no_signal_ends_the_build(book):
    book.edit("conf.py", "verified_package", "verified_seconds = 1\nverified_package")
    book.page(LOOP.replace("EXAMPLE", "sum(range(10**15))"))
    said = stopped(book)
    assert said.startswith(f"{book.root / 'docs' / 'other.md'}:6: this did not finish within 1 s")
    assert "\n" not in said


def test_a_reader_that_hears_no_signal_ends_the_build_too(book):
    book.edit("conf.py", "verified_package", "verified_seconds = 1\nverified_package")
    for i in range(4):  # enough for two readers
        book.write(f"docs/a{i}.md", "# A page\n")
    book.edit("docs/index.md", "halving\n", "halving\na0\na1\na2\na3\n")
    book.page(LOOP.replace("EXAMPLE", "sum(range(10**15))"))
    said = stopped(book, "-j", "2")
    assert said.startswith(f"{book.root / 'docs' / 'other.md'}:6: this did not finish within 1 s")
    assert "\n" not in said


def files(book):
    """All that a build made of the book, but for Sphinx's own record of the build."""
    out = book.root / "out"
    paths = (p for p in sorted(out.rglob("*")) if p.is_file() and p.name != ".buildinfo")
    return {str(path.relative_to(out)): path.read_bytes() for path in paths}


def test_a_build_killed_at_any_point_leaves_nothing_that_a_later_one_takes_for_good(book):
    began = time.monotonic()
    assert book.build("-E").status == 0
    whole, seconds = files(book), time.monotonic() - began
    moments = random.Random(0)
    for _ in range(6):
        book.edit("halves/ground.py", "TWO", "TWO")  # saved: its pages are read again
        book.edit("docs/other.md", "Nothing.", "Nothing.")
        process = subprocess.Popen(command(book, "-E"), stderr=subprocess.DEVNULL)
        time.sleep(moments.uniform(0.3, 1) * 2 * seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert book.build().status == 0
        assert files(book) == whole


def test_a_build_killed_over_a_fault_fails_again(book):
    assert book.build().status == 0
    book.edit("docs/halving.md", "2.0\n```", "2.5\n```")
    process = subprocess.Popen(command(book), stderr=subprocess.DEVNULL)
    time.sleep(1.5)
    process.kill()
    process.wait()
    assert book.build().says("halving.md", "Expected")
