"""What a page of the web loads, and what a later build leaves of an earlier one."""

from pathlib import Path

import jinja2
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


def test_a_template_is_compiled_once_and_again_when_it_has_changed(web, monkeypatch):
    web.edit("conf.py", 'html_theme = "basic"', 'html_theme = "basic"; templates_path = ["look"]')
    web.write("look/layout.html", '{% extends "!layout.html" %}{% block footer %}First.{% endblock %}')
    compiled = []
    original = jinja2.Environment._compile

    def counting(self, source, filename):
        if filename != "<template>":  # what is set from a string, as the styles of code are
            compiled.append(Path(filename).name)
        return original(self, source, filename)

    monkeypatch.setattr(jinja2.Environment, "_compile", counting)
    assert web.build().status == 0 and "layout.html" in compiled
    compiled.clear()
    web.page("Other words.")
    assert web.build().status == 0 and compiled == []
    web.edit("look/layout.html", "First.", "Second.")
    assert web.build().status == 0 and compiled == ["layout.html"]
    assert "Second." in (web.root / "out" / "index.html").read_text()
