"""The front page: doors, a model that writes, the map of the pages, and the list beside it."""

import re

import pytest

from tests.editions.conftest import soup, url

APART = {"introduction.html", "conclusion.html"}  # they stand on nothing, and nothing on them
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def front():
    return soup("index.html")


def listed(front):
    """What the list says: the pages that each entry stands on."""
    return {
        item.find("a")["href"]: {link["href"] for link in item.select(".reading-time a")}
        for item in front.select("article li:has(.reading-time)")
        if item.find("a")["href"] not in APART
    }


def drawn(front):
    """What the map shows: from each box the lines lead up to the feet of others."""
    boxes, needs = {}, {}
    for link in front.select("svg.path-map a"):
        box = link.find("rect")
        x, y, width, height = (float(box[side]) for side in ("x", "y", "width", "height"))
        boxes[x + width / 2, y + height] = link["href"]
    for link in front.select("svg.path-map a"):
        starts = [re.match(r"M(\S+) (\S+)C", path["d"]) for path in link.find_all("path")]
        needs[link["href"]] = {boxes[float(start[1]), float(start[2])] for start in starts}
    return needs


def test_the_first_door_is_above_the_fold_of_a_phone(browser):
    page = browser.new_page(viewport=PHONE)
    page.goto(url("index.html"))
    box = page.locator(".doors a").first.bounding_box()
    page.close()
    assert box["y"] + box["height"] < PHONE["height"]


def test_there_are_three_doors(front):
    assert len(front.select(".doors li > p > a:first-child")) == 3


def test_the_map_shows_what_the_list_says(front):
    assert len(drawn(front)) >= 21
    assert drawn(front) == listed(front)


def test_no_line_of_the_map_leads_up(front):
    for path in front.select("svg.path-map path"):
        numbers = [float(n) for n in re.findall(r"[\d.]+", path["d"])]
        assert numbers[1] < numbers[-1]


def test_every_box_of_the_map_is_a_link_that_a_keyboard_reaches(tab):
    tab.goto(url("index.html"))
    for link in tab.locator("svg.path-map a").all():
        link.focus()
        assert link.evaluate("a => a === document.activeElement")
        assert link.get_attribute("aria-label")


@pytest.mark.parametrize("width", [390, 1280])
def test_words_stay_in_the_boxes_of_the_map_and_can_be_read(browser, width):
    page = browser.new_page(viewport={"width": width, "height": 844})
    page.goto(url("index.html"))
    found = page.evaluate(
        """() => [...document.querySelectorAll("svg.path-map a")].map((a) => {
            const box = a.querySelector("rect").getBoundingClientRect();
            const words = [...a.querySelectorAll("text")].map((t) => t.getBoundingClientRect());
            return [a.getAttribute("aria-label"), Math.min(...words.map((w) => w.height)),
                words.every((w) => box.left <= w.left && w.right <= box.right
                    && box.top <= w.top && w.bottom <= box.bottom)];
        })"""
    )
    page.close()
    assert [name for name, height, inside in found if not inside or height < 10] == []


def test_no_line_of_the_map_runs_behind_a_box(tab):
    tab.goto(url("index.html"))
    behind = tab.evaluate(
        """() => {
            const rects = [...document.querySelectorAll("svg.path-map rect")];
            const boxes = rects.map((rect) => rect.getBBox());
            const inside = (p) => boxes.some((b) => b.x + 1 < p.x && p.x < b.x + b.width - 1
                && b.y + 1 < p.y && p.y < b.y + b.height - 1);
            return [...document.querySelectorAll("svg.path-map .lines path")].filter((path) => {
                for (let at = 0; at < path.getTotalLength(); at += 2)
                    if (inside(path.getPointAtLength(at))) return true;
                return false;
            }).map((path) => path.getAttribute("d"));
        }"""
    )
    assert behind == []


def test_no_box_of_the_map_lies_on_another(front):
    places = [(box["x"], box["y"]) for box in front.select("svg.path-map rect")]
    assert len(places) == len({*places})


def test_a_touch_on_a_token_shows_its_chances_without_a_script(unscripted):
    unscripted.goto(url("index.html"))
    panels = unscripted.locator(".next-token .chances")
    for i, label in enumerate(unscripted.locator(".next-token label").all()):
        label.click()
        assert [panel.is_visible() for panel in panels.all()].index(True) == i
        assert panels.nth(i).locator("code").first.inner_text() == label.inner_text()


def test_the_arrow_keys_lead_from_token_to_token(tab):
    tab.goto(url("index.html"))
    tab.locator(".next-token input").first.focus()
    tab.keyboard.press("ArrowRight")
    assert tab.locator(".next-token .chances").nth(1).is_visible()


def test_the_likeliest_token_is_written_and_chances_fall(front):
    for panel in front.select(".next-token .chances"):
        chances = [int(re.search(r"(\d+)\u00a0%", li.get_text())[1]) for li in panel.select("li")]
        assert chances == sorted(chances, reverse=True) and sum(chances) <= 100


def test_the_specimen_says_what_its_page_says(front):
    specimen = front.select_one(".specimen")
    page, _, anchor = specimen.find("a")["href"].partition("#")
    assert soup(page).find(id=anchor)
    annotation = soup(page).find(id=anchor.replace("claim-", "annotation-"))
    verdict = specimen.select_one(".chip").get_text()
    assert (
        f"verdict-{verdict}" in " ".join(annotation["class"]) or verdict in annotation.get_text()
    )
    reason = specimen.select_one(".specimen-reason").get_text()
    assert reason.partition(" (")[0] in annotation.get_text()


def test_the_counters_come_last(front):
    order = front.select("article .doors, article svg.path-map, article .ledger-at-a-glance")
    assert order[0]["class"][0] == "doors" and "ledger-at-a-glance" in order[-1]["class"]


@pytest.mark.parametrize("width", [390, 1280, 1440])
def test_nothing_of_the_front_page_scrolls_sideways(browser, width):
    page = browser.new_page(viewport={"width": width, "height": 844})
    page.goto(url("index.html"))
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.close()
    assert wide <= width
