"""Sets the book with XeLaTeX and reads its log: ``typeset.py FOLDER NAME TARGET``.

FOLDER holds NAME.tex, as Sphinx's latex builder left it.  The PDF appears in TARGET only when it
is whole and nothing in it is lost: no character without a glyph, no reference to nowhere, no text
far out in the margin.  What is wrong is said in one sentence each, and the exit status is 1.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pdf_pages

LIMIT = 10.0  # points that a line may stand out, some 3.5 mm
LONG_LINES = {"max_print_line": "10000", "error_line": "254", "half_error_line": "238"}
LATEXMK = ["latexmk", "-xelatex", "-silent"]
LATEXMK += ["-interaction=nonstopmode", "-halt-on-error", "-file-line-error"]

LOST = re.compile(
    r"Missing character: There is no (\S+)(?: \(U\+([0-9A-F]+)\))? in font ([^:;!\n]+)"
)
DEAD = re.compile(r"(?:Reference|Citation|Hyper reference) [`']([^']+)' on page (\S+) undefined")
TWICE = re.compile(r"Label [`']([^']+)' multiply defined")
WIDE = re.compile(r"Overfull \\hbox \((\d+\.\d+)pt too wide\) [^\n]*\n([^\n]*)")
NO_FONT = re.compile(r"The font \"([^\"]+)\" cannot be found")
PAGES = re.compile(r"Output written on \S+ \((\d+) pages?")
PAGE = re.compile(r"\[(\d+)(?=[\]\s<({])")


def complaints(log):
    """What the log says that a reader would see."""
    found = [
        f"page {page_at(log, m.start())}: no font has the character {m[1]}"
        for m in LOST.finditer(log)
    ]
    found += [f"page {m[2]}: a reference leads nowhere ({m[1]})" for m in DEAD.finditer(log)]
    found += [f"two places have the same label ({m[1]})" for m in TWICE.finditer(log)]
    for m in WIDE.finditer(log):
        if float(m[1]) > LIMIT:
            where = page_at(log, m.start())
            found.append(
                f"page {where}: text stands {float(m[1]):.0f} pt out in the margin{quoted(m[2])}"
            )
    return list(dict.fromkeys(found))


def page_at(log, position):
    """The page being set at a position of the log: one more than the last that was finished."""
    finished = [int(m[1]) for m in PAGE.finditer(log, 0, position)]
    return finished[-1] + 1 if finished else 1


def quoted(text):
    """The words of the line that TeX shows, without its names of fonts."""
    words = re.sub(r"\\\S+ |\[\]|[|$]", " ", text)
    words = " ".join(words.split())
    return f", at “{words[:60]}”" if words else ""


def last_lines(log, count=25):
    """The end of a log, from its first error on if it has one."""
    lines = log.splitlines()
    errors = [i for i, line in enumerate(lines) if re.match(r"\S+:\d+: |! ", line)]
    return "\n".join(lines[errors[0] :][:count] if errors else lines[-count:])


def run(folder, name):
    """Runs latexmk; a run that was cut off leaves a mark, and the next one starts afresh."""
    mark = folder / f"{name}.running"
    environment = os.environ | LONG_LINES
    if mark.exists():
        clean = ["latexmk", "-C", "-silent", f"{name}.tex"]
        subprocess.run(clean, cwd=folder, env=environment, capture_output=True, check=False)
    mark.touch()
    done = subprocess.run(
        [*LATEXMK, f"{name}.tex"], cwd=folder, env=environment, capture_output=True, text=True,
        errors="replace", check=False,
    )  # fmt: skip
    if done.returncode == 0:
        mark.unlink()
    return done


def put(source, target):
    """Moves a copy into place in one step, so that no half of it is ever seen."""
    target.parent.mkdir(parents=True, exist_ok=True)
    half = target.with_name(f".{target.name}.part")
    shutil.copyfile(source, half)
    half.replace(target)


def main(folder, name, target):
    folder, target = Path(folder), Path(target) / f"{name}.pdf"
    if not (folder / f"{name}.tex").is_file():
        sys.exit(f"typeset: no {folder / name}.tex: the latex builder has to run first")
    done = run(folder, name)
    path = folder / f"{name}.log"
    log = path.read_text("utf-8", "replace") if path.exists() else done.stdout + done.stderr
    if done.returncode:
        if font := NO_FONT.search(log):
            sys.exit(
                f"typeset: no font {font[1]} here: on Debian run “make pdf-deps” as root, "
                "elsewhere install it"
            )
        print(last_lines(log), file=sys.stderr)
        sys.exit(f"typeset: XeLaTeX stopped; the whole log is {path}")
    if found := complaints(log):
        sys.exit("\n".join([*found, f"typeset: {len(found)} faults in print; no PDF was made"]))
    put(folder / f"{name}.pdf", target)
    if pages := PAGES.search(log):
        target.with_suffix(".pages").write_text(f"{pages[1]}\n")
    print(f"The PDF: {target}")
    contents = path.with_suffix(".toc")
    if contents.exists() and shutil.which("pdftohtml"):
        first = pdf_pages.openings(contents.read_text("utf-8"))
        print(pdf_pages.report(pdf_pages.pages_of(target), first))


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit("usage: typeset.py FOLDER NAME TARGET")
    main(*sys.argv[1:])
