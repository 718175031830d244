"""Cuts the book's web fonts: small files with the characters that its pages use most.

The text faces come from TeX Gyre Pagella, the face of the printed book (Debian: fonts-texgyre);
a character that they lack is shown in the reader's own serif face.  Of two faces of KaTeX a core
is cut; a page that needs more of them loads the whole face beside it, since style sheets tell by
``unicode-range`` which file holds what.

A tool: it writes docs/_static/fonts and docs/_static/katex/fonts.  Run as ``tools/fonts.py``,
when a set of characters below has changed; tests/editions hold the files against these sets.
"""

import logging
from pathlib import Path

STATIC = Path(__file__).resolve().parent.parent / "docs" / "_static"
GYRE = Path("/usr/share/texmf/fonts/opentype/public/tex-gyre")
KATEX = STATIC / "katex" / "fonts"

ASCII = "".join(map(chr, range(0x20, 0x7F)))
TEXT = (
    ASCII
    + "\u00a0§©±²³¶·¹×ÁÄÅÇÉÖØÜßàáâãäåæçèéêëìíîïñòóôõöøùúûüý"
    + "ćčęěğıłńňřśşšŁŚŠŽž"
    + "–—‘’“”†•…−√≈≤≥"
)
CAPITALS = "".join(map(chr, range(0x41, 0x5B)))
MATHS = (
    ASCII.replace("`", "")
    + "\u00a0±×÷ΓΔΘΛΞΠΣΦΨΩ…′ℓ←↑→↓⇒∀∂∃∅∇∈−∗∘√∝∞∣∥∧∨∩∪∫∼≈≡≤≥≪≫⊂⊆⊕⊗⊙⊤⊥⋅⋯⌈⌉⌊⌋⟨⟩"
    + "ˉˆˇ˙˜"
)
CUTS = {
    **{
        STATIC / "fonts" / f"Pagella-{style}.woff2": (
            GYRE / f"texgyrepagella-{style.lower()}.otf",
            TEXT,
        )
        for style in ("Regular", "Italic", "Bold")
    },
    KATEX / "core-AMS.woff2": (KATEX / "KaTeX_AMS-Regular.woff2", CAPITALS),
    KATEX / "core-Main.woff2": (KATEX / "KaTeX_Main-Regular.woff2", MATHS),
}


def cut(source, target, characters):
    """Writes those characters of a face, unhinted; its licence goes with them, its name does not."""
    from fontTools import subset

    options = subset.Options(
        flavor="woff2", hinting=False, layout_features=["kern", "liga"], name_IDs=[0, 13, 14]
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


def main():
    logging.getLogger("fontTools.subset").setLevel(logging.ERROR)
    for target, (source, wanted) in CUTS.items():
        cut(source, target, wanted)
        print(f"{target.relative_to(STATIC)}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
