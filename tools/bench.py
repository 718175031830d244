"""What the verified build costs: one table of ratios, all measured in one run on one machine.

    make bench                     against stock Sphinx, sphinx-autobuild, and ourselves
    make bench BASE=a7f2ed2        and against the book as it was at that commit

Builds are timed on a generated book of 25 pages and 350 examples, in a temporary folder, and on a
copy of the book itself (measure.py tells how).  Nothing is written here unless --record asks for
it: then the table replaces the one in docs/appendix/about.md.
"""

import argparse
import io
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import browser
import generated_book
from generated_book import BOOK, EXAMPLES_ON_A_PAGE, NOTEBOOKS, OURS, STOCK
from measure import EXAMPLE, LINE, PROSE, Folder, autobuild, in_turn, live, measured

PAGES, MANY, SAVES = 25, 100, 5
MYST_NB = "myst-nb==1.4.0"
TABLE_FILE = BOOK / "docs" / "appendix" / "about.md"
LONG = "docs/architectures/transformer.md"
LONG_PAGE = "architectures/transformer.html"


# -- the table ------------------------------------------------------------------------------


@dataclass
class Row:
    """One comparison: ours against another's, or against nothing; small is good.

    Without a limit it is only told.
    """

    what: str
    ours: float
    other: float | None
    limit: float | None
    unit: str = "s"

    @property
    def measured(self):
        return self.ours if self.other is None else self.ours / self.other

    @property
    def cells(self):
        relative = self.other is not None
        cells = [
            self.what,
            f"{figure(self.ours)} {self.unit}".rstrip(),
            f"{figure(self.other)} {self.unit}".rstrip() if relative else "",
            figure(self.measured) if relative else "",
        ]
        if self.limit is None:
            return [*cells, "", "told"]
        limit = f"≤ {figure(self.limit)}" + ("" if relative else f" {self.unit}".rstrip())
        return [*cells, limit, "ok" if self.measured <= self.limit else "over"]


@dataclass
class Missing:
    """A comparison that was not made, and how to make it."""

    what: str
    why: str

    @property
    def cells(self):
        return [self.what, "", "", "", "", self.why]


HEADS = ["what", "ours", "other", "ratio", "target", "result"]


def figure(value):
    """Three digits at most, as people write them."""
    if value >= 100 or value == int(value):
        return f"{value:.0f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def as_text(rows):
    lines = [HEADS, *(row.cells for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def as_markdown(rows, machine):
    lines = [HEADS, ["---"] * len(HEADS)]
    for what, *cells in (row.cells for row in rows):  # a number and its unit stay on one line
        lines.append([what, *(cell.replace(" ", "&nbsp;") for cell in cells)])
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"Measured on {machine}.\n\n{table}"


def record(text, table):
    """The text with the table between its two marks."""
    marked = re.compile(r"(<!-- bench -->\n)[\s\S]*?(<!-- /bench -->)")
    if not marked.search(text):
        raise SystemExit(
            f"bench: {TABLE_FILE.relative_to(BOOK)} has no place for the table: "
            "write the lines <!-- bench --> and <!-- /bench --> there"
        )
    return marked.sub(lambda found: f"{found[1]}\n{table}\n\n{found[2]}", text)


def machine():
    """The machine in a few words, by its processor."""
    try:
        names = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    except OSError:
        names = None
    processor = names[1] if names else platform.processor() or platform.machine()
    cores = os.cpu_count()
    return f"{processor}, {cores} cores, Python {platform.python_version()}, {date.today()}"


# -- the generated book ------------------------------------------------------------------------


def build_rows(temp, with_myst_nb):
    ours = Folder(generated_book.generate(temp / "ours", PAGES, OURS), temp / "build-ours")
    stock = Folder(generated_book.generate(temp / "stock", PAGES, STOCK), temp / "build-stock")
    many = Folder(generated_book.generate(temp / "many", MANY, OURS), temp / "build-many")
    ours.cold("html")  # so that all of it comes from the disk's cache
    costs = in_turn({
        "verified": lambda: ours.cold("html"),
        "no-op": lambda: ours.sphinx(),
        "not run": lambda: ours.cold("html", unverified=True),
        "stock": lambda: stock.cold("html", "doctest"),
    })  # fmt: skip
    verified = costs["verified"]
    yield Row("html, cold: examples run / not run", verified.cpu, costs["not run"].cpu, 1.1)
    yield Row("verified html / stock html, then doctest", verified.cpu, costs["stock"].cpu, 0.7)
    if with_myst_nb:
        yield from notebook_rows(temp, ours)
    else:
        how = "to measure it: tools/bench.py --with-myst-nb"
        yield Missing("verified html / MyST-NB, empty cache", how)
    yield Row("html again, nothing changed / cold", costs["no-op"].cpu, verified.cpu, 0.3)

    ours.cold("html")
    for file, users in (("page003", 1), ("base2", generated_book.PAGES_ON_A_BASE)):
        read = ours.read_again(f"snippets/{file}.py")
        yield Row(f"pages read again / using the snippet ({file})", read, users, 1, "")

    big = in_turn({"many": lambda: many.cold("html")}, rounds=2)["many"]
    what = f"of a page, in a book of {MANY} / of {PAGES}"
    yield Row(f"CPU time {what}", 1e3 * big.cpu / MANY, 1e3 * verified.cpu / PAGES, 1.25, "ms")
    yield Row(f"peak memory {what}", big.peak / MANY, verified.peak / PAGES, 1.25, "MB")

    for what, *save in (
        ("page", "docs/page003.md", PROSE),
        ("snippet", "snippets/page003.py", LINE),
    ):
        with live(ours, 8760) as ours_shown, autobuild(stock, 8761) as stock_shown:
            pair = [
                statistics.median(preview.seconds(*save) for _ in range(SAVES))
                for preview in (ours_shown, stock_shown)
            ]
        yield Row(f"{what} saved to reload: live / sphinx-autobuild", *pair, 0.2)


def notebook_rows(temp, ours):
    """The same pages executed by MyST-NB, in an environment of its own.

    Its kernels' starts and stops are waited for, so that whoever builds waits longer than the
    processor works: both are told.
    """
    python, build = temp / "venv" / "bin" / "python", temp / "build-notebooks"
    subprocess.run([sys.executable, "-m", "venv", temp / "venv"], check=True)
    install = [python, "-m", "pip", "install", "-q", "-r", BOOK / "requirements" / "book.txt"]
    subprocess.run([*install, MYST_NB], check=True)
    root = generated_book.generate(temp / "notebooks", PAGES, NOTEBOOKS, notebook=True)

    def notebooks():
        shutil.rmtree(build, ignore_errors=True)
        command = [python, "-m", "sphinx", "-q", "-c", root, "-d", build, root / "docs"]
        return measured([*command, build / "html"], root)

    costs = in_turn({"verified": lambda: ours.cold("html"), "notebooks": notebooks}, rounds=5)
    verified, others = costs["verified"], costs["notebooks"]
    what = "verified html / MyST-NB, empty cache"
    yield Row(f"{what}, by the clock", verified.clock, others.clock, 1 / 7)
    yield Row(f"{what}, CPU time", verified.cpu, others.cpu, 1 / 7)


# -- the book itself ---------------------------------------------------------------------------


def book_rows(temp, base):
    """Of a copy, which may be edited; beside it that of another commit, if one is named."""
    skip = shutil.ignore_patterns("build", ".venv", ".git", "node_modules", "__pycache__")
    ours = Folder(shutil.copytree(BOOK, temp / "book", ignore=skip), temp / "build-book")
    costs = in_turn({
        "html": lambda: ours.cold("html", jobs="auto"),
        "serial": lambda: ours.cold("html"),
    }, rounds=2)  # fmt: skip
    cold, serial = costs["html"], costs["serial"]
    yield Row("our book, cold: peak memory of a process", cold.peak, None, 450, "MB")
    what = f"our book, cold: by the clock, {os.cpu_count()} readers / one"
    yield Row(what, cold.clock, serial.clock, 0.65)
    yield from weight_rows(ours.build / "html")
    yield from run_rows(temp)
    costs = in_turn({
        "run": lambda: ours.cold("dummy"),
        "not run": lambda: ours.cold("dummy", unverified=True),
    }, rounds=3)  # fmt: skip
    examples = costs["run"].cpu - costs["not run"].cpu
    yield Row("all examples of our book, on one core", examples, None, 10)
    yield Row("reading our book and drawing its figures", costs["not run"].cpu, None, None)
    if base:
        yield from base_rows(
            ours, Folder(at_commit(base, temp / "base"), temp / "build-base"), cold
        )
    else:
        yield Missing("our book / as it was", "to measure it: make bench BASE=a7f2ed2")


def weight_rows(html):
    names = [path.relative_to(html).as_posix() for path in sorted(html.rglob("*.html"))]
    with browser.chromium() as chromium, browser.served(html) as address:
        visits = {name: browser.first_visit(chromium, address, name) for name in names}
    name, heaviest = max(visits.items(), key=lambda item: item[1].weight)
    foreign = sum(len(visit.foreign) for visit in visits.values())
    yield Row(f"first visit of our heaviest page ({name})", heaviest.weight / 1e3, None, 170, "kB")
    yield Row("requests that leave the book, on all pages", foreign, None, 0, "")


# -- a reader's click -----------------------------------------------------------------------------

CLICK = """() => new Promise((told) => {
  const bars = [...document.querySelectorAll('.runnable + .run-bar')];
  const bar = bars.find((e) => e.checkVisibility()), began = performance.now();
  const out = bar.nextElementSibling;
  const look = () => out.dataset.state === 'good' && told((performance.now() - began) / 1000);
  new MutationObserver(look).observe(out, { attributes: true });
  bar.querySelector('button').click();
})"""


def run_rows(temp, html=BOOK / "build" / "html", rounds=3):
    """From Run to the first checked result: ours, and the same page with stock Pyodide."""
    what = "Run to the first checked result, {}: ours / stock Pyodide"
    if not (html / "_runtime").exists():
        how = "to measure it: make runtime html before"
        yield from (Missing(what.format(kind), how) for kind in ("cold", "warm"))
        return
    books = {"ours": html, "stock": with_stock_runtime(html, temp / "stock-runtime")}
    found = {name: {"cold": [], "warm": []} for name in books}
    for path in (path for folder in books.values() for path in (folder / "_runtime").rglob("*.*")):
        browser.packed(path, path.stat().st_mtime_ns)  # hosts have it ready
    with browser.chromium() as chromium:
        for name, folder in [*books.items()] * rounds:
            with browser.served(folder) as address:
                context = chromium.new_context()
                for kind in ("cold", "warm"):
                    found[name][kind].append(seconds_to_run(context, address))
                context.close()
    for kind in ("cold", "warm"):
        yield Row(what.format(kind), *(min(found[name][kind]) for name in books), 0.6)


def seconds_to_run(context, address):
    tab = context.new_page()
    tab.goto(address + LONG_PAGE)
    tab.locator(".run-bar").first.wait_for(state="attached")
    seconds = tab.evaluate(CLICK)
    tab.close()
    return seconds


def with_stock_runtime(html, folder):
    """The built book with the files as they are published: not compiled, nothing left out."""
    shutil.copytree(html, folder)
    [runtime] = (folder / "_runtime").glob("python-*")
    cache = BOOK / "build" / "runtime-cache"
    [numpy] = cache.glob("numpy-*.whl")
    shutil.copyfile(cache / "python_stdlib.zip", runtime / "python_stdlib.zip.json")
    shutil.copyfile(numpy, runtime / "numpy.zip.json")
    return folder


def at_commit(commit, folder):
    """The book as it was at a commit."""
    packed = subprocess.run(["git", "archive", commit], cwd=BOOK, capture_output=True)
    if packed.returncode:
        raise SystemExit(f"bench: no commit {commit}: {packed.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as files:
        files.extractall(folder, filter="data")
    return folder


def base_rows(ours, base, cold):
    """Ours against an earlier book: built in one process, as `make html` did then."""
    first = in_turn({"cold": lambda: base.cold("html")}, rounds=2)["cold"]
    yield Row("cold html: our book / as it was", cold.cpu, first.cpu, 0.7)
    ours.cold("html")
    again = in_turn({"ours": ours.sphinx, "base": base.sphinx})
    yield Row("nothing changed: our book / as it was", again["ours"].cpu, again["base"].cpu, 0.7)
    runs = {"ours": lambda: ours.after(LONG, PROSE), "base": lambda: base.after(LONG, PROSE)}
    one = in_turn(runs)
    yield Row("one page changed: our book / as it was", one["ours"].cpu, one["base"].cpu, 0.6)
    with live(ours, 8760) as now, live(base, 8761) as then:
        yield from save_rows("prose", PROSE, now, then, 0.3, 0.5)
        yield from save_rows("an example", EXAMPLE, now, then, 0.5, 0.8)


def save_rows(what, edit, now, then, *limits):
    """Each page that can take the edit is saved once, in both previews in turn."""
    files = can_take(edit, now.folder.root, then.folder.root)
    pairs = [[preview.seconds(file, edit) for preview in (now, then)] for file in files]
    slowest = [statistics.quantiles(column, n=10)[-1] for column in zip(*pairs, strict=True)]
    middle = [statistics.median(column) for column in zip(*pairs, strict=True)]
    name = f"{what} saved to reload, {len(files)} pages: our book / as it was"
    yield Row(f"{name}, median", *middle, limits[0])
    yield Row(f"{name}, 90th percentile", *slowest, limits[1])


def can_take(edit, *roots):
    """The pages that stand in all books and have what the edit looks for."""
    names = [path.relative_to(roots[0]) for path in sorted(roots[0].glob("docs/**/[!_]*.md"))]
    texts = {name: [root / name for root in roots] for name in names}
    return [
        name.as_posix()
        for name, paths in texts.items()
        if all(path.exists() and edit[0].search(path.read_text("utf-8")) for path in paths)
    ]


def main(argv):
    parser = argparse.ArgumentParser(description="Time the build against its alternatives.")
    parser.add_argument("--record", action="store_true", help="write the table into the book")
    parser.add_argument(
        "--with-myst-nb", action="store_true", help="install it into a temporary environment"
    )
    parser.add_argument("--only", choices=["build", "book"], help="half of the table")
    parser.add_argument("--base", help="a commit to compare our book with")
    args = parser.parse_args(argv)
    if args.record:
        record(TABLE_FILE.read_text("utf-8"), "")  # fail now, not after minutes
    rows = []
    with tempfile.TemporaryDirectory() as temp:
        temp = Path(temp).resolve()
        if args.only != "book":
            rows += build_rows(temp, args.with_myst_nb)
        if args.only != "build":
            rows += book_rows(temp, args.base)
    about = (
        f"{PAGES} pages, {PAGES * EXAMPLES_ON_A_PAGE} examples; CPU seconds; reloads by the clock"
    )
    print(f"{machine()}\n{about}\n\n{as_text(rows)}")
    if args.record:
        text = record(TABLE_FILE.read_text("utf-8"), as_markdown(rows, f"{machine()}; {about}"))
        TABLE_FILE.write_text(text, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
