"""What programs are told: page heads, llms.txt, robots.txt, sitemap, and names for other books."""

import html
import json
import re
import zlib
from xml.etree import ElementTree

import pytest

FRONT = "---\nmyst:\n  html_meta:\n    description: Halves & <thirds>.\n---\n"
EQUATION = "$$\nx = \\frac{y}{2}\n$$ (eq-half)\n"
CODE = "from matplotlib import pyplot\n\ndef figure_line():\n    return pyplot.subplots()[0]\n"


@pytest.fixture
def site(book):
    book.edit(
        "conf.py",
        '"book.card"]',
        '"book.card", "book.web.crawlers"]\nauthor = "Us"\nbook_date = "2026-11-25"',
    )
    book.write("halves/halving.py", "def half(x):\n    return x / 2\n")
    return book


def with_address(book):
    book.edit("conf.py", 'author = "Us"', 'author = "Us"\nhtml_baseurl = "https://example.org/b/"')
    return book


def text(book, name):
    return (book.root / "out" / name).read_text("utf-8")


def told(book, page):
    """Each meta element of a page, by its name."""
    found = {}
    for element in re.findall(r"<meta [^>]+>", book.html(page)):
        parts = dict(re.findall(r'(\w+)="([^"]*)"', element))
        if name := parts.get("name") or parts.get("property"):
            assert name == "viewport" or name not in found, f"{name} stands twice"
            found[name] = html.unescape(parts["content"])
    return found


def linked_data(book, page):
    (data,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', book.html(page))
    return json.loads(data)


# -- heads ----------------------------------------------------------------------------------------


def test_a_page_is_described_by_its_front_matter(site):
    site.write("docs/other.md", FRONT + "# Other\n\nNothing.\n")
    built = site.build()
    assert built.status == 0, built.said
    page = told(site, "other")
    assert page["description"] == page["og:description"] == "Halves & <thirds>."


def test_else_by_its_first_paragraph_that_stands_in_no_box(site):
    own = "What a half is,\nin $x/2$ words {cite:p}`poe2021third{p. 1}`."
    site.edit("docs/halving.md", "2.0\n```\n:::", f"2.0\n```\n:::\n\n{own}")
    site.page("Word " * 100)
    assert site.build().status == 0
    wanted = "What a half is, in $x/2$ words (Poe 2021, p. 1)."
    assert told(site, "halving")["description"] == wanted
    cut = told(site, "other")["description"]
    assert cut.endswith("Word …") and len(cut) <= 200


def test_every_page_has_a_description_those_of_sphinx_too(site):
    site.build()
    pages = [path.stem for path in (site.root / "out").glob("*.html")]
    assert {"search", "genindex", "index"} <= {*pages}
    descriptions = [told(site, page)["description"] for page in pages]
    assert len({*descriptions}) == len(pages)


def test_a_page_says_how_it_is_cited(site):
    site.build()
    page, book = told(site, "halving"), told(site, "index")
    assert page["citation_title"] == page["og:title"] == "Halving"
    assert page["citation_inbook_title"] == book["citation_title"] == "Halves"
    assert page["citation_author"] == "Us"
    assert page["citation_publication_date"] == "2026/11/25"
    assert "citation_inbook_title" not in book


def test_a_page_says_which_paper_it_judges(site):
    site.build()
    assert linked_data(site, "halving") == {
        "@context": "https://schema.org",
        "@type": "Chapter",
        "name": "Halving",
        "isPartOf": {"@type": "Book", "name": "Halves", "author": "Us"},
        "citation": {
            "@type": "ScholarlyArticle",
            "name": "Halves",
            "datePublished": "2020",
            "url": "https://example.org/h",
        },
    }
    assert "citation" not in linked_data(site, "other")
    assert linked_data(site, "index")["@type"] == "Book"


def test_no_title_ends_the_data_early(site):
    site.edit("references.bib", "title = {Halves}", "title = {Halves</script>}")
    site.build()
    assert linked_data(site, "halving")["citation"]["name"] == "Halves</script>"


def test_the_address_of_the_book_makes_addresses_whole(site):
    site.build()
    assert not {"og:url", "og:image", "twitter:card"} & {*told(site, "halving")}
    assert "canonical" not in site.html("halving")
    with_address(site).build()
    page = told(site, "halving")
    assert page["og:url"] == "https://example.org/b/halving.html"
    assert page["og:image"] == "https://example.org/b/card.png"
    assert '<link rel="canonical" href="https://example.org/b/halving.html"' in site.html(
        "halving"
    )


def test_the_card_is_drawn_when_what_it_says_has_changed_and_to_the_same_bytes(site):
    with_address(site).build()
    path = site.root / "out" / "card.png"
    picture, drawn = path.read_bytes(), path.stat().st_mtime_ns
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert [int.from_bytes(picture[i : i + 4], "big") for i in (16, 20)] == [1200, 630]
    site.edit("docs/other.md", "Nothing", "Something")
    site.build()
    assert path.stat().st_mtime_ns == drawn
    site.build("-E", out="again", doctrees="again-doctrees")
    assert (site.root / "again" / "card.png").read_bytes() == picture
    site.page("```{doctest}\n>>> 1\n1\n```")
    site.build()
    assert path.read_bytes() != picture


def test_the_epub_has_none_of_it(site):
    assert with_address(site).build(builder="epub", out="epub").status == 0
    assert "citation_title" not in (site.root / "epub" / "halving.xhtml").read_text("utf-8")
    assert not (site.root / "epub" / "llms.txt").exists()


# -- files ----------------------------------------------------------------------------------------


def test_llms_txt_names_every_page_and_every_file_with_its_link(site):
    site.write("docs/other.md", FRONT + "# Other\n\nNothing.\n")
    site.build()
    lines = text(site, "llms.txt").splitlines()
    assert lines[0] == "# Halves"
    assert lines[2].startswith("> ")
    assert "- [Other](other.html): Halves & <thirds>." in lines
    assert (
        "- [halves.zip](download/halves.zip): the code of all pages, its data, and"
        in "\n".join(lines)
    )
    links = re.findall(r"\]\(([^)]+)\)", text(site, "llms.txt"))
    assert {"halving.html", "ledger.html", "data/claims.json", "data/errata.json"} <= {*links}
    assert [link for link in links if not (site.root / "out" / link).exists()] == []


def test_llms_txt_names_the_other_editions_where_there_are_any(site):
    (site.root / "out").mkdir()
    (site.root / "out" / "halves.epub").write_bytes(b"")
    site.build()
    assert "- [halves.epub](halves.epub)" in text(site, "llms.txt")
    assert "halves.pdf" not in text(site, "llms.txt")


def test_the_sitemap_has_all_pages_also_when_one_alone_is_written(site):
    with_address(site).build()
    site.edit("docs/other.md", "Nothing", "Something")
    site.build()
    root = ElementTree.fromstring(text(site, "sitemap.xml"))
    places = {
        element.text for element in root.iter("{http://www.sitemaps.org/schemas/sitemap/0.9}loc")
    }
    pages = {"index", "halving", "other", "ledger", "bibliography"}
    assert places == {f"https://example.org/b/{page}.html" for page in pages}
    assert "Sitemap: https://example.org/b/sitemap.xml" in text(site, "robots.txt")
    assert "](https://example.org/b/other.html)" in text(site, "llms.txt")


def test_without_an_address_there_is_no_sitemap_and_none_is_left(site):
    with_address(site).build()
    site.edit("conf.py", 'html_baseurl = "https://example.org/b/"', "")
    site.build()
    left = {path.name for path in (site.root / "out").iterdir()}
    assert not {"sitemap.xml", "card.png"} & left
    assert text(site, "robots.txt") == "User-agent: *\nAllow: /\n"


def test_files_that_say_the_same_are_not_written_again(site):
    with_address(site).build()
    names = ("llms.txt", "robots.txt", "sitemap.xml")
    before = [(site.root / "out" / name).stat().st_mtime_ns for name in names]
    site.edit("docs/ledger.md", "# Ledger\n", "# Ledger\n\nAll of it.\n")
    site.edit("docs/halving.md", "the half of four", "the half of 4")
    site.build()
    after = [(site.root / "out" / name).stat().st_mtime_ns for name in names]
    assert after[1:] == before[1:] and after[0] > before[0]
    assert "/ledger.html): All of it." in text(site, "llms.txt")


def test_parallel_builds_tell_the_same(site):
    with_address(site).build()
    built = site.build("-j", "2", "-E", out="other", doctrees="others")
    assert built.status == 0, built.said
    for name in ("llms.txt", "sitemap.xml", "card.png", "halving.html", "objects.inv"):
        assert (site.root / "out" / name).read_bytes() == (site.root / "other" / name).read_bytes()


# -- names for other books ------------------------------------------------------------------------


def inventory(book):
    lines = zlib.decompress(
        (book.root / "out" / "objects.inv").read_bytes().split(b"zlib.\n", 1)[1]
    )
    for line in lines.decode().splitlines():
        name, kind, _, place = re.match(r"(.+?) (\S+:\S+) (-?\d+) (\S*) ", line).groups()
        yield kind, name, place.replace("$", name)


def test_claims_numbers_terms_equations_and_figures_can_be_linked_to(site):
    site.write("halves/figures/__init__.py", "")
    site.write("halves/figures/other.py", CODE)
    glossary = "```{glossary}\nhalf\n  One of two.\n```\n"
    site.page(f"{EQUATION}\n:::{{drawn}} line\n:alt: A line.\n\nA line.\n:::\n\n{glossary}")
    built = site.build()
    assert built.status == 0, built.said
    found = {(kind, name): place for kind, name, place in inventory(site)}
    wanted = {
        ("ledger:claim", "claim-1.1"),
        ("ledger:number", "halving-published-lee2020half-table-1-the-half-of-four"),
        ("math:equation", "eq-half"),
        ("drawn:figure", "other-line"),
        ("std:term", "half"),
    }
    assert wanted <= {*found}
    for key in wanted:
        page, _, anchor = found[key].partition("#")
        assert f'id="{anchor}"' in text(site, page), key
