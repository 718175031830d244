"""No measure stands on a page by word of mouth: each is held by evidence.

A *measure* is a number with a unit or a percent sign, in figures; in an annotation, where
little is said and all of it judges, the number may also be a word.  It is held when

- it stands in a ``{published}`` or an ``{erratum}``, which name the paper and the place;
- its sentence, or a later one of the same paragraph, has a citation with a locator (a line
  is a sentence, and what several of them take from one place is cited after the last);
- an example right above or below its paragraph shows it, perhaps with more digits, in what
  it runs or what it prints; for a question among the exercises, one in the solution;
- it stands in the caption of a figure, and in the code that draws the figure.

What the list says is not ours to hold: annotations judge it.  Headings and the options of
directives, but for ``:now:``, are labels.  The table of the benchmark is measured by
``make bench`` and says so.
"""

import re
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").rglob("*.md"))


def alternatives(words):
    return "|".join(words.split())


SCALES = {
    "%": 1e-2,
    "per cent": 1e-2,
    "percent": 1e-2,
    "thousand": 1e3,
    "million": 1e6,
    "billion": 1e9,
    "trillion": 1e12,
}
UNITS = alternatives("""
    [kKMGT]i?B bits? bytes? kilobytes? megabytes? gigabytes? terabytes? TB/s
    ms milliseconds? seconds? minutes? hours? days? weeks? months? years? decades?
    tokens? merges? letters? words? characters? sentences? sequences? documents? articles?
    pages? papers? records? pairs? prompts? instructions? instances? examples? questions?
    answers? labels? comparisons? revisions? samples? images? pixels? files? lines? entries
    parameters? weights? layers? sub-layers? heads? blocks? matrix matrices vectors? columns?
    rows? dimensions? units? positions? values? numbers? ranks? models? classes
    [MGTPE]?FLOPS? [MGTPE]?FLOPs? FLOP/s operations? GPUs? TPUs? chips? cores? cards? devices?
    processors? watts? pounds? tonnes? steps? updates? batches iterations? episodes? passes
    checkpoints? epochs? runs? seeds? times fold
    BLEU ROUGE F1 Elo points? nats? perplexity
    dollars? people labellers? annotators? respondents? customers? authors? experts?
    tasks? benchmarks? languages? datasets? sets? principles? programs? equations? experiments?
""")
FIGURES = r"\d+(?:,\d{3})*(?:\.\d+)?"
WORDS = alternatives("""
    two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
    sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety
    hundred thousand million dozen dozens hundreds thousands
""")


def measure(number):
    """A number with its unit: one word may stand between, and so may the end of a range."""
    units = "|".join([*SCALES, UNITS])
    range_ = rf"(?:\s?(?:to|and|or|–)\s?(?:{number}))?"
    before = (
        rf"(?:BLEU|ROUGE|ROUGE-L|F1|Elo|perplexity)(?: score)?(?: of| is)? (?P<score>{number})"
    )
    between = r"(?:(?!(?:a|and|as|by|for|from|in|of|on|or|the|to|with)\b)[a-z]+ )??"
    after = rf"(?P<number>{number}){range_}[ -]?{between}(?P<unit>{units})"
    return re.compile(rf"(?<![\w.,§^{{-])(?<!entry )(?<!exercise )(?:{before}|{after})(?!\w)")


IN_FIGURES = measure(FIGURES)
IN_WORDS = measure(rf"{FIGURES}|(?i:{WORDS})")
CITATION = re.compile(r"\{cite:\w+\}`[^`]*`")
LOCATED = re.compile(r"\{cite:\w+\}`[^`]*\{[^}]+\}[^`]*`")
ROLE = re.compile(r"\{\w+\}`([^`<]+?)\s*(?:<[^>]*>)?`")


# -- reading a page -------------------------------------------------------------------------

RAW = {"```": "```", "$$": "$$", "<!--": "<!-- /"}  # what opens examples and the like, and ends
ITEM = re.compile(r"(?:[-*|]|\d+\.|:\w+:|#+) ")
FENCE = re.compile(r":{3,}(?:\{(\w+)\})?")


@dataclass
class Block:
    """Lines that belong together, and the directives, each with its line, that hold them."""

    kind: str
    inside: tuple[tuple[str, int], ...]
    lines: list[tuple[int, str]] = field(default_factory=list)

    @property
    def text(self):
        return "\n".join(row for _, row in self.lines)

    def stands_in(self, *names):
        return any(name in names for name, _ in self.inside)


def read(text):
    """The blocks of a page: a paragraph, an item, a row, an option; an example, a formula."""
    inside, block, end = [], None, None
    for number, row in enumerate(text.split("\n"), 1):
        line = row.strip()
        if end:
            block.lines.append((number, row))
            if line.startswith(end):
                yield block
                block = end = None
            continue
        opens = next((mark for mark in RAW if line.startswith(mark)), None)
        fence = FENCE.match(line)
        if block and (not line or opens or fence or ITEM.match(line)):
            yield block
            block = None
        if opens:
            block, end = Block(opens, tuple(inside), [(number, row)]), RAW[opens]
        elif fence and fence[1]:
            inside.append((fence[1], number))
        elif fence:
            inside.pop()
        elif line:
            block = block or Block("prose", tuple(inside))
            block.lines.append((number, line))
    if block:
        yield block


def shown(line):
    """A line as a reader sees it, without citations, code and the addresses of links."""
    line = re.sub(r"\]\([^)]*\)", "]", CITATION.sub("", line))
    line = re.sub(r"`[^`]*`", "", ROLE.sub(r"\1", line))
    return re.sub(r"\\[,;]", " ", line.replace("\\%", "%")).replace("$", "")


# -- what holds a measure -------------------------------------------------------------------


def is_example(block):
    return block.kind == "```" and "{doctest}" in block.lines[0][1]


def figure_code(page):
    path = ROOT / "snippets" / "figures" / f"{page.stem}.py"
    return path.read_text("utf-8") if path.exists() else ""


def values(code):
    """The numbers in code or output."""
    code = re.sub(r"(?<=\d)[_,](?=\d{3})", "", code)
    return {float(n) for n in re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?:e[-+]?\d+)?", code)}


def shows(code, number, unit):
    """Whether code holds a measure: 10.6 million as 10.6, as 10_600_000 or as 10.6e6."""
    digits = len(number.partition(".")[2])
    value = float(number.replace(",", ""))
    found = {round(v / scale, digits) for v in values(code) for scale in (1, SCALES.get(unit, 1))}
    return value in found


def beside(blocks, i):
    """The examples right above and below; for a question, those of its solution."""
    question = re.match(r"\d+\. ", blocks[i].text)
    above, below = blocks[max(i - 1, 0) : i], blocks[i + 1 : i + 2]
    if question:
        below = takewhile(lambda b: not re.match(r"\d+\. |#", b.text), blocks[i + 1 :])
    together = blocks[i].inside if judging(blocks[i]) else None
    return [b for b in (*above, *below) if is_example(b) and together in (None, b.inside)]


def is_label(block):
    return block.kind == "prose" and re.match(r"#|:(?!now:)\w+:", block.text)


def judging(block):
    return block.stands_in("annotation", "lost")


def unheld(text, figure=""):
    """(line, measure) of each measure of a page that nothing holds."""
    blocks = [block for block in read(text) if not is_label(block)]
    for i, block in enumerate(blocks):
        if block.kind != "prose" or block.stands_in("translation", "published", "erratum"):
            continue
        code = "\n".join(example.text for example in beside(blocks, i))
        code += figure if block.stands_in("drawn") else ""
        for k, (line, row) in enumerate(block.lines):
            if any(LOCATED.search(later) for _, later in block.lines[k:]):
                continue
            for found in (IN_WORDS if judging(block) else IN_FIGURES).finditer(shown(row)):
                number = found["number"] or found["score"]
                if not number[0].isdigit() or not shows(code, number, found["unit"]):
                    yield line, found[0]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT / "docs").as_posix())
def test_every_measure_is_held_by_evidence(page):
    name = page.relative_to(ROOT).as_posix()
    measures = unheld(page.read_text("utf-8"), figure_code(page))
    found = [f"{name}:{line}: “{measure}”" for line, measure in measures]
    assert not found, "cite the place, or show it in an example:\n" + "\n".join(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT / "docs").as_posix())
def test_what_has_changed_since_is_cited_too(page):
    news = [block for block in read(page.read_text("utf-8")) if block.text.startswith(":now:")]
    assert [block.text for block in news if not LOCATED.search(block.text)] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.relative_to(ROOT / "docs").as_posix())
def test_the_reader_loses_no_line(page):
    text = page.read_text("utf-8")
    seen = [number for block in read(text) for number, row in block.lines if row.strip()]
    rows = enumerate(text.split("\n"), 1)
    assert seen == [n for n, row in rows if row.strip() and not FENCE.match(row.strip())]


HELD = [
    "It has 12 layers {cite:p}`a{§3}`.",
    "It has 12 layers.\nThey are wide {cite:p}`a{§3}`.",
    "It has 12 layers, says {cite:t}`a{§3}`.",
    "It has 12 of them.",
    "See entry 12 layers.",
    ":::{translation} s01 p1\nIt has 12 layers.\n:::",
    ":::{published} a\n:prints: 12\n\nOf 12 layers.\n:::",
    "It has 12 layers.\n\n```{doctest}\n>>> 12\n12\n```",
    "```{doctest}\n>>> 10_600_000\n10600000\n```\n\nThere are 10.6 million pairs.",
    "It fell by 17 per cent.\n\n```{doctest}\n>>> x\n0.171\n```",
    "1. Of 12 layers?\n\n:::{dropdown} Solution\nEasy.\n\n```{doctest}\n>>> 12\n12\n```\n:::",
    "Prose may say two layers.",
]
UNHELD = [
    ("It has 12 layers.", "12 layers"),
    ("It has 12 layers {cite:p}`a`.", "12 layers"),
    ("Cited {cite:p}`a{§3}`.\nIt has 12 layers.", "12 layers"),
    ("It has 12 layers.\n\nCited {cite:p}`a{§3}`.", "12 layers"),
    ("- It has 12 layers.\n- Cited {cite:p}`a{§3}`.", "12 layers"),
    ("It took 3.5 hidden days.", "3.5 hidden days"),
    ("A gain of $15\\%$.", "15%"),
    ("A BLEU of 28.4.", "BLEU of 28.4"),
    ("Some {term}`8 tokens <token>`.", "8 tokens"),
    (":::{lost} s01 p1\nOf 12 layers.\n:::\n\n```{doctest}\n>>> 12\n12\n```", "12 layers"),
]


@pytest.mark.parametrize("text", HELD)
def test_a_measure_beside_its_evidence_is_held(text):
    assert list(unheld(text)) == []


@pytest.mark.parametrize("text, measure", UNHELD)
def test_a_measure_without_evidence_is_found(text, measure):
    assert [found for _, found in unheld(text)] == [measure]


def test_the_caption_of_a_figure_is_held_by_the_code_that_draws_it():
    caption = ":::{drawn} curve\n:alt: A curve of 7 layers.\n\nIt falls over 20,000 steps.\n:::"
    assert list(unheld(caption, "steps = range(20_000)")) == []
    assert list(unheld(caption, "steps = range(2_000)")) == [(4, "20,000 steps")]
