"""What the verified build costs: one table of ratios, all measured in one run on one machine.

Builds are timed on a generated book of 25 pages and 350 examples, in a temporary folder, in turn
(A B A B ...), by the CPU seconds and the peak memory of the process, of which the least counts:
what others do on the machine only adds to it.  The live preview is timed by the clock, from the
save to the reload, and MyST-NB by both.  The last rows are of the book itself.  Nothing is
written here unless --record asks for it: then the table replaces the one in
docs/appendix/about.md.

A tool: it starts Sphinx, the live preview and stock sphinx-autobuild.  Run as ``make bench``.
"""

import argparse
import gzip
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import unquote, urlsplit

import generated_book
from generated_book import BOOK, EXAMPLES_ON_A_PAGE, NOTEBOOKS, OURS, STOCK

PAGES, MANY, ROUNDS, SAVES = 25, 100, 7, 5
MYST_NB = "myst-nb==1.4.0"
TABLE_FILE = BOOK / "docs" / "appendix" / "about.md"
ENVIRONMENT = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1"}

# Builds the same pages without running their examples.  No setting does this, on purpose.
UNVERIFIED = f"""
import sys
sys.path.insert(0, {str(BOOK / "docs" / "_extensions")!r})
from verified_book import verified
verified.Verification.process_doc = lambda *_: None
from sphinx.cmd.build import main
sys.exit(main(sys.argv[1:]))
"""


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


# -- one process, measured ---------------------------------------------------------------------


@dataclass
class Cost:
    """CPU seconds (its own and the system's), peak memory in MB and seconds by the clock."""

    cpu: float
    peak: float
    clock: float

    def __add__(self, other):
        cpu, clock = self.cpu + other.cpu, self.clock + other.clock
        return Cost(cpu, max(self.peak, other.peak), clock)


def measured(command, cwd):
    """The cost of a process and of those it starts and waits for, as notebooks' kernels are."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as told:
        process = subprocess.Popen(command, cwd=cwd, env=ENVIRONMENT, stdout=told, stderr=told)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            told.seek(0)
            raise SystemExit(f"bench: a build failed\n{told.read()[-3000:]}")
    clock = time.perf_counter() - began
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / unit, clock)


def in_turn(runs, rounds=ROUNDS):
    """The least cost of each run, all runs made in turn."""
    costs = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            costs[name].append(run())
    return {
        name: Cost(min(c.cpu for c in all_), min(c.peak for c in all_), min(c.clock for c in all_))
        for name, all_ in costs.items()
    }


class Folder:
    """A book and what is built from it."""

    def __init__(self, root, build, python=sys.executable):
        self.root, self.build, self.python = root, build, python

    def sphinx(self, builder="html", unverified=False):
        program = ["-c", UNVERIFIED] if unverified else ["-m", "sphinx"]
        folders = ["-c", self.root, "-d", self.build / "doctrees", self.root / "docs"]
        command = [self.python, *program, "-q", "-b", builder, *folders, self.build / builder]
        return measured(command, self.root)

    def cold(self, *builders, **how):
        shutil.rmtree(self.build, ignore_errors=True)
        return sum((self.sphinx(builder, **how) for builder in builders[1:]),
                   self.sphinx(builders[0], **how))  # fmt: skip

    def read_times(self):
        return {path: path.stat().st_mtime_ns for path in self.build.rglob("*.doctree")}

    def read_again(self, file):
        """How many pages a change of this file has Sphinx read."""
        before = self.read_times()
        change(self.root / file)
        self.sphinx()
        after = self.read_times()
        return sum(before[path] != after[path] for path in before)


def change(path):
    """A change that alters nothing: one more line that is a comment, or white."""
    with path.open("a", encoding="utf-8") as file:
        file.write("# saved\n" if path.suffix == ".py" else "\n")


# -- the live preview ---------------------------------------------------------------------------


def preview(folder, port):
    tool = Path(__file__).with_name("live.py")
    return [folder.python, tool, "--root", folder.root, "--port", str(port)]


def stock_preview(folder, port):
    root, build = folder.root, folder.root / "build"
    ignored = ["--ignore", str(build / "*")]
    folders = ["-c", root, "-d", build / "doctrees", root / "docs", build / "live"]
    watching = ["--watch", root, *ignored, "--port", str(port)]
    return [folder.python, "-m", "sphinx_autobuild", "-q", *folders, *watching]


@contextmanager
def served(command, port):
    """A running preview, as the websocket that tells a browser to reload."""
    from websockets.sync.client import connect

    process = subprocess.Popen(
        command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        address, end = f"ws://127.0.0.1:{port}/websocket-reload", time.monotonic() + 120
        while process.poll() is None and time.monotonic() < end:
            try:
                with connect(address, proxy=None) as websocket:
                    yield websocket
                    return
            except ConnectionRefusedError:
                time.sleep(0.1)
        raise SystemExit("bench: the preview did not start")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def seconds_to_reload(command, port, path, pause):
    """The median time from a save of the file to the reload of the page."""
    seconds = []
    with served(command, port) as websocket:
        for _ in range(SAVES):
            time.sleep(pause)
            change(path)
            began = time.perf_counter()
            websocket.recv(timeout=120)
            seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


# -- what a page weighs ----------------------------------------------------------------------


@dataclass
class Visit:
    """What a browser fetches for one page with an empty cache."""

    files: dict[Path, int]
    foreign: list[str]

    @property
    def weight(self):
        return sum(self.files.values())


def compressed(path):
    """Bytes on the wire: woff2 and pictures of pixels are compressed already."""
    data = path.read_bytes()
    packed = path.suffix in {".woff2", ".woff", ".png", ".jpg", ".webp"}
    return len(data) if packed else len(gzip.compress(data, 9))


def is_foreign(address):
    return bool(urlsplit(address).netloc)


def beside(path, address):
    """The file that an address on this page, or in this style sheet, means."""
    return Path(os.path.normpath(path.parent / unquote(urlsplit(address).path)))


def fetched_by(soup):
    """The addresses that a page loads by itself."""
    loading = {"stylesheet", "icon", "preload", "modulepreload", "manifest"}
    for link in soup.find_all("link", href=True):
        if loading & set(link.get("rel", [])):
            yield link["href"]
    for tag in soup.find_all(["script", "img", "iframe", "source", "embed", "video", "audio"]):
        yield from filter(None, [tag.get("src"), tag.get("srcset", "").split(" ")[0]])
    yield from (tag["data"] for tag in soup.find_all("object", data=True))


FACE = re.compile(r"@font-face\s*\{([^}]*)\}")
RULE = re.compile(r"([^{}@;]+)\{([^{}]*)\}")
ADDRESS = re.compile(r"url\(\s*['\"]?((?!data:|#)[^'\")]+)")


def declared(block, name, default=""):
    found = re.search(rf"(?:^|;|\s){name}\s*:\s*([^;]+)", block)
    return found[1].strip(" '\"\n") if found else default


def heaviness(block):
    """Bold or not: the weight that a rule or a face declares."""
    weight = declared(block, "font-weight") or declared(block, "font")
    return bool(re.search(r"\b(bold|[6-9]00)\b", weight))


def slanted(block):
    return "italic" in (declared(block, "font-style") + declared(block, "font"))


def text_of(soup, selectors):
    """The text of the elements that a rule is for; what is no plain selector counts for all."""
    selectors = re.sub(r"::?(before|after|hover|focus|placeholder|marker)\b", "", selectors)
    try:
        return "".join(element.get_text() for element in soup.select(selectors.strip()))
    except Exception:
        return soup.get_text()


def holds_characters(text, ranges):
    """Whether the text has a character of the face's unicode-range, or any where it has none."""
    if not ranges:
        return bool(text)
    for part in ranges.split(","):
        first, _, last = part.strip().removeprefix("U+").partition("-")
        low, high = int(first.replace("?", "0"), 16), int((last or first).replace("?", "F"), 16)
        if any(low <= ord(character) <= high for character in text):
            return True
    return False


BY_ITSELF = [("b, strong, th, dt", "font-weight: bold"), ("i, em, cite", "font-style: italic")]


def fonts_used(css, soup):
    """The faces of a style sheet that the page needs, by their first (best) address."""
    rules = [
        (selectors, block, declared(block, "font-family") + declared(block, "font"))
        for selectors, block in RULE.findall(FACE.sub("", css))
    ]
    for families in [families for selectors, _, families in rules if selectors.strip() == "body"]:
        rules += [(selectors, block, families) for selectors, block in BY_ITSELF]
    for face in FACE.findall(css):
        family, characters = declared(face, "font-family"), declared(face, "unicode-range")
        if any(
            family in families
            and (heaviness(block), slanted(block)) == (heaviness(face), slanted(face))
            and holds_characters(text_of(soup, selectors), characters)
            for selectors, block, families in rules
        ):
            yield ADDRESS.search(face)[1]


def visit(page):
    """What a first visit of a page loads: page, style sheets, scripts, pictures and fonts."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(page.read_text("utf-8"), "html.parser")
    for heard in soup.select(".katex-mathml"):  # it is set in no face of the book
        heard.decompose()
    waiting, files, foreign = [(page, address) for address in fetched_by(soup)], {page}, []
    while waiting:
        source, address = waiting.pop()
        if is_foreign(address):
            foreign.append(address)
            continue
        path = beside(source, address)
        if address.startswith("data:") or path in files or not path.is_file():
            continue
        files.add(path)
        if path.suffix == ".css":
            css = re.sub(r"/\*[\s\S]*?\*/", "", path.read_text("utf-8"))
            others = re.sub(r"@import\s+['\"]([^'\"]+)['\"]", r"url(\1)", FACE.sub("", css))
            found = [*ADDRESS.findall(others), *fonts_used(css, soup)]
            waiting += [(path, address) for address in found]
    return Visit({path: compressed(path) for path in files}, foreign)


# -- the rows ------------------------------------------------------------------------------------


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

    for file, what in (("docs/page003.md", "page"), ("snippets/page003.py", "snippet")):
        live = seconds_to_reload(preview(ours, 8760), 8760, ours.root / file, 2)
        plain = seconds_to_reload(stock_preview(stock, 8761), 8761, stock.root / file, 0.5)
        yield Row(f"{what} saved to reload: live / sphinx-autobuild", live, plain, 0.2)


def notebook_rows(temp, ours):
    """The same pages executed by MyST-NB, in an environment of its own.

    Its kernels' starts and stops are waited for, so that whoever builds waits longer than the
    processor works: both are told.
    """
    python, build = temp / "venv" / "bin" / "python", temp / "build-notebooks"
    subprocess.run([sys.executable, "-m", "venv", temp / "venv"], check=True)
    install = [
        python,
        "-m",
        "pip",
        "install",
        "-q",
        "-r",
        BOOK / "requirements" / "book.txt",
        MYST_NB,
    ]
    subprocess.run(install, check=True)
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


def book_rows(temp):
    book = Folder(BOOK, temp / "build-book")
    html = BOOK / "build" / "html"
    if not html.exists():
        book.sphinx()
        html = book.build / "html"
    visits = {page: visit(page) for page in sorted(html.rglob("*.html"))}
    page, heaviest = max(visits.items(), key=lambda item: item[1].weight)
    name = page.relative_to(html).as_posix()
    foreign = sum(len(visit.foreign) for visit in visits.values())
    yield Row(f"first visit of our heaviest page ({name})", heaviest.weight / 1e3, None, 200, "kB")
    yield Row("requests that leave the book, on all pages", foreign, None, 0, "")
    costs = in_turn({
        "run": lambda: book.cold("dummy"),
        "not run": lambda: book.cold("dummy", unverified=True),
    }, rounds=3)  # fmt: skip
    examples = costs["run"].cpu - costs["not run"].cpu
    yield Row("all examples of our book, on one core", examples, None, 10)
    yield Row("reading our book and drawing its figures", costs["not run"].cpu, None, None)


def main(argv):
    parser = argparse.ArgumentParser(description="Time the build against its alternatives.")
    parser.add_argument("--record", action="store_true", help="write the table into the book")
    parser.add_argument(
        "--with-myst-nb", action="store_true", help="install it into a temporary environment"
    )
    parser.add_argument("--only", choices=["build", "book"], help="half of the table")
    args = parser.parse_args(argv)
    if args.record:
        record(TABLE_FILE.read_text("utf-8"), "")  # fail now, not after minutes
    rows = []
    with tempfile.TemporaryDirectory() as temp:
        temp = Path(temp).resolve()
        if args.only != "book":
            rows += build_rows(temp, args.with_myst_nb)
        if args.only != "build":
            rows += book_rows(temp)
    about = (
        f"{PAGES} pages, {PAGES * EXAMPLES_ON_A_PAGE} examples; CPU seconds; reloads by the clock"
    )
    print(f"{machine()}\n{about}\n\n{as_text(rows)}")
    if args.record:
        text = record(TABLE_FILE.read_text("utf-8"), as_markdown(rows, f"{machine()}; {about}"))
        TABLE_FILE.write_text(text, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
