"""Does a computed value agree with the one that a paper prints?"""

import re


class NoNumber(ValueError):
    """A value that is compared as a number, and is none."""

    def __str__(self):
        return f"“{self.args[0]}” holds no number to compare with"


def number(text: str) -> float:
    """The number that a printed value holds: commas, a percent sign, a unit are no part of it."""
    found = re.match(r"[-+]?[\d,]*\.?\d+(?:[eE][-+]?\d+)?", text.strip().replace("−", "-"))
    if not found:
        raise NoNumber(text)
    return float(found[0].replace(",", ""))


def agrees(printed: str, computed: str) -> bool:
    """Whether what the book computed is what the paper prints.

    ``>2.0`` ``>=2`` ``<4`` ``<=4`` ``18..24`` mean what they say; ``~5`` means 5 when rounded
    to the digits printed; anything else must be the same text.
    """
    printed, computed = printed.strip(), computed.strip()
    if found := re.fullmatch(r"(>=|<=|>|<)\s*(.+)", printed):
        limit, value = number(found[2]), number(computed)
        return {
            ">": value > limit,
            ">=": value >= limit,
            "<": value < limit,
            "<=": value <= limit,
        }[found[1]]
    if found := re.fullmatch(r"([^.].*?)\.\.(.+)", printed):
        return number(found[1]) <= number(computed) <= number(found[2])
    if printed.startswith("~"):
        digits = re.sub(r"[eE].*", "", printed).partition(".")[2]
        scale = 10.0 ** (int(m[1]) if (m := re.search(r"[eE]([-+]?\d+)", printed)) else 0)
        half_unit = 0.5 * 10.0 ** -len(re.match(r"\d*", digits)[0]) * scale
        return abs(number(computed) - number(printed[1:])) <= half_unit * (1 + 1e-12)
    return printed == computed
