"""What makes a page a lesson, measured: the share of its idea, its words, its picture."""

import re
from copy import copy

import pytest

from tests.editions.conftest import READ, soup, url

LESSONS = [page for page in READ if not page.endswith("index.html")]
SAYS_LITTLE = {"True", "False", "1", "0.0", "ok"}
TALL = 450  # pixels of a picture that count
SHARE = """([most]) => {
  const height = (e) => e.getBoundingClientRect().height;
  const idea = document.querySelector("section#the-idea");
  const spare = [...idea.querySelectorAll("img")].map((e) => Math.max(0, height(e) - most));
  const surplus = spare.reduce((sum, one) => sum + one, 0);
  return (height(idea) - surplus) / height(document.querySelector("article"));
}"""


def section(page, name):
    return soup(page).find("section", id=name)


@pytest.mark.parametrize("page", LESSONS)
def test_the_idea_has_its_share_of_the_page(browser, page):
    tab = browser.new_page(viewport={"width": 1440, "height": 900})
    tab.goto(url(page))
    share = tab.evaluate(SHARE, [TALL])
    tab.close()
    assert share >= 0.15


@pytest.mark.parametrize("page", LESSONS)
def test_the_idea_is_told_in_400_to_900_words(page):
    idea = section(page, "the-idea")
    texts = []
    for part in idea.find_all(["p", "li"]):
        if not part.find("p"):  # an item of a list is counted once
            said = copy(part)
            for formula in said.select(".math"):
                formula.decompose()
            texts.append(re.sub(r"\[[^\]]*\]", "", said.get_text(" ")))
    words = sum(len(re.findall(r"[^\W\d_]{2,}", text)) for text in texts)
    assert 400 <= words <= 900


@pytest.mark.parametrize("page", LESSONS)
def test_the_idea_has_a_picture(page):
    assert section(page, "the-idea").select("figure img")


@pytest.mark.parametrize("page", LESSONS)
def test_what_the_code_prints_says_more_than_true(page):
    printed = [
        line
        for block in section(page, "in-numpy").select("div.verified pre")
        for line in block.get_text().splitlines()
        if line.strip() and not line.startswith((">>>", "..."))
    ]
    little = [line for line in printed if line.strip() in SAYS_LITTLE]
    assert len(printed) > 10
    assert len(little) <= len(printed) / 5, little
