"""What is copied from a block of code is the code, and runs as it is."""

import doctest

import pytest

from tests.editions.conftest import HTML, LONG, READ, url

COPY_ALL = """async () => {
  const copied = [];
  const hear = () => copied.push(document.activeElement.value);
  document.addEventListener('copy', hear, true);
  for (const button of document.querySelectorAll('article .copybtn')) {
    const before = copied.length;
    button.click();
    const block = button.closest('.highlight').parentElement;
    copied[before] = [block.className, block.querySelector('pre').textContent, copied[before]];
  }
  return copied;
}"""


def copies(tab, page):
    """(classes, shown, copied) of each block of code on a page."""
    tab.goto(url(page))
    if "highlight-" not in (HTML / page).read_text("utf-8"):
        return []
    assert tab.locator(".copybtn").count() == 0  # what nobody can use yet is not fetched
    tab.locator("h1").click(position={"x": 2, "y": 2})
    tab.wait_for_selector("article .copybtn", state="attached")
    return tab.evaluate(COPY_ALL)


@pytest.mark.parametrize("page", ["foundations.html", *READ])
def test_what_is_copied_is_the_code_and_nothing_else(tab, page):
    for classes, code, copied in copies(tab, page):
        if "pycon" in classes:
            sources = doctest.DocTestParser().get_examples(code)
            assert lines(copied) == lines("".join(example.source for example in sources))
        else:
            assert copied.rstrip() == code.rstrip()


def lines(text):
    return [line for line in text.splitlines() if line.strip()]


def test_what_is_copied_runs_as_it_is(tab):
    blocks = [copied for classes, _, copied in copies(tab, LONG) if "pycon" in classes]
    assert len(blocks) > 20
    names = {}
    for block in blocks:
        exec(compile(block, LONG, "exec"), names)
    assert names["multi_head_attention"]


def test_prompts_inside_a_docstring_are_copied_with_it(tab):
    found = [copied for classes, _, copied in copies(tab, LONG) if "pycon" not in classes]
    whole = [text for text in found if ">>> " in text]
    assert whole and all('"""' in text for text in whole)
