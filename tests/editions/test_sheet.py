"""The contact sheet: every picture is on one, under its name, in rows."""

from PIL import Image

import sheet


def test_pictures_are_set_on_as_many_sheets_as_they_need(tmp_path):
    pictures = []
    for i in range(2 * sheet.COLUMNS + 1):
        path = tmp_path / f"page{i}.png"
        Image.new("RGB", (600, 900), "white").save(path)
        pictures.append((f"page {i}", path))
    names = sheet.sheets("html-390", pictures, 2, tmp_path)
    assert names == ["html-390-01.png", "html-390-02.png"]
    with Image.open(tmp_path / names[0]) as full, Image.open(tmp_path / names[1]) as rest:
        assert full.width == rest.width
        assert full.height > 2 * 450 > rest.height
    assert all(name in sheet.index(names) for name in names)


def test_a_thumbnail_keeps_the_proportions_of_the_page(tmp_path):
    path = tmp_path / "page.png"
    Image.new("RGB", (600, 1200), "white").save(path)
    small = sheet.thumbnail("page", path)
    assert small.size == (sheet.THUMBNAIL, 2 * sheet.THUMBNAIL + sheet.CAPTION)
