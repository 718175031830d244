"""What stops a build from outside: one clear sentence, and nothing that passes for a good book."""

import random
import signal
import subprocess
import sys
import time

import pytest

CAP_DAC_OVERRIDE, PR_CAPBSET_DROP = 1, 24
LOOP = "```{doctest}\n>>> 1\n1\n>>> EXAMPLE\n5\n```"


def command(book, *options, first=""):
    """A build in a process of its own, which does something first."""
    folders = ["-c", book.root, "-d", book.root / "doctrees", book.root / "docs"]
    sphinx = f"{first}import sys; from sphinx.cmd.build import main; sys.exit(main(sys.argv[1:]))"
    how = ["-W", "--no-color", "-q", "-b", "html", *options]
    return list(map(str, [sys.executable, "-c", sphinx, *how, *folders, book.root / "out"]))


def stopped(book, *options, first=""):
    """What a build says when it cannot go on."""
    done = subprocess.run(
        command(book, *options, first=first), capture_output=True, text=True, timeout=120
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


@pytest.mark.parametrize(
    ("whole", "broken", "reason"),
    [
        ("title = {Thirds}", "title = {Thirds", "premature end of file"),
        ("@misc{poe2021third", "@misc{lee2020half", "repeated bibliography entry"),
        ("@misc{poe2021third,", "@misc poe2021third,", "syntax error in line 3"),
    ],
    ids=["an open brace", "a key twice", "no brace"],
)
def test_a_bibliography_with_a_broken_entry(book, whole, broken, reason):
    book.edit("references.bib", whole, broken)
    said = stopped(book)
    assert "\n" not in said
    assert f"{book.root / 'references.bib'}: " in said
    assert reason in said


@pytest.mark.parametrize("options", [(), ("-j", "2")], ids=["serial", "parallel"])
def test_a_page_in_another_encoding(book, options):
    path = book.root / "docs" / "other.md"
    path.write_bytes("# Other\n\ncafé\n".encode("latin-1"))
    said = stopped(book, *options)
    assert said == f"{path}:3: byte 0xe9 is not UTF-8: save the page as UTF-8"


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
