"""Run, Edit and Stop in Firefox, at a phone's width and a desk's: ``make audit``."""

import pytest

from firefox import firefox
from tests.editions.conftest import LONG

pytestmark = pytest.mark.audit
WIDTHS = (390, 1280)
CELL = """(() => {
  const blocks = [...document.querySelectorAll('article div.KIND')];
  const block = blocks.find((e) => e.textContent.includes('TEXT') && e.offsetParent !== null);
  const beside = (name) => {
    for (let e = block; (e = e.nextElementSibling); ) if (e.classList.contains(name)) return e;
  };
  const press = (name) =>
    [...beside('run-bar').querySelectorAll('button')].find((e) => e.textContent === name).click();
  return WHAT;
})()"""


class Reader:
    """A tab on the long page, and what a reader does there."""

    def __init__(self, tab, address, width):
        self.tab, self.address, self.width = tab, address, width
        self.goto()

    def goto(self):
        self.tab.goto(self.address + LONG, self.width)

    def ask(self, what, kind="runnable", text=">>>"):
        script = CELL.replace("KIND", kind).replace("TEXT", text).replace("WHAT", what)
        return self.tab.evaluate(script)

    def until(self, what, kind="runnable", text=">>>"):
        script = CELL.replace("KIND", kind).replace("TEXT", text).replace("WHAT", what)
        return self.tab.until(script)


@pytest.fixture(scope="module")
def tab():
    with firefox() as tab:
        yield tab


@pytest.fixture(params=WIDTHS)
def reader(tab, address, request):
    one = Reader(tab, address, request.param)
    tab.evaluate("localStorage.clear()")
    one.goto()
    return one


OUT = "beside('run-out').dataset.state === 'STATE' && beside('run-out').innerText"
GOOD, BAD = OUT.replace("STATE", "good"), OUT.replace("STATE", "bad")
FUNCTION = {"kind": "shown", "text": "def attention("}


def test_a_page_is_run_changed_broken_stopped_and_put_right(reader):
    reader.tab.asked.clear()
    reader.ask("press('Run')")
    assert "in the book" in reader.until(GOOD)
    assert [u for u in reader.tab.asked if not u.startswith((reader.address, "data:"))] == []

    reader.ask("press('Edit')", **FUNCTION)
    reader.until("document.activeElement.classList.contains('cm-content')")
    reader.tab.press("Control", "a")
    reader.tab.type("def attention(q, k, v): return v")
    reader.tab.press("Shift", "Enter")
    broken = CELL.replace("e.offsetParent !== null", "e.nextElementSibling.matches('.run-editor')")
    script = broken.replace("KIND", "shown").replace("TEXT", "").replace("WHAT", BAD)
    assert "now print" in reader.tab.until(script)
    assert reader.tab.evaluate("document.documentElement.scrollWidth") <= reader.width

    reader.goto()
    assert "keeps: 1" in reader.tab.evaluate("document.querySelector('.run-kept').innerText")
    reader.tab.evaluate("document.querySelector('.run-kept button:last-child').click()")
    reader.tab.until("document.querySelector('.run-kept').hidden")
    reader.ask("press('Run')")
    assert "in the book" in reader.until(GOOD)


def test_an_endless_loop_is_stopped_and_the_page_runs_again(reader):
    scratch = "document.querySelector('.scratch ~ .run-bar')"
    out = f"{scratch}.nextElementSibling.textContent"
    reader.tab.evaluate(f"{scratch}.querySelector('button').click()")
    reader.tab.until("document.activeElement.classList.contains('cm-content')")
    reader.tab.type("while True: pass")
    reader.tab.press("Shift", "Enter")
    reader.tab.until(f"{out} === 'Running …'")
    reader.tab.evaluate(f"{scratch}.querySelector('button:last-child').click()")
    assert reader.tab.evaluate(out) == "Stopped."
    reader.ask("press('Run')")
    assert "in the book" in reader.until(GOOD)
