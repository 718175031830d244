"""Exercises in the page, in Chromium: an answer is judged, a prediction compared."""

from tests.editions.conftest import LONG, url


def test_an_exercise_to_write_gives_its_hint_and_then_passes_and_is_counted(ran):
    box = ran.tab.locator(".exercise-write").first
    tally = ran.tab.locator(".exercise-tally")
    total = ran.tab.locator(".exercise").count()
    assert tally.inner_text().startswith(f"0 of {total} solved")
    stub = box.locator(".stub")
    ran.run(stub, "def attention(q, k, v):\n    return softmax(k @ q) @ v", "bad", "Write it")
    assert "Hint: The variance of the scores grows" in ran.beside(stub, "run-out").inner_text()
    answer = "def attention(q, k, v):\n    print(1)\n    return softmax(k @ q / q.size**0.5) @ v"
    assert ran.run(stub, answer, "good").split()[:4] == ["It", "passes.", "printed", "1"]
    assert "solved" in box.locator(".label").first.evaluate(
        "e => getComputedStyle(e, '::after').content"
    )
    assert tally.inner_text().startswith(f"1 of {total} solved")
    tally.get_by_role("button", name="Begin anew").click()
    assert tally.inner_text().startswith(f"0 of {total} solved")


def test_a_prediction_is_compared_with_what_is_printed(tab):
    tab.goto(url(LONG))
    box = tab.locator(".exercise-predict").first
    printed = " ".join(box.locator(".solution pre .go").all_text_contents())
    for said, solved in (("nothing of the kind", False), (f"  {printed} ", True)):
        box.get_by_label("It prints").fill(said)
        box.get_by_label("It prints").press("Enter")
        assert box.locator("details.solution").get_attribute("open") is not None
        assert box.locator(".said").inner_text().startswith(f"You said {said.strip()}")
        assert (box.get_attribute("data-solved") is not None) is solved


def test_a_reader_says_that_an_exercise_is_solved_and_it_stays_so(reader):
    reader.goto()
    box = reader.tab.locator(".exercise-change").first
    box.locator("summary", has_text="Solution").click()
    button = box.get_by_role("button", name="I had it right")
    button.click()
    reader.goto()
    assert box.get_attribute("data-solved") is not None
    box.locator("summary", has_text="Solution").click()
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert box.get_attribute("data-solved") is None
