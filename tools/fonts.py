"""Cuts the book's web fonts: small files with the characters that its pages use most.

The text faces come from TeX Gyre Pagella, the face of the printed book (Debian: fonts-texgyre);
a character that they lack is shown in the reader's own serif face.  Of KaTeX's common faces a core
is cut, with what the pages use; a page that needs more loads the rest beside it, since style
sheets tell by ``unicode-range`` which file holds what.

A tool: it writes docs/_static/fonts, and KaTeX's fonts beside its extension.  Run as
``tools/fonts.py``, when a set of characters below has changed; tests/editions hold the files
against these sets.
"""

import logging
from pathlib import Path

DOCS = Path(__file__).resolve().parent.parent / "docs"
FONTS = DOCS / "_static" / "fonts"
GYRE = Path("/usr/share/texmf/fonts/opentype/public/tex-gyre")
KATEX = DOCS / "_extensions" / "verified_book" / "static" / "katex" / "fonts"

ASCII = "".join(map(chr, range(0x20, 0x7F)))
TEXT = ASCII + "\u00a0§©¶·×éèëüöäåç–—‘’“”…−²√≈≤≥±³"
WORDS = ASCII.translate(dict.fromkeys(map(ord, '"#$*;<=>@\\^_`{|}~'))) + "\u00a0éèüö–—‘’“”…·¶"
REST = "¹ÁÄÅÇÉÖØÜßàáâãæêìíîïñòóôõøùúûý" + "ćčęěğıłńňřśşšŁŚŠŽž" + "†•"
SETS = "CENPQRZ"  # ℂ 𝔼 ℕ ℙ ℚ ℝ ℤ
SCRIPT = "CDLNOSU"
LETTERS = "".join(filter(str.isalpha, ASCII))
GREEK = "αβγδεζηθκλμνξπρστφχψωϕϵΔΘ" + "\ue131\ue237"  # the last are KaTeX's dotless i and j
UPRIGHT = ASCII.translate(dict.fromkeys(map(ord, "\"#$&'*?@\\_`")))
MATHS = UPRIGHT + "\u00a0±×ΔΘ…′ℓ←→∂∇∈−∗∘∝∞∣∥∼≈≡≤≥≪⊗⊙⊤⋅⋯⌈⌉⌊⌋ˉ"
LARGE = "()[]{}/\\√∑∏∥∣⌈⌉⌊⌋⟨⟩⎛⎜⎝⎞⎟⎠⎡⎢⎣⎤⎥⎦⎧⎨⎩⎪⎫⎬⎭ˆ˜"
CUTS = {
    FONTS / "Pagella-Regular.woff2": (GYRE / "texgyrepagella-regular.otf", TEXT),
    FONTS / "Pagella-Regular-rest.woff2": (GYRE / "texgyrepagella-regular.otf", REST),
    FONTS / "Pagella-Italic.woff2": (GYRE / "texgyrepagella-italic.otf", WORDS),
    FONTS / "Pagella-Bold.woff2": (GYRE / "texgyrepagella-bold.otf", WORDS),
    KATEX / "core-AMS.woff2": (KATEX / "KaTeX_AMS-Regular.woff2", SETS),
    KATEX / "core-Caligraphic.woff2": (KATEX / "KaTeX_Caligraphic-Regular.woff2", SCRIPT),
    KATEX / "core-Main-Italic.woff2": (KATEX / "KaTeX_Main-Italic.woff2", LETTERS.lower() + "_"),
    KATEX / "core-Main.woff2": (KATEX / "KaTeX_Main-Regular.woff2", MATHS),
    KATEX / "core-Math.woff2": (KATEX / "KaTeX_Math-Italic.woff2", LETTERS + GREEK),
    **{
        KATEX / f"core-Size{n}.woff2": (KATEX / f"KaTeX_Size{n}-Regular.woff2", LARGE)
        for n in range(1, 5)
    },
}


def cut(source, target, characters):
    """Writes those characters of a face, unhinted, with its licence and without its name."""
    from fontTools import subset

    options = subset.Options(
        flavor="woff2",
        hinting=False,
        desubroutinize=True,  # longer, and packed shorter
        layout_features=["kern", "liga"],
        name_IDs=[0, 13, 14],
    )
    face = subset.load_font(source, options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(text=characters)
    subsetter.subset(face)
    target.parent.mkdir(exist_ok=True)
    subset.save_font(face, target, options)


def characters(path):
    """The characters of a face."""
    from fontTools.ttLib import TTFont

    return set(map(chr, TTFont(path).getBestCmap()))


def ranges(characters):
    """Characters as a style sheet's ``unicode-range``."""
    parts = []
    for code in sorted(map(ord, characters)):
        if parts and parts[-1][1] == code - 1:
            parts[-1][1] = code
        else:
            parts.append([code, code])
    return ",".join(f"U+{a:X}" if a == b else f"U+{a:X}-{b:X}" for a, b in parts)


def main():
    logging.getLogger("fontTools.subset").setLevel(logging.ERROR)
    for target, (source, wanted) in CUTS.items():
        cut(source, target, wanted)
        print(f"{target.stem}: {target.stat().st_size} bytes, {ranges(characters(target))}")


if __name__ == "__main__":
    main()
