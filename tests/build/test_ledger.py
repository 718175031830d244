"""The ledger: each fault in the bookkeeping ends the build with a file and a line."""

import re

import pytest

from ledger import tables
from ledger.agreement import agrees, number
from ledger.domain import SHOWS
from tests.build.conftest import PAGE

CLAIM = ":::{{translation}} s02 p{n}\nIt {{claim}}`is {n} <2.{n}>`.\n:::\n"
JUDGED = ":::{{annotation}} 2.{n}\n:verdict: {verdict}\n\nSee {cite}.\n:::\n"


def with_paragraphs(book, *ids):
    book.write("paragraphs.txt", "\n".join(["s01 p1", *ids]) + "\n")


def annotated(verdict="holds", cite="{cite:p}`poe2021third{p. 1}`", n=1):
    return CLAIM.format(n=n) + "\n" + JUDGED.format(n=n, verdict=verdict, cite=cite)


def published(prints, examples, rows="", because=""):
    options = [f":prints: {prints}", f":rows: {rows}" if rows else "", because]
    shown = "\n".join(f">>> print({e!r})\n{e}" for e in examples)
    return (
        ":::{published} poe2021third\n:where: Table 9\n:what: a ninth\n"
        + "\n".join(filter(None, options))
        + f"\n\n```{{doctest}}\n{shown}\n```\n:::"
    )


# -- claims and annotations -----------------------------------------------------------------


def test_a_claim_without_annotation(book):
    with_paragraphs(book, "s02 p1")
    book.page(CLAIM.format(n=1))
    assert book.build().says("other.md:4: WARNING: claim 2.1 has no annotation")


def test_an_annotation_without_claim(book):
    book.page(JUDGED.format(n=1, verdict="holds", cite="{cite:p}`poe2021third{p. 1}`"))
    assert book.build().says("other.md:3: WARNING: annotation 2.1 judges no claim")


def test_an_id_used_twice(book):
    with_paragraphs(book, "s02 p1")
    book.page(annotated().replace("2.1", "1.1"))
    built = book.build("--keep-going")
    assert built.says("other.md:4: WARNING: claim 1.1 stands already in", "halving.md:9")
    assert built.says("other.md:7: WARNING: annotation of claim 1.1 stands already in")


def test_a_claim_that_is_written_wrongly(book):
    with_paragraphs(book, "s02 p1")
    book.page(":::{translation} s02 p1\nIt {claim}`is one`.\n:::")
    assert book.build().says("other.md:4: WARNING: a claim is written {claim}`its words")


def test_an_annotation_without_verdict(book):
    with_paragraphs(book, "s02 p1")
    book.page(annotated().replace(":verdict: holds\n\n", ""))
    assert book.build().says("other.md:7: WARNING: annotation 2.1 has no :verdict:")


def test_an_unknown_verdict(book):
    with_paragraphs(book, "s02 p1")
    book.page(annotated(verdict="likely"))
    assert book.build().says("other.md:", "likely")


def test_an_annotation_without_evidence(book):
    with_paragraphs(book, "s02 p1")
    book.page(annotated(cite="for yourself"))
    assert book.build().says("other.md:7: WARNING: annotation 2.1 gives no evidence")


@pytest.mark.parametrize("verdict", ["holds", "imprecise", "wrong"])
def test_a_citation_without_locator_where_a_source_judges(book, verdict):
    with_paragraphs(book, "s02 p1")
    book.page(annotated(verdict, "{cite:p}`poe2021third`"))
    assert book.build().says("other.md:7: WARNING: annotation 2.1 cites poe2021third without")


@pytest.mark.parametrize("verdict", ["opinion", "unverified"])
def test_a_citation_without_locator_is_enough_where_no_source_judges(book, verdict):
    with_paragraphs(book, "s02 p1")
    book.page(annotated(verdict, "{cite:p}`poe2021third`"))
    assert book.build().status == 0


def test_an_example_is_evidence(book):
    with_paragraphs(book, "s02 p1")
    book.page(annotated(cite="this:\n\n```{doctest}\n>>> 2 - 1\n1\n```\n").replace(":::.", ":::"))
    built = book.build()
    assert built.status == 0, built.said


# -- what a verdict was, kinds, retired ids -------------------------------------------------------

OPTION = ":::{annotation} 1.1\n:verdict: holds\n"
TABLES = "```{ledger} corrections\n```\n\n```{ledger} kinds\n```\n"


def with_option(book, option):
    book.edit("docs/halving.md", OPTION, OPTION + option + "\n")


def cells(html):
    text = re.sub(r"<[^>]+>", "", re.sub(r"</t[dh]>", "|", html))
    return "|".join(part.strip() for part in text.split("|"))


def test_each_change_of_a_verdict_is_listed(book):
    said = "wrong, 2025-01-31, the evidence: a table | imprecise, 2025-03-01, the rubric: so, too"
    with_option(book, f":was: {said}")
    book.page("{count}`corrections` changes.\n\n" + TABLES)
    built = book.build()
    assert built.status == 0, built.said
    page = cells(book.html("other"))
    assert "1.1|wrong|imprecise|the evidence: a table|2025-01-31|" in page
    assert "1.1|imprecise|holds|the rubric: so, too|2025-03-01|" in page
    assert "2 changes." in page


def test_claims_of_a_kind_are_listed_by_case_and_verdict(book):
    with_paragraphs(book, "s02 p1")
    book.page(annotated().replace(":verdict:", ":kind: number, rounds\n:verdict:") + TABLES)
    with_option(book, ":kind: number, rounds")
    built = book.build()
    assert built.status == 0, built.said
    assert "number|rounds|holds|1.1, 2.1|" in cells(book.html("other"))


@pytest.mark.parametrize(
    "option",
    [
        ":was: wrong",
        ":was: wrong, 2025-02-30, why",
        ":was: likely, 2025-01-31, why",
        ":was: wrong, 2025-01-31,",
        ":kind: colour",
        ":also: 1",
    ],
)
def test_an_option_that_cannot_be_read(book, option):
    with_option(book, option)
    assert book.build().says("halving.md:", f"Invalid option value for '{option.split(':')[1]}'")


def test_a_verdict_that_became_what_it_was(book):
    with_option(book, ":was: holds, 2025-01-31, why")
    assert book.build().says("halving.md:12: WARNING: annotation 1.1 became what it was")


def test_the_addresses_of_a_retired_claim_lead_to_the_one_that_took_it_in(book):
    with_option(book, ":also: 1.7 1.9")
    built = book.build()
    assert built.status == 0, built.said
    ids = re.findall(r'id="((?:claim|annotation)-[^"]+)"', book.html("halving"))
    assert ids == [f"{of}-{n}" for of in ("claim", "annotation") for n in ("1.1", "1.7", "1.9")]


def test_a_retired_claim_that_is_still_there(book):
    with_paragraphs(book, "s02 p1")
    book.page(annotated())
    with_option(book, ":also: 2.1")
    assert book.build().says("halving.md:12: WARNING: annotation 1.1 takes in claim 2.1, which")


# -- paragraphs -------------------------------------------------------------------------------


def test_a_paragraph_that_is_translated_nowhere(book):
    with_paragraphs(book, "s02 p1")
    assert book.build().says("paragraphs.txt:2: WARNING: paragraph s02 p1 is translated nowhere")


def test_a_section_may_be_still_to_come_but_not_once_it_is_begun(book):
    with_paragraphs(book, "s02 p1", "s02 p2")
    book.edit("conf.py", "ledger_paragraphs", "ledger_to_come = ['s02']\nledger_paragraphs")
    assert book.build().status == 0
    book.page(annotated())
    assert book.build().says("other.md:3: WARNING: s02 is translated: take it out")


def test_a_paragraph_that_the_source_does_not_have(book):
    book.page(annotated())
    assert book.build().says("other.md:3: WARNING: the source has no paragraph s02 p1")


def test_a_paragraph_translated_twice(book):
    book.page(":::{translation} s01 p1\nAgain.\n:::")
    assert book.build().says("other.md:3: WARNING: the translation of s01 p1 stands already")


def test_a_translation_that_names_no_paragraph(book):
    book.page(":::{translation} s01\nAgain.\n:::")
    assert book.build().says("other.md:3: WARNING: name the paragraphs")


def test_what_the_copy_lost_is_cited_and_listed(book):
    lost = ":::{lost} s01 p1\nA picture {cite:p}`poe2021third{p. 2}`.\n:::"
    book.page(lost)
    assert book.build().status == 0
    assert "A picture" in book.html("ledger")
    book.page(lost.replace(" {cite:p}`poe2021third{p. 2}`", ""))
    assert book.build().says("other.md:3: WARNING: say where the original has it")
    book.page(lost.replace("p1", "p9"))
    assert book.build().says("other.md:3: WARNING: the source has no paragraph s01 p9")


# -- published numbers ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "computed", "agreed"),
    [
        ("65", "65", True),
        ("65", "65.0", False),
        ("3.3e18", "3.3e18", True),
        (">2.0", "2.04", True),
        (">2.0", "2.0", False),
        (">=2.0", "2.0", True),
        ("<0.25", "0.23", True),
        ("<=4", "5", False),
        ("18..24", "18", True),
        ("18..24", "24.1", False),
        ("~5", "5.4", True),
        ("~5", "5.6", False),
        ("~1.5e9", "1.5488e9", True),
        ("~1.5e9", "1.56e9", False),
        ("12,850", "12,850", True),
        ("~12,850", "12850.3", True),
        ("-3", "−3", False),
    ],
)
def test_what_agrees_with_what_is_printed(printed, computed, agreed):
    assert agrees(printed, computed) is agreed


def test_a_value_without_a_number_cannot_be_compared():
    with pytest.raises(ValueError, match="holds no number"):
        number("many")


def test_a_row_that_differs_needs_a_reason(book):
    book.page(published("5", ["6"]))
    assert book.build().says("other.md:3: WARNING: a ninth: the paper prints 5 and we compute 6")


def test_a_row_that_agrees_needs_none(book):
    book.page(published("6", ["6"], because=":because: slip, it seems"))
    assert book.build().says("other.md:3: WARNING: a ninth is reproduced (6), so it needs no")


def test_a_reason_for_every_row_where_all_agree(book):
    book.page(published("1 | 2", ["1", "2"], "a | b", ':because: "*: slip, it seems"'))
    assert book.build().says("other.md:3: WARNING: every row is reproduced")


@pytest.mark.parametrize("because", ["c: slip, why", "a: guess, why", "slip, why"])
def test_a_reason_for_no_row_or_of_no_kind(book, because):
    book.page(published("1 | 2", ["1", "3"], "a | b", f":because: '{because}'"))
    assert book.build().says("other.md:3: WARNING: write", "with a ROW of this table")


def test_rows_and_values_and_lines_of_different_number(book):
    book.page(published("1 | 2", ["1"], "a | b"))
    assert book.build().says("other.md:3: WARNING: 2 rows, 2 printed values, but the examples")


def test_a_table_without_its_options(book):
    book.page(published("1", ["1"]).replace(":where: Table 9\n", ""))
    assert book.build().says("other.md:3: WARNING: this {published} has no :where:")


def test_slips_are_errata_and_rounding_is_not(book):
    because = ":because: 'b: slip, a typing error | c: rounding, it cuts'"
    book.page(published("1 | 2 | 3", ["1", "4", "5"], "a | b | c", because))
    built = book.build()
    assert built.status == 0, built.said
    ledger = re.sub(r"<[^>]+>", "", book.html("ledger"))
    reproduced, different = ledger.split("a typing error")[0], ledger
    assert "a ninth" in reproduced
    assert different.count("a typing error") == 2  # among the numbers, and among the errata
    assert different.count("it cuts") == 1


def test_an_erratum_needs_evidence_and_its_options(book):
    erratum = ":::{erratum} poe2021third\n:where: eq. 3\n:reads: a minus\n:should: a plus\n\n"
    book.page(erratum + "```{doctest}\n>>> 1 + 1\n2\n```\n:::")
    assert book.build().status == 0
    assert "a minus" in book.html("ledger")
    book.page(erratum + "Believe us.\n:::")
    assert book.build().says("other.md:3: WARNING: this {erratum} shows no evidence")
    book.page(erratum.replace(":reads: a minus\n", "") + "```{doctest}\n>>> 1 + 1\n2\n```\n:::")
    assert book.build().says("other.md:3: WARNING: this {erratum} has no :reads:")


# -- the appendix follows -----------------------------------------------------------------------


def links(html):
    return set(re.findall(r'href="([^"]+)"', html))


def test_claim_annotation_and_row_lead_to_each_other(book):
    assert book.build().status == 0
    page, ledger = links(book.html("halving")), links(book.html("ledger"))
    assert {"#annotation-1.1", "#claim-1.1", "ledger.html#row-1.1"} <= page
    assert {"halving.html#claim-1.1", "halving.html#annotation-1.1"} <= ledger
    assert any(re.fullmatch(r"ledger.html#row-halving-published-.*", link) for link in page)


def test_a_claim_is_linked_from_any_page_by_its_address(book):
    book.page("See {ledger:claim}`1.1`.")
    assert book.build().status == 0
    assert "halving.html#claim-1.1" in links(book.html("other"))


def test_a_link_to_a_claim_that_is_not_there(book):
    book.page("See {ledger:claim}`1.2`.")
    assert book.build().says("other.md:3: WARNING: ledger:claim reference target not found: 1.2")


def test_the_ledger_and_the_counters_follow_a_change_of_another_page(book):
    assert book.build().status == 0
    book.write("docs/halving.md", PAGE.replace("halves the error", "halves the loss"))
    assert book.build().status == 0
    assert "halves the loss" in book.html("ledger")
    with_paragraphs(book, "s02 p1")
    book.page(annotated())
    assert book.build().status == 0
    assert "2 claims, 1 numbers" in book.html("index")


def test_a_removed_page_leaves_the_ledger(book):
    with_paragraphs(book, "s02 p1")
    book.page(annotated())
    assert book.build().status == 0
    (book.root / "docs" / "other.md").unlink()
    book.edit("docs/index.md", "other\n", "")
    with_paragraphs(book)
    built = book.build()
    assert built.status == 0, built.said
    assert "2.1" not in book.html("ledger")
    assert "1 claims, 1 numbers" in book.html("index")


def test_an_unknown_ledger(book):
    book.page("```{ledger} wishes\n```")
    assert book.build().says("other.md:3: WARNING: no ledger of wishes")


@pytest.mark.parametrize("builder", ["latex", "epub"])
def test_the_ledger_stands_in_the_other_editions(book, builder):
    built = book.build(builder=builder)
    assert built.status == 0, built.said
    suffix = {"latex": "*.tex", "epub": "ledger.xhtml"}[builder]
    text = "".join(p.read_text("utf-8") for p in (book.root / "out").glob(suffix))
    assert text.count("halves the error") >= 1


def test_a_count_of_what_nobody_counts_is_named(book):
    book.page("So many: {count}`claims doubtful`.")
    assert book.build().says("other.md:3: WARNING: nothing to count under “claims doubtful”")


def test_prose_that_moves_a_record_to_another_line_writes_no_other_page(book):
    assert book.build().status == 0
    book.edit("docs/halving.md", ":::{translation}", "More prose.\n\n:::{translation}")
    built = book.build()
    assert built.status == 0
    assert re.findall(r"writing output... \[ *\d+%\] (\w+)", built.said) == ["halving"]


def test_an_address_in_a_claim_is_a_link_in_the_table_which_print_can_break(book):
    book.edit("docs/halving.md", "halves the error", "is <https://example.org/a-b>")
    assert book.build().status == 0
    cell = book.html("ledger").partition('id="row-1.1"')[2].partition("</tr>")[0]
    assert '<a class="reference external" href="https://example.org/a-b">' in cell
    assert book.build(builder="latex", out="latex").status == 0
    table = (book.root / "latex" / "halves.tex").read_text("utf-8")
    assert table.count(r"\sphinxurl{https://example.org/a-b}") == 2


def test_what_a_note_says_is_written_on_its_page_and_no_table_again(book):
    assert book.build().status == 0
    pages = [book.root / "out" / name for name in ("ledger.html", "index.html")]
    written = [page.stat().st_mtime_ns for page in pages]
    book.edit("docs/halving.md", "So it prints", "So it says")
    assert book.build().status == 0
    assert "So it says" in book.html("halving")
    assert [page.stat().st_mtime_ns for page in pages] == written
    book.edit("docs/halving.md", ":verdict: holds", ":verdict: imprecise")
    assert book.build().status == 0
    assert pages[0].stat().st_mtime_ns != written[0]


def test_it_is_known_of_every_table_what_it_shows():
    assert SHOWS.keys() == tables.TABLES.keys()
