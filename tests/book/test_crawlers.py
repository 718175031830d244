"""What the whole book tells programs is complete and true to the pages.

Reads what ``make html`` left in build/html.
"""

import json
import re
import zlib
from collections import Counter
from functools import cache
from html import unescape
from pathlib import Path

import fastjsonschema
import pytest

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "build" / "html"
PAGES = sorted(path.relative_to(HTML).as_posix() for path in HTML.rglob("*.html"))
OWN = sorted(
    path.relative_to(ROOT / "docs").with_suffix(".html").as_posix()
    for path in (ROOT / "docs").rglob("*.md")
)
KINDS = ("claims", "numbers", "errata")
SPHINXS_OWN = {
    "genindex",
    "modindex",
    "py-modindex",
}  # named in every book, also where there are none
ADDED = re.compile(
    r'<meta [^>]*(?:name="(?:description|citation_\w+)|property="og:[\w:]+")[^>]*>'
    r'|<script type="application/ld\+json">.*?</script>'
)


@cache
def text(name):
    path = HTML / name
    assert path.exists(), f"no {path}: run make html first"
    return path.read_text("utf-8")


@cache
def ids(page):
    return set(re.findall(r'\bid="([^"]+)"', text(page)))


@cache
def data(kind):
    return json.loads(text(f"data/{kind}.json"))


def description(page):
    (found,) = (
        element
        for element in re.findall(r"<meta [^>]+>", text(page))
        if re.search(r'name="description"', element)
    )
    return unescape(re.search(r'content="([^"]*)"', found)[1])


# -- heads ----------------------------------------------------------------------------------------


def test_every_page_was_built():
    assert {*OWN} <= {*PAGES}


def test_every_page_has_a_description_of_its_own():
    assert [d for d, n in Counter(map(description, PAGES)).items() if n > 1] == []


@pytest.mark.parametrize("page", OWN)
def test_a_description_is_written_for_its_page_and_fits_where_it_is_shown(page):
    source = (ROOT / "docs" / page).with_suffix(".md").read_text("utf-8")
    assert source.startswith("---\nmyst:\n  html_meta:\n    description:")
    assert 50 <= len(description(page)) <= 160


@pytest.mark.parametrize("page", OWN)
def test_what_is_added_to_a_head_is_light_and_well_formed(page):
    head = text(page).partition("</head>")[0]
    added = [found[0] for found in ADDED.finditer(head)]
    assert len(added) >= 9
    assert sum(len(element.encode()) + 1 for element in added) <= 1500
    (script,) = [element for element in added if element.startswith("<script")]
    assert json.loads(script.partition(">")[2].removesuffix("</script>"))["@type"]


# -- the ledgers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_ledger_has_the_form_of_its_schema(kind):
    fastjsonschema.validate(json.loads(text(f"data/{data(kind)['$schema']}")), data(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_the_ids_of_a_ledger_are_unique_and_its_links_lead_to_their_place(kind):
    records = data(kind)[kind]
    assert [i for i, n in Counter(r["id"] for r in records).items() if n > 1] == []
    for record in records:
        for link in filter(None, (record["link"], record.get("annotation"))):
            page, _, anchor = link.partition("#")
            assert anchor in ids(page), link


@pytest.mark.parametrize("kind", KINDS)
def test_every_paper_that_a_ledger_cites_is_in_it(kind):
    for record in data(kind)[kind]:
        for part in (record, *record.get("evidence", ())):
            assert part.get("paper") is None or part["paper"] in data(kind)["papers"]


def test_a_claim_is_that_of_its_page():
    pages = [path.read_text("utf-8") for path in (ROOT / "docs").rglob("*.md")]
    claimed = [id_ for page in pages for id_ in re.findall(r"\{claim\}`[^`]*<(\w+\.\d+)>`", page)]
    judged = dict(
        re.findall(r"^:+\{annotation\} (\S+)\n:verdict: (\w+)", "\n".join(pages), re.MULTILINE)
    )
    assert sorted(claim["id"] for claim in data("claims")["claims"]) == sorted(claimed)
    assert {claim["id"]: claim["verdict"] for claim in data("claims")["claims"]} == judged


def test_a_claim_that_a_source_decides_has_a_citation_with_its_place_or_an_example():
    for claim in data("claims")["claims"]:
        placed = any(part["where"] for part in claim["evidence"])
        if claim["verdict"] in {"holds", "imprecise", "wrong"}:
            assert placed or ">>>" in claim["reason"], claim["id"]


@pytest.mark.parametrize("kind", ["claims", "numbers"])
def test_the_rows_of_the_ledger_bear_the_ids(kind):
    shown = ids(f"appendix/{kind}.html")
    assert [r["id"] for r in data(kind)[kind] if f"row-{r['id']}" not in shown] == []


def test_an_annotation_is_told_whole_and_without_what_is_only_on_the_page():
    for claim in data("claims")["claims"]:
        assert not re.search(r"cite this|report an error|¶|\{cite", claim["reason"])
        assert not claim["reason"].startswith(claim["id"])


# -- files ----------------------------------------------------------------------------------------


def test_llms_txt_names_every_page_and_leads_to_what_it_names():
    links = re.findall(r"^- \[[^\]]+\]\(([^)]+)\): .", text("llms.txt"), re.MULTILINE)
    assert [link for link in links if not (HTML / link).exists()] == []
    assert {*OWN} - {*links} == {"index.html"}
    assert {f"data/{kind}.json" for kind in KINDS} <= {*links}


def test_robots_may_read_all():
    assert text("robots.txt").startswith("User-agent: *\nAllow: /\n")


def test_the_page_about_the_data_links_to_it_and_knows_every_field():
    page = text("appendix/data.html")
    for name in ("data/claims.json", "data/numbers.json", "data/errata.json", "llms.txt"):
        assert f'href="../{name}"' in page
    fields = {field for kind in KINDS for record in data(kind)[kind] for field in record}
    fields |= {*data("claims")} - {"$schema", "claims"}
    shown = {*re.findall(r'<span class="pre">([^<]+)</span>', page)}
    assert fields - shown == set()


# -- names for other books ------------------------------------------------------------------------


def inventory():
    lines = zlib.decompress((HTML / "objects.inv").read_bytes().split(b"zlib.\n", 1)[1])
    for line in lines.decode().splitlines():
        name, kind, place = re.match(r"(.+?) (\S+:\S+) -?\d+ (\S*) ", line).groups()
        yield kind, name, place.replace("$", name)


def test_every_name_for_other_books_leads_to_its_place():
    found = [one for one in inventory() if one[1] not in SPHINXS_OWN]
    assert [name for _, name, place in found if not leads(place)] == []
    count = Counter(kind for kind, _, _ in found)
    claims = data("claims")["claims"]
    old = [id_ for claim in claims for id_ in claim["also"]]
    assert count["ledger:claim"] == len(claims) + len(old)
    assert count["ledger:number"] == len({n["link"] for n in data("numbers")["numbers"]})
    assert count["math:equation"] > 50 and count["drawn:figure"] > 20 and count["std:term"] > 90


def leads(place):
    page, _, anchor = place.partition("#")
    return (HTML / page).exists() and (not anchor or anchor in ids(page))
