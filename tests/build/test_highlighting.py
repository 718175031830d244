"""Code on the page: shapes are told from text, and both palettes can be read."""

import re

import pytest
from pygments.token import String

from book.web.highlighting import SHAPE, Day, Night, ShapedPythonLexer

CODE = """def attend(q: Float[Array, "*b n d"], name: str = "q") -> Bool[Array, "n m"]:
    return join("no shape", Array, name)
"""


def test_the_string_after_array_is_a_shape_and_no_other():
    tokens = list(ShapedPythonLexer().get_tokens(CODE))
    shapes = "".join(text for kind, text in tokens if kind is SHAPE)
    others = "".join(text for kind, text in tokens if kind in String and kind is not SHAPE)
    assert shapes == '"*b n d""n m"'
    assert others == '"q""no shape"'
    assert "".join(text for _, text in tokens) == CODE


def test_the_page_shows_the_shape_in_a_class_of_its_own(book):
    book.edit("conf.py", '"book.card"]', '"book.card", "book.web.highlighting"]')
    book.page('```python\nx: Float[Array, "a b"]\n```')
    assert book.build().status == 0
    assert re.search(r'class="ss">(&quot;|")a b', book.html("other"))


def test_a_book_built_in_the_same_process_has_lexers_of_its_own(book):
    """Else the order in which tests run would decide how an example is marked."""
    assert book.build(out="plain").status == 0
    book.edit("conf.py", '"book.card"]', '"book.card", "book.web.highlighting"]')
    assert book.build("-E").status == 0
    book.edit("conf.py", ', "book.web.highlighting"]', "]")
    assert book.build("-E", out="again").status == 0
    assert book.html("halving", "plain") != book.html("halving")
    assert book.html("halving", "plain") == book.html("halving", "again")


def luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("palette", [Day, Night])
def test_every_colour_stands_out_from_its_ground(palette):
    ground = luminance(palette.background_color[1:])
    for token, style in palette:
        darker, lighter = sorted((ground, luminance(style["color"] or "000000")))
        assert (lighter + 0.05) / (darker + 0.05) >= 4.5 or not style["color"], token
