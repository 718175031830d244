"""The EPUB that ``make epub`` left in build/epub: valid, offline, with MathML."""

import re
import shutil
import subprocess
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import pytest

ROOT = Path(__file__).resolve().parents[2]
EPUB = ROOT / "build" / "epub" / "from-attention-to-rlhf.epub"
JAR = Path("/usr/share/java/epubcheck.jar")  # Debian's command needs binfmt, which containers lack


@pytest.fixture(scope="session")
def book():
    assert EPUB.exists(), "no EPUB: run make epub first"
    with ZipFile(EPUB) as book:
        yield {name: book.read(name) for name in book.namelist()}


@pytest.fixture(scope="session")
def pages(book):
    return {name: data.decode() for name, data in book.items() if name.endswith(".xhtml")}


def test_epubcheck_finds_nothing():
    java, found = shutil.which("java"), shutil.which("epubcheck")
    assert JAR.exists() or found, "no epubcheck here: on Debian, apt-get install epubcheck"
    command = [java, "-jar", str(JAR)] if JAR.exists() else [found]
    done = subprocess.run([*command, str(EPUB)], capture_output=True, text=True)
    lines = (done.stdout + done.stderr).splitlines()
    faults = [line for line in lines if re.match(r"(?:FATAL|ERROR|WARNING)\b", line)]
    assert faults[:10] == []
    assert done.returncode == 0


def test_the_first_entry_tells_the_kind_of_file():
    with ZipFile(EPUB) as book:
        first = book.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", ZIP_STORED)
        assert book.read("mimetype") == b"application/epub+zip"


METADATA = {
    "dc:title": "From Attention to RLHF",
    "dc:language": "en",
    "dc:creator": r".+",
    "dc:description": r".+",
    "dc:subject": r".+",
    "dc:rights": r".+",
    "dc:identifier": "from-attention-to-rlhf-en",
    "dc:date": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
}


@pytest.mark.parametrize("name", METADATA)
def test_the_file_says_what_it_is(book, name):
    found = re.findall(rf"<{name}[^>]*>([^<]*)</{name}>", book["content.opf"].decode())
    assert found and all(re.fullmatch(METADATA[name], value) for value in found)


def test_the_file_is_dated_by_the_commit(book):
    date = re.search(r"<dc:date>([^<]*)<", book["content.opf"].decode())[1]
    with ZipFile(EPUB) as zipped:
        year, month, day, *_ = zipped.infolist()[0].date_time
    assert date.startswith(f"{year}-{month:02}-{day:02}T")


@pytest.mark.parametrize(
    "name",
    ["accessMode", "accessModeSufficient", "accessibilityFeature", "accessibilityHazard",
     "accessibilitySummary"],
)  # fmt: skip
def test_the_file_says_who_can_read_it(book, name):
    assert f'<meta property="schema:{name}">' in book["content.opf"].decode()


def test_there_is_a_cover(book):
    item = re.search(r'<item [^>]*properties="cover-image"[^>]*>', book["content.opf"].decode())
    image = book[re.search(r'href="([^"]+)"', item[0])[1]]
    assert image.startswith(b"\x89PNG")


def test_every_page_says_its_language(pages):
    assert [name for name, page in pages.items() if '<html lang="en" xml:lang="en"' not in page
            and name != "nav.xhtml"] == []  # fmt: skip


def test_the_contents_lead_to_every_page_and_the_entries_stand_below_their_part(book, pages):
    contents = book["nav.xhtml"].decode()
    linked = {href.partition("#")[0] for href in re.findall(r'href="([^"]+)"', contents)}
    assert linked == set(pages) - {"nav.xhtml", "epub-cover.xhtml"}
    part = contents.index('"architectures/index.xhtml"')
    entry = contents.index('"architectures/transformer.xhtml"')
    assert contents[part:entry].count("<ol>") > contents[part:entry].count("</ol>")


def test_every_entry_has_the_date_of_the_book():
    with ZipFile(EPUB) as book:
        assert len({info.date_time for info in book.infolist()}) == 1


def test_every_equation_is_mathml(pages):
    spans = sum(len(re.findall(r'class="math', page)) for page in pages.values())
    formulas = sum(page.count("<math") for page in pages.values())
    assert formulas and formulas == spans


def test_no_tex_is_left_in_the_text(pages):
    for name, page in pages.items():
        shown = re.sub(
            r"<annotation[^>]*>.*?</annotation>|<pre>.*?</pre>", "", page, flags=re.DOTALL
        )
        shown = re.sub(r"<[^>]+>", "", shown)
        assert re.findall(r"\\(?:frac|sqrt|mathbb|mathrm|begin|text)\b|\\\(|\$\$", shown) == [], (
            name
        )


def test_no_letter_is_told_by_a_variant_that_readers_do_not_know(pages):
    variants = re.compile(r'mathvariant="(?:double-struck|script)"')
    assert [name for name, page in pages.items() if variants.search(page)] == []
    assert any("ℝ" in page for page in pages.values())


def test_every_part_has_its_name_in_the_contents(book):
    for contents in ("nav.xhtml", "toc.ncx"):
        told = book[contents].decode()
        assert "Overview" not in told
        assert re.findall(r"Part \d: ", told) == ["Part 1: ", "Part 2: ", "Part 3: "]


def test_a_verdict_has_its_mark_and_code_its_colours(book):
    (style,) = (data.decode() for name, data in book.items() if name.endswith("book-epub.css"))
    assert all(f'content: "{mark} "' in style for mark in "✓≈✗“?")
    code = re.search(r"^pre \{[^}]*\}", style, re.MULTILINE)[0]
    assert "background:" in code and " color:" in code


def test_the_manifest_says_which_pages_hold_mathml(book, pages):
    manifest = book["content.opf"].decode()
    told = set(re.findall(r'<item [^>]*properties="mathml"[^>]* href="([^"]+)"', manifest))
    assert told == {name for name, page in pages.items() if "<math" in page}


def test_nothing_is_fetched_and_nothing_runs(book, pages):
    for name, page in pages.items():
        assert "<script" not in page, name
        assert (
            re.findall(r'<(?:img|link|iframe|video)[^>]+(?:src|href)="(?:https?:)?//', page) == []
        )
    styles = [data.decode() for name, data in book.items() if name.endswith(".css")]
    assert [
        s for s in styles if re.search(r"url\(\s*['\"]?(?:https?:)?//|@import\s+['\"]http", s)
    ] == []
    assert [name for name in book if name.endswith((".js", ".woff2"))] == []


def test_every_figure_has_a_text_for_those_who_cannot_see_it(pages):
    drawn = sum(p.read_text("utf-8").count(":::{drawn}") for p in (ROOT / "docs").rglob("*.md"))
    images = [tag for page in pages.values() for tag in re.findall(r"<img[^>]*>", page)]
    figures = [tag for tag in images if "_images/" in tag]
    assert len(figures) == drawn
    assert [tag for tag in figures if not re.search(r'alt="[^"]+"', tag)] == []


def test_every_claim_leads_to_its_annotation(pages):
    for page in pages.values():
        for target in re.findall(r'class="claim-number[^"]*" href="#([^"]+)"', page):
            assert f'id="{target}"' in page


def test_nothing_is_wider_than_a_small_screen(browser, tmp_path):
    with ZipFile(EPUB) as book:
        book.extractall(tmp_path)
    page = browser.new_page(viewport={"width": 400, "height": 800})
    wide = {}
    for path in sorted(tmp_path.rglob("*.xhtml")):
        page.goto(path.as_uri())
        found = page.evaluate("""() => [...document.querySelectorAll("table, pre, figure, img")]
            .map((e) => Math.round(e.getBoundingClientRect().right))
            .filter((right) => right > innerWidth + 1)""")
        if found:
            wide[path.name] = found
    page.close()
    assert wide == {}
