"""Citing a claim and reporting an error in it, with scripts and without."""

import pytest
from pybtex.database import parse_string

from tests.editions.conftest import LONG, PAGES, opened, soup, url

ABOUT = "appendix/about.html"


def test_cite_this_gives_a_reference_and_bibtex_and_copies_them(tab):
    opened(tab, LONG)
    control = tab.get_by_role("link", name="Cite this: claim 2.8")
    control.focus()
    tab.keyboard.press("Enter")
    dialog = tab.get_by_role("dialog", name="Cite claim 2.8")
    reference, bibtex = (area.input_value() for area in dialog.get_by_role("textbox").all())
    for part in ("Claim 2.8: “positional input encoding” (verdict: imprecise)", "From Attention"):
        assert part in reference
    assert f"{LONG}#claim-2.8" in reference and "{" not in reference
    (entry,) = parse_string(bibtex, "bibtex").entries.values()
    assert entry.fields["url"] == f"{LONG}#claim-2.8"
    assert entry.fields["title"].startswith("Claim 2.8")
    dialog.get_by_role("button", name="Copy the BibTeX").click()
    assert dialog.get_by_text("Copied.").is_visible()
    tab.keyboard.press("Escape")
    assert dialog.count() == 0
    assert control.evaluate("c => c === document.activeElement")
    assert pasted(tab) == bibtex


def test_a_claim_is_cited_from_the_ledger_as_from_its_page(tab):
    texts = []
    for page in (LONG, "appendix/claims.html"):
        tab.goto(f"{url(page)}#annotation-2.8")
        tab.get_by_role("link", name="Cite this: claim 2.8").click()
        texts.append(
            [a.input_value() for a in tab.get_by_role("dialog").get_by_role("textbox").all()]
        )
    assert texts[0] == texts[1]


def test_every_claim_can_be_cited_and_reported_from_its_page_and_from_the_ledger():
    ledger = {
        a["aria-label"] for a in soup("appendix/claims.html").select(".claim-links [aria-label]")
    }
    claims = [c for page in PAGES for c in soup(page).select(".annotation")]
    assert len(claims) > 200
    for box in claims:
        id_ = box["id"].removeprefix("annotation-")
        links = {a.get("aria-label"): a["href"] for a in box.select(".claim-links a[href]")}
        names = [f"Cite this: claim {id_}", f"Report an error in claim {id_}"]
        assert links.keys() >= {*names} and ledger >= {*names}
        assert links[None] == f"#claim-{id_}"


@pytest.mark.parametrize(
    ("name", "of", "heading"),
    [("Cite this", "this", "cite-a-claim"), ("Report an error in", "an", "corrections")],
)
def test_without_scripts_the_links_lead_to_how_it_is_done(unscripted, name, of, heading):
    unscripted.goto(url(LONG))
    unscripted.locator(".note > summary").first.click()
    unscripted.get_by_role("link", name=name).filter(has_text=of).first.click()
    assert unscripted.url.endswith(f"{ABOUT}#{heading}")
    assert soup(ABOUT).find(id=heading)


def pasted(tab):
    tab.evaluate("document.body.prepend(document.createElement('textarea'))")
    tab.locator("body > textarea").first.focus()
    tab.keyboard.press("Control+V")
    return tab.locator("body > textarea").first.input_value()
