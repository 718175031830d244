"""What a page of the web loads, and what a later build leaves of an earlier one."""

import pytest


@pytest.fixture
def web(book):
    book.edit("conf.py", '"book.card"]', '"book.card", "book.web.furo"]')
    book.page("Evanescent words.\n\n## Fleeting\n\nSo it is.")
    return book


def test_a_word_that_is_gone_is_gone_from_the_search(web):
    assert web.build().status == 0
    web.page("Lasting words.\n\n## Firm\n\nSo it is.")
    assert web.build().status == 0
    assert web.build(out="clean", doctrees="clean-doctrees").status == 0
    later, clean = ((web.root / out / "searchindex.js").read_text() for out in ("out", "clean"))
    assert "evanesc" not in later and "fleet" not in later
    assert later == clean
