"""The colours of the book, by name: in the light, and in the dark.

Python takes them from here; style sheets and LaTeX repeat them, and a test holds those to these.
"""

COLOURS = {
    "ink": ("#1a1a1a", "#d5d7d9"),
    "quiet": ("#565c66", "#a3a9b1"),
    "ground": ("#f6f7f8", "#1b1e21"),
    "ours": ("#1f5f8b", "#7db8e0"),
    "list": ("#7a6a4f", "#c9b48a"),
    "list-ground": ("#faf6ee", "#1f1c16"),
    "holds": ("#1b7340", "#6fce94"),
    "imprecise": ("#8a5a00", "#e0b35c"),
    "wrong": ("#b3261e", "#ff8a80"),
    "opinion": ("#5b5f97", "#b0b4f0"),
    "unverified": ("#5f6368", "#a9adb3"),
}
DAY, NIGHT = ({name: tones[i] for name, tones in COLOURS.items()} for i in (0, 1))
