"""What comes out of a table of numbers, in a sentence."""

from ledger.records import Number
from verified_book.bibliography import listed
from verified_book.languages import N_, _

NAMED = 4  # at most so many rows that differ are named
CAUSES = {"slip": N_("a slip"), "unknown": N_("cause unknown")}


def comes_out(records: list[Number]) -> str:
    """What comes out of a table, in a sentence."""
    if len(records) == 1:
        (only,) = records
        return beside(only).format(computed=only.computed, printed=only.printed)
    differ = [record for record in records if not record.reproduced]
    agree = len(records) - len(differ)
    said = how_many(agree, differ).format(all=len(records), agree=agree)
    if not agree or not differ or len(differ) > NAMED:
        return f"{said}."
    causes = {}
    for record in differ:
        causes.setdefault(record.cause, []).append(record.row)
    named = (f"{listed(rows)} ({_(CAUSES.get(why, why))})" for why, rows in causes.items())
    which = _("{rows} differs") if len(differ) == 1 else _("{rows} differ")
    return f"{said}; {which.format(rows=', '.join(named))}."


def how_many(agree: int, differ: list[Number]) -> str:
    """How many numbers come out as printed, but for the numbers themselves."""
    if not differ:
        return _("All {all} numbers come out as printed")
    if not agree:
        return _("Of {all} numbers none comes out as printed")
    if agree == 1:
        return _("Of {all} numbers {agree} comes out as printed")
    return _("Of {all} numbers {agree} come out as printed")


def beside(number: Number) -> str:
    """How a computed number stands to the printed one, but for the numbers themselves."""
    if not number.reproduced:
        return _("We compute {computed}, where the paper prints {printed}.")
    if number.printed == number.computed:
        return _("We compute {computed}, as printed.")
    return _("We compute {computed}, and {printed} is printed.")
