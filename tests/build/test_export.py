"""The ledgers as JSON: each record with its id, its link and its evidence, as on the page."""

import json
import re

import fastjsonschema
import pytest

PUBLISHED = """
:::{published} poe2021third
:where: Table 2
:what: thirds
:rows: a | b
:prints: 1 | 3
:because: b: slip, it prints $3^1$ {cite:p}`poe2021third{p. 3}`

```{doctest}
>>> print(1, 2, sep="\\n")
1
2
```
:::

:::{erratum} lee2020half
:where: eq. 3
:reads: $x^2$
:should: $x^3$

A typing error {cite:t}`poe2021third{§2}`.

```{doctest}
>>> 2**3
8
```
:::
"""


@pytest.fixture
def shelf(book):
    book.edit(
        "docs/halving.md",
        ":verdict: holds\n\nSo it prints {cite:p}`lee2020half{§1}`.",
        ":verdict: wrong\n:was: holds, 2025-01-31, the rubric: a half, not a third\n"
        ":kind: number, off\n:also: 1.2\n:fault: copy\n"
        ":now: *Thirds* do {cite:p}`poe2021third{p. 2}`.\n\n"
        "It says\n$x/2$ {cite:p}`lee2020half{§1}`, {cite:t}`lee2020half{eq. 2}`.\n\n- So there.",
    )
    book.page(PUBLISHED)
    return book


def data(book, kind, out="out"):
    folder = book.root / out / "data"
    found = json.loads((folder / f"{kind}.json").read_text("utf-8"))
    fastjsonschema.validate(json.loads((folder / found["$schema"]).read_text("utf-8")), found)
    return found


def test_a_claim_has_its_words_its_verdict_and_its_evidence(shelf):
    built = shelf.build()
    assert built.status == 0, built.said
    assert data(shelf, "claims")["claims"] == [
        {
            "id": "1.1",
            "words": "halves the error",
            "verdict": "wrong",
            "fault": "copy",
            "was": [
                {
                    "verdict": "holds",
                    "date": "2025-01-31",
                    "reason": "the rubric: a half, not a third",
                }
            ],
            "kind": "number",
            "case": "off",
            "also": ["1.2"],
            "now": "Thirds do (Poe 2021, p. 2).",
            "reason": "It says $x/2$ (Lee and Poe 2020, §1), Lee and Poe 2020, eq. 2."
            "\n\nSo there.",
            "evidence": [
                {"paper": "lee2020half", "where": "§1"},
                {"paper": "lee2020half", "where": "eq. 2"},
                {"paper": "poe2021third", "where": "p. 2"},
            ],
            "page": "halving",
            "link": "halving.html#claim-1.1",
            "annotation": "halving.html#annotation-1.1",
        }
    ]


def test_a_number_has_what_is_printed_what_is_computed_and_why(shelf):
    shelf.build()
    half, first, second = data(shelf, "numbers")["numbers"]
    assert half["row"] is None and half["outcome"] == "reproduced"
    assert (first["printed"], first["computed"], first["outcome"]) == ("1", "1", "reproduced")
    assert second["reason"] == "it prints $3^1$ (Poe 2021, p. 3)"
    del second["reason"]
    assert second == {
        "id": "other-published-poe2021third-table-2-thirds-2",
        "paper": "poe2021third",
        "where": "Table 2",
        "what": "thirds",
        "row": "b",
        "printed": "3",
        "computed": "2",
        "outcome": "slip",
        "page": "other",
        "link": "other.html#published-poe2021third-table-2-thirds",
    }


def test_errata_are_the_slips_among_the_numbers_and_the_others(shelf):
    shelf.build()
    slip, other = data(shelf, "errata")["errata"]
    assert (slip["reads"], slip["should"]) == ("thirds, b: 3", "thirds, b: 2")
    assert slip["reason"] == "it prints $3^1$ (Poe 2021, p. 3)"
    assert {"paper": "poe2021third", "where": "p. 3"} in slip["evidence"]
    assert (other["reads"], other["should"]) == ("$x^2$", "$x^3$")
    assert other["reason"] == "A typing error Poe 2021, §2.\n\n>>> 2**3\n8"
    assert other["evidence"] == [
        {"paper": "lee2020half", "where": "eq. 3"},
        {"paper": "poe2021third", "where": "§2"},
    ]


def test_every_link_leads_to_its_place_and_every_key_to_its_paper(shelf):
    shelf.build()
    for kind in ("claims", "numbers", "errata"):
        found = data(shelf, kind)
        for record in found[kind]:
            for link in (record["link"], record.get("annotation", record["link"])):
                page, _, anchor = link.partition("#")
                assert f'id="{anchor}"' in (shelf.root / "out" / page).read_text("utf-8")
            cited = {part["paper"] for part in record.get("evidence", ())}
            assert cited | {record.get("paper", "lee2020half")} <= {*found["papers"]}
    assert found["papers"]["lee2020half"] == {
        "label": "Lee and Poe 2020",
        "title": "Halves",
        "year": "2020",
        "link": "https://example.org/h",
    }


def test_the_rows_of_the_ledger_bear_the_ids(shelf):
    shelf.build()
    ledger = shelf.html("ledger")
    for kind in ("claims", "numbers"):
        for record in data(shelf, kind)[kind]:
            assert f'id="row-{record["id"]}"' in ledger


def test_the_date_is_that_of_the_commit_and_never_of_the_build(shelf, monkeypatch):
    monkeypatch.setenv("BOOK_COMMITTED", "1700000000")
    shelf.build()
    assert data(shelf, "claims")["committed"] == "2023-11-14T22:13:20Z"
    monkeypatch.delenv("BOOK_COMMITTED")
    shelf.build("-E")
    assert data(shelf, "claims")["committed"] is None


def test_the_files_follow_a_change_and_are_else_not_written_again(shelf):
    shelf.build()
    folder = shelf.root / "out" / "data"
    before = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    assert {*before} == {"claims.json", "numbers.json", "errata.json", "ledger.schema.json"}
    shelf.edit("docs/ledger.md", "# Ledger", "# The ledger")
    shelf.build()
    assert {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} == before
    shelf.edit("docs/halving.md", "So there", "So here")
    shelf.build()
    assert data(shelf, "claims")["claims"][0]["reason"].endswith("So here.")
    shelf.edit("references.bib", "year = {2021}", "year = {2022}")
    shelf.build()
    assert data(shelf, "claims")["claims"][0]["now"] == "Thirds do (Poe 2022, p. 2)."


def test_parallel_readers_make_the_same_files(shelf):
    shelf.build()
    built = shelf.build("-j", "2", "-E", out="other", doctrees="others")
    assert built.status == 0, built.said
    for kind in ("claims", "numbers", "errata"):
        assert data(shelf, kind) == data(shelf, kind, "other")


def test_a_page_links_to_a_file_that_the_build_makes(shelf):
    shelf.write("docs/part/data.md", "# Data\n\nSee {made}`data/claims.json`.\n")
    shelf.edit("docs/index.md", "other\n", "other\npart/data\n")
    built = shelf.build()
    assert built.status == 0, built.said
    assert 'href="../data/claims.json"' in shelf.html("part/data")
    assert shelf.build(builder="epub", out="epub").status == 0
    text = (shelf.root / "epub" / "part" / "data.xhtml").read_text("utf-8")
    assert "href" not in re.search(r"See .*claims.json.*", text)[0]
