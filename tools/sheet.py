"""A contact sheet: every page at two widths, every page of the PDF, small enough to see at once.

Writes build/sheet/: sheets of thumbnails as PNG, and an index.html that shows them all.  For eyes:
what a machine can judge is in tests/editions.

A tool: it starts Chromium (through Playwright) and pdftoppm, and reads build/html and build/pdf.
Run as ``make sheet``.
"""

import shutil
import subprocess
import sys
import tempfile
from html import escape
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from browser import CHROMIUM, chromium

BUILD = Path(__file__).resolve().parent.parent / "build"
WIDTHS = (390, 1280)
THUMBNAIL, CAPTION, GAP = 300, 16, 12
LONGEST = 4  # a page is cut off at this many times its width
COLUMNS, ROWS = 6, 2
PDF_ROWS = 4
PAPER, INK = "#d8dadd", "#1a1a1a"


def pictures_of_pages(folder, width):
    """(name, picture) of each HTML page, at a width."""
    html = BUILD / "html"
    with chromium() as browser:
        tab = browser.new_page(viewport={"width": width, "height": 900})
        for path in sorted(html.rglob("*.html")):
            name = path.relative_to(html).with_suffix("").as_posix()
            picture = folder / f"{width}-{name.replace('/', '-')}.png"
            tab.goto(path.as_uri())
            height = min(tab.evaluate("document.documentElement.scrollHeight"), LONGEST * width)
            clip = {"x": 0, "y": 0, "width": width, "height": height}
            tab.screenshot(path=picture, full_page=True, clip=clip)
            yield name, picture


def pictures_of_print(folder, pdf):
    """(page number, picture) of each page of the PDF."""
    scale = ["-scale-to-x", str(THUMBNAIL), "-scale-to-y", "-1"]
    subprocess.run(["pdftoppm", "-png", *scale, pdf, folder / "print"], check=True)
    for number, picture in enumerate(sorted(folder.glob("print-*.png")), 1):
        yield str(number), picture


def thumbnail(name, path):
    """A picture at the width of a thumbnail, under its name."""
    with Image.open(path) as picture:
        height = round(picture.height * THUMBNAIL / picture.width)
        small = picture.convert("RGB").resize((THUMBNAIL, height), Image.Resampling.LANCZOS)
    framed = Image.new("RGB", (THUMBNAIL, height + CAPTION), PAPER)
    ImageDraw.Draw(framed).text((0, 1), name, fill=INK, font=ImageFont.load_default(11))
    framed.paste(small, (0, CAPTION))
    return framed


def sheet(pictures, path):
    """Sets thumbnails in rows; writes one PNG."""
    small = [thumbnail(*picture) for picture in pictures]
    rows = [small[i : i + COLUMNS] for i in range(0, len(small), COLUMNS)]
    heights = [max(picture.height for picture in row) + GAP for row in rows]
    ground = Image.new("RGB", (COLUMNS * (THUMBNAIL + GAP) + GAP, sum(heights) + GAP), PAPER)
    top = GAP
    for row, height in zip(rows, heights, strict=True):
        for column, picture in enumerate(row):
            ground.paste(picture, (GAP + column * (THUMBNAIL + GAP), top))
        top += height
    ground.save(path, optimize=True)


def sheets(name, pictures, rows, out):
    """Writes as many sheets as the pictures need; returns their names."""
    pictures, size, names = list(pictures), rows * COLUMNS, []
    for i in range(0, len(pictures), size):
        names.append(f"{name}-{i // size + 1:02}.png")
        sheet(pictures[i : i + size], out / names[-1])
    return names


def index(names):
    pictures = "\n".join(f'<p>{escape(name)}<br><img src="{escape(name)}"></p>' for name in names)
    return f'<!doctype html><meta charset="utf-8"><title>Contact sheet</title>\n{pictures}\n'


def main():
    if not (BUILD / "html" / "index.html").exists():
        sys.exit("sheet: no built book in build/html: run make html first")
    if not CHROMIUM or not shutil.which("pdftoppm"):
        sys.exit("sheet: on Debian, first apt-get install chromium poppler-utils")
    out, pdf = BUILD / "sheet", next((BUILD / "pdf").glob("*.pdf"), None)
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    names = []
    with tempfile.TemporaryDirectory() as temp:
        for width in WIDTHS:
            names += sheets(f"html-{width}", pictures_of_pages(Path(temp), width), ROWS, out)
        if pdf:
            names += sheets("pdf", pictures_of_print(Path(temp), pdf), PDF_ROWS, out)
        else:
            print("sheet: no PDF in build/pdf, so none is shown: make pdf makes one")
    (out / "index.html").write_text(index(names), "utf-8")
    print(f"The contact sheet: {out.relative_to(BUILD.parent)}/index.html")


if __name__ == "__main__":
    main()
