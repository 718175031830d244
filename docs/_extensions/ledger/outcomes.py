"""What comes out of a table of numbers, in a sentence."""

from ledger.records import Number

NAMED = 4  # at most so many rows that differ are named
CAUSES = {"slip": "a slip", "unknown": "cause unknown"}


def comes_out(records: list[Number]) -> str:
    """What comes out of a table, in a sentence."""
    if len(records) == 1:
        return f"We compute {records[0].computed}, {beside(records[0])}."
    differ = [record for record in records if not record.reproduced]
    agree = len(records) - len(differ)
    if not differ:
        return f"All {len(records)} numbers come out as printed."
    start = f"Of {len(records)} numbers {agree or 'none'} come{'s' * (agree < 2)} out as printed"
    if not agree or len(differ) > NAMED:
        return f"{start}."
    causes = {}
    for record in differ:
        causes.setdefault(record.cause, []).append(record.row)
    named = (f"{listed(rows)} ({CAUSES.get(why, why)})" for why, rows in causes.items())
    return f"{start}; {', '.join(named)} {'differs' if len(differ) == 1 else 'differ'}."


def beside(number: Number) -> str:
    """How a computed number stands to the printed one."""
    if not number.reproduced:
        return f"where the paper prints {number.printed}"
    same = number.printed == number.computed
    return "as printed" if same else f"and {number.printed} is printed"


def listed(words: list[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
